//! Keeps a stream open, hands on what it brings, and answers once that is durable.
//!
//! After `disconnect` nothing more comes by a socket that still stands, so a new one is opened before the old one is let go, which is
//! read for a while longer. A socket by which nothing came for a minute is dead, whatever TCP says.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::channel::call::Caller;
use crate::channel::{Arrival, Hope, Undelivered};

use super::stream::{self, Frame};
use super::stream_state::State;
use super::{Options, receive};

/// Longest frame that is read, in bytes.
const MAX_FRAME: usize = 1 << 20;
/// So many messages may wait until they are durable; more are not read.
const MOST_WAITING: usize = 256;

/// A message, and where to say that it is durable. Where nothing is said, the platform is not answered and may send it again.
#[derive(Debug)]
pub struct Delivery {
    /// The message.
    pub arrival: Arrival,
    /// To be sent to once the message cannot be lost any more.
    pub durable: oneshot::Sender<()>,
}

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Longest wait for a connection or until something is written.
    pub connect: Duration,
    /// Between signs of life.
    pub ping: Duration,
    /// A socket by which nothing came for so long is dead.
    pub idle: Duration,
    /// So long an old socket is read beside the new one.
    pub overlap: Duration,
    /// A connection that lasted so long was a good one: the next is opened at once.
    pub settled: Duration,
    /// First pause between tries; doubles.
    pub pause: Duration,
    /// Longest pause.
    pub longest_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            ping: Duration::from_secs(20),
            idle: Duration::from_secs(60),
            overlap: Duration::from_secs(10),
            settled: Duration::from_secs(5),
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// The clock (Unix milliseconds) and the randomness of pauses.
#[derive(Clone, Copy, Debug)]
pub struct Outside {
    /// What time it is.
    pub now_ms: fn() -> i64,
    /// Any number.
    pub random: fn() -> u32,
}

/// A robot's stream.
#[derive(Debug)]
pub struct Stream {
    caller: Caller,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    arrivals: mpsc::Sender<Delivery>,
    state: Arc<State>,
    pace: Pace,
    outside: Outside,
}

/// A socket with what it brought and is not yet durable.
struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    waiting: FuturesUnordered<BoxFuture<'static, Option<String>>>,
}

/// Why a socket is not read any more.
enum End {
    /// The platform wants another one.
    Handover,
    /// It broke or is dead.
    Broken,
}

impl Stream {
    /// A stream that is not yet open.
    pub fn new(
        options: Options,
        caller: Caller,
        arrivals: mpsc::Sender<Delivery>,
        pace: Pace,
        outside: Outside,
    ) -> Self {
        let state = Arc::default();
        Self { caller, shared: Arc::new(Shared { options, arrivals, state, pace, outside }) }
    }

    /// How it is; to be kept by who runs it.
    pub fn state(&self) -> Arc<State> {
        Arc::clone(&self.shared.state)
    }

    /// Runs until nobody takes messages any more. Ends at once where it is dropped.
    pub async fn run(self) {
        let (shared, mut failures) = (&self.shared, 0_u32);
        let mut old = JoinSet::new();
        while !shared.arrivals.is_closed() {
            let mut good = false;
            match self.connect().await {
                Ok(mut line) => {
                    shared.state.stand();
                    let begun = Instant::now();
                    let end = shared.read(&mut line, None).await;
                    good = begun.elapsed() >= shared.pace.settled;
                    // The other one is opened first: meanwhile the platform may still send by this one.
                    if let End::Handover = end {
                        old.spawn(Arc::clone(shared).drain(line));
                    } else {
                        shared.state.fail(Some("the stream broke".to_owned()));
                    }
                }
                Err(error) => shared.state.fail(Some(error.reason)),
            }
            while old.try_join_next().is_some() {}
            failures = if good { 0 } else { failures.saturating_add(1) };
            if failures > 0 && !shared.arrivals.is_closed() {
                let pause = pause(failures, (shared.outside.random)(), &shared.pace);
                tokio::select! {
                    () = sleep(pause) => {}
                    () = shared.arrivals.closed() => {}
                }
            }
        }
        shared.state.fail(None);
    }

