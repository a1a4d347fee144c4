//! How fast one address, one conversation or one name may go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota as Governed, RateLimiter};

use crate::config::Network;
use crate::id::ConversationId;

use super::options::{Options, Quota};
use super::problem::{Kind, Problem};

/// After so many checks, keys that have all of their quota again are forgotten: memory follows those who are active.
const FORGET_EVERY: u32 = 4096;

/// All limiters of the server.
pub(super) struct Rates {
    address: Keyed<IpAddr>,
    conversation: Keyed<ConversationId>,
    sign_in_address: Keyed<IpAddr>,
    sign_in_name: Keyed<String>,
    trusted_proxies: Vec<Network>,
    exempt_loopback: bool,
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    address: IpAddr,
    /// Neither a proxy nor another machine is between.
    local: bool,
}

impl Rates {
    pub(super) fn new(options: &Options) -> Self {
        let limits = &options.limits;
        Self {
            address: Keyed::new(limits.address),
            conversation: Keyed::new(limits.conversation),
            sign_in_address: Keyed::new(limits.sign_in),
            sign_in_name: Keyed::new(limits.sign_in),
            trusted_proxies: options.trusted_proxies.clone(),
            exempt_loopback: limits.exempt_loopback,
        }
    }

    /// Where a request comes from: the peer, or whom the last trusted proxy names.
    pub(super) fn origin(&self, headers: &HeaderMap, extensions: &Extensions) -> Origin {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_canonical();
        let forwarded = headers.get_all("x-forwarded-for");
        let local = peer.is_loopback() && forwarded.iter().next().is_none();
        if !self.trusts(peer) {
            return Origin { address: network(peer), local };
        }
        let hops: Vec<IpAddr> = forwarded
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|hop| hop.trim().parse().ok())
            .collect();
        let client = hops.iter().rev().find(|hop| !self.trusts(**hop));
        Origin { address: network(*client.unwrap_or(&peer)), local }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|proxies| proxies.contains(address))
    }

    /// One request of an address.
    pub(super) fn request(&self, origin: Origin) -> Result<(), Problem> {
        if self.is_exempt(origin) {
            return Ok(());
        }
        self.address.check(&origin.address)
    }

    /// One message of a conversation.
    pub(super) fn message(&self, origin: Origin, id: &ConversationId) -> Result<(), Problem> {
        if self.is_exempt(origin) {
            return Ok(());
        }
        self.conversation.check(id)
    }

    /// One try to sign in. No setting frees anybody of this limit by where they are.
    pub(super) fn sign_in(&self, origin: Origin, name: &str) -> Result<(), Problem> {
        self.sign_in_address.check(&origin.address)?;
        self.sign_in_name.check(&name.to_lowercase())
    }

    fn is_exempt(&self, origin: Origin) -> bool {
        self.exempt_loopback && origin.local
    }
}

/// IPv6 customers get a /64 each, so that is what counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

struct Keyed<K: Clone + Eq + std::hash::Hash> {
    limiter: Option<DefaultKeyedRateLimiter<K>>,
    checks: AtomicU32,
}

impl<K: Clone + Eq + std::hash::Hash> Keyed<K> {
    fn new(quota: Option<Quota>) -> Self {
        let governed = |quota: Quota| Governed::per_second(quota.per_second).allow_burst(quota.burst);
        let limiter = quota.map(|quota| RateLimiter::keyed(governed(quota)));
        Self { limiter, checks: AtomicU32::new(0) }
    }

    fn check(&self, key: &K) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        limiter.check_key(key).map_err(|refused| {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            Problem::later(Kind::TooManyRequests, "too many requests: slow down", seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(quota: Quota, exempt_loopback: bool) -> Rates {
        let mut options = Options::default();
        options.limits.address = Some(quota);
        options.limits.conversation = Some(quota);
        options.limits.exempt_loopback = exempt_loopback;
        options.trusted_proxies = vec!["10.0.0.1".parse().unwrap()];
        Rates::new(&options)
    }

    fn origin(rates: &Rates, peer: &str, forwarded: &[&str]) -> Origin {
        let (mut headers, mut extensions) = (HeaderMap::new(), Extensions::new());
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        rates.origin(&headers, &extensions)
    }

    #[test]
    fn a_burst_and_no_more() {
        let rates = rates(Quota::new(1, 3), false);
        let here = origin(&rates, "127.0.0.1", &[]);
        assert_eq!((0..5).filter(|_| rates.request(here).is_ok()).count(), 3);
        let refused = rates.request(here).unwrap_err().body();
        let refused = serde_json::to_value(refused).unwrap();
        assert_eq!((refused["status"].as_u64(), refused["retry_after_s"].as_u64()), (Some(429), Some(1)));
        assert!(rates.request(origin(&rates, "127.0.0.2", &[])).is_ok());
        let id = ConversationId::parse("c1").unwrap();
        assert_eq!((0..5).filter(|_| rates.message(here, &id).is_ok()).count(), 3);
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let rates = rates(Quota::new(1, 1), false);
        let at = |peer: &str, forwarded: &[&str]| origin(&rates, peer, forwarded).address.to_string();
        assert_eq!(at("10.0.0.1", &["1.2.3.4, 5.6.7.8"]), "5.6.7.8");
        assert_eq!(at("10.0.0.1", &["1.2.3.4", "5.6.7.8, 10.0.0.1"]), "5.6.7.8");
        assert_eq!(at("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(at("9.9.9.9", &["1.2.3.4"]), "9.9.9.9");
        assert_eq!(at("2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
        assert_eq!(at("::ffff:9.9.9.9", &[]), "9.9.9.9");
    }

    #[test]
    fn loopback_is_free_by_setting_and_without_a_proxy() {
        let rates = rates(Quota::new(1, 1), true);
        let straight = origin(&rates, "127.0.0.1", &[]);
        assert!((0..50).all(|_| rates.request(straight).is_ok()));
        let through = origin(&rates, "127.0.0.1", &["1.2.3.4"]);
        assert_eq!((0..5).filter(|_| rates.request(through).is_ok()).count(), 1);
        assert!((0..50).any(|_| rates.sign_in(straight, "li").is_err()), "guessing passwords is never free");
    }

    #[test]
    fn keys_are_forgotten() {
        let rates = rates(Quota::new(1000, 1), false);
        for number in 0..20 * FORGET_EVERY {
            let address = IpAddr::V4(Ipv4Addr::from(number));
            let _ = rates.address.check(&address);
        }
        let kept = rates.address.limiter.as_ref().unwrap().len();
        assert!(kept < 10 * FORGET_EVERY as usize, "{kept} keys are kept");
    }
}
