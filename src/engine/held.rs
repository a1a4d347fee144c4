//! What was said to somebody on a platform and could not be given yet: it waits until they write again.

use crate::id::ConversationId;
use crate::message::part::Part;
use crate::store::channel::{ArrivalDone, ChannelStore};
use crate::store::service::{Save, ServiceStore};

use super::arrivals::Delivery;
use super::live::json;
use super::reach::{Outgoing, Ways};
use super::{EngineError, Service};

/// Arrivals that are looked at in one go.
const AT_ONCE: u32 = 10_000;
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
                HeldIn::Arrival(key) => self.given(account, key).await?,
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
            arrival: None,
            handle: None,
        };
        let (account, key) = (delivery.account.clone(), delivery.key.clone());
        let done = ArrivalDone { account, key, response: Some(json(&told)?) };
        self.inner.saver.save(Save { arrivals_done: vec![done], ..Save::default() }).await?;
        self.held_given(&delivery.account, &given).await?;
        self.arrival_done();
        Ok(true)
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
