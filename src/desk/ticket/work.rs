//! What happens to a ticket. Each step checks the table of stages, moves the clocks and is written into the history.
//!
//! The same step again changes nothing: requests are repeated, and events come late.

use super::super::policy::Policy;
use super::super::sla::SlaEvent;
use super::{Actor, Change, HistoryEntry, Note, Rating, Status, Ticket, TicketError};
use crate::id::AgentName;
use crate::message::Severity;

/// Where a ticket is handed on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a queue.
    Queue(String),
    /// To an agent.
    Agent(AgentName),
}

impl Ticket {
    /// It waits in its queue.
    pub fn enqueue(&mut self, policy: &Policy, at: i64, by: Actor) -> Result<(), TicketError> {
        let change = Change::Queued { queue: self.queue.clone() };
        if self.status == Status::Resolved {
            return self.reopen(policy, at, by);
        }
        if self.step(Status::Waiting, change, at, by)? {
            self.agent = None;
            self.queued_at.get_or_insert(at);
            self.sla.resume(policy, at);
        }
        Ok(())
    }

    /// Somebody is given it.
    pub fn assign(
        &mut self,
        policy: &Policy,
        agent: AgentName,
        at: i64,
        by: Actor,
    ) -> Result<(), TicketError> {
        if self.status == Status::Assigned && self.agent.as_ref() != Some(&agent) {
            return self.hand_to(policy, agent, at, by);
        }
        let change = Change::Assigned { agent: agent.clone() };
        if self.step(Status::Assigned, change, at, by)? {
            self.agent = Some(agent);
            self.sla.resume(policy, at);
        }
        Ok(())
    }

    /// Somebody begins to work on it.
    pub fn take(&mut self, policy: &Policy, agent: AgentName, at: i64) -> Result<(), TicketError> {
        let by = Actor::Agent(agent.clone());
        if self.status == Status::InProgress && self.agent.as_ref() != Some(&agent) {
            return self.hand_to(policy, agent, at, by);
        }
        if self.step(Status::InProgress, Change::Taken { agent: agent.clone() }, at, by)? {
            self.agent = Some(agent);
            self.sla.resume(policy, at);
        }
        Ok(())
    }

    /// The agent has said something: the first time, the promise of a first answer is met.
    pub fn agent_said(&mut self, policy: &Policy, at: i64) {
        if !self.status.is_open() {
            return;
        }
        let by = self.agent.clone().map_or(Actor::System, Actor::Agent);
        if !self.sla.is_answered() {
            self.sla.responded(policy, at);
            self.write(Change::Responded, at, by.clone());
        }
        if let (Status::Assigned, Some(agent)) = (self.status, self.agent.clone()) {
            self.status = Status::InProgress;
            self.write(Change::Taken { agent }, at, by);
        }
    }

    /// The customer is waited for: the clocks stand.
    pub fn wait_for_customer(&mut self, policy: &Policy, at: i64, by: Actor) -> Result<(), TicketError> {
        if self.step(Status::WaitingCustomer, Change::WaitingForCustomer, at, by)? {
            self.sla.pause(policy, at);
        }
        Ok(())
    }

    /// The customer has said something: if they were waited for, the clocks go on. Nothing in other stages.
    pub fn customer_said(&mut self, policy: &Policy, at: i64) {
        if self.status != Status::WaitingCustomer {
            return;
        }
        self.status = if self.agent.is_some() { Status::InProgress } else { Status::Waiting };
        self.sla.resume(policy, at);
        self.write(Change::CustomerReplied, at, Actor::User);
    }

    /// It is solved.
    pub fn resolve(
        &mut self,
        policy: &Policy,
        solution: Option<String>,
        at: i64,
        by: Actor,
    ) -> Result<(), TicketError> {
        if self.step(Status::Resolved, Change::Resolved, at, by)? {
            self.sla.resolved(policy, at);
        }
        self.solution = solution.or(self.solution.take());
        Ok(())
    }

    /// It was not solved after all: back to the queue, before others.
    pub fn reopen(&mut self, policy: &Policy, at: i64, by: Actor) -> Result<(), TicketError> {
        if self.status != Status::Resolved && self.status != Status::Waiting {
            return Err(self.not_allowed(Status::Waiting));
        }
        if self.step(Status::Waiting, Change::Reopened, at, by)? {
            self.sla.reopened(policy, at);
            self.back_to_the_queue(at);
        }
        Ok(())
    }

    /// It is over.
    pub fn close(&mut self, policy: &Policy, at: i64, by: Actor) -> Result<(), TicketError> {
        self.end(policy, Status::Closed, Change::Closed, at, by)
    }

    /// It is called off.
    pub fn cancel(&mut self, policy: &Policy, at: i64, by: Actor) -> Result<(), TicketError> {
        self.end(policy, Status::Cancelled, Change::Cancelled, at, by)
    }

    /// The bot speaks again, and this work is over.
    pub fn return_to_bot(&mut self, policy: &Policy, at: i64, by: Actor) -> Result<(), TicketError> {
        self.end(policy, Status::Closed, Change::ReturnedToBot, at, by)
    }

