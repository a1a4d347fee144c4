//! What runs beside the requests: the sweep every second, and the outbox. Reads the clock; decides nothing itself.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::engine::Service;

mod outbox;
mod webhook;

pub use webhook::Webhook;

/// How often what is due is looked for: clocks are exact to a second.
const EVERY: Duration = Duration::from_secs(1);

/// Runs until `stop` says so; what is under way is finished first.
pub async fn run(service: Service, webhook: Option<Webhook>, stop: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    tasks.spawn(every_second(service.clone(), stop.clone()));
    if let Some(webhook) = webhook {
        tasks.spawn(outbox::run(service, webhook, stop));
    }
    tasks.join_all().await;
}

async fn every_second(service: Service, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                if let Err(error) = service.sweep().await {
                    tracing::error!(%error, "what is due could not be done; it is tried again");
                }
            }
            // The value is borrowed until it is dropped here.
            _ = async { stop.wait_for(|stop| *stop).await.is_ok() } => return,
        }
    }
}
