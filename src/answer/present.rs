//! What the replies of a turn are on a chat platform: as few messages as fit, in what the platform can show. Pure.
//!
//! Start at [`present`]. `present/markdown.rs` lays text out in a dialect, `present/split.rs` cuts it into parts.

pub mod block;
mod code;
pub mod dialect;
mod escape;
mod label;
pub mod markdown;
mod nesting;
pub mod split;
mod table;

use crate::message::part::{Caps, Markdown, MenuItem, Part};
use crate::message::{Choice, DIAGNOSIS, Reply};

use block::{Block, Gap, Line, Run};
use dialect::Dialect;
use label::{item, one_line, shortened};
use split::{Fit, Packed, Room};

/// Sentences that stand around replies, from the catalogue. An empty one is not said.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Below numbered choices: `回复序号即可选择。`
    pub choose: String,
    /// Before the address of the whole answer: `查看完整回答:`
    pub more: String,
    /// Where there is no such address: `内容较长,其余部分已省略。`
    pub omitted: String,
    /// Before the source of an answer: `来源:`
    pub source: String,
    /// Below an answer that nothing is to be chosen after: how to say whether it helped.
    pub verdict: String,
}

/// Longest text above a menu, in bytes (`head_content` of WeChat KF).
const HEAD_BYTES: usize = 1024;
/// Up to so many bytes an answer is put above the menu instead of into a message of its own: cards show as much.
const SHORT_HEAD: usize = 300;
/// Longest title of a part, in characters.
const TITLE_CHARS: usize = 20;
/// In fewer bytes nothing can be said.
const LEAST_BYTES: usize = 32;

/// The messages that say what `replies` say, at most `caps.max_parts` with at most `caps.max_bytes` of text each.
///
/// What can be chosen comes last, as a menu or numbered in the order of the choices. Where not all fits, the last text ends
/// with a link to `more`, the address of the whole answer, or says that the rest is left out. Empty where nothing is said.
pub fn present(replies: &[Reply], caps: &Caps, words: &Words, more: Option<&str>) -> Vec<Part> {
    if caps.max_bytes < LEAST_BYTES || caps.max_parts == 0 {
        return Vec::new();
    }
    let show = Show { caps, words, more, dialect: dialect(replies, caps), title: title(replies) };
    let open = replies.iter().rposition(|reply| !choices(reply).is_empty());
    let body: Vec<Block> = replies
        .iter()
        .enumerate()
        .flat_map(|(at, reply)| if Some(at) == open { show.step(reply) } else { show.reply(reply) })
        .collect();
    let Some(reply) = open.and_then(|at| replies.get(at)) else {
        let answered = replies.iter().any(|reply| matches!(reply, Reply::Answer { .. }));
        let verdict = if answered { words.verdict.as_str() } else { "" };
        return show.texts(&body, &show.sentence(verdict), caps.max_parts);
    };
    show.with_menu(&body, reply).unwrap_or_else(|| show.texts(&body, &show.numbered(reply), caps.max_parts))
}

struct Show<'a> {
    caps: &'a Caps,
    words: &'a Words,
    more: Option<&'a str>,
    dialect: Dialect,
    title: String,
}

