//! What every handler shares: the service once it is open, options, limits, figures.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::channel::accounts::Accounts;
use crate::engine::Service;

use super::metrics::Metrics;
use super::options::Options;
use super::problem::{Kind, Problem};
use super::rate::Rates;
use super::webhooks::Tries;

/// Where the service appears once it is open; until then requests for it are answered with 503. Cheap to clone.
#[derive(Clone, Default)]
pub struct Slot {
    service: Arc<OnceLock<Service>>,
    accounts: Arc<Accounts>,
}

impl Slot {
    /// An empty slot.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty slot, with the accounts of chat platforms that call the server.
    pub fn with(accounts: Arc<Accounts>) -> Self {
        Self { accounts, ..Self::default() }
    }

    /// The accounts of chat platforms.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The service is open from now on. A second one is not taken.
    pub fn fill(&self, service: Service) {
        if self.service.set(service).is_err() {
            tracing::warn!("the service was opened twice: the first one stays");
        }
    }

    /// The service, where it is open.
    pub fn service(&self) -> Option<&Service> {
        self.service.get()
    }
}

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub(super) struct Site(Arc<Inner>);

pub(super) struct Inner {
    pub(super) slot: Slot,
    pub(super) options: Options,
    pub(super) metrics: Metrics,
    pub(super) rates: Rates,
    /// Turns true when the server ends.
    pub(super) closing: watch::Receiver<bool>,
    /// Requests that may be worked on at once.
    pub(super) requests: Semaphore,
    /// Streams and WebSockets that may be open at once.
    pub(super) streams: Arc<Semaphore>,
    /// Passwords that may be checked at once, since that takes a core and much memory.
    pub(super) sign_ins: Semaphore,
    /// How often platforms have called with what is not answered yet.
    pub(super) tries: Tries,
}

impl std::ops::Deref for Site {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Site {
    /// A site over a slot that may still be empty.
    pub(super) fn new(options: Options, slot: Slot, closing: watch::Receiver<bool>) -> Self {
        Self(Arc::new(Inner {
            slot,
            rates: Rates::new(&options),
            metrics: Metrics::default(),
            closing,
            requests: Semaphore::new(options.limits.concurrent_requests),
            streams: Arc::new(Semaphore::new(options.limits.streams)),
            sign_ins: Semaphore::new(2),
            tries: Tries::default(),
            options,
        }))
    }

    /// The accounts of chat platforms.
    pub(super) fn accounts(&self) -> &Accounts {
        self.slot.accounts()
    }

    /// The service, or 503 while it is not open.
    pub(super) fn service(&self) -> Result<Service, Problem> {
        let starting = || Problem::later(Kind::Unavailable, "the service is starting", 2);
        self.slot.service().cloned().ok_or_else(starting)
    }

    /// Room for one more stream or WebSocket.
    pub(super) fn stream(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let full = |_| Problem::later(Kind::Unavailable, "too many streams are open", 10);
        self.streams.clone().try_acquire_owned().map_err(full)
    }
}

/// Waits until the server ends.
pub(super) async fn ends(closing: &mut watch::Receiver<bool>) {
    // Without a sender nobody will ever serve again, which is an end as well.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// The service, for handlers that need nobody's leave.
pub(super) struct Ready(pub(super) Service);

impl FromRequestParts<Site> for Ready {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, site: &Site) -> Result<Self, Problem> {
        site.service().map(Self)
    }
}
