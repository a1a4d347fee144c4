//! What an official account receives.

use crate::channel::tencent::bounded_key;
use crate::channel::tencent::query::Query;
use crate::channel::tencent::xml::{self, Element};
use crate::channel::wechat::{Account, Mode};
use crate::channel::{Arrival, Handle, Place, Quota, Refused, RemoteFile, Said, Target};

/// A message opens the customer-service API for so many messages and milliseconds.
const MESSAGE: (u32, i64) = (5, 48 * 3600 * 1000);
/// A tap in a menu, a follow or a scan for so many.
const TAP: (u32, i64) = (3, 60 * 1000);

/// A message with what its direct reply needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The message.
    pub arrival: Arrival,
    /// The account as the message names it: the sender of a direct reply.
    pub to: String,
    /// Whether it came encrypted: then the reply is too.
    pub sealed: bool,
}

impl Account {
    /// Verifies and decodes a call of the platform; any call that is not refused is answered with 200.
    ///
    /// # Errors
    /// It is not from the platform, or not for this account, or no message. With an EncodingAESKey only the encrypted part
    /// counts, and a plain message is refused: otherwise an attacker would choose the weaker way.
    pub fn receive(&self, query: &str, body: &[u8]) -> Result<Received, Refused> {
        let query = Query::parse(query);
        let Some(envelope) = &self.envelope else {
            self.verify(&query)?;
            return self.received(&xml::read(body)?, Mark::Plain);
        };
        let part = |name| query.get(name).ok_or(Refused::Incomplete);
        let (signature, timestamp, nonce) = (part("msg_signature")?, part("timestamp")?, part("nonce")?);
        let outer = xml::read(body)?;
        let encrypt = outer.get("Encrypt").ok_or(Refused::Incomplete)?;
        let inner = envelope.open(signature, timestamp, nonce, encrypt)?;
        self.received(&xml::read(inner.as_bytes())?, Mark::Sealed)
    }

