//! Wires the rooms together: files into the store, the store into the index, the index into a search engine.
//!
//! The only place that does, so it decides nothing on its own account but what follows what. Start at [`App`].

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tokio::sync::OnceCell;

use crate::dialogue::understanding::UnderstandingError;
use crate::id::CaseId;
use crate::index::generation::Generations;
use crate::index::writer::IndexError;
use crate::kb::duplicate::Kind;
use crate::kb::read::{BadRecord, Place, ReadError};
use crate::retrieval::search::{Engine, SearchError};
use crate::store::error::StoreError;
use crate::store::sqlite::SqliteStore;

mod accounts;
mod audit;
mod backup;
mod follow;
mod import;
mod intake;
mod knowledge;
mod letters;
mod serving;
#[cfg(test)]
mod tests;

mod words;
mod writing;

pub use crate::store::audit::{AuditHead, Broken, Flaw};
pub use accounts::{AccountError, Listed, NewAccount, Profile};
pub use backup::{BackupError, Replace, Restored, Saved};
pub use follow::{Rebuild, Updated};
pub use import::Imported;
pub use knowledge::Synced;
pub use letters::Letter;
pub use serving::ServiceOptions;

/// Where everything lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// The knowledge base.
    pub kb: PathBuf,
    /// The index.
    pub index: PathBuf,
    /// The database and what belongs to it.
    pub data: PathBuf,
}

/// What happens on the way, for people to see.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// How far a stage is. Comes several times a second.
    Progress {
        /// What is being done.
        what: Stage,
        /// Bytes read, or cases indexed, so far.
        done: u64,
        /// Of how many.
        total: u64,
    },
    /// A record was skipped.
    Bad(BadRecord),
    /// A case says the same as an earlier one; both are kept.
    Duplicate {
        /// Where it stands.
        place: Place,
        /// The case.
        id: CaseId,
        /// The earlier one.
        of: CaseId,
        /// How alike they are.
        kind: Kind,
    },
    /// A sentence that people should read.
    Message(String),
}

/// What takes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Files are read into the store; counted in bytes on disk.
    Reading,
    /// Cases are written to the index; counted in cases.
    Indexing,
    /// The database is copied; counted in bytes.
    Copying,
    /// The copy is compressed; counted in bytes.
    Packing,
    /// A backup is read; counted in its bytes.
    Unpacking,
}

/// Hears of events as they happen.
pub type Watch<'a> = dyn FnMut(Event) + Send + 'a;

/// Why something could not be done, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A file or folder of cases cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The engine cannot be made.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A word file cannot be read.
    #[error("the word file {} cannot be used: it {reason}; mend it, or remove it to do without", .path.display())]
    Words {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The program was built with broken words or a broken model.
    #[error(transparent)]
    Understanding(#[from] UnderstandingError),
    /// A file beside the database cannot be written.
    #[error("{} cannot be written: {source}", .path.display())]
    Note {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A backup cannot be made or brought back.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A path that cannot be the name of a source.
    #[error("{} cannot be imported: its name is not UTF-8, or holds control characters; rename it", .0.display())]
    Name(PathBuf),
    /// The rules of the desk cannot be used.
    #[error(transparent)]
    Desk(#[from] crate::desk::error::DeskError),
    /// The key of what is masked cannot be used.
    #[error(transparent)]
    Vault(#[from] crate::privacy::vault::VaultError),
    /// The service cannot start.
    #[error(transparent)]
    Service(#[from] crate::engine::EngineError),
    /// Another service runs on the same data.
    #[error(
        "a service is running on {} already: talk to it on its page, stop it, or choose another data folder with --data",
        .0.display()
    )]
    Claimed(PathBuf),
    /// No index.
    #[error(
        "there is no index in {}: import cases with `yunzhu import PATH`, or make it with `yunzhu index`",
        .0.display()
    )]
    NoIndex(PathBuf),
    /// The program is shutting down.
    #[error("the program is stopping")]
    Stopping,
}

impl From<tokio::task::JoinError> for AppError {
    /// A thread's panic goes on in the caller; else the runtime has let go of it.
    fn from(error: tokio::task::JoinError) -> Self {
        match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Self::Stopping,
        }
    }
}

