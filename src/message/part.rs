//! What leaves for a chat platform: parts, each one message of the platform, and what a platform can show.

use serde::{Deserialize, Serialize};

/// One message for a chat platform, in words that no platform has yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Part {
    /// Plain text, line breaks as `\n`; links in it are as the platform shows them.
    Text {
        /// The text.
        text: String,
    },
    /// Markdown of the platform's dialect.
    Markdown {
        /// What a notification shows; at most 20 characters.
        title: String,
        /// The text.
        text: String,
    },
    /// Things to tap. What is tapped comes back as its id.
    Menu {
        /// What stands above.
        head: String,
        /// In order.
        items: Vec<MenuItem>,
        /// What stands below; may be empty.
        tail: String,
    },
}

/// One thing to tap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuItem {
    /// What comes back.
    pub id: String,
    /// What people read.
    pub label: String,
}

/// How much of Markdown a platform shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markdown {
    /// Nothing: plain text. Links are `<a href>` where that works, else the address in brackets.
    None {
        /// Whether `<a href="…">…</a>` is shown as a link.
        anchors: bool,
    },
    /// Headings, quotes, bold, italics, links, images, lists; tables and code become text.
    Dingtalk,
    /// Tables and code too.
    Full,
}

/// What a platform can show, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Markup.
    pub markdown: Markdown,
    /// Longest text of a part, in bytes of UTF-8.
    pub max_bytes: usize,
    /// Most parts for one turn: the platform's quota, with some kept back.
    pub max_parts: usize,
    /// Most things to tap in one menu; 0: choices are numbered text.
    pub menu: usize,
}
