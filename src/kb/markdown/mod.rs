//! Markdown documents to cases: any documentation repository, and the project's own topics.
//!
//! Start at [`read_document`].

mod front_matter;
mod generic;
mod html;
mod outline;
mod placeholder;
mod scan;
mod section;
mod topic;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde_json::{Map, Value};

use crate::kb::case::{Case, is_blank};
use front_matter::FrontMatter;
use scan::Scan;

pub use outline::{Fence, Outline, Parts, outline};

/// Folders at the top that say how a repository is laid out or which language it is in, not what it is about.
const LAYOUT_FOLDERS: &[&str] = &[
    "docs",
    "doc",
    "documentation",
    "content",
    "articles",
    "src",
    "source",
    "zh",
    "cn",
    "zh_cn",
    "zh-hans",
    "pages",
];

/// What a document holds.
#[derive(Debug, Default)]
pub struct Document {
    /// Its cases and what is wrong with it, in order.
    pub found: Vec<Found>,
    /// Sections that hold no text of their own.
    pub empty: u64,
}

/// A case or a fault.
#[derive(Debug)]
pub struct Found {
    /// Line in the file, from 1.
    pub line: u64,
    /// The case, or why there is none.
    pub result: Result<Case, String>,
}

/// The cases of a document. `path` is its path below the folder that is read, with `/`.
///
/// Total: any text gives a document. A topic of the project is told by its front matter (`product`) together with a
/// section that starts with `问法:`; text in front of its first H2 is a note to editors and no case.
pub fn read_document(text: &str, path: &str) -> Document {
    let split = front_matter::split(text);
    let scan = scan::scan(text, split.body);
    let mut reader = Reader {
        text,
        path,
        lines: Lines::of(text),
        scan,
        front: split.front,
        document: Document::default(),
    };
    if let Some((line, reason)) = split.broken {
        reader.document.found.push(Found { line, result: Err(reason) });
    }
    let anchors = anchors(&reader.scan);
    let sections = if reader.front.product.is_empty() { None } else { topic::sections(text, &reader.scan) };
    match sections {
        Some(sections) => reader.read_topic(sections),
        None => reader.read_pieces(split.body, &anchors),
    }
    reader.document
}

struct Reader<'a> {
    text: &'a str,
    path: &'a str,
    lines: Lines,
    scan: Scan,
    front: FrontMatter,
    document: Document,
}

