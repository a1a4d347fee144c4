//! What chat platforms deliver: saved before it is acknowledged, told apart from what came before, dealt with once.
//!
//! The edge calls [`Service::take_in`] and acknowledges when that returns. The worker takes what was saved from
//! [`Service::arrivals`], in order for each address, and turns it into turns with [`Service::turn_of_arrival`]; the
//! transaction of the last of them marks the arrival as dealt with, and holds what the platform is told in return.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use crate::id::{ConversationId, UserId};
use crate::message::{Page, Person, State, Turn};
use crate::store::channel::{AddressRow, ArrivalDone, ArrivalRow, ChannelStore, Known};
use crate::store::service::Save;

use super::held::Held;
use super::opening::internal;
use super::reach::Reach;
use super::{EngineError, Inbound, NewConversation, Service};

/// Arrivals that are read back at once after a start.
const AT_ONCE: u32 = 10_000;

/// A conversation that was closed goes on where somebody writes again within a day: it knows what was said.
const KNOWN_MS: i64 = 24 * 3_600_000;

/// Something that a platform delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The account of the platform: a sink, such as `wechat`.
    pub account: String,
    /// What makes it the same when it comes again.
    pub key: String,
    /// Who wrote, as the sink takes it.
    pub address: String,
    /// The message, as JSON of the channel.
    pub body: String,
    /// When it was taken; Unix milliseconds.
    pub at: i64,
    /// Whether the platform's call is still open and can be told something.
    pub waits: bool,
}

/// Who wrote, and how they are answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Correspondent {
    /// The person, as the channel knows them.
    pub person: Person,
    /// What an answer may use besides, as JSON of the channel. Secret.
    pub handle: String,
    /// Messages that may be sent because of this arrival, and until when; absent: any number.
    pub quota: Option<(u32, i64)>,
}

/// What a turn of an arrival also saves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub account: String,
    pub key: String,
    /// Whether the arrival is dealt with by this turn.
    pub last: bool,
    /// Whether the platform still waits for what it is to be told.
    pub waits: bool,
    pub address: AddressRow,
    /// What was held back for the person: ids of the outbox, or keys of arrivals, with the words.
    pub held: Vec<Held>,
}

/// What is under way, and who waits for it.
pub(super) struct Arrivals {
    sender: mpsc::UnboundedSender<Delivery>,
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Delivery>>>,
    done: watch::Sender<u64>,
    /// What is being saved for the first time: of two calls with the same arrival one waits for the other.
    saving: Mutex<HashMap<(String, String), watch::Receiver<bool>>>,
    /// Arrivals that are to be dealt with and whose call has ended meanwhile.
    unwaited: Mutex<HashSet<(String, String)>>,
}

impl Default for Arrivals {
    fn default() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (done, _) = watch::channel(0);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            done,
            saving: Mutex::default(),
            unwaited: Mutex::default(),
        }
    }
}

impl Service {
    /// Saves an arrival. Durable when it returns; gives what is known where it came before. Goes on to its end also where
    /// the call of the platform breaks off in the middle: what is saved must be dealt with.
    ///
    /// # Errors
    /// Too much waits, or the store failed: the platform is to send it again.
    pub async fn take_in(&self, delivery: Delivery) -> Result<Option<Known>, EngineError> {
        let service = self.clone();
        tokio::spawn(async move { service.take_in_whole(delivery).await }).await.map_err(internal)?
    }

    async fn take_in_whole(&self, delivery: Delivery) -> Result<Option<Known>, EngineError> {
        let arrivals = &self.inner.arrivals;
        let name = (delivery.account.clone(), delivery.key.clone());
        let (saved, hears) = watch::channel(false);
        while let Some(mut before) = arrivals.first(&name, &hears) {
            // Ends also where the other failed: then this one tries.
            if before.wait_for(|saved| *saved).await.is_ok() {
                return self.known(&delivery.account, &delivery.key).await;
            }
        }
        let _forget = Forget { arrivals, name };
        if let Some(known) = self.known(&delivery.account, &delivery.key).await? {
            self.inner.figures.arrived(&delivery.account, "again");
            return Ok(Some(known));
        }
        let place = place_of(&delivery.account, &delivery.key);
        let row = ArrivalRow {
            account: delivery.account.clone(),
            key: delivery.key.clone(),
            address: delivery.address.clone(),
            body: self.inner.vault.seal(&delivery.body, place.as_bytes()).map_err(internal)?,
            created_at: delivery.at,
        };
        self.inner.saver.save(Save { arrivals: vec![row], ..Save::default() }).await?;
        self.inner.figures.arrived(&delivery.account, "new");
        // Nobody takes it where the worker has ended: the next start finds it in the store.
        _ = arrivals.sender.send(delivery);
        _ = saved.send(true);
        Ok(None)
    }

