//! What the service remembers beside the cases: conversations, turns, transcripts, tickets, the outbox, accounts, audit.
//!
//! Rows carry what is searched for as columns and the rest as JSON text of their owner, which the store does not read.
//! Times are Unix milliseconds, given in.

pub use super::audit::{AuditEntry, AuditHead, AuditRow};
use super::channel::{AddressRow, ArrivalDone, ArrivalRow};
pub use super::erased::Erased;
use super::error::StoreError;
use crate::id::{ConversationId, TicketId, UserId};

/// A conversation as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRow {
    /// Its id.
    pub id: ConversationId,
    /// The person, where they are known.
    pub user_id: Option<UserId>,
    /// Channel, as its lower-case name.
    pub channel: String,
    /// State, as its public name.
    pub state: String,
    /// SHA-256 of the token that opens it.
    pub token_hash: Vec<u8>,
    /// When it began.
    pub created_at: i64,
    /// When something last happened.
    pub updated_at: i64,
    /// When the sweeper must look at it (idle, updates of the queue); absent: never.
    pub wake_at: Option<i64>,
    /// The rest, of the engine.
    pub body: String,
}

/// One turn that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnRow {
    /// Number within the conversation.
    pub number: u32,
    /// What the client calls it; unique within the conversation, for ever.
    pub client_message_id: Option<String>,
    /// What was answered, as JSON.
    pub response: String,
    /// The event that caused it, as JSON, so that the conversation can be replayed.
    pub event: String,
    /// When.
    pub at: i64,
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Rises within the conversation.
    pub seq: u64,
    /// The masked line, as JSON of [`crate::message::Message`].
    pub body: String,
    /// What was masked out of it, encrypted; absent where nothing was.
    pub sealed: Option<Vec<u8>>,
    /// When.
    pub at: i64,
}

/// A ticket as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRow {
    /// Its number.
    pub id: TicketId,
    /// The conversation that it came from.
    pub conversation_id: Option<ConversationId>,
    /// The person.
    pub user_id: Option<UserId>,
    /// Stage of its life, as its public name.
    pub status: String,
    /// `P0`, `P1`, `P2`.
    pub priority: String,
    /// Where it waits.
    pub queue: String,
    /// Who works on it.
    pub agent: Option<String>,
    /// When it was opened.
    pub created_at: i64,
    /// When something last happened.
    pub updated_at: i64,
    /// When the sweeper must look at it; absent: never.
    pub wake_at: Option<i64>,
    /// The rest, of the desk.
    pub body: String,
}

/// Which tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// In one of these stages; empty: any.
    pub statuses: Vec<String>,
    /// In this queue.
    pub queue: Option<String>,
    /// Of this agent.
    pub agent: Option<String>,
    /// Of this person.
    pub user_id: Option<UserId>,
    /// Of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Opened before this ticket in the order of numbers: for paging, newest first.
    pub before: Option<TicketId>,
    /// At most this many; 0 means 100.
    pub limit: u32,
}

/// When what nobody takes is next tried: not before it is released.
pub const HELD_BACK: i64 = i64::MAX;

/// Something that must leave: a message to a channel, an alert to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Unique for ever; chosen by whoever saves it, so that saving twice is saving once.
    pub id: String,
    /// The sink, such as `webhook`.
    pub sink: String,
    /// The conversation that it belongs to.
    pub conversation_id: Option<ConversationId>,
    /// What is to be sent, as JSON of the sink.
    pub body: String,
    /// When it was saved.
    pub created_at: i64,
    /// When it is next tried.
    pub due_at: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last try said.
    pub error: Option<String>,
}

