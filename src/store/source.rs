//! Where cases come from, and one run of bringing the store to what a source has.

use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::SystemTime;

/// The name of a source: what was imported, such as `kb` or a path. It owns the cases that its last sync put.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceName(Arc<str>);

impl SourceName {
    /// Longest name that is accepted, in bytes: the longest path that Linux has.
    pub const MAX_LEN: usize = 4096;

    /// A name from outside; `None` where it is empty, too long or holds control characters.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.trim().is_empty() && text.len() <= Self::MAX_LEN;
        (fits && !text.chars().any(char::is_control)).then(|| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceName({})", self.0)
    }
}

/// How the last sync of a source went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Not finished: it is running, or its process died. Syncing again completes it.
    Running,
    /// Finished; the store has what the source had, and nothing else of it.
    Complete,
    /// Finished with [`Removal::Keep`]: cases that the source no longer has may still be there.
    Partial,
}

/// A source and its last sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// When its last sync began.
    pub last_run: SystemTime,
    /// How that went.
    pub state: RunState,
    /// How many cases it owns.
    pub cases: u64,
}

/// A sync that has begun, from [`Store::begin_sync`](super::Store::begin_sync).
#[derive(Debug)]
pub struct SyncRun {
    pub(super) source: SourceName,
    /// The key of the source in its store.
    pub(super) source_id: i64,
    /// Counts the syncs of the source: a later one takes over.
    pub(super) run: i64,
    /// Unix milliseconds; the time of all that this run changes.
    pub(super) now: i64,
}

impl SyncRun {
    /// The source that is synced.
    pub fn source(&self) -> &SourceName {
        &self.source
    }
}

/// What happens at the end of a sync to the source's cases that the sync did not put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// They are gone from the source, so they are removed.
    Gone,
    /// The source was not read as a whole (bad records, cut off), so nobody knows: they are kept.
    Keep,
}

/// What became of the cases put. Each counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutSummary {
    /// New, or back after a removal.
    pub added: u64,
    /// Of this source, with another content than before.
    pub changed: u64,
    /// Of this source, with the content that the store has.
    pub unchanged: u64,
    /// Of another source until now, with the same or another content.
    pub moved: u64,
    /// Skipped, because this run has put a case of that id before. The first one stays, so that syncing the same
    /// source again changes nothing.
    pub repeated: u64,
}

impl AddAssign for PutSummary {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.moved += other.moved;
        self.repeated += other.repeated;
    }
}
