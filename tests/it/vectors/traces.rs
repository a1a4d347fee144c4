//! Our requests have the shape of those that unmodified client libraries sent (recorded in the trace files).

use std::collections::VecDeque;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use yunzhu::channel::call::Caller;
use yunzhu::channel::wechat::{self, Mode, client};
use yunzhu::channel::wecom::bot_reply::{Progress, markdown, stream, welcome};
use yunzhu::channel::wecom::{app, app_client, bot_client, kf, kf_client, link};
use yunzhu::channel::{Hope, Place, Target};
use yunzhu::message::part::{MenuItem, Part};
use yunzhu::privacy::secret::Secret;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/channels");

fn trace(name: &str) -> Option<Vec<Value>> {
    let file = std::fs::read_to_string(format!("{FOLDER}/{name}"));
    if file.is_err() {
        println!("{FOLDER}/{name} is absent: nothing is checked");
    }
    serde_json::from_str(&file.ok()?).unwrap()
}

/// What was asked: method, address, body.
type Asked = (String, String, Value);

/// A platform that gives these answers (status, body) in order; ends after the last and gives what was asked.
async fn platform(answers: Vec<(u16, String)>) -> (String, JoinHandle<Vec<Asked>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let mut answers = VecDeque::from(answers);
        let mut asked = Vec::new();
        while let Some((status, answer)) = answers.pop_front() {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            let mut words = line.split(' ').map(str::to_owned);
            let (method, address) = (words.next().unwrap(), words.next().unwrap());
            let mut length = 0;
            loop {
                let mut header = String::new();
                stream.read_line(&mut header).await.unwrap();
                if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if header == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            assert!(!String::from_utf8_lossy(&body).contains("\\u"));
            asked.push((method, address, serde_json::from_slice(&body).unwrap_or(Value::Null)));
            let head =
                format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n");
            let answer = format!("{head}content-length: {}\r\n\r\n{answer}", answer.len());
            stream.get_mut().write_all(answer.as_bytes()).await.unwrap();
            stream.get_mut().shutdown().await.unwrap();
        }
        asked
    });
    (base, served)
}

fn ok(body: Value) -> (u16, String) {
    (200, body.to_string())
}

fn token(name: &str) -> (u16, String) {
    ok(json!({ "access_token": name, "expires_in": 7200 }))
}

fn done() -> (u16, String) {
    ok(json!({ "errcode": 0, "errmsg": "ok" }))
}

fn secret() -> Secret {
    "secret".to_owned().into()
}

fn hello() -> Part {
    Part::Text { text: "你好".to_owned() }
}

fn to(user: &str) -> Target {
    Target { user: user.to_owned(), ..Target::default() }
}

fn wechat_client(base: &str, mode: Mode) -> client::Client {
    let options = wechat::Options {
        app_id: "wxapp".to_owned(),
        app_secret: secret(),
        token: secret(),
        encoding_aes_key: None,
        api_base: base.to_owned(),
        mode,
    };
    client::Client::new(Caller::new(&[]).unwrap(), &options)
}

fn app_client(base: &str) -> app_client::Client {
    let options = app::Options {
        corp_id: "wwcorp".to_owned(),
        agent_id: 1_000_002,
        secret: secret(),
        token: secret(),
        encoding_aes_key: secret(),
        api_base: base.to_owned(),
    };
    app_client::Client::new(Caller::new(&[]).unwrap(), &options)
}

fn kf_client(base: &str) -> kf_client::Client {
    let options = kf::Options {
        corp_id: "wwcorp".to_owned(),
        secret: secret(),
        token: secret(),
        encoding_aes_key: secret(),
        api_base: base.to_owned(),
    };
    kf_client::Client::new(Caller::new(&[]).unwrap(), &options)
}

/// Whether everything in `ours` that is also in `theirs` is equal, and nothing but `extra` is only in `ours`.
fn same(ours: &Asked, theirs: &Value, extra: &[&str]) {
    assert_eq!((theirs[0].as_str(), theirs[1].as_str()), (Some(ours.0.as_str()), Some(ours.1.as_str())));
    for (field, value) in ours.2.as_object().into_iter().flatten() {
        assert!(
            extra.contains(&field.as_str()) || *value == theirs[3][field],
            "{field}: {value} in {theirs}"
        );
    }
}

