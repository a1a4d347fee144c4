//! A bot's long connection, kept up: subscribes, shows signs of life, connects again, and passes on what is said both ways.
//!
//! One connection per bot: a second program with the same bot takes the first one's place, and would lose it again if the
//! first came back. So [`Runner::run`] ends for good when that happens.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::channel::call::install_provider;
use crate::channel::cgi::refusal;
use crate::channel::wecom::link::{self, Frame};
use crate::channel::wecom::link_send::{Ack, Command, Link};
use crate::channel::{Arrival, Hope};
use crate::privacy::secret::Secret;

/// Longest frame that is read, in bytes.
const MAX_FRAME: usize = 1 << 20;
/// So many signs of life unanswered are none.
const MISSED: u32 = 2;

/// The settings of a connection.
#[derive(Clone, Debug)]
pub struct Options {
    /// `wss://…`; `ws://…` for a private deployment.
    pub address: String,
    /// The id of the bot.
    pub bot_id: String,
    /// The secret of its long connection.
    pub secret: Secret,
    /// What people call it in groups, without the `@`.
    pub name: Option<String>,
    /// How long things take.
    pub pace: Pace,
}

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// To connect, and to be let in.
    pub connect: Duration,
    /// Between signs of life.
    pub ping: Duration,
    /// Until the platform has taken a frame.
    pub ack: Duration,
    /// Before the first new connection; doubles each time.
    pub first_pause: Duration,
    /// Longest pause.
    pub last_pause: Duration,
}

impl Default for Pace {
    /// As the manual says; the pauses are those of any polite client.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            ping: Duration::from_secs(30),
            ack: Duration::from_secs(5),
            first_pause: Duration::from_millis(500),
            last_pause: Duration::from_secs(30),
        }
    }
}

/// Why a connection has ended for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Another program connected as the same bot.
    #[error(
        "another program has connected as this bot, and only one can: stop it or this one, then start yunzhu again"
    )]
    Replaced,
    /// The platform does not let this bot in.
    #[error("the platform does not let the bot in: {0}; check bot_id and secret of its long connection")]
    Refused(String),
    /// The address is none.
    #[error("the address of the long connection is none: it looks like wss://openws.work.weixin.qq.com")]
    BadAddress,
    /// Nobody takes what arrives.
    #[error("the connection was closed from this side")]
    Closed,
}

