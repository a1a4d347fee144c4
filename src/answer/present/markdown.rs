//! Markdown → blocks of a dialect: plain text that reads well, the subset of DingTalk, or Markdown again with its HTML made text.
//!
//! Everything is written anew from the parser's events, so that nothing passes that was not understood.

use std::mem;
use std::rc::Rc;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::block::{Block, Line, Mark, Run, Spelling};
use super::dialect::{Dialect, anchor, aside, spell_runs};
use super::nesting::{Nesting, Place};
use super::table::{self, Cell};
use super::{code, escape};

/// Marks within marks beyond these show nothing.
const DEEPEST: usize = 8;

/// The blocks of a Markdown text, spelled in the dialect.
pub fn blocks(text: &str, dialect: Dialect) -> Vec<Block> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut writer = Writer::new(dialect);
    for event in Parser::new_ext(text, options) {
        writer.take(event);
    }
    writer.end_block();
    writer.blocks
}

/// What the words of an event go into.
enum Sink {
    Text,
    /// Words of a block of code and its language.
    Code(String, String),
    /// Cells of a table that is being read; the first row is its head.
    Table(Vec<Vec<Cell>>),
}

struct Writer {
    dialect: Dialect,
    blocks: Vec<Block>,
    around: Nesting,
    marks: Vec<Rc<Mark>>,
    links: Vec<Link>,
    runs: Vec<Run>,
    lines: Vec<Line>,
    /// Of the block whose lines these are.
    begins: Place,
    heading: Option<HeadingLevel>,
    sink: Sink,
}

struct Link {
    url: Option<String>,
    text: String,
    marked: bool,
    image: bool,
}

