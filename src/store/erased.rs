//! What an erasure has removed.

use crate::id::{ConversationId, TicketId};

/// What an erasure removed, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Conversations.
    pub conversations: u64,
    /// Lines of transcripts.
    pub messages: u64,
    /// Tickets.
    pub tickets: u64,
    /// Messages that had not left.
    pub outbox: u64,
    /// Unanswered questions.
    pub unanswered: u64,
    /// Ids of attachments, whose files the caller removes.
    pub attachments: Vec<String>,
    /// Conversations that are gone, so that the engine can forget them.
    pub conversation_ids: Vec<ConversationId>,
    /// Tickets that are gone.
    pub ticket_ids: Vec<TicketId>,
    /// Whether the bytes are gone from the files too. The rows are gone in any case; where this is false,
    /// [`settle`](super::service::ServiceStore::settle) does the rest.
    pub settled: bool,
}
