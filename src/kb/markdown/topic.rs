//! The project's own format of a topic: front matter for all its cases, one case under each H2, other ways to ask it
//! as a list below `问法:`.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::scan::Scan;

/// One H2 of a topic.
pub struct Section {
    /// Index of its heading.
    pub heading: usize,
    /// Other ways to ask.
    pub questions: Vec<String>,
    /// The answer in the source.
    pub body: Range<usize>,
}

/// The sections of a topic; `None` where no section has `问法:`, so that the document is none.
pub fn sections(text: &str, scan: &Scan) -> Option<Vec<Section>> {
    let starts: Vec<usize> = (0..scan.headings.len()).filter(|&at| scan.headings[at].level <= 2).collect();
    let mut sections = Vec::new();
    let mut any = false;
    for (at, &heading) in starts.iter().enumerate() {
        if scan.headings[heading].level < 2 {
            continue;
        }
        let start = scan.headings[heading].range.end;
        let end = starts.get(at + 1).map_or(text.len(), |&next| scan.headings[next].range.start);
        let (questions, length) = questions(&text[start..end]).unwrap_or_default();
        any |= length > 0;
        sections.push(Section { heading, questions, body: start + length..end });
    }
    any.then_some(sections)
}

/// The list below `问法:` at the start of a section, and where it ends.
fn questions(section: &str) -> Option<(Vec<String>, usize)> {
    let head = section.trim_start().strip_prefix("问法")?;
    if !head.starts_with([':', '：']) {
        return None;
    }
    let mut events = Parser::new_ext(section, Options::empty()).into_offset_iter();
    let (mut label, mut end) = (String::new(), 0);
    for (event, range) in events.by_ref() {
        match event {
            Event::Text(text) => label.push_str(&text),
            Event::End(TagEnd::Paragraph) => {
                end = range.end;
                break;
            }
            _ => {}
        }
    }
    if !matches!(label.trim(), "问法:" | "问法：") {
        return None;
    }
    let Some((Event::Start(Tag::List(_)), list)) = events.next() else { return Some((Vec::new(), end)) };
    let mut questions = Vec::new();
    for (event, range) in events.take_while(|(_, range)| range.end <= list.end) {
        match event {
            Event::Start(Tag::Item) => questions.push(String::new()),
            Event::Text(text) | Event::Code(text) if range.end <= list.end => {
                if let Some(question) = questions.last_mut() {
                    question.push_str(&text);
                }
            }
            Event::End(TagEnd::List(_)) if range == list => break,
            _ => {}
        }
    }
    Some((questions, list.end))
}
