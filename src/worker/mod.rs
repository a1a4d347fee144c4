//! What runs beside the requests: the sweep every second, arrivals from platforms, the outbox, connections to platforms.
//! Reads the clock; decides nothing itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::channel::accounts::Accounts;
use crate::channel::dingtalk::stream_client::{Delivery, Stream};
use crate::channel::wecom::link_client::Runner;
use crate::engine::Service;

mod arrivals;
mod kf;
mod links;
mod outbox;
mod robots;
mod sinks;
mod webhook;

pub use links::WAITING;
pub use robots::Robots;
pub use sinks::sinks;
pub use webhook::Webhook;

/// How often what is due is looked for: clocks are exact to a second.
const EVERY: Duration = Duration::from_secs(1);

/// What the worker needs beside the service.
pub struct Tools {
    /// Where alerts go.
    pub webhook: Option<Webhook>,
    /// Robots of groups that hear alerts.
    pub robots: Robots,
    /// The accounts of platforms.
    pub accounts: Arc<Accounts>,
    /// Connections of ours to platforms.
    pub connections: Connections,
    /// How long what.
    pub patience: Patience,
}

/// Connections of ours to platforms that are not open yet.
#[derive(Default)]
pub struct Connections {
    /// Of the AI bot of WeCom.
    pub wecom_bot: Option<Runner>,
    /// Of the robot of DingTalk, and what comes by it.
    pub dingtalk: Option<(Stream, mpsc::Receiver<Delivery>)>,
}

/// How long what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// What was taken before a restart and is older than this is not answered.
    pub fresh: Duration,
}

/// Runs until `stop` says so; what is under way is finished first.
pub async fn run(service: Service, tools: Tools, stop: watch::Receiver<bool>) {
    let Tools { webhook, robots, accounts, connections, patience } = tools;
    let mut tasks = JoinSet::new();
    tasks.spawn(every_second(service.clone(), stop.clone()));
    tasks.spawn(arrivals::run(service.clone(), accounts.clone(), patience, stop.clone()));
    if let Some(runner) = connections.wecom_bot {
        tasks.spawn(links::bot(service.clone(), runner, stop.clone()));
    }
    if let Some((stream, waiting)) = connections.dingtalk {
        tasks.spawn(links::stream(service.clone(), stream, waiting, stop.clone()));
    }
    if accounts.wecom_kf.is_some() {
        tasks.spawn(kf::run(service.clone(), accounts.clone(), stop.clone()));
    }
    tasks.spawn(outbox::run(service, outbox::Ways { webhook, robots, accounts }, stop));
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

/// Unix milliseconds.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
