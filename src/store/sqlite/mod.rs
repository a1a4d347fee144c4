//! The store in one SQLite file under the data folder: no server, one writer, readers that never wait.
//!
//! Start at [`SqliteStore::open`]. `plan.rs` decides what a batch changes, `write.rs` and `read.rs`
//! hold the statements, `fault.rs` turns what SQLite says into
//! what a person can act on.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sqlx::SqlitePool;

use super::Store;
use super::change::{Change, Revision, Seq};
use super::error::StoreError;
use super::source::{PutSummary, Removal, Source, SourceName, SyncRun};
use crate::id::CaseId;
use crate::kb::case::Case;

pub mod backup;
mod bulk;
#[cfg(test)]
mod durability;
mod fault;
mod open;
mod plan;
mod read;
mod service;
#[cfg(test)]
mod tests;
mod write;

/// The embedded store. Cheap to clone; the clones share their connections.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    path: Arc<Path>,
    /// One connection, so that writers of this process queue up here and not at SQLite's lock.
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// The name of the database file in the data folder.
    pub const FILE: &str = "yunzhu.db";

    /// The name of the folder in the data folder that holds the attachments, each a file named by its id.
    pub const ATTACHMENTS: &str = "attachments";

    /// Opens the database in `data_dir`, and makes both where they are missing.
    pub async fn open(data_dir: &Path) -> Result<Self, StoreError> {
        open::open(data_dir, open::PATIENCE).await
    }

    /// Closes all connections; SQLite then tidies its side files away. Dropping the store is safe too.
    pub async fn close(self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    fn fault(&self, error: sqlx::Error) -> StoreError {
        fault::name(&self.path, error)
    }

    fn record_fault(&self, id: &str, source: super::record::RecordError) -> StoreError {
        StoreError::Record { path: self.path.to_path_buf(), id: id.to_owned(), source }
    }
}

impl Store for SqliteStore {
    async fn begin_sync(&self, source: &SourceName, now: SystemTime) -> Result<SyncRun, StoreError> {
        self.write_begin(source, to_millis(now)).await
    }

    async fn put(&self, run: &SyncRun, cases: Vec<Case>) -> Result<PutSummary, StoreError> {
        self.write_batch(run, cases).await
    }

    async fn finish_sync(&self, run: SyncRun, removal: Removal) -> Result<u64, StoreError> {
        self.write_finish(&run, removal).await
    }

    async fn changes_after(&self, seq: Seq, limit: usize) -> Result<Vec<Change>, StoreError> {
        self.read_changes(seq, limit).await
    }

    async fn identity(&self) -> Result<String, StoreError> {
        self.read_identity().await
    }

    async fn last_seq(&self) -> Result<Seq, StoreError> {
        self.read_last_seq().await
    }

    async fn case(&self, id: &CaseId) -> Result<Option<Case>, StoreError> {
        self.read_case(id).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.read_count().await
    }

    async fn sources(&self) -> Result<Vec<Source>, StoreError> {
        self.read_sources().await
    }

    async fn revisions(&self, id: &CaseId) -> Result<Vec<Revision>, StoreError> {
        self.read_revisions(id).await
    }
}

/// Unix milliseconds; a time before 1970 becomes 1970, for no clock that is set says so.
fn to_millis(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn from_millis(millis: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis.max(0).unsigned_abs())
}

/// Runs what would hold up an async thread (compressing, parsing) on a thread for such work.
async fn on_blocking_thread<T, F>(work: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, StoreError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Stopping),
        },
    }
}
