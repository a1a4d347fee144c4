//! A copy of the database while it is in use, a look at a copy before it becomes the database, and a hold on the old one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{SqliteStore, fault, open};
use crate::store::error::StoreError;

/// How long a holder of the database is waited for: a command is done by then, a server is not.
const PATIENCE: Duration = Duration::from_secs(1);

/// A copy of the database in a file of its own, with the bytes of the attachments in a table beside the others.
#[derive(Debug)]
pub struct Copy {
    path: PathBuf,
    connection: SqliteConnection,
}

/// Nobody else has the database open, or opens it, as long as this lives.
#[derive(Debug)]
pub struct Hold {
    connection: SqliteConnection,
}

impl SqliteStore {
    /// Copies the database as it is at this moment to `file`, which is empty or not there. Reading and writing go on.
    pub async fn copy_to(&self, file: &Path) -> Result<Copy, StoreError> {
        let fault = |error| self.fault(error);
        // A connection of its own: the copy takes as long as it takes.
        let mut connection =
            SqliteConnectOptions::new().filename(&*self.path).connect().await.map_err(fault)?;
        let name = file.to_str().ok_or_else(|| StoreError::CannotOpen {
            path: file.to_path_buf(),
            source: "its name is not UTF-8".into(),
        })?;
        let copied = sqlx::query("VACUUM INTO ?1").bind(name.to_owned());
        copied.execute(&mut connection).await.map_err(|error| fault::name(file, error))?;
        connection.close().await.map_err(fault)?;
        Copy::connect(file).await
    }

    /// Bytes of the database.
    pub async fn size(&self) -> Result<u64, StoreError> {
        let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let size: i64 =
            sqlx::query_scalar(sql).fetch_one(&self.readers).await.map_err(|error| self.fault(error))?;
        Ok(size.unsigned_abs())
    }

    /// Takes the database in `data_dir` for this process alone; `None` where there is none. [`StoreError::Locked`] where
    /// another process has it open.
    pub async fn hold(data_dir: &Path) -> Result<Option<Hold>, StoreError> {
        let path = data_dir.join(Self::FILE);
        if !path.try_exists().unwrap_or(true) {
            return Ok(None);
        }
        let fault = |error| fault::name(&path, error);
        let options = SqliteConnectOptions::new().filename(&path).busy_timeout(PATIENCE);
        let mut connection = options.connect().await.map_err(fault)?;
        // Leaving WAL needs the file for oneself, also where the others only have it open.
        let mode = sqlx::query_scalar("PRAGMA journal_mode = DELETE").fetch_one(&mut connection).await;
        let mode: String = mode.map_err(fault)?;
        if mode != "delete" {
            return Err(StoreError::Locked { path });
        }
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.map_err(fault)?;
        Ok(Some(Hold { connection }))
    }
}

impl Hold {
    /// Lets go of it.
    pub async fn release(self) {
        // The file may have been moved away by now; there is nothing to lose in it.
        let _ = self.connection.close().await;
    }
}

impl Copy {
    /// Opens a copy, and refuses what is no whole database of this program, or one of a newer version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let mut copy = Self::connect(path).await?;
        let version = open::tables_version(path, &mut copy.connection).await?;
        let known = open::known_version();
        if version > known {
            return Err(StoreError::Newer { path: path.to_path_buf(), found: version, known });
        }
        let check = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut copy.connection).await;
        let found: String = check.map_err(|error| copy.fault(error))?;
        match (version, found.as_str()) {
            (0, _) => Err(StoreError::Foreign { path: path.to_path_buf() }),
            (_, "ok") => Ok(copy),
            _ => Err(StoreError::Damaged { path: path.to_path_buf(), source: found.into() }),
        }
    }

    async fn connect(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Delete);
        let connection = options.connect().await.map_err(|error| fault::name(path, error))?;
        Ok(Self { path: path.to_path_buf(), connection })
    }

    /// Ids of the attachments that the database knows.
    pub async fn attachments(&mut self) -> Result<Vec<String>, StoreError> {
        let ids =
            sqlx::query_scalar("SELECT id FROM attachments ORDER BY id").fetch_all(&mut self.connection);
        ids.await.map_err(|error| self.fault(error))
    }

    /// Puts the bytes of an attachment into the copy.
    pub async fn put_bytes(&mut self, id: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let table =
            "CREATE TABLE IF NOT EXISTS attachment_bytes (id TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT";
        let made = sqlx::query(table).execute(&mut self.connection).await;
        made.map_err(|error| self.fault(error))?;
        let put = sqlx::query("INSERT INTO attachment_bytes VALUES (?1, ?2)").bind(id).bind(bytes);
        put.execute(&mut self.connection).await.map_err(|error| self.fault(error))?;
        Ok(())
    }

    /// The attachments whose bytes are in the copy.
    pub async fn packed(&mut self) -> Result<Vec<String>, StoreError> {
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'attachment_bytes'";
        let there = sqlx::query_scalar::<_, i64>(there).fetch_one(&mut self.connection).await;
        if there.map_err(|error| self.fault(error))? == 0 {
            return Ok(Vec::new());
        }
        let ids = sqlx::query_scalar("SELECT id FROM attachment_bytes").fetch_all(&mut self.connection);
        ids.await.map_err(|error| self.fault(error))
    }

    /// The bytes of an attachment that is in the copy.
    pub async fn bytes(&mut self, id: &str) -> Result<Vec<u8>, StoreError> {
        let bytes = sqlx::query_scalar("SELECT bytes FROM attachment_bytes WHERE id = ?1").bind(id);
        bytes.fetch_one(&mut self.connection).await.map_err(|error| self.fault(error))
    }

    /// Makes a database of the copy: without the attachments' bytes, and with an identity of its own. What was derived
    /// from the database that it was copied from may be ahead of it, and must not be taken for its own.
    pub async fn become_database(mut self) -> Result<(), StoreError> {
        let sql = "DROP TABLE IF EXISTS attachment_bytes; VACUUM;
            UPDATE store SET identity = lower(hex(randomblob(16)));";
        let became = sqlx::raw_sql(sql).execute(&mut self.connection).await;
        became.map_err(|error| self.fault(error))?;
        self.close().await
    }

    /// Closes the file, which is then whole.
    pub async fn close(self) -> Result<(), StoreError> {
        let path = self.path;
        self.connection.close().await.map_err(|error| fault::name(&path, error))
    }

    /// As a later version of the program would have left it.
    #[cfg(test)]
    pub async fn pretend_newer(&mut self) {
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'later', true, x'00', 0)";
        sqlx::query(newer).execute(&mut self.connection).await.unwrap();
    }

    fn fault(&self, error: sqlx::Error) -> StoreError {
        fault::name(&self.path, error)
    }
}
