//! Bringing the store to what a source has, while that source is still being read.
//!
//! The reader runs on a thread of its own and sends into a bounded tokio queue; this side takes batches from it, so that
//! parsing and writing go on at the same time and memory does not grow with the source.

use std::time::SystemTime;

use tokio::sync::mpsc;

use super::Store;
use super::error::StoreError;
use super::source::{PutSummary, Removal, SourceName};
use crate::kb::case::Case;

/// Cases of one transaction: large enough that its cost is shared, small enough that memory stays
/// at a few megabytes and other writers get their turn several times a second.
pub const BATCH: usize = 2_000;

/// A batch also ends here, in bytes of body: a few very long cases do not add up.
const BATCH_BYTES: usize = 8 << 20;

/// What a reader sends.
#[derive(Debug)]
pub enum Feed {
    /// The source has this case.
    Case(Box<Case>),
    /// The source has been read to its end: [`Removal::Gone`] where every record was good, else [`Removal::Keep`].
    End(Removal),
}

/// What a sync did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncSummary {
    /// What became of the cases that the source has.
    pub put: PutSummary,
    /// How many it no longer has.
    pub removed: u64,
}

/// Puts all that comes from `feed` into the store as what `source` has at `now`. A feed that closes without
/// [`Feed::End`] was cut off: what came is saved and nothing is removed. On an error the receiver is dropped, so that the
/// reader's next send fails and it stops too; the source stays unfinished, and syncing it again completes it.
pub async fn sync_source(
    store: &impl Store,
    source: &SourceName,
    now: SystemTime,
    mut feed: mpsc::Receiver<Feed>,
) -> Result<SyncSummary, StoreError> {
    let run = store.begin_sync(source, now).await?;
    let mut put = PutSummary::default();
    loop {
        let (batch, end) = next_batch(&mut feed).await;
        if !batch.is_empty() {
            put += store.put(&run, batch).await?;
        }
        if let Some(removal) = end {
            let removed = store.finish_sync(run, removal).await?;
            return Ok(SyncSummary { put, removed });
        }
    }
}

/// A full batch, or what was left before the end.
async fn next_batch(feed: &mut mpsc::Receiver<Feed>) -> (Vec<Case>, Option<Removal>) {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        match feed.recv().await {
            Some(Feed::Case(case)) => {
                bytes += case.body.len();
                batch.push(*case);
            }
            Some(Feed::End(removal)) => return (batch, Some(removal)),
            None => return (batch, Some(Removal::Keep)),
        }
    }
    (batch, None)
}
