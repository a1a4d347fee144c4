//! The battery on SQLite, and what only a file on a disk can suffer.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;

use super::{SqliteStore, open};
use crate::id::CaseId;
use crate::store::Store;
use crate::store::battery::{Fixture, battery, case, day, source};
use crate::store::change::Seq;
use crate::store::error::StoreError;
use crate::store::source::Removal;

struct Sqlite {
    folder: TempDir,
    store: SqliteStore,
}

impl Fixture for Sqlite {
    type Store = SqliteStore;

    async fn fresh() -> Self {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(folder.path()).await.unwrap();
        Self { folder, store }
    }

    fn store(&self) -> &SqliteStore {
        &self.store
    }

    async fn reopened(self) -> Self {
        self.store.close().await;
        let store = SqliteStore::open(self.folder.path()).await.unwrap();
        Self { folder: self.folder, store }
    }
}

battery!(Sqlite);

impl Sqlite {
    fn file(&self) -> PathBuf {
        self.folder.path().join(SqliteStore::FILE)
    }

    async fn with_cases(cases: usize) -> Self {
        let fixture = Self::fresh().await;
        let run = fixture.store.begin_sync(&source("kb"), day(1)).await.unwrap();
        // Text that does not compress, so that it fills pages.
        let body =
            |n: usize| (0..500).map(|k| format!("{:x}", (n * 500 + k) * 2_654_435_761)).collect::<String>();
        let cases = (0..cases).map(|n| case(&format!("c{n}"), &body(n))).collect();
        fixture.store.put(&run, cases).await.unwrap();
        fixture.store.finish_sync(run, Removal::Gone).await.unwrap();
        fixture
    }
}

async fn raw(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).create_if_missing(true).connect().await.unwrap()
}

/// Runs SQL on the file as another program would.
async fn tamper(file: &Path, sql: &'static str) {
    let mut connection = raw(file).await;
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn open_error(folder: &Path) -> StoreError {
    SqliteStore::open(folder).await.expect_err("it opened")
}

fn said(error: &StoreError) -> String {
    let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{source}")
}

#[tokio::test]
async fn a_missing_folder_is_made() {
    let folder = TempDir::new().unwrap();
    let deep = folder.path().join("一/b ?c#d%20");
    SqliteStore::open(&deep).await.unwrap().close().await;
    assert!(deep.join(SqliteStore::FILE).is_file());
    assert_eq!(std::fs::read_dir(&deep).unwrap().count(), 1, "closed, it leaves one file");
}

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("data");
    std::fs::write(&file, "x").unwrap();
    let error = open_error(&file).await;
    assert!(matches!(error, StoreError::CannotOpen { .. }), "{error:?}");
    assert!(said(&error).contains("data"));
}

