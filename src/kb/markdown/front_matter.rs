//! The block of settings at the top of a document: YAML between `---`, or TOML between `+++` as Hugo has it.

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

use crate::kb::date;

/// What a document says about itself.
#[derive(Debug, Default)]
pub struct FrontMatter {
    /// Title of the document, possibly empty.
    pub title: String,
    /// Product code, possibly empty.
    pub product: String,
    /// Product name, possibly empty.
    pub product_name: String,
    /// Path in the problem tree, possibly empty.
    pub category: Vec<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// How bad the trouble is where a case does not say, as written, possibly empty.
    pub severity: String,
    /// Language tag, possibly empty.
    pub language: String,
    /// RFC 3339, where it is known.
    pub updated_at: Option<String>,
}

/// A document split at its front matter.
pub struct Split {
    /// The settings; empty where there are none or they are broken.
    pub front: FrontMatter,
    /// Byte where the document itself begins.
    pub body: usize,
    /// Line and reason where the settings cannot be read.
    pub broken: Option<(u64, String)>,
}

/// Finds and reads the front matter. A first line `---` that nothing closes is a rule, not front matter.
pub fn split(text: &str) -> Split {
    let none = Split { front: FrontMatter::default(), body: 0, broken: None };
    let first = text.lines().next().unwrap_or("").trim_end();
    let closers: &[&str] = match first {
        "---" => &["---", "..."],
        "+++" => &["+++"],
        _ => return none,
    };
    let start = text.find('\n').map_or(text.len(), |newline| newline + 1);
    let mut end = start;
    for line in text[start..].split_inclusive('\n') {
        if closers.contains(&line.trim_end()) {
            let block = &text[start..end];
            let parsed = if first == "+++" { from_toml(block) } else { from_yaml(block) };
            let (front, broken) = match parsed {
                Ok(settings) => (FrontMatter::from_settings(&settings), None),
                Err(reason) => (FrontMatter::default(), Some(reason)),
            };
            return Split { front, body: end + line.len(), broken };
        }
        end += line.len();
    }
    none
}

impl FrontMatter {
    fn from_settings(settings: &Map<String, Value>) -> Self {
        let text = |names: &[&str]| {
            names.iter().find_map(|name| settings.get(*name).and_then(scalar)).unwrap_or_default()
        };
        let list =
            |names: &[&str]| names.iter().find_map(|name| settings.get(*name).map(texts)).unwrap_or_default();
        Self {
            title: text(&["title"]),
            // Documents of Microsoft name their product with these prefixes.
            product: text(&["product", "ms.prod", "ms.service"]),
            product_name: text(&["product_name"]),
            category: list(&["category", "categories"]),
            tags: list(&["tags", "keywords"]),
            severity: text(&["severity", "级别"]),
            language: text(&["language", "lang"]),
            updated_at: time(&text(&["updated_at", "lastmod", "date"])),
        }
    }
}

fn time(text: &str) -> Option<String> {
    if date::is_date(text) {
        return Some(format!("{text}T00:00:00Z"));
    }
    date::is_rfc3339(text).then(|| text.to_owned())
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().filter_map(scalar).collect(),
        Value::String(text) => text.split([',', '，', '|']).filter_map(|part| scalar(&part.into())).collect(),
        other => scalar(other).into_iter().collect(),
    }
}

fn from_toml(block: &str) -> Result<Map<String, Value>, (u64, String)> {
    let broken =
        |line: u64, reason: &str| (line, format!("broken TOML front matter: {reason}; the rest is read"));
    let table: toml::Table = block.parse().map_err(|error: toml::de::Error| {
        let before =
            error.span().map_or(0, |span| block[..span.start.min(block.len())].matches('\n').count());
        broken(before as u64 + 2, error.message())
    })?;
    match serde_json::to_value(table) {
        Ok(Value::Object(settings)) => Ok(settings),
        _ => Err(broken(1, "no settings")),
    }
}

fn from_yaml(block: &str) -> Result<Map<String, Value>, (u64, String)> {
    let broken =
        |line: u64, reason: &str| (line, format!("broken YAML front matter: {reason}; the rest is read"));
    if nests_deeply(block) {
        return Err(broken(1, "lists within lists within lists"));
    }
    // The block begins in line 2 of the document.
    let documents = YamlLoader::load_from_str(block)
        .map_err(|error| broken(error.marker().line() as u64 + 1, error.info()))?;
    match documents.into_iter().next() {
        None | Some(Yaml::Null | Yaml::BadValue) => Ok(Map::new()),
        Some(Yaml::Hash(hash)) => {
            Ok(hash.into_iter().filter_map(|(key, value)| Some((key.into_string()?, plain(value)))).collect())
        }
        Some(_) => Err(broken(2, "`key: value` lines are wanted")),
    }
}

/// Front matter is flat; a hostile one could nest until the parser's stack ends.
fn nests_deeply(block: &str) -> bool {
    const MOST: usize = 64;
    let brackets = block.matches(['[', '{']).count();
    let indent =
        block.lines().map(|line| line.len() - line.trim_start_matches([' ', '-', '?', ':']).len()).max();
    brackets > 16 * MOST || indent.is_some_and(|indent| indent > 2 * MOST)
}

fn plain(value: Yaml) -> Value {
    match value {
        Yaml::String(text) | Yaml::Real(text) => Value::String(text),
        Yaml::Integer(number) => Value::String(number.to_string()),
        Yaml::Boolean(truth) => Value::Bool(truth),
        Yaml::Array(values) => values.into_iter().map(plain).collect(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_toml_are_read() {
        let yaml =
            split("---\ntitle: \"连接: 失败\"\nms.prod: sql\ntags: [a, b]\ndate: 2026-01-31\n---\n# x");
        assert_eq!((yaml.front.title.as_str(), yaml.front.product.as_str()), ("连接: 失败", "sql"));
        assert_eq!(yaml.front.tags, ["a", "b"]);
        assert_eq!(yaml.front.updated_at.as_deref(), Some("2026-01-31T00:00:00Z"));
        let toml = split("+++\r\ntitle = \"标题\"\r\ncategories = [\"网络\"]\r\n+++\r\nx");
        assert_eq!((toml.front.title.as_str(), toml.front.category), ("标题", vec!["网络".to_owned()]));
    }

    #[test]
    fn broken_yaml_is_reported_with_its_line_and_skipped() {
        let text = "---\ntitle: [a\nproduct: x\n---\nrest";
        let split = split(text);
        let (line, reason) = split.broken.unwrap();
        assert!((2..=4).contains(&line) && reason.contains("broken YAML"), "{line} {reason}");
        assert_eq!(&text[split.body..], "rest");
    }

    #[test]
    fn a_rule_is_no_front_matter() {
        assert_eq!(split("---\nno end").body, 0);
        assert_eq!(split("").body, 0);
    }
}
