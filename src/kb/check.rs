//! Lints of the knowledge base: what `yunzhu kb check` finds, each with file and line.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::Path;

use crate::kb::diagnosis::linked_cases;
use crate::kb::duplicate::{Duplicates, Kind};
use crate::kb::markdown::{References, references};
use crate::kb::read::{Place, ReadError, Record, is_topic, read_kb, read_text, walk};

/// Other ways to ask that every case should have: fewer, and people's own words miss it.
const FEWEST_QUESTIONS: usize = 3;
/// Characters of a title beyond which it is no question that can be read at one glance.
const LONG_TITLE: usize = 80;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something is lost or leads nowhere.
    Error,
    /// Something should be better.
    Warning,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// How bad.
    pub severity: Severity,
    /// What, in one line.
    pub message: String,
}

/// What was checked and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Cases that were read.
    pub cases: u64,
    /// In the order of files and lines.
    pub findings: Vec<Finding>,
}

/// Checks all of the knowledge base; a folder that does not exist holds nothing.
pub fn check(root: &Path) -> Result<Checked, ReadError> {
    let mut checked = Checked::default();
    let mut places = HashMap::new();
    let mut duplicates = Duplicates::new();
    let findings = &mut checked.findings;
    let outcome = read_kb(root, &mut |read| {
        let place = read.place;
        match read.record {
            Record::Bad(bad) => findings.push(Finding::new(place, Severity::Error, bad.reason)),
            Record::Case(case) => {
                findings.extend(style(&case.title, case.questions.len(), &place));
                if let Some(duplicate) = duplicates.add(&case) {
                    findings.push(repeated(&duplicate.of.to_string(), duplicate.kind, &places, &place));
                }
                let first = places.entry(case.id.to_string()).or_insert_with(|| place.clone());
                if *first != place {
                    let message = format!("the id {} is used before, in {first}", case.id);
                    findings.push(Finding::new(place, Severity::Error, message));
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    checked.cases = outcome.cases;
    if root.exists() {
        let ids = places.into_keys().collect();
        check_links(root, &ids, &mut checked.findings)?;
    }
    checked.findings.sort_by(|a, b| a.place.file.cmp(&b.place.file).then(a.place.line.cmp(&b.place.line)));
    Ok(checked)
}

impl Finding {
    fn new(place: Place, severity: Severity, message: String) -> Self {
        Self { place, severity, message }
    }
}

fn style(title: &str, questions: usize, place: &Place) -> Vec<Finding> {
    let mut messages = Vec::new();
    if questions < FEWEST_QUESTIONS {
        messages
            .push(format!("{questions} other ways to ask (问法), at least {FEWEST_QUESTIONS} are wanted"));
    }
    let length = title.chars().count();
    if length > LONG_TITLE {
        messages
            .push(format!("the title has {length} characters, at most {LONG_TITLE} are read at one glance"));
    }
    messages.into_iter().map(|message| Finding::new(place.clone(), Severity::Warning, message)).collect()
}

fn repeated(of: &str, kind: Kind, places: &HashMap<String, Place>, place: &Place) -> Finding {
    let first = places.get(of).map_or_else(String::new, |first| format!(", in {first}"));
    match kind {
        Kind::Exact => Finding::new(place.clone(), Severity::Error, format!("says the same as {of}{first}")),
        Kind::Near(similarity) => {
            let message = format!("says nearly the same as {of}{first} (similarity {similarity:.2})");
            Finding::new(place.clone(), Severity::Warning, message)
        }
    }
}

fn check_links(root: &Path, ids: &HashSet<String>, findings: &mut Vec<Finding>) -> Result<(), ReadError> {
    let (mut documents, tree) = (HashMap::new(), walk(root)?);
    for entry in tree.guides {
        let path = root.join(&entry.relative);
        for (line, id) in read_text(&path).map(|text| linked_cases(&text)).unwrap_or_default() {
            if !ids.contains(id.as_str()) {
                let place = Place { file: path.display().to_string(), line: Some(line) };
                findings.push(Finding::new(place, Severity::Error, format!("there is no case {id}")));
            }
        }
    }
    for entry in tree.documents.into_iter().filter(|entry| is_topic(&entry.relative)) {
        // What cannot be read was reported by the reader.
        if let Ok(text) = read_text(&root.join(&entry.relative)) {
            documents.insert(entry.relative, references(&text));
        }
    }
    for (relative, References { links, .. }) in &documents {
        for (line, target) in links {
            if let Some(message) = dead(root, relative, target, ids, &documents) {
                let place = Place { file: root.join(relative).display().to_string(), line: Some(*line) };
                findings.push(Finding::new(place, Severity::Error, message));
            }
        }
    }
    Ok(())
}

/// Why the link leads nowhere; `None` where it leads somewhere or outside.
fn dead(
    root: &Path,
    from: &str,
    target: &str,
    ids: &HashSet<String>,
    documents: &HashMap<String, References>,
) -> Option<String> {
    if let Some(id) = target.strip_prefix("kb:") {
        let id = unescape(id);
        return (!ids.contains(&id)).then(|| format!("there is no case {id}"));
    }
    if is_address(target) {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = unescape(path.split('?').next().unwrap_or(path));
    let relative = if path.is_empty() { from.to_owned() } else { resolve(from, &path) };
    let Some(document) = documents.get(&relative) else {
        let exists = root.join(&relative).exists();
        return (!exists).then(|| format!("the link leads to {path}, which does not exist"));
    };
    let anchor = unescape(anchor);
    let known = anchor.is_empty() || document.anchors.contains(&anchor);
    (!known).then(|| format!("the link leads to #{anchor}, which {relative} does not have"))
}

/// Whether a link has a scheme, such as `https:` or `mailto:`, or names a host.
fn is_address(target: &str) -> bool {
    let scheme = target.split(':').next().unwrap_or("");
    let has_scheme = scheme.len() < target.len()
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    has_scheme || target.starts_with("//")
}

/// A path seen from a document; one that starts with `/` is seen from the root.
fn resolve(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = match path.starts_with('/') {
        true => Vec::new(),
        false => from.split('/').collect(),
    };
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// `%E4%BA%91` as text; what is no such escape stays.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = match bytes.get(at..at + 3) {
            Some([b'%', rest @ ..]) => {
                std::str::from_utf8(rest).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
            }
            _ => None,
        };
        out.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn topic(sections: &str) -> String {
        format!("---\nproduct: ecs\n---\n# 云服务器\n\n{sections}")
    }

    fn findings(files: &[(&str, &[u8])]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let prefix = format!("{}/", folder.path().display());
        let checked = check(folder.path()).unwrap();
        let shown = checked.findings.iter().map(|f| format!("{} {:?} {}", f.place, f.severity, f.message));
        shown.map(|line| line.replace(&prefix, "")).collect()
    }

    #[test]
    fn a_good_topic_has_no_findings() {
        let text = topic(
            "## 连不上 {#connect}\n问法:\n- 登不上\n- 连接超时\n- ssh 失败\n\n看[安全组](#group)、\
             [存储](../storage/disk.md#%E6%89%A9%E5%AE%B9)、[案例](kb:servers/ecs#group)、[网站](https://example.com)。\n\n\
             ## 安全组 {#group}\n问法：\n- 一\n- 二\n- 三\n\n放行端口。\n",
        );
        let disk = topic("## 扩容\n问法:\n- 一\n- 二\n- 三\n\n在控制台扩容。\n");
        let files: &[(&str, &[u8])] = &[
            ("servers/ecs.md", text.as_bytes()),
            ("storage/disk.md", disk.as_bytes()),
            ("README.md", b"# About [x](gone.md)"),
            ("words/notes.md", b"# words"),
        ];
        assert_eq!(findings(files), Vec::<String>::new());
    }

    #[test]
    fn every_fault_has_file_and_line() {
        let text = topic(
            "## 连不上 {#a}\n问法:\n- 一\n\n看[这里](gone.md)和[那里](#no)和[案例](kb:none)。\n\n## 空的 {#b}\n问法:\n- 一\n\n\
             ## 连不上？ {#c}\n\n看[这里](gone.md)和[那里](#no)和[案例](kb:none)。\n",
        );
        let found = findings(&[("t.md", text.as_bytes()), ("bad.md", b"\x81\x20\xff")]);
        for part in [
            "bad.md Error the document is neither",
            "t.md:6 Warning 1 other ways",
            "t.md:10 Error the link leads to gone.md",
            "t.md:10 Error the link leads to #no",
            "t.md:10 Error there is no case none",
            "t.md:12 Error `body` is missing",
            "t.md:16 Warning 0 other ways",
        ] {
            assert!(found.iter().any(|line| line.contains(part)), "{part} in {found:#?}");
        }
    }

    #[test]
    fn a_missing_folder_is_fine() {
        assert_eq!(check(Path::new("/nonexistent/kb")).unwrap(), Checked::default());
    }
}
