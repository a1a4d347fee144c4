//! Parts of a layer, one for each `[section]` of the file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

use super::network::Network;
use super::options::{LogFormat, LogLevel, Origin};
use crate::privacy::secret::Secret;

/// A section: its keys as the file spells them, each may be set or not.
macro_rules! section {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $key:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$what])* pub $key: Option<$kind>,)*
        }

        impl $name {
            /// Its keys.
            pub(in crate::config) const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];

            /// This, and what it leaves open from the other.
            pub(in crate::config) fn over(self, other: Self) -> Self {
                Self { $($key: self.$key.or(other.$key),)* }
            }

            /// Sets a key from a text of the environment; `None` where there is no such key.
            pub(in crate::config) fn set(&mut self, key: &str, text: &str) -> Option<Result<(), String>> {
                match key {
                    $(stringify!($key) => Some($crate::config::section::FromText::from_text(text).map(|value| self.$key = Some(value))),)*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use section;

section! {
    /// `[server]`: how it is reached, and how much it takes.
    ServerLayer {
        /// Address and port.
        listen: SocketAddr,
        /// File of the certificate chain, PEM.
        tls_cert: PathBuf,
        /// File of its private key, PEM.
        tls_key: PathBuf,
        /// Where browsers find it.
        public_url: String,
        /// Pages of other hosts that may use the API.
        allowed_origins: Vec<Origin>,
        /// Whether a proxy in front speaks TLS.
        tls_in_front: bool,
        /// Machines whose `X-Forwarded-For` is believed.
        trusted_proxies: Vec<Network>,
        /// Longest body of a request.
        max_body_bytes: u64,
        /// Largest file that is taken.
        max_attachment_mb: u64,
        /// Requests of one address, in the long run.
        requests_per_second: u32,
        /// Requests of one address at once.
        burst: u32,
        /// Messages of one conversation.
        messages_per_minute: u32,
        /// Whether requests straight from this machine are limited too.
        limit_loopback: bool,
        /// How long a shutdown waits for what is under way.
        shutdown_seconds: u64,
    }
}

section! {
    /// `[conversation]`: when it is over.
    ConversationLayer {
        /// Without a word for so long, it is closed.
        idle_minutes: u64,
    }
}

section! {
    /// `[alerts]`: who hears of an outage.
    AlertsLayer {
        /// Where alerts are sent.
        webhook_url: String,
        /// What they are signed with.
        webhook_secret: Secret,
    }
}

section! {
    /// `[privacy]`: what is kept, and under which key.
    PrivacyLayer {
        /// File of the vault's keys.
        vault_key_file: PathBuf,
    }
}

section! {
    /// `[log]`: what is said on standard error.
    LogLayer {
        /// How.
        format: LogFormat,
        /// How much.
        level: LogLevel,
    }
}

/// A value as the environment spells it: as text, lists with commas.
pub(super) trait FromText: Sized {
    fn from_text(text: &str) -> Result<Self, String>;
}

macro_rules! parsed {
    ($($kind:ty),*) => {
        $(impl FromText for $kind {
            fn from_text(text: &str) -> Result<Self, String> {
                parse(text)
            }
        })*
    };
}

parsed!(String, PathBuf, SocketAddr, Secret, bool, u32, u64, Network, Origin, LogFormat, LogLevel);

impl<T: FromText> FromText for Vec<T> {
    fn from_text(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(T::from_text).collect()
    }
}

fn parse<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}
