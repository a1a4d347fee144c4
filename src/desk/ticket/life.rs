//! The life of a ticket: its stages, and what may follow what.

use serde::{Deserialize, Serialize};

/// Stage of a ticket's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was opened and is in no queue yet.
    New,
    /// It waits in a queue.
    Waiting,
    /// Somebody was given it and has not begun.
    Assigned,
    /// Somebody works on it.
    InProgress,
    /// The customer is waited for: the clocks stand.
    WaitingCustomer,
    /// It is solved, and may be opened again.
    Resolved,
    /// It is over.
    Closed,
    /// It was called off.
    Cancelled,
}

/// The table: for each stage, those that may follow.
const TRANSITIONS: [(Status, &[Status]); 8] = {
    use Status::{Assigned, Cancelled, Closed, InProgress, New, Resolved, Waiting, WaitingCustomer};
    [
        (New, &[Waiting, Assigned, InProgress, Resolved, Closed, Cancelled]),
        (Waiting, &[Assigned, InProgress, WaitingCustomer, Resolved, Closed, Cancelled]),
        (Assigned, &[Waiting, InProgress, WaitingCustomer, Resolved, Closed, Cancelled]),
        (InProgress, &[Waiting, Assigned, WaitingCustomer, Resolved, Closed, Cancelled]),
        (WaitingCustomer, &[Waiting, Assigned, InProgress, Resolved, Closed, Cancelled]),
        (Resolved, &[Waiting, Closed]),
        (Closed, &[]),
        (Cancelled, &[]),
    ]
};

impl Status {
    /// The stages in which there is work to do.
    pub const OPEN: [Self; 5] =
        [Self::New, Self::Waiting, Self::Assigned, Self::InProgress, Self::WaitingCustomer];

    /// Its public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Waiting => "waiting",
            Self::Assigned => "assigned",
            Self::InProgress => "in_progress",
            Self::WaitingCustomer => "waiting_customer",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The stages that may follow.
    pub fn may_become(self) -> &'static [Self] {
        TRANSITIONS.iter().find(|(from, _)| *from == self).map_or(&[], |(_, to)| to)
    }

    /// Whether there is work to do.
    pub fn is_open(self) -> bool {
        Self::OPEN.contains(&self)
    }
}
