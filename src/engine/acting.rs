//! What agents do with tickets, and what becomes of the work of one who is gone.

use crate::desk::ticket::{Actor, Status, Target, Ticket};
use crate::dialogue::event::Event;
use crate::id::{AgentName, ConversationId, TicketId};
use crate::message::{Author, Reply};
use crate::store::service::{AuditEntry, ServiceStore as _};

use super::inbound::cleaned;
use super::live::{json, not_found};
use super::turn::Run;
use super::{Account, AgentAction, EngineError, Role, Service, desk};

impl Service {
    /// An agent does something; gives the ticket after it.
    ///
    /// # Errors
    /// No such ticket; it is not theirs; its stage does not allow that.
    pub async fn act(
        &self,
        by: &Account,
        id: &TicketId,
        action: AgentAction,
    ) -> Result<serde_json::Value, EngineError> {
        let ticket = self.find_ticket(id).await?;
        self.may_act(by, &ticket, &action)?;
        match ticket.conversation_id.clone() {
            Some(conversation) => self.act_in(by, &conversation, id, action).await?,
            None => return Err(EngineError::Conflict(format!("ticket {id} has no conversation any more"))),
        }
        self.desk_changed();
        self.ticket(by, id).await
    }

    /// An open ticket, or one from the store.
    pub(super) async fn find_ticket(&self, id: &TicketId) -> Result<Ticket, EngineError> {
        if let Some(ticket) = self.inner.desk.ticket(id) {
            return Ok(ticket);
        }
        let row = self.inner.store.ticket(id).await?.ok_or_else(|| not_found("ticket", id.as_str()))?;
        desk::ticket_of(&row)
    }

    fn may_act(&self, by: &Account, ticket: &Ticket, action: &AgentAction) -> Result<(), EngineError> {
        let theirs = ticket.agent.as_ref() == Some(&by.name);
        let free = ticket.agent.is_none() || ticket.status == Status::Assigned;
        match action {
            AgentAction::Take if theirs || free || by.role == Role::Operator => Ok(()),
            AgentAction::Take => {
                let agent = ticket.agent.as_ref().map_or("", AgentName::as_str);
                Err(EngineError::Conflict(format!("ticket {} is taken by {agent}", ticket.id)))
            }
            AgentAction::Note { .. } | AgentAction::SetPriority { .. } => Ok(()),
            AgentAction::Transfer { .. } if by.role == Role::Operator => Ok(()),
            _ if theirs => Ok(()),
            _ => Err(EngineError::Forbidden(format!("ticket {} is not yours: take it first", ticket.id))),
        }
    }

    async fn act_in(
        &self,
        by: &Account,
        conversation: &ConversationId,
        id: &TicketId,
        action: AgentAction,
    ) -> Result<(), EngineError> {
        let (mut guard, live) = self.enter(conversation).await?;
        // Again, now that nobody else can change it.
        let ticket = self.find_ticket(id).await?;
        self.may_act(by, &ticket, &action)?;
        let mut run = Run::new(self, live);
        run.act(by, ticket, action).await?;
        run.audit(&by.name, id);
        *guard = Some(run.commit(None).await?);
        Ok(())
    }

    /// Gives waiting work to agents who are there, and takes it from those who are gone.
    pub(super) async fn distribute(&self) -> Result<(), EngineError> {
        let now = self.now();
        let (gone, given) = {
            let state = self.inner.desk.lock();
            let agents = state.agents();
            let held: Vec<(TicketId, AgentName)> = state
                .tickets
                .values()
                .filter(|ticket| matches!(ticket.status, Status::Assigned | Status::InProgress))
                .filter_map(|ticket| Some((ticket.id.clone(), ticket.agent.clone()?)))
                .collect();
            let routing = &self.inner.policy.routing;
            let gone = crate::desk::routing::left_behind(routing, &held, &agents, now);
            let waiting = state.waiting();
            let given = match agents.iter().any(|agent| agent.takes_work(routing, now)) {
                true => crate::desk::routing::assign(routing, &waiting, &agents, now),
                false => Vec::new(),
            };
            (gone, given)
        };
        for ticket in gone {
            self.change(&ticket, |run, mut ticket| {
                let policy = &run.service.inner.policy;
                if ticket.agent_gone(policy, run.now).is_ok() {
                    tracing::warn!(ticket = %ticket.id, "the agent is gone; the ticket waits again");
                    run.put_ticket(ticket);
                    return Some(Event::AgentLost);
                }
                None
            })
            .await?;
        }
        for assignment in given {
            let agent = assignment.agent.clone();
            self.change(&assignment.ticket, move |run, mut ticket| {
                if ticket.assign(&run.service.inner.policy, agent.clone(), run.now, Actor::System).is_ok() {
                    run.put_ticket(ticket);
                }
                None
            })
            .await?;
            if let Some(agent) = self.inner.desk.lock().agents.get_mut(&assignment.agent) {
                agent.assigned_at = now;
            }
        }
        Ok(())
    }

