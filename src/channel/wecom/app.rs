//! What a self-built application of WeCom receives.

use crate::channel::tencent::bounded_key;
use crate::channel::tencent::envelope::BadKey;
use crate::channel::tencent::xml::Element;
use crate::channel::wecom::Callback;
use crate::channel::{Arrival, Handle, Place, Refused, RemoteFile, Said, Target};
use crate::privacy::secret::Secret;

/// The settings of an application.
#[derive(Clone, Debug)]
pub struct Options {
    /// CorpID.
    pub corp_id: String,
    /// AgentId of the application.
    pub agent_id: u64,
    /// Its Secret.
    pub secret: Secret,
    /// The Token of its callback.
    pub token: Secret,
    /// The EncodingAESKey of its callback.
    pub encoding_aes_key: Secret,
    /// Address of the API, without a path.
    pub api_base: String,
}

/// An application: verifies and decodes. Pure.
#[derive(Clone, Debug)]
pub struct App(Callback);

impl App {
    /// An application with these settings.
    ///
    /// # Errors
    /// The EncodingAESKey is not one.
    pub fn new(options: &Options) -> Result<Self, BadKey> {
        Callback::new(&options.corp_id, &options.token, &options.encoding_aes_key).map(Self)
    }

    /// Answers the platform's check of the address; see [`Callback::handshake`].
    ///
    /// # Errors
    /// As there.
    pub fn handshake(&self, query: &str) -> Result<String, Refused> {
        self.0.handshake(query)
    }

    /// Verifies and decodes a call, which is answered with 200 and an empty body.
    ///
    /// # Errors
    /// It is not from the platform, not for this corporation, or no message.
    pub fn receive(&self, query: &str, body: &[u8]) -> Result<Arrival, Refused> {
        arrival(&self.0.open(query, body)?)
    }
}

fn arrival(message: &Element) -> Result<Arrival, Refused> {
    let field = |name| message.get(name).ok_or(Refused::Unreadable);
    let kind = field("MsgType")?;
    let seconds = message.number("CreateTime").ok_or(Refused::Unreadable)?;
    // Events about the application itself come from nobody.
    let from = message.get("FromUserName").unwrap_or("sys");
    Ok(Arrival {
        key: key(message, from, seconds),
        target: Target { user: from.to_owned(), chat: None, group: false },
        name: None,
        at: seconds.saturating_mul(1000),
        said: if kind == "event" { event(message) } else { said(kind, message) },
        handle: Handle::default(),
    })
}

/// By the number of the message; events have none.
fn key(message: &Element, from: &str, seconds: i64) -> String {
    if let Some(id) = message.get("MsgId") {
        return bounded_key(format!("m:{id}"));
    }
    let [event, of, task] = ["Event", "EventKey", "TaskId"].map(|name| message.get(name).unwrap_or_default());
    bounded_key(format!("e:{from}:{seconds}:{event}:{of}{task}"))
}

fn said(kind: &str, message: &Element) -> Said {
    let named = |name: String| match message.get("MediaId") {
        Some(id) => {
            let place = Place::Media { id: id.to_owned() };
            Said::Files { text: String::new(), files: vec![RemoteFile { name, place }] }
        }
        None => unsupported(kind),
    };
    match kind {
        "text" => Said::Text { text: message.get("Content").unwrap_or_default().to_owned() },
        "image" => named("image.jpg".to_owned()),
        "voice" => named(format!("voice.{}", message.get("Format").unwrap_or("amr"))),
        "video" => named("video.mp4".to_owned()),
        _ => unsupported(kind),
    }
}

fn event(message: &Element) -> Said {
    let of = message.get("EventKey").unwrap_or_default().to_owned();
    match message.get("Event").unwrap_or_default() {
        "enter_agent" | "subscribe" => Said::Entered { scene: of },
        "unsubscribe" => Said::Left,
        "click" | "template_card_event" => Said::Choice { id: of, label: String::new() },
        other => Said::Passing { kind: other.to_owned() },
    }
}

fn unsupported(kind: &str) -> Said {
    Said::Unsupported { kind: kind.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::tencent::xml;

    fn read(fields: &str) -> Result<Arrival, Refused> {
        let head = "<ToUserName>ww</ToUserName><FromUserName>zhang</FromUserName><CreateTime>5</CreateTime>";
        arrival(&xml::read(format!("<xml>{head}{fields}</xml>").as_bytes())?)
    }

    #[test]
    fn messages_become_arrivals() {
        let entered = |scene: &str| Said::Entered { scene: scene.to_owned() };
        let choice = Said::Choice { id: "opt_2".to_owned(), label: String::new() };
        let cases = [
            (
                "<MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId>",
                "m:1",
                Said::Text { text: "hi".to_owned() },
            ),
            ("<MsgType>location</MsgType><MsgId>1</MsgId>", "m:1", unsupported("location")),
            ("<MsgType>video</MsgType><MsgId>1</MsgId>", "m:1", unsupported("video")),
            ("<MsgType>event</MsgType><Event>enter_agent</Event>", "e:zhang:5:enter_agent:", entered("")),
            (
                "<MsgType>event</MsgType><Event>template_card_event</Event><EventKey>opt_2</EventKey><TaskId>t</TaskId>",
                "e:zhang:5:template_card_event:opt_2t",
                choice,
            ),
            ("<MsgType>event</MsgType><Event>unsubscribe</Event>", "e:zhang:5:unsubscribe:", Said::Left),
        ];
        for (fields, key, said) in cases {
            let arrival = read(fields).unwrap();
            assert_eq!((arrival.key.as_str(), arrival.said), (key, said));
            assert_eq!(
                (arrival.at, arrival.target.user.as_str(), arrival.handle),
                (5000, "zhang", Handle::default())
            );
        }
        let file =
            read("<MsgType>voice</MsgType><MediaId>M</MediaId><Format>amr</Format><MsgId>1</MsgId>").unwrap();
        assert!(matches!(file.said, Said::Files { files, .. } if files[0].name == "voice.amr"));
        assert_eq!(read("<Content>hi</Content>"), Err(Refused::Unreadable));
    }
}
