//! Arrivals become turns: in order for each address, different addresses side by side.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::channel::accounts::{Accounts, WECHAT, WECOM_KF};
use crate::channel::{Arrival, RemoteFile, Said};
use crate::engine::{Correspondent, Delivery, EngineError, Inbound, Service};
use crate::id::{ConversationId, UserId};
use crate::message::Person;

use super::Patience;

/// Arrivals that are dealt with side by side: searching takes a core, fetching a file mostly waits.
const AT_ONCE: usize = 64;
/// Tries of one arrival, where the store or the platform fails; the pauses between them double.
const TRIES: u32 = 6;
/// The first pause.
const PAUSE: Duration = Duration::from_millis(500);
/// Largest file that is fetched, in bytes.
const LARGEST_FILE: usize = 50 << 20;

/// Deals with what comes in until `stop` says so.
pub async fn run(
    service: Service,
    accounts: Arc<Accounts>,
    patience: Patience,
    mut stop: watch::Receiver<bool>,
) {
    let Some(mut arrivals) = service.arrivals() else {
        tracing::error!("another worker deals with arrivals already");
        return;
    };
    let desk = Desk { service, accounts, room: Arc::new(Semaphore::new(AT_ONCE)) };
    let mut queues: HashMap<(String, String), mpsc::UnboundedSender<Delivery>> = HashMap::new();
    let mut tasks = JoinSet::new();
    for delivery in desk.left_behind(patience.fresh).await {
        place(&desk, &mut queues, &mut tasks, delivery);
    }
    loop {
        tokio::select! {
            Some(delivery) = arrivals.recv() => place(&desk, &mut queues, &mut tasks, delivery),
            Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "dealing with an arrival has ended");
                }
                queues.retain(|_, queue| !queue.is_closed());
            }
            _ = async { stop.wait_for(|stop| *stop).await.is_ok() } => break,
            else => break,
        }
    }
    // What is under way is finished; what waits is in the store.
    drop(queues);
    while tasks.join_next().await.is_some() {}
}

/// Puts an arrival at the end of the queue of its address.
fn place(
    desk: &Desk,
    queues: &mut HashMap<(String, String), mpsc::UnboundedSender<Delivery>>,
    tasks: &mut JoinSet<()>,
    delivery: Delivery,
) {
    let name = (delivery.account.clone(), delivery.address.clone());
    let unsent = match queues.get(&name) {
        Some(queue) => queue.send(delivery).err().map(|unsent| unsent.0),
        None => Some(delivery),
    };
    let Some(delivery) = unsent else { return };
    let (queue, mut waiting) = mpsc::unbounded_channel();
    let desk = desk.clone();
    tasks.spawn(async move {
        desk.deal_with(delivery).await;
        while let Ok(next) = waiting.try_recv() {
            desk.deal_with(next).await;
        }
        // From here on sending fails and a new queue is made; what came in between is still dealt with.
        waiting.close();
        while let Ok(next) = waiting.try_recv() {
            desk.deal_with(next).await;
        }
    });
    queues.insert(name, queue);
}

#[derive(Clone)]
struct Desk {
    service: Service,
    accounts: Arc<Accounts>,
    room: Arc<Semaphore>,
}

impl Desk {
    /// What was taken before the start and not dealt with. What is too old is not answered: an answer to what somebody
    /// asked yesterday is noise.
    async fn left_behind(&self, fresh: Duration) -> Vec<Delivery> {
        let left = match self.service.arrivals_left().await {
            Ok(left) => left,
            Err(error) => {
                tracing::error!(%error, "what came before the start cannot be read");
                return Vec::new();
            }
        };
        let oldest = super::now_ms() - i64::try_from(fresh.as_millis()).unwrap_or(i64::MAX);
        let (stale, fresh): (Vec<_>, Vec<_>) = left.into_iter().partition(|delivery| delivery.at < oldest);
        for delivery in stale {
            tracing::warn!(account = %delivery.account, key = %delivery.key, "too old to be answered after the start");
            self.service.figures().arrived(&delivery.account, "stale");
            if let Err(error) = self.service.put_aside(&delivery.account, &delivery.key).await {
                tracing::error!(%error, "an arrival cannot be put aside");
            }
        }
        fresh
    }