    async fn connect(&self) -> Result<Line, Undelivered> {
        let Shared { options, pace, .. } = &*self.shared;
        let url = format!("{}{}", options.api_base, stream::OPEN_PATH);
        let headers = [("accept", "application/json")];
        let (status, answer) = self.caller.post_json(&url, &headers, &stream::open(options)).await?;
        let Some(gate) = stream::opened(&answer).filter(|_| (200..300).contains(&status)) else {
            return Err(super::fault::unknown(status, &answer));
        };
        self.caller.allowed(&gate.endpoint)?;
        let limits =
            WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
        let opening = connect_async_with_config(gate.address(), Some(limits), true);
        // The address holds the ticket: what went wrong is not said with it.
        let lost = |what: &str| Undelivered {
            hope: Hope::Later(None),
            reason: format!(
                "DingTalk's stream {what}: check that this server may open connections to *.dingtalk.com"
            ),
        };
        match timeout(pace.connect, opening).await {
            Ok(Ok((socket, _))) => Ok(Line { socket, waiting: FuturesUnordered::new() }),
            Ok(Err(_)) => Err(lost("could not be opened")),
            Err(_) => Err(lost("did not open in time")),
        }
    }
}

impl Shared {
    /// Reads a socket until it ends or until a time.
    async fn read(&self, line: &mut Line, until: Option<Instant>) -> End {
        let mut ping = interval(self.pace.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut dead = Instant::now() + self.pace.idle;
        loop {
            let has_room = line.waiting.len() < MOST_WAITING;
            let end = until.map_or(dead, |until| until.min(dead));
            let sent = tokio::select! {
                message = line.socket.next(), if has_room => {
                    let Some(Ok(message)) = message else { return End::Broken };
                    dead = Instant::now() + self.pace.idle;
                    match self.take(message, line) {
                        Taken::Answer(text) => self.write(line, Message::text(text)).await,
                        Taken::Nothing => Ok(()),
                        Taken::Close => return End::Broken,
                        Taken::Handover(text) => {
                            // Another one is wanted, whether this was heard or not.
                            let _ = self.write(line, Message::text(text)).await;
                            if until.is_none() {
                                return End::Handover;
                            }
                            Ok(())
                        }
                    }
                }
                Some(durable) = line.waiting.next(), if !line.waiting.is_empty() => match durable {
                    Some(id) => self.write(line, Message::text(stream::taken(&id))).await,
                    None if self.arrivals.is_closed() => return End::Broken,
                    None => Ok(()),
                },
                _ = ping.tick() => self.write(line, Message::Ping(Vec::new().into())).await,
                () = self.arrivals.closed() => return End::Broken,
                () = sleep_until(end), if has_room || until.is_some() => return End::Broken,
            };
            if sent.is_err() {
                return End::Broken;
            }
        }
    }

    /// Reads an old socket for a while longer.
    async fn drain(self: Arc<Self>, mut line: Line) {
        let until = Instant::now() + self.pace.overlap;
        self.read(&mut line, Some(until)).await;
        drop(timeout(self.pace.connect, line.socket.close(None)).await);
    }

    fn take(&self, message: Message, line: &Line) -> Taken {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Taken::Close,
            // Pings of WebSocket itself are answered by the library.
            _ => return Taken::Nothing,
        };
        let now_ms = (self.outside.now_ms)();
        self.state.heard(now_ms);
        match stream::read(&text) {
            Frame::Message { id, data } => match receive::decode(&self.options, &data, now_ms) {
                Ok(arrival) => {
                    line.waiting.push(self.hand_on(id, arrival));
                    Taken::Nothing
                }
                // It would not be better the next time.
                Err(refused) => {
                    tracing::warn!(%refused, "a message of DingTalk's stream was not taken");
                    Taken::Answer(stream::taken(&id))
                }
            },
            Frame::System { id, data } => Taken::Answer(stream::echo(&id, &data)),
            Frame::Disconnect { id, data } => Taken::Handover(stream::echo(&id, &data)),
            Frame::Other { id } => Taken::Answer(stream::nobody(&id)),
            Frame::Unreadable => Taken::Nothing,
        }
    }

    /// Hands a message on; gives its id once it is durable.
    fn hand_on(&self, id: String, arrival: Arrival) -> BoxFuture<'static, Option<String>> {
        let arrivals = self.arrivals.clone();
        async move {
            let (durable, said) = oneshot::channel();
            arrivals.send(Delivery { arrival, durable }).await.ok()?;
            said.await.ok().map(|()| id)
        }
        .boxed()
    }

    async fn write(&self, line: &mut Line, message: Message) -> Result<(), ()> {
        timeout(self.pace.connect, line.socket.send(message)).await.map_err(drop)?.map_err(drop)
    }
}

/// What a frame leads to at once.
enum Taken {
    Answer(String),
    Handover(String),
    Close,
    Nothing,
}

/// The pause after so many failures, from half of it to all of it by chance, so that not all come back at the same time.
fn pause(failures: u32, random: u32, pace: &Pace) -> Duration {
    let doubled = pace.pause.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(16)));
    let most = doubled.min(pace.longest_pause);
    most.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
