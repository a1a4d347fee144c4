//! Runs turns: load, step, perform effects, save; one at a time per conversation, others in parallel.
//!
//! Start at [`Service`], which every edge talks to. `turn` runs the dialogue, `live` keeps the conversations that are being
//! talked in, `saver` writes many turns with one write to the disk, `desk` holds the open tickets and the agents, `acting`
//! what agents do, `sweep` what time does. Reads the clock that it is given.

use std::sync::{Arc, RwLock};

use tokio::sync::{Notify, Semaphore, watch};

use crate::desk::policy::Policy;
use crate::dialogue::understanding::Understander;
use crate::privacy::vault::Vault;
use crate::retrieval::search::Engine;
use crate::store::sqlite::SqliteStore;

mod accounts;
mod acting;
mod arrivals;
mod calling;
mod desk;
mod erasing;
pub mod figures;
mod guiding;
mod held;
mod inbound;
pub mod kind;
mod live;
mod opening;
mod outside;
mod reach;
mod reading;
mod saver;
mod saying;
mod searching;
mod sweep;
#[cfg(test)]
mod tests;
mod turn;

pub use arrivals::{Correspondent, Delivery};
pub use outside::{
    Account, AgentAction, ConversationView, Described, EngineError, Inbound, NewConversation, Opened, Role,
};

pub use reach::{Outgoing, Sink, Sinks, Ways};

use arrivals::Arrivals;
use desk::Desk;
use figures::Figures;
use live::Conversations;
use saver::Saver;

/// Gives the time: Unix milliseconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What the service is made of.
pub struct Parts {
    /// What it remembers.
    pub store: SqliteStore,
    /// What it answers from.
    pub engine: Engine,
    /// The rules of the desk.
    pub policy: Policy,
    /// What keeps the originals of masked words.
    pub vault: Vault,
    /// Folder of the attachments.
    pub attachments: std::path::PathBuf,
    /// After how many milliseconds without a word a conversation is closed.
    pub idle_ms: i64,
    /// Names of the sinks where alerts go beside the log.
    pub alerts: Vec<String>,
    /// The ways out to people on chat platforms.
    pub sinks: Sinks,
    /// Where browsers find this service, such as `https://kf.example.com`; absent: answers have no pages of their own.
    pub public_url: Option<String>,
    /// The time.
    pub clock: Clock,
}

/// The running service. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    store: SqliteStore,
    engine: RwLock<Arc<Engine>>,
    understander: RwLock<Arc<Understander>>,
    policy: Policy,
    vault: Vault,
    attachments: std::path::PathBuf,
    idle_ms: i64,
    alerts: Vec<String>,
    sinks: Sinks,
    public_url: Option<String>,
    arrivals: Arrivals,
    outbox_wakes: Notify,
    clock: Clock,
    saver: Saver,
    conversations: Conversations,
    desk: Desk,
    desk_changes: watch::Sender<u64>,
    /// Searching uses the processor alone: more at once than there are cores only makes each of them slower.
    searches: Arc<Semaphore>,
    figures: Figures,
}

impl Service {
    /// Starts the service over its parts; reads the open tickets and incidents back.
    ///
    /// # Errors
    /// The store cannot be read, or the compiled-in model is unusable.
    pub async fn start(parts: Parts) -> Result<Self, EngineError> {
        let understander =
            Understander::shipped().map_err(|error| EngineError::Internal(error.to_string()))?;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let now = (parts.clock)();
        let desk = Desk::load(&parts.store, &parts.policy, now).await?;
        let inner = Inner {
            saver: Saver::start(parts.store.clone()),
            store: parts.store,
            engine: RwLock::new(Arc::new(parts.engine)),
            understander: RwLock::new(Arc::new(understander)),
            policy: parts.policy,
            vault: parts.vault,
            attachments: parts.attachments,
            idle_ms: parts.idle_ms,
            alerts: parts.alerts,
            sinks: parts.sinks,
            public_url: parts.public_url,
            arrivals: Arrivals::default(),
            outbox_wakes: Notify::new(),
            clock: parts.clock,
            conversations: Conversations::default(),
            desk,
            desk_changes: watch::Sender::new(0),
            searches: Arc::new(Semaphore::new(cores)),
            figures: Figures::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Answers from another view of the cases from now on; searches under way end on the old one.
    pub fn use_engine(&self, engine: Engine) {
        if let Ok(mut current) = self.inner.engine.write() {
            *current = Arc::new(engine);
        }
    }

    /// Understands messages with other words from now on; what was understood before stays so.
    pub fn use_understander(&self, understander: Understander) {
        if let Ok(mut current) = self.inner.understander.write() {
            *current = Arc::new(understander);
        }
    }

    /// What has been counted since the start.
    pub fn figures(&self) -> &Figures {
        &self.inner.figures
    }

    /// Hears that something about the tickets has changed: a counter that rises.
    pub fn watch_desk(&self) -> watch::Receiver<u64> {
        self.inner.desk_changes.subscribe()
    }

    fn now(&self) -> i64 {
        (self.inner.clock)()
    }

    fn engine(&self) -> Arc<Engine> {
        // The lock is only held to copy or replace a pointer: nothing can fail while it is held.
        self.inner
            .engine
            .read()
            .map_or_else(|poisoned| poisoned.into_inner().clone(), |engine| engine.clone())
    }

    fn understander(&self) -> Arc<Understander> {
        self.inner
            .understander
            .read()
            .map_or_else(|poisoned| poisoned.into_inner().clone(), |understander| understander.clone())
    }

    fn desk_changed(&self) {
        self.inner.desk_changes.send_modify(|changes| *changes += 1);
    }
}
