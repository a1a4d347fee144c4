//! The open tickets, the agents and the incidents, in memory; the store has them too, and they are read back at the start.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::desk::alert::{Alert, Incident, IncidentStatus, Report};
use crate::desk::policy::Policy;
use crate::desk::queue::{Handling, Place, Waiting, places};
use crate::desk::routing::{Agent, Profile};
use crate::desk::ticket::{Status, Ticket, number};
use crate::id::{AgentName, TicketId};
use crate::store::service::{AccountRow, ServiceStore, TicketFilter, TicketRow};
use crate::store::sqlite::SqliteStore;

use super::EngineError;
use super::live::json;

/// Tickets that are read back at the start in one go.
const PAGE: u32 = 1000;

/// What people work on.
pub struct Desk {
    state: Mutex<State>,
}

/// The same, unlocked.
#[derive(Default)]
pub struct State {
    /// Tickets that are not closed.
    pub tickets: HashMap<TicketId, Ticket>,
    /// Agents who may work.
    pub agents: HashMap<AgentName, Agent>,
    /// Incidents that are not closed.
    pub incidents: HashMap<String, Incident>,
    /// How long work has taken lately.
    pub handling: Handling,
    /// The places that those who wait were told, and when.
    pub told: HashMap<TicketId, u32>,
    /// When places were told last.
    pub places_told_at: i64,
    last: Option<TicketId>,
}

impl Desk {
    /// Reads back what is open.
    pub async fn load(store: &SqliteStore, policy: &Policy, now: i64) -> Result<Self, EngineError> {
        let mut state = State { last: store.last_ticket(&number::prefix(now)).await?, ..State::default() };
        let statuses: Vec<String> = Status::OPEN.iter().map(|status| status.name().to_owned()).collect();
        let mut before = None;
        loop {
            let filter = TicketFilter {
                statuses: statuses.clone(),
                before: before.take(),
                limit: PAGE,
                ..TicketFilter::default()
            };
            let rows = store.tickets(&filter).await?;
            let is_last = rows.len() < PAGE as usize;
            before = rows.last().map(|row| row.id.clone());
            for row in rows {
                let ticket = ticket_of(&row)?;
                state.tickets.insert(ticket.id.clone(), ticket);
            }
            if is_last {
                break;
            }
        }
        for row in store.open_incidents().await? {
            let incident: Incident = serde_json::from_str(&row.body).map_err(|error| {
                EngineError::Internal(format!("incident {} is unreadable: {error}", row.id))
            })?;
            state.incidents.insert(incident.id.clone(), incident);
        }
        // Whoever had work has the time of one heartbeat to come back.
        for account in store.accounts().await? {
            state.see(&account, now);
        }
        let desk = Self { state: Mutex::new(state) };
        _ = policy;
        Ok(desk)
    }

    /// All of it; held for a moment only.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a new ticket.
    pub fn next_number(&self, now: i64) -> TicketId {
        let mut state = self.lock();
        let next = number::next(now, state.last.as_ref());
        state.last = Some(next.clone());
        next
    }

    /// An open ticket.
    pub fn ticket(&self, id: &TicketId) -> Option<Ticket> {
        self.lock().tickets.get(id).cloned()
    }

    /// Keeps what was saved; what is closed is let go.
    pub fn keep(&self, tickets: Vec<Ticket>, incidents: Vec<Incident>) {
        let mut state = self.lock();
        for ticket in tickets {
            match ticket.status.is_open() {
                true => _ = state.tickets.insert(ticket.id.clone(), ticket),
                false => _ = state.tickets.remove(&ticket.id),
            }
        }
        for incident in incidents {
            match incident.status {
                IncidentStatus::Closed => _ = state.incidents.remove(&incident.id),
                _ => _ = state.incidents.insert(incident.id.clone(), incident),
            }
        }
    }

