//! SQLite's result codes as errors that a person can act on.

use std::path::Path;

use sqlx::migrate::MigrateError;

use crate::store::error::StoreError;

/// What went wrong with the database at `path`.
pub fn name(path: &Path, error: sqlx::Error) -> StoreError {
    let path = path.to_path_buf();
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return StoreError::Locked { path };
    }
    // Primary result codes, <https://sqlite.org/rescode.html>; the higher bits only say more of the same.
    match code(&error).map(|code| code & 0xff) {
        Some(5 | 6) => StoreError::Locked { path },
        Some(8) => StoreError::ReadOnly { path },
        Some(11) => StoreError::Damaged { path, source: error.into() },
        Some(13) => StoreError::DiskFull { path },
        Some(14) => StoreError::CannotOpen { path, source: error.into() },
        Some(26) => StoreError::Foreign { path },
        _ => StoreError::Database { path, source: error.into() },
    }
}

/// What went wrong while bringing its tables up to date.
pub fn name_migration(path: &Path, error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => name(path, error),
        other => StoreError::Database { path: path.to_path_buf(), source: other.into() },
    }
}

fn code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse().ok()
}
