//! Routing: which agent gets which waiting ticket, and whose work comes back.
//!
//! A ticket goes to somebody who has its skill, its region and its language; the longer it waits, the less is asked for. What
//! is urgent goes to certified engineers first, and to anybody at once where there is none.

mod agent;
mod candidates;
mod rules;

use std::collections::HashMap;

pub use self::agent::{Agent, Profile};
use self::candidates::Candidates;
pub(crate) use self::candidates::Width;
pub use self::rules::RoutingPolicy;
use super::queue::{Waiting, in_order};
use crate::id::{AgentName, TicketId};

/// A ticket for an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What.
    pub ticket: TicketId,
    /// For whom.
    pub agent: AgentName,
}

/// Gives waiting tickets to agents who have room, in the order of the queue. The same input gives the same assignments. Of
/// those who fit, the one gets it whose share of work is the smallest, then who has been without new work the longest.
pub fn assign(policy: &RoutingPolicy, waiting: &[Waiting], agents: &[Agent], now: i64) -> Vec<Assignment> {
    let mut candidates = Candidates::new(policy, agents, now);
    let mut assignments = Vec::new();
    for ticket in in_order(policy, waiting).into_iter().filter_map(|number| waiting.get(number)) {
        if candidates.are_full() {
            break;
        }
        if let Some(agent) = candidates.take(policy, ticket, now) {
            assignments.push(Assignment { ticket: ticket.ticket.clone(), agent: agent.clone() });
        }
    }
    assignments
}

/// The tickets whose agent is gone, or is none of `agents`: they go back to the queue.
pub fn left_behind(
    policy: &RoutingPolicy,
    held: &[(TicketId, AgentName)],
    agents: &[Agent],
    now: i64,
) -> Vec<TicketId> {
    let here: HashMap<&AgentName, bool> =
        agents.iter().map(|agent| (&agent.name, agent.here(policy, now))).collect();
    let gone = held.iter().filter(|(_, agent)| !here.get(agent).copied().unwrap_or(false));
    gone.map(|(ticket, _)| ticket.clone()).collect()
}

#[cfg(test)]
pub(super) mod tests;
