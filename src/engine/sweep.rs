//! What time does: conversations go idle, clocks of tickets run out, alerts climb, places in the queue change, work is given
//! out. The worker calls it every second; a call that comes late does all that was due.

use serde_json::json;

use crate::answer::render::{Facts, render};
use crate::desk::alert::{Alert, Report};
use crate::desk::sla::{SlaEvent, SlaSignal};
use crate::desk::ticket::Ticket;
use crate::dialogue::event::{Effect, Event};
use crate::dialogue::say::Say;
use crate::id::TicketId;
use crate::message::{Author, State};
use crate::store::service::{OutboxRow, Save, ServiceStore};

use super::live::json;
use super::turn::{Run, incident_row};
use super::{EngineError, Service};

/// Conversations that are dealt with in one go.
const AT_ONCE: u32 = 500;
/// How often those who wait hear of their place: often enough to believe it, seldom enough not to ring all the time.
const PLACES_MS: i64 = 60_000;

impl Service {
    /// Does all that is due.
    ///
    /// # Errors
    /// The store failed; what was not done is done by the next call.
    pub async fn sweep(&self) -> Result<(), EngineError> {
        let now = self.now();
        self.close_idle(now).await?;
        self.run_clocks(now).await?;
        self.climb(now).await?;
        self.distribute().await?;
        self.tell_places(now).await
    }

    /// Tells those who wait when they have moved up, now and then.
    async fn tell_places(&self, now: i64) -> Result<(), EngineError> {
        let moved: Vec<(TicketId, u32, u32)> = {
            let mut state = self.inner.desk.lock();
            if now < state.places_told_at.saturating_add(PLACES_MS) {
                return Ok(());
            }
            state.places_told_at = now;
            let places = state.places(&self.inner.policy, None, now);
            state.told.retain(|ticket, _| places.iter().any(|place| place.ticket == *ticket));
            let moved = places.into_iter().filter_map(|place| {
                let told = state.told.insert(place.ticket.clone(), place.position)?;
                Some((place.ticket, place.position, place.expected_wait_s?)).filter(|_| place.position < told)
            });
            moved.take(AT_ONCE as usize).collect()
        };
        for (ticket, position, seconds) in moved {
            self.tell_place(&ticket, position, seconds).await?;
        }
        Ok(())
    }

    async fn tell_place(&self, ticket: &TicketId, position: u32, seconds: u32) -> Result<(), EngineError> {
        let Some(conversation) = self.inner.desk.ticket(ticket).and_then(|ticket| ticket.conversation_id)
        else {
            return Ok(());
        };
        let (mut guard, live) = self.enter(&conversation).await?;
        if live.conversation.state != State::Queued {
            return Ok(());
        }
        let mut run = Run::new(self, live);
        let facts = Facts { place: Some((position, seconds)), ..Facts::default() };
        for reply in render(&Effect::Say(Say::QueueStatus), &facts, run.catalogue()) {
            run.line(Author::Bot, reply, None, None)?;
        }
        *guard = Some(run.commit(None).await?);
        Ok(())
    }

    async fn close_idle(&self, now: i64) -> Result<(), EngineError> {
        for id in self.inner.store.conversations_due(now, AT_ONCE).await? {
            let (mut guard, live) = match self.enter(&id).await {
                Ok(entered) => entered,
                // Erased meanwhile.
                Err(EngineError::NotFound { .. }) => continue,
                Err(error) => return Err(error),
            };
            // Something may have been said while its turn was waited for.
            if live.conversation.last_at.saturating_add(self.inner.idle_ms) > now {
                continue;
            }
            let mut run = Run::new(self, live);
            run.play(Event::WentIdle).await?;
            *guard = Some(run.commit(None).await?);
        }
        Ok(())
    }