/// All that one turn changes. Saved as a whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Save {
    /// The conversation after the turn.
    pub conversation: Option<ConversationRow>,
    /// The turn.
    pub turn: Option<TurnRow>,
    /// New lines of its transcript.
    pub messages: Vec<MessageRow>,
    /// Tickets after the turn.
    pub tickets: Vec<TicketRow>,
    /// What must leave.
    pub outbox: Vec<OutboxRow>,
    /// What must be remembered of who did what.
    pub audit: Vec<AuditEntry>,
    /// Questions that were not answered, for the editors.
    pub unanswered: Vec<UnansweredRow>,
    /// Incidents after the turn.
    pub incidents: Vec<IncidentRow>,
    /// What a platform has delivered; what came before is passed over.
    pub arrivals: Vec<ArrivalRow>,
    /// What was dealt with by the turn.
    pub arrivals_done: Vec<ArrivalDone>,
    /// Arrivals, as account and key, whose answer the platform has taken: what the outbox holds of it, under
    /// [`told_id`](super::channel::told_id), does not leave.
    pub arrivals_given: Vec<(String, String)>,
    /// Where the person is reached from now on.
    pub addresses: Vec<AddressRow>,
}

/// A question that no case answered, or whose answer was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnansweredRow {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// The turn.
    pub turn: u32,
    /// The masked question.
    pub question: String,
    /// Why: `miss`, `refused`, `repeated`, `choices_refused`.
    pub reason: String,
    /// The case that was shown, where one was.
    pub case_id: Option<String>,
    /// When.
    pub at: i64,
}

/// Many reports of one outage, with its alert ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentRow {
    /// Its id.
    pub id: String,
    /// `open`, `acknowledged` or `closed`.
    pub status: String,
    /// What reports are matched by, such as product and region.
    pub fingerprint: String,
    /// When it began.
    pub created_at: i64,
    /// When the ladder goes on; absent: it has stopped.
    pub wake_at: Option<i64>,
    /// The rest, of the desk.
    pub body: String,
}

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// By what name.
    pub name: String,
    /// `agent` or `operator`.
    pub role: String,
    /// Argon2 hash of the password, in PHC form.
    pub password_hash: String,
    /// Whether they may no longer sign in.
    pub disabled: bool,
    /// When it was made.
    pub created_at: i64,
    /// Skills, certificates, languages, regions, capacity: JSON of the desk.
    pub body: String,
}

/// Somebody who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of what the browser holds.
    pub token_hash: Vec<u8>,
    /// Whose.
    pub account: String,
    /// When it ends.
    pub expires_at: i64,
}

/// A file that a person sent; its bytes lie beside the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRow {
    /// Its id, also its file name.
    pub id: String,
    /// Where it was sent.
    pub conversation_id: ConversationId,
    /// As it was called.
    pub name: String,
    /// MIME type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// When.
    pub created_at: i64,
}

/// What a person may want to watch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Conversations that are not closed, by state.
    pub conversations: Vec<(String, u64)>,
    /// Tickets by status.
    pub tickets: Vec<(String, u64)>,
    /// Waiting to leave.
    pub outbox: u64,
    /// Given up.
    pub dead: u64,
}

