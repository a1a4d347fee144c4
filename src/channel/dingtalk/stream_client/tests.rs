use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;

use super::*;
use crate::channel::{Said, fake};

type Server = WebSocketStream<TcpStream>;

/// A gateway and its WebSocket on one port.
struct Platform {
    listener: TcpListener,
    host: String,
}

impl Platform {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        Self { listener, host }
    }

    /// Answers the call that opens a stream, and takes the socket.
    async fn open(&self) -> (fake::Asked, Server) {
        let (mut call, _) = self.listener.accept().await.unwrap();
        let endpoint = format!("ws://{}/connect", self.host);
        let asked = fake::one(&mut call, 200, &json!({"endpoint": endpoint, "ticket": "t/1"})).await;
        let (socket, _) = self.listener.accept().await.unwrap();
        (asked, accept_async(socket).await.unwrap())
    }

    fn stream(&self, pace: Pace) -> (Stream, mpsc::Receiver<Delivery>) {
        let options = Options {
            app_key: "dingkey".to_owned(),
            app_secret: "dingsecret".to_owned().into(),
            robot_code: "dingkey".to_owned(),
            api_base: format!("http://{}", self.host),
        };
        let (sender, receiver) = mpsc::channel(4);
        let caller = Caller::new(std::slice::from_ref(&self.host)).unwrap();
        let outside = Outside { now_ms: || 1_760_000_000_000, random: || 0 };
        (Stream::new(options, caller, sender, pace, outside), receiver)
    }
}

fn quick() -> Pace {
    let pause = Duration::from_millis(2);
    Pace { settled: Duration::ZERO, pause, longest_pause: pause, ..Pace::default() }
}

fn frame(kind: &str, topic: &str, id: &str, data: &Value) -> Message {
    let headers = json!({"topic": topic, "messageId": id});
    Message::text(json!({"type": kind, "headers": headers, "data": data.to_string()}).to_string())
}

fn said(id: &str) -> Message {
    let data = json!({"msgId": id, "senderStaffId": "u1", "msgtype": "text", "text": {"content": " 年假"}});
    frame("CALLBACK", "/v1.0/im/bot/messages/get", id, &data)
}

/// The next answer of ours.
async fn heard(socket: &mut Server) -> Value {
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[tokio::test]
async fn a_message_is_answered_once_it_is_durable_and_pings_meanwhile() {
    let platform = Platform::new().await;
    let (stream, mut arrivals) = platform.stream(quick());
    let state = stream.state();
    let running = tokio::spawn(stream.run());
    let (asked, mut socket) = platform.open().await;
    assert_eq!((asked.0.as_str(), &asked.2["clientId"]), (stream::OPEN_PATH, &json!("dingkey")));
    assert!(asked.1.contains("accept: application/json"), "{}", asked.1);
    socket.send(said("m1")).await.unwrap();
    let delivery = arrivals.recv().await.unwrap();
    assert_eq!(delivery.arrival.said, Said::Text { text: "年假".to_owned() });
    socket.send(frame("SYSTEM", "ping", "p1", &json!({"opaque": "xyz"}))).await.unwrap();
    let pong = heard(&mut socket).await;
    assert_eq!(
        (&pong["headers"]["messageId"], &pong["data"]),
        (&json!("p1"), &json!("{\"opaque\":\"xyz\"}"))
    );
    delivery.durable.send(()).unwrap();
    let taken = heard(&mut socket).await;
    assert_eq!((&taken["headers"]["messageId"], &taken["code"]), (&json!("m1"), &json!(200)));
    assert!(state.is_connected() && state.last_frame_ms() == 1_760_000_000_000 && state.connections() == 1);
    // What nobody made durable is not answered: the next answer is the one to what cannot be read.
    socket.send(said("m2")).await.unwrap();
    drop(arrivals.recv().await.unwrap());
    socket.send(frame("CALLBACK", "/v1.0/im/bot/messages/get", "m3", &json!({}))).await.unwrap();
    assert_eq!(heard(&mut socket).await["headers"]["messageId"], "m3");
    drop(arrivals);
    running.await.unwrap();
    assert!(!state.is_connected());
}

#[tokio::test]
async fn the_old_socket_is_read_until_the_new_one_stands() {
    let platform = Platform::new().await;
    let (stream, mut arrivals) = platform.stream(quick());
    let running = tokio::spawn(stream.run());
    let (_, mut old) = platform.open().await;
    old.send(said("m1")).await.unwrap();
    let waiting = arrivals.recv().await.unwrap();
    old.send(frame("SYSTEM", "disconnect", "d-1", &json!({"reason": "connection is expired"})))
        .await
        .unwrap();
    assert_eq!(heard(&mut old).await["headers"]["messageId"], "d-1");
    let (_, mut new) = platform.open().await;
    waiting.durable.send(()).unwrap();
    assert_eq!(heard(&mut old).await["headers"]["messageId"], "m1");
    for (socket, id) in [(&mut old, "m2"), (&mut new, "m3")] {
        socket.send(said(id)).await.unwrap();
        let delivery = arrivals.recv().await.unwrap();
        assert_eq!(delivery.arrival.key, format!("dingkey:{id}"));
        delivery.durable.send(()).unwrap();
        assert_eq!(heard(socket).await["headers"]["messageId"], id);
    }
    running.abort();
}

#[tokio::test]
async fn it_comes_back_after_a_refusal_a_break_and_silence() {
    let platform = Platform::new().await;
    let idle = Duration::from_millis(80);
    let (stream, _arrivals) = platform.stream(Pace { idle, ..quick() });
    let state = stream.state();
    let running = tokio::spawn(stream.run());
    let (mut call, _) = platform.listener.accept().await.unwrap();
    fake::one(&mut call, 400, &json!({"code": "invalidClientIdOrSecret"})).await;
    let (_, broken) = platform.open().await;
    drop(broken);
    // This one is never read from: it gives no sign of life.
    let (_, _silent) = platform.open().await;
    let (_, _socket) = platform.open().await;
    assert!(state.connections() >= 2);
    running.abort();
}

#[tokio::test]
async fn an_endpoint_elsewhere_is_not_called() {
    let platform = Platform::new().await;
    let (stream, _arrivals) = platform.stream(quick());
    let state = stream.state();
    let running = tokio::spawn(stream.run());
    for _ in 0..2 {
        let (mut call, _) = platform.listener.accept().await.unwrap();
        fake::one(&mut call, 200, &json!({"endpoint": "ws://169.254.169.254/x", "ticket": "hush"})).await;
    }
    let problem = state.problem().unwrap();
    assert!(
        problem.contains("extra hosts") && !problem.contains("hush") && !state.is_connected(),
        "{problem}"
    );
    running.abort();
}

#[test]
fn pauses_grow_to_half_a_minute_and_differ() {
    let of = |failures, random| pause(failures, random, &Pace::default()).as_millis();
    assert_eq!((of(1, u32::MAX), of(2, u32::MAX), of(7, u32::MAX)), (500, 1000, 30_000));
    assert_eq!((of(1, 0), of(u32::MAX, 0), of(u32::MAX, u32::MAX)), (250, 15_000, 30_000));
}