impl Writer {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            blocks: Vec::new(),
            around: Nesting::default(),
            marks: Vec::new(),
            links: Vec::new(),
            runs: Vec::new(),
            lines: Vec::new(),
            begins: Place::Within,
            heading: None,
            sink: Sink::Text,
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.words(&text),
            Event::Code(text) => self.code(&text),
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            Event::SoftBreak => self.line_break(""),
            Event::HardBreak => self.line_break("  "),
            Event::TaskListMarker(done) => self.task(if done { "☑ " } else { "☐ " }),
            Event::Rule if self.dialect == Dialect::Full => {
                self.end_block();
                self.exact("---");
                self.end_block();
            }
            Event::Rule => self.end_block(),
            Event::FootnoteReference(name) => self.words(&name),
        }
    }

    fn start(&mut self, tag: Tag) {
        match tag {
            Tag::Heading { level, .. } => {
                self.end_block();
                self.heading = Some(level);
            }
            Tag::BlockQuote(_) => {
                self.end_block();
                self.around.quote();
            }
            Tag::List(first) => {
                self.end_block();
                self.around.list(first);
            }
            Tag::Item => {
                self.end_block();
                self.around.item(self.dialect);
            }
            Tag::CodeBlock(kind) => {
                self.end_block();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => code::language(&info),
                    CodeBlockKind::Indented => String::new(),
                };
                self.sink = Sink::Code(String::new(), language);
            }
            Tag::Table(_) => {
                self.end_block();
                self.sink = Sink::Table(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Sink::Table(rows) = &mut self.sink {
                    rows.push(Vec::new());
                }
            }
            Tag::Strong => self.mark("**"),
            Tag::Emphasis => self.mark("*"),
            Tag::Strikethrough => self.mark("~~"),
            Tag::Link { dest_url, .. } => self.start_link(&dest_url),
            Tag::Image { dest_url, .. } => self.start_image(&dest_url),
            Tag::Paragraph => self.end_block(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.end_block(),
            TagEnd::Heading(_) => {
                self.end_block();
                self.heading = None;
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => {
                self.end_block();
                self.around.close();
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::Table => self.end_table(),
            TagEnd::TableCell => {
                let runs = mem::take(&mut self.runs);
                if let Sink::Table(rows) = &mut self.sink
                    && let Some(row) = rows.last_mut()
                {
                    row.push(runs);
                }
            }
            TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough => drop(self.marks.pop()),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    fn mark(&mut self, mark: &str) {
        let shown = match self.dialect {
            Dialect::Full => mark,
            Dialect::Dingtalk if mark != "~~" => mark,
            _ => "",
        };
        self.marks.push(Rc::new(Mark { open: shown.to_owned(), close: shown.to_owned() }));
    }

    fn words(&mut self, text: &str) {
        if let Sink::Code(code, _) = &mut self.sink {
            code.push_str(text);
            return;
        }
        for link in &mut self.links {
            link.text.push_str(text);
        }
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.line_break("  ");
            }
            let line: String = line.chars().filter(|c| *c == '\t' || !c.is_control()).collect();
            self.push(&line, Spelling::Words);
        }
    }

    fn exact(&mut self, text: &str) {
        self.push(text, Spelling::Exact);
    }

    fn push(&mut self, text: &str, spelling: Spelling) {
        if text.is_empty() {
            return;
        }
        let marks: Vec<_> = self.shown().take(DEEPEST).map(Rc::clone).collect();
        if let Some(last) = self.runs.last_mut()
            && last.spelling == spelling
            && last.marks.len() == marks.len()
            && last.marks.iter().zip(&marks).all(|(left, right)| Rc::ptr_eq(left, right))
        {
            last.text.push_str(text);
            return;
        }
        self.runs.push(Run { text: text.to_owned(), marks, spelling });
    }

    /// Marks that show nothing are left out, so that words on both sides of them are spelled as one.
    fn shown(&self) -> impl Iterator<Item = &Rc<Mark>> {
        self.marks.iter().filter(|mark| !mark.open.is_empty())
    }

    fn code(&mut self, text: &str) {
        let depth = self.shown().count();
        // Without ticks of its own it would be read as Markdown.
        if self.dialect != Dialect::Full || depth >= DEEPEST {
            return self.words(text);
        }
        // What stood between two of them may have shown nothing, and their ticks would be one row.
        if self.runs.last().is_some_and(|last| last.marks.len() == depth + 1 && last.is_code()) {
            self.exact(" ");
        }
        for link in &mut self.links {
            link.text.push_str(text);
        }
        self.marks.push(Rc::new(code::span(text)));
        self.exact(text);
        self.marks.pop();
    }

    fn html(&mut self, html: &str) {
        let name: String = html.chars().filter(|c| !c.is_whitespace() && *c != '/').collect();
        match () {
            () if name.eq_ignore_ascii_case("<br>") => self.line_break("  "),
            () if html.trim_start().starts_with("<!--") => {}
            () => self.words(html),
        }
    }

    fn task(&mut self, text: &str) {
        self.push(text, Spelling::Exact);
    }

    fn line_break(&mut self, tail: &'static str) {
        if self.heading.is_some() || matches!(self.sink, Sink::Table(_)) {
            return self.push(" ", Spelling::Words);
        }
        let tail = match self.dialect {
            Dialect::Plain | Dialect::Anchors => "",
            Dialect::Dingtalk => "  ",
            Dialect::Full => tail,
        };
        self.end_line(tail);
    }

    fn start_link(&mut self, url: &str) {
        // The words of an image may hold links; an anchor within an anchor would end both.
        let within = self.links.iter().any(|link| link.url.is_some());
        let url = escape::address(url).filter(|_| !within);
        let mark = url.as_deref().and_then(|url| anchor(url, self.dialect));
        let marked = mark.is_some();
        self.marks.extend(mark.map(Rc::new));
        self.links.push(Link { url, text: String::new(), marked, image: false });
    }

    fn start_image(&mut self, url: &str) {
        let url = escape::address(url).filter(|_| self.links.is_empty());
        let mark = url.as_deref().and_then(|url| anchor(url, self.dialect)).map(|mark| match self.dialect {
            Dialect::Full | Dialect::Dingtalk => Mark { open: "![".to_owned(), ..mark },
            _ => mark,
        });
        let marked = mark.is_some();
        self.marks.extend(mark.map(Rc::new));
        self.links.push(Link { url, text: String::new(), marked, image: true });
    }

    fn end_link(&mut self) {
        let Some(link) = self.links.last_mut() else { return };
        let bare = link.text.trim().is_empty();
        let shown = link.url.clone().filter(|_| bare);
        if let Some(url) = shown {
            let text = if link.image { file_name(&url).to_owned() } else { url };
            self.words(&text);
        }
        let Some(link) = self.links.pop() else { return };
        if link.marked {
            self.marks.pop();
        } else if let Some(url) = link.url {
            self.runs.push(aside(link.text.trim(), &url));
        }
    }

    fn end_line(&mut self, tail: &'static str) {
        let mut runs = mem::take(&mut self.runs);
        spell_runs(&mut runs, self.dialect);
        if self.lines.is_empty() {
            self.begins = self.around.next_place();
        }
        let (prefix, again) = self.prefix();
        self.lines.push(Line { prefix, again, runs, tail });
    }

    fn end_block(&mut self) {
        if !self.runs.is_empty() {
            self.end_line("");
        }
        let mut lines = mem::take(&mut self.lines);
        lines.retain(|line| line.runs.iter().any(|run| !run.text.trim().is_empty()));
        if lines.is_empty() {
            return;
        }
        self.place(self.begins, Block { lines, ..Block::default() });
    }

    /// Puts a block behind the others.
    fn place(&mut self, place: Place, block: Block) {
        let gap = self.around.gap(place, self.dialect);
        self.blocks.push(Block { gap, ..block });
    }

    fn prefix(&mut self) -> (String, String) {
        let (mut first, again) = self.around.prefix();
        if let Some(level) = self.heading.filter(|_| self.dialect.is_markdown()) {
            first.push_str(&"#".repeat(level as usize));
            first.push(' ');
        }
        (first, again)
    }

    fn end_code(&mut self) {
        let Sink::Code(code, language) = mem::replace(&mut self.sink, Sink::Text) else { return };
        let code = code.trim_end_matches(['\n', '\r']);
        if code.trim().is_empty() {
            return;
        }
        let place = self.around.next_place();
        let (first, again) = self.prefix();
        self.place(place, code::block(code, &language, self.dialect, place, &first, &again));
    }

    fn end_table(&mut self) {
        let Sink::Table(rows) = mem::replace(&mut self.sink, Sink::Text) else { return };
        let blocks = match self.dialect {
            Dialect::Full => table::grid(rows),
            _ => table::lines(rows, self.dialect.tail()),
        };
        for mut block in blocks {
            let place = self.around.next_place();
            for line in &mut block.lines {
                spell_runs(&mut line.runs, self.dialect);
                (line.prefix, line.again) = self.prefix();
            }
            let again = self.prefix().1;
            for line in &mut block.open {
                line.insert_str(0, &again);
            }
            self.place(place, block);
        }
    }
}

fn file_name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    path.rsplit('/').find(|name| !name.is_empty()).unwrap_or(url)
}
