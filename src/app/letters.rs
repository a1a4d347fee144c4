//! Messages that were given up: seen and sent again from the command line, also while the service runs.

pub use crate::store::service::OutboxRow as Letter;

use super::{App, AppError};
use crate::store::channel::ChannelStore;
use crate::store::service::ServiceStore;

/// Messages that are listed.
const MOST: u32 = 1_000;

impl App {
    /// Messages that were given up, newest first.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn dead_letters(&self) -> Result<Vec<Letter>, AppError> {
        Ok(self.store().await?.outbox_dead(MOST).await?)
    }

    /// Has one of them, or all, tried again from `now` on (Unix milliseconds); how many they were.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn resend(&self, id: Option<&str>, now: i64) -> Result<u64, AppError> {
        Ok(self.store().await?.outbox_again(id, now).await?)
    }
}
