//! What a bot of WeCom (智能机器人) is told, by callback or long connection: the same JSON.

use serde_json::Value;

use crate::channel::tencent::bounded_key;
use crate::channel::{Arrival, Handle, Place, Refused, RemoteFile, Said, Target};

/// A `response_url` is good for so many milliseconds, and one call.
const URL_MS: i64 = 3600 * 1000;
/// Most files of one message.
const MAX_FILES: usize = 20;

/// What a bot is told.
#[derive(Clone, Debug, PartialEq)]
pub enum BotCall {
    /// Somebody said or did something.
    Arrival(Box<Arrival>),
    /// The platform asks how far an answer has come that was begun as a stream.
    Refresh {
        /// The id under which it was begun.
        stream_id: String,
        /// What makes the question the same when it comes again.
        key: String,
    },
    /// Another connection has taken this one's place.
    Replaced,
}

/// Reads a message. `name` is the bot's, which people write before their words in groups; where it is not known, one leading
/// `@word` is taken off.
///
/// # Errors
/// It has no id or no sender.
pub fn read(message: &Value, name: Option<&str>, now_ms: i64) -> Result<BotCall, Refused> {
    let kind = message["msgtype"].as_str().ok_or(Refused::Unreadable)?;
    let event = &message["event"];
    if kind == "event" && event["eventtype"] == "disconnected_event" {
        return Ok(BotCall::Replaced);
    }
    let key = bounded_key(format!("m:{}", nonempty(&message["msgid"]).ok_or(Refused::Unreadable)?));
    if kind == "stream" {
        let stream_id = nonempty(&message["stream"]["id"]).ok_or(Refused::Unreadable)?;
        return Ok(BotCall::Refresh { stream_id, key });
    }
    let group = message["chattype"] == "group";
    let user = nonempty(&message["from"]["userid"]).ok_or(Refused::Unreadable)?;
    let chat = nonempty(&message["chatid"]).filter(|_| group);
    let url = nonempty(&message["response_url"]);
    Ok(BotCall::Arrival(Box::new(Arrival {
        key,
        target: Target { user, chat, group },
        name: None,
        at: message["create_time"].as_i64().map_or(now_ms, |seconds| seconds.saturating_mul(1000)),
        said: if kind == "event" { happened(event) } else { said(kind, message, group, name) },
        handle: Handle {
            url_until: url.as_ref().map(|_| now_ms.saturating_add(URL_MS)),
            url,
            ..Handle::default()
        },
    })))
}

fn said(kind: &str, message: &Value, group: bool, name: Option<&str>) -> Said {
    let body = &message[kind];
    let words = |text: &str| if group { without_mention(text, name) } else { text.trim() }.to_owned();
    match kind {
        "text" | "voice" => Said::Text { text: words(body["content"].as_str().unwrap_or_default()) },
        "image" | "file" | "video" => match file(kind, body) {
            Some(file) => Said::Files { text: String::new(), files: vec![file] },
            None => unsupported(kind),
        },
        "mixed" => {
            let items = body["msg_item"].as_array().map(Vec::as_slice).unwrap_or_default();
            let text = items.iter().filter_map(|item| item["text"]["content"].as_str());
            let text = words(&text.collect::<Vec<_>>().join("\n"));
            let files = items.iter().filter_map(|item| {
                let kind = item["msgtype"].as_str()?;
                file(kind, &item[kind])
            });
            let files: Vec<RemoteFile> = files.take(MAX_FILES).collect();
            if files.is_empty() { Said::Text { text } } else { Said::Files { text, files } }
        }
        _ => unsupported(kind),
    }
}

/// The key is only given on the long connection; by callback files are encrypted with the bot's own.
fn file(kind: &str, body: &Value) -> Option<RemoteFile> {
    let place = Place::Address { url: nonempty(&body["url"])?, key: nonempty(&body["aeskey"]) };
    let made_up = match kind {
        "image" => "image.jpg",
        "video" => "video.mp4",
        _ => "file",
    };
    let name = ["filename", "name"].iter().find_map(|field| nonempty(&body[*field]));
    Some(RemoteFile { name: name.unwrap_or_else(|| made_up.to_owned()), place })
}

fn happened(event: &Value) -> Said {
    let kind = event["eventtype"].as_str().unwrap_or_default();
    let body = &event[kind];
    let text = |field: &str| nonempty(&body[field]).unwrap_or_default();
    match kind {
        "enter_chat" => Said::Entered { scene: String::new() },
        "template_card_event" => Said::Choice { id: text("event_key"), label: String::new() },
        "feedback_event" => {
            let helpful = match body["type"].as_i64() {
                Some(1) => Some(true),
                Some(2) => Some(false),
                _ => None,
            };
            Said::Verdict { target: text("id"), helpful, comment: text("content") }
        }
        _ => Said::Passing { kind: kind.to_owned() },
    }
}