    /// Changes a ticket together with its conversation.
    pub(super) async fn change(
        &self,
        id: &TicketId,
        change: impl FnOnce(&mut Run<'_>, Ticket) -> Option<Event>,
    ) -> Result<(), EngineError> {
        let Some(ticket) = self.inner.desk.ticket(id) else { return Ok(()) };
        let Some(conversation) = ticket.conversation_id.clone() else { return Ok(()) };
        let (mut guard, live) = self.enter(&conversation).await?;
        // It may have changed while its turn was waited for.
        let Some(ticket) = self.inner.desk.ticket(id) else { return Ok(()) };
        let mut run = Run::new(self, live);
        if let Some(event) = change(&mut run, ticket) {
            run.play(event).await?;
        }
        if run.has_happened() || !run.tickets.is_empty() {
            *guard = Some(run.commit(None).await?);
            self.desk_changed();
        }
        Ok(())
    }
}

impl Run<'_> {
    async fn act(
        &mut self,
        by: &Account,
        mut ticket: Ticket,
        action: AgentAction,
    ) -> Result<(), EngineError> {
        let (policy, now) = (&self.service.inner.policy, self.now);
        let actor = || Actor::Agent(by.name.clone());
        let conflict = |error: crate::desk::ticket::TicketError| EngineError::Conflict(error.to_string());
        let event = match action {
            AgentAction::Take => {
                ticket.take(policy, by.name.clone(), now).map_err(conflict)?;
                Some(Event::AgentTook { agent: self.shown_name(&by.name).await? })
            }
            AgentAction::Say { text } => {
                let text = cleaned(&text)?;
                ticket.agent_said(policy, now);
                let name = self.shown_name(&by.name).await?;
                self.line(Author::Agent, Reply::Text { text }, Some(name), None)?;
                None
            }
            AgentAction::Note { text } => {
                ticket.note(crate::privacy::masking::mask(&cleaned(&text)?).text, now, by.name.clone());
                None
            }
            AgentAction::WaitForCustomer => {
                ticket.wait_for_customer(policy, now, actor()).map_err(conflict)?;
                None
            }
            AgentAction::Resolve { solution } => {
                let solution = solution.map(|text| crate::privacy::masking::mask(&text).text);
                let seconds = u32::try_from((now - ticket.created_at).max(0) / 1000).unwrap_or(u32::MAX);
                ticket.resolve(policy, solution, now, actor()).map_err(conflict)?;
                self.service.inner.desk.lock().handling.record(seconds);
                Some(Event::AgentResolved)
            }
            AgentAction::ReturnToBot => {
                ticket.return_to_bot(policy, now, actor()).map_err(conflict)?;
                Some(Event::AgentReturned)
            }
            AgentAction::Transfer { queue, agent } => {
                let target = self.target(queue, agent)?;
                ticket.transfer(policy, target, now, actor()).map_err(conflict)?;
                Some(Event::AgentLost)
            }
            AgentAction::SetPriority { priority } => {
                ticket.set_priority(policy, priority, now, actor());
                None
            }
        };
        self.put_ticket(ticket);
        match event {
            Some(event) => self.play(event).await,
            None => Ok(()),
        }
    }

    /// The name that people read.
    async fn shown_name(&self, agent: &AgentName) -> Result<String, EngineError> {
        #[derive(serde::Deserialize)]
        struct Shown {
            #[serde(default)]
            display_name: String,
        }
        let row = self.service.inner.store.account(agent.as_str()).await?;
        let shown =
            row.and_then(|row| serde_json::from_str::<Shown>(&row.body).ok()).map(|shown| shown.display_name);
        Ok(shown.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| agent.to_string()))
    }

    fn target(&self, queue: Option<String>, agent: Option<AgentName>) -> Result<Target, EngineError> {
        match (queue, agent) {
            (None, Some(agent)) => {
                let known = self.service.inner.desk.lock().agents.contains_key(&agent);
                known.then(|| Target::Agent(agent.clone())).ok_or_else(|| not_found("agent", agent.as_str()))
            }
            (Some(queue), None) if self.service.inner.policy.routing.is_queue(&queue) => {
                Ok(Target::Queue(queue))
            }
            (Some(queue), None) => {
                let known: Vec<String> =
                    self.service.inner.policy.routing.queues().into_iter().map(|queue| queue.code).collect();
                let reason = format!("there is no queue {queue:?}; there are {}", known.join(", "));
                Err(EngineError::Unusable { field: "queue", reason })
            }
            _ => {
                let reason = "give either queue or agent".to_owned();
                Err(EngineError::Unusable { field: "queue", reason })
            }
        }
    }

    fn audit(&mut self, by: &AgentName, ticket: &TicketId) {
        let action = self.tickets.iter().find(|known| known.id == *ticket).and_then(|t| t.history.last());
        let details = action.and_then(|entry| json(&entry.change).ok()).unwrap_or_else(|| "{}".to_owned());
        self.audit.push(AuditEntry {
            at: self.now,
            actor: by.to_string(),
            action: "ticket.changed".to_owned(),
            subject: ticket.to_string(),
            details,
        });
    }
}
