//! A folder of Markdown documents, and the project's own folder of topics.

use std::fs;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::encoding::decode_document;
use super::{Desk, MAX_RECORD, Outcome, ReadError, Sink, file_name, unreadable};
use crate::guide::FOLDER;
use crate::kb::diagnosis::read_guide;
use crate::kb::markdown::{Document, read_document};

/// Reads all Markdown documents below a folder, in the order of their paths.
pub fn read_folder(root: &Path, sink: &mut Sink<'_>) -> Result<Outcome, ReadError> {
    let tree = walk(root)?;
    if tree.documents.is_empty() && tree.unreadable.is_empty() {
        return Err(ReadError::Shape {
            path: root.to_owned(),
            reason: "there is no Markdown document in this folder".to_owned(),
            advice: "give the folder that holds the .md files, or a file by its name".to_owned(),
        });
    }
    Ok(read_tree(root, &tree, sink))
}

/// Reads the knowledge base of the project: as a folder, but without `words/` and the READMEs at its top.
///
/// A folder that does not exist holds no cases; that is no error.
pub fn read_kb(root: &Path, sink: &mut Sink<'_>) -> Result<Outcome, ReadError> {
    let mut tree = match walk(root) {
        Err(ReadError::Missing(_)) => return Ok(Outcome::default()),
        tree => tree?,
    };
    tree.documents.retain(|document| is_topic(&document.relative));
    tree.documents.append(&mut tree.guides);
    Ok(read_tree(root, &tree, sink))
}

/// Whether a file of the knowledge base may hold cases.
pub fn is_topic(relative: &str) -> bool {
    match relative.split_once('/') {
        Some((folder, _)) => folder != "words",
        None => !relative.to_lowercase().starts_with("readme"),
    }
}

/// Whether a file of the knowledge base is a guided diagnosis.
fn is_guide(relative: &str) -> bool {
    relative.starts_with(FOLDER) && relative.ends_with(".toml")
}

/// Reads one document that was named by itself.
pub fn read_single(path: &Path, desk: &mut Desk<'_, '_>) -> Result<(), ReadError> {
    let text = read_text(path).map_err(|reason| ReadError::Shape {
        path: path.to_owned(),
        reason,
        advice: "save it as UTF-8 and in parts of at most 16 MiB".to_owned(),
    })?;
    desk.progress.done = desk.progress.total;
    // A sink that has enough is seen in the outcome.
    let _ = hand_document(&text, &file_name(path), desk);
    Ok(())
}

fn read_tree(root: &Path, tree: &Tree, sink: &mut Sink<'_>) -> Outcome {
    let mut desk = Desk::new(String::new(), sink);
    desk.progress.total = tree.documents.iter().map(|document| document.size).sum();
    for (path, reason) in &tree.unreadable {
        desk.file = path.display().to_string();
        if desk.hand(None, Err(reason.clone())).is_break() {
            return desk.outcome;
        }
    }
    for document in &tree.documents {
        let path = root.join(&document.relative);
        desk.file = path.display().to_string();
        desk.progress.done += document.size;
        let flow = match read_text(&path) {
            Ok(text) if is_guide(&document.relative) => match read_guide(&text, &document.relative) {
                Ok(case) => desk.hand(Some(1), Ok(case)),
                Err(fault) => desk.hand(Some(fault.line), Err(fault.reason)),
            },
            Ok(text) => hand_document(&text, &document.relative, &mut desk),
            Err(reason) => desk.hand(None, Err(reason)),
        };
        if flow.is_break() {
            break;
        }
    }
    desk.outcome
}

fn hand_document(text: &str, relative: &str, desk: &mut Desk<'_, '_>) -> ControlFlow<()> {
    let Document { found, empty } = read_document(text, relative);
    desk.outcome.empty += empty;
    for found in found {
        desk.hand(Some(found.line), found.result)?;
    }
    ControlFlow::Continue(())
}

/// A document as text; an error says in words why it cannot be had.
pub fn read_text(path: &Path) -> Result<String, String> {
    let file = fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut bytes = Vec::new();
    file.take(MAX_RECORD as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > MAX_RECORD {
        return Err(format!("the document is longer than {MAX_RECORD} bytes"));
    }
    decode_document(&bytes).map_err(|reason| format!("the document {reason}"))
}

/// What lies below a folder.
pub struct Tree {
    /// Documents in the order of their paths.
    pub documents: Vec<Entry>,
    /// Guided diagnoses in the order of their paths; only the project's own folder has them.
    pub guides: Vec<Entry>,
    /// Folders that the system refuses to list, and what it says.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// One document.
pub struct Entry {
    /// Path below the root, with `/` on every system.
    pub relative: String,
    /// Size in bytes.
    pub size: u64,
}

/// Finds the Markdown documents below a folder. Hidden folders and `node_modules` are skipped; links to folders are
/// not followed, so no loop can occur; links to files are.
pub fn walk(root: &Path) -> Result<Tree, ReadError> {
    fs::read_dir(root).map_err(|error| unreadable(root, &error))?;
    let mut tree = Tree { documents: Vec::new(), guides: Vec::new(), unreadable: Vec::new() };
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        let path = root.join(&folder);
        match fs::read_dir(&path) {
            Ok(entries) => entries.flatten().for_each(|entry| visit(&entry, &folder, &mut open, &mut tree)),
            Err(error) => tree.unreadable.push((path, format!("the folder cannot be read: {error}"))),
        }
    }
    tree.documents.sort_by(|a, b| a.relative.cmp(&b.relative));
    tree.guides.sort_by(|a, b| a.relative.cmp(&b.relative));
    Ok(tree)
}

fn visit(entry: &fs::DirEntry, folder: &str, open: &mut Vec<String>, tree: &mut Tree) {
    let name = entry.file_name();
    let Some(name) = name.to_str() else {
        tree.unreadable.push((entry.path(), "the name is not valid UTF-8; rename it".to_owned()));
        return;
    };
    let relative = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let Ok(kind) = entry.file_type() else { return };
    if kind.is_dir() {
        if !name.starts_with('.') && name != "node_modules" {
            open.push(relative);
        }
        return;
    }
    let lower = name.to_lowercase();
    let is_document = lower.ends_with(".md") || lower.ends_with(".markdown");
    if name.starts_with('.') || !(is_document || is_guide(&relative)) {
        return;
    }
    // A dangling link has no size and is reported when it is read.
    let metadata = fs::metadata(entry.path());
    if metadata.as_ref().is_ok_and(fs::Metadata::is_dir) {
        return;
    }
    let list = if is_document { &mut tree.documents } else { &mut tree.guides };
    list.push(Entry { relative, size: metadata.map_or(0, |metadata| metadata.len()) });
}
