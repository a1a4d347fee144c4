//! Word files: lines that make no sense, entries that stand twice, words that work against each other.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::title::Products;
use super::{Finding, Severity};
use crate::analyzer::normalize::fold;
use crate::analyzer::script::is_han;
use crate::analyzer::synonym::{Relation, SynonymLine};
use crate::analyzer::words::{WordFiles, Words, lines};
use crate::kb::read::{Place, read_text};

/// What the word files say.
pub struct Read {
    /// Names of products, folded, without spaces.
    pub products: Products,
    /// What is wrong with the files.
    pub findings: Vec<Finding>,
}

/// Reads and checks the word files below the knowledge base; an absent one is empty, an unreadable one is told.
pub fn read(root: &Path) -> Read {
    let mut lint = Lint { folder: root.join("words").display().to_string(), findings: Vec::new() };
    let names = ["terms.txt", "synonyms.txt", "stop.txt", "products.txt"];
    let [terms, synonyms, stop, products] = names.map(|name| lint.text(root, name));
    let words =
        Words::parse(WordFiles { terms: &terms, synonyms: &synonyms, stop: &stop, products: &products });
    for bad in words.bad {
        lint.find(bad.file, bad.line, Severity::Error, bad.reason);
    }
    lint.doubled("terms.txt", lines(&terms).map(|(line, entry)| (line, fold(first(entry)))));
    let entries = lines(&stop).filter(|(_, entry)| !entry.starts_with('['));
    lint.doubled("stop.txt", entries.map(|(line, entry)| (line, fold(entry))));
    lint.doubled("products.txt", lines(&products).map(|(line, entry)| (line, fold(first(entry)))));
    lint.synonyms(&synonyms, &words.stop);
    let products = words
        .products
        .into_iter()
        .flat_map(|product| product.names)
        .map(|name| name.replace(' ', ""))
        .collect();
    Read { products, findings: lint.findings }
}

/// What stands before the first tab.
fn first(entry: &str) -> &str {
    entry.split('\t').next().unwrap_or(entry).trim()
}

struct Lint {
    folder: String,
    findings: Vec<Finding>,
}

impl Lint {
    fn text(&mut self, root: &Path, name: &'static str) -> String {
        let path = root.join("words").join(name);
        if let Ok(false) = path.try_exists() {
            return String::new();
        }
        read_text(&path).unwrap_or_else(|reason| {
            let place = Place { file: path.display().to_string(), line: None };
            self.findings.push(Finding::new(place, Severity::Error, format!("the word file {reason}")));
            String::new()
        })
    }

    fn find(&mut self, file: &str, line: usize, severity: Severity, message: String) {
        let place = Place { file: format!("{}/{file}", self.folder), line: Some(line as u64) };
        self.findings.push(Finding::new(place, severity, message));
    }

    fn doubled(&mut self, file: &str, entries: impl Iterator<Item = (usize, String)>) {
        let mut seen = HashMap::new();
        for (line, entry) in entries {
            if let Some(first) = seen.get(&entry) {
                let message = format!("`{entry}` stands already in line {first}: leave one out");
                self.find(file, line, Severity::Warning, message);
            } else {
                seen.insert(entry, line);
            }
        }
    }

    fn synonyms(&mut self, text: &str, stop: &HashSet<String>) {
        const FILE: &str = "synonyms.txt";
        let mut joined: HashMap<(String, String), usize> = HashMap::new();
        for (line, entry) in lines(text) {
            let Ok(group) = SynonymLine::parse(entry) else { continue };
            for message in faults(&group, stop) {
                self.find(FILE, line, Severity::Warning, message);
            }
            let known = pairs(&group).map(|pair| joined.get(&pair).copied()).collect::<Option<Vec<_>>>();
            if let Some(first) = known.and_then(|lines| lines.into_iter().max()) {
                let message =
                    format!("the line says nothing that is not said up to line {first}: leave one out");
                self.find(FILE, line, Severity::Warning, message);
            }
            for pair in pairs(&group) {
                joined.entry(pair).or_insert(line);
            }
        }
    }
}

/// From which word to which a line leads.
fn pairs(group: &SynonymLine) -> impl Iterator<Item = (String, String)> {
    let to = if group.relation == Relation::OneWay { &group.right } else { &group.left };
    let all = group.left.iter().flat_map(move |from| to.iter().map(move |to| (from, to)));
    all.filter(|(from, to)| from != to).map(|(from, to)| (from.clone(), to.clone()))
}

/// What is wrong with a line by itself.
fn faults(group: &SynonymLine, stop: &HashSet<String>) -> Vec<String> {
    let mut messages = Vec::new();
    let mut seen = HashSet::new();
    for word in group.left.iter().chain(&group.right) {
        if !seen.insert(word) {
            messages.push(format!("`{word}` stands twice in the line"));
        } else if stop.contains(word) {
            messages.push(format!("`{word}` is a stop word: it is never looked for"));
        } else if group.left.contains(word) && word.chars().count() == 1 && word.chars().all(is_han) {
            messages.push(format!("`{word}` is a single character: it would be found within other words"));
        }
    }
    if seen.len() < 2 {
        messages.push("the line joins a word to nothing else".to_owned());
    }
    messages
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("words")).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join("words").join(name), text).unwrap();
        }
        let shown = read(folder.path()).findings.into_iter().map(|found| {
            let name = found.place.file.rsplit('/').next().unwrap_or_default().to_owned();
            format!("{name}:{} {:?} {}", found.place.line.unwrap_or_default(), found.severity, found.message)
        });
        shown.collect()
    }

    #[test]
    fn good_files_have_no_findings() {
        let files = [
            ("terms.txt", "# 词\n云主机\n云盘\t30\n"),
            ("synonyms.txt", "云主机 = ecs\n登不上, 登不进 > 登录失败\n登录失败 ~ 登录报错 @0.5\n"),
            ("stop.txt", "[stop]\n的\n[polite]\n谢谢\n"),
            ("products.txt", "ecs\t云服务器\t云主机\n"),
        ];
        assert_eq!(findings(&files), Vec::<String>::new());
    }

    #[test]
    fn every_fault_has_its_line() {
        let synonyms = "甲乙 = 甲乙\n甲乙 = 丙丁\n丙丁 ~ 甲乙\n谢谢 = 感谢\n卡 = 卡顿\n甲乙 -> 丙丁\n甲乙 = 丙丁 ~ 戊己\n只有一个\n";
        let found = findings(&[
            ("terms.txt", "云主机\n雲主機\nx\tmany\n"),
            ("synonyms.txt", synonyms),
            ("stop.txt", "[polite]\n谢谢\n谢谢\n"),
            ("products.txt", "ecs\n"),
        ]);
        for part in [
            "terms.txt:2 Warning `云主机` stands already in line 1",
            "terms.txt:3 Error",
            "stop.txt:3 Warning",
            "products.txt:1 Error",
            "synonyms.txt:1 Warning the line joins a word to nothing else",
            "synonyms.txt:3 Warning the line says nothing that is not said up to line 2",
            "synonyms.txt:4 Warning `谢谢` is a stop word",
            "synonyms.txt:5 Warning `卡` is a single character",
            "synonyms.txt:6 Error the sign `->`",
            "synonyms.txt:7 Error the sign `~`",
            "synonyms.txt:8 Error",
        ] {
            assert!(found.iter().any(|line| line.starts_with(part)), "{part} in {found:#?}");
        }
    }
}
