//! Markdown → blocks of a dialect: plain text that reads well, the subset of DingTalk, or Markdown again with its HTML made text.
//!
//! Everything is written anew from the parser's events, so that nothing passes that was not understood.

use std::mem;
use std::rc::Rc;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::block::{Block, Gap, Line, Mark, Run, Spelling};
use super::escape;
use super::table::{self, Cell};

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

/// What is open around the text.
enum Around {
    Quote,
    List { next: Option<u64>, begun: bool },
    Item { marker: String, used: bool },
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
    around: Vec<Around>,
    marks: Vec<Rc<Mark>>,
    links: Vec<Link>,
    runs: Vec<Run>,
    lines: Vec<Line>,
    /// Of the block whose lines these are.
    begins: Place,
    heading: Option<HeadingLevel>,
    sink: Sink,
}

/// Where a block is within the lists around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It begins an item.
    Item,
    /// It goes on, or there is no list.
    Within,
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
            around: Vec::new(),
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
            Tag::BlockQuote(_) => self.open(Around::Quote),
            Tag::List(next) => self.open(Around::List { next, begun: false }),
            Tag::Item => self.item(),
            Tag::CodeBlock(kind) => {
                self.end_block();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => language(&info),
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
                self.around.pop();
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

    fn open(&mut self, around: Around) {
        self.end_block();
        self.around.push(around);
    }

    fn item(&mut self) {
        self.end_block();
        let bullet = if self.dialect.is_markdown() { "- " } else { "· " };
        let Some(Around::List { next, .. }) = self.around.last_mut() else { return };
        let marker = match next {
            Some(number) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            None => bullet.to_owned(),
        };
        self.around.push(Around::Item { marker, used: false });
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
        // Marks that show nothing are left out, so that words on both sides of them are spelled as one.
        let marks: Vec<_> = self.marks.iter().filter(|mark| !mark.open.is_empty()).map(Rc::clone).collect();
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

    fn code(&mut self, text: &str) {
        if self.dialect != Dialect::Full {
            return self.words(text);
        }
        for link in &mut self.links {
            link.text.push_str(text);
        }
        let ticks = "`".repeat(longest_ticks(text) + 1);
        let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
        let mark = Mark { open: format!("{ticks}{pad}"), close: format!("{pad}{ticks}") };
        self.marks.push(Rc::new(mark));
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
        let url = escape::address(url);
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
            self.begins = self.next_place();
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
        let gap = self.gap(place);
        for around in &mut self.around {
            if let Around::List { begun, .. } = around {
                *begun = true;
            }
        }
        self.blocks.push(Block { gap, ..block });
    }

    /// Items of a list stand close; what follows the first block of an item does so in plain text only.
    fn gap(&self, place: Place) -> Gap {
        let begun = self.around.iter().any(|around| matches!(around, Around::List { begun: true, .. }));
        match place {
            Place::Item if begun => Gap::Line,
            Place::Within if begun && !self.dialect.is_markdown() => Gap::Line,
            Place::Item | Place::Within => Gap::Paragraph,
        }
    }

    /// Whether the next line begins an item.
    fn next_place(&self) -> Place {
        match self.around.last() {
            Some(Around::Item { used: false, .. }) => Place::Item,
            _ => Place::Within,
        }
    }

    /// What stands before the next line, and before what is cut off it. Uses up the marker of an item.
    fn prefix(&mut self) -> (String, String) {
        let (mut first, mut again) = (String::new(), String::new());
        for around in &mut self.around {
            match around {
                Around::Quote => {
                    first.push_str("> ");
                    again.push_str("> ");
                }
                Around::List { .. } => {}
                Around::Item { marker, used } => {
                    let blank = " ".repeat(marker.chars().count());
                    first.push_str(if *used { &blank } else { marker });
                    again.push_str(&blank);
                    *used = true;
                }
            }
        }
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
        let place = self.next_place();
        let (first, again) = self.prefix();
        let mut block = match self.dialect {
            Dialect::Full => {
                let fence = "`".repeat(longest_ticks(code).max(2) + 1);
                let (open, close) = (format!("{first}{fence}{language}"), format!("{again}{fence}"));
                Block { open: vec![open], close: Some(close), ..Block::default() }
            }
            _ => Block::default(),
        };
        let shown = match self.dialect {
            // Code is copied: nothing may stand before it.
            Dialect::Plain | Dialect::Anchors => String::new(),
            Dialect::Dingtalk | Dialect::Full => again,
        };
        if place == Place::Item && self.dialect != Dialect::Full {
            block.lines.push(Line { prefix: first, tail: self.dialect.tail(), ..Line::default() });
        }
        for line in code.lines() {
            let spelling = match self.dialect {
                Dialect::Full => Spelling::Exact,
                _ => Spelling::Words,
            };
            let mut runs = vec![Run { spelling, ..Run::words(line) }];
            spell_runs(&mut runs, self.dialect);
            let (prefix, again) = (shown.clone(), shown.clone());
            block.lines.push(Line { prefix, again, runs, tail: self.dialect.tail() });
        }
        self.place(place, block);
    }

    fn end_table(&mut self) {
        let Sink::Table(rows) = mem::replace(&mut self.sink, Sink::Text) else { return };
        let blocks = match self.dialect {
            Dialect::Full => table::grid(rows),
            _ => table::lines(rows, self.dialect.tail()),
        };
        for mut block in blocks {
            let place = self.next_place();
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

fn spell_runs(runs: &mut [Run], dialect: Dialect) {
    match dialect {
        Dialect::Plain => {}
        Dialect::Anchors => escape::anchors(runs),
        Dialect::Dingtalk | Dialect::Full => escape::markdown(runs),
    }
}

fn anchor(url: &str, dialect: Dialect) -> Option<Mark> {
    match dialect {
        Dialect::Plain => None,
        // `&` stays: the platform's own examples have it so.
        Dialect::Anchors => Some(Mark { open: format!("<a href=\"{url}\">"), close: "</a>".to_owned() }),
        Dialect::Dingtalk | Dialect::Full => Some(Mark { open: "[".to_owned(), close: format!("]({url})") }),
    }
}

/// The address behind a title, which it is not worth saying twice. Kept in one piece where that is possible.
fn aside(title: &str, url: &str) -> Run {
    let text = if title == url { String::new() } else { format!(" ({url})") };
    let whole = Rc::new(Mark { open: String::new(), close: String::new() });
    Run { text, marks: vec![whole], spelling: Spelling::Exact }
}

fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn language(info: &str) -> String {
    let word = info.split_whitespace().next().unwrap_or("");
    word.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#' | '_')).take(20).collect()
}

fn file_name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    path.rsplit('/').find(|name| !name.is_empty()).unwrap_or(url)
}
