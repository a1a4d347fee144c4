//! What a check looks at in a document: its anchors and links, its cases with their parts, its blocks of code.

use std::collections::HashSet;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{Lines, anchors, front_matter, scan, slug, topic};

/// A document as a check sees it.
#[derive(Debug, Default)]
pub struct Outline {
    /// Every anchor that a link may lead to.
    pub anchors: HashSet<String>,
    /// Line and target of each link.
    pub links: Vec<(u64, String)>,
    /// The cases of a topic; none in any other document.
    pub parts: Vec<Parts>,
    /// Blocks of code between fences.
    pub fences: Vec<Fence>,
    /// Lines that make no sense, and why.
    pub faults: Vec<(u64, String)>,
}

/// A case of a topic and the headings in it.
#[derive(Debug)]
pub struct Parts {
    /// Line of its title.
    pub line: u64,
    /// Its headings, without markup.
    pub headings: Vec<String>,
    /// Whether it says how bad the trouble is, itself or by the front matter.
    pub is_graded: bool,
}

/// A block of code.
#[derive(Debug)]
pub struct Fence {
    /// Line of its beginning.
    pub line: u64,
    /// Its language in lower case, possibly empty.
    pub language: String,
    /// What is in it.
    pub code: String,
}

/// What is to be checked of a document. Total.
pub fn outline(text: &str) -> Outline {
    let split = front_matter::split(text);
    let scan = scan::scan(text, split.body);
    let lines = Lines::of(text);
    let headings = scan.headings.iter().map(|heading| slug(&heading.title));
    let mut outline = Outline {
        anchors: anchors(&scan).into_iter().chain(headings).chain(scan.anchors.iter().cloned()).collect(),
        links: scan.links.iter().map(|link| (lines.number(link.at), link.target.clone())).collect(),
        fences: fences(text, split.body, &lines),
        ..Outline::default()
    };
    let default = split.front.severity;
    let is_default_graded = topic::severity(&default).is_ok();
    if let (false, Err(reason)) = (default.is_empty(), topic::severity(&default)) {
        outline.faults.push((front_line(text, "severity"), reason));
    }
    let sections = if split.front.product.is_empty() { None } else { topic::sections(text, &scan) };
    for section in sections.into_iter().flatten() {
        outline.faults.extend(section.head.faults.into_iter().map(|(at, reason)| (lines.number(at), reason)));
        let inside = scan.headings.iter().filter(|heading| section.body.contains(&heading.range.start));
        outline.parts.push(Parts {
            line: lines.number(scan.headings[section.heading].range.start),
            headings: inside.map(|heading| heading.title.clone()).collect(),
            is_graded: is_default_graded || section.head.severity.is_some(),
        });
    }
    outline
}

/// The line of the front matter with this key.
fn front_line(text: &str, key: &str) -> u64 {
    text.lines().position(|line| line.trim_start().starts_with(key)).map_or(1, |at| at as u64 + 1)
}

fn fences(text: &str, start: usize, lines: &Lines) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut open: Option<Fence> = None;
    for (event, range) in Parser::new_ext(&text[start..], Options::empty()).into_offset_iter() {
        match (event, &mut open) {
            (Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))), _) => {
                let language = info.split([' ', ',', '{']).next().unwrap_or("").to_lowercase();
                let line = lines.number(start + range.start);
                open = Some(Fence { line, language, code: String::new() });
            }
            (Event::Text(text), Some(fence)) => fence.code.push_str(&text),
            (Event::End(TagEnd::CodeBlock), _) => fences.extend(open.take()),
            _ => {}
        }
    }
    fences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fences_and_faults_have_their_lines() {
        let text = "---\nproduct: ecs\nseverity: bad\n---\n# 一\n\n## 甲 {#a}\n问法:\n- 乙\n\n级别: P9\n\n### 现象\n\n\
                    1. 看:\n\n   ```bash\n   ls\n   ```\n\n## 丙\n\n级别: P1\n\n```\nx\n```\n";
        let outline = outline(text);
        let faults: Vec<u64> = outline.faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(faults, [3, 11]);
        let parts: Vec<_> = outline.parts.iter().map(|p| (p.line, p.headings.len(), p.is_graded)).collect();
        assert_eq!(parts, [(7, 1, false), (21, 0, true)]);
        let fences: Vec<_> = outline.fences.iter().map(|f| (f.line, &*f.language, &*f.code)).collect();
        assert_eq!(fences, [(17, "bash", "ls\n"), (25, "", "x\n")]);
    }
}
