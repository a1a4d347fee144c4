//! The half of following that runs on a thread: changes into one generation of the index.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::vec;

use tokio::sync::mpsc;

use crate::analyzer::Analyzer;
use crate::analyzer::words::Words;
use crate::index::generation::WriteLock;
use crate::index::writer::{Change, IndexError, Writer};

/// What the reading half sends.
pub(super) enum Page {
    /// Changes, each case at most once in a new index.
    Changes(Vec<Change>),
    /// These were all.
    End,
}

/// The pages as one sequence. Knows whether the end was seen or the sender has only gone.
pub(super) struct Changes {
    pages: mpsc::Receiver<Page>,
    page: vec::IntoIter<Change>,
    count: u64,
    whole: bool,
}

impl Changes {
    pub(super) fn new(pages: mpsc::Receiver<Page>) -> Self {
        Self { pages, page: Vec::new().into_iter(), count: 0, whole: false }
    }
}

impl Iterator for Changes {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.page.next() {
                self.count += 1;
                return Some(change);
            }
            match self.pages.blocking_recv()? {
                Page::Changes(page) => self.page = page.into_iter(),
                Page::End => {
                    self.whole = true;
                    return None;
                }
            }
        }
    }
}

/// Whether the folder holds the generation in use or becomes a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Follow,
    Rebuild,
}

/// What is written where. Holds the lock for as long as it runs, also when nobody waits for it any more.
pub(super) struct Job {
    pub lock: Arc<WriteLock>,
    pub folder: PathBuf,
    pub kind: Kind,
    pub words: Words,
    pub fingerprint: String,
    pub identity: String,
    pub seq: i64,
}

impl Job {
    /// Writes all changes and returns how many; `None` where they broke off, and then nothing is changed.
    pub(super) fn run(
        self,
        changes: Changes,
        progress: &mpsc::Sender<u64>,
    ) -> Result<Option<u64>, IndexError> {
        let (lock, folder, kind) = (Arc::clone(&self.lock), self.folder.clone(), self.kind);
        let written = self.write(changes, progress).map_err(|error| lock.explain(error));
        if kind == Kind::Rebuild && !matches!(written, Ok(Some(_))) {
            // What cannot be removed now is removed by the next writer.
            let _ = fs::remove_dir_all(folder);
        }
        written
    }

    fn write(self, mut changes: Changes, progress: &mpsc::Sender<u64>) -> Result<Option<u64>, IndexError> {
        let mut writer = Writer::open(&self.folder, &self.fingerprint)?;
        let analyzer = Analyzer::new(self.words);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        // A report that finds the queue full is one too many.
        writer.write(&analyzer, &mut changes, threads, &|done| {
            let _ = progress.try_send(done);
        })?;
        drop(analyzer);
        if !changes.whole {
            return Ok(None);
        }
        writer.follow(&self.identity);
        writer.commit(self.seq)?;
        match self.kind {
            Kind::Follow => writer.finish()?,
            Kind::Rebuild => {
                writer.merge()?;
                self.lock.install(&self.folder)?;
            }
        }
        Ok(Some(changes.count))
    }
}
