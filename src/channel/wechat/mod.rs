//! WeChat official accounts (公众号, 服务号): XML by callback, answers in the callback's reply or by the customer-service API.
//!
//! Start at [`Account`]. The network is in [`client`].

pub mod client;
pub mod receive;
pub mod reply;

use crate::channel::Refused;
use crate::channel::tencent::envelope::{self, BadKey, Envelope};
use crate::channel::tencent::query::Query;
use crate::privacy::secret::Secret;

/// Where the API is, unless the settings say otherwise.
pub const API_BASE: &str = "https://api.weixin.qq.com";

/// The settings of an account.
#[derive(Clone, Debug)]
pub struct Options {
    /// AppID.
    pub app_id: String,
    /// AppSecret.
    pub app_secret: Secret,
    /// The Token of the server configuration.
    pub token: Secret,
    /// The EncodingAESKey; without it messages come in plain text, and one signature that somebody saw signs any body.
    pub encoding_aes_key: Option<Secret>,
    /// Address of the API, without a path.
    pub api_base: String,
    /// How answers leave.
    pub mode: Mode,
}

/// How answers leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// By the customer-service API, which only certified accounts have.
    #[default]
    Service,
    /// Only in the reply to the callback.
    PassiveOnly,
}

/// An account: verifies, decodes and replies. Pure.
#[derive(Clone, Debug)]
pub struct Account {
    token: Secret,
    envelope: Option<Envelope>,
    mode: Mode,
}

impl Account {
    /// An account with these settings.
    ///
    /// # Errors
    /// The EncodingAESKey is not one.
    pub fn new(options: &Options) -> Result<Self, BadKey> {
        let envelope = match &options.encoding_aes_key {
            Some(key) => Some(Envelope::new(options.token.clone(), key, options.app_id.clone())?),
            None => None,
        };
        Ok(Self { token: options.token.clone(), envelope, mode: options.mode })
    }

    /// How answers leave.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Answers the platform's check of the address: gives the body, which goes out bare as text/plain.
    ///
    /// # Errors
    /// A parameter is missing, or the signature does not fit.
    pub fn handshake(&self, query: &str) -> Result<String, Refused> {
        let query = Query::parse(query);
        self.verify(&query)?;
        query.get("echostr").map(str::to_owned).ok_or(Refused::Incomplete)
    }

    /// Checks the signature of the address, which does not cover the body.
    fn verify(&self, query: &Query) -> Result<(), Refused> {
        let part = |name| query.get(name).ok_or(Refused::Incomplete);
        envelope::verify(part("signature")?, &[self.token.expose(), part("timestamp")?, part("nonce")?])
    }
}
