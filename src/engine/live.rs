//! Conversations in memory: one lock each, so that turns come one at a time and in order; the idle ones are let go.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedMutexGuard, watch};

use super::reach::Reach;
use super::{EngineError, Service};
use crate::dialogue::conversation::Conversation;
use crate::id::ConversationId;
use crate::message::{Message, State};
use crate::store::service::{ConversationRow, MessageRow, ServiceStore};

/// Conversations that stay in memory after a turn; each takes some kilobytes.
const KEPT: usize = 4096;

/// A conversation that is being talked in.
#[derive(Clone)]
pub struct Live {
    /// Its id.
    pub id: ConversationId,
    /// What the machine knows.
    pub conversation: Conversation,
    /// Hash of the token that opens it.
    pub token_hash: Vec<u8>,
    /// When it began.
    pub created_at: i64,
    /// The last line of its transcript.
    pub last_seq: u64,
    /// Steps so far: turns of the person, and what people of the service did.
    pub steps: u32,
    /// What clients called their messages, newest last, with the step that each made.
    pub client_messages: VecDeque<(String, u32)>,
    /// Whether the list above holds all there ever were.
    pub knows_all: bool,
    /// The chat platform at its other end.
    pub reach: Option<Reach>,
}

/// What of it lies in the row's body.
#[derive(Serialize, Deserialize)]
struct Body {
    conversation: Conversation,
    last_seq: u64,
    steps: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reach: Option<Reach>,
}

/// Names of messages that are kept in memory for one conversation.
const CLIENT_MESSAGES: usize = 64;

type Slot = Arc<tokio::sync::Mutex<Option<Live>>>;

/// All conversations that are in memory, and those that somebody watches.
#[derive(Default)]
pub struct Conversations {
    slots: Mutex<Slots>,
    watched: Mutex<HashMap<ConversationId, watch::Sender<u64>>>,
}

#[derive(Default)]
struct Slots {
    by_id: HashMap<ConversationId, Slot>,
    /// In the order in which they were first used: what is let go first.
    order: VecDeque<ConversationId>,
}

impl Slots {
    fn get(&mut self, id: &ConversationId) -> Slot {
        if let Some(slot) = self.by_id.get(id) {
            return slot.clone();
        }
        while self.by_id.len() >= KEPT {
            let Some(oldest) = self.order.pop_front() else { break };
            // One that is in use goes to the end: its lock must stay the only one.
            match self.by_id.get(&oldest).is_some_and(|slot| Arc::strong_count(slot) > 1) {
                true if self.order.len() < 2 * KEPT => self.order.push_back(oldest),
                true => break,
                false => _ = self.by_id.remove(&oldest),
            }
            if self.order.iter().all(|id| self.by_id.get(id).is_some_and(|slot| Arc::strong_count(slot) > 1))
            {
                break;
            }
        }
        let slot = Slot::default();
        self.by_id.insert(id.clone(), slot.clone());
        self.order.push_back(id.clone());
        slot
    }
}

impl Conversations {
    /// Waits for its turn with a conversation. The guard holds what is in memory, perhaps nothing.
    pub async fn lock(&self, id: &ConversationId) -> OwnedMutexGuard<Option<Live>> {
        let slot = self.slots.lock().map_or_else(|e| e.into_inner().get(id), |mut slots| slots.get(id));
        slot.lock_owned().await
    }

    /// Forgets a conversation that was erased.
    pub fn forget(&self, id: &ConversationId) {
        if let Ok(mut slots) = self.slots.lock() {
            slots.by_id.remove(id);
            slots.order.retain(|known| known != id);
        }
        if let Ok(mut watched) = self.watched.lock() {
            watched.remove(id);
        }
    }

