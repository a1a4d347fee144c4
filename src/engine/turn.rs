//! One turn: what came in becomes an event, its effects are performed, and all that it changed is saved at once.

use crate::answer::Catalogue;
use crate::desk::alert::{Incident, Report};
use crate::desk::ticket::Ticket;
use crate::dialogue::conversation::Verdict;
use crate::dialogue::event::{Effect, Event};
use crate::dialogue::machine::step;
use crate::id::ConversationId;
use crate::message::{Author, Message, Reply, Severity, State, Turn};
use crate::privacy::masking::mask;
use crate::retrieval::search::{Context, Found, SearchError};
use crate::store::service::{
    AuditEntry, IncidentRow, MessageRow, OutboxRow, Save, ServiceStore, TurnRow, UnansweredRow,
};

use super::arrivals::Mark;
use super::held::HeldIn;
use super::live::{Live, json, name_of};
use super::opening::internal;
use super::reach::Spoken;
use super::{EngineError, Inbound, Service};

/// A step under way, with all that it changes.
pub(super) struct Run<'a> {
    pub service: &'a Service,
    pub live: Live,
    pub now: i64,
    events: Vec<Event>,
    pub(super) replies: Vec<Reply>,
    messages: Vec<MessageRow>,
    /// Tickets as they are after the step.
    pub tickets: Vec<Ticket>,
    pub incidents: Vec<Incident>,
    pub outbox: Vec<OutboxRow>,
    pub audit: Vec<AuditEntry>,
    unanswered: Vec<UnansweredRow>,
    pub(super) receipt: Option<String>,
    /// What was said to the person, for the platform at the other end.
    pub(super) spoken: Vec<Spoken>,
    /// The arrival that this step deals with.
    pub(super) mark: Option<Mark>,
    /// What was held back before and leaves with this step.
    pub(super) held_given: Vec<HeldIn>,
    /// Whether what the person wrote is kept though nothing follows from it.
    pub(super) keeps_words: bool,
}

impl Service {
    /// One turn. The same `client_message_id` again gives the first result.
    ///
    /// # Errors
    /// No such conversation; the message cannot be used; too much at once. Nothing is changed then.
    pub async fn turn(
        &self,
        id: &ConversationId,
        inbound: Inbound,
        client_message_id: Option<String>,
    ) -> Result<Turn, EngineError> {
        self.turn_with(id, inbound, client_message_id, None).await
    }

    /// One turn, and the arrival that it deals with.
    pub(super) async fn turn_with(
        &self,
        id: &ConversationId,
        inbound: Inbound,
        client_message_id: Option<String>,
        mark: Option<Mark>,
    ) -> Result<Turn, EngineError> {
        let (mut guard, live) = self.enter(id).await?;
        if let Some(name) = &client_message_id
            && let Some(turn) = self.answered_before(&live, name).await?
        {
            return Ok(turn);
        }
        let mut run = Run::new(self, live);
        run.mark = mark;
        run.hear(inbound).await?;
        if run.events.is_empty() && run.mark.is_none() && !run.keeps_words {
            return Ok(run.turn());
        }
        if run.receipt.is_some() {
            return run.erase(&mut guard).await;
        }
        let turn = run.turn();
        let live = run.commit(client_message_id).await?;
        *guard = Some(live);
        self.inner.figures.turn();
        Ok(turn)
    }

    /// The result of a message that the client calls by the same name.
    async fn answered_before(&self, live: &Live, name: &str) -> Result<Option<Turn>, EngineError> {
        let known = live.client_messages.iter().any(|(known, _)| known == name);
        if !known && live.knows_all {
            return Ok(None);
        }
        let Some(row) = self.inner.store.turn_of_client_message(&live.id, name).await? else {
            return Ok(None);
        };
        let turn = serde_json::from_str(&row.response);
        turn.map(Some).map_err(|error| EngineError::Internal(format!("a saved turn is unreadable: {error}")))
    }

    /// Searches on a thread for such work, as many at a time as there are cores.
    pub(super) async fn find(
        &self,
        question: String,
        product: Option<String>,
        hits: usize,
    ) -> Result<Found, EngineError> {
        let engine = self.engine();
        let result = self.compute(move || engine.search(&question, &Context { product }, hits)).await?;
        match result {
            Ok(found) => {
                self.inner.figures.searched(found.decision, found.took);
                Ok(found)
            }
            Err(SearchError::Empty) => {
                Err(EngineError::Unusable { field: "text", reason: "the question is empty".to_owned() })
            }
            Err(error) => Err(EngineError::Internal(error.to_string())),
        }
    }

    /// Runs what uses the processor for a while, so that cheap turns need not wait for it.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let stopping = || EngineError::Internal("the service is stopping".to_owned());
        let _permit = self.inner.searches.clone().acquire_owned().await.map_err(|_| stopping())?;
        tokio::task::spawn_blocking(work).await.map_err(|_| stopping())
    }
}

