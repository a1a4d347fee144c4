//! What goes in and out of the service: requests, results, errors.

use serde::{Deserialize, Serialize};

use crate::id::{AgentName, AttachmentId, ConversationId};
use crate::message::{ChannelKind, Page, Person, Reply, State};
use crate::store::error::StoreError;

/// Why the service could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No such conversation, ticket, attachment, incident or case.
    #[error("there is no {what} {id:?}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// By what id.
        id: String,
    },
    /// Well-formed, but it cannot be used.
    #[error("{field}: {reason}")]
    Unusable {
        /// Which field.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// It contradicts the present state.
    #[error("{0}")]
    Conflict(String),
    /// The account may not do that.
    #[error("{0}")]
    Forbidden(String),
    /// Too much at once, or not ready yet: try again in some seconds.
    #[error("the service is busy: try again in {retry_after_s} s")]
    Busy {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something inside failed; the log says what.
    #[error("{0}")]
    Internal(String),
}

/// What a conversation begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewConversation {
    /// Where.
    pub channel: ChannelKind,
    /// Who.
    pub user: Person,
    /// On what page.
    pub context: Page,
}

/// What a page says of a conversation that is open; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// Who is talking, as they have proved.
    pub person: Option<Person>,
    /// On what page.
    pub page: Option<Page>,
    /// What they want to read, such as `en`.
    pub locale: Option<String>,
}

/// A conversation that was opened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Opened {
    /// Its id.
    pub conversation_id: ConversationId,
    /// What opens it from now on.
    pub token: String,
    /// The greeting.
    pub replies: Vec<Reply>,
}

/// What comes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Inbound {
    /// Words.
    Text(String),
    /// A choice by its id.
    Choice(String),
    /// A file that was uploaded before.
    Attachment(AttachmentId),
    /// A verdict on the answer of a turn.
    Feedback {
        /// The turn.
        turn: u32,
        /// Whether it helped.
        helpful: bool,
        /// In their words.
        comment: Option<String>,
    },
    /// A human is wanted.
    Handoff {
        /// In their words.
        reason: Option<String>,
    },
    /// Stars, 1 to 5 each.
    Rating {
        /// How fast.
        response: Option<u8>,
        /// How well it was solved.
        resolution: Option<u8>,
        /// How well it was said.
        communication: Option<u8>,
    },
}

/// A conversation as its person may see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConversationView {
    /// Its id.
    pub conversation_id: ConversationId,
    /// Where it stands.
    pub state: State,
    /// The last turn.
    pub turn: u32,
    /// Rounds that failed in a row.
    pub failed_rounds: u8,
    /// How bad it is.
    pub priority: Option<crate::message::Severity>,
    /// The handoff that is active.
    pub handoff: Option<crate::message::Handoff>,
    /// Where.
    pub channel: ChannelKind,
    /// Page and facts known, masked.
    pub context: serde_json::Value,
    /// Numbers and stages of its tickets.
    pub tickets: Vec<serde_json::Value>,
    /// The last line of the transcript.
    pub last_seq: u64,
    /// Place in the queue, from 1; absent where it does not wait, or nobody is there.
    pub queue_position: Option<u32>,
    /// Expected wait in seconds.
    pub expected_wait_s: Option<u32>,
}

/// An account that has signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Name.
    pub name: AgentName,
    /// `agent` or `operator`.
    pub role: Role,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Works on tickets.
    Agent,
    /// May do all, and sees all.
    Operator,
}

/// What an agent does with a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum AgentAction {
    /// Works on it from now on.
    Take,
    /// Says something to the person.
    Say {
        /// What.
        text: String,
    },
    /// Writes a note that the person does not see.
    Note {
        /// What.
        text: String,
    },
    /// Waits for the person: the clock is paused.
    WaitForCustomer,
    /// It is solved; the conversation is resolved.
    Resolve {
        /// How, for those who come after.
        solution: Option<String>,
    },
    /// Gives the conversation back to the bot.
    ReturnToBot,
    /// To another queue or agent.
    Transfer {
        /// To this queue.
        queue: Option<String>,
        /// To this agent.
        agent: Option<AgentName>,
    },
    /// Changes how bad it is.
    SetPriority {
        /// To this.
        priority: crate::message::Severity,
    },
}
