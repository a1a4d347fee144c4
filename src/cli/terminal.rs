//! Where output goes: how wide it is, whether it takes colours, and how lines are laid out on it.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use terminal_size::{Width, terminal_size};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Width that is assumed where there is no terminal, in columns.
const DEFAULT_WIDTH: usize = 100;
/// Lines longer than this are hard to follow with the eye.
const MOST_WIDTH: usize = 120;

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// A heading or title.
    Title,
    /// Less important.
    Dim,
    /// Code.
    Code,
    /// All is well.
    Good,
    /// Should be looked at.
    Warning,
    /// Is wrong.
    Error,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Title => "1",
            Self::Dim => "2",
            Self::Code => "36",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Error => "31",
        }
    }
}

/// One of the two ways out.
#[derive(Clone, Copy, Debug)]
pub struct Paper {
    colours: bool,
}

impl Paper {
    /// The text in a colour, where there are colours.
    pub fn paint(self, ink: Ink, text: &str) -> String {
        if self.colours && !text.is_empty() {
            return format!("\x1b[{}m{text}\x1b[0m", ink.code());
        }
        text.to_owned()
    }
}

/// What is known of the process's output.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Standard output.
    pub out: Paper,
    /// Standard error.
    pub err: Paper,
    /// Whether people watch standard error, so that progress is shown there.
    pub watched: bool,
    /// Columns of standard output.
    pub width: usize,
}

impl Terminal {
    /// Looks at the process's output and environment (<https://no-color.org>).
    pub fn of_process() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let plain = set("NO_COLOR") || dumb;
        let width = terminal_size().map_or(DEFAULT_WIDTH, |(Width(width), _)| usize::from(width));
        Self {
            out: Paper { colours: io::stdout().is_terminal() && !plain },
            err: Paper { colours: io::stderr().is_terminal() && !plain },
            watched: io::stderr().is_terminal() && !dumb,
            width: width.clamp(20, MOST_WIDTH),
        }
    }

    /// Standard output, buffered; what is written at once as one line is never cut by an interruption.
    pub fn stdout(&self) -> BufWriter<StdoutLock<'static>> {
        BufWriter::with_capacity(1 << 16, io::stdout().lock())
    }

    /// Says a line on standard error. Nothing can be done where that fails.
    pub fn say(&self, line: &str) {
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// Columns that a text takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// The text and spaces up to so many columns.
pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// As much of the text as fits, with an ellipsis where something is left out.
pub fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken < width
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// The text without control characters but line breaks and tabs: a case must not be able to steer the terminal.
pub fn harmless(text: &str) -> String {
    text.chars().filter(|&c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// The error with its causes in one line; a cause that the text before it already names is not repeated.
pub fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(|cause| cause.to_string()) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the error is that the reader of our output has gone, as with `yunzhu search … | head -1`.
pub fn nobody_reads(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        let kind = match cause.downcast_ref::<serde_json::Error>() {
            Some(json) => json.io_error_kind(),
            None => cause.downcast_ref::<io::Error>().map(io::Error::kind),
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(columns("云a"), 3);
        assert_eq!(pad("云a", 5), "云a  ");
        assert_eq!(cut("云服务器", 8), "云服务器");
        assert_eq!(cut("云服务器a", 8), "云服务…");
        assert_eq!(cut("abcdef", 4), "abc…");
    }

    #[test]
    fn a_text_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\n\tc\u{9b}"), "a[2Jb\n\tc");
    }

    #[test]
    fn causes_are_told_once_and_in_one_line() {
        let error = anyhow::anyhow!("no\nspace").context("it failed: no\nspace").context("sorry");
        assert_eq!(one_line(&error), "sorry: it failed: no space");
    }
}
