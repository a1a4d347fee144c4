//! The targets of `sla.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::calendar::Calendar;
use super::super::error::DeskError;
use super::super::label::Label;
use super::super::policy::Policy;
use super::super::span;
use crate::message::{Severity, Tier};

const FILE: &str = "sla.toml";

/// By which time a clock counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// Every hour of every day.
    Clock,
    /// The working time of the service region.
    Working,
}

/// What is promised for a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Targets {
    /// Until the first answer of a human.
    pub response_ms: i64,
    /// Until the solution.
    pub resolution_ms: i64,
    /// By which time.
    pub counting: Counting,
}

/// The service levels.
#[derive(Clone, Debug)]
pub struct SlaPolicy {
    /// By priority, P0 first.
    priorities: [(Label, Targets); 3],
    /// Promises to a class of customer; the shorter holds.
    tiers: BTreeMap<Tier, Promise>,
    /// Shares in per cent at which somebody is warned, rising.
    pub(super) warn_at: Vec<u8>,
    pub(super) timeout_ms: i64,
    pub(super) timeout_counting: Counting,
    always: Calendar,
}

/// Either may be absent.
#[derive(Clone, Copy, Debug, Default)]
struct Promise {
    response_ms: Option<i64>,
    resolution_ms: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    warn_at: Vec<u8>,
    priorities: Priorities,
    #[serde(default)]
    tiers: BTreeMap<Tier, WrittenPromise>,
    timeout: Timeout,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(non_snake_case, reason = "the keys of the file are the public names")]
struct Priorities {
    P0: Priority,
    P1: Priority,
    P2: Priority,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Priority {
    label: Label,
    response: String,
    resolution: String,
    counting: Counting,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPromise {
    response: Option<String>,
    resolution: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Timeout {
    after: String,
    counting: Counting,
}

impl SlaPolicy {
    /// From the text of `sla.toml`.
    pub fn parse(text: &str) -> Result<Self, DeskError> {
        let file: File = toml::from_str(text).map_err(|error| DeskError::unreadable(FILE, text, &error))?;
        let rising = file.warn_at.windows(2).all(|pair| pair[0] < pair[1]);
        if !rising || file.warn_at.iter().any(|share| !(1..100).contains(share)) {
            return Err(DeskError::unusable(FILE, "warn_at", "must be rising shares from 1 to 99"));
        }
        let Priorities { P0, P1, P2 } = file.priorities;
        let priorities = [P0.read("P0")?, P1.read("P1")?, P2.read("P2")?];
        let tiers = file.tiers.iter().map(|(tier, promise)| Ok((*tier, promise.read(*tier)?)));
        Ok(Self {
            priorities,
            tiers: tiers.collect::<Result<_, DeskError>>()?,
            warn_at: file.warn_at,
            timeout_ms: span::parse_positive(FILE, "timeout.after", &file.timeout.after)?,
            timeout_counting: file.timeout.counting,
            always: Calendar::always(),
        })
    }

    /// What is promised to a class of customer for a priority.
    pub fn targets(&self, priority: Severity, tier: Tier) -> Targets {
        let Targets { response_ms, resolution_ms, counting } = self.row(priority).1;
        let promise = self.tiers.get(&tier).copied().unwrap_or_default();
        let shorter = |own: i64, promised: Option<i64>| promised.map_or(own, |ms| ms.min(own));
        Targets {
            response_ms: shorter(response_ms, promise.response_ms),
            resolution_ms: shorter(resolution_ms, promise.resolution_ms),
            counting,
        }
    }

    /// What people read for a priority: 紧急, 重要, 常规.
    pub fn label(&self, priority: Severity) -> &Label {
        &self.row(priority).0
    }

    /// The calendar by which a clock counts.
    pub(super) fn calendar(&self, policy: &Policy, counting: Counting, region: &str) -> Calendar {
        match counting {
            Counting::Clock => self.always.clone(),
            Counting::Working => policy.hours.working(Some(region)).clone(),
        }
    }

    fn row(&self, priority: Severity) -> &(Label, Targets) {
        match priority {
            Severity::P0 => &self.priorities[0],
            Severity::P1 => &self.priorities[1],
            Severity::P2 => &self.priorities[2],
        }
    }
}

impl Priority {
    fn read(self, name: &str) -> Result<(Label, Targets), DeskError> {
        let span =
            |key: &str, text: &str| span::parse_positive(FILE, &format!("priorities.{name}.{key}"), text);
        let targets = Targets {
            response_ms: span("response", &self.response)?,
            resolution_ms: span("resolution", &self.resolution)?,
            counting: self.counting,
        };
        match targets.response_ms <= targets.resolution_ms {
            true => Ok((self.label, targets)),
            false => Err(DeskError::unusable(
                FILE,
                format!("priorities.{name}"),
                "the first response must not be later than the resolution",
            )),
        }
    }
}

impl WrittenPromise {
    fn read(&self, tier: Tier) -> Result<Promise, DeskError> {
        let span = |key: &str, text: &Option<String>| {
            let key = format!("tiers.{tier:?}.{key}").to_lowercase();
            text.as_ref().map(|text| span::parse_positive(FILE, &key, text)).transpose()
        };
        Ok(Promise {
            response_ms: span("response", &self.response)?,
            resolution_ms: span("resolution", &self.resolution)?,
        })
    }
}