fn without_mention<'a>(text: &'a str, name: Option<&str>) -> &'a str {
    let text = text.trim();
    let Some(after) = text.strip_prefix('@') else { return text };
    let rest = match name.filter(|name| !name.is_empty()) {
        Some(name) => {
            after.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
        }
        None => Some(after.split_once(char::is_whitespace).map_or("", |(_, rest)| rest)),
    };
    rest.unwrap_or(text).trim()
}

fn nonempty(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn unsupported(kind: &str) -> Said {
    Said::Unsupported { kind: kind.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arrival(body: Value) -> Arrival {
        let mut message = json!({ "msgid": "m1", "aibotid": "b", "from": { "userid": "zhang" } });
        for (field, value) in body.as_object().unwrap() {
            message[field] = value.clone();
        }
        match read(&message, None, 1000) {
            Ok(BotCall::Arrival(arrival)) => *arrival,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_lose_the_mention_in_groups() {
        let group = json!({ "chattype": "group", "chatid": "c", "response_url": "https://a", "msgtype": "text",
            "text": { "content": "@小知 年假 怎么请" } });
        let heard = arrival(group);
        assert_eq!(heard.said, Said::Text { text: "年假 怎么请".to_owned() });
        assert_eq!(
            heard.target,
            Target { user: "zhang".to_owned(), chat: Some("c".to_owned()), group: true }
        );
        assert_eq!(
            (heard.handle.url.as_deref(), heard.handle.url_until, heard.at),
            (Some("https://a"), Some(3_601_000), 1000)
        );
        let single =
            arrival(json!({ "chattype": "single", "msgtype": "voice", "voice": { "content": "@a b" } }));
        assert_eq!(single.said, Said::Text { text: "@a b".to_owned() });
        let cases = [
            ("@Robot A hi", Some("Robot A"), "hi"),
            ("@RobotA hi", Some("Robot"), "@RobotA hi"),
            ("@小知\u{2005}hi", None, "hi"),
            ("@小知", None, ""),
            ("hi @小知", None, "hi @小知"),
        ];
        for (text, name, wanted) in cases {
            assert_eq!(without_mention(text, name), wanted);
        }
    }

    #[test]
    fn files_keep_their_key() {
        let image = json!({ "url": "https://a", "aeskey": "K" });
        let mixed = json!([{ "msgtype": "text", "text": { "content": "看" } }, { "msgtype": "image", "image": image }]);
        let place = Place::Address { url: "https://a".to_owned(), key: Some("K".to_owned()) };
        let files = vec![RemoteFile { name: "image.jpg".to_owned(), place }];
        let heard = arrival(json!({ "msgtype": "mixed", "mixed": { "msg_item": mixed } }));
        assert_eq!(heard.said, Said::Files { text: "看".to_owned(), files: files.clone() });
        let heard = arrival(json!({ "msgtype": "image", "image": image }));
        assert_eq!(heard.said, Said::Files { text: String::new(), files });
        assert_eq!(arrival(json!({ "msgtype": "image" })).said, unsupported("image"));
    }

    #[test]
    fn events_are_read() {
        let event = |kind: &str, body: Value| {
            arrival(
                json!({ "msgtype": "event", "create_time": 7, "event": { "eventtype": kind, kind: body } }),
            )
        };
        let entered = event("enter_chat", Value::Null);
        assert_eq!((entered.said, entered.at), (Said::Entered { scene: String::new() }, 7000));
        let tapped = event("template_card_event", json!({ "event_key": "opt_2", "task_id": "t" }));
        assert_eq!(tapped.said, Said::Choice { id: "opt_2".to_owned(), label: String::new() });
        for (kind, helpful) in [(1, Some(true)), (2, Some(false)), (3, None)] {
            let verdict = event("feedback_event", json!({ "id": "fb", "type": kind, "content": "细" }));
            assert_eq!(
                verdict.said,
                Said::Verdict { target: "fb".to_owned(), helpful, comment: "细".to_owned() }
            );
        }
        let replaced = json!({ "msgtype": "event", "event": { "eventtype": "disconnected_event" } });
        assert_eq!(read(&replaced, None, 0), Ok(BotCall::Replaced));
    }

    #[test]
    fn what_has_no_id_or_sender_is_refused() {
        for odd in [
            Value::Null,
            json!([]),
            json!({ "msgtype": "text" }),
            json!({ "msgtype": "text", "msgid": "m", "from": 7 }),
            json!({ "msgtype": "stream", "msgid": "m", "stream": { "id": "" } }),
        ] {
            assert_eq!(read(&odd, None, 0), Err(Refused::Unreadable), "{odd}");
        }
    }
}
