//! What tables of any kind have in common: a header row that names fields, and rows that become records.

use serde_json::{Map, Value};

use crate::analyzer::normalize::fold;
use crate::kb::case::Case;

/// Names under which columns are accepted, folded and without white space, `_` and `-`; the first is the record's key.
const NAMES: &[&[&str]] = &[
    &["id", "编号", "案例编号", "序号id", "caseid"],
    &["product", "产品", "产品代码", "产品编码", "productcode"],
    &["product_name", "productname", "产品名称", "产品名"],
    &["category", "分类", "类别", "类目", "目录", "问题分类", "categories"],
    &["title", "标题", "问题", "标准问题", "标准问", "问题标题", "question"],
    &[
        "questions",
        "相似问法",
        "相似问题",
        "相似问",
        "其他问法",
        "问法",
        "扩展问",
        "扩展问题",
        "similarquestions",
    ],
    &["document", "文档", "文档标题", "所属文档"],
    &["body", "答案", "内容", "正文", "回答", "解决方案", "解决办法", "answer", "content"],
    &["tags", "标签", "关键词", "关键字", "tag", "keywords"],
    &["source", "来源", "出处", "链接", "url"],
    &["language", "语言", "lang"],
    &["updated_at", "updatedat", "更新时间", "修改时间", "更新日期"],
];
const LISTS: &[&str] = &["category", "questions", "tags"];

/// The header row: what each column holds.
pub struct Header {
    keys: Vec<String>,
    width: usize,
}

impl Header {
    /// The columns by name; an error says which required column no name stands for.
    pub fn parse(names: &[String]) -> Result<Self, String> {
        let mut keys: Vec<String> = Vec::with_capacity(names.len());
        for (column, name) in names.iter().enumerate() {
            // A second column of the same meaning stays what it is called: it is kept and overwrites nothing.
            let known = known_key(name).filter(|key| !keys.iter().any(|taken| taken == key));
            let other = if name.trim().is_empty() {
                format!("column {}", column + 1)
            } else {
                name.trim().to_owned()
            };
            keys.push(known.map_or(other, str::to_owned));
        }
        for (key, example) in [("title", "标题, 问题"), ("body", "答案, 内容, 正文")] {
            if !keys.iter().any(|taken| taken == key) {
                let seen = names.iter().map(|name| name.trim()).take(8).collect::<Vec<_>>().join(", ");
                return Err(format!("no column is called `{key}` ({example}); the header row reads: {seen}"));
            }
        }
        Ok(Self { width: names.len(), keys })
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What the column is called in messages.
    pub fn name(&self, column: usize) -> &str {
        self.keys.get(column).map_or("?", String::as_str)
    }

    /// One row as a case; empty cells count as absent.
    pub fn case(&self, cells: Vec<String>, source: &str) -> Result<Case, String> {
        let mut record = Map::new();
        for (key, cell) in self.keys.iter().zip(cells) {
            if cell.trim().is_empty() {
                continue;
            }
            let value = if LISTS.contains(&key.as_str()) { split_list(&cell) } else { Value::String(cell) };
            record.insert(key.clone(), value);
        }
        Case::parse(record, source).map_err(|error| error.to_string())
    }
}

fn known_key(name: &str) -> Option<&'static str> {
    let folded: String =
        fold(name).chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-')).collect();
    NAMES
        .iter()
        .find(|names| names[0] == name.trim() || names.contains(&folded.as_str()))
        .map(|names| names[0])
}

fn split_list(cell: &str) -> Value {
    cell.split(['|', '；', '\n']).map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
}
