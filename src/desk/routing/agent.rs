//! A human of the service: what they can do, and whether they are there.

use serde::{Deserialize, Serialize};

use super::RoutingPolicy;
use crate::id::AgentName;

/// What somebody can do. An empty list means everything, so that a small team needs no lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Codes of skills: modules of the problem tree and those of `routing.toml`.
    pub skills: Vec<String>,
    /// Codes of certificates: a skill, or one that counts for all. Here an empty list means none.
    pub certificates: Vec<String>,
    /// Languages, such as `zh`.
    pub languages: Vec<String>,
    /// Codes of service regions.
    pub regions: Vec<String>,
    /// Tickets at a time.
    pub capacity: u32,
}

impl Default for Profile {
    /// Everything, five tickets at a time: what one person can follow in chats.
    fn default() -> Self {
        Self {
            skills: Vec::new(),
            certificates: Vec::new(),
            languages: Vec::new(),
            regions: Vec::new(),
            capacity: 5,
        }
    }
}

/// Somebody with their work, as the caller knows it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Who.
    pub name: AgentName,
    /// What they can do.
    pub profile: Profile,
    /// Tickets that they have.
    pub load: u32,
    /// Whether they want new work.
    pub available: bool,
    /// Their last heartbeat.
    pub last_seen: i64,
    /// When they last got work; 0: never.
    pub assigned_at: i64,
}

impl Agent {
    /// Whether their heartbeat is fresh.
    pub fn here(&self, policy: &RoutingPolicy, now: i64) -> bool {
        now.saturating_sub(self.last_seen) <= policy.heartbeat_ms()
    }

    /// Whether they are there and want work, with room for it or not.
    pub fn works(&self, policy: &RoutingPolicy, now: i64) -> bool {
        self.available && self.profile.capacity > 0 && self.here(policy, now)
    }

    /// Whether they can be given a ticket now.
    pub fn takes_work(&self, policy: &RoutingPolicy, now: i64) -> bool {
        self.works(policy, now) && self.load < self.profile.capacity
    }

    pub(crate) fn has_skill(&self, skill: &str) -> bool {
        holds(&self.profile.skills, skill)
    }

    pub(crate) fn serves_region(&self, region: &str) -> bool {
        holds(&self.profile.regions, region)
    }

    pub(crate) fn speaks(&self, language: &str) -> bool {
        holds(&self.profile.languages, language)
    }

    /// Whether they have a certificate for a skill.
    pub(crate) fn is_certified(&self, policy: &RoutingPolicy, skill: &str) -> bool {
        let counts = |own: &String| own == skill || policy.certificates.contains(own);
        self.profile.certificates.iter().any(counts)
    }
}

fn holds(list: &[String], one: &str) -> bool {
    list.is_empty() || list.iter().any(|own| own == one)
}
