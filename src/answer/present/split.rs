//! Cuts blocks into parts of so many bytes: between paragraphs, else lines, else sentences, else words, else characters.
//!
//! No part is empty, no link, bold text or block of code stays open at the end of one. Deterministic; time is linear in the text.

use super::block::{Block, Line, Pen, Run};

/// How much room there is.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Bytes of a part.
    pub part: usize,
    /// Bytes of the last part that is allowed.
    pub last: usize,
    /// Parts that are allowed.
    pub parts: usize,
}

/// What became of the blocks.
#[derive(Debug, PartialEq, Eq)]
pub struct Packed {
    /// In order; none is empty.
    pub parts: Vec<String>,
    /// Whether something did not fit.
    pub fit: Fit,
}

/// Whether all was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Nothing is missing.
    Whole,
    /// The end is missing.
    Cut,
}

/// Cuts blocks into parts.
pub fn pack(blocks: &[Block], room: Room) -> Packed {
    let mut packer =
        Packer { room, parts: Vec::new(), out: String::new(), frame: None, gap: "", fit: Fit::Whole };
    for (at, block) in blocks.iter().enumerate() {
        let next = blocks.get(at + 1).filter(|_| block.leads);
        packer.block(block, next.map_or(0, |next| next.gap.as_str().len() + size(next)));
        if packer.fit == Fit::Cut {
            break;
        }
    }
    packer.flush();
    Packed { parts: packer.parts, fit: packer.fit }
}

struct Packer {
    room: Room,
    parts: Vec<String>,
    out: String,
    /// What closes the block that is open in this part; may be empty.
    frame: Option<String>,
    /// What is to stand before the next line.
    gap: &'static str,
    fit: Fit,
}

impl Packer {
    fn limit(&self, part: usize) -> usize {
        match self.room.parts.saturating_sub(1).cmp(&part) {
            std::cmp::Ordering::Greater => self.room.part,
            std::cmp::Ordering::Equal => self.room.last,
            std::cmp::Ordering::Less => 0,
        }
    }

    /// Bytes that are left in this part.
    fn left(&self) -> usize {
        let closing = self.frame.as_ref().map_or(0, |close| close.len() + usize::from(!close.is_empty()));
        self.limit(self.parts.len()).saturating_sub(self.out.len() + closing)
    }

    /// Bytes of the next part, were this one ended.
    fn next(&self) -> usize {
        self.limit(self.parts.len() + usize::from(!self.out.is_empty()))
    }

    /// Whether a part that ends here wastes less than half of itself.
    fn is_half_full(&self) -> bool {
        self.out.len() * 2 >= self.limit(self.parts.len())
    }

    fn flush(&mut self) {
        self.close_frame();
        let part = std::mem::take(&mut self.out);
        let part = part.trim_matches('\n').trim_end();
        if !part.trim().is_empty() {
            self.parts.push(part.to_owned());
        }
        self.gap = "";
    }

    /// A block, and so many bytes that are to stand with it.
    fn block(&mut self, block: &Block, with: usize) {
        self.gap = if self.out.is_empty() { "" } else { block.gap.as_str() };
        let size = size(block);
        let fits = self.gap.len() + size + with <= self.left();
        if !fits && size + with <= self.next() && self.is_half_full() {
            self.flush();
        }
        let frame = self.opening(block);
        for line in &block.lines {
            self.line(line, frame);
            if self.fit == Fit::Cut {
                return;
            }
        }
        self.close_frame();
    }

    fn close_frame(&mut self) {
        if let Some(close) = self.frame.take().filter(|close| !close.is_empty()) {
            self.out.push('\n');
            self.out.push_str(&close);
        }
    }

    /// The block's frame, where one fits into a part beside its content.
    fn opening<'a>(&self, block: &'a Block) -> Option<&'a Block> {
        (!block.open.is_empty() && frame_size(block) * 2 <= self.room.part.min(self.room.last))
            .then_some(block)
    }

    fn line(&mut self, line: &Line, frame: Option<&Block>) {
        let whole = line.written();
        if self.write(&whole, frame) {
            return self.tail(line);
        }
        let needed = whole.len() + frame.map_or(0, frame_size);
        if needed <= self.next() && self.is_half_full() {
            self.flush();
            if self.write(&whole, frame) {
                return self.tail(line);
            }
        }
        self.pieces(line, frame);
    }

    fn tail(&mut self, line: &Line) {
        // An unfinished line of the dialect; blanks at the end of a part are cut off.
        if line.tail.len() < self.left() {
            self.out.push_str(line.tail);
        }
    }

    /// Writes a line whole, with the frame where it is not open; `false`: there is no room.
    fn write(&mut self, text: &str, frame: Option<&Block>) -> bool {
        let mut before = self.gap.to_owned();
        let mut closing = 0;
        if let Some(block) = frame.filter(|_| self.frame.is_none()) {
            before.push_str(&block.open.join("\n"));
            before.push('\n');
            closing = block.close.as_ref().map_or(0, |close| close.len() + 1);
        }
        if before.len() + text.len() + closing > self.left() {
            return false;
        }
        self.out.push_str(&before);
        self.out.push_str(text);
        if let Some(block) = frame.filter(|_| self.frame.is_none()) {
            self.frame = Some(block.close.clone().unwrap_or_default());
        }
        self.gap = "\n";
        true
    }

    /// Writes a line that does not fit, as much as fits at a time.
    fn pieces(&mut self, line: &Line, frame: Option<&Block>) {
        let mut rest = line.clone();
        while rest.runs.iter().any(|run| !run.text.is_empty()) {
            let overhead = self.gap.len() + self.overhead(frame);
            let wish = if self.out.is_empty() { Least::Anything } else { Least::Sentence };
            match cut(&rest, self.left().saturating_sub(overhead), wish) {
                Some((piece, after)) if self.write(&piece, frame) => rest = after,
                _ if !self.out.is_empty() => self.flush(),
                _ if self.parts.len() >= self.room.parts => {
                    self.fit = Fit::Cut;
                    return;
                }
                _ => rest = plainer(rest),
            }
        }
        self.tail(line);
    }

    fn overhead(&self, frame: Option<&Block>) -> usize {
        frame.filter(|_| self.frame.is_none()).map_or(0, frame_size)
    }
}