/// The service's half of the store. Every method is one transaction, durable through a power cut when it returns.
pub trait ServiceStore: Send + Sync {
    /// Saves many turns in one transaction and one write to the disk. All or nothing: on an error none is saved.
    /// [`StoreError::Conflict`] names the conversation that already has such a turn or line; rows of the outbox that
    /// were saved before are passed over. What was erased stays so: saving it again is [`StoreError::Gone`].
    fn save(&self, saves: Vec<Save>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A conversation.
    fn conversation(
        &self,
        id: &ConversationId,
    ) -> impl Future<Output = Result<Option<ConversationRow>, StoreError>> + Send;

    /// What was answered to the message that the client calls so.
    fn turn_of_client_message(
        &self,
        id: &ConversationId,
        client_message_id: &str,
    ) -> impl Future<Output = Result<Option<TurnRow>, StoreError>> + Send;

    /// All turns of a conversation in order.
    fn turns(&self, id: &ConversationId) -> impl Future<Output = Result<Vec<TurnRow>, StoreError>> + Send;

    /// Lines of the transcript after `after`, in order, at most `limit`.
    fn messages(
        &self,
        id: &ConversationId,
        after: u64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<MessageRow>, StoreError>> + Send;

    /// The latest conversation of a person on a channel.
    fn latest_conversation(
        &self,
        user: &UserId,
        channel: &str,
    ) -> impl Future<Output = Result<Option<ConversationRow>, StoreError>> + Send;

    /// Conversations whose `wake_at` is at or before `now`, earliest first.
    fn conversations_due(
        &self,
        now: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<ConversationId>, StoreError>> + Send;

    /// A ticket.
    fn ticket(&self, id: &TicketId) -> impl Future<Output = Result<Option<TicketRow>, StoreError>> + Send;

    /// Tickets, newest first.
    fn tickets(
        &self,
        filter: &TicketFilter,
    ) -> impl Future<Output = Result<Vec<TicketRow>, StoreError>> + Send;

    /// Tickets whose `wake_at` is at or before `now`, earliest first.
    fn tickets_due(
        &self,
        now: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<TicketRow>, StoreError>> + Send;

    /// The highest ticket number that begins with `prefix` (such as `T20261120-`) and was ever saved, erased ones too.
    fn last_ticket(&self, prefix: &str) -> impl Future<Output = Result<Option<TicketId>, StoreError>> + Send;

    /// Incidents that are not closed, and those due.
    fn open_incidents(&self) -> impl Future<Output = Result<Vec<IncidentRow>, StoreError>> + Send;

    /// What is due to leave, in the order in which it was saved; nothing that was given up, and nothing of a conversation
    /// of which something earlier is not due yet.
    fn outbox_due(
        &self,
        now: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<OutboxRow>, StoreError>> + Send;

    /// It has left.
    fn outbox_done(&self, id: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// It has not left: tried again at `due_at`, or given up where that is `None`.
    fn outbox_failed(
        &self,
        id: &str,
        due_at: Option<i64>,
        error: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What was given up, newest first.
    fn outbox_dead(&self, limit: u32) -> impl Future<Output = Result<Vec<OutboxRow>, StoreError>> + Send;

    /// Makes or replaces an account. Its sessions end where the password is another or it is disabled.
    fn put_account(&self, account: &AccountRow) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// An account.
    fn account(&self, name: &str) -> impl Future<Output = Result<Option<AccountRow>, StoreError>> + Send;

    /// All accounts by name.
    fn accounts(&self) -> impl Future<Output = Result<Vec<AccountRow>, StoreError>> + Send;

    /// Somebody signs in; sessions that ended before `now` are cleared away.
    fn put_session(
        &self,
        session: &SessionRow,
        now: i64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A session that has not ended at `now`, with its account, which is not disabled.
    fn session(
        &self,
        token_hash: &[u8],
        now: i64,
    ) -> impl Future<Output = Result<Option<(SessionRow, AccountRow)>, StoreError>> + Send;

    /// Somebody signs out.
    fn end_session(&self, token_hash: &[u8]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Remembers a file; [`StoreError::Gone`] where there is no such conversation.
    fn put_attachment(
        &self,
        attachment: &AttachmentRow,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A file.
    fn attachment(&self, id: &str) -> impl Future<Output = Result<Option<AttachmentRow>, StoreError>> + Send;

    /// Unanswered questions, newest first.
    fn unanswered(&self, limit: u32) -> impl Future<Output = Result<Vec<UnansweredRow>, StoreError>> + Send;

    /// Entries of the audit log after `after`, in order.
    fn audit(&self, after: u64, limit: u32)
    -> impl Future<Output = Result<Vec<AuditRow>, StoreError>> + Send;

    /// What the audit log says its end is, kept apart from its entries.
    fn audit_head(&self) -> impl Future<Output = Result<AuditHead, StoreError>> + Send;

    /// Removes a person from every table, and writes an audit entry of it, in one transaction.
    fn erase_user(
        &self,
        user: &UserId,
        entry: AuditEntry,
    ) -> impl Future<Output = Result<Erased, StoreError>> + Send;

    /// The same for one conversation of somebody unknown.
    fn erase_conversation(
        &self,
        id: &ConversationId,
        entry: AuditEntry,
    ) -> impl Future<Output = Result<Erased, StoreError>> + Send;

    /// Takes the last bytes of what was erased out of the files, where any may be left: in a store that is large this is
    /// left to a quiet hour, for it writes all of it anew. Whether nothing is left.
    fn settle(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// How much there is of each.
    fn counts(&self) -> impl Future<Output = Result<Counts, StoreError>> + Send;
}