/// A connection that is not running yet, and the handle to send by it.
pub fn connection(options: Options) -> (Link, Runner) {
    let (link, waiting) = Link::new(options.pace.ack);
    let stands = link.stands();
    (link, Runner { options, waiting, stands, count: 0 })
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection, to be run as a task.
#[derive(Debug)]
pub struct Runner {
    options: Options,
    waiting: mpsc::Receiver<Command>,
    stands: Arc<AtomicBool>,
    count: u64,
}

/// How one connection ended.
enum End {
    Stopped(Stopped),
    /// To be made anew; why.
    Lost(String),
}

impl From<Stopped> for End {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl Runner {
    /// Connects, and connects again whenever it breaks, until it is over for good. `now` gives Unix milliseconds. Arrivals
    /// wait where nobody takes them, so the receiver must be quick.
    pub async fn run(mut self, arrivals: mpsc::Sender<Arrival>, now: impl Fn() -> i64) -> Stopped {
        install_provider();
        let mut pause = self.options.pace.first_pause;
        loop {
            let begun = Instant::now();
            let Err(end) = self.connection(&arrivals, &now).await;
            let reason = match end {
                End::Stopped(stopped) => return stopped,
                End::Lost(reason) => reason,
            };
            // A platform that lets us in and throws us out at once is not asked twice a second.
            if begun.elapsed() > self.options.pace.last_pause {
                pause = self.options.pace.first_pause;
            }
            tracing::warn!(%reason, "the bot's long connection is down; connecting again");
            tokio::select! {
                () = sleep(jittered(pause)) => {}
                () = arrivals.closed() => return Stopped::Closed,
            }
            pause = pause.saturating_mul(2).min(self.options.pace.last_pause);
        }
    }

    async fn connection(
        &mut self,
        arrivals: &mpsc::Sender<Arrival>,
        now: &impl Fn() -> i64,
    ) -> Result<std::convert::Infallible, End> {
        let limit = self.options.pace.connect;
        let mut socket =
            timeout(limit, self.connect()).await.map_err(|_| End::Lost("no answer".to_owned()))??;
        timeout(limit, self.subscribe(&mut socket))
            .await
            .map_err(|_| End::Lost("the platform did not let the bot in in time".to_owned()))??;
        self.stands.store(true, Ordering::Relaxed);
        let ended = self.pass_on(socket, arrivals, now).await;
        self.stands.store(false, Ordering::Relaxed);
        ended
    }

    async fn connect(&self) -> Result<Socket, End> {
        let config =
            WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
        match connect_async_with_config(self.options.address.as_str(), Some(config), true).await {
            Ok((socket, _)) => Ok(socket),
            Err(SocketError::Url(_) | SocketError::HttpFormat(_)) => Err(Stopped::BadAddress.into()),
            Err(error) => Err(End::Lost(error.to_string())),
        }
    }

    async fn subscribe(&mut self, socket: &mut Socket) -> Result<(), End> {
        let lost = |reason: String| End::Lost(reason);
        let req_id = self.next("aibot_subscribe");
        let frame = link::subscribe(&self.options.bot_id, &self.options.secret, &req_id);
        socket.send(Message::text(frame)).await.map_err(|error| lost(error.to_string()))?;
        while let Some(message) = socket.next().await {
            let Message::Text(text) = message.map_err(|error| lost(error.to_string()))? else { continue };
            match link::read(&text, None, 0) {
                Ok(Frame::Ack { req_id: of, code: 0, .. }) if of == req_id => return Ok(()),
                Ok(Frame::Ack { req_id: of, code, words }) if of == req_id => {
                    let refused = refusal(code, &words);
                    return Err(match refused.hope {
                        // Here 40001 is about the secret.
                        Hope::Later(_) if code != 40001 => lost(refused.reason),
                        _ => Stopped::Refused(refused.reason).into(),
                    });
                }
                Ok(Frame::Replaced) => return Err(Stopped::Replaced.into()),
                _ => {}
            }
        }
        Err(lost("the platform closed the connection".to_owned()))
    }

    async fn pass_on(
        &mut self,
        socket: Socket,
        arrivals: &mpsc::Sender<Arrival>,
        now: &impl Fn() -> i64,
    ) -> Result<std::convert::Infallible, End> {
        let ping = self.options.pace.ping;
        let mut ticks = interval_at(Instant::now() + ping, ping);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut sink, stream) = socket.split();
        let mut stream = pin!(stream);
        let mut pending: HashMap<String, oneshot::Sender<Ack>> = HashMap::new();
        let mut missed = 0;
        loop {
            let message = tokio::select! {
                () = arrivals.closed() => return Err(Stopped::Closed.into()),
                _ = ticks.tick() => {
                    if missed >= MISSED {
                        return Err(End::Lost("the platform shows no sign of life".to_owned()));
                    }
                    missed += 1;
                    let req_id = self.next("ping");
                    write(&mut sink, link::ping(&req_id), ping).await?;
                    pending.retain(|_, done| !done.is_closed());
                    continue;
                }
                Some(command) = self.waiting.recv() => {
                    if !command.done.is_closed() {
                        pending.insert(command.req_id, command.done);
                        write(&mut sink, command.frame, ping).await?;
                    }
                    continue;
                }
                message = stream.next() => message,
            };
            let text = match message {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(_))) | None => {
                    return Err(End::Lost("the platform closed the connection".to_owned()));
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(End::Lost(error.to_string())),
            };
            match link::read(&text, self.options.name.as_deref(), now()) {
                Ok(Frame::Ack { req_id, .. }) if req_id.starts_with("ping_") => missed = 0,
                Ok(Frame::Ack { req_id, code, words }) => {
                    // Nobody waits for it any more where it comes late.
                    pending.remove(&req_id).map(|done| done.send(Ack { code, words }));
                }
                Ok(Frame::Arrival(arrival)) => {
                    arrivals.send(*arrival).await.map_err(|_| Stopped::Closed)?;
                }
                Ok(Frame::Replaced) => return Err(Stopped::Replaced.into()),
                Ok(Frame::Other) => {}
                Err(refused) => {
                    tracing::debug!(%refused, "a frame of the bot's long connection was left out")
                }
            }
        }
    }

    fn next(&mut self, what: &str) -> String {
        self.count += 1;
        format!("{what}_{}", self.count)
    }
}