/// Bytes of what stands around the lines of a block, line breaks included.
fn frame_size(block: &Block) -> usize {
    let close = block.close.as_ref().map_or(0, |close| close.len() + 1);
    block.open.iter().map(|line| line.len() + 1).sum::<usize>() + close
}

/// Bytes of a block on its own.
fn size(block: &Block) -> usize {
    let lines: usize = block.lines.iter().map(|line| line.written().len() + line.tail.len() + 1).sum();
    (lines + frame_size(block)).saturating_sub(1)
}

/// How good a place to cut must be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Least {
    Sentence,
    Anything,
}

/// Cuts off what fits into so many bytes, at the best place there is.
fn cut(line: &Line, room: usize, least: Least) -> Option<(String, Line)> {
    if line.written().len() <= room {
        return Some((line.written(), Line::default()));
    }
    let place = best(line, room, least)?;
    let mut pen = Pen::new(line.prefix.clone());
    let mut rest = Line { prefix: line.again.clone(), runs: Vec::new(), ..line.clone() };
    for (at, run) in line.runs.iter().enumerate() {
        let end = match at.cmp(&place.0) {
            std::cmp::Ordering::Less => run.text.len(),
            std::cmp::Ordering::Equal => place.1,
            std::cmp::Ordering::Greater => 0,
        };
        pen.write(&run.marks, &run.text[..end]);
        let after = &run.text[end..];
        if !after.is_empty() {
            rest.runs.push(Run { text: after.to_owned(), ..run.clone() });
        }
    }
    Some((pen.finish(), rest))
}

/// The place to cut: run, and byte in it.
fn best(line: &Line, room: usize, least: Least) -> Option<(usize, usize)> {
    let mut pen = Pen::new(line.prefix.clone());
    let (mut sentence, mut word, mut outside, mut anywhere) = (None, None, None, None);
    let mut before: Option<char> = None;
    'runs: for (at, run) in line.runs.iter().enumerate() {
        for (start, c) in run.text.char_indices() {
            let end = start + c.len_utf8();
            if pen.cost(&run.marks, end) > room {
                break 'runs;
            }
            let after = run.text[end..].chars().next();
            let free = run.marks.is_empty() || after.is_none();
            let here = Some((at, end));
            if !joins(c, after) {
                anywhere = here;
                let between = free && !(c.is_ascii_graphic() && after.is_some_and(|c| c.is_ascii_graphic()));
                outside = if between { here } else { outside };
                word = if free && (c.is_whitespace() || ends_clause(c)) { here } else { word };
                sentence = if free && ends_sentence(c, before, after) { here } else { sentence };
            }
            before = Some(c);
        }
        pen.write(&run.marks, &run.text);
    }
    // A place near the start would make a part of three words.
    let far = |place: &(usize, usize)| reach(line, *place) * 3 >= room;
    match least {
        Least::Sentence => sentence,
        Least::Anything => {
            let good = sentence.filter(far).or(word.filter(far)).or(outside.filter(far));
            good.or(anywhere.filter(far)).or(outside).or(anywhere)
        }
    }
}

fn reach(line: &Line, (run, byte): (usize, usize)) -> usize {
    line.runs.iter().take(run).map(|run| run.text.len()).sum::<usize>() + byte
}

/// Whether two characters are one to the eye, or one escape.
fn joins(c: char, after: Option<char>) -> bool {
    let combining = |c: char| matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}');
    let flag = |c: char| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
    c == '\\' || c == '\u{200d}' || after.is_some_and(|after| combining(after) || flag(c) && flag(after))
}

fn ends_sentence(c: char, before: Option<char>, after: Option<char>) -> bool {
    match c {
        '。' | '！' | '？' | '；' | '…' => {
            !matches!(after, Some('”' | '’' | '」' | '）' | '。' | '！' | '？' | '…'))
        }
        '”' | '」' => matches!(before, Some('。' | '！' | '？')),
        '.' | '!' | '?' | ';' => after.is_none_or(char::is_whitespace),
        _ => false,
    }
}

fn ends_clause(c: char) -> bool {
    matches!(c, '，' | '、' | '：' | '）')
}

/// The line with less around its words, so that something of it fits: no prefix, then no marks, then no first character.
fn plainer(line: Line) -> Line {
    if !line.prefix.is_empty() || !line.again.is_empty() {
        return Line { prefix: String::new(), again: String::new(), ..line };
    }
    let marked = line.runs.iter().any(|run| !run.marks.is_empty());
    let mut runs = line.runs;
    if marked {
        let bare = |run: Run| Run { marks: Vec::new(), ..run };
        return Line { runs: runs.into_iter().map(bare).collect(), ..line };
    }
    if let Some(run) = runs.iter_mut().find(|run| !run.text.is_empty()) {
        let first = run.text.chars().next().map_or(0, char::len_utf8);
        run.text.drain(..first);
    }
    Line { runs, ..line }
}