impl<'a> Run<'a> {
    pub fn new(service: &'a Service, live: Live) -> Self {
        // A clock that goes back does not go back within a conversation.
        let now = service.now().max(live.conversation.last_at);
        Self {
            service,
            live,
            now,
            events: Vec::new(),
            replies: Vec::new(),
            messages: Vec::new(),
            tickets: Vec::new(),
            incidents: Vec::new(),
            outbox: Vec::new(),
            audit: Vec::new(),
            unanswered: Vec::new(),
            receipt: None,
            spoken: Vec::new(),
            mark: None,
            held_given: Vec::new(),
            keeps_words: false,
        }
    }

    /// Takes the conversation past an event and performs what follows.
    pub async fn play(&mut self, event: Event) -> Result<(), EngineError> {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            let before = (self.live.conversation.state, self.live.conversation.turn);
            let effects = step(&mut self.live.conversation, &event, self.now);
            let changes = before != (self.live.conversation.state, self.live.conversation.turn);
            let describes = matches!(event, Event::Described { .. });
            if changes || describes || !effects.is_empty() {
                self.events.push(event);
            }
            for effect in effects {
                next = self.perform(effect).await?.or(next);
            }
        }
        Ok(())
    }

    /// Whether anything has happened.
    pub fn has_happened(&self) -> bool {
        !self.events.is_empty()
    }

    async fn perform(&mut self, effect: Effect) -> Result<Option<Event>, EngineError> {
        match effect {
            Effect::Search { question, product } => return self.search(question, product).await.map(Some),
            Effect::Guide { case_id } => return self.look_up_guide(case_id).await.map(Some),
            Effect::OpenTicket { reason } => return self.open_ticket(reason).await.map(Some),
            Effect::CancelTicket => self.cancel_ticket(),
            Effect::Escalate { severity } => self.escalate(severity),
            Effect::Alert { severity } => self.alert(severity)?,
            Effect::Say(_) => self.say(effect).await?,
            Effect::Verdict { verdict, .. } => match verdict {
                Verdict::Helpful => self.service.inner.figures.judged(true),
                Verdict::Refused | Verdict::Repeated => self.service.inner.figures.judged(false),
                Verdict::Open | Verdict::MovedOn => {}
            },
            Effect::Unanswered { question, reason, case_id } => {
                self.service.inner.figures.failed();
                self.unanswered.push(UnansweredRow {
                    conversation_id: self.live.id.clone(),
                    turn: self.live.conversation.turn,
                    question,
                    reason: reason.to_owned(),
                    case_id: case_id.map(|id| id.to_string()),
                    at: self.now,
                });
            }
            Effect::Erase => {
                let receipt = crate::privacy::token::token().map_err(internal)?;
                self.receipt = Some(receipt.chars().filter(char::is_ascii_alphanumeric).take(12).collect());
            }
            Effect::Rated { .. } => {}
        }
        Ok(None)
    }

    /// The lines that this step has added, as JSON.
    pub fn new_lines(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().map(|row| row.body.as_str())
    }

    pub fn catalogue(&self) -> &'static Catalogue {
        Catalogue::of(self.live.conversation.person.locale.as_deref())
    }

    /// The person's words, masked in the transcript, with the original sealed beside them.
    pub fn user_line(&mut self, text: &str) -> Result<String, EngineError> {
        let masked = mask(text);
        let place = format!("{}/{}", self.live.id, self.live.last_seq + 1);
        let sealed =
            (!masked.found.is_empty()).then(|| self.service.inner.vault.seal(text, place.as_bytes()));
        let sealed = sealed.transpose().map_err(|error| EngineError::Internal(error.to_string()))?;
        let body = Reply::Text { text: masked.text.clone() };
        let message = self.message(Author::User, body, None, None);
        self.messages.push(self.live.line(message, sealed)?);
        Ok(masked.text)
    }

    pub fn line(
        &mut self,
        author: Author,
        body: Reply,
        agent: Option<String>,
        attachment: Option<String>,
    ) -> Result<(), EngineError> {
        if author != Author::User && self.live.reach.is_some() {
            let (seq, agent, reply) = (self.live.last_seq + 1, agent.clone(), body.clone());
            self.spoken.push(Spoken { seq, author, agent, reply });
        }
        let message = self.message(author, body, agent, attachment);
        self.messages.push(self.live.line(message, None)?);
        Ok(())
    }

    fn message(
        &self,
        author: Author,
        body: Reply,
        agent: Option<String>,
        attachment: Option<String>,
    ) -> Message {
        // What the person says comes before the step that makes it a turn.
        let turn = self.live.conversation.turn + u32::from(author == Author::User);
        Message { seq: 0, turn, author, agent, at: self.now, body, attachment }
    }

    /// The result as the person gets it.
    fn turn(&self) -> Turn {
        let c = &self.live.conversation;
        Turn {
            conversation_id: self.live.id.clone(),
            turn: c.turn,
            state: c.state,
            failed_rounds: c.failed_rounds,
            priority: c.priority,
            handoff: c.handoff.clone(),
            replies: self.replies.clone(),
        }
    }

    /// Saves all of it and tells who watches. Durable when it returns.
    pub async fn commit(mut self, client_message_id: Option<String>) -> Result<Live, EngineError> {
        self.live.steps += 1;
        let response = match &client_message_id {
            Some(name) => {
                self.live.remember(name);
                json(&self.turn())?
            }
            // Nobody can ask for it again.
            None => String::new(),
        };
        let event = json(&self.events)?;
        let turn = TurnRow { number: self.live.steps, client_message_id, response, event, at: self.now };
        let service = self.service;
        if self.live.conversation.state == State::WithAgent || !self.tickets.is_empty() {
            self.customer_said();
        }
        let tickets = self.tickets.iter().map(super::desk::ticket_row).collect::<Result<_, _>>()?;
        let incidents = self.incidents.iter().map(incident_row).collect::<Result<_, _>>()?;
        let account = self.mark.as_ref().map(|mark| mark.account.clone()).unwrap_or_default();
        let addresses = self.mark.iter().map(|mark| mark.address.clone()).collect();
        let (leaving, done) = self.outgoing()?;
        let leaves = !leaving.is_empty() || !self.outbox.is_empty();
        self.outbox.extend(leaving);
        let save = Save {
            conversation: Some(self.live.row(service.inner.idle_ms)?),
            turn: Some(turn),
            messages: std::mem::take(&mut self.messages),
            tickets,
            outbox: std::mem::take(&mut self.outbox),
            audit: std::mem::take(&mut self.audit),
            unanswered: std::mem::take(&mut self.unanswered),
            incidents,
            arrivals: Vec::new(),
            arrivals_done: done.into_iter().collect(),
            arrivals_given: Vec::new(),
            addresses,
        };
        service.inner.saver.save(save).await?;
        service.held_given(&account, &self.held_given).await?;
        let people = matches!(self.live.conversation.state, State::Queued | State::WithAgent);
        if people || !self.tickets.is_empty() {
            service.inner.desk.keep(std::mem::take(&mut self.tickets), std::mem::take(&mut self.incidents));
            service.desk_changed();
        }
        if leaves {
            service.inner.outbox_wakes.notify_one();
        }
        service.inner.conversations.tell(&self.live.id, self.live.last_seq);
        Ok(self.live)
    }

    /// Forgets the person instead of saving the turn; what was said about it is the last that there is.
    async fn erase(mut self, guard: &mut Option<Live>) -> Result<Turn, EngineError> {
        let turn = self.turn();
        let receipt = self.receipt.clone().unwrap_or_default();
        let (mut outbox, done) = self.outgoing()?;
        self.service.erase_conversation(&self.live.id, &receipt, self.now).await?;
        *guard = None;
        // The receipt still goes out, as of nobody's conversation.
        for row in &mut outbox {
            row.conversation_id = None;
        }
        let save = Save { outbox, arrivals_done: done.into_iter().collect(), ..Save::default() };
        self.service.inner.saver.save(save).await?;
        self.service.inner.outbox_wakes.notify_one();
        Ok(turn)
    }

    /// What the person said in this step; empty where they said nothing.
    pub(super) fn last_words(&self) -> &str {
        let words = self.events.iter().rev().find_map(|event| match event {
            Event::Said { text, .. } => Some(text.as_str()),
            _ => None,
        });
        words.unwrap_or_default()
    }

    fn alert(&mut self, severity: Severity) -> Result<(), EngineError> {
        let c = &self.live.conversation;
        let report = Report {
            at: self.now,
            product: c.product().map(str::to_owned),
            region: c
                .slots
                .get(&crate::dialogue::understanding::Slot::Region)
                .cloned()
                .or(c.person.region.clone()),
            kind: "outage".to_owned(),
            ticket: None,
            text: self.last_words().to_owned(),
        };
        tracing::warn!(conversation = %self.live.id, ?severity, "an outage was reported");
        let (incident, alerts) =
            self.service.inner.desk.report(&self.service.inner.policy, &report, self.now);
        for alert in alerts {
            self.outbox.extend(self.service.alert_rows(&alert, self.now)?);
        }
        self.incidents.push(incident);
        Ok(())
    }
}

/// The row of an incident.
pub(super) fn incident_row(incident: &Incident) -> Result<IncidentRow, EngineError> {
    Ok(IncidentRow {
        id: incident.id.clone(),
        status: name_of(&incident.status)?,
        fingerprint: incident.fingerprint.clone(),
        created_at: incident.opened_at,
        wake_at: incident.next_wake(),
        body: json(incident)?,
    })
}
