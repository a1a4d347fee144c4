//! Group commit: turns that end at the same time are saved with one write to the disk.
//!
//! A turn is acknowledged when the transaction that holds it is durable. While one batch is being written the next one
//! gathers, so that the more there is to save, the fewer writes each turn costs.

use tokio::sync::{mpsc, oneshot};

use super::EngineError;
use crate::store::service::{Save, ServiceStore};
use crate::store::sqlite::SqliteStore;

/// Most turns in one transaction: enough that the disk is not what limits, few enough that none waits long.
const MOST: usize = 256;
/// Turns that may wait to be saved; beyond that the service says that it is busy.
const WAITING: usize = 4096;

struct Job {
    save: Save,
    done: oneshot::Sender<Result<(), EngineError>>,
}

/// Saves turns, many at a time.
pub struct Saver {
    jobs: mpsc::Sender<Job>,
}

impl Saver {
    /// Starts the task that writes; it ends when the saver is dropped and all is written.
    pub fn start(store: SqliteStore) -> Self {
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(MOST);
            while waiting.recv_many(&mut batch, MOST).await > 0 {
                write(&store, &mut batch).await;
            }
        });
        Self { jobs }
    }

    /// Saves; returns when it is durable.
    ///
    /// # Errors
    /// Too much waits, or the store failed: then nothing of it is saved.
    pub async fn save(&self, save: Save) -> Result<(), EngineError> {
        let (done, saved) = oneshot::channel();
        self.jobs.try_send(Job { save, done }).map_err(|_| EngineError::Busy { retry_after_s: 1 })?;
        saved.await.unwrap_or_else(|_| Err(EngineError::Internal("the writing task has ended".to_owned())))
    }
}

/// Writes a batch; where it fails, each by itself, so that one that cannot be saved does not take others with it.
async fn write(store: &SqliteStore, batch: &mut Vec<Job>) {
    let saves = batch.iter().map(|job| job.save.clone()).collect();
    match store.save(saves).await {
        Ok(()) => {
            for job in batch.drain(..) {
                // Nobody waits any more where the client has gone.
                _ = job.done.send(Ok(()));
            }
        }
        Err(error) if batch.len() == 1 => {
            for job in batch.drain(..) {
                tracing::error!(%error, "a turn could not be saved");
                _ = job.done.send(Err(EngineError::Busy { retry_after_s: 2 }));
            }
        }
        Err(_) => {
            for job in batch.drain(..) {
                let result = store.save(vec![job.save]).await;
                if let Err(error) = &result {
                    tracing::error!(%error, "a turn could not be saved");
                }
                _ = job.done.send(result.map_err(|_| EngineError::Busy { retry_after_s: 2 }));
            }
        }
    }
}
