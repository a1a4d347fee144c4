//! One pass over a document: its headings and links, and what has to be cut or replaced in its source.
//!
//! The source is never printed anew from parsed Markdown: what is not cut stays byte for byte.

use std::ops::Range;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

use super::html::{self, Token};
use super::placeholder;

/// A heading at the top level of the document.
#[derive(Debug)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its text, without markup.
    pub title: String,
    /// The anchor that it was given, possibly empty.
    pub anchor: String,
    /// Its place in the source.
    pub range: Range<usize>,
}

/// A link.
#[derive(Debug)]
pub struct Link {
    /// Where it starts.
    pub at: usize,
    /// Where it leads.
    pub target: String,
}

/// What stands instead of a part of the source.
#[derive(Debug)]
pub struct Edit {
    /// The part.
    pub range: Range<usize>,
    /// What stands there instead.
    pub text: String,
}

/// What one pass finds.
#[derive(Debug, Default)]
pub struct Scan {
    /// Headings in order.
    pub headings: Vec<Heading>,
    /// Links in order.
    pub links: Vec<Link>,
    /// Anchors set by HTML, outside headings too.
    pub anchors: Vec<String>,
    edits: Vec<Edit>,
}

/// Scans the document from byte `start` on; all places are places in the whole text.
pub fn scan(text: &str, start: usize) -> Scan {
    let (masked, lone_anchors) = placeholder::mask_anchor_lines(text, start);
    let mut pass = Pass { text, ..Pass::default() };
    for (at, anchor) in lone_anchors {
        let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1);
        pass.cut(at..end);
        pass.scan.anchors.push(anchor.clone());
        pass.lone.push((end, pass.scan.anchors.len() - 1));
    }
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    for (event, range) in Parser::new_ext(&masked[start..], options).into_offset_iter() {
        pass.event(event, range.start + start..range.end + start);
    }
    pass.finish(start)
}

impl Scan {
    /// A part of the source with everything cut and replaced that has to be.
    pub fn render(&self, text: &str, part: Range<usize>) -> String {
        let mut out = String::with_capacity(part.len());
        let mut at = part.start;
        let first = self.edits.partition_point(|edit| edit.range.start < part.start);
        for edit in &self.edits[first..] {
            if edit.range.end > part.end {
                break;
            }
            out.push_str(&text[at..edit.range.start]);
            out.push_str(&edit.text);
            at = edit.range.end;
        }
        out.push_str(&text[at..part.end]);
        placeholder::tidy(&out)
    }
}

#[derive(Default)]
struct Pass<'a> {
    text: &'a str,
    scan: Scan,
    /// Code, in which nothing is changed.
    code: Vec<Range<usize>>,
    /// Blocks around the current one; a heading in a list starts no section.
    depth: usize,
    heading: Option<Heading>,
    in_table: bool,
    images: usize,
    /// Links that are open, and whether anything but an image was seen in them.
    open_links: Vec<bool>,
    /// `<a href>` tags that are open: their edit and target.
    open_tags: Vec<(usize, String)>,
    lone: Vec<(usize, usize)>,
}

