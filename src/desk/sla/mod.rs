//! Service levels: how soon a ticket is answered and solved, and who hears of it in time.
//!
//! An [`Sla`] is a value that is stored with its ticket. It knows the instants at which something is due, so that nobody has to
//! look at it in between ([`Sla::next_wake`]) and nothing is missed by looking late ([`Sla::advance`]). Targets are those
//! of the rules when it began: a change of the rules does not move a promise that was made.

mod clock;
mod rules;

use serde::{Deserialize, Serialize};

use self::clock::Clock;
pub use self::rules::{Counting, SlaPolicy, Targets};
use super::calendar::Calendar;
use super::policy::Policy;
use crate::message::{Severity, Tier};

/// Which promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockOf {
    /// The first answer of a human.
    Response,
    /// The solution.
    Resolution,
}

/// What a clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "signal", rename_all = "snake_case")]
pub enum SlaSignal {
    /// So much of the time has gone.
    Warned {
        /// Of which promise.
        of: ClockOf,
        /// Per cent.
        share: u8,
    },
    /// All of it has gone.
    Breached {
        /// Of which promise.
        of: ClockOf,
    },
    /// The ticket has been open for too long.
    TicketTimeout,
}

/// Something that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaEvent {
    /// When it was due; not when it was looked at.
    pub at: i64,
    /// What.
    #[serde(flatten)]
    pub what: SlaSignal,
}

/// The clocks of one ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sla {
    priority: Severity,
    tier: Tier,
    /// Code of the service region, whose calendar counts.
    region: String,
    counting: Counting,
    response: Clock,
    resolution: Clock,
    /// When the ticket has been open for too long; absent once that was said or no longer matters.
    timeout_at: Option<i64>,
    paused_at: Option<i64>,
    /// What was due before a change, and was not yet looked at.
    pending: Vec<SlaEvent>,
}

/// One clock as people see it, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClockView {
    /// How long was promised.
    pub target_s: i64,
    /// How long it has taken, in the time that counts.
    pub spent_s: i64,
    /// How long is left; negative when it is too late.
    pub left_s: i64,
    /// When it is due; absent while it stands.
    pub due_at: Option<i64>,
    /// When the promise was met, late or not.
    pub met_at: Option<i64>,
    /// Whether it was broken.
    pub breached: bool,
}

/// The clocks of a ticket as people see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlaView {
    /// The first answer.
    pub response: ClockView,
    /// The solution.
    pub resolution: ClockView,
    /// Whether they stand while the customer is waited for.
    pub paused: bool,
    /// By which time they count.
    pub counting: Counting,
}

impl Sla {
    /// Both clocks begin.
    pub fn start(policy: &Policy, priority: Severity, tier: Tier, region: Option<&str>, now: i64) -> Self {
        let (targets, rules) = (policy.sla.targets(priority, tier), &policy.sla);
        let region = policy.hours.region_of(region).code.clone();
        let calendar = rules.calendar(policy, targets.counting, &region);
        let clock = |target| {
            let mut clock = Clock::new(target, &rules.warn_at);
            clock.run(&calendar, now);
            clock
        };
        Self {
            priority,
            tier,
            counting: targets.counting,
            response: clock(targets.response_ms),
            resolution: clock(targets.resolution_ms),
            timeout_at: Some(
                rules.calendar(policy, rules.timeout_counting, &region).add_working(now, rules.timeout_ms),
            ),
            region,
            paused_at: None,
            pending: Vec::new(),
        }
    }

    /// The customer is waited for: both clocks stand. The time a ticket is open goes on.
    pub fn pause(&mut self, policy: &Policy, now: i64) {
        if self.paused_at.is_some() || self.resolution.met_at().is_some() {
            return;
        }
        self.settle(now);
        let calendar = self.calendar(policy);
        self.response.stand(&calendar, now);
        self.resolution.stand(&calendar, now);
        self.paused_at = Some(now);
    }

    /// The customer has answered: the clocks go on where they stood.
    pub fn resume(&mut self, policy: &Policy, now: i64) {
        let Some(paused_at) = self.paused_at.take() else { return };
        let (calendar, now) = (self.calendar(policy), now.max(paused_at));
        self.response.run(&calendar, now);
        self.resolution.run(&calendar, now);
    }

