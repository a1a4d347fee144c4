//! Where replies go beside the transcript: what is said in a conversation that has a chat platform at its other end becomes
//! rows of the outbox, in the transaction that holds the words.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Catalogue;
use crate::answer::present::present;
use crate::id::ConversationId;
use crate::message::part::{Caps, Part};
use crate::message::{Author, ChannelKind, Message, Reply, State};
use crate::store::channel::{AddressRow, ArrivalDone, ChannelStore, told_id};
use crate::store::service::{HELD_BACK, OutboxRow, ServiceStore};

use super::arrivals::{Mark, place_of};
use super::held::joined;
use super::live::json;
use super::opening::internal;
use super::turn::Run;
use super::{EngineError, Service};

/// After so many milliseconds what was held back is of no use any more.
pub(super) const HELD_AT_MOST_MS: i64 = 48 * 3_600_000;
/// Until the platform has shown what it was told, the rest waits so many milliseconds.
const AFTER_THE_FIRST_MS: i64 = 700;
/// After so many milliseconds no platform fetches what it was to be told in answer to its call.
const FETCHED_WITHIN_MS: i64 = 6_000;
/// A platform that asks for it again and again does so for a while.
const ASKED_FOR_MS: i64 = 60_000;

/// What the addresses of pages are sealed for.
const PAGES: &[u8] = b"answer page";

/// At whose end the replies of a conversation are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// The sink, such as `wechat`.
    pub sink: String,
    /// Who, as the sink takes it.
    pub address: String,
}

/// A way out to people.
#[derive(Clone, Debug)]
pub struct Sink {
    /// The channel that it belongs to.
    pub channel: ChannelKind,
    /// What it can show.
    pub caps: Caps,
    /// How replies get there.
    pub ways: Ways,
}

/// How replies get to a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    /// By calls of ours.
    Push,
    /// The first in the answer to the platform's own call where that still waits, the others by calls of ours.
    AnswerThenPush,
    /// All in one answer to the platform's own call where that still waits, else by calls of ours.
    WholeAnswerOrPush,
    /// In answers to the platform's own calls only: what comes later waits until the person writes again.
    AnswerOnly,
}

/// All of them by name.
pub type Sinks = BTreeMap<String, Sink>;

/// What the outbox holds for a sink of people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Who, as the sink takes it.
    pub to: String,
    /// What.
    pub part: Part,
    /// Turn of the conversation, which a verdict names.
    pub turn: u32,
    /// Whether it holds a case, so that a verdict may be asked for.
    #[serde(default)]
    pub judged: bool,
    /// Whether people of the service take over with it.
    #[serde(default)]
    pub handed_over: bool,
    /// The arrival whose call was to be told it: it leaves where no call has fetched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival: Option<String>,
    /// What came with that arrival for an answer to use, sealed, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
}

/// What was said in a step to the person.
pub(super) struct Spoken {
    pub seq: u64,
    pub author: Author,
    pub agent: Option<String>,
    pub reply: Reply,
}

