//! Whether somebody is there for a ticket; and where not, when, and which line to call.

use serde::Serialize;

use super::calendar::Footing;
use super::directory::{LineView, Wanted, lines_for};
use super::policy::Policy;
use super::queue::Waiting;
use super::routing::Agent;

/// Who is there for a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Availability {
    /// Whether the service region has its hours.
    pub open: bool,
    /// Agents who are there, with room or not; who lacks the skill gets it after a while all the same.
    pub agents_there: u32,
    /// When the hours begin next; now where they have begun.
    pub next_opening: Option<i64>,
    /// The line to name to the person.
    pub line: Option<LineView>,
}

impl Availability {
    /// Whether waiting makes sense: somebody is there, whatever the hours.
    pub fn somebody(&self) -> bool {
        self.agents_there > 0
    }
}

/// Who is there for a ticket now.
pub fn availability(
    policy: &Policy,
    ticket: &Waiting,
    agents: &[Agent],
    footing: Footing,
    now: i64,
) -> Availability {
    let calendar = policy.hours.desk(Some(&ticket.region), footing);
    let there = agents.iter().filter(|agent| agent.works(&policy.routing, now)).count();
    let (region, urgent) = (Some(ticket.region.clone()), ticket.is_urgent());
    let wanted = Wanted { region, tier: ticket.tier, purpose: None, urgent };
    let lines = lines_for(policy, &wanted, now, footing);
    Availability {
        open: calendar.open_at(now),
        agents_there: u32::try_from(there).unwrap_or(u32::MAX),
        next_opening: calendar.next_opening(now),
        line: lines.into_iter().next(),
    }
}