    fn received(&self, message: &Element, mark: Mark) -> Result<Received, Refused> {
        let field = |name| message.get(name).ok_or(Refused::Unreadable);
        let (from, kind) = (field("FromUserName")?, field("MsgType")?);
        let seconds = message.number("CreateTime").ok_or(Refused::Unreadable)?;
        let at = seconds.saturating_mul(1000);
        let (said, right) = if kind == "event" { event(message)? } else { said(kind, message) };
        let quota = right.filter(|_| self.mode == Mode::Service);
        let quota = quota.map(|(left, lasts)| Quota { left, until: at.saturating_add(lasts) });
        let arrival = Arrival {
            key: key(message, from, seconds),
            target: Target { user: from.to_owned(), chat: None, group: false },
            name: None,
            at,
            said,
            handle: Handle { quota, ..Handle::default() },
        };
        Ok(Received { arrival, to: field("ToUserName")?.to_owned(), sealed: mark == Mark::Sealed })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Plain,
    Sealed,
}

/// What it opens: how many messages and for how many milliseconds.
type Right = Option<(u32, i64)>;

/// By the number of the message; events have none.
fn key(message: &Element, from: &str, seconds: i64) -> String {
    if let Some(id) = message.get("MsgId") {
        return bounded_key(format!("m:{id}"));
    }
    let [event, of] = ["Event", "EventKey"].map(|name| message.get(name).unwrap_or_default());
    bounded_key(format!("e:{from}:{seconds}:{event}:{of}"))
}

fn said(kind: &str, message: &Element) -> (Said, Right) {
    let text = |name| message.get(name).unwrap_or_default().to_owned();
    let said = match kind {
        "text" => match message.get("bizmsgmenuid") {
            Some(id) => return (Said::Choice { id: id.to_owned(), label: text("Content") }, Some(TAP)),
            None => Said::Text { text: text("Content") },
        },
        "voice" => match message.get("Recognition") {
            Some(words) => Said::Text { text: words.to_owned() },
            None => file(kind, &format!("voice.{}", message.get("Format").unwrap_or("amr")), message),
        },
        "image" => file(kind, "image.jpg", message),
        "video" | "shortvideo" => file(kind, "video.mp4", message),
        _ => unsupported(kind),
    };
    (said, Some(MESSAGE))
}

fn file(kind: &str, name: &str, message: &Element) -> Said {
    let Some(id) = message.get("MediaId") else { return unsupported(kind) };
    let place = Place::Media { id: id.to_owned() };
    Said::Files { text: String::new(), files: vec![RemoteFile { name: name.to_owned(), place }] }
}

fn event(message: &Element) -> Result<(Said, Right), Refused> {
    let event = message.get("Event").ok_or(Refused::Unreadable)?;
    let of = message.get("EventKey").unwrap_or_default();
    Ok(match event {
        "subscribe" => {
            let scene = of.strip_prefix("qrscene_").unwrap_or(of).to_owned();
            (Said::Entered { scene }, Some(TAP))
        }
        "SCAN" => (Said::Entered { scene: of.to_owned() }, Some(TAP)),
        "CLICK" => (Said::Choice { id: of.to_owned(), label: String::new() }, Some(TAP)),
        "unsubscribe" => (Said::Left, None),
        _ => (Said::Passing { kind: event.to_owned() }, None),
    })
}

fn unsupported(kind: &str) -> Said {
    Said::Unsupported { kind: kind.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::tencent::envelope::{Envelope, signature};
    use crate::channel::tencent::xml::Value;
    use crate::channel::wechat::{API_BASE, Options};
    use crate::privacy::secret::Secret;

    const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

    fn account(key: Option<&str>, mode: Mode) -> Account {
        let secret = |text: &str| Secret::from(text.to_owned());
        Account::new(&Options {
            app_id: "wx1".to_owned(),
            app_secret: secret("s"),
            token: secret("t0ken"),
            encoding_aes_key: key.map(secret),
            api_base: API_BASE.to_owned(),
            mode,
        })
        .unwrap()
    }

    fn plain_query() -> String {
        format!("signature={}&timestamp=1&nonce=n&echostr=77", signature(&["t0ken", "1", "n"]))
    }

    fn receive(fields: &str) -> Arrival {
        let body = format!(
            "<xml><ToUserName>gh</ToUserName><FromUserName>u</FromUserName><CreateTime>1760000000</CreateTime>{fields}</xml>"
        );
        let received = account(None, Mode::Service).receive(&plain_query(), body.as_bytes()).unwrap();
        assert_eq!((received.to.as_str(), received.sealed), ("gh", false));
        received.arrival
    }

    #[test]
    fn the_address_is_confirmed() {
        let account = account(Some(KEY), Mode::Service);
        assert_eq!(account.handshake(&plain_query()), Ok("77".to_owned()));
        assert_eq!(account.handshake(&plain_query().replace("n&", "m&")), Err(Refused::BadSignature));
        assert_eq!(account.handshake("signature=a&timestamp=1"), Err(Refused::Incomplete));
    }

    #[test]
    fn messages_become_arrivals_with_what_they_allow() {
        let words = Said::Text { text: "你好".to_owned() };
        let media = |name: &str| Said::Files {
            text: String::new(),
            files: vec![RemoteFile { name: name.to_owned(), place: Place::Media { id: "M".to_owned() } }],
        };
        let entered = |scene: &str| Said::Entered { scene: scene.to_owned() };
        let choice = |label: &str| Said::Choice { id: "7".to_owned(), label: label.to_owned() };
        let (day2, minute) = (1_760_172_800_000, 1_760_000_060_000);
        let cases = [
            (
                "<MsgType>text</MsgType><Content>你好</Content><MsgId>9</MsgId>",
                "m:9",
                words.clone(),
                Some((5, day2)),
            ),
            (
                "<MsgType>text</MsgType><Content>好</Content><MsgId>9</MsgId><bizmsgmenuid>7</bizmsgmenuid>",
                "m:9",
                choice("好"),
                Some((3, minute)),
            ),
            (
                "<MsgType>voice</MsgType><MediaId>M</MediaId><Recognition>你好</Recognition><MsgId>9</MsgId>",
                "m:9",
                words,
                Some((5, day2)),
            ),
            (
                "<MsgType>voice</MsgType><MediaId>M</MediaId><Format>amr</Format><Recognition/><MsgId>9</MsgId>",
                "m:9",
                media("voice.amr"),
                Some((5, day2)),
            ),
            (
                "<MsgType>image</MsgType><MediaId>M</MediaId><MsgId>9</MsgId>",
                "m:9",
                media("image.jpg"),
                Some((5, day2)),
            ),
            ("<MsgType>image</MsgType><MsgId>9</MsgId>", "m:9", unsupported("image"), Some((5, day2))),
            ("<MsgType>later</MsgType><MsgId>9</MsgId>", "m:9", unsupported("later"), Some((5, day2))),
            (
                "<MsgType>event</MsgType><Event>subscribe</Event><EventKey>qrscene_7</EventKey>",
                "e:u:1760000000:subscribe:qrscene_7",
                entered("7"),
                Some((3, minute)),
            ),
            (
                "<MsgType>event</MsgType><Event>CLICK</Event><EventKey>7</EventKey>",
                "e:u:1760000000:CLICK:7",
                choice(""),
                Some((3, minute)),
            ),
            (
                "<MsgType>event</MsgType><Event>unsubscribe</Event><EventKey/>",
                "e:u:1760000000:unsubscribe:",
                Said::Left,
                None,
            ),
            (
                "<MsgType>event</MsgType><Event>VIEW</Event>",
                "e:u:1760000000:VIEW:",
                Said::Passing { kind: "VIEW".to_owned() },
                None,
            ),
        ];
        for (fields, key, said, quota) in cases {
            let arrival = receive(fields);
            assert_eq!((arrival.key.as_str(), &arrival.said), (key, &said));
            assert_eq!(arrival.handle.quota.map(|quota| (quota.left, quota.until)), quota, "{fields}");
            assert_eq!((arrival.at, arrival.target.user.as_str()), (1_760_000_000_000, "u"));
        }
    }

    #[test]
    fn no_number_is_too_large_for_it() {
        let body = format!(
            "<xml><ToUserName>g</ToUserName><FromUserName>u</FromUserName><CreateTime>{}</CreateTime>\
             <MsgType>text</MsgType><Content/></xml>",
            i64::MAX
        );
        assert!(account(None, Mode::Service).receive(&plain_query(), body.as_bytes()).is_ok());
    }

    #[test]
    fn with_a_key_nothing_plain_counts() {
        let account = account(Some(KEY), Mode::Service);
        let message = "<xml><ToUserName>gh</ToUserName><FromUserName>u</FromUserName><CreateTime>1</CreateTime>\
                       <MsgType>text</MsgType><Content>forged</Content><MsgId>1</MsgId></xml>";
        assert_eq!(account.receive(&plain_query(), message.as_bytes()), Err(Refused::Incomplete));
        let (token, key) = (Secret::from("t0ken".to_owned()), Secret::from(KEY.to_owned()));
        let envelope = Envelope::new(token, &key, "wx1".to_owned()).unwrap();
        let sealed = envelope.seal(&message.replace("forged", "true"), "1", "n", [1; 16]);
        let query = format!("{}&msg_signature={}&encrypt_type=aes", plain_query(), sealed.signature);
        assert_eq!(account.receive(&query, message.as_bytes()), Err(Refused::Incomplete));
        let both = message.replace("</xml>", &format!("<Encrypt>{}</Encrypt></xml>", sealed.encrypt));
        let received = account.receive(&query, both.as_bytes()).unwrap();
        assert_eq!(received.arrival.said, Said::Text { text: "true".to_owned() });
        assert!(received.sealed);
        let reply = account.reply(&received, "a ]]> b", 5, "m", [2; 16]);
        let outer = xml::read(reply.as_bytes()).unwrap();
        let parts = ["MsgSignature", "TimeStamp", "Nonce", "Encrypt"].map(|name| outer.get(name).unwrap());
        let inner = envelope.open(parts[0], parts[1], parts[2], parts[3]).unwrap();
        let inner = xml::read(inner.as_bytes()).unwrap();
        assert_eq!(
            ["ToUserName", "FromUserName", "Content"].map(|name| inner.get(name)),
            [Some("u"), Some("gh"), Some("a ]]> b")]
        );
        assert_eq!(account.reply(&received, " ", 5, "m", [2; 16]), "success");
    }

    #[test]
    fn nothing_is_promised_where_nothing_can_be_sent() {
        let body = xml::write(&[
            ("ToUserName", Value::Text("g")),
            ("FromUserName", Value::Text("u")),
            ("CreateTime", Value::Number(1)),
            ("MsgType", Value::Text("text")),
            ("Content", Value::Text("hi")),
        ]);
        let received = account(None, Mode::PassiveOnly).receive(&plain_query(), body.as_bytes()).unwrap();
        assert_eq!(received.arrival.handle.quota, None);
    }
}
