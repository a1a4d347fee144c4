//! Who did what with a ticket, and when.

use serde::{Deserialize, Serialize};

use super::super::sla::SlaEvent;
use crate::id::AgentName;
use crate::message::Severity;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", content = "name", rename_all = "snake_case")]
pub enum Actor {
    /// The program, by itself.
    System,
    /// The dialogue.
    Bot,
    /// The person.
    User,
    /// An agent or operator.
    Agent(AgentName),
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the public labels")]
pub enum Change {
    Opened,
    Queued { queue: String },
    Assigned { agent: AgentName },
    Taken { agent: AgentName },
    Responded,
    WaitingForCustomer,
    CustomerReplied,
    Priority { from: Severity, to: Severity },
    Resolved,
    Reopened,
    Closed,
    Cancelled,
    ReturnedToBot,
    AgentGone { agent: Option<AgentName> },
    Transferred { queue: String, agent: Option<AgentName> },
    Sla { event: SlaEvent },
    Rated,
    Noted,
    Incident { id: String },
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When.
    pub at: i64,
    /// Who.
    pub by: Actor,
    /// What.
    #[serde(flatten)]
    pub change: Change,
}