impl Show<'_> {
    fn reply(&self, reply: &Reply) -> Vec<Block> {
        match reply {
            Reply::Answer { text, title, source, .. } => {
                let mut blocks = markdown::blocks(text, self.dialect);
                if blocks.is_empty() {
                    blocks = self.sentence(title);
                }
                blocks.extend(self.citation(title, source));
                blocks
            }
            Reply::Choices { text, choices } | Reply::Clarify { text, choices, .. } => {
                let mut blocks = if is_step(reply) { self.step(reply) } else { self.sentence(text) };
                // Only the last choices can be chosen by number.
                let items = choices.iter().map(|choice| (self.bullet().to_owned(), choice));
                blocks.extend(self.list(items));
                blocks
            }
            Reply::Text { text } | Reply::Notice { text } | Reply::Handoff { text, .. } => {
                self.sentence(text)
            }
        }
    }

    /// The text of a step of a diagnosis, which is Markdown and stands above its options; nothing for other replies.
    fn step(&self, reply: &Reply) -> Vec<Block> {
        match reply {
            Reply::Clarify { text, .. } if is_step(reply) => markdown::blocks(text, self.dialect),
            _ => Vec::new(),
        }
    }

    fn bullet(&self) -> &'static str {
        if self.dialect.is_markdown() { "- " } else { "· " }
    }

    fn sentence(&self, text: &str) -> Vec<Block> {
        if text.trim().is_empty() {
            return Vec::new();
        }
        // A line break of a sentence is meant as one.
        let tail = if self.dialect.is_markdown() { "  " } else { "" };
        self.spelled(vec![Block::sentence(text, tail)])
    }

    fn spelled(&self, mut blocks: Vec<Block>) -> Vec<Block> {
        dialect::spell(&mut blocks, self.dialect);
        blocks
    }

    fn citation(&self, title: &str, source: &str) -> Vec<Block> {
        if self.words.source.is_empty() || title.trim().is_empty() {
            return Vec::new();
        }
        let mut runs = vec![Run::words(format!("{} ", self.words.source.trim_end()))];
        match source.starts_with("https://") {
            true => runs.extend(dialect::link(title, source, self.dialect)),
            false => runs.push(Run::words(title)),
        }
        self.spelled(vec![Block { lines: vec![Line { runs, ..Line::default() }], ..Block::default() }])
    }

    fn list<'c>(&self, items: impl Iterator<Item = (String, &'c Choice)>) -> Vec<Block> {
        let block = |(at, (prefix, choice)): (usize, (String, &Choice))| {
            let again = " ".repeat(prefix.len());
            let line = Line { prefix, again, runs: vec![Run::words(one_line(&choice.label))], tail: "" };
            let gap = if at == 0 && self.dialect.is_markdown() { Gap::Paragraph } else { Gap::Line };
            Block { gap, lines: vec![line], ..Block::default() }
        };
        self.spelled(items.enumerate().map(block).collect())
    }

    fn numbered(&self, reply: &Reply) -> Vec<Block> {
        let mut blocks = self.sentence(lead(reply));
        if let Some(lead) = blocks.last_mut() {
            lead.leads = true;
        }
        let items = choices(reply).iter().enumerate().map(|(at, choice)| (format!("{}. ", at + 1), choice));
        blocks.extend(self.list(items));
        let mut hint = self.sentence(&self.words.choose);
        if let Some(hint) = hint.first_mut().filter(|_| !self.dialect.is_markdown()) {
            hint.gap = Gap::Line;
        }
        blocks.extend(hint);
        blocks
    }

    /// The parts with a menu at their end; `None` where the platform has none that is large enough.
    fn with_menu(&self, body: &[Block], reply: &Reply) -> Option<Vec<Part>> {
        let choices = choices(reply);
        if choices.len() > self.caps.menu {
            return None;
        }
        // With numbers, since what leads to them speaks of numbers; typing one is as good as tapping.
        let items: Vec<MenuItem> =
            choices.iter().enumerate().map(|(at, choice)| item(at + 1, choice)).collect();
        let labels: usize = items.iter().map(|item| item.label.len()).sum();
        let room = self.caps.max_bytes.min(HEAD_BYTES).checked_sub(labels)?;
        let head = if is_step(reply) { &self.words.choose } else { lead(reply) }.trim().to_owned();
        let menu = |head| Part::Menu { head, items: items.clone(), tail: String::new() };
        if body.is_empty() && head.len() <= room {
            return Some(vec![menu(head)]);
        }
        let (joined, alone) = (SHORT_HEAD.min(room), self.caps.max_parts == 1);
        let plain = matches!(self.caps.markdown, Markdown::None { .. }) || !self.dialect.is_markdown();
        if let Some(above) = self.whole(body).filter(|_| plain) {
            let head = [above.as_str(), &head].join("\n\n").trim().to_owned();
            if head.len() <= if alone { room } else { joined } {
                return Some(vec![menu(head)]);
            }
        }
        if alone || head.len() > room {
            return None;
        }
        let mut parts = self.texts(body, &[], self.caps.max_parts - 1);
        parts.push(menu(head));
        Some(parts)
    }

    /// The blocks as one text, where they fit into one.
    fn whole(&self, blocks: &[Block]) -> Option<String> {
        let room = Room { part: self.caps.max_bytes, last: self.caps.max_bytes, parts: 1 };
        let packed = split::pack(blocks, room);
        packed.parts.into_iter().next().filter(|_| packed.fit == Fit::Whole)
    }

    /// Texts of a body and what is to stand below it, which is kept where not all fits.
    fn texts(&self, body: &[Block], end: &[Block], max_parts: usize) -> Vec<Part> {
        let most = self.caps.max_bytes;
        let room = Room { part: most, last: most, parts: max_parts };
        let all: Vec<Block> = body.iter().chain(end).cloned().collect();
        let packed = split::pack(&all, room);
        if packed.fit == Fit::Whole {
            return self.parts(packed.parts);
        }
        let end = split::pack(end, Room { parts: 1, ..room }).parts.into_iter().next().unwrap_or_default();
        let omitted = self.whole(&self.omitted()).unwrap_or_default();
        let below = joined(&[&omitted, &end]);
        // Something must be said before it.
        if let Some(last) = most.checked_sub(below.len() + 2).filter(|last| *last >= LEAST_BYTES) {
            let Packed { mut parts, .. } = split::pack(body, Room { last, ..room });
            match parts.last_mut().filter(|part| part.len() + below.len() + 2 <= most) {
                Some(part) => *part = joined(&[part.as_str(), &below]),
                None => parts.push(below),
            }
            return self.parts(parts);
        }
        if end.is_empty() {
            return self.parts(packed.parts);
        }
        let mut parts = if max_parts > 1 { self.texts(body, &[], max_parts - 1) } else { Vec::new() };
        parts.extend(self.parts(vec![end]));
        parts
    }

    /// What says that this is not all.
    fn omitted(&self) -> Vec<Block> {
        let label = self.words.more.trim_end_matches([':', ':', ' ']);
        let Some(url) = self.more.filter(|_| !label.is_empty()) else {
            return self.sentence(&self.words.omitted);
        };
        let runs = match self.dialect {
            Dialect::Plain => vec![Run::words(format!("{} {url}", self.words.more.trim_end()))],
            Dialect::Anchors | Dialect::Dingtalk | Dialect::Full => dialect::link(label, url, self.dialect),
        };
        self.spelled(vec![Block { lines: vec![Line { runs, ..Line::default() }], ..Block::default() }])
    }

    fn parts(&self, texts: Vec<String>) -> Vec<Part> {
        let part = |text| match self.dialect.is_markdown() {
            true => Part::Markdown { title: self.title.clone(), text },
            false => Part::Text { text },
        };
        texts.into_iter().map(part).collect()
    }
}

