//! How a stream is, for who looks at it from outside.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How a stream is, for figures and health.
#[derive(Debug, Default)]
pub struct State {
    connected: AtomicBool,
    last_frame: AtomicI64,
    connections: AtomicU64,
    problem: Mutex<Option<String>>,
}

impl State {
    /// Whether it stands.
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// When something last came by it, Unix milliseconds; 0: never.
    pub fn last_frame_ms(&self) -> i64 {
        self.last_frame.load(Ordering::Relaxed)
    }

    /// How many were opened so far.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Why it does not stand, where that is known.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It does not stand.
    pub(super) fn fail(&self, problem: Option<String>) {
        self.connected.store(false, Ordering::Relaxed);
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// It stands.
    pub(super) fn stand(&self) {
        self.fail(None);
        self.connected.store(true, Ordering::Relaxed);
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Something came by it.
    pub(super) fn heard(&self, now_ms: i64) {
        self.last_frame.store(now_ms, Ordering::Relaxed);
    }
}
