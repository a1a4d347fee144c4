//! The project's own format of a topic: front matter for all its cases, one case under each H2, other ways to ask it
//! as a list below `问法:`, and lines `级别: P1` and `标签: a, b` beside that.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::scan::Scan;

/// Grades of severity, the worst first.
const SEVERITIES: [&str; 3] = ["P0", "P1", "P2"];

/// One H2 of a topic.
pub struct Section {
    /// Index of its heading.
    pub heading: usize,
    /// What its head says.
    pub head: Head,
    /// The answer in the source.
    pub body: Range<usize>,
}

/// What stands above the answer of a case.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Other ways to ask.
    pub questions: Vec<String>,
    /// How bad the trouble is, where it is said.
    pub severity: Option<&'static str>,
    /// Labels of this case alone.
    pub tags: Vec<String>,
    /// Lines that make no sense: where they start in the source, and why.
    pub faults: Vec<(usize, String)>,
    is_listed: bool,
    end: usize,
}

/// The sections of a topic; `None` where no section has `问法:`, so that the document is none.
pub fn sections(text: &str, scan: &Scan) -> Option<Vec<Section>> {
    let starts: Vec<usize> = (0..scan.headings.len()).filter(|&at| scan.headings[at].level <= 2).collect();
    let mut sections = Vec::new();
    let mut any = false;
    for (at, &heading) in starts.iter().enumerate() {
        if scan.headings[heading].level < 2 {
            continue;
        }
        let start = scan.headings[heading].range.end;
        let end = starts.get(at + 1).map_or(text.len(), |&next| scan.headings[next].range.start);
        let mut head = head(&text[start..end]);
        head.faults.iter_mut().for_each(|(at, _)| *at += start);
        any |= head.is_listed;
        sections.push(Section { heading, body: start + head.end..end, head });
    }
    any.then_some(sections)
}

/// A grade of severity as it is written, such as `P1`.
///
/// # Errors
/// There is no such grade; the text says which there are.
pub fn severity(text: &str) -> Result<&'static str, String> {
    let known = SEVERITIES.into_iter().find(|known| known.eq_ignore_ascii_case(text.trim()));
    known.ok_or_else(|| format!("the severity (级别) is {:?}: write P0, P1 or P2", text.trim()))
}

/// Reads a section from its beginning as far as it is head.
fn head(section: &str) -> Head {
    let mut head = Head::default();
    loop {
        let rest = &section[head.end..];
        let at = head.end + (rest.len() - rest.trim_start().len());
        let line = section[at..].lines().next().unwrap_or("");
        if let Some((label, value)) = labelled(line) {
            head.label(label, value, at);
            head.end = at + line.len();
        } else if let (false, Some(length)) = (head.is_listed, head.list(&section[at..])) {
            head.is_listed = true;
            head.end = at + length;
        } else {
            return head;
        }
    }
}

#[derive(Clone, Copy)]
enum Label {
    Severity,
    Tags,
}

fn labelled(line: &str) -> Option<(Label, &str)> {
    let labels = [("级别", Label::Severity), ("标签", Label::Tags)];
    labels.into_iter().find_map(|(name, label)| {
        let value = line.strip_prefix(name)?.trim_start().strip_prefix([':', '：'])?;
        Some((label, value.trim()))
    })
}

impl Head {
    fn label(&mut self, label: Label, value: &str, at: usize) {
        match label {
            Label::Severity => match severity(value) {
                Ok(severity) => self.severity = Some(severity),
                Err(reason) => self.faults.push((at, reason)),
            },
            Label::Tags => {
                let tags = value.split([',', '，', '、']).map(str::trim).filter(|tag| !tag.is_empty());
                self.tags.extend(tags.map(str::to_owned));
            }
        }
    }

    /// Takes the list below `问法:` that the text begins with; gives its length.
    fn list(&mut self, text: &str) -> Option<usize> {
        text.strip_prefix("问法")?.strip_prefix([':', '：'])?;
        // Markdown would make a line that follows without a blank one a part of the last way to ask.
        let end = text.split_inclusive('\n').take_while(|line| labelled(line).is_none()).map(str::len).sum();
        let (questions, length) = questions(&text[..end])?;
        self.questions = questions;
        Some(length)
    }
}

/// The list below `问法:`, and where it ends.
fn questions(text: &str) -> Option<(Vec<String>, usize)> {
    let mut events = Parser::new_ext(text, Options::empty()).into_offset_iter();
    let (mut label, mut end) = (String::new(), 0);
    for (event, range) in events.by_ref() {
        match event {
            Event::Text(text) => label.push_str(&text),
            Event::End(TagEnd::Paragraph) => {
                end = range.end;
                break;
            }
            _ => {}
        }
    }
    if !matches!(label.trim(), "问法:" | "问法：") {
        return None;
    }
    let Some((Event::Start(Tag::List(_)), list)) = events.next() else { return Some((Vec::new(), end)) };
    let mut questions = Vec::new();
    for (event, range) in events.take_while(|(_, range)| range.end <= list.end) {
        match event {
            Event::Start(Tag::Item) => questions.push(String::new()),
            Event::Text(text) | Event::Code(text) if range.end <= list.end => {
                if let Some(question) = questions.last_mut() {
                    question.push_str(&text);
                }
            }
            Event::End(TagEnd::List(_)) if range == list => break,
            _ => {}
        }
    }
    Some((questions, list.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_has_its_lines_in_any_order_and_with_any_colon() {
        let whole = "\n问法:\n- 甲\n- `乙` 丙\n\n级别: P1\n标签: ssh，超时、 连接\n\n### 现象\n级别: P0\n";
        let read = head(whole);
        assert_eq!((read.questions.len(), read.severity), (2, Some("P1")));
        assert_eq!(read.tags, ["ssh", "超时", "连接"]);
        assert!(whole[read.end..].trim_start().starts_with("### 现象"));
        for other in ["标签：ssh\n级别：p2\n问法：\n- 甲\n\n级别不对", "问法:\n- 甲\n标签:ssh\n\n级别 : P2\n"]
        {
            let read = head(other);
            assert_eq!(
                (read.severity, read.tags.len(), &read.questions[0]),
                (Some("P2"), 1, &"甲".to_owned())
            );
        }
    }

    #[test]
    fn a_grade_that_there_is_not_is_told_and_leaves_the_body() {
        let text = "问法:\n- 甲\n\n级别: 高\n\n正文";
        let read = head(text);
        assert_eq!(read.severity, None);
        assert!(text[read.faults[0].0..].starts_with("级别") && read.faults[0].1.contains("P0, P1 or P2"));
        assert_eq!(text[read.end..].trim(), "正文");
        assert_eq!(head("正文\n\n级别: P1\n"), Head::default());
    }
}
