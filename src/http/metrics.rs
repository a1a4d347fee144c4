//! Figures of the service, as Prometheus reads them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::engine::figures::{DECISIONS, Figures, REASONS};
use crate::message::HandoffReason;
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
struct Verdict {
    verdict: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct State {
    state: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Status {
    status: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Channel {
    account: String,
    what: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Connection {
    account: &'static str,
}

/// All figures.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    turn_seconds: Histogram,
    opened: Counter,
    turns: Counter,
    decisions: Family<Decision, Counter>,
    handoffs: Family<Reason, Counter>,
    failed_rounds: Counter,
    verdicts: Family<Verdict, Counter>,
    search_seconds: Counter<f64, AtomicU64>,
    conversations: Family<State, Gauge>,
    tickets: Family<Status, Gauge>,
    arrivals: Family<Channel, Counter>,
    deliveries: Family<Channel, Counter>,
    connected: Family<Connection, Gauge>,
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
            turn_seconds: Histogram::new(TURN_BUCKETS),
            opened: Counter::default(),
            turns: Counter::default(),
            decisions: Family::default(),
            handoffs: Family::default(),
            failed_rounds: Counter::default(),
            verdicts: Family::default(),
            search_seconds: Counter::default(),
            conversations: Family::default(),
            tickets: Family::default(),
            arrivals: Family::default(),
            deliveries: Family::default(),
            connected: Family::default(),
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
        all.register("turn_seconds", "Time that a turn over HTTP takes", self.turn_seconds.clone());
        all.register("conversations_opened", "Conversations that were opened", self.opened.clone());
        all.register("turns", "Turns that were saved", self.turns.clone());
        all.register("decisions", "Searches by what was decided", self.decisions.clone());
        all.register("handoffs", "Conversations handed to people, by reason", self.handoffs.clone());
        all.register("failed_rounds", "Rounds that failed", self.failed_rounds.clone());
        all.register("verdicts", "Answers by what people said of them", self.verdicts.clone());
        all.register("search_seconds", "Time spent searching", self.search_seconds.clone());
        all.register("conversations", "Open conversations by state", self.conversations.clone());
        all.register("tickets", "Tickets by status", self.tickets.clone());
        all.register(
            "arrivals",
            "What came from chat platforms: new, again, refused, stale",
            self.arrivals.clone(),
        );
        let outcomes =
            "What left for chat platforms, robots and webhooks: delivered, again, held_back, given_up";
        all.register("deliveries", outcomes, self.deliveries.clone());
        let connected = "Whether the connection to a chat platform stands";
        all.register("channel_connected", connected, self.connected.clone());
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
    pub(super) fn turn(&self, took: Duration) {
        self.turn_seconds.observe(took.as_secs_f64());
    }

    /// Everything as text.
    pub(super) async fn page(&self, site: &Inner) -> String {
        if let Some(service) = site.slot.service() {
            self.take(service.figures());
            match service.counts().await {
                Ok(counts) => self.count(counts),
                Err(error) => tracing::error!(%error, "the store cannot count"),
            }
        }
        for (account, stands) in site.slot.accounts().connections() {
            self.connected.get_or_create(&Connection { account }).set(i64::from(stands));
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

    /// What the service itself counts, since it also does what nobody asks for over HTTP.
    fn take(&self, figures: &Figures) {
        let set = |counter: &Counter, number: u64| counter.inner().store(number, Ordering::Relaxed);
        set(&self.opened, figures.conversations());
        set(&self.turns, figures.turns());
        set(&self.failed_rounds, figures.failed_rounds());
        for (decision, number) in DECISIONS.into_iter().zip(figures.decisions()) {
            set(&self.decisions.get_or_create(&Decision { decision: decided(decision) }), number);
        }
        for (reason, number) in REASONS.into_iter().zip(figures.handoffs()) {
            set(&self.handoffs.get_or_create(&Reason { reason: reason_name(reason) }), number);
        }
        let (accepted, refused) = figures.verdicts();
        set(&self.verdicts.get_or_create(&Verdict { verdict: "accepted" }), accepted);
        set(&self.verdicts.get_or_create(&Verdict { verdict: "refused" }), refused);
        for (family, counted) in
            [(&self.arrivals, figures.arrivals()), (&self.deliveries, figures.deliveries())]
        {
            for (account, what, number) in counted {
                set(&family.get_or_create(&Channel { account, what }), number);
            }
        }
        let seconds = Duration::from_micros(figures.search_us()).as_secs_f64();
        self.search_seconds.inner().store(seconds.to_bits(), Ordering::Relaxed);
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

fn decided(decision: crate::hit::Decision) -> &'static str {
    use crate::hit::Decision;
    match decision {
        Decision::Answer => "answer",
        Decision::Choose => "choose",
        Decision::Clarify => "clarify",
        Decision::Miss => "miss",
    }
}

fn reason_name(reason: HandoffReason) -> &'static str {
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
