//! Server-sent events: the transcript of a conversation as it grows, and the desk's.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream, Sse};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::IntoParams;

use crate::engine::Service;
use crate::id::ConversationId;
use crate::message::Message;

use super::access::Talker;
use super::following::{Event as Sent, Following};
use super::openapi::Problems;
use super::params::Params;
use super::problem::Problem;
use super::site::{Site, ends};

/// How long a client waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);
/// Comments keep proxies from closing a stream that says nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// The lines after this one; 0: from the beginning. `Last-Event-ID` goes before it.
    pub(super) after: u64,
}

/// A stream of events that ends with the server.
pub(super) type Events<S> = Sse<KeepAliveStream<S>>;

/// The transcript as it grows. The id of an event is the `seq` of its line; `Last-Event-ID` or `after` resumes.
#[utoipa::path(get, path = "/conversations/{id}/events", tag = "conversations",
    params(("id" = String, Path, description = "Conversation"), From,
        ("Last-Event-ID" = Option<u64>, Header, description = "The last line that was received")),
    security(("conversation" = [])),
    responses((status = 200, description = "Each event is a line with `\"type\": \"message\"`",
        content_type = "text/event-stream", body = Message), Problems))]
pub(super) async fn stream_transcript(
    State(site): State<Site>,
    talker: Talker,
    Params(from): Params<From>,
    headers: HeaderMap,
) -> Result<Events<impl Stream<Item = Result<Event, Infallible>> + use<>>, Problem> {
    transcript(&site, talker.service, talker.id, resume(&headers, from.after)?)
}

/// The line after which to go on.
pub(super) fn resume(headers: &HeaderMap, after: u64) -> Result<u64, Problem> {
    let Some(last) = headers.get("last-event-id") else { return Ok(after) };
    let number = last.to_str().ok().and_then(|last| last.trim().parse().ok());
    number.ok_or_else(|| Problem::unusable("Last-Event-ID", "it is no number of a line"))
}

struct Streaming {
    following: Following,
    ready: VecDeque<Message>,
    closing: watch::Receiver<bool>,
    ended: bool,
    _room: OwnedSemaphorePermit,
}

/// The transcript of a conversation as a stream of events.
pub(super) fn transcript(
    site: &Site,
    service: Service,
    id: ConversationId,
    after: u64,
) -> Result<Events<impl Stream<Item = Result<Event, Infallible>> + use<>>, Problem> {
    let state = Streaming {
        following: Following::new(service, id, after),
        ready: VecDeque::new(),
        closing: site.closing.clone(),
        ended: false,
        _room: site.stream()?,
    };
    Ok(kept_alive(stream::unfold(state, next_line)))
}

async fn next_line(mut state: Streaming) -> Option<(Result<Event, Infallible>, Streaming)> {
    while state.ready.is_empty() {
        if state.ended {
            return None;
        }
        let next = tokio::select! {
            next = state.following.next() => next,
            () = ends(&mut state.closing) => Ok(None),
        };
        match next {
            Ok(Some(lines)) => state.ready.extend(lines),
            Ok(None) => {
                state.ended = true;
                return Some((Ok(bye()), state));
            }
            Err(error) => {
                tracing::debug!(%error, "a stream ends");
                return None;
            }
        }
    }
    let line = state.ready.pop_front()?;
    let event = Event::default().id(line.seq.to_string()).json_data(Sent::Message(&line));
    Some((Ok(event.unwrap_or_default()), state))
}

/// The last event of a stream: the server ends, and the client connects again.
pub(super) fn bye() -> Event {
    Event::default().event("bye").retry(RETRY).data("{\"type\":\"bye\"}")
}

/// With comments while nothing happens.
pub(super) fn kept_alive<S>(events: S) -> Events<S>
where
    S: Stream<Item = Result<Event, Infallible>> + Send + 'static,
{
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_goes_before_the_query() {
        let mut headers = HeaderMap::new();
        assert_eq!(resume(&headers, 7), Ok(7));
        headers.insert("last-event-id", "12".parse().unwrap());
        assert_eq!(resume(&headers, 7), Ok(12));
        headers.insert("last-event-id", "-1".parse().unwrap());
        assert_eq!(resume(&headers, 7).unwrap_err().status(), 422);
    }
}
