use std::fs;
use std::path::Path;

use serde_json::Value;
use yunzhu::http::options::{Options, Quota};

use super::asking::{ask, closed, get, post, request};

#[tokio::test]
async fn until_the_service_is_open_one_is_asked_to_wait() {
    let router = closed(Options::default());
    assert_eq!(get(&router, "/healthz").await.status, 200);
    for path in ["/readyz", "/api/v1/search?q=x", "/api/v1/tickets", "/api/v1/conversations/c1"] {
        let answer = get(&router, path).await;
        answer.problem(503, "unavailable");
        assert!(answer.headers.contains_key("retry-after"), "{path}");
    }
    post(&router, "/api/v1/conversations", "{}").await.problem(503, "unavailable");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let router = closed(Options::default());
    for path in ["/nothing", "/api/v1/nothing", "/assets/../Cargo.toml", "/assets/secret", "/api/v1/"] {
        get(&router, path).await.problem(404, "not-found");
    }
    ask(&router, request("PATCH", "/api/v1/conversations", &[], "")).await.problem(405, "method-not-allowed");
    ask(&router, request("DELETE", "/", &[], "")).await.problem(405, "method-not-allowed");
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_read() {
    let router = closed(Options::default());
    let length = 10_000_000.to_string();
    let headers = [("content-type", "application/json"), ("content-length", length.as_str())];
    let answer = ask(&router, request("POST", "/api/v1/conversations", &headers, "")).await;
    answer.problem(413, "too-large");
    assert_eq!(answer.headers["connection"], "close");
}

#[tokio::test]
async fn pages_of_others_change_nothing() {
    let options =
        Options { allowed_origins: vec!["https://console.example.com".into()], ..Options::default() };
    let router = closed(options);
    let from =
        |origin| [("host", "help.example.com"), ("origin", origin), ("content-type", "application/json")];
    let sessions = "/api/v1/sessions";
    let foreign = ask(&router, request("POST", sessions, &from("https://evil.example"), "{}")).await;
    foreign.problem(403, "forbidden");
    assert!(!foreign.headers.contains_key("access-control-allow-origin"));
    let allowed = ask(&router, request("POST", sessions, &from("https://console.example.com"), "{}")).await;
    allowed.problem(503, "unavailable");
    assert_eq!(allowed.headers["access-control-allow-origin"], "https://console.example.com");
    let preflight = [("origin", "https://console.example.com"), ("access-control-request-method", "POST")];
    let preflight = ask(&router, request("OPTIONS", sessions, &preflight, "")).await;
    assert!(preflight.headers["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
}

#[tokio::test]
async fn who_is_too_fast_waits() {
    let mut options = Options::default();
    options.limits.address = Some(Quota::new(1, 2));
    let router = closed(options);
    let mut last = None;
    for _ in 0..3 {
        last = Some(get(&router, "/").await);
    }
    let last = last.unwrap();
    last.problem(429, "too-many-requests");
    assert_eq!(last.headers["retry-after"], "1");
    assert_eq!(get(&router, "/healthz").await.status, 200, "who watches is let in");
}

#[tokio::test]
async fn too_much_at_once_is_told_to_come_later() {
    let mut options = Options::default();
    options.limits.concurrent_requests = 0;
    let router = closed(options);
    let answer = get(&router, "/").await;
    answer.problem(503, "unavailable");
    assert_eq!(answer.headers["retry-after"], "1");
}

#[tokio::test]
async fn pages_and_their_files_are_there() {
    let router = closed(Options::default());
    for page in ["/", "/desk"] {
        let answer = get(&router, page).await;
        assert_eq!(answer.status, 200);
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        for part in answer.body.split("/assets/").skip(1) {
            let name = part.split('"').next().unwrap();
            let file = get(&router, &format!("/assets/{name}")).await;
            assert_eq!(file.status, 200, "{name}");
            let tag = file.headers["etag"].to_str().unwrap();
            let again =
                ask(&router, request("GET", &format!("/assets/{name}"), &[("if-none-match", tag)], "")).await;
            assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{name}");
        }
    }
}

#[tokio::test]
async fn requests_are_counted_by_route() {
    let router = closed(Options::default());
    get(&router, "/api/v1/conversations/some-id").await;
    get(&router, "/some/nonsense").await;
    let page = get(&router, "/metrics").await.body;
    let line =
        r#"yunzhu_http_requests_total{method="GET",route="/api/v1/conversations/{id}",status="503"} 1"#;
    assert!(page.contains(line), "{page}");
    assert!(page.contains(r#"route="other",status="404"} 1"#), "{page}");
    assert!(page.contains("yunzhu_resident_memory_bytes") && !page.contains("some-id"), "{page}");
}

#[tokio::test]
async fn every_handler_is_described_and_every_description_is_handled() {
    let router = closed(Options::default());
    let document = get(&router, "/api/v1/openapi.json").await.json();
    for path in
        ["messages", "feedback", "handoff", "rating"].map(|end| format!("/conversations/{{id}}/{end}"))
    {
        let body = &document["paths"][format!("/api/v1{path}")]["post"]["requestBody"];
        assert!(body["content"]["application/json"]["schema"].is_object(), "{path} says what to send");
    }
    let mut described = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described += 1;
            let filled = path.replace("{id}", "x1");
            let answer = ask(&router, request(&method.to_uppercase(), &filled, &[], "")).await;
            assert!(![404, 405].contains(&answer.status.as_u16()), "{method} {path}: {answer:?}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2') || status == "101"),
                "{method} {path}"
            );
            assert_eq!(
                responses["422"]["content"]["application/problem+json"]["schema"]["$ref"],
                "#/components/schemas/Problem"
            );
            let open = ["/api/v1/conversations", "/api/v1/search", "/api/v1/sessions"];
            assert_eq!(operation.get("security").is_none(), open.contains(&path.as_str()), "{method} {path}");
        }
    }
    assert_eq!(described, handlers(), "a handler is not in the router");
    hold_references(&document, &document);
    for scheme in ["conversation", "session", "cookie"] {
        assert!(document["components"]["securitySchemes"][scheme].is_object(), "{scheme}");
    }
}

/// How many handlers say what they are.
fn handlers() -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| fs::read_to_string(path).unwrap().matches("#[utoipa::path(").count()).sum()
}

/// Every schema that is named is there.
fn hold_references(document: &Value, part: &Value) {
    match part {
        Value::Object(parts) => {
            if let Some(Value::String(target)) = parts.get("$ref") {
                let place = target.strip_prefix('#').unwrap();
                assert!(document.pointer(place).is_some(), "there is no {target}");
            }
            parts.values().for_each(|part| hold_references(document, part));
        }
        Value::Array(parts) => parts.iter().for_each(|part| hold_references(document, part)),
        _ => {}
    }
}
