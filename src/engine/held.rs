//! What was said to somebody on a platform and could not be given yet: it waits until they write again, or leaves by a call of
//! ours where the platform has not fetched it.

use crate::id::ConversationId;
use crate::message::part::Part;
use crate::store::channel::{ArrivalDone, ChannelStore};
use crate::store::service::{OutboxRow, Save, ServiceStore};

use super::arrivals::Delivery;
use super::live::json;
use super::reach::{Outgoing, Ways};
use super::{EngineError, Service};

/// Arrivals that are looked at in one go.
const AT_ONCE: u32 = 10_000;
/// After so many milliseconds no platform fetches what it was to be told in answer to its call.
const RESCUED_AFTER_MS: i64 = 6_000;
/// A platform that asks for it again and again does so for a while.
const ASKED_FOR_MS: i64 = 60_000;
/// Between two things that were said and now leave as one.
const BETWEEN: &str = "\n\n";

/// Something that was said and waits until the person writes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub from: HeldIn,
    pub text: String,
}

/// Where it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeldIn {
    /// A row of the outbox.
    Outbox(String),
    /// What an arrival was to be told.
    Arrival(String),
}

impl Service {
    /// What waits for the person where nothing can be sent to them: in order.
    pub(super) async fn held(
        &self,
        account: &str,
        address: &str,
        conversation: &ConversationId,
    ) -> Result<Vec<Held>, EngineError> {
        if !self.inner.sinks.get(account).is_some_and(|sink| sink.ways == Ways::AnswerOnly) {
            return Ok(Vec::new());
        }
        let text_of = |body: &str| match serde_json::from_str(body) {
            Ok(Outgoing { part: Part::Text { text } | Part::Markdown { text, .. }, .. }) => Some(text),
            _ => None,
        };
        let ungiven = self.inner.store.arrivals_ungiven(self.now().saturating_add(1), AT_ONCE).await?;
        let told =
            ungiven.into_iter().filter(|told| told.arrival.account == account && told.address == address);
        let told = told.filter_map(|told| {
            let text = text_of(told.arrival.response.as_deref()?)?;
            Some(Held { from: HeldIn::Arrival(told.arrival.key), text })
        });
        let rows = self.inner.store.outbox_of(conversation).await?;
        let rows = rows
            .into_iter()
            .filter_map(|row| Some(Held { text: text_of(&row.body)?, from: HeldIn::Outbox(row.id) }));
        Ok(told.chain(rows).collect())
    }

    /// What was held back was part of what the platform was told.
    pub(super) async fn held_given(&self, account: &str, given: &[HeldIn]) -> Result<(), EngineError> {
        for held in given {
            match held {
                HeldIn::Outbox(id) => self.inner.store.outbox_done(id).await?,
                HeldIn::Arrival(key) => self.inner.store.arrival_given(account, key).await?,
            }
        }
        Ok(())
    }

    /// Gives what is held back for the person of an arrival, where there is any, without a turn. Whether there was.
    ///
    /// # Errors
    /// The store failed.
    pub async fn fetch_held(
        &self,
        delivery: &Delivery,
        conversation: &ConversationId,
    ) -> Result<bool, EngineError> {
        let held = self.held(&delivery.account, &delivery.address, conversation).await?;
        let Some(sink) = self.inner.sinks.get(&delivery.account).filter(|_| delivery.waits) else {
            return Ok(false);
        };
        let (text, given) = joined(held, String::new(), sink.caps.max_bytes);
        if given.is_empty() {
            return Ok(false);
        }
        let told = Outgoing {
            to: delivery.address.clone(),
            part: Part::Text { text },
            turn: 0,
            judged: false,
            handed_over: false,
        };
        let (account, key) = (delivery.account.clone(), delivery.key.clone());
        let done = ArrivalDone { account, key, response: Some(json(&told)?) };
        self.inner.saver.save(Save { arrivals_done: vec![done], ..Save::default() }).await?;
        self.held_given(&delivery.account, &given).await?;
        self.arrival_done();
        Ok(true)
    }

    /// What platforms were to be told and have not fetched leaves by calls of ours, where there are such.
    pub(super) async fn rescue(&self, now: i64) -> Result<(), EngineError> {
        for told in self.inner.store.arrivals_ungiven(now - RESCUED_AFTER_MS, AT_ONCE).await? {
            let ArrivalDone { account, key, response } = told.arrival;
            let patience = match self.inner.sinks.get(&account).map(|sink| sink.ways) {
                Some(Ways::AnswerThenPush) => RESCUED_AFTER_MS,
                Some(Ways::WholeAnswerOrPush) => ASKED_FOR_MS,
                // It waits for the next message; there is no other way.
                Some(Ways::AnswerOnly) => continue,
                Some(Ways::Push) | None => 0,
            };
            let older = self.inner.store.arrivals_ungiven(now - patience, AT_ONCE).await?;
            if !older.iter().any(|older| older.arrival.key == key && older.arrival.account == account) {
                continue;
            }
            // With its conversation, so that what is held back leaves when the person writes again.
            let known = self.inner.store.address(&account, &told.address).await?;
            let conversation_id = known.and_then(|row| row.conversation_id);
            let outbox = response.map(|body| OutboxRow {
                id: format!("{account}/{key}/rescued"),
                sink: account.clone(),
                conversation_id: conversation_id.clone(),
                body,
                created_at: now,
                due_at: now,
                attempts: 0,
                error: None,
            });
            tracing::info!(account, key, "what the platform did not fetch leaves by a call");
            // What is told twice is worse than what is told late: from now on a repeated call gets nothing.
            let done = ArrivalDone { account, key, response: None };
            let save =
                Save { arrivals_done: vec![done], outbox: outbox.into_iter().collect(), ..Save::default() };
            self.inner.saver.save(save).await?;
            self.inner.outbox_wakes.notify_one();
        }
        Ok(())
    }
}

/// Words that were held back, in order and as many as fit, before the new ones; and where those were that fit.
pub(super) fn joined(held: Vec<Held>, new: String, most: usize) -> (String, Vec<HeldIn>) {
    let (mut text, mut given) = (String::new(), Vec::new());
    for held in held {
        let needed = text.len() + held.text.len() + new.len() + 2 * BETWEEN.len();
        if needed > most && !(given.is_empty() && new.is_empty()) {
            break;
        }
        if !text.is_empty() {
            text.push_str(BETWEEN);
        }
        text.push_str(&held.text);
        given.push(held.from);
    }
    if !text.is_empty() && !new.is_empty() {
        text.push_str(BETWEEN);
    }
    text.push_str(&new);
    (text, given)
}
