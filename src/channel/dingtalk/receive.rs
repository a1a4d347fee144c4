//! Messages to a robot, from a callback or a stream: both bring the same JSON.

use serde_json::Value;

use crate::channel::{Arrival, Handle, Place, Refused, RemoteFile, Said, Target};

use super::{Options, sign};

/// Longest body that is read, in bytes.
const MAX_BODY: usize = 1 << 20;
/// Longest key of an arrival, in bytes.
const MAX_KEY: usize = 200;
/// Longest name of a person, file or kind that is kept, in characters.
const MAX_NAME: usize = 120;

/// A callback: checks the headers `timestamp` and `sign`, and reads the body.
///
/// # Errors
/// The signature does not fit, or the body is no message.
pub fn receive(
    options: &Options,
    timestamp: Option<&str>,
    given: Option<&str>,
    body: &[u8],
    now_ms: i64,
) -> Result<Arrival, Refused> {
    sign::verify(timestamp, given, &options.app_secret, now_ms)?;
    let body = std::str::from_utf8(body).map_err(|_| Refused::Unreadable)?;
    decode(options, body, now_ms)
}

/// The JSON of a message that was verified already.
///
/// # Errors
/// It has no `msgId`, no sender, or no conversation where it is from a group.
pub fn decode(options: &Options, body: &str, now_ms: i64) -> Result<Arrival, Refused> {
    if body.len() > MAX_BODY {
        return Err(Refused::Unreadable);
    }
    let wire: Value = serde_json::from_str(body).map_err(|_| Refused::Unreadable)?;
    let robot = text(&wire, "robotCode").unwrap_or(&options.robot_code);
    let key = format!("{robot}:{}", text(&wire, "msgId").ok_or(Refused::Unreadable)?);
    // People from outside, and a robot that is not published, have no staff id.
    let user = text(&wire, "senderStaffId").or_else(|| text(&wire, "senderId")).ok_or(Refused::Unreadable)?;
    let group = text(&wire, "conversationType") == Some("2");
    let chat = match group {
        true => Some(text(&wire, "conversationId").ok_or(Refused::Unreadable)?.to_owned()),
        false => None,
    };
    if key.len() > MAX_KEY {
        return Err(Refused::Unreadable);
    }
    Ok(Arrival {
        key,
        target: Target { user: user.to_owned(), chat, group },
        name: text(&wire, "senderNick").map(short),
        at: number(&wire, "createAt").unwrap_or(now_ms),
        said: said(&wire),
        handle: Handle {
            url: text(&wire, "sessionWebhook").map(str::to_owned),
            url_until: number(&wire, "sessionWebhookExpiredTime"),
            ..Handle::default()
        },
    })
}

fn said(wire: &Value) -> Said {
    let content = &wire["content"];
    let kind = text(wire, "msgtype").unwrap_or_default();
    match kind {
        "text" => {
            words(text(&wire["text"], "content").or(content.as_str()).or(text(content, "content")), wire)
        }
        "richText" => rich(content),
        "picture" => file(content, "picture.jpg".to_owned(), kind),
        "audio" => match text(content, "recognition").map(str::trim).filter(|words| !words.is_empty()) {
            Some(words) => Said::Text { text: words.to_owned() },
            None => file(content, "audio.amr".to_owned(), kind),
        },
        "video" => {
            let ending = text(content, "videoType").map_or("mp4".to_owned(), short);
            file(content, format!("video.{ending}"), kind)
        }
        "file" => file(content, text(content, "fileName").map_or("file".to_owned(), short), kind),
        _ => Said::Unsupported { kind: short(kind) },
    }
}

fn words(words: Option<&str>, wire: &Value) -> Said {
    // The quota of messages that a robot may receive is used up: the words are withheld.
    let withheld = wire.get("errorMessage").is_some_and(|error| !error.is_null());
    match words.map(str::trim) {
        Some("") if !withheld => Said::Entered { scene: "mention".to_owned() },
        Some(words) if !words.is_empty() => Said::Text { text: words.to_owned() },
        _ if withheld => Said::Unsupported { kind: "quota".to_owned() },
        _ => Said::Unsupported { kind: "text".to_owned() },
    }
}

fn rich(content: &Value) -> Said {
    let (mut words, mut files) = (String::new(), Vec::new());
    for piece in content["richText"].as_array().into_iter().flatten() {
        if let Some(text) = text(piece, "text") {
            words.push_str(text);
        }
        if let Some(id) = media(piece) {
            let name = format!("picture-{}.jpg", files.len() + 1);
            files.push(RemoteFile { name, place: Place::Media { id } });
        }
    }
    let text = words.trim().to_owned();
    match (files.is_empty(), text.is_empty()) {
        (false, _) => Said::Files { text, files },
        (true, false) => Said::Text { text },
        (true, true) => Said::Unsupported { kind: "richText".to_owned() },
    }
}

fn file(content: &Value, name: String, kind: &str) -> Said {
    match media(content) {
        Some(id) => {
            Said::Files { text: String::new(), files: vec![RemoteFile { name, place: Place::Media { id } }] }
        }
        None => Said::Unsupported { kind: short(kind) },
    }
}

fn media(of: &Value) -> Option<String> {
    text(of, "downloadCode").or_else(|| text(of, "pictureDownloadCode")).map(str::to_owned)
}

/// A text that is not empty; an empty `content` is told apart by its caller.
fn text<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    of.get(key)?.as_str().filter(|text| !text.is_empty() || key == "content")
}