/// Writes a frame; a peer that takes nothing for so long is gone.
async fn write(sink: &mut SplitSink<Socket, Message>, frame: String, limit: Duration) -> Result<(), End> {
    match timeout(limit, sink.send(Message::text(frame))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(End::Lost(error.to_string())),
        Err(_) => Err(End::Lost("the platform takes nothing any more".to_owned())),
    }
}

/// Half to all of the pause: servers that lost the platform together do not come back together.
fn jittered(pause: Duration) -> Duration {
    let part = getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX));
    pause.mul_f64(0.5 + part / 2.0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;
    use tokio_tungstenite::accept_async;

    use super::*;
    use crate::channel::Said;
    use crate::channel::wecom::bot_reply::Progress;

    /// A platform: reads and writes frames of one connection at a time.
    struct Platform {
        listener: TcpListener,
        socket: Option<WebSocketStream<TcpStream>>,
    }

    impl Platform {
        async fn start() -> (Self, Options) {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let millis = Duration::from_millis;
            let pace = Pace {
                connect: millis(2000),
                ping: millis(40),
                ack: millis(300),
                first_pause: millis(5),
                last_pause: millis(10),
            };
            let address = format!("ws://{}", listener.local_addr().unwrap());
            let (bot_id, secret) = ("BOT".to_owned(), "SECRET".to_owned().into());
            (Self { listener, socket: None }, Options { address, bot_id, secret, name: None, pace })
        }

        /// Takes a connection and lets it in.
        async fn let_in(&mut self) {
            self.socket = Some(accept_async(self.listener.accept().await.unwrap().0).await.unwrap());
            let frame = self.read().await;
            assert_eq!(
                (&frame["cmd"], &frame["body"]["secret"]),
                (&json!("aibot_subscribe"), &json!("SECRET"))
            );
            self.take(&frame).await;
        }

        /// The next frame that is no sign of life; those are answered.
        async fn read(&mut self) -> Value {
            loop {
                let message = self.socket.as_mut().unwrap().next().await.unwrap().unwrap();
                let frame: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
                if frame["cmd"] != "ping" {
                    return frame;
                }
                self.take(&frame).await;
            }
        }

        async fn take(&mut self, frame: &Value) {
            self.answer(frame, 0).await;
        }

        async fn answer(&mut self, frame: &Value, code: i64) {
            self.write(json!({ "headers": frame["headers"], "errcode": code, "errmsg": "x" })).await;
        }

        async fn write(&mut self, frame: Value) {
            self.socket.as_mut().unwrap().send(Message::text(frame.to_string())).await.unwrap();
        }

        async fn ask(&mut self, req_id: &str) {
            let body = json!({ "msgid": req_id, "from": { "userid": "u" }, "msgtype": "text", "text": { "content": "hi" } });
            self.write(json!({ "cmd": "aibot_msg_callback", "headers": { "req_id": req_id }, "body": body }))
                .await;
        }
    }

    fn run(options: Options) -> (Link, mpsc::Receiver<Arrival>, JoinHandle<Stopped>) {
        let (link, runner) = connection(options);
        let (sender, arrivals) = mpsc::channel(8);
        (link, arrivals, tokio::spawn(runner.run(sender, || 7)))
    }

    #[tokio::test]
    async fn what_is_asked_is_answered() {
        let (mut platform, options) = Platform::start().await;
        let (link, mut arrivals, runner) = run(options);
        platform.let_in().await;
        platform.ask("REQ-1").await;
        let arrival = arrivals.recv().await.unwrap();
        assert_eq!((arrival.said, arrival.at), (Said::Text { text: "hi".to_owned() }, 7));
        let req_id = arrival.handle.request.unwrap();
        let both = async {
            tokio::join!(
                link.respond(&req_id, "S", "思考中…", Progress::More),
                link.respond(&req_id, "S", "完", Progress::Done)
            )
        };
        let answered = async {
            let first = platform.read().await;
            // The second waits until the first is taken.
            let early = timeout(Duration::from_millis(50), platform.read()).await;
            assert!(early.is_err(), "{early:?}");
            platform.take(&first).await;
            let second = platform.read().await;
            platform.answer(&second, 846_608).await;
            (first, second)
        };
        let ((taken, refused), (first, second)) = tokio::join!(both, answered);
        assert_eq!(
            (&first["body"]["stream"]["finish"], &second["body"]["stream"]["finish"]),
            (&json!(false), &json!(true))
        );
        assert_eq!((taken, refused.unwrap_err().hope), (Ok(()), Hope::Never));
        let (sent, ()) = tokio::join!(link.send("u", "推"), async {
            let frame = platform.read().await;
            assert_eq!((&frame["cmd"], &frame["body"]["chatid"]), (&json!("aibot_send_msg"), &json!("u")));
            platform.take(&frame).await;
        });
        assert_eq!(sent, Ok(()));
        drop(arrivals);
        assert_eq!(runner.await.unwrap(), Stopped::Closed);
    }

    #[tokio::test]
    async fn it_connects_again_and_sends_nothing_late() {
        let (mut platform, options) = Platform::start().await;
        let (link, mut arrivals, _runner) = run(options);
        platform.let_in().await;
        platform.socket = None;
        // Nobody lets it in, so that time is up.
        let late = link.send("u", "late").await.unwrap_err();
        assert_eq!(late.hope, Hope::Later(None));
        platform.let_in().await;
        platform.ask("REQ-2").await;
        assert_eq!(arrivals.recv().await.unwrap().key, "m:REQ-2");
        let (sent, frame) = tokio::join!(link.welcome("REQ-2", "您好"), async {
            let frame = platform.read().await;
            platform.take(&frame).await;
            frame
        });
        assert_eq!((sent, &frame["cmd"]), (Ok(()), &json!("aibot_respond_welcome_msg")));
    }

    #[tokio::test]
    async fn silence_is_noticed() {
        let (mut platform, options) = Platform::start().await;
        let (_link, _arrivals, _runner) = run(options);
        platform.let_in().await;
        // The first connection stays open and is not answered on.
        let _silent = platform.socket.take();
        timeout(Duration::from_secs(5), platform.let_in()).await.unwrap();
    }

    #[tokio::test]
    async fn it_does_not_fight_for_its_place() {
        let (mut platform, options) = Platform::start().await;
        let (_link, _arrivals, runner) = run(options);
        platform.let_in().await;
        let event = json!({ "eventtype": "disconnected_event" });
        let body = json!({ "msgid": "m", "from": { "userid": "u" }, "msgtype": "event", "event": event });
        platform
            .write(json!({ "cmd": "aibot_event_callback", "headers": { "req_id": "r" }, "body": body }))
            .await;
        assert_eq!(runner.await.unwrap(), Stopped::Replaced);
    }

    #[tokio::test]
    async fn a_wrong_secret_ends_it() {
        let (mut platform, options) = Platform::start().await;
        let (_link, _arrivals, runner) = run(options.clone());
        platform.socket = Some(accept_async(platform.listener.accept().await.unwrap().0).await.unwrap());
        let frame = platform.read().await;
        platform.answer(&frame, 40013).await;
        let stopped = runner.await.unwrap();
        assert!(
            matches!(&stopped, Stopped::Refused(_)) && !stopped.to_string().contains("SECRET"),
            "{stopped}"
        );
        let (_link, _arrivals, runner) = run(Options { address: "nonsense".to_owned(), ..options });
        assert_eq!(runner.await.unwrap(), Stopped::BadAddress);
    }
}
