//! The reading half: changes, cases, sources, revisions.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{SqliteStore, from_millis, on_blocking_thread};
use crate::id::CaseId;
use crate::kb::case::Case;
use crate::store::change::{Change, Revision, Seq};
use crate::store::error::StoreError;
use crate::store::record::{Decoder, RecordError};
use crate::store::source::{RunState, Source, SourceName};

impl SqliteStore {
    pub(super) async fn read_changes(&self, seq: Seq, limit: usize) -> Result<Vec<Change>, StoreError> {
        let rows = sqlx::query("SELECT seq, id, record FROM cases WHERE seq > ?1 ORDER BY seq LIMIT ?2")
            .bind(i64::try_from(seq.get()).unwrap_or(i64::MAX))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        let store = self.clone();
        on_blocking_thread(move || store.decode_changes(&rows)).await
    }

    fn decode_changes(&self, rows: &[SqliteRow]) -> Result<Vec<Change>, StoreError> {
        let mut decoder = Decoder::new().map_err(|error| self.record_fault("", error.into()))?;
        let decode = |row: &SqliteRow| {
            let seq: i64 = row.try_get(0).map_err(|error| self.fault(error))?;
            let id: &str = row.try_get(1).map_err(|error| self.fault(error))?;
            let record: Option<&[u8]> = row.try_get(2).map_err(|error| self.fault(error))?;
            let case = record.map(|record| decoder.decode(record)).transpose();
            Ok(Change {
                seq: Seq::new(seq.unsigned_abs()),
                id: self.case_id(id)?,
                case: case.map_err(|error| self.record_fault(id, error))?,
            })
        };
        rows.iter().map(decode).collect()
    }

    pub(super) async fn read_identity(&self) -> Result<String, StoreError> {
        let sql = "SELECT identity FROM store";
        sqlx::query_scalar(sql).fetch_one(&self.readers).await.map_err(|error| self.fault(error))
    }

    pub(super) async fn read_last_seq(&self) -> Result<Seq, StoreError> {
        let last: i64 = self.scalar("SELECT coalesce(max(seq), 0) FROM cases").await?;
        Ok(Seq::new(last.unsigned_abs()))
    }

    pub(super) async fn read_count(&self) -> Result<u64, StoreError> {
        let count: i64 = self.scalar("SELECT count(*) FROM cases WHERE record IS NOT NULL").await?;
        Ok(count.unsigned_abs())
    }

    async fn scalar(&self, sql: &'static str) -> Result<i64, StoreError> {
        sqlx::query_scalar(sql).fetch_one(&self.readers).await.map_err(|error| self.fault(error))
    }

    pub(super) async fn read_case(&self, id: &CaseId) -> Result<Option<Case>, StoreError> {
        let record: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT record FROM cases WHERE id = ?1 AND record IS NOT NULL")
                .bind(id.as_str())
                .fetch_optional(&self.readers)
                .await
                .map_err(|error| self.fault(error))?;
        record
            .map(|record| decode_one(&record))
            .transpose()
            .map_err(|error| self.record_fault(id.as_str(), error))
    }

    pub(super) async fn read_sources(&self) -> Result<Vec<Source>, StoreError> {
        let sql = "SELECT name, started_at, state,
                (SELECT count(*) FROM cases WHERE source_id = sources.source_id AND record IS NOT NULL)
            FROM sources ORDER BY name";
        let rows: Vec<(String, i64, String, i64)> =
            sqlx::query_as(sql).fetch_all(&self.readers).await.map_err(|error| self.fault(error))?;
        rows.into_iter().map(|row| self.source(row)).collect()
    }

    fn source(
        &self,
        (name, started, state, cases): (String, i64, String, i64),
    ) -> Result<Source, StoreError> {
        let state = match state.as_str() {
            "running" => RunState::Running,
            "complete" => RunState::Complete,
            "partial" => RunState::Partial,
            other => return Err(self.damage(format!("source {name} is in state {other}"))),
        };
        let name = SourceName::parse(&name).ok_or_else(|| self.damage(format!("source name {name:?}")))?;
        Ok(Source { name, last_run: from_millis(started), state, cases: cases.unsigned_abs() })
    }

    pub(super) async fn read_revisions(&self, id: &CaseId) -> Result<Vec<Revision>, StoreError> {
        let sql = "SELECT revision, updated_at, replaced_at, record FROM case_revisions
            WHERE id = ?1 ORDER BY revision";
        let rows: Vec<(u32, i64, i64, Vec<u8>)> = sqlx::query_as(sql)
            .bind(id.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        let revision = |(number, updated, replaced, record): (u32, i64, i64, Vec<u8>)| {
            let case = decode_one(&record).map_err(|error| self.record_fault(id.as_str(), error))?;
            Ok(Revision {
                number,
                updated_at: from_millis(updated),
                replaced_at: from_millis(replaced),
                case,
            })
        };
        rows.into_iter().map(revision).collect()
    }

    fn case_id(&self, id: &str) -> Result<CaseId, StoreError> {
        CaseId::parse(id).ok_or_else(|| self.damage(format!("case id {id:?}")))
    }

    pub(super) fn damage(&self, found: String) -> StoreError {
        StoreError::Damaged { path: self.path.to_path_buf(), source: found.into() }
    }
}

fn decode_one(record: &[u8]) -> Result<Case, RecordError> {
    Decoder::new()?.decode(record)
}
