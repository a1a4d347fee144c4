use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tower::ServiceExt;
use yunzhu::http::options::Options;
use yunzhu::http::serve::serve;

use super::asking::{World, request};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const PATIENCE: Duration = Duration::from_secs(10);

/// Serves a world on a port of its own until the sender is used or dropped.
async fn served(world: &World, mut options: Options) -> (SocketAddr, oneshot::Sender<()>) {
    options.bind = "127.0.0.1:0".parse().unwrap();
    let (listening, at) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let slot = world.slot.clone();
    tokio::spawn(async move {
        let says = |address| listening.send(address).unwrap();
        serve(options, slot, says, async { stopped.await.unwrap_or(()) }).await.unwrap();
    });
    (at.await.unwrap(), stop)
}

async fn connected(
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<Socket, Box<Error>> {
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    Ok(connect_async(request).await.map_err(Box::new)?.0)
}

async fn say(socket: &mut Socket, frame: Value) {
    socket.send(Message::text(frame.to_string())).await.unwrap();
}

/// The next event, or the code with which the connection was closed.
async fn hear(socket: &mut Socket) -> Result<Value, u16> {
    loop {
        match timeout(PATIENCE, socket.next()).await.expect("nothing came").expect("it ended without a word")
        {
            Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).unwrap()),
            Ok(Message::Close(frame)) => return Err(frame.map_or(1005, |frame| frame.code.into())),
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_conversation_is_held_over_a_websocket() {
    let world = World::new().await;
    let (address, _stop) = served(&world, Options::default()).await;
    let (path, token) = world.open().await;
    let mut socket = connected(address, &format!("{path}/ws"), &[]).await.unwrap();
    say(&mut socket, json!({"token": token})).await;
    let greeting = hear(&mut socket).await.unwrap();
    assert_eq!((&greeting["type"], &greeting["author"]), (&json!("message"), &json!("bot")), "{greeting}");
    say(&mut socket, json!({"text": "磁盘满了怎么清理", "client_message_id": "m1"})).await;
    let (mut turn, mut lines) = (None, Vec::new());
    while turn.is_none() || lines.len() < 2 {
        let event = hear(&mut socket).await.unwrap();
        match event["type"].as_str().unwrap() {
            "turn" => turn = Some(event),
            "message" => lines.push(event),
            other => panic!("{other}"),
        }
    }
    let turn = turn.unwrap();
    assert_eq!((&turn["turn"], &turn["client_message_id"]), (&json!(1), &json!("m1")), "{turn}");
    assert_eq!((&lines[0]["author"], &lines[1]["body"]["type"]), (&json!("user"), &json!("answer")));
    say(&mut socket, json!({"text": "  ", "client_message_id": "m2"})).await;
    let refused = hear(&mut socket).await.unwrap();
    assert_eq!((&refused["type"], &refused["client_message_id"]), (&json!("problem"), &json!("m2")));
    assert_eq!((&refused["problem"]["status"], &refused["problem"]["field"]), (&json!(422), &json!("text")));
    socket.send(Message::text("{nonsense")).await.unwrap();
    assert_eq!(hear(&mut socket).await.unwrap()["problem"]["status"], 400);
    socket.send(Message::binary(vec![1, 2])).await.unwrap();
    assert_eq!(hear(&mut socket).await.unwrap()["problem"]["status"], 415);
    say(&mut socket, json!({"feedback": {"turn": 1, "helpful": true}, "client_message_id": "m3"})).await;
    let mut kinds = Vec::new();
    while !kinds.contains(&"turn".to_owned()) {
        kinds.push(hear(&mut socket).await.unwrap()["type"].as_str().unwrap().to_owned());
    }
}

#[tokio::test]
async fn a_websocket_goes_on_where_it_broke_off() {
    let world = World::new().await;
    let (address, _stop) = served(&world, Options::default()).await;
    let (path, token) = world.open().await;
    let bearer = format!("Bearer {token}");
    let mut socket = connected(address, &format!("{path}/ws"), &[("authorization", &bearer)]).await.unwrap();
    let first = hear(&mut socket).await.unwrap()["seq"].as_u64().unwrap();
    drop(socket);
    world.with_token("POST", &format!("{path}/messages"), &token, r#"{"text": "谢谢"}"#).await;
    let protocol = format!("yunzhu, {token}");
    let headers = [("sec-websocket-protocol", protocol.as_str())];
    let mut socket = connected(address, &format!("{path}/ws?after={first}"), &headers).await.unwrap();
    let next = hear(&mut socket).await.unwrap();
    assert!(next["seq"].as_u64().unwrap() > first && next["author"] == "user", "{next}");
}

#[tokio::test]
async fn strangers_hear_nothing() {
    let world = World::new().await;
    let mut options = Options::default();
    options.limits.body = 2000;
    let (address, _stop) = served(&world, options).await;
    let (path, token) = world.open().await;
    let (_, foreign) = world.open().await;
    for (path, frame, code) in [
        (format!("{path}/ws"), json!({"token": foreign}), 4403),
        (format!("{path}/ws"), json!({"text": "hi"}), 4401),
        ("/api/v1/conversations/none/ws".to_owned(), json!({"token": token}), 4404),
    ] {
        let mut socket = connected(address, &path, &[]).await.unwrap();
        say(&mut socket, frame).await;
        assert_eq!(hear(&mut socket).await.unwrap()["type"], "problem");
        assert_eq!(hear(&mut socket).await.unwrap_err(), code, "{path}");
    }
    let refused = |result: Result<Socket, Box<Error>>| match *result.unwrap_err() {
        Error::Http(response) => response.status().as_u16(),
        error => panic!("{error}"),
    };
    let bearer = format!("Bearer {foreign}");
    let answer = connected(address, &format!("{path}/ws"), &[("authorization", &bearer)]).await;
    assert_eq!(refused(answer), 403);
    let answer = connected(address, &format!("{path}/ws"), &[("origin", "https://evil.example")]).await;
    assert_eq!(refused(answer), 403);
    let bearer = format!("Bearer {token}");
    let mut socket = connected(address, &format!("{path}/ws"), &[("authorization", &bearer)]).await.unwrap();
    hear(&mut socket).await.unwrap();
    say(&mut socket, json!({"text": "x".repeat(5000)})).await;
    let end = timeout(PATIENCE, socket.next()).await.unwrap();
    assert!(
        !matches!(end, Some(Ok(Message::Text(_)))),
        "a frame beyond the limit ends the connection: {end:?}"
    );
}

#[tokio::test]
async fn a_silent_websocket_is_closed_and_one_that_answers_is_not() {
    let world = World::new().await;
    let mut options = Options::default();
    options.patience.ping = Duration::from_millis(100);
    let (address, _stop) = served(&world, options).await;
    let (path, token) = world.open().await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let mut alive = connected(address, &format!("{path}/ws"), &headers).await.unwrap();
    let silent = connected(address, &format!("{path}/ws"), &headers).await.unwrap();
    // Reading answers pings; a client that never reads never answers.
    let mut pings = 0;
    while pings < 6 {
        if let Message::Ping(_) = timeout(PATIENCE, alive.next()).await.unwrap().unwrap().unwrap() {
            pings += 1;
        }
    }
    let MaybeTlsStream::Plain(mut stream) = silent.into_inner() else { panic!("no TLS here") };
    let mut rest = Vec::new();
    let end = timeout(PATIENCE, tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest)).await;
    assert!(end.is_ok(), "the silent one is still open");
}

#[tokio::test]
async fn whoever_listens_is_told_when_the_server_ends() {
    let world = World::new().await;
    let (address, stop) = served(&world, Options::default()).await;
    let (path, token) = world.open().await;
    let bearer = format!("Bearer {token}");
    let mut socket = connected(address, &format!("{path}/ws"), &[("authorization", &bearer)]).await.unwrap();
    hear(&mut socket).await.unwrap();
    stop.send(()).unwrap();
    assert_eq!(hear(&mut socket).await.unwrap_err(), 1001);
}

/// Events of a stream until `count` have come.
async fn events(world: &World, path: &str, headers: &[(&str, &str)], count: usize) -> Vec<(u64, Value)> {
    let response = world.router.clone().oneshot(request("GET", path, headers, "")).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (mut body, mut text) = (response.into_body(), String::new());
    loop {
        let whole: Vec<(u64, Value)> = text.split_inclusive("\n\n").filter_map(event).collect();
        if whole.len() >= count {
            return whole;
        }
        let frame = timeout(PATIENCE, body.frame()).await.expect("nothing came").unwrap().unwrap();
        text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
    }
}

fn event(block: &str) -> Option<(u64, Value)> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    block.ends_with("\n\n").then_some(())?;
    Some((field("id:")?.parse().unwrap(), serde_json::from_str(field("data:")?).unwrap()))
}

#[tokio::test]
async fn events_are_the_lines_and_go_on_after_the_last_one() {
    let world = World::new().await;
    let (path, token) = world.open().await;
    let bearer = format!("Bearer {token}");
    let (say, stream) = (format!("{path}/messages"), format!("{path}/events"));
    let talking = async {
        world.with_token("POST", &say, &token, r#"{"text": "磁盘满了怎么清理"}"#).await;
    };
    let headers = [("authorization", bearer.as_str())];
    let (all, ()) = tokio::join!(events(&world, &stream, &headers, 3), talking);
    assert!(all.iter().all(|(id, data)| data["seq"] == *id && data["type"] == "message"), "{all:?}");
    assert!(all.is_sorted_by(|a, b| a.0 < b.0), "{all:?}");
    let last = all[0].0.to_string();
    let resumed = [("authorization", bearer.as_str()), ("last-event-id", last.as_str())];
    assert_eq!(events(&world, &stream, &resumed, 2).await[..2], all[1..3]);
    let by_query = format!("{stream}?after={}", all[1].0);
    assert_eq!(events(&world, &by_query, &headers, 1).await[0], all[2]);
    super::asking::get(&world.router, &stream).await.problem(401, "not-authenticated");
}
