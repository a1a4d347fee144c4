//! Customer service of WeCom (微信客服): the callback, which only says that there are messages.

use crate::channel::Refused;
use crate::channel::tencent::envelope::BadKey;
use crate::channel::wecom::Callback;
use crate::privacy::secret::Secret;

/// The settings of customer service.
#[derive(Clone, Debug)]
pub struct Options {
    /// CorpID.
    pub corp_id: String,
    /// The Secret of customer service, or of the application that may manage the account.
    pub secret: Secret,
    /// The Token of the callback.
    pub token: Secret,
    /// The EncodingAESKey of the callback.
    pub encoding_aes_key: Secret,
    /// Address of the API, without a path.
    pub api_base: String,
}

/// There are messages for an account: fetch them with [`Client::sync`](super::kf_client::Client::sync).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bell {
    /// For the fetch, within ten minutes; without it the platform allows few.
    pub token: Secret,
    /// The account.
    pub open_kfid: String,
}

/// Customer service: verifies and decodes. Pure.
#[derive(Clone, Debug)]
pub struct Kf(Callback);

impl Kf {
    /// Customer service with these settings.
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

    /// Verifies and decodes a call, which is answered with 200 and an empty body; `None` for one that is no bell.
    ///
    /// # Errors
    /// It is not from the platform, not for this corporation, or a bell without an account.
    pub fn receive(&self, query: &str, body: &[u8]) -> Result<Option<Bell>, Refused> {
        let message = self.0.open(query, body)?;
        if message.get("Event") != Some("kf_msg_or_event") {
            return Ok(None);
        }
        let field = |name| message.get(name).map(str::to_owned).ok_or(Refused::Unreadable);
        Ok(Some(Bell { token: field("Token")?.into(), open_kfid: field("OpenKfId")? }))
    }
}