    /// Lets go of tickets that were erased.
    pub fn forget(&self, tickets: &[TicketId]) {
        let mut state = self.lock();
        tickets.iter().for_each(|id| _ = state.tickets.remove(id));
    }

    /// Joins a report to its incident, or opens one; gives it with the alerts that are due at once.
    pub fn report(&self, policy: &Policy, report: &Report, now: i64) -> (Incident, Vec<Alert>) {
        let mut state = self.lock();
        let known =
            state.incidents.values().find(|incident| incident.takes(policy, report)).map(|i| i.id.clone());
        let mut incident = match known.and_then(|id| state.incidents.remove(&id)) {
            Some(mut incident) => {
                incident.report(policy, report);
                incident
            }
            None => {
                let mut at = now;
                while state.incidents.contains_key(&format!("I{at}")) {
                    at += 1;
                }
                Incident::open(policy, format!("I{at}"), report)
            }
        };
        let alerts = incident.advance(now);
        state.incidents.insert(incident.id.clone(), incident.clone());
        (incident, alerts)
    }
}

impl State {
    /// Takes an account up among the agents, or changes what is known of one.
    pub fn see(&mut self, account: &AccountRow, now: i64) {
        let Some(name) = AgentName::parse(&account.name) else { return };
        if account.disabled {
            self.agents.remove(&name);
            return;
        }
        let profile: Profile = serde_json::from_str(&account.body).unwrap_or_default();
        let fresh = || Agent {
            name: name.clone(),
            profile: Profile::default(),
            load: 0,
            available: false,
            last_seen: now,
            assigned_at: 0,
        };
        self.agents.entry(name.clone()).or_insert_with(fresh).profile = profile;
    }

    /// The agents with what they have to do now.
    pub fn agents(&self) -> Vec<Agent> {
        let mut loads: HashMap<&AgentName, u32> = HashMap::new();
        for ticket in self.tickets.values().filter(|ticket| ticket.status.is_open()) {
            if let Some(agent) = &ticket.agent {
                *loads.entry(agent).or_default() += 1;
            }
        }
        let mut agents: Vec<Agent> = self.agents.values().cloned().collect();
        agents.iter_mut().for_each(|agent| agent.load = loads.get(&agent.name).copied().unwrap_or(0));
        agents.sort_by(|a, b| a.name.cmp(&b.name));
        agents
    }

    /// The tickets that wait.
    pub fn waiting(&self) -> Vec<Waiting> {
        let mut waiting: Vec<Waiting> = self.tickets.values().filter_map(Waiting::of).collect();
        waiting.sort_by(|a, b| a.ticket.cmp(&b.ticket));
        waiting
    }

    /// The places of all that wait, with one more.
    pub fn places(&self, policy: &Policy, more: Option<Waiting>, now: i64) -> Vec<Place> {
        let mut waiting = self.waiting();
        if let Some(more) = more {
            waiting.retain(|known| known.ticket != more.ticket);
            waiting.push(more);
        }
        places(&policy.routing, &waiting, &self.agents(), &self.handling, now)
    }
}

/// A ticket from its row.
pub fn ticket_of(row: &TicketRow) -> Result<Ticket, EngineError> {
    serde_json::from_str(&row.body)
        .map_err(|error| EngineError::Internal(format!("ticket {} is unreadable: {error}", row.id)))
}

/// The row of a ticket.
pub fn ticket_row(ticket: &Ticket) -> Result<TicketRow, EngineError> {
    Ok(TicketRow {
        id: ticket.id.clone(),
        conversation_id: ticket.conversation_id.clone(),
        user_id: ticket.person.id.clone(),
        status: ticket.status.name().to_owned(),
        priority: format!("{:?}", ticket.priority),
        queue: ticket.queue.clone(),
        agent: ticket.agent.as_ref().map(ToString::to_string),
        created_at: ticket.created_at,
        updated_at: ticket.updated_at,
        wake_at: ticket.wake_at(),
        body: json(ticket)?,
    })
}
