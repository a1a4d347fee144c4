//! The running service over the program's folders: its parts put together, and its index kept up to date.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::{App, AppError, Event};
use crate::analyzer::words::BadLine;
use crate::desk::policy::{Files, Policy};
use crate::dialogue::understanding::Understander;
use crate::engine::{Parts, Service, Sinks};
use crate::privacy::secret::Secret;
use crate::privacy::vault::Vault;
use crate::retrieval::search::Engine;
use crate::store::Store;
use crate::store::change::Seq;

/// Folder of the rules below the knowledge base.
const RULES: &str = "service";
/// Folder of people's files below the data folder.
const ATTACHMENTS: &str = "attachments";
/// File below the data folder that a running service holds.
const CLAIM: &str = "service.lock";
/// How often the knowledge base and the store are looked at for changes.
const EVERY: Duration = Duration::from_secs(2);

/// What the service needs beside the folders.
#[derive(Clone)]
pub struct ServiceOptions {
    /// After how long without a word a conversation is closed; zero: never.
    pub idle: Duration,
    /// Keys that seal originals, one a line; instead of the file.
    pub vault_keys: Option<Secret>,
    /// File of the keys that seal originals.
    pub vault_key_file: PathBuf,
    /// Names of the sinks where alerts go beside the log.
    pub alerts: Vec<String>,
    /// The ways out to people on chat platforms.
    pub sinks: Sinks,
    /// Where browsers find the service.
    pub public_url: Option<String>,
}

impl App {
    /// Starts the service on an engine.
    ///
    /// # Errors
    /// The rules, the key or the database cannot be used.
    pub async fn service(&self, engine: Engine, options: &ServiceOptions) -> Result<Service, AppError> {
        self.claim().await?;
        let parts = Parts {
            store: self.store().await?.clone(),
            engine,
            policy: self.policy()?,
            vault: self.vault(options)?,
            attachments: self.data().join(ATTACHMENTS),
            idle_ms: i64::try_from(options.idle.as_millis()).unwrap_or(i64::MAX),
            alerts: options.alerts.clone(),
            sinks: options.sinks.clone(),
            public_url: options.public_url.clone(),
            clock: Arc::new(now),
        };
        let service = Service::start(parts).await?;
        service.use_understander(self.told_understander()?);
        Ok(service)
    }

    /// Claims the data folder for this process, as long as it lives: two services on one database would give the same
    /// ticket number twice, and each would miss what the other says.
    ///
    /// # Errors
    /// Another process has it.
    pub async fn claim(&self) -> Result<(), AppError> {
        if self.claim.get().is_some() {
            return Ok(());
        }
        // The store makes the folder.
        self.store().await?;
        let path = self.data().join(CLAIM);
        let note = |source| AppError::Note { path: path.clone(), source };
        let file = std::fs::File::create(&path).map_err(note)?;
        match file.try_lock() {
            Ok(()) => {
                // Once a process: a second service of the same program has its own folder.
                _ = self.claim.set(file);
                Ok(())
            }
            Err(std::fs::TryLockError::WouldBlock) => Err(AppError::Claimed(self.data().to_owned())),
            Err(std::fs::TryLockError::Error(source)) => Err(note(source)),
        }
    }

    fn vault(&self, options: &ServiceOptions) -> Result<Vault, AppError> {
        if let Some(keys) = &options.vault_keys {
            return Ok(Vault::from_lines(keys.expose(), "YUNZHU_VAULT_KEY")?);
        }
        Ok(Vault::from_file(&options.vault_key_file)?)
    }

    /// The rules of the desk: those of the knowledge base, and the shipped ones where it has none.
    fn policy(&self) -> Result<Policy, AppError> {
        let mut files = Files::default();
        for name in Files::NAMES {
            let path = self.folders().kb.join(RULES).join(name);
            match std::fs::read_to_string(&path) {
                Ok(text) => files = files.with(name, text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(AppError::Words { path, reason: format!("cannot be read: {error}") });
                }
            }
        }
        Ok(Policy::parse(&files)?)
    }

    /// Keeps the service on what knowledge base and store have, until `stop` says so. Searching never waits for it.
    pub async fn follow(&self, service: &Service, mut stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut seen = self.version().await.ok();
        let mut outages = super::words::outages(&self.folders().kb);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.follow_outages(service, &mut outages);
            match self.look(&mut seen).await {
                Ok(Some(engine)) => {
                    tracing::info!(cases = engine.cases(), "answering from the changed cases");
                    service.use_engine(engine);
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "the changed cases cannot be used; the earlier ones go on answering")
                }
            }
        }
    }

    /// Understands with the words of outages as they are, where they have changed.
    fn follow_outages(&self, service: &Service, seen: &mut String) {
        let now = super::words::outages(&self.folders().kb);
        if *seen == now {
            return;
        }
        match self.told_understander() {
            Ok(understander) => {
                tracing::info!("understanding messages with the changed words of outages");
                service.use_understander(understander);
            }
            Err(error) => {
                tracing::error!(%error, "the changed words of outages cannot be used; the earlier ones stay")
            }
        }
        *seen = now;
    }

    /// What understands messages; lines of the word file that were left out are logged.
    fn told_understander(&self) -> Result<Understander, AppError> {
        let (understander, bad) = self.understander()?;
        for BadLine { file, line, reason } in bad {
            tracing::warn!("{file}, line {line}: {reason}; the line is left out");
        }
        Ok(understander)
    }

    /// A new engine where something has changed.
    async fn look(&self, seen: &mut Option<(Seq, String)>) -> Result<Option<Engine>, AppError> {
        let mut watch = |event| {
            if let Event::Message(message) = event {
                tracing::warn!("{message}");
            }
        };
        self.sync_kb(SystemTime::now(), &mut watch).await?;
        let version = self.version().await?;
        if seen.as_ref() == Some(&version) {
            return Ok(None);
        }
        let engine = self.engine(&mut watch).await?;
        *seen = Some(version);
        Ok(Some(engine))
    }

    /// What the engine depends on: the store's changes and the word files.
    async fn version(&self) -> Result<(Seq, String), AppError> {
        let seq = self.store().await?.last_seq().await?;
        Ok((seq, super::words::files(&self.folders().kb)))
    }
}

/// Unix milliseconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
