//! Lints of the knowledge base: what `yunzhu kb check` finds, each with file and line.
//!
//! Start at [`check`]; a file here is one sort of fault. Nothing is changed.

mod asking;
mod links;
mod parts;
mod shell;
mod title;
mod words;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use crate::kb::case::Case;
use crate::kb::duplicate::{Duplicate, Duplicates, Kind};
use crate::kb::markdown::outline;
use crate::kb::read::{Place, ReadError, Record, is_topic, read_kb, read_text, walk};

use asking::Asked;
use shell::Script;

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
    /// Blocks of commands that were not looked at, because there is no shell to parse them.
    pub unparsed: usize,
}

/// What is being checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Cases; counted in bytes.
    Cases,
    /// Documents as they are written; counted in documents.
    Documents,
    /// Commands; counted in blocks.
    Commands,
}

/// Hears how far a step is: done, of how many.
pub type Watch<'a> = dyn FnMut(Step, u64, u64) + 'a;

/// Checks all of the knowledge base and its word files; a folder that does not exist holds nothing.
///
/// # Errors
/// The folder cannot be listed.
pub fn check(root: &Path, watch: &mut Watch<'_>) -> Result<Checked, ReadError> {
    let words = words::read(root);
    let mut cases = Cases { products: words.products, checked: Checked::default(), ..Cases::default() };
    let outcome = read_kb(root, &mut |read| {
        watch(Step::Cases, read.progress.done, read.progress.total);
        match read.record {
            Record::Bad(bad) => cases.find(read.place, Severity::Error, bad.reason),
            Record::Case(case) => cases.take(&case, read.place),
        }
        ControlFlow::Continue(())
    })?;
    let mut checked = cases.checked;
    checked.cases = outcome.cases;
    checked.findings.extend(words.findings);
    if root.exists() {
        let ids = cases.places.into_keys().collect();
        let (documents, scripts) = documents(root, &mut checked.findings, watch)?;
        checked.findings.extend(links::check(root, &ids, &documents));
        checked.findings.extend(links::of_guides(root, &ids)?);
        checked.unparsed = shell::check(scripts, &mut checked.findings, watch);
    }
    checked.findings.sort_by(|a, b| a.place.file.cmp(&b.place.file).then(a.place.line.cmp(&b.place.line)));
    Ok(checked)
}

impl Finding {
    fn new(place: Place, severity: Severity, message: String) -> Self {
        Self { place, severity, message }
    }
}

/// The cases so far, and what was found in them.
#[derive(Default)]
struct Cases {
    products: title::Products,
    places: HashMap<String, Place>,
    duplicates: Duplicates,
    asked: Asked,
    checked: Checked,
}

impl Cases {
    fn take(&mut self, case: &Case, place: Place) {
        for message in title::check(case, &self.products) {
            self.find(place.clone(), Severity::Warning, message);
        }
        for (severity, message) in self.asked.check(case, &place) {
            self.find(place.clone(), severity, message);
        }
        if let Some(duplicate) = self.duplicates.add(case) {
            let (severity, message) = self.repeated(&duplicate);
            self.find(place.clone(), severity, message);
        }
        let first = self.places.entry(case.id.to_string()).or_insert_with(|| place.clone());
        if *first != place {
            let message = format!("the id {} is used before, in {first}", case.id);
            self.find(place, Severity::Error, message);
        }
    }

    fn find(&mut self, place: Place, severity: Severity, message: String) {
        self.checked.findings.push(Finding::new(place, severity, message));
    }

    fn repeated(&self, Duplicate { of, kind }: &Duplicate) -> (Severity, String) {
        let first = self.places.get(of.as_str()).map_or_else(String::new, |first| format!(", in {first}"));
        match kind {
            Kind::Exact => (Severity::Error, format!("says the same as {of}{first}")),
            Kind::Near(similarity) => (
                Severity::Warning,
                format!("says nearly the same as {of}{first} (similarity {similarity:.2})"),
            ),
        }
    }
}

type Documents = HashMap<String, crate::kb::markdown::Outline>;

/// Looks at the documents as they are written; gives their outlines and the commands in them.
fn documents(
    root: &Path,
    findings: &mut Vec<Finding>,
    watch: &mut Watch<'_>,
) -> Result<(Documents, Vec<Script>), ReadError> {
    let (mut documents, mut scripts) = (Documents::new(), Vec::new());
    let entries: Vec<_> =
        walk(root)?.documents.into_iter().filter(|entry| is_topic(&entry.relative)).collect();
    let total = entries.len() as u64;
    for (done, entry) in (1..).zip(entries) {
        watch(Step::Documents, done, total);
        // What cannot be read was reported by the reader.
        let Ok(text) = read_text(&root.join(&entry.relative)) else { continue };
        let mut outline = outline(&text);
        let file = root.join(&entry.relative).display().to_string();
        let place = |line| Place { file: file.clone(), line: Some(line) };
        for (line, reason) in outline.faults.drain(..) {
            findings.push(Finding::new(place(line), Severity::Error, reason));
        }
        for part in &outline.parts {
            let messages = parts::check(part).into_iter();
            findings.extend(messages.map(|m| Finding::new(place(part.line), Severity::Warning, m)));
        }
        for fence in outline.fences.drain(..) {
            let place = place(fence.line);
            findings.extend(shell::look(&fence, &place));
            scripts.extend(Script::of(fence, place));
        }
        documents.insert(entry.relative, outline);
    }
    Ok((documents, scripts))
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
        let checked = check(folder.path(), &mut |_, _, _| {}).unwrap();
        let shown = checked.findings.iter().map(|f| format!("{} {:?} {}", f.place, f.severity, f.message));
        shown.map(|line| line.replace(&prefix, "")).collect()
    }

    #[test]
    fn a_good_topic_has_no_findings() {
        let text = topic(
            "## 连不上 {#connect}\n问法:\n- 登不上\n- 连接超时\n- ssh 失败\n\n级别: P1\n标签: ssh\n\n### 回答\n看[安全组](#group)、\
             [存储](../storage/disk.md#%E6%89%A9%E5%AE%B9)、[案例](kb:servers/ecs#group)、[网站](https://example.com)。\n\n### 何时转人工\n不通时。\n\n\
             ## 安全组 {#group}\n级别：P2\n问法：\n- 一\n- 二\n- 三\n\n### 处理步骤\n放行端口:\n\n```bash\nls\n```\n\n\
             ### 何时转人工\n不通时。\n",
        );
        let disk = topic(
            "## 扩容\n问法:\n- 四\n- 五\n- 六\n\n级别: P2\n\n### 回答\n在控制台扩容。\n\n### 何时转人工\n失败时。\n",
        );
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
            "t.md:6 Warning the case lacks 何时转人工",
            "t.md:6 Warning the case has neither 回答 nor 处理步骤",
            "t.md:6 Warning the case has no severity",
            "t.md:16 Error the way to ask \"连不上？\" is also one of t#a, in t.md:6",
        ] {
            assert!(found.iter().any(|line| line.contains(part)), "{part} in {found:#?}");
        }
    }

    #[test]
    fn a_missing_folder_is_fine() {
        assert_eq!(check(Path::new("/nonexistent/kb"), &mut |_, _, _| {}).unwrap(), Checked::default());
    }
}
