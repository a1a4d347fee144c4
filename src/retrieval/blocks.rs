//! Cuts a Markdown text into the units that a reader needs whole: paragraphs, list items, fences, tables, numbered steps.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

/// What a unit is, as far as cutting it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A paragraph, a quote, a list item, a list: may be cut between lines where nothing else helps.
    Plain,
    /// A fenced code block by itself.
    Fence,
    /// A table by itself.
    Table,
}

/// Whole lines of the text that stay together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its bytes; begins at the start of a line, ends where the next unit begins.
    pub range: Range<usize>,
    /// What it is.
    pub shape: Shape,
    /// Level of the outermost heading that it begins with.
    pub heading: Option<u8>,
    /// Whether it says nothing without what follows: a heading, a line that introduces a list.
    pub keeps_next: bool,
    /// Whether it is a step of a numbered list after the first.
    pub later_step: bool,
}

/// A text cut into units.
#[derive(Debug, Default)]
pub struct Outline {
    /// The units in order; together they are the whole text.
    pub units: Vec<Unit>,
    /// Every fenced code block, at any depth.
    pub fences: Vec<Range<usize>>,
}

struct Block {
    unit: Unit,
    items: Vec<usize>,
    ordered: bool,
}

/// The units of a text, none longer than `most_chars` but those that cannot be cut into smaller ones.
pub fn outline(body: &str, most_chars: usize) -> Outline {
    let (blocks, fences) = blocks(body);
    let ends: Vec<usize> = blocks.iter().skip(1).map(|b| b.unit.range.start).chain([body.len()]).collect();
    let mut units = Vec::with_capacity(blocks.len());
    for (mut block, end) in blocks.into_iter().zip(ends) {
        block.unit.range.end = end;
        spread(body, block, most_chars, &mut units);
    }
    if let Some(first) = units.first_mut() {
        first.range.start = 0;
    }
    Outline { units: glue(body, units, most_chars), fences }
}

/// The top-level blocks, their ends not yet known.
fn blocks(body: &str) -> (Vec<Block>, Vec<Range<usize>>) {
    let (mut blocks, mut fences): (Vec<Block>, _) = (Vec::new(), Vec::new());
    let mut depth = 0u32;
    for (event, range) in Parser::new_ext(body, Options::ENABLE_TABLES).into_offset_iter() {
        let start = line_start(body, range.start);
        let is_new = blocks.last().is_none_or(|last| last.unit.range.start < start);
        match event {
            Event::Start(tag) => {
                if depth == 0 && is_new {
                    blocks.push(block(body, &tag, start..range.end));
                }
                if let (1, Tag::Item, Some(list)) = (depth, &tag, blocks.last_mut())
                    && list.items.last().is_none_or(|&last| last < start)
                {
                    list.items.push(start);
                }
                if matches!(tag, Tag::CodeBlock(CodeBlockKind::Fenced(_))) {
                    fences.push(range);
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Rule if depth == 0 && is_new => blocks.push(plain(start..range.end)),
            _ => {}
        }
    }
    (blocks, fences)
}

fn plain(range: Range<usize>) -> Block {
    let unit = Unit { range, shape: Shape::Plain, heading: None, keeps_next: false, later_step: false };
    Block { unit, items: Vec::new(), ordered: false }
}

fn block(body: &str, tag: &Tag<'_>, range: Range<usize>) -> Block {
    let text = body[range.clone()].trim();
    let mut block = plain(range);
    match tag {
        Tag::Heading { level, .. } => {
            block.unit.heading = Some(*level as u8);
            block.unit.keeps_next = true;
        }
        Tag::Paragraph => block.unit.keeps_next = introduces(text),
        Tag::CodeBlock(CodeBlockKind::Fenced(_)) => block.unit.shape = Shape::Fence,
        Tag::Table(_) => block.unit.shape = Shape::Table,
        Tag::List(first) => block.ordered = first.is_some(),
        _ => {}
    }
    block
}

/// Whether a paragraph leads to what follows: it ends in a colon, or is one bold line used as a heading.
fn introduces(text: &str) -> bool {
    let bare = text.trim_end_matches(['*', '_']);
    let bold = text.len() > 4 && text.starts_with("**") && text.ends_with("**") && !text.contains('\n');
    bare.ends_with(['：', ':']) || (bold && !text[2..text.len() - 2].contains("**"))
}

/// A list becomes its items; a numbered one only where it does not fit as a whole.
fn spread(body: &str, block: Block, most_chars: usize, units: &mut Vec<Unit>) {
    let Block { unit, items, ordered } = block;
    let whole = ordered && chars(&body[unit.range.clone()]) <= most_chars;
    if items.len() < 2 || whole {
        units.push(unit);
        return;
    }
    let ends = items[1..].iter().copied().chain([unit.range.end]);
    for (i, (&start, end)) in items.iter().zip(ends).enumerate() {
        let start = if i == 0 { unit.range.start } else { start };
        units.push(Unit { range: start..end, later_step: ordered && i > 0, ..unit.clone() });
    }
}

/// Joins headings and introducing lines to what follows, where both fit together.
fn glue(body: &str, units: Vec<Unit>, most_chars: usize) -> Vec<Unit> {
    let mut glued: Vec<Unit> = Vec::with_capacity(units.len());
    let mut size = 0;
    for mut unit in units.into_iter().rev() {
        let own = chars(&body[unit.range.clone()]);
        match glued.last_mut() {
            Some(next) if unit.keeps_next && joins(&unit, next) && own + size <= most_chars => {
                size += own;
                next.range.start = unit.range.start;
                next.heading = unit.heading.or(next.heading);
                next.shape = Shape::Plain;
            }
            _ => {
                size = own;
                // The last unit has nothing to wait for.
                unit.keeps_next &= !glued.is_empty();
                glued.push(unit);
            }
        }
    }
    glued.reverse();
    glued
}

/// A heading takes any text and deeper headings; an introducing line no heading at all.
fn joins(unit: &Unit, next: &Unit) -> bool {
    match (unit.heading, next.heading) {
        (_, None) => true,
        (Some(level), Some(below)) => level < below,
        (None, Some(_)) => false,
    }
}

fn line_start(body: &str, at: usize) -> usize {
    body[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Length in characters without the white space at the end.
pub fn chars(text: &str) -> usize {
    text.trim_end().chars().count()
}