impl Pass<'_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) => self.words(&text, &range),
            Event::Code(code) => {
                self.saw_words();
                self.code.push(range);
                if let Some(heading) = &mut self.heading {
                    heading.title.push_str(&code);
                }
            }
            Event::InlineHtml(tag) => self.inline_tag(&tag, range),
            Event::SoftBreak | Event::HardBreak => {
                if let Some(heading) = &mut self.heading {
                    heading.title.push(' ');
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { level, id, classes, attrs } if self.depth == 0 => {
                if id.is_some() || !classes.is_empty() || !attrs.is_empty() {
                    self.cut_attributes(&range);
                }
                let anchor = id.map_or_else(String::new, |id: CowStr<'_>| id.to_string());
                self.heading = Some(Heading { level: level as u8, title: String::new(), anchor, range });
            }
            Tag::BlockQuote(_) | Tag::List(_) | Tag::FootnoteDefinition(_) => self.depth += 1,
            Tag::Table(_) => (self.depth, self.in_table) = (self.depth + 1, true),
            Tag::CodeBlock(_) => self.code.push(range),
            Tag::HtmlBlock => self.html_block(range),
            Tag::Image { .. } => {
                self.images += 1;
                self.cut(range);
            }
            Tag::Link { dest_url, .. } => {
                self.scan.links.push(Link { at: range.start, target: dest_url.to_string() });
                self.open_links.push(false);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Heading(_) => {
                if let Some(mut heading) = self.heading.take() {
                    heading.title = heading.title.split_whitespace().collect::<Vec<_>>().join(" ");
                    if !heading.title.is_empty() {
                        self.scan.headings.push(heading);
                    }
                }
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::FootnoteDefinition => self.depth -= 1,
            TagEnd::Table => (self.depth, self.in_table) = (self.depth - 1, false),
            TagEnd::Image => self.images -= 1,
            // A link around nothing but an image leads nowhere once the image is dropped.
            TagEnd::Link if self.open_links.pop() == Some(false) => self.cut(range),
            _ => {}
        }
    }

    fn words(&mut self, text: &str, range: &Range<usize>) {
        if self.images > 0 || self.code.last().is_some_and(|code| code.end >= range.end) {
            return;
        }
        self.saw_words();
        if let Some(heading) = &mut self.heading {
            heading.title.push_str(text);
        }
        let source = &self.text[range.clone()];
        if source != text && source.starts_with('&') {
            let next = self.text[range.end..].chars().next().unwrap_or(' ');
            let text = text.replace('\u{a0}', " ");
            // A decoded character must not turn into markup.
            let special = matches!(text.as_str(), "*" | "_" | "`" | "[" | "]" | "|" | "\\");
            let opens_tag = text == "<" && (next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'));
            let text = if special || opens_tag { format!("\\{text}") } else { text };
            self.replace(range.clone(), text);
        }
    }

    fn saw_words(&mut self) {
        if let Some(seen) = self.open_links.last_mut() {
            *seen = true;
        }
    }

    fn inline_tag(&mut self, tag: &str, range: Range<usize>) {
        match html::tokens(tag).into_iter().next() {
            // Nothing is left of a comment.
            None => self.cut(range),
            Some(Token::Text(placeholder)) => {
                self.saw_words();
                if let Some(heading) = &mut self.heading {
                    heading.title.push_str(placeholder);
                }
            }
            Some(Token::Open(name, attributes)) => {
                self.name_heading(attributes);
                if name == "a" && self.heading.is_none() {
                    let target = html::attribute(attributes, "href").unwrap_or_default().to_owned();
                    self.open_tags.push((self.scan.edits.len(), target));
                }
                let text = if name == "br" && !self.in_table && self.heading.is_none() { "\n" } else { " " };
                self.replace(range, if name == "br" { text.to_owned() } else { String::new() });
            }
            Some(Token::Close(name)) => {
                let open = if name == "a" { self.open_tags.pop() } else { None };
                self.cut(range);
                if let Some((edit, target)) = open
                    && !target.is_empty()
                {
                    self.scan.edits[edit].text = "[".to_owned();
                    if let Some(close) = self.scan.edits.last_mut() {
                        close.text = format!("]({target})");
                    }
                }
            }
        }
    }

    fn name_heading(&mut self, attributes: &str) {
        let anchor = html::attribute(attributes, "id").or_else(|| html::attribute(attributes, "name"));
        let Some(anchor) = anchor else { return };
        self.scan.anchors.push(anchor.to_owned());
        if let Some(heading) = &mut self.heading
            && heading.anchor.is_empty()
        {
            heading.anchor = anchor.to_owned();
        }
    }

    fn html_block(&mut self, range: Range<usize>) {
        let source = &self.text[range.clone()];
        for token in html::tokens(source) {
            if let Token::Open(_, attributes) = token {
                let anchor =
                    html::attribute(attributes, "id").or_else(|| html::attribute(attributes, "name"));
                self.scan.anchors.extend(anchor.map(str::to_owned));
            }
        }
        let text = html::clean(source);
        self.replace(range, text);
    }

    fn cut_attributes(&mut self, heading: &Range<usize>) {
        let source = &self.text[heading.clone()];
        let line = source.lines().next().unwrap_or("");
        if let (Some(open), Some(close)) = (line.rfind('{'), line.rfind('}'))
            && open < close
        {
            let open = line[..open].trim_end().len();
            self.cut(heading.start + open..heading.start + close + 1);
        }
    }

    fn cut(&mut self, range: Range<usize>) {
        self.replace(range, String::new());
    }

    fn replace(&mut self, range: Range<usize>, text: String) {
        self.scan.edits.push(Edit { range, text });
    }

    /// Adds what is found in the source itself, and puts the edits in order, none within another.
    fn finish(mut self, start: usize) -> Scan {
        self.code.sort_by_key(|range| range.start);
        let tables = placeholder::tables(self.text, start, &self.code);
        self.scan.headings.retain(|heading| !tables.iter().any(|table| table.contains(&heading.range.start)));
        for table in tables {
            let text = html::table(&self.text[table.clone()]);
            self.replace(table, text);
        }
        for range in placeholder::find(self.text, start, &self.code) {
            self.cut(range);
        }
        for &(end, anchor) in &self.lone {
            let heading = self.scan.headings.iter_mut().find(|heading| heading.range.start >= end);
            if let Some(heading) = heading
                && heading.anchor.is_empty()
                && self.text[end..heading.range.start].trim().is_empty()
            {
                heading.anchor.clone_from(&self.scan.anchors[anchor]);
            }
        }
        self.scan.edits.sort_by(|a, b| a.range.start.cmp(&b.range.start).then(b.range.end.cmp(&a.range.end)));
        let mut end = 0;
        self.scan.edits.retain(|edit| {
            let free = edit.range.start >= end;
            end = if free { edit.range.end } else { end };
            free
        });
        self.scan
    }
}
