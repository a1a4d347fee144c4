//! Chat platforms: arrivals, addresses, what was held back, cursors.

use sqlx::FromRow;

use super::outbox::Entry;
use crate::id::{ConversationId, UserId};
use crate::store::channel::{AddressRow, ArrivalDone, ArrivalRow, ChannelStore, Known, Ungiven};
use crate::store::error::StoreError;
use crate::store::service::{HELD_BACK, OutboxRow};
use crate::store::sqlite::SqliteStore;

#[derive(FromRow)]
struct Address {
    account: String,
    address: String,
    conversation_id: Option<String>,
    user_id: Option<String>,
    handle: Vec<u8>,
    quota_left: Option<u32>,
    quota_until: Option<i64>,
    updated_at: i64,
}

impl SqliteStore {
    fn address_row(&self, row: Address) -> Result<AddressRow, StoreError> {
        Ok(AddressRow {
            account: row.account,
            address: row.address,
            conversation_id: row.conversation_id.map(|id| self.conversation_id(&id)).transpose()?,
            user_id: row.user_id.and_then(|id| UserId::parse(&id)),
            handle: row.handle,
            quota_left: row.quota_left,
            quota_until: row.quota_until,
            updated_at: row.updated_at,
        })
    }
}

impl ChannelStore for SqliteStore {
    async fn arrival(&self, account: &str, key: &str) -> Result<Option<Known>, StoreError> {
        let sql = "SELECT status, response FROM arrivals WHERE account = ?1 AND key = ?2";
        let row: Option<(String, Option<String>)> = sqlx::query_as(sql)
            .bind(account)
            .bind(key)
            .fetch_optional(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        Ok(row.map(|(status, response)| match (status.as_str(), response) {
            ("due", _) => Known::Due,
            ("answered", Some(response)) => Known::Answered(response),
            (_, response) => Known::Done(response),
        }))
    }

    async fn arrivals_due(&self, limit: u32) -> Result<Vec<ArrivalRow>, StoreError> {
        let sql = "SELECT account, key, address, body, created_at FROM arrivals WHERE status = 'due'
            ORDER BY arrival LIMIT ?1";
        let rows: Vec<(String, String, String, Vec<u8>, i64)> =
            sqlx::query_as(sql).bind(limit).fetch_all(&self.readers).await.map_err(|e| self.fault(e))?;
        let row = |(account, key, address, body, created_at)| ArrivalRow {
            account,
            key,
            address,
            body,
            created_at,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    async fn arrivals_ungiven(&self, before: i64, limit: u32) -> Result<Vec<Ungiven>, StoreError> {
        let sql = "SELECT account, key, response, address FROM arrivals
            WHERE status = 'answered' AND created_at < ?1 ORDER BY created_at, arrival LIMIT ?2";
        let rows: Vec<(String, String, Option<String>, String)> = sqlx::query_as(sql)
            .bind(before)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        let row = |(account, key, response, address)| Ungiven {
            arrival: ArrivalDone { account, key, response },
            address,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    async fn take_arrival_back(&self, account: &str, key: &str) -> Result<bool, StoreError> {
        let mut tx = self.lock().await?;
        let written = async {
            let sql = "UPDATE arrivals SET status = 'done', response = NULL
                WHERE account = ?1 AND key = ?2 AND status = 'answered'";
            sqlx::query(sql).bind(account).bind(key).execute(&mut *tx).await?;
            let sql = "SELECT response IS NULL FROM arrivals WHERE account = ?1 AND key = ?2";
            let taken: Option<bool> =
                sqlx::query_scalar(sql).bind(account).bind(key).fetch_optional(&mut *tx).await?;
            tx.commit().await?;
            Ok(taken.unwrap_or(true))
        };
        written.await.map_err(|error| self.fault(error))
    }

    async fn forget_arrivals(&self, before: i64, limit: u32) -> Result<u64, StoreError> {
        let sql = "DELETE FROM arrivals WHERE arrival IN
            (SELECT arrival FROM arrivals WHERE created_at < ?1 AND status <> 'due' LIMIT ?2)";
        let query = sqlx::query(sql).bind(before).bind(limit);
        let done = query.execute(&self.writer).await.map_err(|error| self.fault(error))?;
        Ok(done.rows_affected())
    }

    async fn address(&self, account: &str, address: &str) -> Result<Option<AddressRow>, StoreError> {
        let sql =
            "SELECT account, address, conversation_id, user_id, handle, quota_left, quota_until, updated_at
            FROM addresses WHERE account = ?1 AND address = ?2";
        let query = sqlx::query_as(sql).bind(account).bind(address);
        let row: Option<Address> =
            query.fetch_optional(&self.readers).await.map_err(|error| self.fault(error))?;
        row.map(|row| self.address_row(row)).transpose()
    }

    async fn address_of(&self, conversation: &ConversationId) -> Result<Option<AddressRow>, StoreError> {
        let sql =
            "SELECT account, address, conversation_id, user_id, handle, quota_left, quota_until, updated_at
            FROM addresses WHERE conversation_id = ?1";
        let query = sqlx::query_as(sql).bind(conversation.as_str());
        let row: Option<Address> =
            query.fetch_optional(&self.readers).await.map_err(|error| self.fault(error))?;
        row.map(|row| self.address_row(row)).transpose()
    }

    async fn put_address(&self, row: &AddressRow) -> Result<(), StoreError> {
        let sql = "UPDATE addresses SET handle = ?3, quota_left = ?4, quota_until = ?5
            WHERE account = ?1 AND address = ?2";
        let query = sqlx::query(sql).bind(&row.account).bind(&row.address).bind(&row.handle);
        let query = query.bind(row.quota_left).bind(row.quota_until);
        query.execute(&self.writer).await.map_err(|error| self.fault(error))?;
        Ok(())
    }

    async fn outbox_of(&self, conversation: &ConversationId) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = "SELECT id, sink, conversation_id, body, created_at, due_at, attempts, error FROM outbox
            WHERE conversation_id = ?1 AND status = 'due' ORDER BY entry";
        let query = sqlx::query_as(sql).bind(conversation.as_str());
        let rows: Vec<Entry> = query.fetch_all(&self.readers).await.map_err(|error| self.fault(error))?;
        rows.into_iter().map(|row| self.outbox_row(row)).collect()
    }

    async fn outbox_release(
        &self,
        conversation: &ConversationId,
        since: i64,
        now: i64,
    ) -> Result<u64, StoreError> {
        let sql =
            "UPDATE outbox SET status = CASE WHEN created_at < ?2 THEN 'dead' ELSE status END, due_at = ?3
            WHERE conversation_id = ?1 AND status = 'due' AND due_at = ?4";
        let query = sqlx::query(sql).bind(conversation.as_str()).bind(since).bind(now).bind(HELD_BACK);
        let done = query.execute(&self.writer).await.map_err(|error| self.fault(error))?;
        Ok(done.rows_affected())
    }

    async fn outbox_again(&self, id: Option<&str>, now: i64) -> Result<u64, StoreError> {
        let sql = "UPDATE outbox SET status = 'due', due_at = ?2, attempts = 0
            WHERE status = 'dead' AND (?1 IS NULL OR id = ?1)";
        let query = sqlx::query(sql).bind(id).bind(now);
        let done = query.execute(&self.writer).await.map_err(|error| self.fault(error))?;
        Ok(done.rows_affected())
    }

    async fn cursor(&self, account: &str, name: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM cursors WHERE account = ?1 AND name = ?2";
        let query = sqlx::query_scalar(sql).bind(account).bind(name);
        query.fetch_optional(&self.readers).await.map_err(|error| self.fault(error))
    }

    async fn cursors(&self, account: &str, prefix: &str) -> Result<Vec<String>, StoreError> {
        let sql =
            "SELECT name FROM cursors WHERE account = ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name";
        let query = sqlx::query_scalar(sql).bind(account).bind(prefix);
        query.fetch_all(&self.readers).await.map_err(|error| self.fault(error))
    }

    async fn put_cursor(&self, account: &str, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO cursors VALUES (?1, ?2, ?3)
            ON CONFLICT (account, name) DO UPDATE SET value = excluded.value";
        let query = sqlx::query(sql).bind(account).bind(name).bind(value);
        query.execute(&self.writer).await.map_err(|error| self.fault(error))?;
        Ok(())
    }
}
