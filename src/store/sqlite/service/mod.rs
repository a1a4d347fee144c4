//! The service's half on SQLite.
//!
//! Start at `save.rs`, the group commit; `rows.rs` makes the JSON that its statements take their rows from. Each other file
//! is one table or a few that belong together. Like the other half: the write lock first, few and large statements.

use super::SqliteStore;
use crate::id::{ConversationId, TicketId, UserId};
use crate::store::error::StoreError;
use crate::store::service::{
    AccountRow, AttachmentRow, AuditEntry, AuditHead, AuditRow, ConversationRow, Counts, Erased, IncidentRow,
    MessageRow, OutboxRow, Save, ServiceStore, SessionRow, TicketFilter, TicketRow, TurnRow, UnansweredRow,
};

mod audit;
mod channels;
mod conversations;
mod erase;
#[cfg(test)]
mod killed;
mod outbox;
mod people;
mod rows;
mod save;
#[cfg(test)]
mod tests;
mod tickets;

impl ServiceStore for SqliteStore {
    async fn save(&self, saves: Vec<Save>) -> Result<(), StoreError> {
        self.write_saves(&saves).await
    }

    async fn conversation(&self, id: &ConversationId) -> Result<Option<ConversationRow>, StoreError> {
        self.read_conversation(id).await
    }

    async fn turn_of_client_message(
        &self,
        id: &ConversationId,
        client_message_id: &str,
    ) -> Result<Option<TurnRow>, StoreError> {
        self.read_turn_of(id, client_message_id).await
    }

    async fn turns(&self, id: &ConversationId) -> Result<Vec<TurnRow>, StoreError> {
        self.read_turns(id).await
    }

    async fn messages(
        &self,
        id: &ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        self.read_messages(id, after, limit).await
    }

    async fn latest_conversation(
        &self,
        user: &UserId,
        channel: &str,
    ) -> Result<Option<ConversationRow>, StoreError> {
        self.read_latest_conversation(user, channel).await
    }

    async fn conversations_due(&self, now: i64, limit: u32) -> Result<Vec<ConversationId>, StoreError> {
        self.read_conversations_due(now, limit).await
    }

    async fn ticket(&self, id: &TicketId) -> Result<Option<TicketRow>, StoreError> {
        self.read_ticket(id).await
    }

    async fn tickets(&self, filter: &TicketFilter) -> Result<Vec<TicketRow>, StoreError> {
        self.read_tickets(filter).await
    }

    async fn tickets_due(&self, now: i64, limit: u32) -> Result<Vec<TicketRow>, StoreError> {
        self.read_tickets_due(now, limit).await
    }

    async fn last_ticket(&self, prefix: &str) -> Result<Option<TicketId>, StoreError> {
        self.read_last_ticket(prefix).await
    }

    async fn open_incidents(&self) -> Result<Vec<IncidentRow>, StoreError> {
        self.read_open_incidents().await
    }

    async fn outbox_due(&self, now: i64, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        self.read_outbox_due(now, limit).await
    }

    async fn outbox_done(&self, id: &str) -> Result<(), StoreError> {
        self.write_outbox_done(id).await
    }

    async fn outbox_failed(&self, id: &str, due_at: Option<i64>, error: &str) -> Result<(), StoreError> {
        self.write_outbox_failed(id, due_at, error).await
    }

    async fn outbox_dead(&self, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        self.read_outbox_dead(limit).await
    }

    async fn put_account(&self, account: &AccountRow) -> Result<(), StoreError> {
        self.write_account(account).await
    }

    async fn account(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        self.read_account(name).await
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        self.read_accounts().await
    }

    async fn put_session(&self, session: &SessionRow, now: i64) -> Result<(), StoreError> {
        self.write_session(session, now).await
    }

    async fn session(
        &self,
        token_hash: &[u8],
        now: i64,
    ) -> Result<Option<(SessionRow, AccountRow)>, StoreError> {
        self.read_session(token_hash, now).await
    }

    async fn end_session(&self, token_hash: &[u8]) -> Result<(), StoreError> {
        self.write_session_end(token_hash).await
    }

    async fn put_attachment(&self, attachment: &AttachmentRow) -> Result<(), StoreError> {
        self.write_attachment(attachment).await
    }

    async fn attachment(&self, id: &str) -> Result<Option<AttachmentRow>, StoreError> {
        self.read_attachment(id).await
    }

    async fn unanswered(&self, limit: u32) -> Result<Vec<UnansweredRow>, StoreError> {
        self.read_unanswered(limit).await
    }

    async fn audit(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.read_audit(after, limit).await
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        self.read_audit_head().await
    }

    async fn erase_user(&self, user: &UserId, entry: AuditEntry) -> Result<Erased, StoreError> {
        self.write_erase_user(user, entry).await
    }

    async fn erase_conversation(&self, id: &ConversationId, entry: AuditEntry) -> Result<Erased, StoreError> {
        self.write_erase_conversation(id, entry).await
    }

    async fn settle(&self) -> Result<bool, StoreError> {
        self.write_settled().await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.read_counts().await
    }
}

/// A number as SQLite keeps it. What is too large for that is larger than anything there is.
fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
