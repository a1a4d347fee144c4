//! The outbox: what was saved to leave, leaves; what is refused is tried again later, and given up at last.
//!
//! What belongs to one conversation leaves in its order, one after the other; conversations side by side.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::now_ms;
use super::robots::{DINGTALK_ROBOT, Robots, WECOM_ROBOT};
use super::webhook::{Webhook, next_try};
use crate::channel::accounts::{Accounts, Sending};
use crate::channel::{Handle, Hope, Target, Undelivered};
use crate::engine::{EngineError, Outgoing, Service};
use crate::store::service::OutboxRow;

/// How often it is looked at where nobody rings: what is tried again is due then.
const EVERY: Duration = Duration::from_millis(500);
/// Messages that are taken in one go.
const AT_ONCE: u32 = 200;
/// Conversations whose messages leave side by side.
const SIDE_BY_SIDE: usize = 32;
/// Seconds between tries of what goes to a person: an answer of yesterday is of no use.
const PAUSES: [u64; 7] = [1, 2, 5, 15, 60, 300, 900];

/// The ways out.
#[derive(Clone)]
pub struct Ways {
    /// Where alerts go.
    pub webhook: Option<Webhook>,
    /// Robots of groups.
    pub robots: Robots,
    /// The accounts of platforms.
    pub accounts: Arc<Accounts>,
}

/// Sends until `stop` says so; what is being sent is finished first.
pub async fn run(service: Service, ways: Ways, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = service.outbox_wakes() => {}
            _ = async { stop.wait_for(|stop| *stop).await.is_ok() } => return,
        }
        if let Err(error) = send(&service, &ways).await {
            tracing::error!(%error, "the outbox cannot be read or written; it is tried again");
        }
    }
}

async fn send(service: &Service, ways: &Ways) -> Result<(), EngineError> {
    let mut lines: Vec<Vec<OutboxRow>> = Vec::new();
    for row in service.leaving(AT_ONCE).await? {
        let same = |line: &&mut Vec<OutboxRow>| {
            row.conversation_id.is_some()
                && line.first().is_some_and(|first| first.conversation_id == row.conversation_id)
        };
        match lines.iter_mut().find(same) {
            Some(line) => line.push(row),
            None => lines.push(vec![row]),
        }
    }
    let mut under_way = JoinSet::new();
    for line in lines {
        if under_way.len() >= SIDE_BY_SIDE {
            joined(under_way.join_next().await)?;
        }
        let (service, ways) = (service.clone(), ways.clone());
        under_way.spawn(async move {
            for row in line {
                // What comes after it waits for it.
                if !one(&service, &ways, &row).await? {
                    break;
                }
            }
            Ok(())
        });
    }
    while !under_way.is_empty() {
        joined(under_way.join_next().await)?;
    }
    Ok(())
}

type Joined = Option<Result<Result<(), EngineError>, tokio::task::JoinError>>;

fn joined(ended: Joined) -> Result<(), EngineError> {
    match ended {
        Some(Ok(result)) => result,
        Some(Err(error)) => Err(EngineError::Internal(error.to_string())),
        None => Ok(()),
    }
}

/// Sends one; whether the next of its conversation may leave too.
async fn one(service: &Service, ways: &Ways, row: &OutboxRow) -> Result<bool, EngineError> {
    let (id, conversation) = (&row.id, row.conversation_id.as_ref());
    let undelivered = match row.sink.as_str() {
        "webhook" => to_webhook(ways, row).await,
        DINGTALK_ROBOT | WECOM_ROBOT => ways.robots.tell(&row.sink, &row.body).await,
        _ => match to_person(service, ways, row).await {
            Ok(Some(sent)) => sent,
            // Its call has fetched it.
            Ok(None) => return Ok(true),
            // What is wrong with one message must not hold up the others.
            Err(error) => Err(Undelivered { hope: Hope::Later(None), reason: error.to_string() }),
        },
    };
    let Err(undelivered) = undelivered else {
        service.left(id).await?;
        service.figures().delivered(&row.sink, "delivered");
        return Ok(true);
    };
    let reason = &undelivered.reason;
    match undelivered.hope {
        Hope::Quota => {
            tracing::warn!(message = %id, sink = %row.sink, reason, "a message waits until its person writes again");
            service.figures().delivered(&row.sink, "held_back");
            service.held_back(id, conversation, reason).await?;
        }
        Hope::Later(pause) => {
            let usual = match row.sink.as_str() {
                "webhook" | DINGTALK_ROBOT | WECOM_ROBOT => next_try(row.attempts + 1),
                _ => PAUSES.get(row.attempts as usize).copied().map(Duration::from_secs),
            };
            match usual {
                Some(usual) => {
                    let pause = pause.unwrap_or(usual);
                    tracing::warn!(message = %id, sink = %row.sink, reason, ?pause, "a message did not leave; it is tried again");
                    service.figures().delivered(&row.sink, "again");
                    service.stayed(id, Some(pause), reason).await?;
                }
                None => give_up(service, row, reason).await?,
            }
        }
        Hope::Never => give_up(service, row, reason).await?,
    }
    Ok(matches!(undelivered.hope, Hope::Never))
}

