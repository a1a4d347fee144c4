//! The rules of `routing.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::calendar::Hours;
use super::super::error::DeskError;
use super::super::label::{Label, Named};
use super::super::problem::Problems;
use super::super::queue::Waiting;
use super::super::span;
use super::candidates::Width;
use crate::message::{Severity, Tier};

const FILE: &str = "routing.toml";

/// Classes of customer that have queues of their own: their codes and names.
const CLASSES: [(&str, &str, &str); 5] = [
    ("vip", "企业VIP", "Enterprise VIP"),
    ("platinum", "铂金", "Platinum"),
    ("gold", "黄金", "Gold"),
    ("silver", "白银", "Silver"),
    ("standard", "标准", "Standard"),
];

/// How tickets wait and who gets them.
#[derive(Clone, Debug)]
pub struct RoutingPolicy {
    heartbeat_ms: i64,
    skills: Vec<Named>,
    regions: Vec<Named>,
    by_kind: BTreeMap<String, String>,
    ahead: Ahead<i64>,
    widen: Widen<i64>,
    /// Certificates that count for every skill.
    pub(super) certificates: Vec<String>,
    pub(crate) wait: Wait<i64>,
}

/// By how much a ticket counts as having come earlier.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(non_snake_case, reason = "the keys of the file are the public names")]
struct Ahead<T> {
    returned: T,
    P0: T,
    vip: T,
    P1: T,
    gold: T,
    silver: T,
}

/// After how much waiting less is asked for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Widen<T> {
    region: T,
    skill: T,
    language: T,
}

/// What an expected wait is made of.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wait<T> {
    /// How long a ticket takes where nothing is known.
    pub handling: T,
    /// Until somebody who is free has it.
    pub connect: T,
    /// More is not said.
    pub longest: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    heartbeat: String,
    skills: Vec<Named>,
    #[serde(default)]
    by_kind: BTreeMap<String, String>,
    ahead: Ahead<String>,
    widen: Widen<String>,
    #[serde(default)]
    certificates: Vec<String>,
    wait: Wait<String>,
}

impl RoutingPolicy {
    /// From the text of `routing.toml`; the modules of the problem tree are skills too.
    pub fn parse(text: &str, problems: &Problems, hours: &Hours) -> Result<Self, DeskError> {
        let file: File = toml::from_str(text).map_err(|error| DeskError::unreadable(FILE, text, &error))?;
        let mut skills: Vec<Named> = problems.modules().cloned().collect();
        let more = file.skills.into_iter().filter(|one| problems.module_named(&one.code).is_none());
        skills.extend(more);
        for (kind, skill) in &file.by_kind {
            let key = format!("by_kind.{kind}");
            if problems.kind(kind).is_none() {
                return Err(DeskError::unusable(FILE, key, "is no kind of problems.toml"));
            }
            if !skills.iter().any(|one| one.code == *skill) {
                return Err(DeskError::unusable(FILE, key, format!("{skill:?} is no skill")));
            }
        }
        if let Some(name) = skills.iter().find(|skill| skill.code.is_empty() || skill.code.contains('.')) {
            return Err(DeskError::unusable(FILE, "skills", format!("{:?} must be without dots", name.code)));
        }
        let regions = hours
            .regions()
            .iter()
            .map(|region| Named { code: region.code.clone(), label: region.label.clone() });
        Ok(Self {
            heartbeat_ms: span::parse_positive(FILE, "heartbeat", &file.heartbeat)?,
            skills,
            regions: regions.collect(),
            by_kind: file.by_kind,
            ahead: file.ahead.read()?,
            widen: file.widen.read()?,
            certificates: file.certificates,
            wait: file.wait.read()?,
        })
    }

    /// After how long without a heartbeat somebody is gone, in milliseconds.
    pub fn heartbeat_ms(&self) -> i64 {
        self.heartbeat_ms
    }

    /// All queues with what people read for them.
    pub fn queues(&self) -> Vec<Named> {
        let mut queues = Vec::with_capacity(self.skills.len() * CLASSES.len() * self.regions.len());
        for skill in &self.skills {
            for (class, zh, en) in CLASSES {
                queues.extend(self.regions.iter().map(|region| Named {
                    code: format!("{}.{class}.{}", skill.code, region.code),
                    label: Label {
                        zh: format!("{}·{zh}·{}", skill.label.zh, region.label.zh),
                        en: format!("{}, {en}, {}", skill.label.en, region.label.en),
                    },
                }));
            }
        }
        queues
    }

