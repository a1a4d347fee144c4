//! `import`: files and folders into the store, then into the index.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::follow::{self, Care, Rebuild, Updated};
use super::intake::{Intake, take_in};
use super::{App, AppError, Event, Watch};
use crate::kb::read::{BadRecord, Place, ReadError, read_path};
use crate::store::source::SourceName;
use crate::store::sync::SyncSummary;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Cases that are new, or back after a removal.
    pub added: u64,
    /// Cases with another content than before.
    pub changed: u64,
    /// Cases as they were.
    pub unchanged: u64,
    /// Cases that a source no longer has.
    pub removed: u64,
    /// Cases that belonged to another source until now.
    pub moved: u64,
    /// Records skipped because an earlier one of this import has the same id.
    pub repeated: u64,
    /// Records that are no cases, and files that could not be read to their end.
    pub bad: u64,
    /// Cases that say the same as an earlier one of this import.
    pub exact_duplicates: u64,
    /// Cases that say nearly the same.
    pub near_duplicates: u64,
    /// Nothing was removed from at least one source, because it could not be read as a whole.
    pub kept_because_of_bad: bool,
    /// What became of the index.
    pub indexed: Updated,
}

impl Imported {
    pub(super) fn add(&mut self, summary: SyncSummary) {
        self.added += summary.put.added;
        self.changed += summary.put.changed;
        self.unchanged += summary.put.unchanged;
        self.moved += summary.put.moved;
        self.repeated += summary.put.repeated;
        self.removed += summary.removed;
    }
}

/// See [`App::import`].
pub(super) async fn import(
    app: &App,
    paths: &[PathBuf],
    now: SystemTime,
    watch: &mut Watch<'_>,
) -> Result<Imported, AppError> {
    // All of them first, so that a mistyped path is told before minutes of work.
    let sources: Vec<SourceName> = paths.iter().map(|path| source(path)).collect::<Result<_, _>>()?;
    let store = app.store().await?;
    let mut intake = Intake::default();
    let mut failed = None;
    for (path, source) in paths.iter().zip(&sources) {
        let ended = take_in(store, source, (path, read_path), now, &mut intake, watch).await?;
        let Some(error) = ended else { continue };
        intake.counts.bad += 1;
        match paths.len() {
            // The reason to fail with, if nothing was read; else one of the things that went wrong.
            1 if is_empty(&intake.counts) => failed = Some(error),
            _ => watch(Event::Bad(bad(path, &error))),
        }
    }
    if let Some(error) = failed {
        return Err(error.into());
    }
    // What was remembered of every case is let go before the index takes its memory.
    let mut imported = std::mem::take(&mut intake.counts);
    drop(intake);
    imported.indexed = follow::update(app, Rebuild::IfNeeded, Care::Look, watch).await?;
    Ok(imported)
}

/// A source is named by its canonical path, so that it is the same from wherever the program is started.
fn source(path: &Path) -> Result<SourceName, AppError> {
    let full = path.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::Missing(path.to_owned()),
        _ => ReadError::Unreadable { path: path.to_owned(), reason: error.to_string() },
    })?;
    let name = full.to_str().and_then(SourceName::parse);
    name.ok_or_else(|| AppError::Name(path.to_owned()))
}

/// Whether nothing came of it but the error itself.
fn is_empty(counts: &Imported) -> bool {
    *counts == Imported { bad: 1, ..Imported::default() }
}

fn bad(path: &Path, error: &ReadError) -> BadRecord {
    let (file, reason) = (path.display().to_string(), error.to_string());
    // The sentence begins with the file, as the place does.
    let reason =
        reason.strip_prefix(&file).map_or(reason.as_str(), |rest| rest.trim_start_matches([':', ' ']));
    BadRecord { reason: reason.to_owned(), place: Place { file, line: None } }
}
