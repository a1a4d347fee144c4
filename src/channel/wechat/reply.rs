//! The direct reply: the body that answers the platform's call within five seconds.

use crate::channel::tencent::xml::{self, Value};
use crate::channel::wechat::Account;
use crate::channel::wechat::receive::Received;

/// The body where nothing is said directly: the platform does not send the message again.
pub const NOTHING: &str = "success";

impl Account {
    /// The body that says this text, encrypted where the message was; [`NOTHING`] where there is no text, since people
    /// would see an empty one as a failure of the service. `nonce` and `random` must be new each time.
    pub fn reply(
        &self,
        received: &Received,
        text: &str,
        now_s: i64,
        nonce: &str,
        random: [u8; 16],
    ) -> String {
        if text.trim().is_empty() {
            return NOTHING.to_owned();
        }
        let message = xml::write(&[
            ("ToUserName", Value::Text(&received.arrival.target.user)),
            ("FromUserName", Value::Text(&received.to)),
            ("CreateTime", Value::Number(now_s)),
            ("MsgType", Value::Text("text")),
            ("Content", Value::Text(text)),
        ]);
        match &self.envelope {
            Some(envelope) if received.sealed => {
                let sealed = envelope.seal(&message, &now_s.to_string(), nonce, random);
                xml::write(&[
                    ("Encrypt", Value::Text(&sealed.encrypt)),
                    ("MsgSignature", Value::Text(&sealed.signature)),
                    ("TimeStamp", Value::Number(now_s)),
                    ("Nonce", Value::Text(nonce)),
                ])
            }
            _ => message,
        }
    }
}
