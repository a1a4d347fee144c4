//! Guided diagnoses: one TOML file of `kb/diagnosis/` is one tree and one case, so that a search finds it.
//!
//! Start at [`read_guide`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use toml::Spanned;

use crate::guide::{Draft, DraftEnd, Guide, KEY, Node, Step};
use crate::id::CaseId;
use crate::kb::case::Case;

/// What a file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    product: String,
    product_name: String,
    category: Vec<String>,
    tags: Vec<String>,
    questions: Vec<String>,
    start: String,
    steps: BTreeMap<String, Step>,
    ends: BTreeMap<String, DraftEnd>,
}

/// Where its parts stand.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Spans {
    steps: BTreeMap<String, Spanned<IgnoredAny>>,
    ends: BTreeMap<String, Spanned<IgnoredAny>>,
}

/// Why a file is no tree, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line from 1.
    pub line: u64,
    /// What is wrong, in one line.
    pub reason: String,
}

/// The case of a file. `path` is its path below the knowledge base, with `/`.
///
/// # Errors
/// It is no TOML, has an unknown or missing key, is no valid tree, or no case.
pub fn read_guide(text: &str, path: &str) -> Result<Case, Fault> {
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Fault { line: line_of(text, at), reason: error.message().replace('\n', " ") }
    })?;
    let draft = Draft { start: file.start, steps: file.steps, ends: file.ends };
    let guide = Guide::try_from(draft).map_err(|error| {
        let line = error.at().map_or(1, |name| place(text, name));
        Fault { line, reason: error.to_string() }
    })?;
    let whole = |reason: String| Fault { line: 1, reason };
    let body = overview(&file.title, &guide);
    let tree = serde_json::to_value(&guide).map_err(|error| whole(error.to_string()))?;
    let record: Map<String, Value> = [
        ("id", Value::from(path.trim_end_matches(".toml"))),
        ("title", file.title.into()),
        ("product", file.product.into()),
        ("product_name", file.product_name.into()),
        ("category", file.category.into()),
        ("tags", file.tags.into()),
        ("questions", file.questions.into()),
        ("body", body.into()),
        (KEY, tree),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into_iter()
    .collect();
    Case::parse(record, path).map_err(|error| whole(error.to_string()))
}

/// The tree that a case carries; `None` where it carries none, or one that is not valid.
pub fn guide_of(case: &Case) -> Option<Guide> {
    serde_json::from_value(case.extra.get(KEY)?.clone()).ok()
}

/// The cases that a file's ends name, with their lines; none where the file is no tree.
pub fn linked_cases(text: &str) -> Vec<(u64, CaseId)> {
    let Some(guide) = read_guide(text, "diagnosis/any.toml").ok().as_ref().and_then(guide_of) else {
        return Vec::new();
    };
    guide.cases().filter_map(|(end, id)| Some((place(text, end), CaseId::parse(id)?))).collect()
}

/// The line of a step or an end; the first where it has none.
fn place(text: &str, name: &str) -> u64 {
    let spans: Spans = toml::from_str(text).unwrap_or_default();
    let span = spans.steps.get(name).or_else(|| spans.ends.get(name));
    span.map_or(1, |part| line_of(text, part.span().start))
}

fn line_of(text: &str, at: usize) -> u64 {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

/// What the case says where nobody can be asked, as in a list of search results.
fn overview(title: &str, guide: &Guide) -> String {
    let mut body = format!("{title}：按看到的情况一步步回答，直到找到原因和处理办法。\n");
    if let Some(step) = guide.step(guide.start()) {
        body.push_str("\n### 第一步\n\n");
        body.push_str(step.ask.trim());
        body.push_str("\n\n");
        body.extend(step.options.iter().map(|option| format!("- {}\n", option.label)));
    }
    body.push_str("\n### 能分辨的情况\n\n");
    for end in guide.ends() {
        match end {
            Node::Remedy { cause, .. } => body.push_str(&format!("- {cause}\n")),
            Node::Handoff { suspected } => body.push_str(&format!("- {suspected}（转人工）\n")),
            Node::Step(_) => {}
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = r#"title = "一步步排查：连不上"
product = "ecs"
product_name = "云服务器"
category = ["计算"]
tags = ["ssh"]
questions = ["登不上", "连不上", "超时"]
start = "port"

[steps.port]
about = "端口"
ask = "看端口"
options = [
  { label = "不通", next = "group" },
  { label = "不确定", next = "human" },
]

[ends.group]
cause = "安全组没有放行"
remedy = "放行端口"
case = "servers/ecs#group"

[ends.human]
handoff = "网络不通"
"#;

    #[test]
    fn a_file_is_a_case_that_carries_its_tree() {
        let case = read_guide(TREE, "diagnosis/ssh.toml").unwrap();
        assert_eq!((case.id.as_str(), case.source.as_str()), ("diagnosis/ssh", "diagnosis/ssh.toml"));
        for part in ["看端口", "- 不通", "- 安全组没有放行", "- 网络不通（转人工）"] {
            assert!(case.body.contains(part), "{part} in {}", case.body);
        }
        assert_eq!(guide_of(&case).unwrap().start(), "port");
        let linked = linked_cases(TREE);
        assert_eq!(linked, [(17, CaseId::parse("servers/ecs#group").unwrap())]);
    }

    #[test]
    fn faults_have_their_line() {
        let fault = |from: &str, to: &str| {
            let Fault { line, reason } =
                read_guide(&TREE.replacen(from, to, 1), "diagnosis/a.toml").unwrap_err();
            format!("{line}: {reason}")
        };
        assert!(fault("about = ", "abuot = ").starts_with("10: unknown field"));
        assert!(fault("next = \"group\"", "next = \"grp\"").starts_with("9: `port` leads to `grp`"));
        assert!(fault("handoff = \"网络不通\"", "").starts_with("22: `human` must have either"));
        assert!(fault("start = \"port\"", "start = 7").starts_with("7: "));
        assert!(fault("title = \"一步步排查：连不上\"", "title = \"\"").starts_with("1: `title`"));
        assert!(fault("[ends.human]", "[ends.human").starts_with("22: "));
    }

    #[test]
    fn another_case_carries_none() {
        let mut case = read_guide(TREE, "diagnosis/ssh.toml").unwrap();
        case.extra.insert(KEY.to_owned(), serde_json::json!({"start": 1}));
        assert!(guide_of(&case).is_none());
        assert!(linked_cases("[").is_empty());
    }
}
