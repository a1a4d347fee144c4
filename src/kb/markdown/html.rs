//! HTML remnants in Markdown: tags, comments, entities and whole tables, turned into Markdown or dropped.

use std::borrow::Cow;

/// Tags that are dropped or turned into Markdown. Anything else in angle brackets, such as `<instance-id>`, is a
/// placeholder that belongs to the answer.
const KNOWN: &[&str] = &[
    "a",
    "abbr",
    "article",
    "aside",
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "li",
    "link",
    "main",
    "mark",
    "meta",
    "nav",
    "nobr",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "s",
    "samp",
    "script",
    "section",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "video",
];

/// A piece of HTML.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// Text between tags.
    Text(&'a str),
    /// An opening or empty tag: its name in lower case, and what follows the name.
    Open(String, &'a str),
    /// A closing tag.
    Close(String),
}

/// The pieces of HTML; comments are left out, unknown tags are text.
pub fn tokens(html: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut text, mut at) = (0, 0);
    while let Some(found) = html[at..].find('<') {
        let start = at + found;
        let (end, token) = match tag(&html[start..]) {
            Some((length, token)) => (start + length, token),
            None => {
                at = start + 1;
                continue;
            }
        };
        if text < start {
            tokens.push(Token::Text(&html[text..start]));
        }
        tokens.extend(token);
        (text, at) = (end, end);
    }
    if text < html.len() {
        tokens.push(Token::Text(&html[text..]));
    }
    tokens
}

/// The tag or comment that the text starts with, and its length.
fn tag(html: &str) -> Option<(usize, Option<Token<'_>>)> {
    if let Some(comment) = html.strip_prefix("<!--") {
        return Some((comment.find("-->").map_or(html.len(), |end| end + 7), None));
    }
    let closing = html.starts_with("</");
    let inner = &html[if closing { 2 } else { 1 }..];
    let name_end = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let name = inner[..name_end].to_ascii_lowercase();
    if !KNOWN.contains(&name.as_str()) || !inner[name_end..].starts_with([' ', '\t', '\n', '\r', '/', '>']) {
        return None;
    }
    let rest = &inner[name_end..];
    let close = tag_end(rest)?;
    let length = html.len() - inner.len() + name_end + close + 1;
    let token = if closing { Token::Close(name) } else { Token::Open(name, &rest[..close]) };
    Some((length, Some(token)))
}

/// Where the tag closes; a `>` within quotes does not close it.
fn tag_end(rest: &str) -> Option<usize> {
    // Longer than any tag that people write, so that stray `<a ` in a large text stays cheap.
    const LONGEST: usize = 4096;
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate().take(LONGEST) {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    rest.bytes().take(LONGEST).position(|byte| byte == b'>')
}

/// The value of an attribute.
pub fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    while let Some(equals) = rest.find('=') {
        let key = rest[..equals].trim_end().rsplit(|c: char| c.is_whitespace()).next().unwrap_or("");
        let value = rest[equals + 1..].trim_start();
        let (found, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => {
                let end = value.find(|c: char| c.is_whitespace()).unwrap_or(value.len());
                value.split_at(end)
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(found);
        }
        rest = after;
    }
    None
}

/// A block of HTML as Markdown: paragraphs, lists, links and preformatted text survive, all else becomes its text.
pub fn clean(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let mut out = String::new();
    let mut at = 0;
    while let Some(open) = lower[at..].find("<table").map(|found| at + found) {
        let Some(end) = lower[open..].find("</table>").map(|found| open + found + "</table>".len()) else {
            break;
        };
        out.push_str(&clean_flow(&html[at..open]));
        out.push_str(&table(&html[open..end]));
        at = end;
    }
    out.push_str(&clean_flow(&html[at..]));
    out
}

fn clean_flow(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut links: Vec<(usize, &str)> = Vec::new();
    let (mut silent, mut preformatted) = (false, false);
    for token in tokens(html) {
        match token {
            Token::Text(_) if silent => {}
            Token::Text(text) => out.push_str(&decode(text)),
            Token::Open(name, attributes) => match name.as_str() {
                "script" | "style" => silent = true,
                "br" | "tr" => out.push('\n'),
                "p" | "div" | "ul" | "ol" | "dl" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                    out.push_str("\n\n")
                }
                "li" | "dt" => out.push_str("\n- "),
                "td" | "th" | "dd" => out.push(' '),
                "pre" if !preformatted => {
                    preformatted = true;
                    out.push_str("\n\n```\n");
                }
                "a" => {
                    if let Some(target) = attribute(attributes, "href") {
                        links.push((out.len(), target));
                    }
                }
                _ => {}
            },
            Token::Close(name) => match name.as_str() {
                "script" | "style" => silent = false,
                "p" | "div" | "ul" | "ol" => out.push_str("\n\n"),
                "pre" if preformatted => {
                    preformatted = false;
                    out.truncate(out.trim_end_matches('\n').len());
                    out.push_str("\n```\n\n");
                }
                "a" => close_link(&mut out, links.pop()),
                _ => {}
            },
        }
    }
    if preformatted {
        out.push_str("\n```\n");
    }
    out
}

fn close_link(out: &mut String, link: Option<(usize, &str)>) {
    if let Some((start, target)) = link
        && !out[start..].trim().is_empty()
    {
        out.insert(start, '[');
        out.push_str("](");
        out.push_str(target);
        out.push(')');
    }
}

