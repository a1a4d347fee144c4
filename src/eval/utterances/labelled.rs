//! Files of labelled messages: one object a line with `text`, `intent`, `sentiment`, `severity`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::dialogue::understanding::labels::{INTENTS, SENTIMENTS, SEVERITIES, severity_name};
use crate::kb::read::{BadRecord, Line, Lines, Place, ReadError};

/// A message with its labels, as numbers of [`INTENTS`], [`SENTIMENTS`], [`SEVERITIES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utterance {
    /// What was typed.
    pub text: String,
    /// Number of the intent.
    pub intent: usize,
    /// Number of the sentiment.
    pub sentiment: usize,
    /// Number of the severity.
    pub severity: usize,
}

/// What files of labelled messages hold.
#[derive(Debug, Default)]
pub struct Utterances {
    /// The messages, in order.
    pub good: Vec<Utterance>,
    /// Lines that are none.
    pub bad: Vec<BadRecord>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `text`, `intent`, `sentiment`, `severity`")]
struct Wire {
    text: String,
    intent: String,
    sentiment: String,
    severity: String,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `text`")]
struct WireText {
    text: String,
}

/// Reads several files, one after the other; blank lines are nothing, unknown keys are ignored.
///
/// # Errors
/// One of them cannot be read to its end.
pub fn read_all(paths: &[PathBuf]) -> Result<Utterances, ReadError> {
    let mut all = Utterances::default();
    for path in paths {
        read(path, &mut all)?;
    }
    Ok(all)
}

fn read(path: &Path, all: &mut Utterances) -> Result<(), ReadError> {
    let mut lines = Lines::open(path)?;
    while let Some((number, line)) = lines.take_line()? {
        let parsed = match line {
            Line::Text(text) if text.trim().is_empty() => continue,
            Line::Text(text) => parse(text),
            Line::Bad(reason) => Err(reason),
        };
        match parsed {
            Ok(utterance) => all.good.push(utterance),
            Err(reason) => {
                let place = Place { file: path.display().to_string(), line: Some(number) };
                all.bad.push(BadRecord { place, reason });
            }
        }
    }
    Ok(())
}

/// A labelled message from its line.
///
/// # Errors
/// What is wrong with the line, in one sentence.
pub fn parse(line: &str) -> Result<Utterance, String> {
    let wire: Wire = from_json(line)?;
    let intent = INTENTS.iter().position(|intent| intent.name() == wire.intent);
    let sentiment = SENTIMENTS.iter().position(|sentiment| sentiment.name() == wire.sentiment);
    let severity = SEVERITIES.iter().position(|severity| severity_name(*severity) == wire.severity);
    Ok(Utterance {
        text: wire.text,
        intent: intent.ok_or_else(|| format!("`intent`: {:?} is none", wire.intent))?,
        sentiment: sentiment.ok_or_else(|| format!("`sentiment`: {:?} is none", wire.sentiment))?,
        severity: severity.ok_or_else(|| format!("`severity`: {:?} is none", wire.severity))?,
    })
}

/// The `text` of an object, its other keys ignored.
///
/// # Errors
/// What is wrong with the line, in one sentence.
pub fn parse_text(line: &str) -> Result<String, String> {
    from_json(line).map(|wire: WireText| wire.text)
}

/// What serde says, without its own line number, which is always 1.
fn from_json<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, String> {
    if line.trim().is_empty() {
        return Err("the line is empty, an object with `text` is wanted".to_owned());
    }
    serde_json::from_str(line).map_err(|error| {
        let said = error.to_string();
        let what = said.split(" at line ").next().unwrap_or(&said).to_owned();
        match error.is_data() {
            true => what,
            false => format!("broken JSON in column {}: {what}", error.column()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_known_or_named() {
        let line = |intent: &str| {
            format!(
                r#"{{"text": "x", "intent": "{intent}", "sentiment": "angry", "severity": "P0", "more": 1}}"#
            )
        };
        let read = parse(&line("bye")).unwrap();
        assert_eq!((INTENTS[read.intent].name(), SENTIMENTS[read.sentiment].name()), ("bye", "angry"));
        assert_eq!(parse(&line("dance")).unwrap_err(), "`intent`: \"dance\" is none");
    }

    #[test]
    fn a_bad_line_says_what_is_wrong() {
        assert_eq!(parse_text(r#"{"text": "你好"}"#).unwrap(), "你好");
        assert_eq!(parse_text("{}").unwrap_err(), "missing field `text`");
        assert!(parse_text("7").unwrap_err().contains("an object with `text`"));
        assert!(parse_text("{x").unwrap_err().contains("column 2"));
        assert!(parse_text(" ").unwrap_err().contains("empty"));
    }
}
