use serde_json::json;
use yunzhu::http::options::Options;

use super::asking::{PASSWORD, World, ask, get, post, request};

#[tokio::test]
async fn signing_in_gives_a_cookie_and_a_token() {
    let world = World::new().await;
    world.account("li", "agent").await;
    let body = json!({"name": "li", "password": PASSWORD}).to_string();
    let answer = post(&world.router, "/api/v1/sessions", &body).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["role"]), (201, &json!("agent")));
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap();
    let current = "/api/v1/sessions/current";
    let seen = ask(&world.router, request("GET", current, &[("cookie", pair)], "")).await.json();
    assert_eq!(seen, json!({"name": "li", "role": "agent"}));
    let foreign = [("cookie", pair), ("host", "desk.example.com"), ("origin", "https://evil.example")];
    ask(&world.router, request("DELETE", current, &foreign, "")).await.problem(403, "forbidden");
    let own = [("cookie", pair), ("host", "desk.example.com"), ("origin", "https://desk.example.com")];
    assert_eq!(ask(&world.router, request("DELETE", current, &own, "")).await.status, 204);
    ask(&world.router, request("GET", current, &[("cookie", pair)], ""))
        .await
        .problem(401, "not-authenticated");
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_guessing_is_slow() {
    let world = World::new().await;
    world.account("li", "agent").await;
    for body in [
        json!({"name": "li", "password": "no"}),
        json!({"name": "wang", "password": PASSWORD}),
        json!({"name": "li", "password": "x".repeat(2000)}),
        json!({"name": "", "password": ""}),
    ] {
        post(&world.router, "/api/v1/sessions", &body.to_string()).await.problem(401, "not-authenticated");
    }
    let guess = json!({"name": "wang", "password": "x".repeat(2000)}).to_string();
    let mut refused = false;
    for _ in 0..30 {
        refused |= post(&world.router, "/api/v1/sessions", &guess).await.status == 429;
    }
    assert!(refused);
}

#[tokio::test]
async fn the_desk_is_for_those_who_signed_in() {
    let world = World::new().await;
    let (_, token) = world.open().await;
    for path in [
        "/api/v1/tickets",
        "/api/v1/incidents",
        "/api/v1/dead-letters",
        "/api/v1/desk/events",
        "/api/v1/tickets/T1",
    ] {
        get(&world.router, path).await.problem(401, "not-authenticated");
        world.with_token("GET", path, &token, "").await.problem(401, "not-authenticated");
    }
    let li = world.session("li", "agent").await;
    world.with_token("GET", "/api/v1/tickets/T1", &li, "").await.problem(404, "not-found");
    world.with_token("GET", "/api/v1/tickets?before=%00", &li, "").await.problem(422, "unusable");
    world.with_token("POST", "/api/v1/incidents/none/acknowledge", &li, "").await.problem(404, "not-found");
    assert_eq!(
        world.with_token("GET", "/api/v1/dead-letters", &li, "").await.json()["dead_letters"],
        json!([])
    );
}

#[tokio::test]
async fn a_ticket_is_worked_on_from_the_queue_to_its_end() {
    let world = World::new().await;
    let (path, token) = world.open().await;
    let li = world.session("li", "agent").await;
    let here = world.with_token("POST", "/api/v1/presence", &li, r#"{"available": true}"#).await;
    assert_eq!(here.status, 204, "{here:?}");
    let phone = r#"{"text": "我的手机 13800138000，磁盘坏了"}"#;
    world.with_token("POST", &format!("{path}/messages"), &token, phone).await;
    let turn = world.with_token("POST", &format!("{path}/handoff"), &token, "").await.json();
    let id = turn["handoff"]["ticket_id"].as_str().unwrap().to_owned();
    let ticket = format!("/api/v1/tickets/{id}");
    let actions = format!("{ticket}/actions");
    let list = world.with_token("GET", "/api/v1/tickets", &li, "").await.json();
    assert_eq!(list["tickets"][0]["id"], id, "{list}");
    assert!(list["tickets"][0]["clocks"]["response"]["target_s"].is_i64(), "{list}");
    world.with_token("POST", &actions, &li, r#"{"do": "dance"}"#).await.problem(422, "unusable");
    let taken = world.with_token("POST", &actions, &li, r#"{"do": "take"}"#).await;
    assert_eq!(taken.json()["status"], "in_progress", "{taken:?}");
    world.with_token("POST", &actions, &li, r#"{"do": "say", "text": "您好，我来看看"}"#).await;
    let lines = world.with_token("GET", &format!("{path}/messages"), &token, "").await.json();
    let lines = lines["messages"].as_array().unwrap();
    assert!(
        lines.iter().any(|line| line["author"] == "agent" && line["body"]["text"] == "您好，我来看看"),
        "{lines:?}"
    );
    let masked = lines.iter().find(|line| line["author"] == "user").unwrap();
    assert!(masked["body"]["text"].as_str().unwrap().contains("****"), "{masked}");
    let original = format!("{ticket}/original?seq={}", masked["seq"]);
    world.with_token("GET", &original, &li, "").await.problem(400, "malformed");
    world.with_token("GET", &format!("{original}&why="), &li, "").await.problem(422, "unusable");
    let shown = world.with_token("GET", &format!("{original}&why=call"), &li, "").await.json();
    assert!(shown["text"].as_str().unwrap().contains("13800138000"), "{shown}");
    let wang = world.session("wang", "agent").await;
    world.with_token("GET", &format!("{original}&why=call"), &wang, "").await.problem(403, "forbidden");
    let resolved = world.with_token("POST", &actions, &li, r#"{"do": "resolve", "solution": "换盘"}"#).await;
    assert_eq!(resolved.json()["status"], "resolved", "{resolved:?}");
    let view = world.with_token("GET", &path, &token, "").await.json();
    assert_eq!(view["state"], "resolved", "{view}");
}

#[tokio::test]
async fn only_operators_erase_people() {
    let world = World::new().await;
    post(&world.router, "/api/v1/conversations", r#"{"user": {"id": "u1"}}"#).await;
    let li = world.session("li", "agent").await;
    world.with_token("DELETE", "/api/v1/users/u1", &li, "").await.problem(403, "forbidden");
    get(&world.router, "/api/v1/users/u1").await.problem(405, "method-not-allowed");
    let boss = world.session("boss", "operator").await;
    let receipt = world.with_token("DELETE", "/api/v1/users/u1", &boss, "").await;
    assert_eq!(receipt.status, 200, "{receipt:?}");
    let long = format!("/api/v1/users/{}", "x".repeat(200));
    world.with_token("DELETE", &long, &boss, "").await.problem(404, "not-found");
}

#[tokio::test]
async fn cookies_are_for_tls_where_there_is_tls() {
    let world = World::with(Options { tls_in_front: true, ..Options::default() }).await;
    world.account("li", "agent").await;
    let body = json!({"name": "li", "password": PASSWORD}).to_string();
    let answer = post(&world.router, "/api/v1/sessions", &body).await;
    assert!(answer.headers["set-cookie"].to_str().unwrap().contains("; Secure"));
}
