//! Recorded vectors and frames of DingTalk. Where the files are absent this says so and passes.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use yunzhu::channel::dingtalk::{Options, receive, reply, sign, stream};
use yunzhu::channel::{Refused, Said, Target};
use yunzhu::message::part::Part;
use yunzhu::privacy::secret::Secret;

/// A file of the recorded channels.
fn recorded(name: &str) -> Option<Value> {
    let folder = std::env::var_os("YUNZHU_CHANNEL_VECTORS").map(PathBuf::from);
    let folder =
        folder.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/channels")));
    let text = fs::read_to_string(folder.join(name)).ok();
    if text.is_none() {
        println!("{name} is absent: nothing is checked");
    }
    text.map(|text| serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn options(secret: &str) -> Options {
    Options {
        app_key: "dingkey".to_owned(),
        app_secret: Secret::from(secret.to_owned()),
        robot_code: "dingkey".to_owned(),
        api_base: "http://127.0.0.1:1".to_owned(),
    }
}

#[test]
fn signatures_of_callbacks_are_accepted_and_refused_as_recorded() {
    let Some(file) = recorded("vectors.json") else { return };
    let mut seen = 0;
    for vector in
        file["vectors"].as_array().unwrap().iter().filter(|vector| vector["channel"] == "dingtalk_http")
    {
        let (id, expected) = (&vector["id"], &vector["expect"]);
        let (header, now) =
            (|name: &str| vector["headers"][name].as_str(), vector["server_clock_ms"].as_i64().unwrap());
        let options = options(vector["app_secret"].as_str().unwrap());
        let outcome = match vector["body"].as_str() {
            Some(body) => {
                receive::receive(&options, header("timestamp"), header("sign"), body.as_bytes(), now)
                    .map(Some)
            }
            None => {
                sign::verify(header("timestamp"), header("sign"), &options.app_secret, now).map(|()| None)
            }
        };
        match (&outcome, expected["reason"].as_str()) {
            (Ok(arrival), None) => {
                assert_eq!(expected["accept"], true, "{id}");
                if let (Some(text), Some(arrival)) = (expected["text"].as_str(), arrival) {
                    assert_eq!(arrival.said, Said::Text { text: text.to_owned() }, "{id}");
                    assert_eq!(arrival.key, "dingxxxx:msg2p+w==", "{id}");
                    assert!(arrival.target.group && arrival.target.user == "452523285939877041", "{id}");
                }
            }
            (Err(Refused::Stale), Some("stale_timestamp")) => {}
            (Err(Refused::BadSignature | Refused::Incomplete), Some("bad_signature")) => {}
            _ => panic!("{id}: {outcome:?}, but {expected}"),
        }
        seen += 1;
    }
    assert!(seen >= 9, "{seen} vectors of DingTalk");
}

#[test]
fn signatures_of_group_robots_are_made_as_recorded() {
    let Some(file) = recorded("vectors.json") else { return };
    let vectors = file["vectors"].as_array().unwrap().iter();
    for vector in vectors.filter(|vector| vector["channel"] == "dingtalk_webhook") {
        let secret = Secret::from(vector["secret"].as_str().unwrap().to_owned());
        let signed = sign::sign(&vector["timestamp_ms"].to_string(), &secret);
        assert_eq!(signed, vector["expect"]["sign_base64"].as_str().unwrap(), "{}", vector["id"]);
    }
}

#[test]
fn frames_and_calls_have_the_recorded_shape() {
    let Some(trace) = recorded("dingtalk_stream_trace.json") else { return };
    let keys = |value: &Value| {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort_unstable();
        keys
    };
    let mut seen = 0;
    for entry in trace.as_array().unwrap() {
        let (kind, what, body) = (entry[0].as_str().unwrap(), &entry[1], &entry[2]);
        match (kind, what.as_str().unwrap_or_default()) {
            ("POST", stream::OPEN_PATH) => {
                let ours = stream::open(&options("dingsecret"));
                assert_eq!(keys(&ours), keys(body));
                for key in ["clientId", "clientSecret", "subscriptions"] {
                    assert_eq!(ours[key], body[key], "{key}");
                }
            }
            ("WS", path) => {
                let answer =
                    serde_json::json!({"endpoint": "wss://x.dingtalk.com/connect", "ticket": "t/ick=et+1"});
                let gate = stream::opened(&answer).unwrap();
                assert!(gate.address().ends_with(path), "{path}");
            }
            ("ACK", _) => {
                let id = what["headers"]["messageId"].as_str().unwrap();
                let data = what["data"].as_str().unwrap();
                let ours = if id.starts_with("cb") { stream::taken(id) } else { stream::echo(id, data) };
                let ours: Value = serde_json::from_str(&ours).unwrap();
                let read = |value: &Value| -> Value {
                    serde_json::from_str(value["data"].as_str().unwrap()).unwrap()
                };
                assert_eq!(read(&ours), read(what));
                for key in ["code", "headers", "message"] {
                    assert_eq!(ours[key], what[key], "{key}");
                }
            }
            ("POST", path) if path.starts_with("/robot/sendBySession") => {
                // The official kit does not name the person in the text, which the documentation wants: compared without that.
                let target = Target { user: "u1".to_owned(), chat: None, group: false };
                let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
                let part = match body["msgtype"].as_str() {
                    Some("text") => Part::Text { text: text("/text/content") },
                    _ => Part::Markdown { title: text("/markdown/title"), text: text("/markdown/text") },
                };
                let mut expected = body.clone();
                expected.as_object_mut().unwrap().remove("at");
                assert_eq!(reply::session(&part, &target), expected);
                let group = Target { user: "u1".to_owned(), chat: Some("cid".to_owned()), group: true };
                assert_eq!(reply::session(&part, &group)["at"], body["at"]);
            }
            ("POST", "/v1.0/oauth2/accessToken") => assert_eq!(keys(body), ["appKey", "appSecret"]),
            other => panic!("nobody compares {other:?}"),
        }
        seen += 1;
    }
    assert!(seen >= 9, "{seen} recorded frames");
}
