//! JSON lines: one object a line.

use std::path::Path;

use serde_json::{Map, Value};

use super::lines::{Line, Lines};
use super::{Desk, ReadError, file_name};
use crate::kb::case::Case;

/// Reads one object a line; blank lines are nothing.
pub fn read(path: &Path, desk: &mut Desk<'_, '_>) -> Result<(), ReadError> {
    let source = file_name(path);
    let mut lines = Lines::open(path)?;
    let mut first = true;
    while let Some((number, line)) = lines.take_line()? {
        let result = match line {
            Line::Text(text) if text.trim().is_empty() => continue,
            Line::Text(text) if first && text.trim_start().starts_with('[') => {
                return Err(list_instead(path));
            }
            Line::Text(text) => parse(text, &source),
            Line::Bad(reason) => Err(reason),
        };
        first = false;
        desk.progress.done = lines.taken();
        if desk.hand(Some(number), result).is_break() {
            break;
        }
    }
    Ok(())
}

fn parse(text: &str, source: &str) -> Result<Case, String> {
    let record: Map<String, Value> = serde_json::from_str(text).map_err(|error| short(&error))?;
    Case::parse(record, source).map_err(|error| error.to_string())
}

/// What serde says, with the column in the line and without its own line number, which is always 1.
fn short(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let what = said.split(" at line ").next().unwrap_or(&said);
    let what = what.replace("expected a map", "expected an object");
    format!("broken JSON in column {}: {what}", error.column())
}

fn list_instead(path: &Path) -> ReadError {
    ReadError::Shape {
        path: path.to_owned(),
        reason: "it starts with `[`, but one object a line is wanted".to_owned(),
        advice: "turn the list into lines, for instance with `jq -c '.[]'`".to_owned(),
    }
}
