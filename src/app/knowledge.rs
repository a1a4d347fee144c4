//! `kb/` into the store: by a hash over its files, so that a start at which nothing changed costs next to nothing.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::intake::{Intake, take_in};
use super::words::hex;
use super::{App, AppError, Event, Watch};
use crate::kb::read::{is_topic, read_kb, walk};
use crate::store::Store;
use crate::store::source::SourceName;

/// The source that the knowledge base is.
const SOURCE: &str = "kb";
/// In the data folder: which store last took in the knowledge base as a whole, and its hash then.
pub(super) const NOTE: &str = "kb.synced";

/// What a sync of the knowledge base did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Its files were as at the last sync, so they were not read as cases.
    pub as_before: bool,
    /// Cases that are new, or back after a removal.
    pub added: u64,
    /// Cases with another content than before.
    pub changed: u64,
    /// Cases as they were.
    pub unchanged: u64,
    /// Cases that are gone from it.
    pub removed: u64,
    /// Cases that belonged to another source until now.
    pub moved: u64,
    /// Cases skipped because an earlier one has the same id.
    pub repeated: u64,
    /// Records that are no cases. Nothing is removed while there are any.
    pub bad: u64,
}

/// See [`App::sync_kb`].
pub(super) async fn sync(app: &App, now: SystemTime, watch: &mut Watch<'_>) -> Result<Synced, AppError> {
    let Some(source) = SourceName::parse(SOURCE) else { return Ok(Synced::default()) };
    let kb = &app.folders().kb;
    let store = app.store().await?;
    if !kb.is_dir() {
        return Ok(absent(store, &source, kb, watch).await?);
    }
    let note = format!("{} {}\n", store.identity().await?, fingerprint(kb)?);
    let path = app.data().join(NOTE);
    if fs::read_to_string(&path).is_ok_and(|known| known == note) {
        return Ok(Synced { as_before: true, ..Synced::default() });
    }
    let mut intake = Intake::default();
    // `kb check` tells duplicates; told at every start they would be noise.
    let mut watch_rest = |event| match event {
        Event::Duplicate { .. } => {}
        event => watch(event),
    };
    let ended = take_in(store, &source, (kb, read_kb), now, &mut intake, &mut watch_rest).await?;
    if let Some(error) = ended {
        return Err(error.into());
    }
    let done = intake.counts;
    if done.bad + done.repeated == 0 {
        // Not synced to the disk: a note that is lost costs one reading.
        fs::write(&path, note).map_err(|source| AppError::Note { path, source })?;
    }
    Ok(Synced {
        as_before: false,
        added: done.added,
        changed: done.changed,
        unchanged: done.unchanged,
        removed: done.removed,
        moved: done.moved,
        repeated: done.repeated,
        bad: done.bad,
    })
}

/// A missing folder is more likely a wrong directory than a knowledge base given up, so its cases stay.
async fn absent(
    store: &impl Store,
    source: &SourceName,
    kb: &Path,
    watch: &mut Watch<'_>,
) -> Result<Synced, crate::store::error::StoreError> {
    let sources = store.sources().await?;
    let cases = sources.iter().find(|known| known.name == *source).map_or(0, |known| known.cases);
    if cases > 0 {
        let folder = kb.display();
        watch(Event::Message(format!(
            "there is no folder {folder}: the {cases} cases of the knowledge base stay as they were; \
             start in its directory or name it with --kb"
        )));
    } else if store.count().await? == 0 {
        let folder = kb.display();
        watch(Event::Message(format!(
            "there is no folder {folder} and no case was imported, so nothing can be found: \
             start in the directory that holds it, name it with --kb, or import cases"
        )));
    }
    Ok(Synced { as_before: true, ..Synced::default() })
}

/// Over the names and bytes of all topics and guided diagnoses. A file that cannot be read counts by the reason.
fn fingerprint(kb: &Path) -> Result<String, AppError> {
    let mut hash = Sha256::new();
    let tree = walk(kb)?;
    let topics = tree.documents.iter().filter(|document| is_topic(&document.relative));
    for document in topics.chain(&tree.guides) {
        hash.update(&document.relative);
        match fs::File::open(kb.join(&document.relative)) {
            Ok(mut file) => {
                let mut content = Sha256::new();
                let read = io::copy(&mut file, &mut HashWriter(&mut content));
                hash.update([0, u8::from(read.is_ok())]);
                hash.update(content.finalize());
            }
            Err(error) => hash.update(error.to_string()),
        }
    }
    for (path, reason) in &tree.unreadable {
        hash.update(path.display().to_string());
        hash.update(reason);
    }
    Ok(hex(&hash.finalize()[..16]))
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
