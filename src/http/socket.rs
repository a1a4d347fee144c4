//! A conversation over a WebSocket: lines of the transcript out, messages in, each answered by its turn.
//!
//! A connection that waits holds little: small buffers, one timer, and futures that are boxed only while they work.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout};

use crate::engine::Service;
use crate::id::ConversationId;
use crate::message::Message;

use super::access::{admit, bearer, conversation_id};
use super::body::parse;
use super::events::{From, resume};
use super::following::{Answered, Event, Following, Refused};
use super::openapi::Problems;
use super::params::{Params, path_id};
use super::problem::{Kind, Problem};
use super::rate::Origin;
use super::site::{Site, ends};
use super::turns::{Feedback, HandoffWish, NewMessage, Said, perform};

/// What browsers ask for, with the token as the second protocol, since they cannot send headers.
const PROTOCOL: &str = "yunzhu";
/// A frame is at most a message; most are far smaller, and buffers grow where it is needed.
const READ_BUFFER: usize = 2 * 1024;
/// More than the longest line of a transcript; a client that takes nothing is closed before that.
const WRITE_BUFFER_MAX: usize = 2 * 1024 * 1024;
/// The first frame of a client that named no token must come within this time.
const FIRST_FRAME: Duration = Duration::from_secs(10);
/// The server ends, or the client is to connect again.
const GOING_AWAY: u16 = 1001;
/// Private close codes are 4000 and the HTTP status.
const CODE_OF_STATUS: u16 = 4000;

/// What a client sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Incoming {
    token: Option<String>,
    text: Option<String>,
    choice: Option<String>,
    attachment: Option<String>,
    feedback: Option<Feedback>,
    handoff: Option<HandoffWish>,
    client_message_id: Option<String>,
}

impl Incoming {
    fn read(self) -> Result<Said, Problem> {
        let Self { text, choice, attachment, client_message_id, .. } = self;
        match (self.feedback, self.handoff) {
            (None, None) => NewMessage { text, choice, attachment, client_message_id }.read(),
            (Some(feedback), None) => Ok((feedback.read()?.0, client_message_id)),
            (None, Some(wish)) => Ok((wish.read()?.0, client_message_id)),
            (Some(_), Some(_)) => Err(Problem::unusable("feedback", "send one thing in a frame")),
        }
    }
}

/// The transcript as it grows, and messages the other way. Frames in are as the body of `POST …/messages`, or
/// `{"feedback": …}`, or `{"handoff": …}`, each with its `client_message_id`; each is answered by `{"type": "turn", …}`
/// or `{"type": "problem", …}`. Lines come as `{"type": "message", …}`. The token comes as `Authorization`, as second
/// protocol (`Sec-WebSocket-Protocol: yunzhu, <token>`), or as the first frame `{"token": …}`.
#[utoipa::path(get, path = "/conversations/{id}/ws", tag = "conversations",
    params(("id" = String, Path, description = "Conversation"), From), security(("conversation" = [])),
    responses((status = 101, description = "A WebSocket", body = Message), Problems))]
pub(super) async fn connect(
    State(site): State<Site>,
    Params(from): Params<From>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let service = site.service()?;
    if super::origin::is_foreign(&parts.headers, &site.options.allowed_origins) {
        return Err(Problem::new(Kind::Forbidden, "pages of this origin are not allowed"));
    }
    let id = conversation_id(&path_id(&mut parts, &site).await?)?;
    let after = resume(&parts.headers, from.after)?;
    let origin = site.rates.origin(&parts.headers, &parts.extensions);
    let admitted = match token(&parts.headers) {
        Some(token) => {
            admit(&service, &id, token).await?;
            true
        }
        None => false,
    };
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &site).await;
    let upgrade = upgrade.map_err(|rejection| Problem::new(Kind::Malformed, rejection.body_text()))?;
    let room = site.stream()?;
    let limit = site.options.limits.body;
    let upgrade = upgrade.protocols([PROTOCOL]).read_buffer_size(READ_BUFFER).write_buffer_size(0);
    let upgrade = upgrade.max_write_buffer_size(WRITE_BUFFER_MAX);
    let upgrade = upgrade.max_message_size(limit).max_frame_size(limit);
    Ok(upgrade.on_upgrade(move |socket| {
        let mut connection = Connection { site, service, id, origin, socket, _room: room };
        async move {
            if admitted || connection.introduced().await {
                connection.run(after).await;
            }
        }
    }))
}