#[tokio::test]
async fn a_folder_in_place_of_the_file_is_refused() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join(SqliteStore::FILE)).unwrap();
    let error = open_error(folder.path()).await;
    assert!(matches!(error, StoreError::CannotOpen { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join(SqliteStore::FILE);
    let text = "id,title,body\n".repeat(1000);
    std::fs::write(&file, &text).unwrap();
    let error = open_error(folder.path()).await;
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let folder = TempDir::new().unwrap();
    tamper(&folder.path().join(SqliteStore::FILE), "CREATE TABLE cases (x)").await;
    let error = open_error(folder.path()).await;
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let fixture = Sqlite::with_cases(1).await;
    fixture.store.clone().close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'later', true, x'00', 0)";
    tamper(&fixture.file(), newer).await;
    let error = open_error(fixture.folder.path()).await;
    assert!(matches!(error, StoreError::Newer { found: 9999, .. }), "{error:?}");
    assert!(said(&error).contains("newer version"));
}

#[tokio::test]
async fn many_may_open_a_new_folder_at_once() {
    let folder = TempDir::new().unwrap();
    let openers: Vec<_> = (0..8)
        .map(|_| {
            let folder = folder.path().to_owned();
            tokio::spawn(async move { SqliteStore::open(&folder).await })
        })
        .collect();
    for opener in openers {
        assert_eq!(opener.await.unwrap().unwrap().count().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn another_writer_is_waited_for_then_named_while_reading_goes_on() {
    let fixture = Sqlite::with_cases(3).await;
    let store = open::open(fixture.folder.path(), Duration::from_millis(50)).await.unwrap();
    let mut other = raw(&fixture.file()).await;
    sqlx::raw_sql("BEGIN IMMEDIATE; UPDATE cases SET revision = 7;").execute(&mut other).await.unwrap();
    let error = store.begin_sync(&source("kb"), day(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert_eq!(store.changes_after(Seq::START, 10).await.unwrap().len(), 3);
    let third = open::open(fixture.folder.path(), Duration::from_millis(50)).await.unwrap();
    assert_eq!(third.count().await.unwrap(), 3, "opening needs no lock");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    store.begin_sync(&source("kb"), day(2)).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_named_and_loses_nothing() {
    let fixture = Sqlite::with_cases(20).await;
    let store = &fixture.store;
    sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&store.writer).await.unwrap();
    let run = store.begin_sync(&source("more"), day(2)).await.unwrap();
    let cases =
        || (0..500).map(|n| case(&format!("m{n}"), &format!("{:?}", std::time::Instant::now()))).collect();
    let error = store.put(&run, cases()).await.unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert_eq!(store.count().await.unwrap(), 20, "nothing of the batch");
    sqlx::raw_sql("PRAGMA max_page_count = 1000000").execute(&store.writer).await.unwrap();
    assert_eq!(store.put(&run, cases()).await.unwrap().added, 500);
}

#[tokio::test]
async fn a_file_that_may_not_be_written_is_named() {
    let fixture = Sqlite::with_cases(1).await;
    // Permissions do not bind root, who may be running this; a connection that must not write answers the same.
    let refused = sqlx::raw_sql("DELETE FROM cases").execute(&fixture.store.readers).await.unwrap_err();
    let error = fixture.store.fault(refused);
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    assert!(said(&error).contains("permissions"));
}

#[tokio::test]
async fn a_damaged_record_is_named_and_a_new_version_mends_it() {
    let fixture = Sqlite::with_cases(3).await;
    tamper(&fixture.file(), "UPDATE cases SET record = x'0100' WHERE id = 'c1'").await;
    let error = fixture.store.changes_after(Seq::START, 10).await.unwrap_err();
    assert!(matches!(&error, StoreError::Record { id, .. } if id == "c1"), "{error:?}");
    let c1 = CaseId::parse("c1").unwrap();
    assert!(fixture.store.case(&c1).await.is_err());
    let run = fixture.store.begin_sync(&source("kb"), day(2)).await.unwrap();
    fixture.store.put(&run, vec![case("c1", "好")]).await.unwrap();
    assert_eq!(fixture.store.case(&c1).await.unwrap(), Some(case("c1", "好")));
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_no_panic() {
    let fixture = Sqlite::with_cases(300).await;
    fixture.store.clone().close().await;
    let whole = std::fs::read(fixture.file()).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 12) {
        let mut bent = whole.clone();
        let end = (at + 20_000).min(bent.len());
        bent[at..end].fill(0xa5);
        std::fs::write(fixture.file(), &bent).unwrap();
        if let Ok(store) = SqliteStore::open(fixture.folder.path()).await {
            let _ = store.changes_after(Seq::START, 1000).await;
            let _ = store.sources().await;
            store.close().await;
        }
    }
    std::fs::write(fixture.file(), &whole[..whole.len() / 2]).unwrap();
    let error = open_error(fixture.folder.path()).await;
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

/// Released files are never edited: a database in the field remembers what it was made from.
#[test]
fn released_migrations_are_as_they_were() {
    let released =
        [(1, "a01941b8cd5a8a9c"), (2, "306398923de955d9"), (3, "3079656ccd1426c1"), (4, "baa10a73dafa971f")];
    for ((version, checksum), found) in released.into_iter().zip(open::MIGRATIONS.iter()) {
        let found_checksum: String = found.checksum.iter().take(8).map(|b| format!("{b:02x}")).collect();
        assert_eq!((found.version, found_checksum.as_str()), (version, checksum));
    }
    assert_eq!(open::MIGRATIONS.iter().count(), released.len(), "list the new one here");
}
