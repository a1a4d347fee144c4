//! Links that lead nowhere.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{Finding, Severity};
use crate::kb::diagnosis::linked_cases;
use crate::kb::markdown::Outline;
use crate::kb::read::{Place, ReadError, read_text, walk};

/// Finds them in all documents, which are given by their paths below the root.
pub fn check(root: &Path, ids: &HashSet<String>, documents: &HashMap<String, Outline>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (relative, Outline { links, .. }) in documents {
        for (line, target) in links {
            if let Some(message) = dead(root, relative, target, ids, documents) {
                let place = Place { file: root.join(relative).display().to_string(), line: Some(*line) };
                findings.push(Finding::new(place, Severity::Error, message));
            }
        }
    }
    findings
}

/// Finds cases that guided diagnoses name and that are not there.
pub fn of_guides(root: &Path, ids: &HashSet<String>) -> Result<Vec<Finding>, ReadError> {
    let mut findings = Vec::new();
    for entry in walk(root)?.guides {
        let path = root.join(&entry.relative);
        // What cannot be read was reported by the reader.
        for (line, id) in read_text(&path).map(|text| linked_cases(&text)).unwrap_or_default() {
            if !ids.contains(id.as_str()) {
                let place = Place { file: path.display().to_string(), line: Some(line) };
                findings.push(Finding::new(place, Severity::Error, format!("there is no case {id}")));
            }
        }
    }
    Ok(findings)
}

/// Why the link leads nowhere; `None` where it leads somewhere or outside.
fn dead(
    root: &Path,
    from: &str,
    target: &str,
    ids: &HashSet<String>,
    documents: &HashMap<String, Outline>,
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