    async fn deal_with(&self, delivery: Delivery) {
        let Ok(_room) = self.room.acquire().await else { return };
        let (account, key) = (delivery.account.clone(), delivery.key.clone());
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            match self.attempt(&delivery).await {
                Ok(()) => return,
                Err(error) if is_final(&error) => {
                    tracing::warn!(account, key, %error, "an arrival cannot be used");
                    break;
                }
                Err(error) => {
                    tracing::warn!(account, key, attempt, %error, "an arrival could not be dealt with; it is tried again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        if let Err(error) = self.service.put_aside(&account, &key).await {
            tracing::error!(account, key, %error, "an arrival cannot be put aside; it is tried again at the next start");
        }
    }

    async fn attempt(&self, delivery: &Delivery) -> Result<(), EngineError> {
        let arrival: Arrival = serde_json::from_str(&delivery.body)
            .map_err(|error| EngineError::Internal(format!("an arrival is unreadable: {error}")))?;
        if matches!(arrival.said, Said::Passing { .. } | Said::Left) {
            return self.service.put_aside(&delivery.account, &delivery.key).await;
        }
        let of = correspondent(&delivery.account, &arrival);
        let (account, key) = (&delivery.account, &delivery.key);
        let (conversation, is_new) = self.service.conversation_at(account, &delivery.address, &of).await?;
        let turn = |part: usize, last: bool, inbound: Inbound| {
            self.service.turn_of_arrival(delivery, &of, (&conversation, inbound), (part, last))
        };
        match arrival.said {
            Said::Text { text } => {
                if is_fetch_word(&text) && self.service.fetch_held(delivery, &conversation).await? {
                    return Ok(());
                }
                turn(0, true, Inbound::Text(text)).await?;
            }
            Said::Choice { id, label } => {
                // A choice of long ago, or a menu of the account's own: what stands on it still says what is wanted.
                let is_known = self.service.has_choice(&conversation, &id).await?;
                let words =
                    Some(unnumbered(&label)).filter(|label| !label.is_empty()).unwrap_or(&id).to_owned();
                let inbound = if is_known { Inbound::Choice(id) } else { Inbound::Text(words) };
                turn(0, true, inbound).await?;
            }
            Said::Files { text, files } => {
                let text = Some(text).filter(|text| !text.trim().is_empty());
                let count = files.len() + usize::from(text.is_some());
                let mut part = 0;
                for file in &files {
                    let inbound = self.file(account, &conversation, file).await?;
                    turn(part, part + 1 == count, inbound).await?;
                    part += 1;
                }
                match text {
                    Some(text) => drop(turn(part, true, Inbound::Text(text)).await?),
                    None if count == 0 => self.service.put_aside(account, key).await?,
                    None => {}
                }
            }
            Said::Entered { .. } => {
                let may_speak = of.quota.is_none_or(|(left, _)| left > 0);
                if is_new && may_speak {
                    self.service.greet(&conversation).await?;
                }
                self.service.put_aside(account, key).await?;
            }
            Said::Verdict { target, helpful, comment } => {
                let judged = target.rsplit_once('/').and_then(|(_, turn)| turn.parse().ok());
                match (judged, helpful) {
                    (Some(number), Some(helpful)) => {
                        let comment = Some(comment).filter(|comment| !comment.trim().is_empty());
                        turn(0, true, Inbound::Feedback { turn: number, helpful, comment }).await?;
                    }
                    _ => self.service.put_aside(account, key).await?,
                }
            }
            Said::Undelivered { reason } => {
                self.service.tell_undelivered(Some(&conversation), "not_delivered", &reason).await?;
                self.service.put_aside(account, key).await?;
            }
            Said::Left | Said::Passing { .. } => self.service.put_aside(account, key).await?,
            Said::Unsupported { kind } => {
                tracing::info!(account, key, kind, "a kind of message that is not understood");
                self.service.say_unsupported(&conversation, &kind).await?;
                self.service.put_aside(account, key).await?;
            }
        }
        // Whoever has written can be written to again.
        self.service.release(&conversation).await
    }

    /// Fetches a file and keeps it; where that fails, the conversation hears that there was one.
    async fn file(
        &self,
        account: &str,
        conversation: &ConversationId,
        file: &RemoteFile,
    ) -> Result<Inbound, EngineError> {
        let fetched = self.accounts.fetch(account, &file.place, LARGEST_FILE, super::now_ms()).await;
        let unusable = |reason: String| {
            tracing::warn!(account, %conversation, reason, "a file of a person was not kept");
            Ok(Inbound::Text(self.service.file_lost(&file.name)))
        };
        let download = match fetched {
            Ok(download) => download,
            Err(error) => return unusable(error.reason),
        };
        let name = download.name.unwrap_or_else(|| file.name.clone());
        match self.service.attach_bytes(conversation, name, download.bytes).await {
            Ok(id) => Ok(Inbound::Attachment(id)),
            Err(EngineError::Unusable { reason, .. }) => unusable(reason),
            Err(error) => Err(error),
        }
    }
}

/// What stands on a choice, without its number.
fn unnumbered(label: &str) -> &str {
    let label = label.trim();
    match label.split_once(". ") {
        Some((number, words)) if number.bytes().all(|byte| byte.is_ascii_digit()) => words.trim(),
        _ => label,
    }
}

/// Words that ask for what was held back.
fn is_fetch_word(text: &str) -> bool {
    matches!(
        text.trim().trim_end_matches(['。', '.', '!', '！']),
        "继续" | "1" | "１" | "more" | "continue" | "？" | "?"
    )
}

/// Whether another try would say the same.
fn is_final(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Unusable { .. }
            | EngineError::NotFound { .. }
            | EngineError::Conflict(_)
            | EngineError::Forbidden(_)
    )
}

/// Who wrote, as the engine knows people.
fn correspondent(account: &str, arrival: &Arrival) -> Correspondent {
    let prefix = match account {
        WECHAT => "wechat",
        WECOM_KF => "wechat-kf",
        other => other.split('-').next().unwrap_or(other),
    };
    let person = Person {
        id: UserId::parse(&format!("{prefix}:{}", arrival.target.user)),
        name: arrival.name.clone(),
        ..Person::default()
    };
    // A handle is plain data: it can always be written.
    let handle = serde_json::to_string(&arrival.handle).unwrap_or_default();
    Correspondent { person, handle, quota: arrival.handle.quota.map(|quota| (quota.left, quota.until)) }
}
