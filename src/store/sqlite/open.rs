//! Opening the database: side by side with other processes, and never a file that is not ours.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection, SqlitePool};

use super::{SqliteStore, fault};
use crate::store::error::StoreError;

/// Embedded, so that one file is the whole program. Only added to: see the folder.
pub static MIGRATIONS: Migrator = sqlx::migrate!("src/store/sqlite/migrations");

/// "YNZU", as the first migration sets it.
const APPLICATION_ID: i64 = 0x594E_5A55;

/// How long to wait for another process: longer than any one transaction of ours, shorter than a person's patience.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Searching and following the index read at the same time; each connection costs a thread and 2 MB of cache.
const READERS: u32 = 4;

/// Opens or makes the database in `data_dir`; it waits `patience` wherever another process is in the way.
pub async fn open(data_dir: &Path, patience: Duration) -> Result<SqliteStore, StoreError> {
    make_folder(data_dir)
        .map_err(|error| StoreError::CannotOpen { path: data_dir.to_path_buf(), source: error.into() })?;
    let path = data_dir.join(SqliteStore::FILE);
    let started = Instant::now();
    loop {
        match open_once(&path, patience).await {
            // Turning a new file to WAL answers "busy" at once where two processes do it together.
            Err(StoreError::Locked { .. }) if started.elapsed() < patience => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            result => return result,
        }
    }
}

/// What people said lies in it: a folder that is made here is for its owner alone.
fn make_folder(data_dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data_dir)
}

async fn open_once(path: &Path, patience: Duration) -> Result<SqliteStore, StoreError> {
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(writer_options(path, patience));
    match prepare(path, &writer).await {
        Ok(()) => {}
        Err(error) => {
            writer.close().await;
            return Err(error);
        }
    }
    let readers =
        SqlitePoolOptions::new().max_connections(READERS).connect_lazy_with(reader_options(path, patience));
    Ok(SqliteStore { path: path.into(), writer, readers })
}

async fn prepare(path: &Path, writer: &SqlitePool) -> Result<(), StoreError> {
    let fault = |error| fault::name(path, error);
    let mut connection = writer.acquire().await.map_err(fault)?;
    let version = tables_version(path, &mut connection).await?;
    let known = known_version();
    if version > known {
        return Err(StoreError::Newer { path: path.to_path_buf(), found: version, known });
    }
    if version == known {
        return Ok(()); // The common case asks for no write lock, so it never waits for one.
    }
    // The lock is taken first: two processes that meet here migrate one after the other, and the second finds it done.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    // Not `run`: its future cannot be sent to another thread (the compiler finds `Acquire` not general
    // enough), so nothing could spawn this.
    let done = MIGRATIONS.run_direct(None, &mut *transaction, false).await;
    done.map_err(|error| fault::name_migration(path, error))?;
    transaction.commit().await.map_err(fault)
}

/// The latest version of the tables that this program knows.
pub fn known_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The version of the last migration, 0 for an empty database; refuses a database of another program.
pub(super) async fn tables_version(
    path: &Path,
    connection: &mut SqliteConnection,
) -> Result<i64, StoreError> {
    let fault = |error| fault::name(path, error);
    // One statement, so that a process that is just making the tables is seen before or after, never in between.
    let (tables, application): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM sqlite_schema), application_id FROM pragma_application_id",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(fault)?;
    match (tables, application) {
        (0, _) => Ok(0),
        (_, APPLICATION_ID) => sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
            .fetch_one(connection)
            .await
            .map_err(fault),
        _ => Err(StoreError::Foreign { path: path.to_path_buf() }),
    }
}

fn writer_options(path: &Path, patience: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        // Records average about a kilobyte: of a 4 KB page a tenth would lie empty, of a 16 KB page a fortieth.
        .page_size(16_384)
        .journal_mode(SqliteJournalMode::Wal)
        // Every commit is on the disk when it returns: what was acknowledged survives a power cut. Commits are few,
        // because turns are saved many at once and cases by the thousand.
        .synchronous(SqliteSynchronous::Full)
        // What is removed is overwritten with zeros, wherever it stood. FAST would leave it in pages that become free,
        // which is where long texts stand.
        .pragma("secure_delete", "on")
        .busy_timeout(patience)
        // The index of ids is written at random places; 16 MB hold it for half a million cases.
        .pragma("cache_size", "-16000")
        // 32 MB of journal between checkpoints: pages that are written again and again reach the file less often.
        .pragma("wal_autocheckpoint", "2000")
}

fn reader_options(path: &Path, patience: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(patience)
        .pragma("query_only", "on")
        .row_buffer_size(512)
}
