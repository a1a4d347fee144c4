use axum::body::Body;
use futures_util::stream;
use serde_json::json;
use yunzhu::http::options::Options;

use super::asking::{Answer, World, ask, get, request};

#[tokio::test]
async fn a_conversation_has_the_shape_that_was_promised() {
    let world = World::new().await;
    let body = r#"{"channel": "widget", "user": {"id": "u1", "name": "王", "tier": "gold"}, "context": {"product": "ecs"}}"#;
    let opened = super::asking::post(&world.router, "/api/v1/conversations", body).await;
    assert_eq!(opened.status, 201);
    assert_eq!(opened.json()["replies"].as_array().unwrap().len(), 1);
    let (path, token) = world.open().await;
    let message = r#"{"text": "磁盘满了怎么清理", "client_message_id": "m1"}"#;
    let turn = world.with_token("POST", &format!("{path}/messages"), &token, message).await;
    assert_eq!(turn.status, 200, "{turn:?}");
    let turn = turn.json();
    assert_eq!(
        (&turn["turn"], &turn["state"], &turn["failed_rounds"]),
        (&json!(1), &json!("answered"), &json!(0))
    );
    assert!(turn["priority"].is_null() && turn["handoff"].is_null());
    assert_eq!(turn["replies"][0]["type"], "answer");
    let again = world.with_token("POST", &format!("{path}/messages"), &token, message).await;
    assert_eq!(again.json(), turn, "the same message again gives the first result");
    let view = world.with_token("GET", &path, &token, "").await.json();
    assert_eq!(
        (&view["state"], &view["turn"], &view["channel"]),
        (&json!("answered"), &json!(1), &json!("widget"))
    );
    let lines = world.with_token("GET", &format!("{path}/messages?after=0"), &token, "").await.json();
    let lines = lines["messages"].as_array().unwrap().clone();
    assert_eq!(
        lines.iter().map(|line| line["author"].as_str().unwrap()).collect::<Vec<_>>()[..2],
        ["bot", "user"]
    );
    let after = lines[1]["seq"].as_u64().unwrap();
    let rest = world.with_token("GET", &format!("{path}/messages?after={after}"), &token, "").await.json();
    assert_eq!(rest["messages"].as_array().unwrap()[..], lines[2..]);
    let feedback = r#"{"turn": 1, "helpful": false, "comment": "没用"}"#;
    let judged = world.with_token("POST", &format!("{path}/feedback"), &token, feedback).await.json();
    assert_eq!(judged["failed_rounds"], 1, "{judged}");
    let human =
        world.with_token("POST", &format!("{path}/handoff"), &token, r#"{"reason": "急"}"#).await.json();
    assert_eq!(human["handoff"]["reason"], "user_request", "{human}");
    assert_eq!(
        world.with_token("POST", &format!("{path}/rating"), &token, r#"{"response": 5}"#).await.status,
        200
    );
}

#[tokio::test]
async fn a_conversation_opens_to_its_own_token_only() {
    let world = World::new().await;
    let (path, token) = world.open().await;
    let (_, foreign) = world.open().await;
    let unnamed = get(&world.router, &path).await;
    unnamed.problem(401, "not-authenticated");
    assert_eq!(unnamed.headers["www-authenticate"], "Bearer");
    for wrong in [foreign.as_str(), "x", &"y".repeat(5000)] {
        world.with_token("GET", &path, wrong, "").await.problem(403, "forbidden");
        let say = format!("{path}/messages");
        world.with_token("POST", &say, wrong, r#"{"text": "hi"}"#).await.problem(403, "forbidden");
    }
    for nobody in
        ["none".to_owned(), "z".repeat(129), "a%00b".to_owned(), "%ff%fe".to_owned(), "..%2F..".to_owned()]
    {
        let path = format!("/api/v1/conversations/{nobody}");
        world.with_token("GET", &path, &token, "").await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn bad_input_is_told_apart_and_changes_nothing() {
    let world = World::new().await;
    let (path, token) = world.open().await;
    let (say, bearer) = (format!("{path}/messages"), format!("Bearer {token}"));
    let send = async |content_type: &str, body: Vec<u8>| {
        let headers = [("content-type", content_type), ("authorization", bearer.as_str())];
        ask(&world.router, request("POST", &say, &headers, body)).await
    };
    let json = "application/json";
    for body in [&b""[..], b"{", b"{\"text\": \"\xff\"}", b"\x00\x01", b"{\"text\": \"a\nb\"}", b"text=hi"] {
        send(json, body.to_vec()).await.problem(400, "malformed");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        send(content_type, b"{\"text\": \"hi\"}".to_vec()).await.problem(415, "unsupported-media-type");
    }
    for (body, field) in [
        (r#"{"text": ""}"#.to_owned(), "text"),
        (r#"{"text": " \u0000\u0007 "}"#.to_owned(), "text"),
        (r#"{"text": 5}"#.to_owned(), "text"),
        (r#"{"text": "a", "choice": "b"}"#.to_owned(), "text"),
        (format!(r#"{{"text": "{}"}}"#, "长".repeat(10_001)), "text"),
        (r#"{"choice": ["a"]}"#.to_owned(), "choice"),
        (r#"{"attachment": "nothing"}"#.to_owned(), "attachment"),
        (format!(r#"{{"text": "a", "client_message_id": "{}"}}"#, "x".repeat(129)), "client_message_id"),
    ] {
        let answer = send(json, body.clone().into_bytes()).await;
        if answer.status == 404 {
            assert_eq!(field, "attachment", "{body}: {answer:?}");
            continue;
        }
        assert_eq!(answer.problem(422, "unusable")["field"], field, "{body}");
    }
    send(json, b"{\"text\": \"a\", \"text\": \"b\"}".to_vec()).await.problem(422, "unusable");
    let view = world.with_token("GET", &path, &token, "").await.json();
    assert_eq!(view["turn"], 0, "{view}");
    let fine = send("application/json; charset=utf-8", "{\"text\": \"你好\"}".into()).await;
    assert_eq!(fine.status, 200);
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_off_at_its_limit() {
    let world = World::new().await;
    let (path, token) = world.open().await;
    let chunk = || Ok::<_, std::io::Error>("x".repeat(10_000));
    let body = Body::from_stream(stream::iter((0..1000).map(move |_| chunk())));
    let bearer = format!("Bearer {token}");
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    ask(&world.router, request("POST", &format!("{path}/messages"), &headers, body))
        .await
        .problem(413, "too-large");
}

async fn upload(world: &World, path: &str, token: &str, name: &str, content: &[u8]) -> Answer {
    let head = format!(
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: image/png\r\n\r\n"
    );
    let body = [head.as_bytes(), content, b"\r\n--b--\r\n"].concat();
    let bearer = format!("Bearer {token}");
    let headers = [("content-type", "multipart/form-data; boundary=b"), ("authorization", bearer.as_str())];
    ask(&world.router, request("POST", &format!("{path}/attachments"), &headers, body)).await
}

#[tokio::test]
async fn files_are_taken_by_what_they_are() {
    let mut options = Options::default();
    options.limits.attachment = 100_000;
    let world = World::with(options).await;
    let (path, token) = world.open().await;
    let log = "2026-11-21 内核报错\n".repeat(1000);
    let taken = upload(&world, &path, &token, "../日志.log", log.as_bytes()).await;
    assert_eq!(taken.status, 201, "{taken:?}");
    let taken = taken.json();
    assert_eq!((&taken["name"], &taken["media_type"]), (&json!("日志.log"), &json!("text/plain")));
    assert_eq!(taken["size"], log.len());
    let message = json!({"attachment": taken["attachment"]}).to_string();
    let turn = world.with_token("POST", &format!("{path}/messages"), &token, &message).await;
    assert_eq!(turn.status, 200, "{turn:?}");
    let (other, other_token) = world.open().await;
    let stolen = world.with_token("POST", &format!("{other}/messages"), &other_token, &message).await;
    assert!([404, 422].contains(&stolen.status.as_u16()), "{stolen:?}");
    let program = upload(&world, &path, &token, "photo.png", b"MZ\x90\x00\x03\x00\x00\x00").await;
    program.problem(415, "unsupported-media-type");
    upload(&world, &path, &token, "big.log", &vec![b'x'; 150_000]).await.problem(413, "too-large");
    upload(&world, &path, &token, "big.log", &vec![b'x'; 400_000]).await.problem(413, "too-large");
    upload(&world, &path, &token, "empty.log", b"").await.problem(422, "unusable");
    let no_form = world.with_token("POST", &format!("{path}/attachments"), &token, "{}").await;
    no_form.problem(415, "unsupported-media-type");
    upload(&world, &path, &other_token, "a.log", b"x").await.problem(403, "forbidden");
}

#[tokio::test]
async fn searching_gives_what_the_command_gives() {
    let world = World::new().await;
    let found =
        get(&world.router, "/api/v1/search?q=%E7%A3%81%E7%9B%98%E6%BB%A1%E4%BA%86&limit=2").await.json();
    assert_eq!(found["query"], "磁盘满了", "{found}");
    assert!(["answer", "choose", "clarify"].contains(&found["decision"].as_str().unwrap()), "{found}");
    assert!(
        found["took_us"].is_u64()
            && found["confidence"].is_f64()
            && found["hits"].as_array().unwrap().len() <= 2
    );
    assert_eq!(found["hits"][0]["title"], "磁盘满了怎么清理");
    assert_eq!(get(&world.router, "/api/v1/search?q=").await.json()["decision"], "clarify");
    get(&world.router, "/api/v1/search").await.problem(400, "malformed");
    get(&world.router, "/api/v1/search?q=x&limit=many").await.problem(400, "malformed");
    get(&world.router, "/api/v1/search?q=x&limit=0").await.problem(422, "unusable");
}

#[tokio::test]
async fn a_conversation_that_talks_too_fast_waits() {
    let mut options = Options::default();
    options.limits.conversation = Some(yunzhu::http::options::Quota::new(1, 2));
    let world = World::with(options).await;
    let (path, token) = world.open().await;
    let mut last = None;
    for _ in 0..3 {
        last =
            Some(world.with_token("POST", &format!("{path}/messages"), &token, r#"{"text": "谢谢"}"#).await);
    }
    last.unwrap().problem(429, "too-many-requests");
    let (other, other_token) = world.open().await;
    let fine =
        world.with_token("POST", &format!("{other}/messages"), &other_token, r#"{"text": "谢谢"}"#).await;
    assert_eq!(fine.status, 200);
}

#[tokio::test]
async fn whoever_hangs_up_in_the_middle_can_go_on() {
    let mut options = Options::default();
    (options.limits.address, options.limits.conversation) = (None, None);
    let world = World::with(options).await;
    let (conversation, token) = world.open().await;
    let path = format!("{conversation}/messages");
    for micros in (0..6_000).step_by(150) {
        let said = json!({"client_message_id": format!("m{micros}"), "text": "你好"}).to_string();
        let asked = world.with_token("POST", &path, &token, &said);
        // Dropped wherever it is by then, as when a browser is closed.
        drop(tokio::time::timeout(std::time::Duration::from_micros(micros), asked).await);
        let again = world.with_token("POST", &path, &token, &said).await;
        assert_eq!(again.status, 200, "after {micros} µs: {}", again.body);
    }
    let lines = world.with_token("GET", &format!("{path}?limit=200"), &token, "").await.json();
    let said = lines["messages"].as_array().unwrap().iter().filter(|line| line["author"] == "user").count();
    assert_eq!(said, 40, "every message once");
}
