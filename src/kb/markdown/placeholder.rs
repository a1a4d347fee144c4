//! What documentation systems put into Markdown that is no Markdown, found in the source outside code.

use std::ops::Range;

use super::html::{self, Token};

/// Opening and closing marks of includes, shortcodes and template tags.
const MARKS: &[(&str, &str)] = &[("{{<", ">}}"), ("{{%", "%}}"), ("{%", "%}")];
/// Longest placeholder in bytes; what is longer is no placeholder but text with a stray mark.
const LONGEST: usize = 2000;

/// The text with lines that hold an HTML anchor and nothing else made blank, and those anchors with their places.
///
/// To Markdown such a line opens a block of HTML that swallows the heading in the next line.
pub fn mask_anchor_lines(text: &str, start: usize) -> (String, Vec<(usize, String)>) {
    let mut masked = text[..start].to_owned();
    masked.reserve(text.len() - start);
    let mut anchors = Vec::new();
    let mut fence = Fence::default();
    for line in text[start..].split_inclusive('\n') {
        let at = masked.len();
        match lone_anchor(line.trim()) {
            Some(anchor) if !fence.holds(line) => {
                anchors.push((at, anchor));
                masked.extend(line.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
            }
            Some(_) => masked.push_str(line),
            None => {
                fence.holds(line);
                masked.push_str(line);
            }
        }
    }
    (masked, anchors)
}

fn lone_anchor(line: &str) -> Option<String> {
    if !line.starts_with("<a") {
        return None;
    }
    match html::tokens(line).as_slice() {
        [Token::Open(name, attributes)] | [Token::Open(name, attributes), Token::Close(_)] if name == "a" => {
            let anchor = html::attribute(attributes, "id").or_else(|| html::attribute(attributes, "name"));
            anchor.map(str::to_owned)
        }
        _ => None,
    }
}

/// HTML tables outside code, whole, even where blank lines make Markdown see several blocks.
pub fn tables(text: &str, start: usize, code: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut tables = Vec::new();
    if !text.contains('<') {
        return tables;
    }
    let lower = text.to_ascii_lowercase();
    let mut at = start;
    while let Some(found) = lower[at..].find("<table") {
        let open = at + found;
        let Some(end) = lower[open..].find("</table>").map(|length| open + length + "</table>".len()) else {
            break;
        };
        at = open + 1;
        if !within(code, open) {
            tables.push(open..end);
            at = end;
        }
    }
    tables
}

/// Placeholders outside code.
pub fn find(text: &str, start: usize, code: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = start;
    while let Some(step) = text[at..].find(['[', '{', ':']) {
        let open = at + step;
        at = open + 1;
        if let Some(length) = placeholder(text, open)
            && !within(code, open)
        {
            found.push(open..open + length);
            at = open + length;
        }
    }
    found
}

fn placeholder(text: &str, open: usize) -> Option<usize> {
    let rest = &text[open..];
    match rest.as_bytes()[0] {
        b'[' => include(rest),
        b'{' => MARKS.iter().filter(|(mark, _)| rest.starts_with(mark)).find_map(|(mark, close)| {
            let near = &rest.as_bytes()[..rest.len().min(LONGEST)];
            let found = near[mark.len()..].windows(close.len()).position(|part| part == close.as_bytes())?;
            Some(mark.len() + found + close.len())
        }),
        _ => directive(text, open),
    }
}

/// `[!INCLUDE [name](path)]` and `[!VIDEO address]`, which end with the bracket that closes the first.
fn include(rest: &str) -> Option<usize> {
    let word = rest.get(..8)?.to_ascii_lowercase();
    if word != "[!includ" && word != "[!video " {
        return None;
    }
    let mut depth = 0usize;
    for (at, byte) in rest.bytes().enumerate().take(LONGEST) {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 1 => return Some(at + 1),
            b']' => depth -= 1,
            b'\n' if rest[at..].starts_with("\n\n") => return None,
            _ => {}
        }
    }
    None
}

/// A line that starts with `:::`, to its end.
fn directive(text: &str, open: usize) -> Option<usize> {
    let line_start = text[..open].rfind('\n').map_or(0, |newline| newline + 1);
    if !text[open..].starts_with(":::") || !text[line_start..open].trim().is_empty() {
        return None;
    }
    Some(text[open..].find('\n').unwrap_or(text.len() - open))
}

fn within(code: &[Range<usize>], at: usize) -> bool {
    let before = code.partition_point(|range| range.start <= at);
    // Code in a quote or a list may lie within a larger range that starts earlier.
    code[..before].iter().rev().take(4).any(|range| range.contains(&at))
}

/// Outside code fences: lines of white space made empty, and one empty line at most in a row.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fence = Fence::default();
    let mut blank = true;
    for line in text.split_inclusive('\n') {
        if fence.holds(line) || !line.trim().is_empty() {
            out.push_str(line);
            blank = false;
        } else if !blank {
            out.push('\n');
            blank = true;
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Follows code fences from line to line.
#[derive(Default)]
struct Fence {
    open: Option<(u8, usize)>,
}

impl Fence {
    /// Whether the line is part of a fenced block, its fences included.
    fn holds(&mut self, line: &str) -> bool {
        let line = line.trim_start_matches([' ', '\t', '>']).trim_end();
        let mark = line.bytes().next().unwrap_or(b' ');
        let length = line.bytes().take_while(|&byte| byte == mark).count();
        let is_fence = matches!(mark, b'`' | b'~') && length >= 3;
        match self.open {
            None if is_fence && !(mark == b'`' && line[length..].contains('`')) => {
                self.open = Some((mark, length))
            }
            None => return false,
            Some((open, least)) => {
                if is_fence && mark == open && length >= least && length == line.len() {
                    self.open = None;
                }
            }
        }
        true
    }
}
