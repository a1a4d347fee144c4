//! Conversations, their turns and transcripts, attachments, unanswered questions, and how much there is of each.

use super::as_i64;
use super::save::is_missing;
use crate::id::{ConversationId, UserId};
use crate::store::error::StoreError;
use crate::store::service::{AttachmentRow, ConversationRow, Counts, MessageRow, TurnRow, UnansweredRow};
use crate::store::sqlite::SqliteStore;

type Conversation = (String, Option<String>, String, String, Vec<u8>, i64, i64, Option<i64>, String);
type Turn = (u32, Option<String>, String, String, i64);

impl SqliteStore {
    pub(super) async fn read_conversation(
        &self,
        id: &ConversationId,
    ) -> Result<Option<ConversationRow>, StoreError> {
        let sql = "SELECT id, user_id, channel, state, token_hash, created_at, updated_at, wake_at, body
            FROM conversations WHERE id = ?1";
        let row: Option<Conversation> = sqlx::query_as(sql)
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(|e| self.fault(e))?;
        row.map(|row| self.conversation_row(row)).transpose()
    }

    pub(super) async fn read_latest_conversation(
        &self,
        user: &UserId,
        channel: &str,
    ) -> Result<Option<ConversationRow>, StoreError> {
        let sql = "SELECT id, user_id, channel, state, token_hash, created_at, updated_at, wake_at, body
            FROM conversations WHERE user_id = ?1 AND channel = ?2
            ORDER BY created_at DESC, conversation DESC LIMIT 1";
        let row: Option<Conversation> = sqlx::query_as(sql)
            .bind(user.as_str())
            .bind(channel)
            .fetch_optional(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        row.map(|row| self.conversation_row(row)).transpose()
    }

    fn conversation_row(&self, row: Conversation) -> Result<ConversationRow, StoreError> {
        let (id, user_id, channel, state, token_hash, created_at, updated_at, wake_at, body) = row;
        Ok(ConversationRow {
            id: self.conversation_id(&id)?,
            user_id: user_id.map(|user| self.user_id(&user)).transpose()?,
            channel,
            state,
            token_hash,
            created_at,
            updated_at,
            wake_at,
            body,
        })
    }

    pub(super) fn conversation_id(&self, id: &str) -> Result<ConversationId, StoreError> {
        ConversationId::parse(id).ok_or_else(|| self.damage(format!("conversation id {id:?}")))
    }

    pub(super) fn user_id(&self, id: &str) -> Result<UserId, StoreError> {
        UserId::parse(id).ok_or_else(|| self.damage(format!("user id {id:?}")))
    }

    pub(super) async fn read_conversations_due(
        &self,
        now: i64,
        limit: u32,
    ) -> Result<Vec<ConversationId>, StoreError> {
        let sql = "SELECT id FROM conversations WHERE wake_at <= ?1 ORDER BY wake_at, conversation LIMIT ?2";
        let ids: Vec<String> = sqlx::query_scalar(sql)
            .bind(now)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        ids.iter().map(|id| self.conversation_id(id)).collect()
    }

    pub(super) async fn read_turn_of(
        &self,
        id: &ConversationId,
        client_message_id: &str,
    ) -> Result<Option<TurnRow>, StoreError> {
        let sql = "SELECT number, client_message_id, response, event, at FROM turns
            WHERE conversation = (SELECT conversation FROM conversations WHERE id = ?1) AND client_message_id = ?2";
        let row: Option<Turn> = sqlx::query_as(sql)
            .bind(id.as_str())
            .bind(client_message_id)
            .fetch_optional(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        Ok(row.map(turn_row))
    }

    pub(super) async fn read_turns(&self, id: &ConversationId) -> Result<Vec<TurnRow>, StoreError> {
        let sql = "SELECT number, client_message_id, response, event, at FROM turns
            WHERE conversation = (SELECT conversation FROM conversations WHERE id = ?1) ORDER BY number";
        let rows: Vec<Turn> = sqlx::query_as(sql)
            .bind(id.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(|e| self.fault(e))?;
        Ok(rows.into_iter().map(turn_row).collect())
    }

    pub(super) async fn read_messages(
        &self,
        id: &ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let sql = "SELECT seq, body, sealed, at FROM messages
            WHERE conversation = (SELECT conversation FROM conversations WHERE id = ?1) AND seq > ?2
            ORDER BY seq LIMIT ?3";
        let rows: Vec<(i64, String, Option<Vec<u8>>, i64)> = sqlx::query_as(sql)
            .bind(id.as_str())
            .bind(as_i64(after))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        let row = |(seq, body, sealed, at): (i64, _, _, _)| MessageRow {
            seq: seq.unsigned_abs(),
            body,
            sealed,
            at,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    pub(super) async fn write_attachment(&self, attachment: &AttachmentRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO attachments (id, conversation, name, media_type, size, created_at)
            VALUES (?1, (SELECT conversation FROM conversations WHERE id = ?2), ?3, ?4, ?5, ?6)
            ON CONFLICT (id) DO UPDATE SET conversation = excluded.conversation, name = excluded.name,
                media_type = excluded.media_type, size = excluded.size, created_at = excluded.created_at";
        let written = sqlx::query(sql)
            .bind(&attachment.id)
            .bind(attachment.conversation_id.as_str())
            .bind(&attachment.name)
            .bind(&attachment.media_type)
            .bind(as_i64(attachment.size))
            .bind(attachment.created_at)
            .execute(&self.writer)
            .await;
        match written {
            Err(error) if is_missing(&error) => Err(StoreError::Gone),
            Err(error) => Err(self.fault(error)),
            Ok(_) => Ok(()),
        }
    }

    pub(super) async fn read_attachment(&self, id: &str) -> Result<Option<AttachmentRow>, StoreError> {
        let sql = "SELECT conversations.id, name, media_type, size, attachments.created_at
            FROM attachments JOIN conversations USING (conversation) WHERE attachments.id = ?1";
        let row: Option<(String, String, String, i64, i64)> =
            sqlx::query_as(sql).bind(id).fetch_optional(&self.readers).await.map_err(|e| self.fault(e))?;
        let row = row.map(|(conversation, name, media_type, size, created_at)| {
            let conversation_id = self.conversation_id(&conversation)?;
            let (id, size) = (id.to_owned(), size.unsigned_abs());
            Ok(AttachmentRow { id, conversation_id, name, media_type, size, created_at })
        });
        row.transpose()
    }

    pub(super) async fn read_unanswered(&self, limit: u32) -> Result<Vec<UnansweredRow>, StoreError> {
        let sql = "SELECT id, turn, text, reason, case_id, at
            FROM unanswered JOIN conversations USING (conversation) ORDER BY question DESC LIMIT ?1";
        let rows: Vec<(String, u32, String, String, Option<String>, i64)> =
            sqlx::query_as(sql).bind(limit).fetch_all(&self.readers).await.map_err(|e| self.fault(e))?;
        let row = |(conversation, turn, question, reason, case_id, at): (String, _, _, _, _, _)| {
            let conversation_id = self.conversation_id(&conversation)?;
            Ok(UnansweredRow { conversation_id, turn, question, reason, case_id, at })
        };
        rows.into_iter().map(row).collect()
    }

    pub(super) async fn read_counts(&self) -> Result<Counts, StoreError> {
        // One statement, so that all are of one moment.
        let sql = "SELECT kind, state, number FROM tallies WHERE number > 0
            UNION ALL SELECT 'outbox', status, count(*) FROM outbox WHERE status = 'due'
            UNION ALL SELECT 'outbox', 'dead', count(*) FROM outbox WHERE status = 'dead'
            ORDER BY kind, state";
        let rows: Vec<(String, Option<String>, i64)> =
            sqlx::query_as(sql).fetch_all(&self.readers).await.map_err(|error| self.fault(error))?;
        let mut counts = Counts::default();
        for (kind, state, number) in rows {
            let (state, number) = (state.unwrap_or_default(), number.unsigned_abs());
            match (kind.as_str(), state.as_str()) {
                ("conversation", "closed") => {}
                ("conversation", _) => counts.conversations.push((state, number)),
                ("ticket", _) => counts.tickets.push((state, number)),
                ("outbox", "dead") => counts.dead = number,
                _ => counts.outbox += number,
            }
        }
        Ok(counts)
    }
}

fn turn_row((number, client_message_id, response, event, at): Turn) -> TurnRow {
    TurnRow { number, client_message_id, response, event, at }
}
