//! The outbox: what was saved to leave, leaves; what is refused is tried again later, and given up at last.

use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::webhook::{Webhook, next_try};
use crate::engine::{EngineError, Service};

/// How often it is looked at: an alert is not to wait longer.
const EVERY: Duration = Duration::from_millis(500);
/// Messages that are taken in one go.
const AT_ONCE: u32 = 50;

/// Sends until `stop` says so; what is being sent is finished first.
pub async fn run(service: Service, webhook: Webhook, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                if let Err(error) = send(&service, &webhook).await {
                    tracing::error!(%error, "the outbox cannot be read or written; it is tried again");
                }
            }
            _ = async { stop.wait_for(|stop| *stop).await.is_ok() } => return,
        }
    }
}

async fn send(service: &Service, webhook: &Webhook) -> Result<(), EngineError> {
    for message in service.leaving(AT_ONCE).await? {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        match webhook.deliver(&message.id, &message.body, now).await {
            Ok(()) => service.left(&message.id).await?,
            Err(error) => {
                let pause = next_try(message.attempts + 1).filter(|_| error.retry);
                tracing::warn!(message = %message.id, %error, gives_up = pause.is_none(), "a message did not leave");
                service.stayed(&message.id, pause, &error.reason).await?;
            }
        }
    }
    Ok(())
}
