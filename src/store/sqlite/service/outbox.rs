//! The outbox: what must leave, what has left, what was given up.

use sqlx::FromRow;

use crate::store::error::StoreError;
use crate::store::service::OutboxRow;
use crate::store::sqlite::SqliteStore;

/// A row as the statements give it.
#[derive(FromRow)]
pub struct Entry {
    id: String,
    sink: String,
    conversation_id: Option<String>,
    body: String,
    created_at: i64,
    due_at: i64,
    attempts: u32,
    error: Option<String>,
}

impl SqliteStore {
    pub(super) async fn read_outbox_due(&self, now: i64, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = "SELECT id, sink, conversation_id, body, created_at, due_at, attempts, error FROM outbox
            WHERE status = 'due' AND due_at <= ?1 AND NOT EXISTS (SELECT 1 FROM outbox AS earlier
                WHERE earlier.conversation_id = outbox.conversation_id AND earlier.status = 'due'
                    AND earlier.entry < outbox.entry AND earlier.due_at > ?1)
            ORDER BY entry LIMIT ?2";
        let rows: Vec<Entry> = sqlx::query_as(sql)
            .bind(now)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        rows.into_iter().map(|row| self.outbox_row(row)).collect()
    }

    pub(super) async fn read_outbox_dead(&self, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = "SELECT id, sink, conversation_id, body, created_at, due_at, attempts, error FROM outbox
            WHERE status = 'dead' ORDER BY created_at DESC, entry DESC LIMIT ?1";
        let rows: Vec<Entry> =
            sqlx::query_as(sql).bind(limit).fetch_all(&self.readers).await.map_err(|e| self.fault(e))?;
        rows.into_iter().map(|row| self.outbox_row(row)).collect()
    }

    pub(super) fn outbox_row(&self, row: Entry) -> Result<OutboxRow, StoreError> {
        Ok(OutboxRow {
            id: row.id,
            sink: row.sink,
            conversation_id: row.conversation_id.map(|id| self.conversation_id(&id)).transpose()?,
            body: row.body,
            created_at: row.created_at,
            due_at: row.due_at,
            attempts: row.attempts,
            error: row.error,
        })
    }

    /// The id stays, so that saving the same again does not send it again.
    pub(super) async fn write_outbox_done(&self, id: &str) -> Result<(), StoreError> {
        let mut tx = self.lock().await?;
        let written = async {
            let counted = "UPDATE addresses SET quota_left = quota_left - 1 WHERE quota_left > 0 AND
                (account, conversation_id) =
                    (SELECT sink, conversation_id FROM outbox WHERE id = ?1 AND status <> 'done')";
            sqlx::query(counted).bind(id).execute(&mut *tx).await?;
            let sql = "UPDATE outbox SET status = 'done', body = '', error = NULL, attempts = attempts + 1 WHERE id = ?1";
            sqlx::query(sql).bind(id).execute(&mut *tx).await?;
            tx.commit().await
        };
        written.await.map_err(|error| self.fault(error))
    }

    pub(super) async fn write_outbox_failed(
        &self,
        id: &str,
        due_at: Option<i64>,
        error: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET attempts = attempts + 1, error = ?3, due_at = coalesce(?2, due_at),
                status = CASE WHEN ?2 IS NULL THEN 'dead' ELSE 'due' END
            WHERE id = ?1 AND status <> 'done'";
        let query = sqlx::query(sql).bind(id).bind(due_at).bind(error);
        query.execute(&self.writer).await.map_err(|error| self.fault(error))?;
        Ok(())
    }
}