    async fn run_clocks(&self, now: i64) -> Result<(), EngineError> {
        let due: Vec<TicketId> = {
            let state = self.inner.desk.lock();
            let due = state.tickets.values().filter(|ticket| ticket.wake_at().is_some_and(|at| at <= now));
            due.map(|ticket| ticket.id.clone()).collect()
        };
        for id in due {
            let mut failed = None;
            self.change(&id, |run, mut ticket| {
                let signals = ticket.advance(now);
                failed = self.tell_signals(run, &ticket, &signals, now).err();
                let too_long = signals.iter().any(|event| event.what == SlaSignal::TicketTimeout);
                let queue = ticket.queue.clone();
                let is_open = ticket.status.is_open();
                run.put_ticket(ticket);
                (too_long && is_open).then(|| Event::TicketTimeout { ticket_id: id.clone(), queue })
            })
            .await?;
            failed.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// What clocks have signalled leaves with the ticket, in one transaction; a target that was missed goes up the ladder.
    fn tell_signals(
        &self,
        run: &mut Run<'_>,
        ticket: &Ticket,
        signals: &[SlaEvent],
        now: i64,
    ) -> Result<(), EngineError> {
        for event in signals {
            run.outbox.extend(self.clock_rows(&ticket.id, event, now)?);
        }
        if signals.iter().any(|event| matches!(event.what, SlaSignal::Breached { .. })) {
            let report = Report {
                at: now,
                product: ticket.product.clone(),
                region: ticket.person.region.clone(),
                kind: "breach".to_owned(),
                ticket: Some(ticket.id.clone()),
                text: ticket.need.clone(),
            };
            let (incident, alerts) = self.inner.desk.report(&self.inner.policy, &report, now);
            for alert in &alerts {
                run.outbox.extend(self.alert_rows(alert, now)?);
            }
            run.incidents.push(incident);
        }
        Ok(())
    }

    fn clock_rows(&self, id: &TicketId, event: &SlaEvent, now: i64) -> Result<Vec<OutboxRow>, EngineError> {
        tracing::warn!(ticket = %id, signal = ?event.what, "a clock of a ticket has run");
        let body = json!({"kind": "sla", "ticket_id": id, "event": event});
        let name = json(&event.what)?.replace(['"', '{', '}', ':', ','], "-");
        self.to_sinks(format!("sla-{id}-{name}-{}", event.at), &body, now)
    }

    async fn climb(&self, now: i64) -> Result<(), EngineError> {
        let due: Vec<_> = {
            let mut state = self.inner.desk.lock();
            let due = state
                .incidents
                .values_mut()
                .filter(|incident| incident.next_wake().is_some_and(|at| at <= now));
            due.map(|incident| (incident.advance(now), incident.clone())).collect()
        };
        for (alerts, incident) in due {
            let mut outbox = Vec::new();
            for alert in &alerts {
                outbox.extend(self.alert_rows(alert, now)?);
            }
            let incidents = vec![incident_row(&incident)?];
            self.inner.saver.save(Save { incidents, outbox, ..Save::default() }).await?;
            self.desk_changed();
        }
        Ok(())
    }

    /// An alert in the log, and for the sinks of alerts.
    pub(super) fn alert_rows(&self, alert: &Alert, now: i64) -> Result<Vec<OutboxRow>, EngineError> {
        tracing::error!(incident = %alert.incident, level = alert.level, role = %alert.role.code, reports = alert.facts.reports, "alert");
        let body = json!({"kind": "alert", "alert": alert});
        self.to_sinks(alert.id.clone(), &body, now)
    }

    fn to_sinks(
        &self,
        id: String,
        body: &serde_json::Value,
        now: i64,
    ) -> Result<Vec<OutboxRow>, EngineError> {
        let body = json(body)?;
        let row = |sink: &String| OutboxRow {
            id: format!("{sink}/{id}"),
            sink: sink.clone(),
            conversation_id: None,
            body: body.clone(),
            created_at: now,
            due_at: now,
            attempts: 0,
            error: None,
        };
        Ok(self.inner.alerts.iter().map(row).collect())
    }
}