/// The token in the head of the request.
fn token(headers: &HeaderMap) -> Option<&str> {
    let second_protocol = || {
        let mut protocols = headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?.split(',').map(str::trim);
        protocols.next().filter(|first| *first == PROTOCOL)?;
        protocols.next()
    };
    bearer(headers).or_else(second_protocol).filter(|token| !token.is_empty())
}

struct Connection {
    site: Site,
    service: Service,
    id: ConversationId,
    origin: Origin,
    socket: WebSocket,
    _room: OwnedSemaphorePermit,
}

/// The connection is to end.
struct Over;

impl Connection {
    /// Waits for the frame with the token; tells the client where it does not fit.
    async fn introduced(&mut self) -> bool {
        let problem = match timeout(FIRST_FRAME, self.socket.recv()).await {
            Ok(Some(Ok(Frame::Text(text)))) => match parse::<Incoming>(text.as_bytes()) {
                Ok(Incoming { token: Some(token), .. }) => {
                    match Box::pin(admit(&self.service, &self.id, &token)).await {
                        Ok(()) => return true,
                        Err(problem) => problem,
                    }
                }
                _ => Problem::new(Kind::NotAuthenticated, "the first frame must be {\"token\": \"…\"}"),
            },
            Ok(Some(Ok(_))) | Err(_) => {
                Problem::new(Kind::NotAuthenticated, "the first frame must be {\"token\": \"…\"}")
            }
            Ok(None | Some(Err(_))) => return false,
        };
        let code = CODE_OF_STATUS + problem.status().as_u16();
        let refused = Refused { problem: problem.body(), client_message_id: None };
        if self.send(&Event::Problem(refused)).await.is_ok() {
            self.close(code, "no valid token").await;
        }
        false
    }

    async fn run(&mut self, after: u64) {
        let mut following = Following::new(self.service.clone(), self.id.clone(), after);
        let mut closing = self.site.closing.clone();
        let ping = self.site.options.patience.ping;
        let (mut heard, tick) = (Instant::now(), sleep(ping));
        tokio::pin!(tick);
        loop {
            let step = tokio::select! {
                frame = self.socket.recv() => {
                    heard = Instant::now();
                    match frame {
                        Some(Ok(frame)) => Box::pin(self.take(frame)).await,
                        Some(Err(_)) | None => Err(Over),
                    }
                }
                true = following.ripe() => Box::pin(self.tell(&mut following)).await,
                () = &mut tick => {
                    tick.as_mut().reset(Instant::now() + ping);
                    self.ping(heard).await
                }
                () = ends(&mut closing) => {
                    self.close(GOING_AWAY, "the service ends: connect again").await;
                    Err(Over)
                }
            };
            if step.is_err() {
                return;
            }
        }
    }

    /// Sends the lines that are new.
    async fn tell(&mut self, following: &mut Following) -> Result<(), Over> {
        let lines = following.read().await.map_err(|error| {
            tracing::debug!(%error, "a WebSocket ends");
            Over
        })?;
        for line in &lines {
            self.send(&Event::Message(line)).await?;
        }
        Ok(())
    }

