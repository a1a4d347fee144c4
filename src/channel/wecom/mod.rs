//! WeCom (企业微信): self-built applications, customer service (微信客服) and bots (智能机器人).
//!
//! [`app`], [`kf`] and [`bot`] verify and decode; [`bot_reply`], [`card`] and [`link`] encode; all of them are pure. The network
//! is in the files named `client`; a bot's long connection is `link_client`, and `link_send` the handle to it.

pub mod app;
pub mod app_client;
pub mod bot;
pub mod bot_client;
pub mod bot_message;
pub mod bot_reply;
pub mod card;
pub mod kf;
pub mod kf_client;
pub mod kf_page;
pub mod link;
pub mod link_client;
pub mod link_send;

use sha1::{Digest, Sha1};

use crate::channel::Refused;
use crate::channel::tencent::envelope::{BadKey, Envelope};
use crate::channel::tencent::hex;
use crate::channel::tencent::query::Query;
use crate::channel::tencent::xml::{self, Element};
use crate::privacy::secret::Secret;

/// Where the API is, unless the settings say otherwise: private deployments have their own.
pub const API_BASE: &str = "https://qyapi.weixin.qq.com";

/// The callback of an application or of customer service: opens what the platform sends.
#[derive(Clone, Debug)]
pub struct Callback(Envelope);

impl Callback {
    /// A callback with the Token and EncodingAESKey of the console.
    ///
    /// # Errors
    /// The key is not one.
    pub fn new(corp_id: &str, token: &Secret, encoding_aes_key: &Secret) -> Result<Self, BadKey> {
        Envelope::new(token.clone(), encoding_aes_key, corp_id.to_owned()).map(Self)
    }

    /// Answers the platform's check of the address: gives the body, which goes out bare as text/plain within a second.
    ///
    /// # Errors
    /// A parameter is missing, the signature does not fit, or it is meant for another corporation.
    pub fn handshake(&self, query: &str) -> Result<String, Refused> {
        handshake(&self.0, query)
    }

    /// Verifies and decrypts a call; gives the message in it.
    ///
    /// # Errors
    /// It is not from the platform, not for this corporation, or no XML.
    pub fn open(&self, query: &str, body: &[u8]) -> Result<Element, Refused> {
        let query = Signed::read(query)?;
        let outer = xml::read(body)?;
        let encrypt = outer.get("Encrypt").ok_or(Refused::Incomplete)?;
        xml::read(query.open(&self.0, encrypt)?.as_bytes())
    }
}

/// The signature in the address of a call.
struct Signed(Query);

impl Signed {
    fn read(query: &str) -> Result<Self, Refused> {
        let query = Query::parse(query);
        let complete = ["msg_signature", "timestamp", "nonce"].iter().all(|name| query.get(name).is_some());
        complete.then_some(Self(query)).ok_or(Refused::Incomplete)
    }

    fn open(&self, envelope: &Envelope, encrypt: &str) -> Result<String, Refused> {
        let part = |name| self.0.get(name).unwrap_or_default();
        envelope.open(part("msg_signature"), part("timestamp"), part("nonce"), encrypt)
    }
}

fn handshake(envelope: &Envelope, query: &str) -> Result<String, Refused> {
    let query = Signed::read(query)?;
    let echo = query.0.base64("echostr").ok_or(Refused::Incomplete)?;
    query.open(envelope, &echo)
}

/// An id as the platform takes it: itself where it is short and of letters, digits, `_` and `-`, else its hash of 32
/// characters. The same id gives the same, so that a message that is sent again is known again.
fn platform_id(id: &str, max: usize) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !id.is_empty() && id.len() <= max && id.bytes().all(plain) {
        return id.to_owned();
    }
    hex(Sha1::digest(id.as_bytes()).split_at(16).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callback() -> Callback {
        let secret = |text: &str| Secret::from(text.to_owned());
        let key = secret("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C");
        Callback::new("wx5823bf96d3bd56c7", &secret("QDG6eK"), &key).unwrap()
    }

    #[test]
    fn the_official_samples_open() {
        let query = "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780&echostr=\
                     P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D";
        assert_eq!(callback().handshake(query).as_deref(), Ok("1616140317555161061"));
        // Some proxies decode the plus.
        assert_eq!(callback().handshake(&query.replace("%2B", "+")).as_deref(), Ok("1616140317555161061"));
        assert_eq!(callback().handshake(&query.replace("5c45", "5c46")), Err(Refused::BadSignature));
        assert_eq!(callback().handshake("timestamp=1&nonce=2&echostr=a"), Err(Refused::Incomplete));
        let query =
            "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149";
        let body = concat!(
            "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA[RypEvH",
            "KD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdC",
            "Upj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8q",
            "Ljvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4z",
            "G4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVM",
            "NS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1p",
            "tDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==]]></Encrypt><AgentID><![CDATA[218]]><",
            "/AgentID></xml>",
        );
        let message = callback().open(query, body.as_bytes()).unwrap();
        assert_eq!((message.get("Content"), message.get("FromUserName")), (Some("hello"), Some("mycreate")));
        assert_eq!(callback().open(query, b"<xml><Content>hello</Content></xml>"), Err(Refused::Incomplete));
        assert_eq!(callback().open(query, b"hello"), Err(Refused::Unreadable));
    }

    #[test]
    fn ids_are_made_to_fit() {
        assert_eq!(platform_id("T1_a-b", 32), "T1_a-b");
        for long in ["", "a b", "会话", &"a".repeat(33)] {
            let fits = platform_id(long, 32);
            assert!(fits.len() == 32 && fits == platform_id(long, 32), "{fits}");
        }
        assert_ne!(platform_id("a b", 32), platform_id("a c", 32));
    }
}
