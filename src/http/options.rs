//! What can be set of the service over HTTP.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::identity::Identity;
use crate::config::Network;

/// All values of the server, with defaults that are right for one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Address and port. Port 0 takes a free one.
    pub bind: SocketAddr,
    /// Certificate and key; absent: plain HTTP.
    pub tls: Option<Tls>,
    /// Whether a proxy in front speaks TLS, so that cookies are for TLS only.
    pub tls_in_front: bool,
    /// Origins of pages, besides the server's own, whose scripts may call it, such as `https://console.example.com`.
    pub allowed_origins: Vec<String>,
    /// How people prove who they are; absent: what a page says is believed.
    pub identity: Option<Identity>,
    /// Origins of pages, besides the server's own, that may show the widget.
    pub frame_origins: Vec<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Where uploads lie until they are complete; on the same disk as the attachments.
    pub uploads: PathBuf,
    /// How much at once and how fast.
    pub limits: Limits,
    /// How long is waited for what.
    pub patience: Patience,
}

/// Where the certificate lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the certificate and its chain.
    pub certificate: PathBuf,
    /// PEM file of the private key.
    pub key: PathBuf,
}

/// A sustained rate, and how much of it may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests a second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
}

impl Quota {
    /// A quota; zeros count as one.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { per_second: at_least_one(per_second), burst: at_least_one(burst) }
    }
}

/// How much at once and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a JSON body.
    pub body: usize,
    /// Bytes of an attachment.
    pub attachment: u64,
    /// Requests that are worked on at once; more are refused with 503.
    pub concurrent_requests: usize,
    /// Connections that are open at once; more are closed at once.
    pub connections: usize,
    /// Event streams and WebSockets that are open at once.
    pub streams: usize,
    /// Requests from one address (IPv6: one /64); absent: no limit.
    pub address: Option<Quota>,
    /// Messages of one conversation; absent: no limit.
    pub conversation: Option<Quota>,
    /// Tries to sign in from one address, and for one name.
    pub sign_in: Option<Quota>,
    /// Whether requests straight from this machine, not through a proxy, are free of the limits by address and
    /// conversation: for measuring.
    pub exempt_loopback: bool,
}

/// How long is waited for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the head of a request, from its first byte.
    pub head: Duration,
    /// For an answer, with the body of the request.
    pub request: Duration,
    /// For an upload as a whole.
    pub upload: Duration,
    /// For the next request of a kept connection.
    pub idle: Duration,
    /// For a client that does not take what it is sent.
    pub write: Duration,
    /// Between two pings of a WebSocket, which is closed after twice this long without a sign of life.
    pub ping: Duration,
    /// For everything to end at shutdown.
    pub shutdown: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            tls: None,
            tls_in_front: false,
            allowed_origins: Vec::new(),
            identity: None,
            frame_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            uploads: PathBuf::from("data/uploads"),
            limits: Limits::default(),
            patience: Patience::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 64 * 1024,
            attachment: 50 * 1024 * 1024,
            concurrent_requests: 1024,
            connections: 20_000,
            streams: 16_000,
            // An office of hundreds behind one address stays far below; a script that floods does not.
            address: Some(Quota::new(200, 1000)),
            conversation: Some(Quota::new(5, 40)),
            sign_in: Some(Quota::new(1, 10)),
            exempt_loopback: false,
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            request: Duration::from_secs(30),
            upload: Duration::from_secs(600),
            idle: Duration::from_secs(75),
            write: Duration::from_secs(30),
            ping: Duration::from_secs(30),
            shutdown: Duration::from_secs(9),
        }
    }
}
