//! Cuts cases into terms in several threads, and says which batch is which, so that the writer can keep their order.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::Scope;

use crate::analyzer::Analyzer;
use crate::id::CaseId;

use super::prepare::{Prepared, prepare};
use super::writer::Change;

/// Starts the threads: one that takes the changes, `threads` that cut them. All of them end when the changes do, or when
/// nobody receives any more.
pub(super) fn cut_in_threads<'scope, 'env: 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    analyzer: &'env Analyzer,
    changes: &'env mut (dyn Iterator<Item = Change> + Send),
    threads: usize,
    cut_in: SyncSender<Numbered<CutChange>>,
) {
    let (raw_in, raw_out) = sync_channel::<Numbered<Change>>(threads * 2);
    let raw_out = Arc::new(Mutex::new(raw_out));
    scope.spawn(move || feed(changes, &raw_in));
    for _ in 0..threads.max(1) {
        let (raw_out, cut_in) = (Arc::clone(&raw_out), cut_in.clone());
        scope.spawn(move || cut_batches(analyzer, &raw_out, &cut_in));
    }
    // Only the threads hold the ends now, so that all of them stop when one side does.
}

/// A change with its case cut into terms.
pub(super) enum CutChange {
    /// The case is new or changed.
    Put(Box<Prepared>),
    /// The case is gone.
    Remove(CaseId),
}

/// A batch and its place among all of them.
pub(super) type Numbered<T> = (u64, Vec<T>);

fn feed(changes: &mut dyn Iterator<Item = Change>, out: &SyncSender<Numbered<Change>>) {
    for number in 0.. {
        let batch: Vec<Change> = changes.take(64).collect();
        if batch.is_empty() || out.send((number, batch)).is_err() {
            return;
        }
    }
}

fn cut_batches(
    analyzer: &Analyzer,
    raw: &Mutex<Receiver<Numbered<Change>>>,
    out: &SyncSender<Numbered<CutChange>>,
) {
    loop {
        let received = raw.lock().map(|receiver| receiver.recv());
        let Ok(Ok((number, batch))) = received else { return };
        let cut = batch.into_iter().map(|change| match change {
            Change::Put(case) => CutChange::Put(Box::new(prepare(analyzer, *case))),
            Change::Remove(id) => CutChange::Remove(id),
        });
        if out.send((number, cut.collect())).is_err() {
            return;
        }
    }
}
