//! What a platform can show of an answer, and how words and links are spelled for it.

use std::rc::Rc;

use super::block::{Block, Mark, Run, Spelling};
use super::escape;

/// What is made of Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Plain text; links are `title (address)`.
    Plain,
    /// Plain text in which `<a href>` is a link.
    Anchors,
    /// Headings, quotes, bold, italics, links, images, lists; a line break wants two spaces before it.
    Dingtalk,
    /// Tables and code too.
    Full,
}

impl Dialect {
    /// What breaks a line within a paragraph.
    pub fn tail(self) -> &'static str {
        match self {
            Self::Plain | Self::Anchors | Self::Full => "",
            Self::Dingtalk => "  ",
        }
    }

    /// Whether it is Markdown.
    pub fn is_markdown(self) -> bool {
        matches!(self, Self::Dingtalk | Self::Full)
    }
}

/// Spells words that are no Markdown in the dialect.
pub fn spell(blocks: &mut [Block], dialect: Dialect) {
    for line in blocks.iter_mut().flat_map(|block| &mut block.lines) {
        spell_runs(&mut line.runs, dialect);
    }
}

/// A link's runs in the dialect; the title alone where the address is none that may be opened.
pub fn link(title: &str, url: &str, dialect: Dialect) -> Vec<Run> {
    let Some(url) = escape::address(url) else { return vec![Run::words(title)] };
    match anchor(&url, dialect) {
        Some(mark) => vec![Run { marks: vec![Rc::new(mark)], ..Run::words(title) }],
        None => vec![Run::words(title), aside(title, &url)],
    }
}

/// Spells the words of a line in the dialect.
pub fn spell_runs(runs: &mut [Run], dialect: Dialect) {
    match dialect {
        Dialect::Plain => {}
        Dialect::Anchors => escape::anchors(runs),
        Dialect::Dingtalk | Dialect::Full => escape::markdown(runs),
    }
}

/// What stands around the words of a link; `None` where the dialect has no links.
pub fn anchor(url: &str, dialect: Dialect) -> Option<Mark> {
    match dialect {
        Dialect::Plain => None,
        // `&` stays: the platform's own examples have it so.
        Dialect::Anchors => Some(Mark { open: format!("<a href=\"{url}\">"), close: "</a>".to_owned() }),
        Dialect::Dingtalk | Dialect::Full => Some(Mark { open: "[".to_owned(), close: format!("]({url})") }),
    }
}

/// The address behind a title, which it is not worth saying twice. Kept in one piece where that is possible.
pub fn aside(title: &str, url: &str) -> Run {
    let text = if title == url { String::new() } else { format!(" ({url})") };
    let whole = Rc::new(Mark { open: String::new(), close: String::new() });
    Run { text, marks: vec![whole], spelling: Spelling::Exact }
}