fn number(of: &Value, key: &str) -> Option<i64> {
    let value = of.get(key)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options() -> Options {
        Options {
            app_key: "dingkey".to_owned(),
            app_secret: "this is a secret".to_owned().into(),
            robot_code: "dingkey".to_owned(),
            api_base: super::super::API_BASE.to_owned(),
        }
    }

    fn of(more: Value) -> Result<Arrival, Refused> {
        let mut wire = json!({
            "conversationId": "cid1", "conversationType": "1", "msgId": "m1", "createAt": 1_760_000_000_000_i64,
            "senderId": "$:LWCP_v1:$a", "senderStaffId": "s1", "senderNick": "小钉", "robotCode": "ding1",
            "sessionWebhook": "https://oapi.dingtalk.com/robot/sendBySession?session=x",
            "sessionWebhookExpiredTime": 1_760_005_400_000_i64,
        });
        for (key, value) in more.as_object().unwrap() {
            wire[key] = value.clone();
        }
        decode(&options(), &wire.to_string(), 7)
    }

    fn said_of(more: Value) -> Said {
        of(more).unwrap().said
    }

    #[test]
    fn who_where_and_when_are_read() {
        let arrival = of(json!({"msgtype": "text", "text": {"content": " 年假怎么请 "}})).unwrap();
        assert_eq!((arrival.key.as_str(), arrival.at), ("ding1:m1", 1_760_000_000_000));
        assert_eq!(arrival.target, Target { user: "s1".to_owned(), chat: None, group: false });
        assert_eq!(arrival.said, Said::Text { text: "年假怎么请".to_owned() });
        assert_eq!(arrival.handle.url_until, Some(1_760_005_400_000));
        assert!(
            arrival.handle.url.unwrap().ends_with("session=x") && arrival.name.as_deref() == Some("小钉")
        );
        let outside =
            json!({"msgtype": "text", "conversationType": "2", "senderStaffId": null, "createAt": "5"});
        let arrival = of(outside).unwrap();
        let chat = Some("cid1".to_owned());
        assert_eq!(
            (arrival.target, arrival.at),
            (Target { user: "$:LWCP_v1:$a".to_owned(), chat, group: true }, 5)
        );
    }

    #[test]
    fn every_kind_of_message_is_read() {
        let text = |text: &str| Said::Text { text: text.to_owned() };
        let files = |text: &str, files: &[(&str, &str)]| Said::Files {
            text: text.to_owned(),
            files: files
                .iter()
                .map(|(name, id)| RemoteFile {
                    name: (*name).to_owned(),
                    place: Place::Media { id: (*id).to_owned() },
                })
                .collect(),
        };
        let unsupported = |kind: &str| Said::Unsupported { kind: kind.to_owned() };
        let rich = json!([{"text": "看这个"}, {"type": "picture", "downloadCode": "d1"}, {"text": "报错"}]);
        for (wire, expected) in [
            (json!({"msgtype": "text", "content": "顶层"}), text("顶层")),
            (json!({"msgtype": "text", "content": {"content": "内层"}}), text("内层")),
            (
                json!({"msgtype": "text", "text": {"content": " "}}),
                Said::Entered { scene: "mention".to_owned() },
            ),
            (json!({"msgtype": "text", "errorMessage": "limit", "errorCode": "20001"}), unsupported("quota")),
            (
                json!({"msgtype": "text", "text": {"content": ""}, "errorMessage": "limit"}),
                unsupported("quota"),
            ),
            (json!({"msgtype": "text"}), unsupported("text")),
            (
                json!({"msgtype": "richText", "content": {"richText": rich}}),
                files("看这个报错", &[("picture-1.jpg", "d1")]),
            ),
            (json!({"msgtype": "richText", "content": {"richText": [{"text": " a "}]}}), text("a")),
            (json!({"msgtype": "richText", "content": {"richText": {}}}), unsupported("richText")),
            (
                json!({"msgtype": "picture", "content": {"downloadCode": "d"}}),
                files("", &[("picture.jpg", "d")]),
            ),
            (
                json!({"msgtype": "audio", "content": {"downloadCode": "d", "recognition": " 你好 "}}),
                text("你好"),
            ),
            (json!({"msgtype": "audio", "content": {"downloadCode": "d"}}), files("", &[("audio.amr", "d")])),
            (
                json!({"msgtype": "video", "content": {"downloadCode": "d", "videoType": "mov"}}),
                files("", &[("video.mov", "d")]),
            ),
            (
                json!({"msgtype": "file", "content": {"downloadCode": "d", "fileName": "日志.txt"}}),
                files("", &[("日志.txt", "d")]),
            ),
            (json!({"msgtype": "file", "content": {}}), unsupported("file")),
            (json!({"msgtype": "interactiveCard"}), unsupported("interactiveCard")),
            (json!({}), unsupported("")),
        ] {
            assert_eq!(said_of(wire.clone()), expected, "{wire}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let huge = "x".repeat(300);
        for wire in [
            json!({"msgId": null}),
            json!({"msgId": huge}),
            json!({"senderId": "", "senderStaffId": ""}),
            json!({"conversationType": "2", "conversationId": 7}),
        ] {
            assert_eq!(of(wire.clone()), Err(Refused::Unreadable), "{wire}");
        }
        for body in ["", "[]", "null", "{", "7", "\"x\"", "[[[[[[[["] {
            assert_eq!(decode(&options(), body, 0), Err(Refused::Unreadable), "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(decode(&options(), &deep, 0), Err(Refused::Unreadable));
        let refused = receive(&options(), Some("1"), Some("x"), b"{}", 1);
        assert_eq!(refused, Err(Refused::BadSignature));
        let signed = sign::sign("1", &options().app_secret);
        assert_eq!(receive(&options(), Some("1"), Some(&signed), b"\xff", 1), Err(Refused::Unreadable));
    }
}