    /// What is known of an arrival.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn known(&self, account: &str, key: &str) -> Result<Option<Known>, EngineError> {
        Ok(self.inner.store.arrival(account, key).await?)
    }

    /// What is known of an arrival once it has been dealt with, or after `patience`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn dealt_with(
        &self,
        account: &str,
        key: &str,
        patience: Duration,
    ) -> Result<Option<Known>, EngineError> {
        let until = Instant::now() + patience;
        let mut done = self.inner.arrivals.done.subscribe();
        loop {
            done.mark_unchanged();
            let known = self.known(account, key).await?;
            if known != Some(Known::Due) {
                return Ok(known);
            }
            if timeout_at(until, done.changed()).await.is_err() {
                return Ok(known);
            }
        }
    }

    /// No call waits for this arrival any more, and none will ask: what is said to it leaves by calls of ours.
    pub fn unwaited(&self, account: &str, key: &str) {
        let mut unwaited = self.inner.arrivals.unwaited.lock().unwrap_or_else(PoisonError::into_inner);
        if unwaited.len() >= AT_ONCE as usize {
            // They only make an answer come sooner.
            unwaited.clear();
        }
        unwaited.insert((account.to_owned(), key.to_owned()));
    }

    /// The platform has taken what it was to be told.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn given(&self, account: &str, key: &str) -> Result<(), EngineError> {
        let given = vec![(account.to_owned(), key.to_owned())];
        self.inner.saver.save(Save { arrivals_given: given, ..Save::default() }).await?;
        // What was said after it may leave.
        self.inner.outbox_wakes.notify_one();
        Ok(())
    }

    /// Arrivals as they are saved. For one worker: the second call gives `None`.
    pub fn arrivals(&self) -> Option<mpsc::UnboundedReceiver<Delivery>> {
        self.inner.arrivals.receiver.lock().ok()?.take()
    }

    /// Arrivals that were saved and not dealt with: what a crash has left.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn arrivals_left(&self) -> Result<Vec<Delivery>, EngineError> {
        let rows = self.inner.store.arrivals_due(AT_ONCE).await?;
        let open = |row: ArrivalRow| {
            let place = place_of(&row.account, &row.key);
            match self.inner.vault.open(&row.body, place.as_bytes()) {
                Ok(body) => Some(Delivery {
                    account: row.account,
                    key: row.key,
                    address: row.address,
                    body,
                    at: row.created_at,
                    waits: false,
                }),
                Err(error) => {
                    tracing::error!(account = %row.account, key = %row.key, %error, "an arrival cannot be opened");
                    None
                }
            }
        };
        Ok(rows.into_iter().filter_map(open).collect())
    }

    /// Marks an arrival as dealt with, without a turn.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn put_aside(&self, account: &str, key: &str) -> Result<(), EngineError> {
        let done = ArrivalDone { account: account.to_owned(), key: key.to_owned(), response: None };
        self.inner.saver.save(Save { arrivals_done: vec![done], ..Save::default() }).await?;
        self.arrival_done();
        Ok(())
    }

    /// The conversation of an address; a new one where there is none, it was closed long ago or erased. Whether it is new.
    ///
    /// # Errors
    /// A field of the person is unusable; too much at once.
    pub async fn conversation_at(
        &self,
        account: &str,
        address: &str,
        of: &Correspondent,
    ) -> Result<(ConversationId, bool), EngineError> {
        let known = self.inner.store.address(account, address).await?;
        if let Some(id) = known.and_then(|row| row.conversation_id)
            && let Ok((_, live)) = self.enter(&id).await
            && (live.conversation.state != State::Closed || live.conversation.last_at + KNOWN_MS > self.now())
        {
            return Ok((id, false));
        }
        let sink = self.inner.sinks.get(account);
        let sink = sink.ok_or_else(|| internal(format!("there is no sink {account}")))?;
        let new =
            NewConversation { channel: sink.channel, user: of.person.clone(), context: Page::default() };
        let reach = Reach { sink: account.to_owned(), address: address.to_owned() };
        let row = self.address_row(account, address, of, None)?;
        Ok((self.open_at(new, reach, row).await?, true))
    }

    /// Whether a choice can still be made in a conversation.
    ///
    /// # Errors
    /// No such conversation.
    pub async fn has_choice(&self, conversation: &ConversationId, choice: &str) -> Result<bool, EngineError> {
        let live = self.enter(conversation).await?.1;
        let c = &live.conversation;
        let mut open = c.offer.iter().flat_map(|offer| &offer.choices).chain(&c.past_choices);
        Ok(open.any(|known| known.id == choice))
    }

    /// A turn that an arrival causes; `part` tells the turns of one arrival apart, the last of which deals with it.
    ///
    /// # Errors
    /// As [`Service::turn`].
    pub async fn turn_of_arrival(
        &self,
        delivery: &Delivery,
        of: &Correspondent,
        (conversation, inbound): (&ConversationId, Inbound),
        (part, last): (usize, bool),
    ) -> Result<Turn, EngineError> {
        let name = format!("{}#{part}", delivery.key);
        let mark = self.mark(delivery, of, conversation, last).await?;
        let turn = self.turn_with(conversation, inbound, Some(name), Some(mark)).await?;
        if last {
            self.arrival_done();
        }
        Ok(turn)
    }

    /// What a step that an arrival causes also saves.
    pub(super) async fn mark(
        &self,
        delivery: &Delivery,
        of: &Correspondent,
        conversation: &ConversationId,
        last: bool,
    ) -> Result<Mark, EngineError> {
        let mut address =
            self.address_row(&delivery.account, &delivery.address, of, Some(conversation.clone()))?;
        let known = self.inner.store.address(&delivery.account, &delivery.address).await?;
        if let Some(known) = known.filter(|known| known.quota_left.is_some_and(|left| left > 0))
            && known.quota_until > address.quota_until
        {
            // A right that a longer one already covers does not shorten it.
            (address.quota_left, address.quota_until) = (known.quota_left, known.quota_until);
        }
        let (account, key) = (delivery.account.clone(), delivery.key.clone());
        let waits = delivery.waits && !(last && self.inner.arrivals.was_left(&account, &key));
        let held = match last && waits {
            true => self.held(&delivery.account, &delivery.address, conversation).await?,
            false => Vec::new(),
        };
        Ok(Mark { account, key, last, waits, address, held })
    }

    fn address_row(
        &self,
        account: &str,
        address: &str,
        of: &Correspondent,
        conversation: Option<ConversationId>,
    ) -> Result<AddressRow, EngineError> {
        let handle = self.inner.vault.seal(&of.handle, place_of(account, address).as_bytes());
        Ok(AddressRow {
            account: account.to_owned(),
            address: address.to_owned(),
            conversation_id: conversation,
            user_id: of.person.id.as_ref().and_then(|id| UserId::parse(id.as_str())),
            handle: handle.map_err(internal)?,
            quota_left: of.quota.map(|(left, _)| left),
            quota_until: of.quota.map(|(_, until)| until),
            updated_at: self.now(),
        })
    }

    /// How far something of an account was read.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn cursor(&self, account: &str, name: &str) -> Result<Option<String>, EngineError> {
        Ok(self.inner.store.cursor(account, name).await?)
    }

    /// Remembers how far something of an account was read.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn put_cursor(&self, account: &str, name: &str, value: &str) -> Result<(), EngineError> {
        Ok(self.inner.store.put_cursor(account, name, value).await?)
    }

    /// The rest of the names of an account's cursors that begin with `prefix`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn cursors(&self, account: &str, prefix: &str) -> Result<Vec<String>, EngineError> {
        let names = self.inner.store.cursors(account, prefix).await?;
        Ok(names.iter().filter_map(|name| Some(name.strip_prefix(prefix)?.to_owned())).collect())
    }

    pub(super) fn arrival_done(&self) {
        self.inner.arrivals.done.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Arrivals {
    /// Takes the place of whoever saves an arrival; gives who is there already.
    fn first(&self, name: &(String, String), hears: &watch::Receiver<bool>) -> Option<watch::Receiver<bool>> {
        let mut saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let before = saving.get(name).cloned();
        if before.is_none() {
            saving.insert(name.clone(), hears.clone());
        }
        before
    }

    /// Whether the call of an arrival has ended before it was dealt with; asked once.
    fn was_left(&self, account: &str, key: &str) -> bool {
        let mut unwaited = self.unwaited.lock().unwrap_or_else(PoisonError::into_inner);
        unwaited.remove(&(account.to_owned(), key.to_owned()))
    }
}

/// What sealed data of an arrival or an address is bound to.
pub(super) fn place_of(account: &str, key: &str) -> String {
    format!("{account}/{key}")
}

/// Takes the name of an arrival out of those that are being saved, also where the call was dropped.
struct Forget<'a> {
    arrivals: &'a Arrivals,
    name: (String, String),
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.arrivals.saving.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}
