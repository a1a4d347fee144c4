//! The audit log: appended to within the transaction of what it tells of.

use sqlx::SqliteConnection;

use super::as_i64;
use super::rows::Rows;
use crate::store::error::StoreError;
use crate::store::service::{AuditEntry, AuditHead, AuditRow};
use crate::store::sqlite::SqliteStore;

type Entry = (i64, i64, String, String, String, String, Vec<u8>);

/// Chains the entries to the end of the log.
pub async fn append(tx: &mut SqliteConnection, entries: &[AuditEntry]) -> Result<(), sqlx::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut head = head(tx).await?;
    let mut rows = Rows::new();
    for entry in entries {
        let (next, row) = head.extend(entry.clone());
        head = next;
        let rest = rows.row().number(as_i64(row.number)).number(entry.at).text(&entry.actor);
        let rest = rest.text(&entry.action).text(&entry.subject).text(&entry.details);
        rest.bytes(&row.hash).end();
    }
    let sql = "INSERT INTO audit (number, at, actor, action, subject, details, hash)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, unhex(value ->> 6)
        FROM json_each(?1) ORDER BY key";
    sqlx::query(sql).bind(rows.finish()).execute(&mut *tx).await?;
    sqlx::query("UPDATE audit_head SET count = ?1, hash = ?2")
        .bind(as_i64(head.count))
        .bind(head.hash.to_vec())
        .execute(tx)
        .await?;
    Ok(())
}

async fn head(tx: &mut SqliteConnection) -> Result<AuditHead, sqlx::Error> {
    let (count, hash): (i64, Vec<u8>) =
        sqlx::query_as("SELECT count, hash FROM audit_head").fetch_one(tx).await?;
    // A head of another length was tampered with: the chain then breaks here, and verifying says so.
    Ok(AuditHead { count: count.unsigned_abs(), hash: hash.try_into().unwrap_or_default() })
}

impl SqliteStore {
    pub(super) async fn read_audit_head(&self) -> Result<AuditHead, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(|error| self.fault(error))?;
        head(&mut connection).await.map_err(|error| self.fault(error))
    }

    pub(super) async fn read_audit(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let sql = "SELECT number, at, actor, action, subject, details, hash FROM audit
            WHERE number > ?1 ORDER BY number LIMIT ?2";
        let rows: Vec<Entry> = sqlx::query_as(sql)
            .bind(as_i64(after))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        let row = |(number, at, actor, action, subject, details, hash): Entry| AuditRow {
            number: number.unsigned_abs(),
            entry: AuditEntry { at, actor, action, subject, details },
            hash,
        };
        Ok(rows.into_iter().map(row).collect())
    }
}