    /// Its agent went away: back to the queue, before others. A customer who was waited for is so no longer.
    pub fn agent_gone(&mut self, policy: &Policy, at: i64) -> Result<(), TicketError> {
        let change = Change::AgentGone { agent: self.agent.clone() };
        if self.step(Status::Waiting, change, at, Actor::System)? {
            self.sla.resume(policy, at);
            self.back_to_the_queue(at);
        }
        Ok(())
    }

    /// It is handed on to a queue, where it waits before others, or to an agent.
    pub fn transfer(&mut self, policy: &Policy, to: Target, at: i64, by: Actor) -> Result<(), TicketError> {
        let queue = match to {
            Target::Queue(queue) => queue,
            Target::Agent(agent) if self.status.is_open() => {
                return self.hand_to(policy, agent, at, by);
            }
            Target::Agent(_) => return Err(self.not_allowed(Status::Assigned)),
        };
        let Some(skill) = policy.routing.skill_of_queue(&queue).map(str::to_owned) else {
            return Err(TicketError::NoSuchQueue { queue });
        };
        if !self.status.is_open() {
            return Err(self.not_allowed(Status::Waiting));
        }
        if self.status == Status::Waiting && self.queue == queue {
            return Ok(());
        }
        self.status = Status::Waiting;
        self.skills.retain(|own| *own != skill);
        self.skills.insert(0, skill);
        self.region = queue.rsplit('.').next().unwrap_or_default().to_owned();
        self.queue.clone_from(&queue);
        self.sla.resume(policy, at);
        self.back_to_the_queue(at);
        self.write(Change::Transferred { queue, agent: None }, at, by);
        Ok(())
    }

    /// It is worse, or less bad, than it was taken to be.
    pub fn set_priority(&mut self, policy: &Policy, priority: Severity, at: i64, by: Actor) {
        if priority == self.priority || !self.status.is_open() {
            return;
        }
        let from = std::mem::replace(&mut self.priority, priority);
        self.priority_label = policy.sla.label(priority).clone();
        self.sla.reprioritised(policy, priority, at);
        self.write(Change::Priority { from, to: priority }, at, by);
    }

    /// An agent writes a note.
    pub fn note(&mut self, text: String, at: i64, by: AgentName) {
        self.notes.push(Note { at, by: by.clone(), text });
        self.write(Change::Noted, at, Actor::Agent(by));
    }

    /// The person rates it. What they do not rate now stays as they rated it before.
    pub fn rate(&mut self, rating: Rating) {
        let before = self.rating.take().unwrap_or_default();
        let at = rating.at;
        self.rating = Some(Rating {
            response: rating.response.or(before.response),
            resolution: rating.resolution.or(before.resolution),
            communication: rating.communication.or(before.communication),
            at,
        });
        self.write(Change::Rated, at, Actor::User);
    }

    /// It belongs to an incident; certified engineers come first.
    pub fn join_incident(&mut self, incident: &str, at: i64) {
        if self.incident.as_deref() == Some(incident) {
            return;
        }
        (self.incident, self.alert) = (Some(incident.to_owned()), true);
        self.write(Change::Incident { id: incident.to_owned() }, at, Actor::System);
    }

    /// When [`Self::advance`] has something to say next.
    pub fn wake_at(&self) -> Option<i64> {
        self.sla.next_wake()
    }

    /// What was due until now, each once; it is in the history from then on.
    pub fn advance(&mut self, now: i64) -> Vec<SlaEvent> {
        let events = self.sla.advance(now);
        for event in &events {
            self.write(Change::Sla { event: *event }, event.at, Actor::System);
        }
        events
    }

    /// To the next stage. `false` where it is there already.
    fn step(&mut self, to: Status, change: Change, at: i64, by: Actor) -> Result<bool, TicketError> {
        if self.status == to {
            return Ok(false);
        }
        if !self.status.may_become().contains(&to) {
            return Err(self.not_allowed(to));
        }
        self.status = to;
        self.write(change, at, by);
        Ok(true)
    }

    fn end(
        &mut self,
        policy: &Policy,
        to: Status,
        change: Change,
        at: i64,
        by: Actor,
    ) -> Result<(), TicketError> {
        let was_resolved = self.status == Status::Resolved;
        if self.step(to, change, at, by)? && !was_resolved {
            self.sla.stopped(policy, at);
        }
        Ok(())
    }

    /// To an agent who has not begun.
    fn hand_to(&mut self, policy: &Policy, agent: AgentName, at: i64, by: Actor) -> Result<(), TicketError> {
        if self.agent.as_ref() == Some(&agent) {
            return Ok(());
        }
        self.status = Status::Assigned;
        self.sla.resume(policy, at);
        self.agent = Some(agent.clone());
        self.write(Change::Transferred { queue: self.queue.clone(), agent: Some(agent) }, at, by);
        Ok(())
    }

    fn back_to_the_queue(&mut self, at: i64) {
        (self.agent, self.returned) = (None, true);
        self.queued_at.get_or_insert(at);
    }

    fn not_allowed(&self, to: Status) -> TicketError {
        TicketError::NotAllowed { ticket: self.id.clone(), from: self.status, to }
    }

    fn write(&mut self, change: Change, at: i64, by: Actor) {
        self.updated_at = self.updated_at.max(at);
        self.history.push(HistoryEntry { at, by, change });
    }
}