    /// Whether there is a queue of this name.
    pub fn is_queue(&self, name: &str) -> bool {
        self.skill_of_queue(name).is_some()
    }

    /// The skill that a queue is for; none where there is no such queue.
    pub fn skill_of_queue(&self, name: &str) -> Option<&str> {
        let mut parts = name.split('.');
        let (skill, class, region) = (parts.next()?, parts.next()?, parts.next()?);
        let is_there = parts.next().is_none()
            && CLASSES.iter().any(|(code, ..)| *code == class)
            && self.regions.iter().any(|own| own.code == region);
        self.skills.iter().map(|own| own.code.as_str()).find(|own| is_there && *own == skill)
    }

    /// The skill that a problem needs: that of its kind where the rules give one, else its module.
    pub fn skill_for(&self, kind: &str, category: &str) -> String {
        self.by_kind.get(kind).map_or(category, String::as_str).to_owned()
    }

    /// The queue of a ticket.
    pub fn queue_for(&self, skill: &str, tier: Tier, vip: bool, region: &str) -> String {
        let class = match tier {
            _ if vip => "vip",
            Tier::Platinum => "platinum",
            Tier::Gold => "gold",
            Tier::Silver => "silver",
            Tier::Standard => "standard",
        };
        format!("{skill}.{class}.{region}")
    }

    /// The time as which a ticket counts in the order of the queue. Nobody starves: what is ahead is so by a fixed time, and
    /// whoever has waited that much longer comes first. VIP and platinum are one.
    pub(crate) fn counts_since(&self, ticket: &Waiting) -> i64 {
        let ahead = &self.ahead;
        let priority = match ticket.priority {
            Severity::P0 => ahead.P0,
            Severity::P1 => ahead.P1,
            Severity::P2 => 0,
        };
        let class = match ticket.tier {
            _ if ticket.vip => ahead.vip,
            Tier::Platinum => ahead.vip,
            Tier::Gold => ahead.gold,
            Tier::Silver => ahead.silver,
            Tier::Standard => 0,
        };
        let returned = if ticket.returned { ahead.returned } else { 0 };
        ticket.since.saturating_sub(priority + class + returned)
    }

    /// How little may be asked for by now.
    pub(super) fn widest(&self, ticket: &Waiting, now: i64) -> Width {
        let waited = now.saturating_sub(ticket.since);
        let allowed = |width: &Width| ticket.is_urgent() || waited >= self.widens_after(*width);
        Width::ALL.into_iter().rfind(allowed).unwrap_or(Width::Exact)
    }

    /// After how much waiting a width is allowed, in milliseconds.
    pub(crate) fn widens_after(&self, width: Width) -> i64 {
        match width {
            Width::Exact => 0,
            Width::AnyRegion => self.widen.region,
            Width::AnySkill => self.widen.skill,
            Width::AnyLanguage => self.widen.language,
        }
    }
}

impl Ahead<String> {
    fn read(&self) -> Result<Ahead<i64>, DeskError> {
        let span = |key: &str, text: &str| span::parse(FILE, &format!("ahead.{key}"), text);
        Ok(Ahead {
            returned: span("returned", &self.returned)?,
            P0: span("P0", &self.P0)?,
            vip: span("vip", &self.vip)?,
            P1: span("P1", &self.P1)?,
            gold: span("gold", &self.gold)?,
            silver: span("silver", &self.silver)?,
        })
    }
}

impl Widen<String> {
    fn read(&self) -> Result<Widen<i64>, DeskError> {
        let span = |key: &str, text: &str| span::parse(FILE, &format!("widen.{key}"), text);
        let widen = Widen {
            region: span("region", &self.region)?,
            skill: span("skill", &self.skill)?,
            language: span("language", &self.language)?,
        };
        match widen.region <= widen.skill && widen.skill <= widen.language {
            true => Ok(widen),
            false => Err(DeskError::unusable(
                FILE,
                "widen",
                "region, skill, language must be in this order of time",
            )),
        }
    }
}

impl Wait<String> {
    fn read(&self) -> Result<Wait<i64>, DeskError> {
        let span = |key: &str, text: &str| span::parse_positive(FILE, &format!("wait.{key}"), text);
        Ok(Wait {
            handling: span("handling", &self.handling)?,
            connect: span("connect", &self.connect)?,
            longest: span("longest", &self.longest)?,
        })
    }
}
