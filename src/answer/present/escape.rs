//! Text as a dialect must spell it, so that it is read as it was meant.

use std::rc::Rc;

use super::block::{Line, Run, Spelling};

/// Spells the words of a line that has marks around them, for a Markdown dialect.
pub fn markdown(runs: &mut [Run]) {
    let followed: Vec<Option<char>> = (0..runs.len()).map(|at| following(&runs[at..])).collect();
    let mut before = None;
    for (at, run) in runs.iter_mut().enumerate() {
        let last = run.text.chars().next_back();
        if run.spelling == Spelling::Words {
            let within = match () {
                () if run.marks.is_empty() => Within::Nothing,
                () if run.marks.iter().any(|mark| mark.open.ends_with('[')) => Within::Label,
                () => Within::Marks,
            };
            let after = followed.get(at).copied().flatten();
            run.text = words(&run.text, before, after, within);
            if at == 0 {
                run.text = line_start(&run.text);
            }
            run.spelling = Spelling::Exact;
        }
        before = last.or(before);
    }
}

/// What is written behind the first run: a mark that closes or opens, or the next text.
fn following(runs: &[Run]) -> Option<char> {
    let (run, rest) = runs.split_first()?;
    let next = rest.first();
    let marks = next.map_or(&[][..], |next| &next.marks);
    let shared = run.marks.iter().zip(marks).take_while(|(left, right)| Rc::ptr_eq(left, right)).count();
    let closing = run.marks[shared..].iter().rev().map(|mark| mark.close.as_str());
    let opening = marks[shared..].iter().map(|mark| mark.open.as_str());
    let text = next.map(|next| next.text.as_str());
    closing.chain(opening).chain(text).find_map(|text| text.chars().next())
}

/// A line of fenced code as words of a Markdown dialect, for where its fence has no room.
pub fn unfenced(line: &Line) -> Line {
    let mut line = Line { tail: "  ", ..line.clone() };
    for run in &mut line.runs {
        run.spelling = Spelling::Words;
    }
    markdown(&mut line.runs);
    line
}

/// Takes the life out of what looks like an anchor, for a platform that shows anchors in plain text. All else stays: it does
/// not read entities there.
pub fn anchors(runs: &mut [Run]) {
    for run in runs.iter_mut().filter(|run| run.spelling == Spelling::Words) {
        run.text = harmless(&run.text);
        run.spelling = Spelling::Exact;
    }
}

/// An address as it may stand between quotes or round brackets; `None` where it is none that may be opened.
pub fn address(url: &str) -> Option<String> {
    let url = url.trim();
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("http" | "https")) || url.len() > LONGEST_ADDRESS {
        return None;
    }
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    if host.is_empty() || host.starts_with(['/', '?', '#']) {
        return None;
    }
    let mut spelled = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '"' | '\'' | '<' | '>' | '(' | ')' | '[' | ']' | '\\' | '`' | '*' | '|' => {
                spelled.push_str(&format!("%{:02X}", u32::from(c)));
            }
            c if c.is_control() || c.is_whitespace() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    spelled.push_str(&format!("%{byte:02X}"));
                }
            }
            c => spelled.push(c),
        }
    }
    Some(spelled)
}

/// Browsers and platforms take no longer ones.
const LONGEST_ADDRESS: usize = 2_000;

/// What is around a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    /// Bold, italics and such: their signs would join those of the text.
    Marks,
    /// What a link shows.
    Label,
}

fn words(text: &str, before: Option<char>, after: Option<char>, within: Within) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    for (at, &c) in chars.iter().enumerate() {
        let left = if at == 0 { before } else { chars.get(at - 1).copied() };
        let right = chars.get(at + 1).copied().or(after);
        if is_markup(c, left, right, within) || c == '&' && names_a_character(&chars[at + 1..]) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn is_markup(c: char, left: Option<char>, right: Option<char>, within: Within) -> bool {
    let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match c {
        '`' => true,
        // Paths of Windows stay as they are.
        '\\' => right.is_some_and(|c| c.is_ascii_punctuation()) || right.is_none(),
        '*' => within != Within::Nothing || !(blank(left) && blank(right)),
        '_' => !(word(left) && word(right) || blank(left) && blank(right)),
        '~' => within != Within::Nothing || left == Some('~') || right == Some('~'),
        '[' => within == Within::Label,
        ']' => within == Within::Label || matches!(right, Some('(' | ':' | '[')),
        '<' => right.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')),
        _ => false,
    }
}

/// Whether an entity goes on so: `lt;`, `#60;`.
fn names_a_character(after: &[char]) -> bool {
    let name = after.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '#').count();
    name > 0 && after.get(name) == Some(&';')
}

/// What makes a heading, quote, list, table or underline at the start of a line, made to be text.
fn line_start(text: &str) -> String {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = &text[digits..];
    let numbered = digits > 0 && (rest.starts_with(". ") || rest.starts_with(") "));
    if numbered {
        return format!("{}\\{rest}", &text[..digits]);
    }
    let mark = text.starts_with(['#', '>', '=', '|']);
    let bullet = text.starts_with("- ") || text.starts_with("+ ") || text.starts_with("--");
    match mark || bullet || text == "-" || text == "+" {
        true => format!("\\{text}"),
        false => text.to_owned(),
    }
}

/// `＜` in the place of each `<` that begins `<a` or `</a`.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let mut name = rest.strip_prefix('/').unwrap_or(rest).chars();
        let anchor = c == '<'
            && name.next().is_some_and(|c| c.eq_ignore_ascii_case(&'a'))
            && name.next().is_none_or(|c| !c.is_ascii_alphanumeric());
        out.push(if anchor { '＜' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> String {
        let mut runs = [Run::words(text)];
        markdown(&mut runs);
        runs[0].text.clone()
    }

    #[test]
    fn only_what_would_be_read_as_markup_is_escaped() {
        for same in
            ["max_connections", "2 * 3", r"C:\Users\me", "a < b", "R&D 部", "[ERROR] 失败", "~/.ssh", "3.14"]
        {
            assert_eq!(spelled(same), same);
        }
        for (text, expected) in [
            ("*a*", r"\*a\*"),
            ("__init__", r"\_\_init\_\_"),
            ("<b>", r"\<b>"),
            ("&lt;", r"\&lt;"),
            ("[a](b)", r"[a\](b)"),
            ("# x", r"\# x"),
            ("1. x", r"1\. x"),
            ("- x", r"\- x"),
            ("`x`", r"\`x\`"),
        ] {
            assert_eq!(spelled(text), expected);
        }
    }

    #[test]
    fn a_written_anchor_does_not_live() {
        assert_eq!(harmless(r#"<a href="x">y</A> <abbr> <"#), r#"＜a href="x">y＜/A> <abbr> <"#);
    }

    #[test]
    fn addresses_are_web_addresses_and_stay_in_their_quotes() {
        assert_eq!(
            address("https://a.cn/?x=1&y=(\"2\")").as_deref(),
            Some("https://a.cn/?x=1&y=%28%222%22%29")
        );
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//a.cn",
            "a.md",
            "https://",
            "http:///x",
            "mailto:a@b.cn",
        ] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }
}