    /// A frame of the client.
    async fn take(&mut self, frame: Frame) -> Result<(), Over> {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(_) => {
                let problem = Problem::new(Kind::UnsupportedMedia, "send text frames with JSON");
                return self
                    .send(&Event::Problem(Refused { problem: problem.body(), client_message_id: None }))
                    .await;
            }
            Frame::Ping(_) | Frame::Pong(_) => return Ok(()),
            Frame::Close(_) => return Err(Over),
        };
        let incoming = match parse::<Incoming>(text.as_bytes()) {
            Ok(incoming) => incoming,
            Err(problem) => {
                return self
                    .send(&Event::Problem(Refused { problem: problem.body(), client_message_id: None }))
                    .await;
            }
        };
        // A client that did not know that its token was taken already introduces itself again.
        let says_nothing =
            incoming.text.is_none() && incoming.choice.is_none() && incoming.attachment.is_none();
        if incoming.token.is_some() && says_nothing {
            return Ok(());
        }
        let client_message_id = incoming.client_message_id.clone();
        match self.perform(incoming).await {
            Ok(turn) => self.send(&Event::Turn(Answered { turn: &turn, client_message_id })).await,
            Err(problem) => {
                self.send(&Event::Problem(Refused { problem: problem.body(), client_message_id })).await
            }
        }
    }

    async fn perform(&mut self, incoming: Incoming) -> Result<crate::message::Turn, Problem> {
        self.site.rates.message(self.origin, &self.id)?;
        let said = incoming.read()?;
        let turn = perform(&self.site, &self.service, &self.id, said);
        let late = |_| Problem::new(Kind::Timeout, "the answer took too long: send the same message again");
        timeout(self.site.options.patience.request, turn).await.map_err(late)?
    }

    /// A sign of life, and the end where the client gives none.
    async fn ping(&mut self, heard: Instant) -> Result<(), Over> {
        if heard.elapsed() >= self.site.options.patience.ping * 2 {
            tracing::debug!("a WebSocket is silent and is closed");
            return Err(Over);
        }
        self.write(Frame::Ping(axum::body::Bytes::new())).await
    }

    async fn send(&mut self, event: &Event<'_>) -> Result<(), Over> {
        let text = serde_json::to_string(event).map_err(|error| {
            tracing::error!(%error, "an event cannot be written as JSON");
            Over
        })?;
        self.write(Frame::Text(text.into())).await
    }

    async fn write(&mut self, frame: Frame) -> Result<(), Over> {
        match timeout(self.site.options.patience.write, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over),
        }
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        // Whether the client still hears it makes no difference: it is over either way.
        let _ = self.write(Frame::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Inbound;

    #[test]
    fn the_token_comes_in_a_header() {
        let with = |name: &'static str, value: &str| {
            let headers: HeaderMap = [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect();
            token(&headers).map(str::to_owned)
        };
        assert_eq!(with("authorization", "Bearer t1").as_deref(), Some("t1"));
        assert_eq!(with("sec-websocket-protocol", "yunzhu, t2").as_deref(), Some("t2"));
        assert_eq!(with("sec-websocket-protocol", "chat, t2"), None);
        assert_eq!(with("sec-websocket-protocol", "yunzhu"), None);
    }

    #[test]
    fn a_frame_says_one_thing() {
        let read = |frame: &str| parse::<Incoming>(frame.as_bytes()).and_then(Incoming::read);
        let (inbound, name) = read(r#"{"text": "你好", "client_message_id": "m1"}"#).unwrap();
        assert_eq!((inbound, name.as_deref()), (Inbound::Text("你好".to_owned()), Some("m1")));
        let verdict =
            read(r#"{"feedback": {"turn": 2, "helpful": false}, "client_message_id": "m2"}"#).unwrap();
        assert_eq!(verdict.1.as_deref(), Some("m2"));
        assert!(matches!(read(r#"{"handoff": {}}"#), Ok((Inbound::Handoff { reason: None }, None))));
        assert!(read(r#"{"handoff": {}, "feedback": {"turn": 1, "helpful": true}}"#).is_err());
        assert!(read("{}").is_err());
    }
}
