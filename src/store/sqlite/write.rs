//! The writing half: one sync of a source, in transactions of a batch each.
//!
//! The write lock is taken before anything is read, so what a batch is compared with cannot change under it.

use std::collections::HashMap;

use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::bulk::{Row, insert, json_numbers, json_strings};
use super::plan::{Fresh, Known, Plan};
use super::{SqliteStore, on_blocking_thread};
use crate::kb::case::Case;
use crate::store::error::StoreError;
use crate::store::record::{ContentHash, Encoder};
use crate::store::source::{PutSummary, Removal, SourceName, SyncRun};

impl SqliteStore {
    pub(super) async fn write_begin(&self, source: &SourceName, now: i64) -> Result<SyncRun, StoreError> {
        let mut tx = self.lock().await?;
        let begun = async {
            let (source_id, run): (i64, i64) = sqlx::query_as(
                "INSERT INTO sources (name, run, started_at, state) VALUES (?1, 1, ?2, 'running')
                ON CONFLICT (name) DO UPDATE SET run = run + 1, started_at = ?2, state = 'running'
                RETURNING source_id, run",
            )
            .bind(source.as_str())
            .bind(now)
            .fetch_one(&mut *tx)
            .await?;
            forget_seen(&mut tx, source_id).await?;
            tx.commit().await?;
            Ok(SyncRun { source: source.clone(), source_id, run, now })
        };
        begun.await.map_err(|error| self.fault(error))
    }

    pub(super) async fn write_batch(
        &self,
        run: &SyncRun,
        cases: Vec<Case>,
    ) -> Result<PutSummary, StoreError> {
        if cases.is_empty() {
            return Ok(PutSummary::default());
        }
        let hashed = on_blocking_thread(move || Ok(hash_all(cases))).await?;
        let mut tx = self.lock().await?;
        self.check_current(&mut tx, run).await?;
        let ids = json_strings(hashed.iter().map(|(case, _)| case.id.as_str()));
        let known = known(&mut tx, run, ids).await.map_err(|error| self.fault(error))?;
        let mut plan = Plan::of(run, hashed, &known);
        let fresh = std::mem::take(&mut plan.fresh);
        let store = self.clone();
        let rows = on_blocking_thread(move || store.encode_all(fresh)).await?;
        save(&mut tx, run, &plan, rows).await.map_err(|error| self.fault(error))?;
        tx.commit().await.map_err(|error| self.fault(error))?;
        Ok(plan.summary)
    }

    pub(super) async fn write_finish(&self, run: &SyncRun, removal: Removal) -> Result<u64, StoreError> {
        let mut tx = self.lock().await?;
        self.check_current(&mut tx, run).await?;
        let finished = async {
            let (removed, state) = match removal {
                Removal::Gone => (remove_unseen(&mut tx, run).await?, "complete"),
                Removal::Keep => (0, "partial"),
            };
            forget_seen(&mut tx, run.source_id).await?;
            sqlx::query("UPDATE sources SET state = ?1 WHERE source_id = ?2")
                .bind(state)
                .bind(run.source_id)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            // So that the journal does not stay as large as a long sync has made it. A reader elsewhere may hold that up,
            // which is no failure: the next checkpoint does it.
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await?;
            Ok(removed)
        };
        finished.await.map_err(|error| self.fault(error))
    }

    /// A transaction with the write lock, so that nothing it reads can change under it.
    pub(super) async fn lock(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(|error| self.fault(error))
    }

    async fn check_current(&self, tx: &mut SqliteConnection, run: &SyncRun) -> Result<(), StoreError> {
        let current: Option<i64> =
            sqlx::query_scalar("SELECT run FROM sources WHERE source_id = ?1 AND state = 'running'")
                .bind(run.source_id)
                .fetch_optional(tx)
                .await
                .map_err(|error| self.fault(error))?;
        match current {
            Some(current) if current == run.run => Ok(()),
            _ => Err(StoreError::Superseded { source_name: run.source.clone() }),
        }
    }

    fn encode_all(&self, fresh: Vec<Fresh>) -> Result<Vec<Row>, StoreError> {
        let mut encoder = Encoder::new().map_err(|error| self.record_fault("", error.into()))?;
        let encode = |Fresh { case, hash, revision }| {
            let id = case.id.to_string();
            match encoder.encode(&case) {
                Ok(record) => Ok(Row { id, hash, revision, record }),
                Err(error) => Err(self.record_fault(&id, error)),
            }
        };
        fresh.into_iter().map(encode).collect()
    }
}