impl Run<'_> {
    /// What this step says, as rows of the outbox, and what the platform is told at once.
    pub(super) fn outgoing(&mut self) -> Result<(Vec<OutboxRow>, Option<ArrivalDone>), EngineError> {
        let mark = self.mark.take();
        let done = |response| {
            let mark = mark.as_ref().filter(|mark| mark.last)?;
            Some(ArrivalDone { account: mark.account.clone(), key: mark.key.clone(), response })
        };
        let spoken = std::mem::take(&mut self.spoken);
        let Some(reach) = self.live.reach.clone() else { return Ok((Vec::new(), done(None))) };
        let Some(sink) = self.service.inner.sinks.get(&reach.sink) else {
            return Ok((Vec::new(), done(None)));
        };
        let waits = mark.as_ref().is_some_and(|mark| mark.last && mark.waits);
        let Some(first) = spoken.first().map(|spoken| spoken.seq) else {
            return Ok((Vec::new(), done(self.only_held(&reach, sink, waits, &mark)?)));
        };
        let mut parts = self.parts(&spoken, &sink.caps);
        let judged = spoken.iter().any(|spoken| matches!(spoken.reply, Reply::Answer { .. }));
        let turn = self.live.conversation.turn;
        let handed_over = spoken.iter().any(|spoken| matches!(spoken.reply, Reply::Handoff { .. }));
        let outgoing = |part: Part, mark: Option<&Mark>| Outgoing {
            to: reach.address.clone(),
            part,
            turn,
            judged,
            handed_over,
            arrival: mark.map(|mark| mark.key.clone()),
            handle: mark.map(|mark| URL_SAFE_NO_PAD.encode(&mark.address.handle)),
        };
        let told = match sink.ways {
            Ways::Push => None,
            _ if !waits => None,
            Ways::AnswerThenPush => matches!(parts.first(), Some(Part::Text { .. })).then(|| parts.remove(0)),
            Ways::WholeAnswerOrPush if parts.len() == 1 => Some(parts.remove(0)),
            Ways::WholeAnswerOrPush => None,
            Ways::AnswerOnly => match parts.first() {
                Some(Part::Text { text }) => {
                    let held = mark.as_ref().map(|mark| mark.held.clone()).unwrap_or_default();
                    let (text, given) = joined(held, text.clone(), sink.caps.max_bytes);
                    self.held_given = given;
                    parts.remove(0);
                    Some(Part::Text { text })
                }
                _ => None,
            },
        };
        let due_at = match sink.ways {
            Ways::AnswerOnly => HELD_BACK,
            _ if told.is_some() => self.now + AFTER_THE_FIRST_MS,
            _ => self.now,
        };
        let told = told.map(|part| json(&outgoing(part, mark.as_ref())));
        let told = told.transpose()?;
        let row = |id: String, body: String, due_at: i64| OutboxRow {
            id,
            sink: reach.sink.clone(),
            conversation_id: Some(self.live.id.clone()),
            body,
            created_at: self.now,
            due_at,
            attempts: 0,
            error: None,
        };
        let mut rows = Vec::with_capacity(parts.len() + 1);
        // In front of what is said after it, which waits until it was fetched or has left.
        let unfetched = match sink.ways {
            Ways::AnswerThenPush => Some(FETCHED_WITHIN_MS),
            Ways::WholeAnswerOrPush => Some(ASKED_FOR_MS),
            Ways::Push | Ways::AnswerOnly => None,
        };
        if let (Some(body), Some(mark), Some(patience)) = (&told, &mark, unfetched) {
            rows.push(row(told_id(&mark.account, &mark.key), body.clone(), self.now + patience));
        }
        for (at, part) in parts.into_iter().enumerate() {
            rows.push(row(format!("{}/{first}/{at}", self.live.id), json(&outgoing(part, None))?, due_at));
        }
        Ok((rows, done(told)))
    }

    /// Where nothing new is said, what was held back is still told where it can be.
    fn only_held(
        &mut self,
        reach: &Reach,
        sink: &Sink,
        waits: bool,
        mark: &Option<Mark>,
    ) -> Result<Option<String>, EngineError> {
        let held = mark.as_ref().map(|mark| mark.held.clone()).unwrap_or_default();
        if sink.ways != Ways::AnswerOnly || !waits || held.is_empty() {
            return Ok(None);
        }
        let (text, given) = joined(held, String::new(), sink.caps.max_bytes);
        self.held_given = given;
        let (to, turn) = (reach.address.clone(), self.live.conversation.turn);
        let told = Outgoing {
            to,
            part: Part::Text { text },
            turn,
            judged: false,
            handed_over: false,
            arrival: None,
            handle: None,
        };
        json(&told).map(Some)
    }

    fn parts(&self, spoken: &[Spoken], caps: &Caps) -> Vec<Part> {
        let words = self.catalogue().present_words();
        let replies: Vec<Reply> = spoken.iter().map(|spoken| signed(spoken, self.catalogue())).collect();
        let answer = spoken.iter().find(|spoken| matches!(spoken.reply, Reply::Answer { .. }));
        let seq = answer.or(spoken.first()).map_or(0, |spoken| spoken.seq);
        let more = self.service.answer_page(&self.live.id, seq);
        present(&replies, caps, &words, more.as_deref())
    }
}

/// What an agent says bears their name: the person is to know who is talking.
fn signed(spoken: &Spoken, catalogue: &Catalogue) -> Reply {
    match (&spoken.author, &spoken.agent, &spoken.reply) {
        (Author::Agent, Some(agent), Reply::Text { text }) => {
            let text = catalogue.say("agent_says", &[("agent", agent), ("text", text)]);
            Reply::Text { text }
        }
        (.., reply) => reply.clone(),
    }
}

