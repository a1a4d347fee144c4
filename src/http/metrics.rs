//! Figures of the service, as Prometheus reads them.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::message::{HandoffReason, Reply, Turn};
use crate::store::service::Counts;

use super::site::Inner;

/// Seconds; the targets are a median of 5 ms alone, 60 ms under load.
const TURN_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 5.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Decision {
    decision: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct State {
    state: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Status {
    status: String,
}

/// All figures.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    turns: Family<Decision, Counter>,
    turn_seconds: Histogram,
    handoffs: Family<Reason, Counter>,
    conversations: Family<State, Gauge>,
    tickets: Family<Status, Gauge>,
    outbox: Gauge,
    dead: Gauge,
    streams: Gauge,
    memory: Gauge<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("yunzhu"),
            requests: Family::default(),
            turns: Family::default(),
            turn_seconds: Histogram::new(TURN_BUCKETS),
            handoffs: Family::default(),
            conversations: Family::default(),
            tickets: Family::default(),
            outbox: Gauge::default(),
            dead: Gauge::default(),
            streams: Gauge::default(),
            memory: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let all = &mut self.registry;
        all.register("http_requests", "Requests by route and status", self.requests.clone());
        all.register("turns", "Turns by what was decided", self.turns.clone());
        all.register("turn_seconds", "Time that a turn takes", self.turn_seconds.clone());
        all.register("handoffs", "Conversations handed to people, by reason", self.handoffs.clone());
        all.register("conversations", "Open conversations by state", self.conversations.clone());
        all.register("tickets", "Tickets by status", self.tickets.clone());
        all.register("outbox_waiting", "Messages that wait to leave", self.outbox.clone());
        all.register("outbox_dead", "Messages that were given up", self.dead.clone());
        all.register("streams", "Event streams and WebSockets that are open", self.streams.clone());
        all.register("resident_memory_bytes", "Memory of the process", self.memory.clone());
    }

    /// A request was answered.
    pub(super) fn request(&self, method: &str, route: &str, status: u16) {
        let label = Request { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&label).inc();
    }

    /// A turn was answered.
    pub(super) fn turn(&self, turn: &Turn, took: Duration) {
        self.turn_seconds.observe(took.as_secs_f64());
        self.turns.get_or_create(&Decision { decision: decision(turn) }).inc();
        let handed_over = turn.replies.iter().any(|reply| matches!(reply, Reply::Handoff { .. }));
        if let Some(handoff) = turn.handoff.as_ref().filter(|_| handed_over) {
            self.handoffs.get_or_create(&Reason { reason: reason(handoff.reason) }).inc();
        }
    }

    /// Everything as text.
    pub(super) fn page(&self, counts: Option<Counts>, site: &Inner) -> String {
        if let Some(counts) = counts {
            self.count(counts);
        }
        let open = site.options.limits.streams.saturating_sub(site.streams.available_permits());
        self.streams.set(i64::try_from(open).unwrap_or(i64::MAX));
        if let Some(bytes) = resident_memory() {
            self.memory.set(bytes);
        }
        let mut page = String::new();
        if encode(&mut page, &self.registry).is_err() {
            tracing::error!("the figures cannot be written");
        }
        page
    }

    fn count(&self, counts: Counts) {
        let gauge = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        // What no longer occurs must read 0 and not its last number.
        self.conversations.clear();
        for (state, number) in counts.conversations {
            self.conversations.get_or_create(&State { state }).set(gauge(number));
        }
        self.tickets.clear();
        for (status, number) in counts.tickets {
            self.tickets.get_or_create(&Status { status }).set(gauge(number));
        }
        self.outbox.set(gauge(counts.outbox));
        self.dead.set(gauge(counts.dead));
    }
}

/// What was decided, as the first reply that tells it.
fn decision(turn: &Turn) -> &'static str {
    let told = turn.replies.iter().find_map(|reply| match reply {
        Reply::Answer { .. } => Some("answer"),
        Reply::Choices { .. } => Some("choose"),
        Reply::Clarify { .. } => Some("clarify"),
        Reply::Handoff { .. } => Some("handoff"),
        Reply::Text { .. } | Reply::Notice { .. } => None,
    });
    told.unwrap_or(if turn.replies.is_empty() { "silent" } else { "text" })
}

fn reason(reason: HandoffReason) -> &'static str {
    match reason {
        HandoffReason::FailedRounds => "failed_rounds",
        HandoffReason::UserRequest => "user_request",
        HandoffReason::Urgent => "urgent",
        HandoffReason::Complaint => "complaint",
        HandoffReason::Vip => "vip",
        HandoffReason::TicketTimeout => "ticket_timeout",
    }
}

/// Bytes of memory, where the system tells it as Linux does.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