/// The program, over its folders. Making it opens nothing; each part is opened when first needed.
#[derive(Debug)]
pub struct App {
    folders: Folders,
    store: OnceCell<SqliteStore>,
    /// Held while a service of this process runs.
    claim: std::sync::OnceLock<std::fs::File>,
}

impl App {
    /// The program over these folders, which need not exist.
    pub fn new(folders: Folders) -> Self {
        Self { folders, store: OnceCell::new(), claim: std::sync::OnceLock::new() }
    }

    /// Where everything lies.
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// Puts the cases of files and folders into the store, each path a source of its own, and brings the index up to
    /// date. Bad records are told and skipped. Killed at any moment, it leaves whole cases, and a rerun completes it.
    pub async fn import(
        &self,
        paths: &[PathBuf],
        now: SystemTime,
        watch: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Imported, AppError> {
        import::import(self, paths, now, watch).await
    }

    /// Brings the store to what the knowledge base has. Costs a few milliseconds where its files have not changed.
    pub async fn sync_kb(
        &self,
        now: SystemTime,
        watch: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Synced, AppError> {
        knowledge::sync(self, now, watch).await
    }

    /// Brings the index to what the store has, and verifies what is there already.
    pub async fn update_index(
        &self,
        rebuild: Rebuild,
        watch: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Updated, AppError> {
        follow::update(self, rebuild, follow::Care::Verify, watch).await
    }

    /// The search engine over all that there is: the knowledge base synced, the index up to date. Where the index cannot be
    /// brought up to date but is whole, it is used as it is, with a message.
    pub async fn engine(&self, watch: &mut (dyn FnMut(Event) + Send)) -> Result<Engine, AppError> {
        self.sync_kb(SystemTime::now(), watch).await?;
        let updated = follow::update(self, Rebuild::IfNeeded, follow::Care::Look, watch).await;
        match (self.engine_as_is(), updated) {
            (Ok(engine), Ok(_)) => Ok(engine),
            (Ok(engine), Err(AppError::Index(error))) => {
                watch(Event::Message(format!("the index is used as it is: {error}")));
                Ok(engine)
            }
            (_, Err(error)) => Err(error),
            // It looked whole from outside.
            (Err(AppError::Search(SearchError::Index(IndexError::Broken { reason, .. }))), Ok(_)) => {
                follow::rebuild(self, format!("the index is damaged: {reason}"), watch).await?;
                self.engine_as_is()
            }
            (Err(error), Ok(_)) => Err(error),
        }
    }

    /// The search engine over whatever index there is; looks at neither the store nor the topics of the knowledge base.
    pub fn engine_as_is(&self) -> Result<Engine, AppError> {
        let (words, _) = self.words()?;
        let opened = self.generations().open(|folder| Engine::open(folder, words.clone()))?;
        opened.ok_or_else(|| AppError::NoIndex(self.folders.index.clone()))
    }

    /// Saves the database and the attachments into one file, while everything goes on. A backup of before is replaced
    /// only when the new one is whole.
    pub async fn backup(
        &self,
        file: &Path,
        watch: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Saved, AppError> {
        backup::save(self, file, watch).await
    }

    /// Brings a backup back. It is looked at as a whole before anything is touched; a database that somebody uses is not
    /// touched at all. The index notices by itself that the database is another one.
    pub async fn restore(
        &self,
        file: &Path,
        replace: Replace,
        now: SystemTime,
        watch: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Restored, AppError> {
        backup::restore(self, file, (replace, now), watch).await
    }

    /// Follows the audit log from its first entry to its end, and compares with a count and hash `noted` before. The inner
    /// result is the log's.
    pub async fn verify_audit(
        &self,
        noted: Option<AuditHead>,
    ) -> Result<Result<AuditHead, Broken>, AppError> {
        audit::verify(self, noted).await
    }

    fn generations(&self) -> Generations {
        Generations::new(&self.folders.index)
    }

    async fn store(&self) -> Result<&SqliteStore, StoreError> {
        self.store.get_or_try_init(|| SqliteStore::open(&self.folders.data)).await
    }

    fn data(&self) -> &Path {
        &self.folders.data
    }
}
