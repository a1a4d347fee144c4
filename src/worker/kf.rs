//! WeChat customer service is fetched page by page: the platform only rings.
//!
//! The cursor is kept after what it stands behind was saved, so that a crash fetches a page again and loses nothing. Without
//! a cursor the platform gives everything of three days: what was written before yunzhu was set up is read and not answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use crate::channel::accounts::{Accounts, WECOM_KF};
use crate::channel::wecom::kf::Bell;
use crate::engine::{EngineError, Service};
use crate::privacy::secret::Secret;

use super::{links, now_ms};

/// Name of the cursor that holds when this account was set up.
const SET_UP: &str = "set up";
/// In front of the names of the cursors of accounts.
const PAGES: &str = "pages/";
/// Pages that are fetched in a row; then other accounts have their turn.
const MOST_PAGES: usize = 100;
/// Tries of one fetch, and the first pause between them, which doubles up to the longest: half an hour together.
const TRIES: u32 = 35;
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Fetches whenever it rings, until `stop` says so. One fetch of an account at a time, so that nothing is fetched twice;
/// an account that the platform refuses keeps no other waiting.
pub async fn run(service: Service, accounts: Arc<Accounts>, mut stop: watch::Receiver<bool>) {
    let Some(mut bells) = accounts.bells.heard() else { return };
    let desk = Desk { service, accounts, lanes: Arc::default() };
    let mut fetches = JoinSet::new();
    let started = async {
        let since = desk.set_up().await?;
        // What it rang for before the start may not have been fetched.
        let known = desk.service.cursors(WECOM_KF, PAGES).await?;
        Ok::<(i64, Vec<String>), EngineError>((since, known))
    };
    let since = match started.await {
        Ok((since, known)) => {
            for open_kfid in known {
                fetches.spawn(desk.clone().fetch(open_kfid, None, since));
            }
            since
        }
        Err(error) => {
            tracing::error!(account = WECOM_KF, %error, "customer service cannot be fetched");
            return;
        }
    };
    loop {
        tokio::select! {
            Some(Bell { token, open_kfid }) = bells.recv() => {
                fetches.spawn(desk.clone().fetch(open_kfid, Some(token), since));
            }
            Some(_) = fetches.join_next(), if !fetches.is_empty() => {}
            _ = async { stop.wait_for(|stop| *stop).await.is_ok() } => return,
            else => return,
        }
    }
}

#[derive(Clone)]
struct Desk {
    service: Service,
    accounts: Arc<Accounts>,
    /// One at a time for each account.
    lanes: Arc<Mutex<HashMap<String, Arc<Mutex<()>>>>>,
}

impl Desk {
    /// When this account was set up; Unix milliseconds.
    async fn set_up(&self) -> Result<i64, EngineError> {
        if let Some(at) = self.service.cursor(WECOM_KF, SET_UP).await?.and_then(|at| at.parse().ok()) {
            return Ok(at);
        }
        let now = now_ms();
        self.service.put_cursor(WECOM_KF, SET_UP, &now.to_string()).await?;
        Ok(now)
    }

    async fn fetch(self, open_kfid: String, token: Option<Secret>, since: i64) {
        let (open_kfid, token) = (open_kfid.as_str(), token.as_ref());
        let lane = self.lanes.lock().await.entry(open_kfid.to_owned()).or_default().clone();
        let _turn = lane.lock().await;
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            match self.pages(open_kfid, token, since).await {
                Ok(()) => return,
                Err(reason) => {
                    tracing::warn!(
                        account = WECOM_KF,
                        open_kfid,
                        attempt,
                        reason,
                        "messages could not be fetched"
                    );
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        tracing::error!(account = WECOM_KF, open_kfid, "messages are fetched when it rings again");
    }

    async fn pages(&self, open_kfid: &str, token: Option<&Secret>, since: i64) -> Result<(), String> {
        let Some((_, client)) = &self.accounts.wecom_kf else { return Ok(()) };
        let name = format!("{PAGES}{open_kfid}");
        let words = |error: EngineError| error.to_string();
        let mut cursor = self.service.cursor(WECOM_KF, &name).await.map_err(words)?.unwrap_or_default();
        for _ in 0..MOST_PAGES {
            let page =
                client.sync(&cursor, token, open_kfid, now_ms()).await.map_err(|error| error.reason)?;
            // The platform counts whole seconds.
            for arrival in page.arrivals.iter().filter(|arrival| arrival.at >= since / 1000 * 1000) {
                links::take_in(&self.service, WECOM_KF, arrival).await.map_err(words)?;
            }
            if !page.next_cursor.is_empty() && page.next_cursor != cursor {
                self.service.put_cursor(WECOM_KF, &name, &page.next_cursor).await.map_err(words)?;
                cursor = page.next_cursor;
            } else if page.has_more {
                return Err("the platform gave the same page again".to_owned());
            }
            if !page.has_more {
                break;
            }
        }
        Ok(())
    }
}
