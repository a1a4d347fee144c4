//! Blocks of code: fenced where the dialect has fences, else lines that can be copied.

use super::block::{Block, Line, Mark, Run, Spelling};
use super::dialect::{Dialect, spell_runs};
use super::nesting::Place;

/// A block of code. `first` and `again` stand before its first line and the others.
pub fn block(code: &str, language: &str, dialect: Dialect, place: Place, first: &str, again: &str) -> Block {
    let fenced = dialect == Dialect::Full;
    let mut block = Block::default();
    if fenced {
        let fence = "`".repeat(longest_ticks(code).max(2) + 1);
        block.open = vec![format!("{first}{fence}{language}")];
        block.close = Some(format!("{again}{fence}"));
    } else if place == Place::Item {
        block.lines.push(Line { prefix: first.to_owned(), tail: dialect.tail(), ..Line::default() });
    }
    // Code is copied: in plain text nothing may stand before it.
    let before = if dialect.is_markdown() { again } else { "" };
    for line in code.lines() {
        let spelling = if fenced { Spelling::Exact } else { Spelling::Words };
        let mut runs = vec![Run { spelling, ..Run::words(line) }];
        spell_runs(&mut runs, dialect);
        let (prefix, again) = (before.to_owned(), before.to_owned());
        block.lines.push(Line { prefix, again, runs, tail: dialect.tail() });
    }
    block
}

/// What stands around code within a line.
pub fn span(code: &str) -> Mark {
    let ticks = "`".repeat(longest_ticks(code) + 1);
    let pad = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    Mark { open: format!("{ticks}{pad}"), close: format!("{pad}{ticks}") }
}

/// The language that a fence names.
pub fn language(info: &str) -> String {
    let word = info.split_whitespace().next().unwrap_or("");
    word.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#' | '_'))
        .take(20)
        .collect()
}

fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
