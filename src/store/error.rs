//! What can go wrong with a store, in words that say what to do.

use std::error::Error;
use std::path::PathBuf;

use super::source::SourceName;
use crate::id::ConversationId;

/// Why the store could not do what it was asked. Nothing was changed by the call that returned it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The turn to write did not come within five seconds: another process writes, or this one does and its disk is slow.
    #[error(
        "{path} could not be written in time, because others are writing to it: try again; where it stays so, \
        look for another process that uses it, or for a disk that is slow"
    )]
    Locked {
        /// The database file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is not a database of this program: move it away, or choose another data folder")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later version of the program has changed the tables.
    #[error(
        "{path} was written by a newer version of this program (tables {found}, known here {known}): use that version"
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The version of its tables.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// The file or its folder may not be written.
    #[error("{path} cannot be written: check who owns the file and its folder, and their permissions")]
    ReadOnly {
        /// The database file.
        path: PathBuf,
    },
    /// No space is left.
    #[error("no space is left on the disk of {path}: make room and try again; what was saved before stays")]
    DiskFull {
        /// The database file.
        path: PathBuf,
    },
    /// The file is a database, but damaged.
    #[error("{path} is damaged: move it away and import again, or bring back a copy")]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What was found.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The folder or the file cannot be made or opened.
    #[error("cannot open {path}: check that the folder exists and may be used")]
    CannotOpen {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// One record cannot be read back.
    #[error(
        "the record of case {id} in {path} is damaged: move the file away and import again, or bring back a copy"
    )]
    Record {
        /// The database file.
        path: PathBuf,
        /// The case.
        id: String,
        /// What was found.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A later sync of the same source has begun.
    #[error("another sync of {source_name} has begun: this one stops")]
    Superseded {
        /// The source of both.
        source_name: SourceName,
    },
    /// A turn or line of the transcript that may be there once is there already. Nothing of its batch was saved.
    #[error("conversation {conversation} already has {what}: read it again and go on from what is saved")]
    Conflict {
        /// Which conversation; the others of its batch may be saved again without it.
        conversation: ConversationId,
        /// What is there.
        what: String,
    },
    /// Rows of a conversation or ticket that was erased, or of a conversation that is neither saved with them nor there.
    /// Nothing of their batch was saved; saved one at a time, the others go in.
    #[error(
        "the conversation or ticket is not there: it was erased, or a turn was to be saved without its conversation"
    )]
    Gone,
    /// The program is shutting down.
    #[error("the program is stopping")]
    Stopping,
    /// The database failed in a way that has no advice of its own.
    #[error("the database {path} failed")]
    Database {
        /// The database file.
        path: PathBuf,
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
}
