//! The queue: in which order tickets are served, and what those who wait are told.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::routing::{Agent, RoutingPolicy, Width};
use super::ticket::{Status, Ticket};
use crate::id::TicketId;
use crate::message::{Severity, Tier};

/// How many handling times are remembered: the recent ones, of which one odd one says little.
const HANDLING_KEPT: usize = 50;
/// With fewer than this many, the default of the rules is believed instead.
const HANDLING_ENOUGH: usize = 5;

/// A ticket that waits, as far as the queue cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub ticket: TicketId,
    /// Where.
    pub queue: String,
    /// The skill that it needs.
    pub skill: String,
    /// The service region that it belongs to.
    pub region: String,
    /// The language of the person.
    pub language: String,
    /// How bad it is.
    pub priority: Severity,
    /// Class of customer.
    pub tier: Tier,
    /// Whether it is marked as VIP.
    pub vip: bool,
    /// Whether an alert was raised for it.
    pub alert: bool,
    /// Whether its agent went away.
    pub returned: bool,
    /// Since when it waits.
    pub since: i64,
}

impl Waiting {
    /// A ticket as the queue sees it; none where it does not wait.
    pub fn of(ticket: &Ticket) -> Option<Self> {
        if ticket.status != Status::Waiting {
            return None;
        }
        Some(Self {
            ticket: ticket.id.clone(),
            queue: ticket.queue.clone(),
            skill: ticket.skills.first().unwrap_or(&ticket.category.code).clone(),
            region: ticket.region.clone(),
            language: ticket.language.clone(),
            priority: ticket.priority,
            tier: ticket.person.tier,
            vip: ticket.vip,
            alert: ticket.alert,
            returned: ticket.returned,
            since: ticket.queued_at.unwrap_or(ticket.created_at),
        })
    }

    /// Whether certified engineers come first and nobody's skill is waited for.
    pub fn is_urgent(&self) -> bool {
        self.alert || self.priority == Severity::P0
    }
}

/// The numbers of tickets in the order in which they are served. The order of two tickets never changes while they wait.
pub fn in_order(policy: &RoutingPolicy, waiting: &[Waiting]) -> Vec<usize> {
    let mut order: Vec<(i64, usize)> =
        waiting.iter().enumerate().map(|(number, ticket)| (policy.counts_since(ticket), number)).collect();
    order.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| waiting[*x].ticket.cmp(&waiting[*y].ticket)));
    order.into_iter().map(|(_, number)| number).collect()
}

/// How long tickets have taken of late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handling {
    recent_s: VecDeque<u32>,
}

/// Nobody reads a ticket and helps in less; a promise of seconds would be broken.
const LEAST_HANDLING_S: u32 = 60;

impl Handling {
    /// One more was done.
    pub fn record(&mut self, seconds: u32) {
        self.recent_s.push_back(seconds.max(LEAST_HANDLING_S));
        while self.recent_s.len() > HANDLING_KEPT {
            self.recent_s.pop_front();
        }
    }

    /// The median; the default of the rules where there is too little to go by.
    pub fn typical_s(&self, policy: &RoutingPolicy) -> u32 {
        if self.recent_s.len() < HANDLING_ENOUGH {
            return seconds(policy.wait.handling);
        }
        let mut sorted: Vec<u32> = self.recent_s.iter().copied().collect();
        sorted.sort_unstable();
        sorted[sorted.len() / 2].max(1)
    }
}

/// What somebody who waits is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub ticket: TicketId,
    /// From 1: the next one.
    pub position: u32,
    /// Seconds; absent where nobody is there who could take it.
    pub expected_wait_s: Option<u32>,
}

/// The places of all that wait, in the order in which they are served. Those count before a ticket that wait for the same
/// skill in the same region.
pub fn places(
    policy: &RoutingPolicy,
    waiting: &[Waiting],
    agents: &[Agent],
    handling: &Handling,
    now: i64,
) -> Vec<Place> {
    let handling_s = handling.typical_s(policy);
    let mut positions: HashMap<(&str, &str), u32> = HashMap::new();
    let mut teams: HashMap<(&str, &str, &str), Option<Team>> = HashMap::new();
    let place = |number: usize| {
        let ticket = &waiting[number];
        let position = positions.entry((&ticket.skill, &ticket.region)).or_default();
        *position += 1;
        let team = teams
            .entry((&ticket.skill, &ticket.region, &ticket.language))
            .or_insert_with(|| Team::of(policy, ticket, agents, now));
        let expected = team.as_ref().map(|team| team.wait_s(policy, ticket, *position, handling_s, now));
        Place { ticket: ticket.ticket.clone(), position: *position, expected_wait_s: expected }
    };
    in_order(policy, waiting).into_iter().map(place).collect()
}

/// Those who could take a ticket.
struct Team {
    width: Width,
    free: u32,
    capacity: u32,
}

impl Team {
    /// The agents who are there for a ticket: with all that it needs, or else with as much as there is.
    fn of(policy: &RoutingPolicy, ticket: &Waiting, agents: &[Agent], now: i64) -> Option<Self> {
        let there: Vec<&Agent> = agents.iter().filter(|agent| agent.works(policy, now)).collect();
        let (width, team) = Width::ALL.into_iter().find_map(|width| {
            let team: Vec<&&Agent> = there.iter().filter(|agent| width.fits(agent, ticket)).collect();
            (!team.is_empty()).then_some((width, team))
        })?;
        let sum = |of: fn(&Agent) -> u32| team.iter().fold(0_u32, |sum, agent| sum.saturating_add(of(agent)));
        Some(Self {
            width,
            free: sum(|agent| agent.profile.capacity.saturating_sub(agent.load)),
            capacity: sum(|agent| agent.profile.capacity).max(1),
        })
    }

    /// The tickets ahead beyond the free places must be done first, and `capacity` of them are done at a time.
    fn wait_s(
        &self,
        policy: &RoutingPolicy,
        ticket: &Waiting,
        position: u32,
        handling_s: u32,
        now: i64,
    ) -> u32 {
        let ahead = position.saturating_sub(self.free);
        let turns = (u64::from(ahead) * u64::from(handling_s)).div_ceil(u64::from(self.capacity));
        let until_widened = match ticket.is_urgent() {
            true => 0,
            false => policy.widens_after(self.width).saturating_sub(now.saturating_sub(ticket.since)),
        };
        let wait = u32::try_from(turns).unwrap_or(u32::MAX).max(seconds(until_widened.max(0)));
        wait.clamp(seconds(policy.wait.connect), seconds(policy.wait.longest.max(policy.wait.connect)))
    }
}

fn seconds(ms: i64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