#[tokio::test]
async fn a_refused_wechat_token_is_fetched_anew_once() {
    let no_stable = || (404, "not found".to_owned());
    let refused = || ok(json!({ "errcode": 40001, "errmsg": "invalid credential" }));
    let answers = vec![no_stable(), token("TOK1"), refused(), no_stable(), token("TOK2"), done(), done()];
    let (base, served) = platform(answers).await;
    let client = wechat_client(&base, Mode::Service);
    client.send(&to("OPENID"), &hello(), 0).await.unwrap();
    client.send(&to("OPENID"), &hello(), 1).await.unwrap();
    let asked = served.await.unwrap();
    assert_eq!(asked[0].2["grant_type"], "client_credential");
    let Some(trace) = trace("wechat_api_trace.json") else { return };
    for (ours, theirs) in [(1, 0), (2, 1), (4, 2), (5, 3)] {
        same(&asked[ours], &trace[theirs], &[]);
    }
    assert!(asked[6].1.ends_with("TOK2"));
}

#[tokio::test]
async fn wechat_errors_say_whether_there_is_hope() {
    let cases = [(45015, Hope::Quota), (45047, Hope::Quota), (43004, Hope::Never), (48001, Hope::Never)];
    for (code, hope) in cases {
        let (base, served) = platform(vec![token("T"), ok(json!({ "errcode": code, "errmsg": "x" }))]).await;
        let client = wechat_client(&base, Mode::Service);
        let error = client.send(&to("u"), &hello(), 0).await.unwrap_err();
        assert!(error.hope == hope && !error.reason.contains("secret"), "{error:?}");
        let stable = &served.await.unwrap()[0];
        assert_eq!((stable.1.as_str(), &stable.2["appid"]), ("/cgi-bin/stable_token", &json!("wxapp")));
    }
    let refused = ok(json!({ "errcode": 40001, "errmsg": "x" }));
    let (base, served) = platform(vec![token("A"), refused.clone(), token("B"), refused]).await;
    let error = wechat_client(&base, Mode::Service).send(&to("u"), &hello(), 0).await.unwrap_err();
    assert!(matches!(error.hope, Hope::Later(_)) && served.await.unwrap().len() == 4, "{error:?}");
    let passive = wechat_client("http://127.0.0.1:1", Mode::PassiveOnly).send(&to("u"), &hello(), 0).await;
    assert_eq!(passive.unwrap_err().hope, Hope::Never);
    let (base, _served) =
        platform(vec![ok(json!({ "errcode": 40164, "errmsg": "invalid ip 1.2.3.4" }))]).await;
    let error = wechat_client(&base, Mode::Service).check(0).await.unwrap_err();
    assert!(
        error.hope == Hope::Never && error.reason.contains("1.2.3.4") && error.reason.contains("白名单"),
        "{error}"
    );
}

#[tokio::test]
async fn an_error_in_place_of_a_file_is_an_error() {
    let (base, _served) =
        platform(vec![token("T"), ok(json!({ "errcode": 40007, "errmsg": "invalid media_id" }))]).await;
    let error = wechat_client(&base, Mode::Service).fetch("M", 1000, 0).await.unwrap_err();
    assert!(error.reason.contains("40007"), "{error}");
    let (base, served) = platform(vec![token("T"), (200, "{\"any\":\"json file\"}".to_owned())]).await;
    let file = wechat_client(&base, Mode::Service).fetch("M&M", 1000, 0).await.unwrap();
    assert_eq!(file.bytes, b"{\"any\":\"json file\"}");
    assert_eq!(served.await.unwrap()[1].1, "/cgi-bin/media/get?access_token=T&media_id=M%26M");
}

#[tokio::test]
async fn wecom_requests_have_the_shape_of_the_trace() {
    let (base, served) =
        platform(vec![token("TOK3"), done(), done(), ok(json!({ "errcode": 0, "invaliduser": "zhangsan" }))])
            .await;
    let client = app_client(&base);
    let markdown = Part::Markdown { title: "t".to_owned(), text: "**hi**".to_owned() };
    client.send(&to("zhangsan"), &hello(), "1", 0).await.unwrap();
    client.send(&to("zhangsan"), &markdown, "2", 0).await.unwrap();
    assert_eq!(client.send(&to("zhangsan"), &hello(), "3", 0).await.unwrap_err().hope, Hope::Never);
    let asked = served.await.unwrap();
    let page = ok(json!({ "errcode": 0, "next_cursor": "c2", "has_more": 0, "msg_list": [] }));
    let (base, served) = platform(vec![
        token("TOK3"),
        page,
        done(),
        done(),
        ok(json!({ "errcode": 0, "service_state": 1 })),
        done(),
    ])
    .await;
    let client = kf_client(&base);
    let ticket = Secret::from("ENCtoken".to_owned());
    let got = client.sync("cursor1", Some(&ticket), "wk", 0).await.unwrap();
    assert_eq!((got.next_cursor.as_str(), got.has_more), ("c2", false));
    let target = Target { user: "wm".to_owned(), chat: Some("wk".to_owned()), group: false };
    let items = vec![MenuItem { id: "101".to_owned(), label: "满意".to_owned() }];
    let menu = Part::Menu { head: "请选择".to_owned(), items, tail: "谢谢".to_owned() };
    client.send(&target, &menu, "会话/7", 0).await.unwrap();
    client.welcome("CODE", &hello(), "8", 0).await.unwrap();
    assert_eq!(client.state(&target, 0).await.unwrap(), kf_client::ServiceState::Assistant);
    client.hand_over(&target, kf_client::ServiceState::Agent, Some("lisi"), 0).await.unwrap();
    assert_eq!(client.send(&to("wm"), &menu, "9", 0).await.unwrap_err().hope, Hope::Never);
    let kf_asked = served.await.unwrap();
    assert_eq!(kf_asked[2].2["msgid"].as_str().unwrap().len(), 32);
    assert_eq!(kf_asked[3].2["code"], "CODE");
    assert_eq!(kf_asked[5].2["service_state"], 3);
    let Some(trace) = trace("wechat_api_trace.json") else { return };
    for (ours, theirs) in [(0, 5), (1, 6), (2, 7)] {
        same(&asked[ours], &trace[theirs], &[]);
    }
    same(&kf_asked[1], &trace[8], &["limit", "voice_format", "open_kfid"]);
    same(&kf_asked[2], &trace[9], &["msgid"]);
}

