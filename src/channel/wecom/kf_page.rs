//! A page of messages of customer service.

use serde_json::Value;

use crate::channel::tencent::bounded_key;
use crate::channel::{Arrival, Handle, Place, Quota, RemoteFile, Said, Target};

/// Where a message comes from: the customer.
const CUSTOMER: i64 = 3;
/// The platform itself: an event.
const PLATFORM: i64 = 4;
/// A message of the customer allows so many answers,
const ANSWERS: u32 = 5;
/// for so many milliseconds.
const ANSWERS_MS: i64 = 48 * 3600 * 1000;
/// A `welcome_code` is good for one message and so many milliseconds.
const WELCOME_MS: i64 = 20 * 1000;

/// Messages, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// What customers and the platform said; what agents and we said is left out.
    pub arrivals: Vec<Arrival>,
    /// Where the next page begins; to be kept once the arrivals are: without it everything of three days comes again.
    pub next_cursor: String,
    /// Whether there is more now.
    pub has_more: bool,
}

impl Page {
    /// Reads an answer to `sync_msg`. What cannot be read in it is left out: it must not keep back what follows.
    pub fn read(answer: &Value) -> Self {
        let messages = answer["msg_list"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            arrivals: messages.iter().filter_map(arrival).collect(),
            next_cursor: text(&answer["next_cursor"]),
            has_more: answer["has_more"].as_i64().is_some_and(|more| more != 0),
        }
    }
}

fn arrival(message: &Value) -> Option<Arrival> {
    let at = message["send_time"].as_i64()?.saturating_mul(1000);
    let (who, said, handle) = match message["origin"].as_i64()? {
        CUSTOMER => {
            let quota = Quota { left: ANSWERS, until: at.saturating_add(ANSWERS_MS) };
            (message, said(message), Handle { quota: Some(quota), ..Handle::default() })
        }
        PLATFORM => {
            let event = &message["event"];
            let (said, handle) = happened(event, at);
            (event, said, handle)
        }
        _ => return None,
    };
    let user = Some(text(&who["external_userid"])).filter(|user| !user.is_empty())?;
    let account = Some(text(&who["open_kfid"])).filter(|account| !account.is_empty())?;
    let id = Some(text(&message["msgid"])).filter(|id| !id.is_empty())?;
    let key = bounded_key(format!("m:{account}:{id}"));
    Some(Arrival {
        key,
        target: Target { user, chat: Some(account), group: false },
        name: None,
        at,
        said,
        handle,
    })
}

fn said(message: &Value) -> Said {
    let kind = text(&message["msgtype"]);
    let body = &message[&kind];
    let file = |name: String| match text(&body["media_id"]) {
        id if id.is_empty() => unsupported(&kind),
        id => {
            Said::Files { text: String::new(), files: vec![RemoteFile { name, place: Place::Media { id } }] }
        }
    };
    match kind.as_str() {
        "text" => {
            let (words, id) = (text(&body["content"]), text(&body["menu_id"]));
            if id.is_empty() { Said::Text { text: words } } else { Said::Choice { id, label: words } }
        }
        "image" => file("image.jpg".to_owned()),
        "voice" => file("voice.amr".to_owned()),
        "video" => file("video.mp4".to_owned()),
        "file" => {
            file(Some(text(&body["filename"])).filter(|name| !name.is_empty()).unwrap_or("file".to_owned()))
        }
        _ => unsupported(&kind),
    }
}

fn happened(event: &Value, at: i64) -> (Said, Handle) {
    match event["event_type"].as_str().unwrap_or_default() {
        "enter_session" => {
            let scene = [text(&event["scene"]), text(&event["scene_param"])].join(" ").trim().to_owned();
            let welcome = Some(text(&event["welcome_code"])).filter(|code| !code.is_empty());
            let quota = Quota { left: u32::from(welcome.is_some()), until: at.saturating_add(WELCOME_MS) };
            (Said::Entered { scene }, Handle { welcome, quota: Some(quota), ..Handle::default() })
        }
        "msg_send_fail" => {
            let reason = failure(event["fail_type"].as_i64().unwrap_or_default()).to_owned();
            (Said::Undelivered { reason }, Handle::default())
        }
        other => (Said::Passing { kind: other.to_owned() }, Handle::default()),
    }
}

fn failure(kind: i64) -> &'static str {
    match kind {
        1 => "the customer-service account was deleted",
        2 => "the application is switched off",
        4 => "they wrote more than 48 hours ago",
        5 => "the session has ended",
        6 => "five messages were sent since they wrote",
        8 | 9 => "the corporation is not verified",
        10 => "they refuse messages",
        _ => "the platform does not say why",
    }
}

fn text(value: &Value) -> String {
    value.as_str().map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn unsupported(kind: &str) -> Said {
    Said::Unsupported { kind: kind.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn from_customer(kind: &str, body: Value) -> Value {
        json!({ "msgid": "i", "open_kfid": "wk", "external_userid": "wm", "send_time": 5, "origin": 3, "msgtype": kind,
            kind: body })
    }

    #[test]
    fn a_page_is_read() {
        let page = Page::read(&json!({
            "next_cursor": "c2", "has_more": 1,
            "msg_list": [
                from_customer("text", json!({ "content": "hi" })),
                from_customer("text", json!({ "content": "满意", "menu_id": "101" })),
                from_customer("image", json!({ "media_id": "M" })),
                from_customer("location", json!({})),
                { "msgid": "e", "send_time": 6, "origin": 4, "msgtype": "event", "event": {
                    "event_type": "enter_session", "open_kfid": "wk", "external_userid": "wm", "scene": "123",
                    "scene_param": "abc", "welcome_code": "W" } },
                { "msgid": "f", "send_time": 6, "origin": 4, "msgtype": "event", "event": {
                    "event_type": "msg_send_fail", "open_kfid": "wk", "external_userid": "wm", "fail_type": 4 } },
                { "msgid": "s", "send_time": 6, "origin": 5, "external_userid": "wm", "open_kfid": "wk", "msgtype": "text" },
                { "odd": true }, 7, null,
            ],
        }));
        assert_eq!((page.next_cursor.as_str(), page.has_more), ("c2", true));
        let said: Vec<&Said> = page.arrivals.iter().map(|arrival| &arrival.said).collect();
        let place = Place::Media { id: "M".to_owned() };
        let image = RemoteFile { name: "image.jpg".to_owned(), place };
        let wanted = [
            Said::Text { text: "hi".to_owned() },
            Said::Choice { id: "101".to_owned(), label: "满意".to_owned() },
            Said::Files { text: String::new(), files: vec![image] },
            unsupported("location"),
            Said::Entered { scene: "123 abc".to_owned() },
            Said::Undelivered { reason: "they wrote more than 48 hours ago".to_owned() },
        ];
        assert_eq!(said, wanted.iter().collect::<Vec<_>>());
        let first = &page.arrivals[0];
        assert_eq!(
            (first.key.as_str(), first.target.chat.as_deref(), first.at),
            ("m:wk:i", Some("wk"), 5000)
        );
        assert_eq!(first.handle.quota, Some(Quota { left: 5, until: 172_805_000 }));
        let handle = &page.arrivals[4].handle;
        assert_eq!(
            (handle.welcome.as_deref(), handle.quota),
            (Some("W"), Some(Quota { left: 1, until: 26_000 }))
        );
    }

    #[test]
    fn an_odd_page_is_empty() {
        for odd in [Value::Null, json!([]), json!({ "msg_list": 7, "next_cursor": 8, "has_more": "x" })] {
            assert_eq!(Page::read(&odd), Page::default());
        }
    }
}
