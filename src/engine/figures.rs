//! What is counted while the service runs, for whoever watches it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::hit::Decision;
use crate::message::HandoffReason;

/// Counters since the start. Only rise.
#[derive(Debug, Default)]
pub struct Figures {
    conversations: AtomicU64,
    turns: AtomicU64,
    decisions: [AtomicU64; 4],
    handoffs: [AtomicU64; 6],
    failed_rounds: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    search_us: AtomicU64,
    arrivals: Mutex<BTreeMap<(String, &'static str), u64>>,
    deliveries: Mutex<BTreeMap<(String, &'static str), u64>>,
}

/// The decisions, in the order of their counters.
pub const DECISIONS: [Decision; 4] = [Decision::Answer, Decision::Choose, Decision::Clarify, Decision::Miss];
/// The reasons of handoffs, in the order of their counters.
pub const REASONS: [HandoffReason; 6] = [
    HandoffReason::FailedRounds,
    HandoffReason::UserRequest,
    HandoffReason::Urgent,
    HandoffReason::Complaint,
    HandoffReason::Vip,
    HandoffReason::TicketTimeout,
];

impl Figures {
    /// Something came from a platform; `what` is `new`, `again`, `refused` or `stale`.
    pub fn arrived(&self, account: &str, what: &'static str) {
        count(&self.arrivals, account, what);
    }

    /// Something left for a sink, or did not; `how` is `delivered`, `again`, `held_back` or `given_up`.
    pub fn delivered(&self, sink: &str, how: &'static str) {
        count(&self.deliveries, sink, how);
    }

    /// What came from platforms, by account and kind.
    pub fn arrivals(&self) -> Vec<(String, &'static str, u64)> {
        counted(&self.arrivals)
    }

    /// What left, by sink and outcome.
    pub fn deliveries(&self) -> Vec<(String, &'static str, u64)> {
        counted(&self.deliveries)
    }

    pub(super) fn opened(&self) {
        self.conversations.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn searched(&self, decision: Decision, took: std::time::Duration) {
        if let Some(at) = DECISIONS.iter().position(|known| *known == decision) {
            self.decisions[at].fetch_add(1, Ordering::Relaxed);
        }
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.search_us.fetch_add(us, Ordering::Relaxed);
    }

    pub(super) fn handed_over(&self, reason: HandoffReason) {
        if let Some(at) = REASONS.iter().position(|known| *known == reason) {
            self.handoffs[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn failed(&self) {
        self.failed_rounds.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn judged(&self, helpful: bool) {
        let counter = if helpful { &self.accepted } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Conversations that were opened.
    pub fn conversations(&self) -> u64 {
        self.conversations.load(Ordering::Relaxed)
    }

    /// Turns that were saved.
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Searches by decision, in the order of [`DECISIONS`].
    pub fn decisions(&self) -> [u64; 4] {
        self.decisions.each_ref().map(|counter| counter.load(Ordering::Relaxed))
    }

    /// Handoffs by reason, in the order of [`REASONS`].
    pub fn handoffs(&self) -> [u64; 6] {
        self.handoffs.each_ref().map(|counter| counter.load(Ordering::Relaxed))
    }

    /// Rounds that failed.
    pub fn failed_rounds(&self) -> u64 {
        self.failed_rounds.load(Ordering::Relaxed)
    }

    /// Answers that helped, and those that did not.
    pub fn verdicts(&self) -> (u64, u64) {
        (self.accepted.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }

    /// Time spent searching, in microseconds.
    pub fn search_us(&self) -> u64 {
        self.search_us.load(Ordering::Relaxed)
    }
}
fn count(counters: &Mutex<BTreeMap<(String, &'static str), u64>>, name: &str, what: &'static str) {
    let mut counters = counters.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    *counters.entry((name.to_owned(), what)).or_default() += 1;
}

fn counted(counters: &Mutex<BTreeMap<(String, &'static str), u64>>) -> Vec<(String, &'static str, u64)> {
    let counters = counters.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    counters.iter().map(|((name, what), count)| (name.clone(), *what, *count)).collect()
}