    /// A human has answered for the first time; later answers change nothing.
    pub fn responded(&mut self, policy: &Policy, now: i64) {
        self.settle(now);
        let calendar = self.calendar(policy);
        self.response.meet(&calendar, now);
    }

    /// It is solved, and thereby answered.
    pub fn resolved(&mut self, policy: &Policy, now: i64) {
        self.settle(now);
        let calendar = self.calendar(policy);
        self.response.meet(&calendar, now);
        self.resolution.meet(&calendar, now);
        (self.paused_at, self.timeout_at) = (None, None);
    }

    /// It was not solved after all: the clock of the solution goes on where it stood.
    pub fn reopened(&mut self, policy: &Policy, now: i64) {
        let calendar = self.calendar(policy);
        if let Some(met_at) = self.resolution.unmeet() {
            self.resolution.run(&calendar, now.max(met_at));
        }
    }

    /// It ends without a solution: nothing is due any more.
    pub fn stopped(&mut self, policy: &Policy, now: i64) {
        self.settle(now);
        let calendar = self.calendar(policy);
        self.response.stand(&calendar, now);
        self.resolution.stand(&calendar, now);
        (self.paused_at, self.timeout_at) = (None, None);
    }

    /// Other targets from now on. The time that has passed counts as it was counted; what has gone beyond a new target is due
    /// at once, what lies before one again is said again.
    pub fn reprioritised(&mut self, policy: &Policy, priority: Severity, now: i64) {
        if priority == self.priority {
            return;
        }
        self.settle(now);
        let running = self.resolution.is_running() || self.response.is_running();
        let old = self.calendar(policy);
        self.response.stand(&old, now);
        self.resolution.stand(&old, now);
        let targets = policy.sla.targets(priority, self.tier);
        (self.priority, self.counting) = (priority, targets.counting);
        self.response.retarget(targets.response_ms, &policy.sla.warn_at);
        self.resolution.retarget(targets.resolution_ms, &policy.sla.warn_at);
        if running {
            let new = self.calendar(policy);
            self.response.run(&new, now);
            self.resolution.run(&new, now);
        }
    }

    /// When [`Self::advance`] has something to say next.
    pub fn next_wake(&self) -> Option<i64> {
        let due = [&self.response, &self.resolution].into_iter().filter_map(Clock::next_due);
        due.chain(self.timeout_at).chain(self.pending.iter().map(|event| event.at)).min()
    }

    /// What was due until now, in the order in which it was, each once. However late, nothing is left out; a clock that goes
    /// back says nothing twice.
    pub fn advance(&mut self, now: i64) -> Vec<SlaEvent> {
        self.settle(now);
        std::mem::take(&mut self.pending)
    }

    /// Whether a human has answered.
    pub fn is_answered(&self) -> bool {
        self.response.met_at().is_some()
    }

    /// Which priority the targets are of.
    pub fn priority(&self) -> Severity {
        self.priority
    }

    /// The clocks as people see them.
    pub fn view(&self, policy: &Policy, now: i64) -> SlaView {
        let calendar = self.calendar(policy);
        SlaView {
            response: self.response.view(&calendar, now),
            resolution: self.resolution.view(&calendar, now),
            paused: self.paused_at.is_some(),
            counting: self.counting,
        }
    }

    /// Takes note of what was due until now.
    fn settle(&mut self, now: i64) {
        for (of, clock) in
            [(ClockOf::Response, &mut self.response), (ClockOf::Resolution, &mut self.resolution)]
        {
            for (share, at) in clock.take_due(now) {
                let what = match share {
                    100.. => SlaSignal::Breached { of },
                    share => SlaSignal::Warned { of, share },
                };
                self.pending.push(SlaEvent { at, what });
            }
        }
        if let Some(at) = self.timeout_at.take_if(|at| *at <= now) {
            self.pending.push(SlaEvent { at, what: SlaSignal::TicketTimeout });
        }
        // Stable: of what is due at the same instant, the answer comes first, and each share in its order.
        self.pending.sort_by_key(|event| event.at);
    }

    fn calendar(&self, policy: &Policy) -> Calendar {
        policy.sla.calendar(policy, self.counting, &self.region)
    }
}

#[cfg(test)]
mod tests;
