//! The word files of `kb/words`: read, parsed, and the fingerprint of those that cut the cases.
//!
//! The words of outages are apart: they take part in understanding what people say, not in finding cases.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{App, AppError};
use crate::analyzer::words::{BadLine, WordFiles, Words};
use crate::dialogue::understanding::Understander;
use crate::dialogue::understanding::outage::{FILE as OUTAGES, Outages};
use crate::kb::read::read_text;

impl App {
    /// The word files as they are now, and the fingerprint of those that cut the cases. Absent files are empty.
    pub fn words(&self) -> Result<(Words, String), AppError> {
        read(&self.folders.kb)
    }

    /// What understands messages, with the words of outages as they are now, and the lines of these that were left out.
    pub fn understander(&self) -> Result<(Understander, Vec<BadLine>), AppError> {
        understander(&self.folders.kb)
    }
}

/// Reads the word files below the knowledge base; an absent file is an empty one.
fn read(kb: &Path) -> Result<(Words, String), AppError> {
    let text = |name: &str| Ok::<_, AppError>(text(kb, name)?.unwrap_or_default());
    let (terms, synonyms) = (text("terms.txt")?, text("synonyms.txt")?);
    let (stop, products) = (text("stop.txt")?, text("products.txt")?);
    let files = WordFiles { terms: &terms, synonyms: &synonyms, stop: &stop, products: &products };
    let words = Words::parse(files);
    let fingerprint = fingerprint(&words);
    Ok((words, fingerprint))
}

/// What understands messages: with the words of outages that the knowledge base has, or the shipped ones where it has
/// none. Lines that make no sense are left out and told.
fn understander(kb: &Path) -> Result<(Understander, Vec<BadLine>), AppError> {
    let Some(text) = text(kb, OUTAGES)? else { return Ok((Understander::shipped()?, Vec::new())) };
    let (outages, bad) = Outages::parse(&text);
    Ok((Understander::with_outages(outages)?, bad))
}

/// The text of a word file; `None` where there is no such file.
fn text(kb: &Path, name: &str) -> Result<Option<String>, AppError> {
    let path = kb.join("words").join(name);
    match path.try_exists() {
        Ok(false) => Ok(None),
        _ => read_text(&path).map(Some).map_err(|reason| AppError::Words { path, reason }),
    }
}

/// Changes whenever the words of outages do.
pub(super) fn outages(kb: &Path) -> String {
    hash_of(kb, &[OUTAGES])
}

/// Changes whenever a word file that takes part in searching does, synonyms and product names too.
pub(super) fn files(kb: &Path) -> String {
    hash_of(kb, &["terms.txt", "synonyms.txt", "stop.txt", "products.txt"])
}

fn hash_of(kb: &Path, names: &[&str]) -> String {
    let mut hash = Sha256::new();
    for name in names {
        // An absent file is as good as an empty one; an unreadable one is told when the words are read.
        let bytes = std::fs::read(kb.join("words").join(name)).unwrap_or_default();
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hex(&hash.finalize()[..16])
}

/// Of what cuts a case: terms and stop words. Comments and the order of stop words change nothing, and neither do
/// synonyms and product names, which only take part in questions.
fn fingerprint(words: &Words) -> String {
    let mut hash = Sha256::new();
    for term in &words.terms {
        hash.update(&term.text);
        hash.update([0]);
        hash.update(term.frequency.map_or([0; 8], |frequency| (frequency as u64 + 1).to_le_bytes()));
    }
    let mut stop: Vec<&str> = words.stop.iter().map(String::as_str).collect();
    stop.sort_unstable();
    for word in stop {
        hash.update([1]);
        hash.update(word);
    }
    hex(&hash.finalize()[..16])
}

/// Bytes as hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
