//! Which parts of a document are cases of their own.

use std::ops::Range;

use super::generic::is_generic;
use super::scan::{Heading, Scan};

/// Text before the first section is a case of its own from this many characters on; less is a lead-in.
const SUBSTANTIAL: usize = 200;
/// A subsection must have as many to be an answer by itself.
const QUESTION_SIZED: usize = 200;
/// A section is one answer up to this many characters.
const LONG: usize = 3_000;
/// Sections of sections are split this deep: H2 of a document are level 1, their H3 and H4 levels 2 and 3.
const DEEPEST: usize = 2;

/// What becomes a case: the heading that titles it (`None`: the document itself) and the parts of its text.
#[derive(Debug)]
pub struct Piece {
    /// Index of its heading.
    pub heading: Option<usize>,
    /// Index of the heading above, where that is neither the document's title nor this.
    pub above: Option<usize>,
    /// Places in the source.
    pub parts: Vec<Range<usize>>,
}

/// Cuts a document, from `start` to its end, into pieces. `title` is the heading that titles the document.
pub fn pieces(text: &str, scan: &Scan, start: usize, title: Option<usize>) -> Vec<Piece> {
    let first = title.map_or(0, |title| title + 1);
    let children = children(&scan.headings, first..scan.headings.len(), text.len());
    let body = title.map_or(start, |title| scan.headings[title].range.end);
    let root = Node { heading: title, body: body..text.len(), children };
    let mut cutter = Cutter { text, scan, pieces: Vec::new() };
    cutter.cut(&root, 0, None);
    let before = title.map(|title| start..scan.headings[title].range.start);
    if let (Some(before), Some(first)) = (before, cutter.pieces.first_mut())
        && !text[before.clone()].trim().is_empty()
    {
        first.parts.insert(0, before);
    }
    cutter.pieces
}

struct Node {
    heading: Option<usize>,
    /// From behind its heading to its end, subsections included.
    body: Range<usize>,
    children: Vec<Node>,
}

/// The topmost headings of a range, each with what is below it.
fn children(headings: &[Heading], range: Range<usize>, end: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let level = headings[at].level;
        let next = (at + 1..range.end).find(|&next| headings[next].level <= level).unwrap_or(range.end);
        let stop = if next < range.end { headings[next].range.start } else { end };
        let body = headings[at].range.end..stop;
        nodes.push(Node { heading: Some(at), body, children: children(headings, at + 1..next, stop) });
        at = next;
    }
    nodes
}

struct Cutter<'a> {
    text: &'a str,
    scan: &'a Scan,
    pieces: Vec<Piece>,
}

impl Cutter<'_> {
    fn cut(&mut self, node: &Node, depth: usize, above: Option<usize>) {
        let (stay, own): (Vec<_>, Vec<_>) = node.children.iter().partition(|child| self.stays(child));
        if own.is_empty() || (depth > 0 && !self.splits(node, depth, &own)) {
            self.pieces.push(Piece { heading: node.heading, above, parts: vec![node.body.clone()] });
            return;
        }
        let first = self.start(own[0]);
        let (leading, trailing) = self.text_of_its_own(node, &stay, first);
        let size: usize = leading.iter().chain(&trailing).map(|part| self.size(part.clone())).sum();
        let above_children = if depth == 0 { None } else { node.heading };
        let mark = self.pieces.len();
        let own_case = size >= SUBSTANTIAL;
        if own_case {
            let parts = leading.iter().chain(&trailing).cloned().collect();
            self.pieces.push(Piece { heading: node.heading, above, parts });
        }
        for child in &node.children {
            if !self.stays(child) {
                self.cut(child, depth + 1, above_children);
            } else if !own_case && self.start(child) > first {
                self.append(mark, self.start(child)..child.body.end);
            }
        }
        if let (false, Some(piece)) = (own_case, self.pieces.get_mut(mark)) {
            piece.parts.splice(0..0, leading);
        }
    }

    /// Adds a part to the piece before it, but not to one without text of its own: the title of that would stand over
    /// what does not answer it.
    fn append(&mut self, mark: usize, part: Range<usize>) {
        let full = (mark..self.pieces.len()).rev().find(|&at| {
            let piece = &self.pieces[at];
            piece.parts.iter().any(|part| self.size(part.clone()) > 0)
        });
        if let Some(full) = full {
            self.pieces[full].parts.push(part);
        }
    }

    /// What belongs to the node itself: the text before its first subsection, and subsections that are none by name.
    fn text_of_its_own(
        &self,
        node: &Node,
        stay: &[&Node],
        first: usize,
    ) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
        let lead_end = node.children.first().map_or(node.body.end, |child| self.start(child));
        let (mut leading, mut trailing) = (Vec::new(), Vec::new());
        leading.push(node.body.start..lead_end);
        for child in stay {
            let part = self.start(child)..child.body.end;
            if part.start < first { leading.push(part) } else { trailing.push(part) }
        }
        (leading, trailing)
    }

    fn stays(&self, node: &Node) -> bool {
        node.heading.is_some_and(|heading| is_generic(&self.scan.headings[heading].title))
    }

    fn splits(&self, node: &Node, depth: usize, own: &[&Node]) -> bool {
        depth <= DEEPEST
            && own.len() > 1
            && self.size(node.body.clone()) > LONG
            && own.iter().all(|child| self.size(child.body.clone()) >= QUESTION_SIZED)
    }

    fn start(&self, node: &Node) -> usize {
        node.heading.map_or(node.body.start, |heading| self.scan.headings[heading].range.start)
    }

    /// Characters that a person reads: without markup to be dropped, and without white space.
    fn size(&self, part: Range<usize>) -> usize {
        self.scan.render(self.text, part).chars().filter(|c| !c.is_whitespace()).count()
    }
}
