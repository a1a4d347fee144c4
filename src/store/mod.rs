//! Persistence in the domain's words: cases with their revisions, the change sequence, and sources.
//!
//! Start at [`Store`]. The only place that knows sqlx; never reads the clock (times are given in) and never decides
//! what a case means. Each database engine is one folder beside this file and runs the same battery of tests.

use std::time::SystemTime;

use crate::id::CaseId;
use crate::kb::case::Case;

pub mod audit;
#[cfg(test)]
mod battery;
pub mod change;
pub mod channel;
pub mod erased;
pub mod error;
mod record;
pub mod service;
pub mod source;
pub mod sqlite;
pub mod sync;

use change::{Change, Revision, Seq};
use error::StoreError;
use source::{PutSummary, Removal, Source, SourceName, SyncRun};

/// What the program remembers. Every method is one transaction: it happens as a whole or not at all, also when the
/// process is killed in the middle. Reading never waits for writing.
pub trait Store: Send + Sync {
    /// Starts a sync of `source` at `now`. An earlier run of the same source that was not finished is given up: its
    /// cases stay, and [`StoreError::Superseded`] tells its owner if there is one still.
    fn begin_sync(
        &self,
        source: &SourceName,
        now: SystemTime,
    ) -> impl Future<Output = Result<SyncRun, StoreError>> + Send;

    /// Saves a batch of cases that the source has. What is unchanged is only marked as still there.
    fn put(
        &self,
        run: &SyncRun,
        cases: Vec<Case>,
    ) -> impl Future<Output = Result<PutSummary, StoreError>> + Send;

    /// Ends a sync and returns how many cases were removed; durable, even through a power cut, when it returns.
    fn finish_sync(
        &self,
        run: SyncRun,
        removal: Removal,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The changes after `seq` in order, at most `limit`; of each case only the latest. Empty: there are no more.
    fn changes_after(
        &self,
        seq: Seq,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Change>, StoreError>> + Send;

    /// What tells this store from every other: a follower that finds another one here starts from nothing.
    fn identity(&self) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// The number of the latest change.
    fn last_seq(&self) -> impl Future<Output = Result<Seq, StoreError>> + Send;

    /// One case, unless there is none or it was removed.
    fn case(&self, id: &CaseId) -> impl Future<Output = Result<Option<Case>, StoreError>> + Send;

    /// How many cases there are, without the removed ones.
    fn count(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The sources, by name.
    fn sources(&self) -> impl Future<Output = Result<Vec<Source>, StoreError>> + Send;

    /// The earlier versions of a case, oldest first. The current one is not among them; a removed one's last is.
    fn revisions(&self, id: &CaseId) -> impl Future<Output = Result<Vec<Revision>, StoreError>> + Send;
}