    /// Hears of the last line of a transcript whenever it rises.
    pub fn watch(&self, id: &ConversationId) -> watch::Receiver<u64> {
        let mut watched = self.watched.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Those that nobody listens to any more make room now and then.
        if watched.len() >= 64 && watched.len().is_power_of_two() {
            watched.retain(|_, sender| sender.receiver_count() > 0);
        }
        watched.entry(id.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Tells those who watch.
    pub fn tell(&self, id: &ConversationId, last_seq: u64) {
        let mut watched = self.watched.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if watched.get(id).is_some_and(|sender| sender.send(last_seq).is_err()) {
            watched.remove(id);
        }
    }
}

impl Live {
    /// The row that is saved.
    pub fn row(&self, idle_ms: i64) -> Result<ConversationRow, EngineError> {
        let c = &self.conversation;
        let (last_seq, steps, reach) = (self.last_seq, self.steps, self.reach.clone());
        let body = Body { conversation: c.clone(), last_seq, steps, reach };
        let is_open = !matches!(c.state, State::Closed | State::Queued | State::WithAgent);
        Ok(ConversationRow {
            id: self.id.clone(),
            user_id: c.person.id.clone(),
            channel: name_of(&c.channel)?,
            state: name_of(&c.state)?,
            token_hash: self.token_hash.clone(),
            created_at: self.created_at,
            updated_at: c.last_at,
            wake_at: (is_open && idle_ms > 0).then(|| c.last_at.saturating_add(idle_ms)),
            body: json(&body)?,
        })
    }

    /// From the row.
    pub fn from_row(row: ConversationRow) -> Result<Self, EngineError> {
        let body: Body = serde_json::from_str(&row.body).map_err(|error| {
            EngineError::Internal(format!("conversation {} is unreadable: {error}", row.id))
        })?;
        Ok(Self {
            id: row.id,
            conversation: body.conversation,
            token_hash: row.token_hash,
            created_at: row.created_at,
            last_seq: body.last_seq,
            steps: body.steps,
            client_messages: VecDeque::new(),
            knows_all: false,
            reach: body.reach,
        })
    }

    /// Remembers what the client called the message of the present step.
    pub fn remember(&mut self, client_message_id: &str) {
        if self.client_messages.len() == CLIENT_MESSAGES {
            self.client_messages.pop_front();
            self.knows_all = false;
        }
        self.client_messages.push_back((client_message_id.to_owned(), self.steps));
    }

    /// A new line of the transcript.
    pub fn line(&mut self, message: Message, sealed: Option<Vec<u8>>) -> Result<MessageRow, EngineError> {
        self.last_seq += 1;
        let message = Message { seq: self.last_seq, ..message };
        Ok(MessageRow { seq: self.last_seq, body: json(&message)?, sealed, at: message.at })
    }
}

impl Service {
    /// Waits for the conversation's turn and loads it where it is not in memory.
    pub(super) async fn enter(
        &self,
        id: &ConversationId,
    ) -> Result<(OwnedMutexGuard<Option<Live>>, Live), EngineError> {
        let mut guard = self.inner.conversations.lock(id).await;
        if guard.is_none() {
            let row = self.inner.store.conversation(id).await?;
            let row = row.ok_or_else(|| not_found("conversation", id.as_str()))?;
            *guard = Some(Live::from_row(row)?);
        }
        let live = guard.clone().ok_or_else(|| not_found("conversation", id.as_str()))?;
        Ok((guard, live))
    }

    /// Hears of the last line of a conversation's transcript, whenever that rises.
    pub fn watch(&self, id: &ConversationId) -> watch::Receiver<u64> {
        self.inner.conversations.watch(id)
    }
}

/// The error for an id that is unknown.
pub fn not_found(what: &'static str, id: &str) -> EngineError {
    EngineError::NotFound { what, id: id.to_owned() }
}

/// JSON text.
pub fn json<T: Serialize>(value: &T) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|error| EngineError::Internal(error.to_string()))
}

/// The public name of a plain enum's value.
pub fn name_of<T: Serialize>(value: &T) -> Result<String, EngineError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        other => Err(EngineError::Internal(format!("{other:?} is no name"))),
    }
}
