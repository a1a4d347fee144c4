//! Frames of the stream, by which messages come without a public address. Pure.
//!
//! The gateway is asked for an endpoint and a ticket (90 s, once); the WebSocket brings frames `{type, headers{topic, messageId},
//! data}` whose data is JSON as text, and wants an answer to each. What is not answered may come again, or may not.

use serde_json::{Value, json};

use crate::privacy::secret::Secret;

use super::Options;

/// Path of the call that opens a stream.
pub const OPEN_PATH: &str = "/v1.0/gateway/connections/open";
/// The topic of messages to a robot.
const MESSAGES: &str = "/v1.0/im/bot/messages/get";

/// What came by the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message to the robot: JSON as text, as a callback's body.
    Message {
        /// What an answer names.
        id: String,
        /// The JSON.
        data: String,
    },
    /// The stream ends soon: nothing more comes by it, and another one is wanted at once.
    Disconnect {
        /// What an answer names.
        id: String,
        /// What is sent back.
        data: String,
    },
    /// A ping, or something else of the stream itself, which wants its data back.
    System {
        /// What an answer names.
        id: String,
        /// What is sent back.
        data: String,
    },
    /// A topic that was not asked for.
    Other {
        /// What an answer names.
        id: String,
    },
    /// No frame.
    Unreadable,
}

/// Where a stream is to be opened.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Address of the WebSocket, which must be checked before it is called.
    pub endpoint: String,
    ticket: Secret,
}

/// The body of the call that opens a stream. Holds the secret.
pub fn open(options: &Options) -> Value {
    json!({
        "clientId": options.app_key,
        "clientSecret": options.app_secret.expose(),
        "subscriptions": [{"type": "CALLBACK", "topic": MESSAGES}],
        "ua": concat!("yunzhu/", env!("CARGO_PKG_VERSION")),
        // Wanted by the call and used for nothing: the network's own addresses are not its business.
        "localIp": "127.0.0.1",
    })
}

/// What that call answers; `None` where it has no endpoint or ticket.
pub fn opened(answer: &Value) -> Option<Gate> {
    let text = |key: &str| answer.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Gate { endpoint: text("endpoint")?, ticket: text("ticket")?.into() })
}

impl Gate {
    /// The address with the ticket. Holds a secret.
    pub fn address(&self) -> String {
        let mark = if self.endpoint.contains('?') { '&' } else { '?' };
        format!("{}{mark}ticket={}", self.endpoint, percent(self.ticket.expose()))
    }
}

/// Reads a frame.
pub fn read(text: &str) -> Frame {
    let Ok(frame) = serde_json::from_str::<Value>(text) else { return Frame::Unreadable };
    let header = |name: &str| frame.get("headers")?.get(name)?.as_str();
    let Some(id) = header("messageId").map(str::to_owned) else { return Frame::Unreadable };
    let data = || match frame.get("data") {
        Some(Value::String(data)) => data.clone(),
        Some(data) => data.to_string(),
        None => "{}".to_owned(),
    };
    match (frame.get("type").and_then(Value::as_str), header("topic")) {
        (Some("CALLBACK"), Some(MESSAGES)) => Frame::Message { id, data: data() },
        (Some("SYSTEM"), Some("disconnect")) => Frame::Disconnect { id, data: data() },
        (Some("SYSTEM"), _) => Frame::System { id, data: data() },
        _ => Frame::Other { id },
    }
}

/// Says that a message was taken: only once it is durable.
pub fn taken(id: &str) -> String {
    answer(200, "", id, &json!({"response": "OK"}).to_string())
}

/// Sends back what a frame of the stream itself held.
pub fn echo(id: &str, data: &str) -> String {
    answer(200, "OK", id, data)
}

/// Says that there is nobody for this topic.
pub fn nobody(id: &str) -> String {
    answer(404, "not implemented", id, "{}")
}

fn answer(code: u16, message: &str, id: &str, data: &str) -> String {
    let headers = json!({"contentType": "application/json", "messageId": id});
    json!({"code": code, "headers": headers, "message": message, "data": data}).to_string()
}

/// A text as the value of a query (RFC 3986: all but unreserved characters).
pub(in crate::channel) fn percent(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                spelled.push(char::from(byte))
            }
            other => spelled.push_str(&format!("%{other:02X}")),
        }
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: &str, topic: &str, data: Value) -> String {
        let headers =
            json!({"topic": topic, "messageId": "m-1", "contentType": "application/json", "time": "1"});
        json!({"specVersion": "1.0", "type": kind, "headers": headers, "data": data}).to_string()
    }

    #[test]
    fn frames_are_told_apart() {
        let (id, data) = ("m-1".to_owned(), "{\"a\":1}".to_owned());
        let of = |kind, topic| read(&frame(kind, topic, json!("{\"a\":1}")));
        assert_eq!(of("CALLBACK", MESSAGES), Frame::Message { id: id.clone(), data: data.clone() });
        assert_eq!(of("SYSTEM", "disconnect"), Frame::Disconnect { id: id.clone(), data: data.clone() });
        for topic in ["ping", "CONNECTED", "REGISTERED", "KEEPALIVE"] {
            assert_eq!(of("SYSTEM", topic), Frame::System { id: id.clone(), data: data.clone() });
        }
        assert_eq!(of("CALLBACK", "/v1.0/card/instances/callback"), Frame::Other { id: id.clone() });
        assert_eq!(of("EVENT", "*"), Frame::Other { id: id.clone() });
        // Data that is JSON instead of text is taken too.
        assert_eq!(read(&frame("SYSTEM", "ping", json!({"a": 1}))), Frame::System { id, data });
        for odd in ["", "{}", "[]", "null", "{\"headers\":7}", "{\"headers\":{\"messageId\":1}}", "\u{0}"] {
            assert_eq!(read(odd), Frame::Unreadable, "{odd}");
        }
    }

    #[test]
    fn a_ticket_is_spelled_for_an_address_and_not_shown() {
        let gate =
            opened(&json!({"endpoint": "wss://a.dingtalk.com/connect", "ticket": "t/ick=et+1"})).unwrap();
        assert_eq!(gate.address(), "wss://a.dingtalk.com/connect?ticket=t%2Fick%3Det%2B1");
        assert!(!format!("{gate:?}").contains("et+1"));
        assert!(
            opened(&json!({"endpoint": "wss://a", "ticket": ""})).is_none() && opened(&Value::Null).is_none()
        );
    }

    #[test]
    fn answers_have_the_shape_of_the_official_kit() {
        let taken: Value = serde_json::from_str(&taken("cb-1")).unwrap();
        let expected = json!({
            "code": 200, "headers": {"contentType": "application/json", "messageId": "cb-1"}, "message": "",
            "data": "{\"response\":\"OK\"}",
        });
        assert_eq!(taken, expected);
        let pong: Value = serde_json::from_str(&echo("p", "{\"opaque\": \"xyz\"}")).unwrap();
        assert_eq!((&pong["data"], &pong["message"]), (&json!("{\"opaque\": \"xyz\"}"), &json!("OK")));
        assert!(nobody("x").contains("404"));
    }
}
