//! Chat platforms: wire ↔ message. Decoding and encoding are pure; the network is only in the files named `client`, `link` and in `call`.
//!
//! What a platform sends becomes an [`Arrival`], which has no platform in it; what leaves is a [`Part`](crate::message::part::Part)
//! for a [`Target`]. Input is hostile: it is limited, verified, decoded into a type or [`Refused`]; it never panics. Start at
//! `wechat`, `wecom`, `dingtalk`.

pub mod accounts;
pub mod bells;
pub mod call;
pub mod cgi;
pub mod dingtalk;
#[cfg(test)]
mod fake;
pub mod numbered;
pub mod robot;
pub mod tencent;
pub mod token;
pub mod wechat;
pub mod wecom;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One message or event from a platform, verified and decoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// What makes it the same when it comes again; unique within the account, at most 200 bytes.
    pub key: String,
    /// Who and where: what an answer goes to.
    pub target: Target,
    /// What they are called, where the platform says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was sent, Unix milliseconds by the platform's clock.
    pub at: i64,
    /// What.
    pub said: Said,
    /// What an answer may use besides.
    #[serde(default)]
    pub handle: Handle,
}

impl Arrival {
    /// Address and message as text, as they are kept until they are dealt with.
    pub fn written(&self) -> (String, String) {
        // Both are plain data with text keys: writing them cannot fail.
        (
            serde_json::to_string(&self.target).unwrap_or_default(),
            serde_json::to_string(self).unwrap_or_default(),
        )
    }
}

/// Where an answer goes: together with the account it names one conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The person, as the platform calls them.
    pub user: String,
    /// The group, or the customer-service account (`open_kfid`); absent in a single chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<String>,
    /// Whether others read along.
    #[serde(default)]
    pub group: bool,
}

/// What people do on a platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "lowercase")]
pub enum Said {
    /// Words, without the bot's own @name.
    Text {
        /// The words.
        text: String,
    },
    /// Something was tapped.
    Choice {
        /// Its id, as it was sent out.
        id: String,
        /// What stood on it, where the platform says so.
        label: String,
    },
    /// Files, perhaps with words. A voice message whose words the platform knows is [`Said::Text`].
    Files {
        /// The words; may be empty.
        text: String,
        /// In order.
        files: Vec<RemoteFile>,
    },
    /// The chat was opened, or the account followed.
    Entered {
        /// Where from, where the platform says so. A KF `welcome_code` is in the handle.
        scene: String,
    },
    /// The account is no longer followed: nothing can be sent any more.
    Left,
    /// A verdict on an answer.
    Verdict {
        /// What was given out with the answer.
        target: String,
        /// Whether it helped; absent where a verdict was taken back.
        helpful: Option<bool>,
        /// In their words; may be empty.
        comment: String,
    },
    /// The platform says that something we sent did not arrive.
    Undelivered {
        /// Why, in its words.
        reason: String,
    },
    /// An event that is of no use here: acknowledged, and nothing follows from it.
    Passing {
        /// What the platform calls it.
        kind: String,
    },
    /// A message that cannot be read: the person is told so.
    Unsupported {
        /// What the platform calls it.
        kind: String,
    },
}

/// A file that lies with the platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemoteFile {
    /// A name for people; made from the kind where the platform has none.
    pub name: String,
    /// Where it can be fetched.
    pub place: Place,
}

/// Where a file of a platform can be fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "place", rename_all = "lowercase")]
pub enum Place {
    /// By an id with a call of the platform's API.
    Media {
        /// The id.
        id: String,
    },
    /// At an address; the bytes are encrypted where a key is given.
    Address {
        /// The address.
        url: String,
        /// AES key as the platform spells it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
}

/// What an answer may use besides the target. Addresses in it are secrets, which are not shown.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handle {
    /// DingTalk `sessionWebhook`, AI bot `response_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When that ends, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_until: Option<i64>,
    /// `req_id` of the AI bot's long connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// KF `welcome_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub welcome: Option<String>,
    /// Messages that may be sent because of this arrival; absent: as many as one likes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = |part: &Option<String>| part.as_ref().map(|_| "***");
        f.debug_struct("Handle")
            .field("url", &secret(&self.url))
            .field("url_until", &self.url_until)
            .field("request", &self.request)
            .field("welcome", &secret(&self.welcome))
            .field("quota", &self.quota)
            .finish()
    }
}

/// How many messages may be sent, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// That many.
    pub left: u32,
    /// Unix milliseconds.
    pub until: i64,
}

/// Why something from a platform was not taken. The platform is told no more than that: the log says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A parameter that must be there is not.
    #[error("a parameter of the signature is missing")]
    Incomplete,
    /// Signed by somebody who does not know the token.
    #[error("the signature does not fit")]
    BadSignature,
    /// Its time is too far from ours.
    #[error("its time is too long ago or in the future")]
    Stale,
    /// Padding, length or base64 are wrong.
    #[error("it cannot be decrypted")]
    Undecryptable,
    /// Meant for another account.
    #[error("it is meant for another account")]
    WrongReceiver,
    /// Verified, but no message that can be read.
    #[error("it is no message that can be read")]
    Unreadable,
}

/// Why something did not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Undelivered {
    /// Whether and when it may go better.
    pub hope: Hope,
    /// What happened and what to do, in one line; never an address, a key or the message.
    pub reason: String,
}

/// Whether another try may go better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hope {
    /// Later; after so long where the platform says so.
    Later(Option<Duration>),
    /// The platform takes no more for this person until they write again.
    Quota,
    /// Never: the person has left, the account is set up wrongly, the message is not allowed.
    Never,
}
