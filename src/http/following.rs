//! Follows the transcript of a conversation: each line once, in order, from any place on.

use serde::Serialize;
use tokio::sync::watch;

use crate::engine::{EngineError, Service};
use crate::id::ConversationId;
use crate::message::{Message, Turn};

use super::problem::ProblemBody;

/// Lines that are read at once: a slow client holds no more of them in memory.
const LINES: u32 = 50;

/// What is sent over streams and WebSockets.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Event<'a> {
    /// A line of the transcript.
    Message(&'a Message),
    /// What came of a message that was sent over the same WebSocket.
    Turn(Answered<'a>),
    /// A message over the same WebSocket that could not be taken.
    Problem(Refused),
}

/// A turn, with the client's name for what caused it.
#[derive(Serialize)]
pub(super) struct Answered<'a> {
    /// The turn.
    #[serde(flatten)]
    pub(super) turn: &'a Turn,
    /// What the client calls the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_message_id: Option<String>,
}

/// A problem, with the client's name for what caused it.
#[derive(Serialize)]
pub(super) struct Refused {
    /// The problem.
    pub(super) problem: ProblemBody,
    /// What the client calls the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_message_id: Option<String>,
}

/// A place in a transcript that goes on.
pub(super) struct Following {
    service: Service,
    id: ConversationId,
    after: u64,
    last: watch::Receiver<u64>,
    /// Whether there may be lines that are not read yet, whatever `last` says.
    look: bool,
}

impl Following {
    /// Follows from the line after `after` on.
    pub(super) fn new(service: Service, id: ConversationId, after: u64) -> Self {
        let last = service.watch(&id);
        Self { service, id, after, last, look: true }
    }

    /// Waits until there may be lines that were not read; false where there will never be any more.
    pub(super) async fn ripe(&mut self) -> bool {
        while !self.look && *self.last.borrow_and_update() <= self.after {
            if self.last.changed().await.is_err() {
                return false;
            }
        }
        true
    }

    /// The next lines, possibly none.
    pub(super) async fn read(&mut self) -> Result<Vec<Message>, EngineError> {
        let last = *self.last.borrow_and_update();
        let lines = self.service.messages(&self.id, self.after, LINES).await?;
        self.look = !lines.is_empty();
        match lines.last() {
            Some(line) => self.after = line.seq,
            // Numbers may have gaps; without this, a gap at the end would be read for ever.
            None => self.after = self.after.max(last),
        }
        Ok(lines)
    }

    /// The next lines, at least one, as soon as there are any; `None` where there will never be any more.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Message>>, EngineError> {
        while self.ripe().await {
            let lines = self.read().await?;
            if !lines.is_empty() {
                return Ok(Some(lines));
            }
        }
        Ok(None)
    }
}