impl Reader<'_> {
    fn read_topic(&mut self, sections: Vec<topic::Section>) {
        let title = self.scan.headings.iter().find(|heading| heading.level == 1);
        let title = title.map_or_else(|| self.front.title.clone(), |heading| heading.title.clone());
        let path = self.path.trim_end_matches(".md").to_owned();
        let mut seen = HashSet::new();
        for section in sections {
            let heading = &self.scan.headings[section.heading];
            let anchor =
                if heading.anchor.is_empty() { slug(&heading.title) } else { heading.anchor.clone() };
            let line = self.lines.number(heading.range.start);
            let mut record =
                self.record(&heading.title, &title, &anchor, self.scan.render(self.text, section.body));
            record.insert("id".to_owned(), format!("{path}#{anchor}").into());
            record.insert("questions".to_owned(), section.head.questions.into());
            if let Some(Value::Array(tags)) = record.get_mut("tags") {
                for tag in section.head.tags.into_iter().map(Value::from) {
                    if !tags.contains(&tag) {
                        tags.push(tag);
                    }
                }
            }
            let default = || topic::severity(&self.front.severity).ok();
            if let Some(severity) = section.head.severity.or_else(default) {
                record.insert("severity".to_owned(), severity.into());
            }
            let result = match seen.insert(anchor.clone()) {
                true => Case::parse(record, "").map_err(|error| error.to_string()),
                false => Err(format!("the anchor `{anchor}` is used twice in this file")),
            };
            self.document.found.push(Found { line, result });
        }
    }

    fn read_pieces(&mut self, start: usize, anchors: &[String]) {
        let (heading, title) = self.title();
        for piece in section::pieces(self.text, &self.scan, start, heading) {
            let body = self.body(&piece.parts);
            if is_blank(&body) {
                self.document.empty += 1;
                continue;
            }
            let document = match piece.above {
                Some(above) => format!("{title} / {}", self.scan.headings[above].title),
                None => title.clone(),
            };
            let own = piece.heading.filter(|&own| Some(own) != heading);
            let name = own.map_or(title.as_str(), |own| &self.scan.headings[own].title);
            let anchor = piece.heading.map_or("", |heading| &anchors[heading]);
            let at = piece.heading.map_or(start, |heading| self.scan.headings[heading].range.start);
            let record = self.record(name, &document, anchor, body);
            let result = Case::parse(record, "").map_err(|error| error.to_string());
            self.document.found.push(Found { line: self.lines.number(at), result });
        }
    }

    /// The heading that titles the document, and its title: the only H1 where it comes first, else what the front
    /// matter says, else the first H1, else the name of the file.
    fn title(&self) -> (Option<usize>, String) {
        let mut tops = self.scan.headings.iter().enumerate().filter(|(_, heading)| heading.level == 1);
        let first = tops.next();
        if let (Some((0, heading)), None) = (first, tops.next()) {
            return (Some(0), heading.title.clone());
        }
        if !self.front.title.is_empty() {
            return (None, self.front.title.clone());
        }
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        (None, first.map_or_else(|| stem.to_owned(), |(_, heading)| heading.title.clone()))
    }

    fn body(&self, parts: &[Range<usize>]) -> String {
        let parts = parts.iter().map(|part| self.scan.render(self.text, part.clone()));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    fn record(&self, title: &str, document: &str, anchor: &str, body: String) -> Map<String, Value> {
        let category =
            if self.front.category.is_empty() { folders(self.path) } else { self.front.category.clone() };
        let source = if anchor.is_empty() { self.path.to_owned() } else { format!("{}#{anchor}", self.path) };
        let texts = [
            ("product", self.front.product.as_str()),
            ("product_name", &self.front.product_name),
            ("title", title),
            ("document", document),
            ("source", &source),
            ("language", &self.front.language),
        ];
        let mut record: Map<String, Value> =
            texts.into_iter().map(|(key, text)| (key.to_owned(), Value::from(text))).collect();
        record.insert("body".to_owned(), body.into());
        record.insert("category".to_owned(), category.into());
        record.insert("tags".to_owned(), self.front.tags.clone().into());
        record.insert("updated_at".to_owned(), self.front.updated_at.clone().into());
        record
    }
}

/// The folders of a path as a category, without those at its top that mean nothing.
fn folders(path: &str) -> Vec<String> {
    let Some((folders, _)) = path.rsplit_once('/') else { return Vec::new() };
    let means_nothing = |folder: &str| {
        let lower = folder.to_lowercase();
        LAYOUT_FOLDERS.contains(&lower.as_str()) || lower.ends_with("zh-cn")
    };
    folders.split('/').skip_while(|folder| means_nothing(folder)).map(str::to_owned).collect()
}

/// The anchor of each heading, made unique as the large forges do it.
fn anchors(scan: &Scan) -> Vec<String> {
    let mut seen = HashSet::new();
    // Counting goes on where it stopped, so that thousands of equal headings stay cheap.
    let mut counts: HashMap<String, usize> = HashMap::new();
    let unique = |heading: &scan::Heading| {
        let base = if heading.anchor.is_empty() { slug(&heading.title) } else { heading.anchor.clone() };
        let mut anchor = base.clone();
        let count = counts.entry(base.clone()).or_default();
        while !seen.insert(anchor.clone()) {
            *count += 1;
            anchor = format!("{base}-{count}");
        }
        anchor
    };
    scan.headings.iter().map(unique).collect()
}

/// The anchor that a heading gets by itself: lower case, spaces to hyphens, punctuation dropped.
fn slug(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Where lines start.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn number(&self, at: usize) -> u64 {
        self.0.partition_point(|&newline| newline < at) as u64 + 1
    }
}

#[cfg(test)]
mod tests;
