//! What time does: conversations go idle, clocks of tickets run out, alerts climb, places in the queue change, work is given
//! out. The worker calls it every second; a call that comes late does all that was due.

use serde_json::json;

use crate::desk::alert::Alert;
use crate::desk::sla::{SlaEvent, SlaSignal};
use crate::desk::ticket::Status;
use crate::dialogue::event::Event;
use crate::id::TicketId;
use crate::store::service::{OutboxRow, Save, ServiceStore};

use super::live::json;
use super::turn::{Run, incident_row};
use super::{EngineError, Service};

/// Conversations that are closed in one go.
const AT_ONCE: u32 = 500;

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
        self.distribute().await
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
            let mut signals = Vec::new();
            let heard = &mut signals;
            self.change(&id, |run, mut ticket| {
                *heard = ticket.advance(now);
                let too_long = heard.iter().any(|event| event.what == SlaSignal::TicketTimeout);
                let queue = ticket.queue.clone();
                let waits_for_nobody = !matches!(ticket.status, Status::Resolved | Status::Closed);
                run.put_ticket(ticket);
                (too_long && waits_for_nobody).then(|| Event::TicketTimeout { ticket_id: id.clone(), queue })
            })
            .await?;
            let rows = signals
                .iter()
                .map(|event| self.clock_rows(&id, event, now))
                .collect::<Result<Vec<_>, _>>()?;
            let outbox: Vec<OutboxRow> = rows.into_iter().flatten().collect();
            if !outbox.is_empty() {
                self.inner.saver.save(Save { outbox, ..Save::default() }).await?;
            }
        }
        Ok(())
    }

    fn clock_rows(&self, id: &TicketId, event: &SlaEvent, now: i64) -> Result<Vec<OutboxRow>, EngineError> {
        tracing::warn!(ticket = %id, signal = ?event.what, "a clock of a ticket has run");
        let body = json!({"kind": "sla", "ticket_id": id, "event": event});
        let name = json(&event.what)?.replace(['"', '{', '}', ':', ','], "-");
        self.to_webhook(format!("sla-{id}-{name}-{}", event.at), &body, now)
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

    /// An alert in the log, and for the webhook where there is one.
    pub(super) fn alert_rows(&self, alert: &Alert, now: i64) -> Result<Vec<OutboxRow>, EngineError> {
        tracing::error!(incident = %alert.incident, level = alert.level, role = %alert.role.code, reports = alert.facts.reports, "alert");
        let body = json!({"kind": "alert", "alert": alert});
        self.to_webhook(alert.id.clone(), &body, now)
    }

    fn to_webhook(
        &self,
        id: String,
        body: &serde_json::Value,
        now: i64,
    ) -> Result<Vec<OutboxRow>, EngineError> {
        if !self.inner.webhook {
            return Ok(Vec::new());
        }
        Ok(vec![OutboxRow {
            id,
            sink: "webhook".to_owned(),
            conversation_id: None,
            body: json(body)?,
            created_at: now,
            due_at: now,
            attempts: 0,
            error: None,
        }])
    }
}
