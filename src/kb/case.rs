//! A case: one unit of knowledge, valid by construction.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::id::CaseId;
use crate::kb::date;

/// Longest title, and longest text in any other field but the body, in characters: a question, not a document.
pub const MAX_TITLE: usize = 2_000;
/// Longest body in bytes: some hundred printed pages, more than any person reads as one answer.
pub const MAX_BODY: usize = 1 << 20;
/// Most entries in one list: more ways to ask than anybody writes, few enough to index.
pub const MAX_LIST: usize = 1_000;

/// One unit of knowledge. Made by [`Case::parse`] only, also when deserialised, so title and body are never empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Case {
    /// Stable id, as given or derived from source and title.
    pub id: CaseId,
    /// Product code, such as `ecs`; empty where the case belongs to none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product: String,
    /// Product name as people read it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product_name: String,
    /// Path in the problem tree, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<String>,
    /// The question or symptom.
    pub title: String,
    /// Other ways to ask it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<String>,
    /// Title of the document that the case comes from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub document: String,
    /// The answer, in Markdown.
    pub body: String,
    /// Free labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where it comes from: a path, an address, `owner/repository:path`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// BCP 47 tag; `zh` where nothing is said.
    pub language: String,
    /// RFC 3339, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// Keys that the program does not know, kept as they came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Why a record is not a case. Every message names the key and what was wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// A required key is absent or holds nothing but white space and HTML comments.
    #[error("`{0}` is missing or empty")]
    Empty(&'static str),
    /// A key holds a value of another type.
    #[error("`{key}` must be {wanted}, it is {found}")]
    Type {
        /// The key.
        key: String,
        /// What the key takes.
        wanted: &'static str,
        /// What it holds.
        found: &'static str,
    },
    /// A text or a list is larger than allowed.
    #[error("`{key}` is too long: {found} {unit}, at most {limit} are taken")]
    TooLong {
        /// The key.
        key: String,
        /// Its size.
        found: usize,
        /// The largest size that is taken.
        limit: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// The id cannot be kept as given.
    #[error("`id` must be at most {} bytes without control characters", CaseId::MAX_LEN)]
    Id,
    /// The time is not RFC 3339.
    #[error("`updated_at` must be a time such as 2026-01-31T08:00:00+08:00, it is `{0}`")]
    Time(String),
}

impl Case {
    /// A case from one record. `default_source` is taken where the record names no source.
    ///
    /// Title and body are trimmed and required; lists take a single string too; `null` counts as absent.
    pub fn parse(record: Map<String, Value>, default_source: &str) -> Result<Self, CaseError> {
        let mut draft = Draft::default();
        for (key, value) in record {
            if !value.is_null() {
                draft.set(key, value)?;
            }
        }
        draft.finish(default_source)
    }

    /// First half of the SHA-256 of the serialised case: the same content gives the same hash, whatever the order of
    /// its unknown keys.
    pub fn content_hash(&self) -> [u8; 16] {
        // Serialising strings and JSON values with string keys cannot fail; an empty text would only cause an update.
        let canonical = if self.extra.is_empty() {
            serde_json::to_vec(self).unwrap_or_default()
        } else {
            let mut sorted = self.clone();
            sorted.extra.sort_keys();
            sorted.extra.values_mut().for_each(Value::sort_all_objects);
            serde_json::to_vec(&sorted).unwrap_or_default()
        };
        let mut prefix = [0; 16];
        prefix.copy_from_slice(&Sha256::digest(&canonical)[..16]);
        prefix
    }
}

impl TryFrom<Map<String, Value>> for Case {
    type Error = CaseError;

    fn try_from(record: Map<String, Value>) -> Result<Self, CaseError> {
        Self::parse(record, "")
    }
}

/// A text without HTML comments and surrounding white space is empty.
pub fn is_blank(text: &str) -> bool {
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix("<!--") {
        rest = comment.find("-->").map_or("", |end| comment[end + 3..].trim_start());
    }
    rest.is_empty()
}

#[derive(Default)]
struct Draft {
    id: String,
    product: String,
    product_name: String,
    category: Vec<String>,
    title: String,
    questions: Vec<String>,
    document: String,
    body: String,
    tags: Vec<String>,
    source: String,
    language: String,
    updated_at: String,
    extra: Map<String, Value>,
}

impl Draft {
    fn set(&mut self, key: String, value: Value) -> Result<(), CaseError> {
        match key.as_str() {
            "id" => self.id = line(&key, value)?,
            "product" => self.product = line(&key, value)?,
            "product_name" => self.product_name = line(&key, value)?,
            "category" => self.category = list(&key, value)?,
            "title" => self.title = line(&key, value)?,
            "questions" => self.questions = list(&key, value)?,
            "document" => self.document = line(&key, value)?,
            "body" => self.body = body(&key, value)?,
            "tags" => self.tags = list(&key, value)?,
            "source" => self.source = line(&key, value)?,
            "language" => self.language = line(&key, value)?,
            "updated_at" => self.updated_at = line(&key, value)?,
            _ => drop(self.extra.insert(key, value)),
        }
        Ok(())
    }

    fn finish(self, default_source: &str) -> Result<Case, CaseError> {
        if is_blank(&self.title) {
            return Err(CaseError::Empty("title"));
        }
        if is_blank(&self.body) {
            return Err(CaseError::Empty("body"));
        }
        if !self.updated_at.is_empty() && !date::is_rfc3339(&self.updated_at) {
            return Err(CaseError::Time(self.updated_at));
        }
        let source = if self.source.is_empty() { default_source.to_owned() } else { self.source };
        let id = if self.id.is_empty() { derived_id(&source, &self.title) } else { self.id };
        Ok(Case {
            id: CaseId::parse(&id).ok_or(CaseError::Id)?,
            product: self.product,
            product_name: self.product_name,
            category: self.category,
            title: self.title,
            questions: self.questions,
            document: self.document,
            body: self.body,
            tags: self.tags,
            source,
            language: if self.language.is_empty() { "zh".to_owned() } else { self.language },
            updated_at: (!self.updated_at.is_empty()).then_some(self.updated_at),
            extra: self.extra,
        })
    }
}

/// 64 bits of SHA-256 as hexadecimal: among a million cases the chance of one collision is 3 in 10^8.
fn derived_id(source: &str, title: &str) -> String {
    let digest = Sha256::new().chain_update(source).chain_update([0]).chain_update(title).finalize();
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One line of text: trimmed, inner line breaks and tabs made into spaces.
fn line(key: &str, value: Value) -> Result<String, CaseError> {
    let text = string(key, "a string", value)?;
    let text = one_line(&text);
    // Counting characters of every short text would cost; bytes bound them from above.
    let chars = if text.len() > MAX_TITLE { text.chars().count() } else { 0 };
    within(key, chars, MAX_TITLE, "characters")?;
    Ok(text.into_owned())
}

fn one_line(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.contains(char::is_control) {
        let words = text.split(|c: char| c.is_control()).map(str::trim).filter(|word| !word.is_empty());
        return Cow::Owned(words.collect::<Vec<_>>().join(" "));
    }
    Cow::Borrowed(text)
}

/// Blank lines around the body go; the indentation of its first line is kept, it may be code.
fn body(key: &str, value: Value) -> Result<String, CaseError> {
    let mut text = string(key, "a string", value)?;
    text.truncate(text.trim_end().len());
    let indent = text.len() - text.trim_start().len();
    let start = text[..indent].rfind('\n').map_or(0, |newline| newline + 1);
    text.drain(..start);
    within(key, text.len(), MAX_BODY, "bytes")?;
    Ok(text)
}

fn list(key: &str, value: Value) -> Result<Vec<String>, CaseError> {
    const WANTED: &str = "a list of strings";
    let values = match value {
        Value::Array(values) => values,
        Value::String(_) => vec![value],
        other => return Err(wrong_type(key, WANTED, &other)),
    };
    within(key, values.len(), MAX_LIST, "entries")?;
    let texts = values.into_iter().map(|value| match value {
        Value::String(_) => line(key, value),
        other => Err(wrong_type(key, WANTED, &other)),
    });
    let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
    Ok(texts.into_iter().filter(|text| !text.is_empty()).collect())
}

fn string(key: &str, wanted: &'static str, value: Value) -> Result<String, CaseError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(wrong_type(key, wanted, &other)),
    }
}

fn wrong_type(key: &str, wanted: &'static str, value: &Value) -> CaseError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(values) if values.iter().all(Value::is_string) => "a list",
        Value::Array(_) => "a list that holds something else",
        Value::Object(_) => "an object",
    };
    CaseError::Type { key: key.to_owned(), wanted, found }
}

