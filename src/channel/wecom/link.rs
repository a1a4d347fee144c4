//! The frames of a bot's long connection: JSON texts `{cmd, headers: {req_id}, body}`. Pure.

use serde_json::{Value, json};

use crate::channel::wecom::bot_message::{self, BotCall};
use crate::channel::{Arrival, Refused};
use crate::privacy::secret::Secret;

/// Where bots connect, unless the settings say otherwise: private deployments have their own.
pub const ADDRESS: &str = "wss://openws.work.weixin.qq.com";

/// What the platform sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// It took a frame of ours, or did not.
    Ack {
        /// Which.
        req_id: String,
        /// 0 where it took it.
        code: i64,
        /// Why it did not, in its words.
        words: String,
    },
    /// Somebody said or did something; the handle has the id with which it is answered.
    Arrival(Box<Arrival>),
    /// Another connection of the same bot has taken this one's place. Whoever connects again takes its place in turn.
    Replaced,
    /// Something that yunzhu has no use for.
    Other,
}

/// Reads a frame. `name` is the bot's in groups.
///
/// # Errors
/// It is no frame.
pub fn read(text: &str, name: Option<&str>, now_ms: i64) -> Result<Frame, Refused> {
    let frame: Value = serde_json::from_str(text).map_err(|_| Refused::Unreadable)?;
    let req_id = frame["headers"]["req_id"].as_str().unwrap_or_default();
    let Some(command) = frame["cmd"].as_str().filter(|command| !command.is_empty()) else {
        let code = frame["errcode"].as_i64().ok_or(Refused::Unreadable)?;
        let words = frame["errmsg"].as_str().unwrap_or_default().to_owned();
        return Ok(Frame::Ack { req_id: req_id.to_owned(), code, words });
    };
    if !matches!(command, "aibot_msg_callback" | "aibot_event_callback") {
        return Ok(Frame::Other);
    }
    Ok(match bot_message::read(&frame["body"], name, now_ms)? {
        BotCall::Arrival(mut arrival) => {
            arrival.handle.request = Some(req_id.to_owned()).filter(|id| !id.is_empty());
            Frame::Arrival(arrival)
        }
        BotCall::Replaced => Frame::Replaced,
        // Here streams are sent as they grow; nobody asks for them.
        BotCall::Refresh { .. } => Frame::Other,
    })
}

/// The first frame. Holds the secret: not for any log.
pub fn subscribe(bot_id: &str, secret: &Secret, req_id: &str) -> String {
    frame("aibot_subscribe", req_id, json!({ "bot_id": bot_id, "secret": secret.expose() }))
}

/// A sign of life.
pub fn ping(req_id: &str) -> String {
    json!({ "cmd": "ping", "headers": { "req_id": req_id } }).to_string()
}

/// An answer to a message, with the `req_id` that it came with: a [`stream`](super::bot_reply::stream) or a card.
pub fn respond(req_id: &str, body: Value) -> String {
    frame("aibot_respond_msg", req_id, body)
}

/// A [`welcome`](super::bot_reply::welcome), within five seconds of somebody entering, with the `req_id` of that.
pub fn respond_welcome(req_id: &str, body: Value) -> String {
    frame("aibot_respond_welcome_msg", req_id, body)
}

/// Something unasked, to a group or to a person who spoke with the bot before.
pub fn send(req_id: &str, chat: &str, body: Value) -> String {
    let mut whole = json!({ "chatid": chat });
    if let (Some(whole), Value::Object(body)) = (whole.as_object_mut(), body) {
        whole.extend(body);
    }
    frame("aibot_send_msg", req_id, whole)
}

fn frame(command: &str, req_id: &str, body: Value) -> String {
    json!({ "cmd": command, "headers": { "req_id": req_id }, "body": body }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Said;
    use crate::channel::wecom::bot_reply::markdown;

    #[test]
    fn frames_are_read() {
        let ack = read(r#"{"headers":{"req_id":"R"},"errcode":846605,"errmsg":"invalid req_id"}"#, None, 0);
        let wanted = Frame::Ack { req_id: "R".to_owned(), code: 846_605, words: "invalid req_id".to_owned() };
        assert_eq!(ack, Ok(wanted));
        let text = r#"{"cmd":"aibot_msg_callback","headers":{"req_id":"R"},"body":{"msgid":"M1","chatid":"C","chattype":"group",
            "from":{"userid":"zhang"},"msgtype":"text","text":{"content":"@小知 年假怎么请"}}}"#;
        let Ok(Frame::Arrival(arrival)) = read(text, None, 5) else { panic!("no arrival") };
        assert_eq!(arrival.said, Said::Text { text: "年假怎么请".to_owned() });
        assert_eq!((arrival.handle.request.as_deref(), arrival.key.as_str()), (Some("R"), "m:M1"));
        let replaced = r#"{"cmd":"aibot_event_callback","headers":{"req_id":"R"},"body":{"msgid":"M","from":{"userid":"u"},
            "msgtype":"event","event":{"eventtype":"disconnected_event"}}}"#;
        assert_eq!(read(replaced, None, 0), Ok(Frame::Replaced));
        assert_eq!(read(r#"{"cmd":"later"}"#, None, 0), Ok(Frame::Other));
        for odd in ["", "7", "{}", "[]", r#"{"cmd":"aibot_msg_callback"}"#] {
            assert_eq!(read(odd, None, 0), Err(Refused::Unreadable), "{odd}");
        }
    }

    #[test]
    fn frames_have_the_shape_of_the_manual() {
        let sent = send("R", "zhang", markdown("主动推送"));
        let wanted = r#"{"cmd":"aibot_send_msg","headers":{"req_id":"R"},"body":{"chatid":"zhang","msgtype":"markdown","markdown":{"content":"主动推送"}}}"#;
        assert_eq!(sent, wanted);
        let secret = Secret::from("S".to_owned());
        let wanted =
            r#"{"cmd":"aibot_subscribe","headers":{"req_id":"R"},"body":{"bot_id":"B","secret":"S"}}"#;
        assert_eq!(subscribe("B", &secret, "R"), wanted);
        assert_eq!(ping("R"), r#"{"cmd":"ping","headers":{"req_id":"R"}}"#);
    }
}