/// An HTML table as a Markdown table. A cell that spans rows is repeated in each of them.
pub fn table(html: &str) -> String {
    let mut rows = Rows { rows: Vec::new(), spans: Vec::new(), budget: html.len() + 4096 };
    let mut cell: Option<(String, usize, usize)> = None;
    for token in tokens(html) {
        match token {
            Token::Text(text) => {
                if let Some((content, ..)) = &mut cell {
                    content.push_str(&decode(text));
                }
            }
            Token::Open(name, attributes) => match name.as_str() {
                "tr" | "td" | "th" => {
                    rows.take(cell.take());
                    if name == "tr" {
                        rows.rows.push(Vec::new());
                    } else {
                        let span =
                            |key| attribute(attributes, key).and_then(|n| n.trim().parse().ok()).unwrap_or(1);
                        cell = Some((String::new(), span("colspan"), span("rowspan")));
                    }
                }
                "br" | "p" | "li" | "div" => space(&mut cell),
                _ => {}
            },
            Token::Close(name) => match name.as_str() {
                "td" | "th" | "tr" => rows.take(cell.take()),
                "p" | "li" | "div" => space(&mut cell),
                _ => {}
            },
        }
    }
    rows.take(cell);
    rows.into_markdown()
}

fn space(cell: &mut Option<(String, usize, usize)>) {
    if let Some((content, ..)) = cell {
        content.push(' ');
    }
}

struct Rows {
    rows: Vec<Vec<String>>,
    /// By column: the text that spans down, and for how many rows still.
    spans: Vec<(String, usize)>,
    /// Bytes that repeated cells may add, so that a hostile table cannot grow without end.
    budget: usize,
}

impl Rows {
    fn take(&mut self, cell: Option<(String, usize, usize)>) {
        const MOST_COLUMNS: usize = 64;
        let Some((content, columns, down)) = cell else { return };
        let content = content.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        self.fill_spans();
        let Some(row) = self.rows.last_mut() else { return };
        if row.len() >= MOST_COLUMNS {
            return;
        }
        self.spans.resize(self.spans.len().max(row.len() + 1), (String::new(), 0));
        self.spans[row.len()] = (content.clone(), down.saturating_sub(1));
        row.push(content);
        row.resize((row.len() + columns.saturating_sub(1)).min(MOST_COLUMNS), String::new());
    }

    /// Puts what spans down from the rows above before the next cell.
    fn fill_spans(&mut self) {
        let Some(row) = self.rows.last_mut() else { return };
        while let Some((content, left @ 1..)) = self.spans.get_mut(row.len()) {
            *left -= 1;
            let fits = content.len() <= self.budget;
            self.budget -= if fits { content.len() } else { 0 };
            row.push(if fits { content.clone() } else { String::new() });
        }
    }

    fn into_markdown(self) -> String {
        let mut out = String::from("\n\n");
        let rows = self.rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty()));
        for (at, row) in rows.enumerate() {
            out.push_str(&format!("| {} |\n", row.join(" | ")));
            if at == 0 {
                out.push_str(&format!("|{}\n", " --- |".repeat(row.len())));
            }
        }
        out.push('\n');
        out
    }
}

/// The text with its entities decoded; those that nobody uses in answers stay.
pub fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // The longest name in the table has six letters, a number at most eight places.
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        match end.and_then(|end| Some((entity(&rest[1..end])?, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| !c.is_control()).map(|c| if c == '\u{a0}' { ' ' } else { c });
    }
    Some(match name {
        "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "hellip" => '…',
        "mdash" => '—',
        "ndash" => '–',
        "ldquo" => '“',
        "rdquo" => '”',
        "lsquo" => '‘',
        "rsquo" => '’',
        "middot" => '·',
        "bull" => '•',
        "times" => '×',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "rarr" => '→',
        "larr" => '←',
        "ge" => '≥',
        "le" => '≤',
        "ne" => '≠',
        "deg" => '°',
        "yen" => '¥',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn remnants_become_markdown() {
        let html = "<p>先看<b>状态</b>&nbsp;&amp;<br/>再看<a href=\"a.md\">日志</a></p><!-- x --><ul><li>一<li>二</ul>\
            <pre><code>a &lt; b\n</code></pre><script>bad()</script><ip> <img src=x>";
        let text = clean(html);
        for part in ["先看状态 &\n再看[日志](a.md)", "\n- 一\n- 二", "```\na < b\n```", "<ip>"] {
            assert!(text.contains(part), "{part:?} in {text:?}");
        }
        assert!(!text.contains("bad") && !text.contains("img") && !text.contains("x -->"));
    }

    #[test]
    fn tables_become_tables() {
        let html = "<table>\n<tr><th>参数</th><th>值|说明</th></tr>\n\n<tr><td rowspan=\"2\">A</td><td>1<br>2</td></tr>\
            <tr><td><p>3</p></td></tr></table>";
        assert_eq!(table(html).trim(), "| 参数 | 值\\|说明 |\n| --- | --- |\n| A | 1 2 |\n| A | 3 |");
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "(<|>|/|a|td|tr|table|pre|&|;|#x|lt|\"|=|href|rowspan|9| |\n|云){0,60}") {
            clean(&text);
            table(&text);
            decode(&text);
            attribute(&text, "href");
        }
    }
}