fn within(key: &str, found: usize, limit: usize, unit: &'static str) -> Result<(), CaseError> {
    if found <= limit {
        return Ok(());
    }
    Err(CaseError::TooLong { key: key.to_owned(), found, limit, unit })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(value: Value) -> Result<Case, CaseError> {
        let Value::Object(record) = value else { panic!("a record is an object") };
        Case::parse(record, "faq.csv")
    }

    #[test]
    fn a_record_becomes_a_case_and_back() {
        let record = json!({"id": "a-1", "product": "ecs", "category": ["计算", "实例"], "title": " 连不上 ",
            "questions": "登不上", "body": "\n\n    code\n看安全组 \n", "owner": {"team": 7}, "tags": null});
        let case = parse(record).unwrap();
        assert_eq!((case.title.as_str(), case.body.as_str()), ("连不上", "    code\n看安全组"));
        assert_eq!(
            (case.questions.len(), case.language.as_str(), case.source.as_str()),
            (1, "zh", "faq.csv")
        );
        assert_eq!(case.extra["owner"], json!({"team": 7}));
        let text = serde_json::to_string(&case).unwrap();
        assert_eq!(serde_json::from_str::<Case>(&text).unwrap(), case);
    }

    #[test]
    fn a_stored_case_without_a_body_is_not_a_case() {
        let error = serde_json::from_str::<Case>(r#"{"id": "a", "title": "t", "body": "<!-- later -->"}"#);
        assert!(error.unwrap_err().to_string().contains("`body` is missing or empty"));
    }

    #[test]
    fn errors_name_the_key_and_what_was_wanted() {
        let error = |value| parse(value).unwrap_err().to_string();
        assert_eq!(error(json!({"title": "\u{3000}", "body": "b"})), "`title` is missing or empty");
        assert_eq!(error(json!({"title": "t", "body": " <!-- a --> <!-- b"})), "`body` is missing or empty");
        assert_eq!(error(json!({"title": 7, "body": "b"})), "`title` must be a string, it is a number");
        assert_eq!(
            error(json!({"title": "t", "body": "b", "tags": [1]})),
            "`tags` must be a list of strings, it is a number"
        );
        let long = error(json!({"title": "题".repeat(2001), "body": "b"}));
        assert_eq!(long, "`title` is too long: 2001 characters, at most 2000 are taken");
        assert!(error(json!({"title": "t", "body": "b".repeat(MAX_BODY + 1)})).contains("1048576"));
        assert!(error(json!({"title": "t", "body": "b", "updated_at": "昨天"})).contains("昨天"));
        assert!(error(json!({"title": "t", "body": "b", "id": "x".repeat(600)})).contains("512"));
    }

    #[test]
    fn a_missing_id_depends_on_source_and_title_only() {
        let id = |source: &str, body: &str| {
            parse(json!({"title": "t", "body": body, "source": source})).unwrap().id.as_str().to_owned()
        };
        assert_eq!(id("a", "1"), id("a", "2"));
        assert_ne!(id("a", "1"), id("b", "1"));
        assert_eq!(id("a", "1").len(), 16);
    }

    #[test]
    fn the_hash_follows_content_not_the_order_of_keys() {
        let hash = |value| parse(value).unwrap().content_hash();
        let one = hash(json!({"title": "t", "body": "b", "x": 1, "y": {"a": 1, "b": 2}}));
        assert_eq!(one, hash(json!({"y": {"b": 2, "a": 1}, "x": 1, "body": "b", "title": "t"})));
        assert_ne!(one, hash(json!({"title": "t", "body": "b", "x": 2, "y": {"a": 1, "b": 2}})));
    }

    proptest! {
        #[test]
        fn any_text_is_a_case_or_an_error(title in ".*", body in ".*", time in ".*") {
            if let Ok(case) = parse(json!({"title": title, "body": body, "updated_at": time})) {
                prop_assert!(!is_blank(&case.title) && !is_blank(&case.body));
            }
        }
    }
}