async fn give_up(service: &Service, row: &OutboxRow, reason: &str) -> Result<(), EngineError> {
    tracing::error!(message = %row.id, sink = %row.sink, reason, "a message was given up");
    service.figures().delivered(&row.sink, "given_up");
    service.given_up(&row.id, row.conversation_id.as_ref(), reason).await
}

async fn to_webhook(ways: &Ways, row: &OutboxRow) -> Result<(), Undelivered> {
    let Some(webhook) = &ways.webhook else {
        let reason = "there is no webhook any more: put alerts.webhook_url back into the settings".to_owned();
        return Err(Undelivered { hope: Hope::Never, reason });
    };
    webhook.deliver(&row.id, &row.body, now_ms() / 1000).await.map_err(|error| Undelivered {
        hope: if error.retry { Hope::Later(None) } else { Hope::Never },
        reason: error.reason,
    })
}

/// To somebody on a platform, as far as the platform's quota is known to allow it; `None`: they have it already.
async fn to_person(
    service: &Service,
    ways: &Ways,
    row: &OutboxRow,
) -> Result<Option<Result<(), Undelivered>>, EngineError> {
    let unreadable =
        |error: serde_json::Error| EngineError::Internal(format!("{} is unreadable: {error}", row.id));
    let outgoing: Outgoing = serde_json::from_str(&row.body).map_err(unreadable)?;
    let target: Target = serde_json::from_str(&outgoing.to).map_err(unreadable)?;
    let known = match &row.conversation_id {
        Some(conversation) => service.address_of(conversation).await?,
        None => None,
    };
    let now = now_ms();
    if let Some((address, _)) = &known {
        let over = address.quota_left == Some(0) || address.quota_until.is_some_and(|until| until <= now);
        if over {
            let reason = match address.quota_left {
                Some(0) => "the platform takes no more messages for this person until they write again",
                _ => "the time in which the platform takes messages for this person is over",
            };
            return Ok(Some(Err(Undelivered { hope: Hope::Quota, reason: reason.to_owned() })));
        }
    }
    let of_address: Handle =
        known.as_ref().and_then(|(_, handle)| serde_json::from_str(handle).ok()).unwrap_or_default();
    let mut handle = of_address.clone();
    if let Some(key) = &outgoing.arrival {
        if !service.take_back(&row.sink, key).await? {
            return Ok(None);
        }
        // It may use what came with the message that it answers, and leaves to later messages what is theirs.
        let own = service.handle_of(&row.sink, &outgoing);
        handle = own.and_then(|own| serde_json::from_str(&own).ok()).unwrap_or(handle);
    }
    let judged = row.conversation_id.as_ref().filter(|_| outgoing.judged);
    let judged = judged.map(|conversation| format!("{conversation}/{}", outgoing.turn));
    let sending = Sending {
        id: &row.id,
        target: &target,
        handle: &handle,
        part: &outgoing.part,
        judged: judged.as_deref(),
        handed_over: outgoing.handed_over,
        again: row.attempts > 0,
    };
    let sent = ways.accounts.send(&row.sink, sending, now).await;
    let known = known.filter(|_| handle == of_address);
    if let (Some((address, _)), Some(used)) = (known, sent.as_ref().ok().and_then(|used| used.as_ref())) {
        let text = serde_json::to_string(used).map_err(unreadable)?;
        service.address_used(address, &text).await?;
    }
    Ok(Some(sent.map(drop)))
}
