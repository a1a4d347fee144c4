//! Labelled questions: one object a line with `query`, `gold` (an id, a list of ids, or null), and perhaps `context`
//! and `kind`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::id::CaseId;
use crate::kb::read::{BadRecord, Line, Lines, Place, ReadError};
use crate::retrieval::search::Context;

/// A question and the cases that answer it.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// What is asked.
    pub query: String,
    /// What is known besides.
    pub context: Context,
    /// The cases that answer it, any of them; none where no case does.
    pub gold: Vec<CaseId>,
    /// What sort of question it is, where the file says so.
    pub kind: Option<String>,
}

/// What a file of labelled questions holds.
#[derive(Debug, Default)]
pub struct Questions {
    /// The questions, in order.
    pub good: Vec<Labelled>,
    /// Lines that are none.
    pub bad: Vec<BadRecord>,
}

#[derive(Deserialize)]
struct Wire {
    query: String,
    #[serde(default)]
    context: Option<WireContext>,
    kind: Option<String>,
}

#[derive(Default, Deserialize)]
struct WireContext {
    product: Option<String>,
}

/// Reads several files, one after the other.
///
/// # Errors
/// One of them cannot be read to its end.
pub fn read_all(paths: &[PathBuf]) -> Result<Questions, ReadError> {
    let mut all = Questions::default();
    for path in paths {
        let one = read(path)?;
        all.good.extend(one.good);
        all.bad.extend(one.bad);
    }
    Ok(all)
}

/// Reads a file of labelled questions; blank lines are nothing, unknown keys are ignored.
///
/// # Errors
/// The file cannot be read to its end.
pub fn read(path: &Path) -> Result<Questions, ReadError> {
    let mut questions = Questions::default();
    let mut lines = Lines::open(path)?;
    while let Some((number, line)) = lines.take_line()? {
        let parsed = match line {
            Line::Text(text) if text.trim().is_empty() => continue,
            Line::Text(text) => parse(text),
            Line::Bad(reason) => Err(reason),
        };
        match parsed {
            Ok(question) => questions.good.push(question),
            Err(reason) => {
                let place = Place { file: path.display().to_string(), line: Some(number) };
                questions.bad.push(BadRecord { place, reason });
            }
        }
    }
    Ok(questions)
}

/// A question to be searched: `query` and `context` of an object, its other keys ignored.
///
/// # Errors
/// What is wrong with the line, in one sentence.
pub fn parse_query(text: &str) -> Result<(String, Context), String> {
    let wire: Wire = serde_json::from_str(text).map_err(|error| broken(&error))?;
    let product = wire.context.unwrap_or_default().product.filter(|product| !product.is_empty());
    Ok((wire.query, Context { product }))
}

fn parse(text: &str) -> Result<Labelled, String> {
    let mut record: Map<String, Value> = serde_json::from_str(text).map_err(|error| broken(&error))?;
    let gold = record.remove("gold");
    let wire: Wire = serde_json::from_value(Value::Object(record)).map_err(|error| broken(&error))?;
    let gold = match gold {
        Some(gold) => ids(gold)?,
        // A file of questions that nothing answers says of each only what kind it is.
        None if wire.kind.is_some() => Vec::new(),
        None => return Err("`gold` is missing: give a case id, a list of ids, or null".to_owned()),
    };
    let product = wire.context.unwrap_or_default().product.filter(|product| !product.is_empty());
    Ok(Labelled { query: wire.query, context: Context { product }, gold, kind: wire.kind })
}

fn ids(gold: Value) -> Result<Vec<CaseId>, String> {
    let id = |value: &Value| value.as_str().and_then(CaseId::parse);
    let found = match &gold {
        Value::Null => Some(Vec::new()),
        Value::String(_) => id(&gold).map(|id| vec![id]),
        Value::Array(values) if !values.is_empty() => values.iter().map(id).collect(),
        _ => None,
    };
    found.ok_or_else(|| "`gold` must be a case id, a list of case ids that is not empty, or null".to_owned())
}

/// What serde says, with the column and without its own line number, which is always 1.
fn broken(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let what = said.split(" at line ").next().unwrap_or(&said).replace("a map", "an object");
    match error.classify() {
        _ if error.column() == 0 => "the line is empty, an object with `query` is wanted".to_owned(),
        serde_json::error::Category::Data => what.replace("struct Wire", "an object with `query`"),
        _ => format!("broken JSON in column {}: {what}", error.column()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gold_is_an_id_a_list_or_null() {
        let gold =
            |text: &str| parse(text).map(|q| q.gold.iter().map(|id| id.to_string()).collect::<Vec<_>>());
        assert_eq!(gold(r#"{"query": "q", "gold": "a"}"#).unwrap(), ["a"]);
        assert_eq!(gold(r#"{"query": "q", "gold": ["a", "b"], "more": 1}"#).unwrap(), ["a", "b"]);
        assert!(gold(r#"{"query": "q", "gold": null}"#).unwrap().is_empty());
        assert!(gold(r#"{"query": "q", "kind": "vague"}"#).unwrap().is_empty());
        assert!(gold(r#"{"query": "q"}"#).unwrap_err().contains("missing"));
        assert!(gold(r#"{"query": "q", "gold": []}"#).unwrap_err().contains("not empty"));
        assert!(gold(r#"{"query": "q", "gold": 7}"#).unwrap_err().contains("must be"));
    }

    #[test]
    fn errors_tell_what_and_where() {
        assert_eq!(
            parse_query("{\"query\"").unwrap_err(),
            "broken JSON in column 8: EOF while parsing an object"
        );
        assert_eq!(parse_query("").unwrap_err(), "the line is empty, an object with `query` is wanted");
        assert_eq!(parse_query("{}").unwrap_err(), "missing field `query`");
        let error = parse_query("[1]").unwrap_err();
        assert!(error.contains("expected a string"), "{error}");
        let error = parse_query("7").unwrap_err();
        assert_eq!(error, "invalid type: integer `7`, expected an object with `query`");
    }

    #[test]
    fn the_context_may_be_anything_known_or_null() {
        let product = |text: &str| parse_query(text).unwrap().1.product;
        assert_eq!(
            product(r#"{"query": "q", "context": {"product": "ecs", "page": 1}}"#).as_deref(),
            Some("ecs")
        );
        assert_eq!(product(r#"{"query": "q", "context": null}"#), None);
        assert_eq!(product(r#"{"query": "q", "context": {"product": ""}}"#), None);
    }
}
