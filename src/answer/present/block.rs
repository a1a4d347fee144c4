//! Text that was laid out and not yet cut: blocks of lines of runs, where a run knows the marks around it.
//!
//! Marks are kept apart from the text, so that a text can be cut anywhere and each piece still opens and closes its own.

use std::rc::Rc;

/// What stands around a run, such as `**` or a link's address. Two runs are within the same one when they share it.
#[derive(Debug, PartialEq, Eq)]
pub struct Mark {
    /// What opens it.
    pub open: String,
    /// What closes it.
    pub close: String,
}

/// Text within the same marks.
#[derive(Clone, Debug)]
pub struct Run {
    /// The text, without line breaks.
    pub text: String,
    /// From the outermost to the innermost.
    pub marks: Vec<Rc<Mark>>,
    /// Whether the text is to be shown as it is.
    pub spelling: Spelling,
}

/// Whether a text may hold what a dialect takes for markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// It may: it is escaped before it leaves.
    Words,
    /// It is spelled in the dialect already.
    Exact,
}

/// One line.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What stands before it, such as `1. `.
    pub prefix: String,
    /// What stands before what is cut off it.
    pub again: String,
    /// The words.
    pub runs: Vec<Run>,
    /// What makes the dialect break the line here.
    pub tail: &'static str,
}

/// A paragraph, list item, table or block of code.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// How it stands to the block before it.
    pub gap: Gap,
    /// Lines that stand above it, again in each part on which it goes on: a fence, the head of a table.
    pub open: Vec<String>,
    /// The line that ends it, in each part.
    pub close: Option<String>,
    /// The lines.
    pub lines: Vec<Line>,
    /// Whether it is to stand in one part with the beginning of what follows: a heading, what leads to choices.
    pub leads: bool,
}

/// What is between a block and the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gap {
    /// An empty line.
    #[default]
    Paragraph,
    /// A line break.
    Line,
}

impl Gap {
    /// The gap as text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paragraph => "\n\n",
            Self::Line => "\n",
        }
    }
}

impl Run {
    /// Words without marks.
    pub fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), marks: Vec::new(), spelling: Spelling::Words }
    }
}

impl Line {
    /// The line as text, without its tail.
    pub fn written(&self) -> String {
        let mut pen = Pen::new(self.prefix.clone());
        for run in &self.runs {
            pen.write(&run.marks, &run.text);
        }
        pen.finish()
    }
}

impl Block {
    /// A paragraph without marks: each line break of `text` is one.
    pub fn sentence(text: &str, tail: &'static str) -> Self {
        let lines = text.trim().split('\n').map(|line| {
            let runs = vec![Run::words(line.trim_end())];
            Line { runs, tail, ..Line::default() }
        });
        Self { lines: lines.collect(), ..Self::default() }
    }
}

/// Writes runs one after the other and opens and closes their marks where they change.
pub struct Pen {
    out: String,
    open: Vec<Rc<Mark>>,
}

impl Pen {
    /// Goes on behind what is written.
    pub fn new(out: String) -> Self {
        Self { out, open: Vec::new() }
    }

    /// Writes text within marks.
    pub fn write(&mut self, marks: &[Rc<Mark>], text: &str) {
        if text.is_empty() {
            return;
        }
        let shared = self.shared(marks);
        while self.open.len() > shared {
            self.close_one();
        }
        for mark in &marks[shared..] {
            self.out.push_str(&mark.open);
            self.open.push(Rc::clone(mark));
        }
        self.out.push_str(text);
    }

    /// How many bytes there would be, all marks closed, were a text of so many bytes written within marks.
    pub fn cost(&self, marks: &[Rc<Mark>], bytes: usize) -> usize {
        let shared = self.shared(marks);
        let closing: usize = self.open.iter().map(|mark| mark.close.len()).sum::<usize>();
        let kept: usize = marks[..shared].iter().map(|mark| mark.close.len()).sum();
        let added: usize = marks[shared..].iter().map(|mark| mark.open.len() + mark.close.len()).sum();
        self.out.len() + (closing - kept) + kept + added + bytes
    }

    /// What is written, all marks closed.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close_one();
        }
        self.out
    }

    fn close_one(&mut self) {
        if let Some(mark) = self.open.pop() {
            self.out.push_str(&mark.close);
        }
    }

    fn shared(&self, marks: &[Rc<Mark>]) -> usize {
        self.open.iter().zip(marks).take_while(|(left, right)| Rc::ptr_eq(left, right)).count()
    }
}