impl Service {
    /// Where browsers find a line of a transcript as a page: an address that nobody can guess.
    fn answer_page(&self, conversation: &ConversationId, seq: u64) -> Option<String> {
        let base = self.inner.public_url.as_deref()?;
        let sealed = self.inner.vault.seal(&format!("{conversation}/{seq}"), PAGES).ok()?;
        Some(format!("{base}/a/{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// The line that an address of a page leads to; `None` where it leads nowhere, or the line was erased.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn answer_of_page(&self, name: &str) -> Result<Option<Message>, EngineError> {
        let Ok(sealed) = URL_SAFE_NO_PAD.decode(name) else { return Ok(None) };
        let Ok(place) = self.inner.vault.open(&sealed, PAGES) else { return Ok(None) };
        let Some((id, seq)) = place.rsplit_once('/') else { return Ok(None) };
        let (Some(id), Ok(seq)) = (ConversationId::parse(id), seq.parse::<u64>()) else { return Ok(None) };
        let lines = self.messages(&id, seq.saturating_sub(1), 1).await?;
        Ok(lines.into_iter().find(|line| line.seq == seq))
    }

    /// Where the person of a conversation is reached, with what an answer may use besides as JSON of the channel.
    ///
    /// # Errors
    /// The store cannot be read; the handle was sealed with a key that is gone.
    pub async fn address_of(
        &self,
        conversation: &ConversationId,
    ) -> Result<Option<(AddressRow, String)>, EngineError> {
        let Some(row) = self.inner.store.address_of(conversation).await? else { return Ok(None) };
        let place = place_of(&row.account, &row.address);
        let handle = self.inner.vault.open(&row.handle, place.as_bytes()).map_err(internal)?;
        Ok(Some((row, handle)))
    }

    /// How the person of a conversation is reached, and how many more messages the platform takes for them, for an agent
    /// to see before it takes none; null for the widget.
    pub(super) async fn reach_json(&self, conversation: &ConversationId) -> Result<Value, EngineError> {
        let Some(row) = self.inner.store.address_of(conversation).await? else { return Ok(Value::Null) };
        let waiting = self.inner.store.outbox_of(conversation).await?.len();
        let only_answers =
            self.inner.sinks.get(&row.account).is_some_and(|sink| sink.ways == Ways::AnswerOnly);
        Ok(serde_json::json!({
            "sink": row.account,
            "left": row.quota_left,
            "until": row.quota_until,
            "waiting": waiting,
            "only_answers": only_answers,
        }))
    }

    /// The handle of an address was used up, or its quota is over.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn address_used(&self, mut row: AddressRow, handle: &str) -> Result<(), EngineError> {
        let place = place_of(&row.account, &row.address);
        row.handle = self.inner.vault.seal(handle, place.as_bytes()).map_err(internal)?;
        Ok(self.inner.store.put_address(&row).await?)
    }

    /// What a call of the platform was to be told is about to leave by a call of ours: from now on the platform's gets
    /// nothing, because what is told twice is worse than what is told late. False where the platform has it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn take_back(&self, account: &str, key: &str) -> Result<bool, EngineError> {
        Ok(self.inner.store.take_arrival_back(account, key).await?)
    }

    /// What an answer may use that bears its own, as JSON of the channel; `None` where it bears none, or the key is gone.
    pub fn handle_of(&self, account: &str, outgoing: &Outgoing) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(outgoing.handle.as_ref()?).ok()?;
        self.inner.vault.open(&sealed, place_of(account, &outgoing.to).as_bytes()).ok()
    }

    /// What was held back for the person of a conversation may leave now.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn release(&self, conversation: &ConversationId) -> Result<(), EngineError> {
        let now = self.now();
        let since = now.saturating_sub(HELD_AT_MOST_MS);
        if self.inner.store.outbox_release(conversation, since, now).await? > 0 {
            self.inner.outbox_wakes.notify_one();
        }
        Ok(())
    }

    /// It cannot leave before the person writes again. An agent who is in the conversation is told.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn held_back(
        &self,
        id: &str,
        conversation: Option<&ConversationId>,
        why: &str,
    ) -> Result<(), EngineError> {
        self.inner.store.outbox_failed(id, Some(HELD_BACK), why).await?;
        self.tell_undelivered(conversation, "held_back", why).await
    }

    /// It will never leave. An agent who is in the conversation is told.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn given_up(
        &self,
        id: &str,
        conversation: Option<&ConversationId>,
        why: &str,
    ) -> Result<(), EngineError> {
        self.inner.store.outbox_failed(id, None, why).await?;
        self.tell_undelivered(conversation, "not_delivered", why).await
    }

    /// A line for the people of the service: the platform did not take what was said.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn tell_undelivered(
        &self,
        conversation: Option<&ConversationId>,
        key: &str,
        why: &str,
    ) -> Result<(), EngineError> {
        let Some(id) = conversation else { return Ok(()) };
        let (mut guard, live) = match self.enter(id).await {
            Ok(entered) => entered,
            Err(EngineError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        if !matches!(live.conversation.state, State::Queued | State::WithAgent) {
            return Ok(());
        }
        let mut run = Run::new(self, live);
        let text = run.catalogue().say(key, &[("why", why)]);
        run.line(Author::System, Reply::Notice { text }, None, None)?;
        // It is about what cannot be sent: it is not sent.
        run.spoken.clear();
        *guard = Some(run.commit(None).await?);
        self.desk_changed();
        Ok(())
    }

    /// Says that messages of a kind are not understood, where the person is alone with the bot.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn say_unsupported(&self, id: &ConversationId, kind: &str) -> Result<(), EngineError> {
        let (mut guard, live) = self.enter(id).await?;
        let with_people = matches!(live.conversation.state, State::Queued | State::WithAgent);
        let mut run = Run::new(self, live);
        let text = run.catalogue().say("unsupported", &[("kind", kind)]);
        run.line(Author::System, Reply::Notice { text }, None, None)?;
        // A human sees the line and can ask.
        if with_people {
            run.spoken.clear();
        }
        *guard = Some(run.commit(None).await?);
        Ok(())
    }

    /// What stands in the transcript in place of a file that could not be kept.
    pub fn file_lost(&self, name: &str) -> String {
        Catalogue::of(None).say("file_lost", &[("name", name)])
    }

    /// What somebody is told whose answer takes longer than their platform waits.
    pub fn still_thinking(&self) -> String {
        Catalogue::of(None).say("still_thinking", &[])
    }

    /// Hears that something is to leave.
    pub async fn outbox_wakes(&self) {
        self.inner.outbox_wakes.notified().await;
    }
}