#[tokio::test]
async fn a_bot_answers_late_and_fetches_only_at_the_platform() {
    let (base, served) = platform(vec![done(), ok(json!({ "errcode": 1, "errmsg": "used" }))]).await;
    let host = base.strip_prefix("http://").unwrap().to_owned();
    let client = bot_client::Client::new(Caller::new(&[host]).unwrap(), None);
    let url = format!("{base}/cgi-bin/aibot/response?response_code=CODE");
    client.respond(&url, &to("u"), &hello(), "1").await.unwrap();
    assert_eq!(client.respond(&url, &to("u"), &hello(), "2").await.unwrap_err().hope, Hope::Never);
    assert_eq!(served.await.unwrap()[0].2, markdown("你好"));
    let place = Place::Address { url: "http://169.254.169.254/latest".to_owned(), key: None };
    let error = client.fetch(&place, 10).await.unwrap_err();
    assert!(error.hope == Hope::Never && !error.reason.contains("169"), "{error}");
}

#[test]
fn frames_are_those_of_the_official_client() {
    let Some(trace) = trace("wecom_aibot_ws_trace.json") else { return };
    let mut sent = Vec::new();
    let mut read = 0;
    for frame in &trace {
        if frame[0] == "server->client" {
            link::read(&frame[1].to_string(), None, 0).unwrap();
            read += 1;
            continue;
        }
        let frame = &frame[1];
        let req_id = frame["headers"]["req_id"].as_str().unwrap();
        let body = &frame["body"];
        let content = body["stream"]["content"].as_str().unwrap_or_default();
        let progress = if body["stream"]["finish"] == true { Progress::Done } else { Progress::More };
        let ours = match frame["cmd"].as_str().unwrap() {
            "aibot_subscribe" => link::subscribe("BOT", &Secret::from("SECRET".to_owned()), req_id),
            "ping" => link::ping(req_id),
            "aibot_respond_msg" => {
                link::respond(req_id, stream(body["stream"]["id"].as_str().unwrap(), progress, content, None))
            }
            "aibot_respond_welcome_msg" => link::respond_welcome(req_id, welcome("您好")),
            "aibot_send_msg" => link::send(req_id, "zhangsan", markdown("主动推送")),
            // Files are not sent.
            _ => continue,
        };
        assert_eq!(ours, frame.to_string());
        sent.push(req_id);
    }
    assert!(sent.len() >= 7 && read >= 10, "{} {read}", sent.len());
}

#[tokio::test]
async fn calls_can_be_made_from_any_thread() {
    fn sendable<T: Send>(_: &T) {}
    let (wechat, app, kf) = (wechat_client("x", Mode::Service), app_client("x"), kf_client("x"));
    let bot = bot_client::Client::new(Caller::new(&[]).unwrap(), None);
    let (target, part) = (to("u"), hello());
    sendable(&wechat.send(&target, &part, 0));
    sendable(&wechat.fetch("M", 1, 0));
    sendable(&wechat.check(0));
    sendable(&app.send(&target, &part, "1", 0));
    sendable(&kf.sync("", None, "wk", 0));
    sendable(&kf.hand_over(&target, kf_client::ServiceState::Ended, None, 0));
    sendable(&bot.respond("x", &target, &part, "1"));
    sendable(&bot.fetch(&Place::Media { id: "M".to_owned() }, 1));
    assert!(wechat.check(0).await.unwrap_err().reason.contains("looks like"));
}