fn hash_all(cases: Vec<Case>) -> Vec<(Case, ContentHash)> {
    let hash = |case: Case| {
        let hash = case.content_hash();
        (case, hash)
    };
    cases.into_iter().map(hash).collect()
}

async fn known(
    tx: &mut SqliteConnection,
    run: &SyncRun,
    ids: String,
) -> Result<HashMap<String, Known>, sqlx::Error> {
    // CROSS JOIN keeps SQLite to this order: the few ids outside, the index of ids inside.
    let sql = "SELECT cases.id, seq, source_id, revision, content_hash AS hash, record IS NULL AS removed,
            EXISTS (SELECT 1 FROM sync_seen WHERE sync_seen.source_id = ?2 AND sync_seen.seq = cases.seq) AS seen
        FROM json_each(?1) AS wanted CROSS JOIN cases ON cases.id = wanted.value";
    let rows: Vec<Known> = sqlx::query_as(sql).bind(ids).bind(run.source_id).fetch_all(tx).await?;
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

async fn save(
    tx: &mut SqliteConnection,
    run: &SyncRun,
    plan: &Plan,
    rows: Vec<Row>,
) -> Result<(), sqlx::Error> {
    let last = last_seq(tx).await?;
    if !plan.replaced.is_empty() {
        let replaced = json_numbers(&plan.replaced);
        keep_revisions(tx, &replaced, run.now).await?;
        sqlx::query("DELETE FROM cases WHERE seq IN (SELECT value FROM json_each(?1))")
            .bind(replaced)
            .execute(&mut *tx)
            .await?;
    }
    let mut seen = plan.kept.clone();
    seen.extend((last + 1..).take(rows.len()));
    insert(tx, run, last, rows).await?;
    if !plan.moved.is_empty() {
        sqlx::query("UPDATE cases SET source_id = ?1 WHERE seq IN (SELECT value FROM json_each(?2))")
            .bind(run.source_id)
            .bind(json_numbers(&plan.moved))
            .execute(&mut *tx)
            .await?;
    }
    sqlx::query("INSERT INTO sync_seen (source_id, seq) SELECT ?1, value FROM json_each(?2)")
        .bind(run.source_id)
        .bind(json_numbers(&seen))
        .execute(tx)
        .await?;
    Ok(())
}

/// Turns the source's cases that this run has not put into removals, each a change of its own.
async fn remove_unseen(tx: &mut SqliteConnection, run: &SyncRun) -> Result<u64, sqlx::Error> {
    let gone: Vec<i64> = sqlx::query_scalar(
        "SELECT seq FROM cases WHERE source_id = ?1 AND record IS NOT NULL
            AND seq NOT IN (SELECT seq FROM sync_seen WHERE source_id = ?1)
        ORDER BY seq",
    )
    .bind(run.source_id)
    .fetch_all(&mut *tx)
    .await?;
    if gone.is_empty() {
        return Ok(0);
    }
    let last = last_seq(tx).await?;
    let gone_json = json_numbers(&gone);
    keep_revisions(tx, &gone_json, run.now).await?;
    sqlx::query(
        "UPDATE cases SET seq = ?2 + 1 + gone.key, updated_at = ?3, content_hash = x'', record = NULL
        FROM json_each(?1) AS gone WHERE cases.seq = gone.value",
    )
    .bind(gone_json)
    .bind(last)
    .bind(run.now)
    .execute(tx)
    .await?;
    Ok(gone.len() as u64)
}

/// Copies the cases of these rows, unless they are removals, to their earlier versions.
async fn keep_revisions(tx: &mut SqliteConnection, seqs: &str, now: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO case_revisions (id, revision, updated_at, replaced_at, content_hash, record)
        SELECT id, revision, updated_at, ?2, content_hash, record FROM cases
        WHERE seq IN (SELECT value FROM json_each(?1)) AND record IS NOT NULL",
    )
    .bind(seqs.to_owned())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

async fn last_seq(tx: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM cases").fetch_one(tx).await
}

async fn forget_seen(tx: &mut SqliteConnection, source_id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM sync_seen WHERE source_id = ?1").bind(source_id).execute(tx).await?;
    Ok(())
}
