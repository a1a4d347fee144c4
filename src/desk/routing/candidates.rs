//! Who could take a ticket: agents with room, found by what is asked for.
//!
//! What is asked for repeats (a few skills, regions, languages), so the agents that fit are worked out once for each and are
//! only compared afterwards. Room only shrinks within one run: what found nobody will find nobody again.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::super::queue::Waiting;
use super::{Agent, RoutingPolicy};
use crate::id::AgentName;

/// How much of what a ticket needs is asked for, from all to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Width {
    Exact,
    AnyRegion,
    AnySkill,
    AnyLanguage,
}

impl Width {
    /// From all to least.
    pub const ALL: [Self; 4] = [Self::Exact, Self::AnyRegion, Self::AnySkill, Self::AnyLanguage];

    /// Whether an agent can do as much as is asked for.
    pub fn fits(self, agent: &Agent, ticket: &Waiting) -> bool {
        (self >= Self::AnyRegion || agent.serves_region(&ticket.region))
            && (self >= Self::AnySkill || agent.has_skill(&ticket.skill))
            && (self >= Self::AnyLanguage || agent.speaks(&ticket.language))
    }
}

/// What is asked for.
#[derive(PartialEq, Eq, Hash)]
struct Demand<'a> {
    skill: &'a str,
    region: &'a str,
    language: &'a str,
    width: Width,
    certified: bool,
}

/// The agents who can be given work.
pub(super) struct Candidates<'a> {
    agents: Vec<Free<'a>>,
    fitting: HashMap<Demand<'a>, Vec<usize>>,
    room: u64,
}

struct Free<'a> {
    agent: &'a Agent,
    load: u32,
    assigned_at: i64,
}

impl<'a> Candidates<'a> {
    pub fn new(policy: &RoutingPolicy, agents: &'a [Agent], now: i64) -> Self {
        let free = agents.iter().filter(|agent| agent.takes_work(policy, now));
        let free = free.map(|agent| Free { agent, load: agent.load, assigned_at: agent.assigned_at });
        let mut agents: Vec<Free> = free.collect();
        agents.sort_by(|a, b| a.agent.name.cmp(&b.agent.name));
        let room = agents.iter().map(|free| u64::from(free.room())).sum();
        Self { agents, fitting: HashMap::new(), room }
    }

    /// Whether nobody has room.
    pub fn are_full(&self) -> bool {
        self.room == 0
    }

    /// The best agent for a ticket, who has one more from now on.
    pub fn take(&mut self, policy: &RoutingPolicy, ticket: &'a Waiting, now: i64) -> Option<&'a AgentName> {
        let widest = policy.widest(ticket, now);
        let widths = Width::ALL.into_iter().filter(|width| *width <= widest);
        // A certified engineer of another region comes before somebody without a certificate.
        let certified = [Width::Exact, Width::AnyRegion].map(|width| (width, true)).into_iter();
        let certified = certified.filter(|_| ticket.is_urgent());
        let number = certified
            .chain(widths.map(|width| (width, false)))
            .find_map(|(width, certified)| self.best(policy, ticket, width, certified))?;
        let free = &mut self.agents[number];
        (free.load, free.assigned_at) = (free.load + 1, now.max(free.assigned_at));
        self.room -= 1;
        Some(&free.agent.name)
    }

    /// The best of those who fit and have room.
    fn best(
        &mut self,
        policy: &RoutingPolicy,
        ticket: &'a Waiting,
        width: Width,
        certified: bool,
    ) -> Option<usize> {
        let demand = Demand {
            skill: &ticket.skill,
            region: &ticket.region,
            language: &ticket.language,
            width,
            certified,
        };
        let agents = &self.agents;
        let fitting = self.fitting.entry(demand).or_insert_with(|| {
            let fits = |agent: &Agent| {
                width.fits(agent, ticket) && (!certified || agent.is_certified(policy, &ticket.skill))
            };
            (0..agents.len()).filter(|number| fits(agents[*number].agent)).collect()
        });
        fitting.retain(|number| agents[*number].room() > 0);
        fitting.iter().copied().min_by(|a, b| agents[*a].compare(&agents[*b]))
    }
}

impl Free<'_> {
    fn room(&self) -> u32 {
        self.agent.profile.capacity.saturating_sub(self.load)
    }

    /// The smaller share of work first, then who has been without new work the longest; agents are in the order of names.
    fn compare(&self, other: &Self) -> Ordering {
        let share = |one: &Self, two: &Self| u64::from(one.load) * u64::from(two.agent.profile.capacity);
        share(self, other).cmp(&share(other, self)).then(self.assigned_at.cmp(&other.assigned_at))
    }
}
