//! What the settings come to, with defaults filled in and everything checked.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::network::Network;
use super::section::{AlertsLayer, ConversationLayer, LogLayer, PrivacyLayer, ServerLayer};
use crate::privacy::secret::Secret;

/// How the service is reached, and how much it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// Certificate and key, where it speaks TLS itself.
    pub tls: Option<Tls>,
    /// Where browsers find it, without a slash at the end; absent where nobody said so.
    pub public_url: Option<String>,
    /// Pages of other hosts that may use the API; empty: pages of its own only.
    pub allowed_origins: Vec<Origin>,
    /// Whether a proxy in front speaks TLS, so that cookies are for TLS only.
    pub tls_in_front: bool,
    /// Machines whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Longest body of a request, in bytes.
    pub max_body_bytes: usize,
    /// Largest file that is taken, in bytes.
    pub max_attachment_bytes: u64,
    /// Requests of one address in a second, in the long run.
    pub requests_per_second: u32,
    /// Requests of one address at once.
    pub burst: u32,
    /// Messages of one conversation in a minute.
    pub messages_per_minute: u32,
    /// Whether requests straight from this machine are limited too.
    pub limit_loopback: bool,
    /// How long a shutdown waits for what is under way.
    pub shutdown: Duration,
}

/// Files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The chain, PEM.
    pub cert: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
}

/// When a conversation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Without a word for so long, it is closed; zero: never.
    pub idle: Duration,
}

/// Who hears of an outage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alerts {
    /// Where alerts are sent; absent: they are logged only.
    pub webhook: Option<AlertWebhook>,
}

/// A webhook with what its messages are signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertWebhook {
    /// `http://` or `https://`.
    pub url: String,
    /// Of both sides.
    pub secret: Secret,
}

/// What is kept, and under which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privacy {
    /// Keys of the vault from `YUNZHU_VAULT_KEY`, one a line; absent: those of the file.
    pub vault_key: Option<Secret>,
    /// File of the vault's keys.
    pub vault_key_file: PathBuf,
}

/// What is said on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// How.
    pub format: LogFormat,
    /// How much.
    pub level: LogLevel,
}

/// Shape of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Least important line that is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What should be looked at.
    Warn,
    /// What happened.
    #[default]
    Info,
    /// What was tried.
    Debug,
    /// Every step.
    Trace,
}

/// Scheme, host and port of a page, as browsers send it in `Origin`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(String);

impl Origin {
    /// As browsers spell it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let host =
            lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).unwrap_or_default();
        let odd = |c: char| c.is_whitespace() || !c.is_ascii() || matches!(c, '/' | '*' | '@' | '?' | '#');
        if host.is_empty() || host.contains(odd) {
            return Err(format!(
                "{text:?} is no origin; write scheme and host, such as https://console.example.com"
            ));
        }
        Ok(Self(lower))
    }
}

macro_rules! words {
    ($kind:ident { $($word:literal => $value:ident),* }) => {
        impl FromStr for $kind {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$value),)*
                    _ => Err(format!("{text:?} is not known, known are {}", [$($word),*].join(", "))),
                }
            }
        }
    };
}

words!(LogFormat { "text" => Text, "json" => Json });
words!(LogLevel { "error" => Error, "warn" => Warn, "info" => Info, "debug" => Debug, "trace" => Trace });

/// A value that contradicts itself or another: which key, and why.
pub(super) type Wrong = (&'static str, String);

pub(super) fn server(layer: ServerLayer) -> Result<Server, Wrong> {
    let tls = match (layer.tls_cert, layer.tls_key) {
        (Some(cert), Some(key)) => Some(Tls { cert, key }),
        (None, None) => None,
        (None, _) => {
            return Err(("server.tls_cert", "is missing beside server.tls_key; set both or none".into()));
        }
        (_, None) => {
            return Err(("server.tls_key", "is missing beside server.tls_cert; set both or none".into()));
        }
    };
    let max_attachment_mb = positive("server.max_attachment_mb", layer.max_attachment_mb.unwrap_or(50))?;
    let max_body = positive("server.max_body_bytes", layer.max_body_bytes.unwrap_or(65_536))?;
    Ok(Server {
        listen: layer.listen.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080)),
        tls,
        public_url: layer
            .public_url
            .map(|url| web("server.public_url", url.trim_end_matches('/').to_owned()))
            .transpose()?,
        allowed_origins: layer.allowed_origins.unwrap_or_default(),
        tls_in_front: layer.tls_in_front.unwrap_or(false),
        trusted_proxies: layer.trusted_proxies.unwrap_or_default(),
        max_body_bytes: usize::try_from(max_body).unwrap_or(usize::MAX),
        max_attachment_bytes: max_attachment_mb.saturating_mul(1 << 20),
        requests_per_second: positive(
            "server.requests_per_second",
            layer.requests_per_second.unwrap_or(200),
        )?,
        burst: positive("server.burst", layer.burst.unwrap_or(1000))?,
        messages_per_minute: positive(
            "server.messages_per_minute",
            layer.messages_per_minute.unwrap_or(300),
        )?,
        limit_loopback: layer.limit_loopback.unwrap_or(false),
        shutdown: Duration::from_secs(layer.shutdown_seconds.unwrap_or(10)),
    })
}

pub(super) fn conversation(layer: ConversationLayer) -> Conversation {
    Conversation { idle: Duration::from_secs(layer.idle_minutes.unwrap_or(30).saturating_mul(60)) }
}

pub(super) fn alerts(layer: AlertsLayer) -> Result<Alerts, Wrong> {
    let webhook = match (layer.webhook_url.filter(|url| !url.is_empty()), layer.webhook_secret) {
        (Some(url), Some(secret)) if !secret.expose().is_empty() => {
            Some(AlertWebhook { url: web("alerts.webhook_url", url)?, secret })
        }
        (Some(_), _) => {
            return Err(("alerts.webhook_secret", "is missing; alerts are signed with it".into()));
        }
        (None, _) => None,
    };
    Ok(Alerts { webhook })
}

pub(super) fn privacy(layer: PrivacyLayer, vault_key: Option<Secret>, data: &Path) -> Privacy {
    let vault_key_file = layer.vault_key_file.unwrap_or_else(|| data.join("vault.key"));
    Privacy { vault_key, vault_key_file }
}

pub(super) fn log(layer: LogLayer) -> Log {
    Log { format: layer.format.unwrap_or_default(), level: layer.level.unwrap_or_default() }
}

fn web(key: &'static str, url: String) -> Result<String, Wrong> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(url);
    }
    Err((key, "begins with neither https:// nor http://".into()))
}

fn positive<T: Default + PartialEq>(key: &'static str, value: T) -> Result<T, Wrong> {
    if value == T::default() { Err((key, "must be 1 or more".into())) } else { Ok(value) }
}
