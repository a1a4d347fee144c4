//! Cuts a single unit that is longer than allowed: at a line, with its fence closed, with the head of its table kept.

use std::ops::Range;

use super::blocks::{Shape, Unit};

/// A unit whose lines can be left out from the middle, because what opens and closes it is known.
#[derive(Debug)]
pub struct Frame {
    /// What must stand before any of its lines, with the line end.
    pub head: String,
    /// The lines to choose from.
    pub inner: Range<usize>,
    /// What must stand after them, with a line end before it.
    pub foot: String,
}

/// The frame of a fence or table; `None` for anything else, and for one without lines.
pub fn frame(body: &str, unit: &Unit, fences: &[Range<usize>]) -> Option<Frame> {
    let text = &body[unit.range.clone()];
    let text = &text[..text.trim_end().len()];
    let heads = match unit.shape {
        Shape::Plain => return None,
        Shape::Fence => 1,
        Shape::Table => 2,
    };
    // A unit may begin with blank lines where the body does.
    let blank = text.len() - text.trim_start_matches(['\n', '\r']).len();
    let ends: Vec<usize> = text[blank..].split_inclusive('\n').take(heads).map(str::len).collect();
    let head_end = blank + ends.iter().sum::<usize>();
    let head = &text[blank..head_end];
    if ends.len() < heads || !head.ends_with('\n') {
        return None;
    }
    let start = unit.range.start + head_end;
    let (end, foot) = match unit.shape {
        Shape::Fence => {
            let at = unit.range.start + head_end;
            let close = closing(body, fences, at).unwrap_or_default();
            let last = text.rfind('\n').map_or(0, |newline| newline + 1);
            let is_closed = last >= head_end && text[last..].trim().starts_with(close.trim());
            (unit.range.start + if is_closed { last } else { text.len() }, format!("\n{close}"))
        }
        _ => (unit.range.start + text.len(), String::new()),
    };
    (start < end).then(|| Frame { head: head.to_owned(), inner: start..end, foot })
}

/// Every line of a stretch as a unit of its own.
pub fn lines(body: &str, stretch: Range<usize>) -> Vec<Unit> {
    let mut start = stretch.start;
    let lines = body[stretch].split_inclusive('\n').map(|line| {
        let range = start..start + line.len();
        start = range.end;
        Unit { range, shape: Shape::Plain, heading: None, keeps_next: false, later_step: false }
    });
    lines.collect()
}

/// The first lines of a stretch that fit, with a fence that they open closed again, and what part of the body they are.
pub fn plain(
    body: &str,
    stretch: Range<usize>,
    fences: &[Range<usize>],
    most_chars: usize,
) -> (String, Range<usize>) {
    let blank = body[stretch.clone()].len() - body[stretch.clone()].trim_start_matches(['\n', '\r']).len();
    let start = stretch.start + blank;
    let (mut end, mut chars, mut at) = (start, 0, start);
    for line in body[start..stretch.end].split_inclusive('\n') {
        at += line.len();
        chars += line.chars().count();
        let foot = closing(body, fences, at).map_or(0, |close| close.chars().count() + 1);
        if chars - (line.chars().count() - super::blocks::chars(line)) + foot > most_chars {
            break;
        }
        end = at;
    }
    let kept = body[start..end].trim_end();
    if kept.is_empty() {
        let kept = line(&body[start..stretch.end], most_chars);
        return (kept.to_owned(), start..start + kept.len());
    }
    let foot = closing(body, fences, end).map_or(String::new(), |close| format!("\n{close}"));
    (format!("{kept}{foot}"), start..end)
}

/// The beginning of the first line, cut where a sentence ends if one does in the second half.
pub fn line(text: &str, most_chars: usize) -> &str {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let Some((end, _)) = line.char_indices().nth(most_chars) else { return line };
    let kept = &line[..end];
    let sentence =
        kept.char_indices().rev().find(|(_, c)| matches!(c, '。' | '！' | '？' | '；' | '!' | '?' | ';'));
    match sentence {
        Some((i, c)) if i * 2 >= end => &kept[..i + c.len_utf8()],
        _ => kept,
    }
}

/// The line that closes the fence that is open at `at`, indented and quoted as its first line.
fn closing(body: &str, fences: &[Range<usize>], at: usize) -> Option<String> {
    let fence = fences.get(fences.partition_point(|fence| fence.start < at).checked_sub(1)?)?;
    if at >= fence.end {
        return None;
    }
    let mark_at = fence.start + body[fence.clone()].find(['`', '~'])?;
    let mark = body[mark_at..].chars().next()?;
    let length = body[mark_at..].chars().take_while(|&c| c == mark).count();
    // A lone carriage return ends a line in Markdown too.
    let line = body[..mark_at].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
    let indent = body[line..mark_at].chars().map(|c| if c == '>' || c.is_whitespace() { c } else { ' ' });
    Some(indent.chain(std::iter::repeat_n(mark, length)).collect())
}
