//! Connections of ours to platforms: what comes by them is saved like what comes by a call.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::channel::Arrival;
use crate::channel::accounts::{DINGTALK, WECOM_BOT};
use crate::channel::dingtalk::stream_client::{self, Stream};
use crate::channel::wecom::link_client::Runner;
use crate::engine::{Delivery, EngineError, Service};

use super::now_ms;

/// How often the state of a connection is looked at.
const LOOKED_AT: std::time::Duration = std::time::Duration::from_secs(5);
/// Messages that wait to be saved.
pub const WAITING: usize = 256;

/// Keeps the connection of a bot of WeCom until `stop` says so, or the platform ends it for good.
pub async fn bot(service: Service, runner: Runner, mut stop: watch::Receiver<bool>) {
    let (arrivals, mut waiting) = mpsc::channel(WAITING);
    let saving = async {
        while let Some(arrival) = waiting.recv().await {
            save(&service, WECOM_BOT, &arrival).await;
        }
    };
    tokio::select! {
        (stopped, ()) = async { tokio::join!(runner.run(arrivals, now_ms), saving) } => {
            tracing::error!(account = WECOM_BOT, reason = %stopped, "the connection has ended for good");
        }
        _ = async { stop.wait_for(|stop| *stop).await.is_ok() } => {}
    }
}

/// Keeps a stream of DingTalk until `stop` says so. What is not saved is not acknowledged, and comes again.
pub async fn stream(
    service: Service,
    stream: Stream,
    mut waiting: mpsc::Receiver<stream_client::Delivery>,
    mut stop: watch::Receiver<bool>,
) {
    let service = Arc::new(service);
    let state = stream.state();
    // What keeps it from standing is said once, and again when it is something else.
    let telling = async {
        let mut told = None;
        loop {
            tokio::time::sleep(LOOKED_AT).await;
            let problem = state.problem();
            if problem != told {
                match &problem {
                    Some(problem) => {
                        tracing::warn!(account = DINGTALK, problem, "the connection does not stand")
                    }
                    None => tracing::info!(account = DINGTALK, "the connection stands"),
                }
                told = problem;
            }
        }
    };
    let saving = async {
        while let Some(delivery) = waiting.recv().await {
            let service = service.clone();
            // Side by side, so that many are saved with one write.
            tokio::spawn(async move {
                if save(&service, DINGTALK, &delivery.arrival).await {
                    // Where nobody waits any more the platform sends it again, and it is known.
                    _ = delivery.durable.send(());
                }
            });
        }
    };
    tokio::select! {
        _ = async { tokio::join!(stream.run(), saving) } => {}
        () = telling => {}
        _ = async { stop.wait_for(|stop| *stop).await.is_ok() } => {}
    }
}

async fn save(service: &Service, account: &'static str, arrival: &Arrival) -> bool {
    match take_in(service, account, arrival).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(account, key = %arrival.key, %error, "a message could not be saved");
            false
        }
    }
}

/// Saves what came by a way that cannot be told anything in return.
pub async fn take_in(service: &Service, account: &'static str, arrival: &Arrival) -> Result<(), EngineError> {
    let (address, body) = arrival.written();
    let (account, key, at) = (account.to_owned(), arrival.key.clone(), now_ms());
    service.take_in(Delivery { account, key, address, body, at, waits: false }).await?;
    Ok(())
}
