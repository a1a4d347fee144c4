//! The handle by which messages leave on a bot's long connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use crate::channel::cgi::refusal;
use crate::channel::wecom::bot_reply::{self, Progress};
use crate::channel::wecom::link;
use crate::channel::{Hope, Target, Undelivered};
use crate::message::part::Part;

/// Frames that wait to be written; whoever has more waits.
const WAITING: usize = 64;

/// Sends by a connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Link {
    commands: mpsc::Sender<Command>,
    lanes: Arc<Mutex<HashMap<String, Weak<Mutex<()>>>>>,
    count: Arc<AtomicU64>,
    ack: Duration,
    stands: Arc<AtomicBool>,
}

impl Link {
    /// A handle, and what it wants written.
    pub(super) fn new(ack: Duration) -> (Self, mpsc::Receiver<Command>) {
        let (commands, waiting) = mpsc::channel(WAITING);
        let stands = Arc::default();
        (Self { commands, lanes: Arc::default(), count: Arc::default(), ack, stands }, waiting)
    }

    /// Whether the connection stands.
    pub fn is_connected(&self) -> bool {
        self.stands.load(Ordering::Relaxed)
    }

    /// What says so, for who keeps the connection.
    pub(super) fn stands(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stands)
    }

    /// Answers a message by its `req_id`: the whole text so far, under an id that is the same until it is done, which must
    /// be within ten minutes. One at a time for each `req_id`, as the platform wants it.
    ///
    /// # Errors
    /// The platform did not take it, or there is no connection.
    pub async fn respond(
        &self,
        req_id: &str,
        stream_id: &str,
        text: &str,
        progress: Progress,
    ) -> Result<(), Undelivered> {
        self.reply(req_id, bot_reply::stream(stream_id, progress, text, None)).await
    }

    /// Answers a message by its `req_id` with any body of [`bot_reply`].
    ///
    /// # Errors
    /// As [`Self::respond`].
    pub async fn reply(&self, req_id: &str, body: Value) -> Result<(), Undelivered> {
        self.deliver(req_id, link::respond(req_id, body)).await
    }

    /// Greets somebody who entered, within five seconds, by the `req_id` of that.
    ///
    /// # Errors
    /// As [`Self::respond`].
    pub async fn welcome(&self, req_id: &str, text: &str) -> Result<(), Undelivered> {
        self.deliver(req_id, link::respond_welcome(req_id, bot_reply::welcome(text))).await
    }

    /// Says something unasked, as Markdown, to a group or to a person who spoke with the bot before.
    ///
    /// # Errors
    /// As [`Self::respond`].
    pub async fn send(&self, chat: &str, text: &str) -> Result<(), Undelivered> {
        self.send_body(chat, bot_reply::markdown(text)).await
    }

    /// The same with a part for a target; `id` is new for each card.
    ///
    /// # Errors
    /// As [`Self::respond`].
    pub async fn send_part(&self, target: &Target, part: &Part, id: &str) -> Result<(), Undelivered> {
        let chat = target.chat.as_deref().unwrap_or(&target.user);
        self.send_body(chat, bot_reply::part(part, id)).await
    }

    async fn send_body(&self, chat: &str, body: Value) -> Result<(), Undelivered> {
        let req_id = format!("aibot_send_msg_{}", self.count.fetch_add(1, Ordering::Relaxed));
        self.deliver(&req_id, link::send(&req_id, chat, body)).await
    }

    async fn deliver(&self, req_id: &str, frame: String) -> Result<(), Undelivered> {
        let lane = self.lane(req_id).await;
        let _turn = lane.lock().await;
        let (done, answer) = oneshot::channel();
        let command = Command { req_id: req_id.to_owned(), frame, done };
        let delivered = async {
            self.commands.send(command).await.ok()?;
            answer.await.ok()
        };
        let later = |reason: &str| Undelivered { hope: Hope::Later(None), reason: reason.to_owned() };
        // When time is up the command's sender is closed, and the runner does not send it any more.
        match timeout(self.ack, delivered).await {
            Ok(Some(Ack { code: 0, .. })) => Ok(()),
            Ok(Some(Ack { code, words })) => Err(refusal(code, &words)),
            Ok(None) => Err(later("the long connection broke before the platform had taken it")),
            Err(_) => Err(later("the long connection is down, or the platform did not confirm in time")),
        }
    }

    /// What those who answer the same message wait for; forgotten once nobody does.
    async fn lane(&self, req_id: &str) -> Arc<Mutex<()>> {
        let mut lanes = self.lanes.lock().await;
        if let Some(lane) = lanes.get(req_id).and_then(Weak::upgrade) {
            return lane;
        }
        lanes.retain(|_, lane| lane.strong_count() > 0);
        let lane = Arc::default();
        lanes.insert(req_id.to_owned(), Arc::downgrade(&lane));
        lane
    }
}

/// A frame for the connection to write. Where `done` is closed by then, nobody waits any more, and it is not written: it
/// will be sent again as another.
#[derive(Debug)]
pub(super) struct Command {
    /// By which the platform confirms it.
    pub req_id: String,
    /// The text.
    pub frame: String,
    /// Who waits for the confirmation.
    pub done: oneshot::Sender<Ack>,
}

/// What the platform said to a frame.
#[derive(Debug)]
pub(super) struct Ack {
    /// 0 where it took it.
    pub code: i64,
    /// Why it did not, in its words.
    pub words: String,
}