/// Plain sentences need no Markdown: they are shown as they are.
fn dialect(replies: &[Reply], caps: &Caps) -> Dialect {
    let answers = replies.iter().any(|reply| matches!(reply, Reply::Answer { .. }) || is_step(reply));
    match caps.markdown {
        Markdown::None { anchors: true } => Dialect::Anchors,
        Markdown::Dingtalk if answers => Dialect::Dingtalk,
        Markdown::Full if answers => Dialect::Full,
        Markdown::None { .. } | Markdown::Dingtalk | Markdown::Full => Dialect::Plain,
    }
}

fn title(replies: &[Reply]) -> String {
    let title = replies.iter().find_map(|reply| match reply {
        Reply::Answer { title, .. } => Some(one_line(title)),
        Reply::Clarify { text, .. } if is_step(reply) => Some(one_line(text)),
        _ => None,
    });
    let title = title.filter(|title| !title.is_empty()).unwrap_or_else(|| "…".to_owned());
    shortened(&title, TITLE_CHARS, usize::MAX)
}

fn is_step(reply: &Reply) -> bool {
    matches!(reply, Reply::Clarify { slot, .. } if slot == DIAGNOSIS)
}

fn lead(reply: &Reply) -> &str {
    match reply {
        reply if is_step(reply) => "",
        Reply::Choices { text, .. } | Reply::Clarify { text, .. } => text,
        _ => "",
    }
}

fn choices(reply: &Reply) -> &[Choice] {
    match reply {
        Reply::Choices { choices, .. } | Reply::Clarify { choices, .. } => choices,
        _ => &[],
    }
}

fn joined(texts: &[&str]) -> String {
    let said: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    said.join("\n\n")
}

#[cfg(test)]
mod tests;
