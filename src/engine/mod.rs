//! Runs turns: load, step, perform effects, save; one at a time per conversation, others in parallel.
//!
//! Start at [`Service`], which every edge talks to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::id::{AgentName, AttachmentId, ConversationId, TicketId, UserId};
use crate::message::{ChannelKind, Message, Page, Person, Reply, State, Turn};
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

/// The running service. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<()>,
}

impl Service {
    /// Opens a conversation.
    pub async fn open_conversation(&self, _new: NewConversation) -> Result<Opened, EngineError> {
        todo!()
    }
    /// Whether the token opens the conversation; `None` where there is no such conversation.
    pub async fn token_fits(&self, _id: &ConversationId, _token: &str) -> Result<Option<bool>, EngineError> {
        todo!()
    }
    /// One turn. The same `client_message_id` again gives the first result.
    pub async fn turn(
        &self,
        _id: &ConversationId,
        _inbound: Inbound,
        _client_message_id: Option<String>,
    ) -> Result<Turn, EngineError> {
        todo!()
    }
    /// Where a conversation stands.
    pub async fn conversation(&self, _id: &ConversationId) -> Result<ConversationView, EngineError> {
        todo!()
    }
    /// The transcript after a line, at most `limit` lines.
    pub async fn messages(
        &self,
        _id: &ConversationId,
        _after: u64,
        _limit: u32,
    ) -> Result<Vec<Message>, EngineError> {
        todo!()
    }
    /// Hears of the last line of a conversation's transcript, whenever that rises.
    pub fn watch(&self, _id: &ConversationId) -> watch::Receiver<u64> {
        todo!()
    }
    /// Hears that something about the tickets has changed: a counter that rises.
    pub fn watch_desk(&self) -> watch::Receiver<u64> {
        todo!()
    }
    /// Keeps a file that was received into `path`, for a later [`Inbound::Attachment`].
    pub async fn attach(
        &self,
        _id: &ConversationId,
        _name: String,
        _media_type: String,
        _file: std::path::PathBuf,
    ) -> Result<AttachmentId, EngineError> {
        todo!()
    }
    /// Ranked cases, as `yunzhu search --json` prints them.
    pub async fn search(
        &self,
        _text: &str,
        _product: Option<String>,
        _limit: usize,
    ) -> Result<crate::retrieval::search::Found, EngineError> {
        todo!()
    }
    /// Signs in; gives what the browser holds from now on. Slow on purpose.
    pub async fn sign_in(&self, _name: &str, _password: &str) -> Result<(String, Account), EngineError> {
        todo!()
    }
    /// Who holds this.
    pub async fn account_of(&self, _session: &str) -> Result<Option<Account>, EngineError> {
        todo!()
    }
    /// Signs out.
    pub async fn sign_out(&self, _session: &str) -> Result<(), EngineError> {
        todo!()
    }
    /// An agent is there, every 10 s; after 30 s without it they are gone.
    pub async fn heartbeat(&self, _agent: &AgentName, _available: bool) -> Result<(), EngineError> {
        todo!()
    }
    /// Tickets that this account may see, most urgent first, as JSON with clocks.
    pub async fn tickets(
        &self,
        _by: &Account,
        _filter: crate::store::service::TicketFilter,
    ) -> Result<Vec<serde_json::Value>, EngineError> {
        todo!()
    }
    /// One ticket with its packet: need, facts, cases shown, masked transcript, history.
    pub async fn ticket(&self, _by: &Account, _id: &TicketId) -> Result<serde_json::Value, EngineError> {
        todo!()
    }
    /// An agent does something; gives the ticket after it.
    pub async fn act(
        &self,
        _by: &Account,
        _id: &TicketId,
        _action: AgentAction,
    ) -> Result<serde_json::Value, EngineError> {
        todo!()
    }
    /// The unmasked words of a line, for the agent who has the ticket (or an operator); leaves an audit entry.
    pub async fn original(
        &self,
        _by: &Account,
        _id: &ConversationId,
        _seq: u64,
    ) -> Result<String, EngineError> {
        todo!()
    }
    /// Incidents that are open.
    pub async fn incidents(&self, _by: &Account) -> Result<Vec<serde_json::Value>, EngineError> {
        todo!()
    }
    /// Stops the ladder of an incident.
    pub async fn acknowledge(&self, _by: &Account, _incident: &str) -> Result<(), EngineError> {
        todo!()
    }
    /// Messages that were given up.
    pub async fn dead_letters(&self, _by: &Account) -> Result<Vec<serde_json::Value>, EngineError> {
        todo!()
    }
    /// Erases a person from everything; gives the receipt.
    pub async fn erase_user(&self, _by: &Account, _id: &UserId) -> Result<serde_json::Value, EngineError> {
        todo!()
    }
    /// What `/metrics` shows of the inside.
    pub async fn counts(&self) -> Result<crate::store::service::Counts, EngineError> {
        todo!()
    }
}
