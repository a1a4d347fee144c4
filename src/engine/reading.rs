//! What people may see: conversations, transcripts, tickets, incidents.

use std::io::BufWriter;

use serde_json::{Value, json};

use crate::desk::queue::Waiting;
use crate::desk::ticket::{Status, Ticket};
use crate::id::{AttachmentId, ConversationId, TicketId};
use crate::message::{Message, State};
use crate::privacy::blob;
use crate::privacy::token::{token, token_hash};
use crate::privacy::vault::Vault;
use crate::retrieval::search::Found;
use crate::store::service::{AttachmentRow, AuditEntry, Counts, Save, ServiceStore, TicketFilter};

use super::live::not_found;
use super::opening::internal;
use super::{Account, ConversationView, EngineError, Role, Service, desk, kind};

/// Most lines of a transcript at once.
const MOST_LINES: u32 = 500;
/// Lines that an agent sees with a ticket.
const PACKET_LINES: u32 = 500;
/// Given-up messages that are listed.
const DEAD: u32 = 200;
/// Longest question to search for, in characters.
const LONGEST_QUESTION: usize = 4_000;
/// Most hits of one search.
const MOST_HITS: usize = 50;

impl Service {
    /// Whether the token opens the conversation; `None` where there is no such conversation.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn token_fits(&self, id: &ConversationId, token: &str) -> Result<Option<bool>, EngineError> {
        match self.enter(id).await {
            // Hashes are compared: how long that takes says nothing about the token.
            Ok((_, live)) => Ok(Some(live.token_hash == token_hash(token))),
            Err(EngineError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where a conversation stands.
    ///
    /// # Errors
    /// No such conversation.
    pub async fn conversation(&self, id: &ConversationId) -> Result<ConversationView, EngineError> {
        let live = self.enter(id).await?.1;
        let filter = TicketFilter { conversation_id: Some(id.clone()), ..TicketFilter::default() };
        let rows = self.inner.store.tickets(&filter).await?;
        let tickets = rows.into_iter().map(|row| {
            json!({"ticket_id": row.id, "status": row.status, "priority": row.priority, "created_at": row.created_at, "updated_at": row.updated_at})
        });
        let c = &live.conversation;
        let place = match (c.state, &c.handoff) {
            (State::Queued, Some(handoff)) => {
                let places = self.inner.desk.lock().places(&self.inner.policy, None, self.now());
                places.into_iter().find(|place| place.ticket == handoff.ticket_id)
            }
            _ => None,
        };
        let expected_wait_s = place.as_ref().and_then(|place| place.expected_wait_s);
        Ok(ConversationView {
            queue_position: place.map(|place| place.position).filter(|_| expected_wait_s.is_some()),
            expected_wait_s,
            conversation_id: id.clone(),
            state: c.state,
            turn: c.turn,
            failed_rounds: c.failed_rounds,
            priority: c.priority,
            handoff: c.handoff.clone(),
            channel: c.channel,
            context: json!({"product": c.product(), "page": c.page.page, "facts": c.slots}),
            tickets: tickets.collect(),
            last_seq: live.last_seq,
        })
    }

    /// The transcript after a line, at most `limit` lines.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn messages(
        &self,
        id: &ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Message>, EngineError> {
        let rows = self.inner.store.messages(id, after, limit.clamp(1, MOST_LINES)).await?;
        rows.iter().map(|row| serde_json::from_str(&row.body).map_err(internal)).collect()
    }

    /// Keeps a file that was received, for a later [`super::Inbound::Attachment`].
    ///
    /// # Errors
    /// No such conversation; the file cannot be moved.
    pub async fn attach(
        &self,
        id: &ConversationId,
        name: String,
        media_type: String,
        file: std::path::PathBuf,
    ) -> Result<AttachmentId, EngineError> {
        let size = tokio::fs::metadata(&file).await.map_err(internal)?.len();
        self.keep(id, (name, media_type, size), move |vault, key, to| {
            blob::seal(vault, key, &mut std::fs::File::open(&file)?, to)?;
            std::fs::remove_file(&file)
        })
        .await
    }

    async fn keep(
        &self,
        id: &ConversationId,
        (name, media_type, size): (String, String, u64),
        write: impl FnOnce(&Vault, &str, &mut BufWriter<&std::fs::File>) -> std::io::Result<()> + Send + 'static,
    ) -> Result<AttachmentId, EngineError> {
        self.enter(id).await?;
        let key = format!("a{}", token().map_err(internal)?);
        let attachment = AttachmentId::parse(&key).ok_or_else(|| internal("no id"))?;
        let (vault, folder, file) = (self.inner.vault.clone(), self.inner.attachments.clone(), key.clone());
        let seal = move || {
            std::fs::create_dir_all(&folder)?;
            let sealed = std::fs::File::create_new(folder.join(&file))?;
            write(&vault, &file, &mut BufWriter::new(&sealed))?;
            sealed.sync_all()
        };
        tokio::task::spawn_blocking(seal).await.map_err(internal)?.map_err(internal)?;
        let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
        let created_at = self.now();
        let row = AttachmentRow { id: key, conversation_id: id.clone(), name, media_type, size, created_at };
        self.inner.store.put_attachment(&row).await?;
        Ok(attachment)
    }

    /// Keeps a file whose bytes are here.
    ///
    /// # Errors
    /// As [`Self::attach`]; [`EngineError::Unusable`] where files of its kind are not taken.
    pub async fn attach_bytes(
        &self,
        id: &ConversationId,
        name: String,
        bytes: Vec<u8>,
    ) -> Result<AttachmentId, EngineError> {
        let refused =
            || EngineError::Unusable { field: "file", reason: "files of this kind are not taken".to_owned() };
        let media_type =
            kind::media_type(&bytes[..bytes.len().min(kind::HEAD)], &name).ok_or_else(refused)?;
        let size = bytes.len() as u64;
        self.keep(id, (name, media_type.to_owned(), size), move |vault, key, to| {
            blob::seal(vault, key, &mut bytes.as_slice(), to)
        })
        .await
    }

    /// A file of a conversation: what is known of it, and its bytes piece by piece.
    ///
    /// # Errors
    /// There is none of that id in that conversation; it cannot be opened.
    pub async fn attachment(
        &self,
        conversation: &ConversationId,
        id: &str,
    ) -> Result<(AttachmentRow, blob::Opened<std::fs::File>), EngineError> {
        let row = self.inner.store.attachment(id).await?;
        let row = row.filter(|row| row.conversation_id == *conversation);
        let row = row.ok_or_else(|| not_found("attachment", id))?;
        let (vault, path) = (self.inner.vault.clone(), self.inner.attachments.join(&row.id));
        let open = move || {
            let file = std::fs::File::open(&path)?;
            blob::Opened::new(&vault, &row.id, file).map(|opened| (row, opened))
        };
        tokio::task::spawn_blocking(open).await.map_err(internal)?.map_err(internal)
    }

    /// A file of the conversation that a ticket came from.
    ///
    /// # Errors
    /// No such ticket, or no such file in its conversation; it cannot be opened.
    pub async fn attachment_of_ticket(
        &self,
        _by: &Account,
        ticket: &TicketId,
        id: &str,
    ) -> Result<(AttachmentRow, blob::Opened<std::fs::File>), EngineError> {
        let ticket = self.find_ticket(ticket).await?;
        let conversation = ticket.conversation_id.ok_or_else(|| not_found("attachment", id))?;
        self.attachment(&conversation, id).await
    }

    /// Ranked cases, as `yunzhu search --json` prints them.
    ///
    /// # Errors
    /// The question is empty or too long.
    pub async fn search(
        &self,
        text: &str,
        product: Option<String>,
        limit: usize,
    ) -> Result<Found, EngineError> {
        if text.chars().count() > LONGEST_QUESTION {
            let reason = format!("longer than {LONGEST_QUESTION} characters");
            return Err(EngineError::Unusable { field: "q", reason });
        }
        let limit = limit.clamp(1, MOST_HITS);
        self.find(text.to_owned(), product, limit).await
    }

    /// Tickets that this account may see, most urgent first, as JSON with clocks.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn tickets(&self, _by: &Account, filter: TicketFilter) -> Result<Vec<Value>, EngineError> {
        let rows = self.inner.store.tickets(&filter).await?;
        let tickets = rows.iter().map(desk::ticket_of).collect::<Result<Vec<_>, _>>()?;
        let now = self.now();
        let places = self.inner.desk.lock().places(&self.inner.policy, None, now);
        let place = |ticket: &Ticket| places.iter().find(|place| place.ticket == ticket.id);
        let mut views: Vec<(u32, i64, Value)> = Vec::with_capacity(tickets.len());
        for ticket in &tickets {
            let mut view = self.ticket_json(ticket, now)?;
            let found = place(ticket);
            view["position"] = json!(found.map(|place| place.position));
            view["expected_wait_s"] = json!(found.and_then(|place| place.expected_wait_s));
            let order = match ticket.status {
                Status::Waiting | Status::New => found.map_or(0, |place| place.position),
                status if status.is_open() => 1_000_000 + ticket.priority as u32,
                _ => u32::MAX,
            };
            views.push((order, -ticket.updated_at, view));
        }
        views.sort_by_key(|(order, updated, _)| (*order, *updated));
        Ok(views.into_iter().map(|(.., view)| view).collect())
    }

    /// One ticket with its packet: need, facts, cases shown, masked transcript, history.
    ///
    /// # Errors
    /// No such ticket.
    pub async fn ticket(&self, _by: &Account, id: &TicketId) -> Result<Value, EngineError> {
        let ticket = self.find_ticket(id).await?;
        let mut view = self.ticket_json(&ticket, self.now())?;
        if let Some(conversation) = &ticket.conversation_id {
            view["transcript"] = serde_json::to_value(self.messages(conversation, 0, PACKET_LINES).await?)
                .map_err(internal)?;
            view["reach"] = self.reach_json(conversation).await?;
            if let Ok((_, live)) = self.enter(conversation).await {
                view["conversation_state"] =
                    serde_json::to_value(live.conversation.state).map_err(internal)?;
            }
        }
        Ok(view)
    }

    fn ticket_json(&self, ticket: &Ticket, now: i64) -> Result<Value, EngineError> {
        let mut view = serde_json::to_value(ticket).map_err(internal)?;
        view["clocks"] = serde_json::to_value(ticket.sla.view(&self.inner.policy, now)).map_err(internal)?;
        view["waits"] = json!(Waiting::of(ticket).is_some());
        Ok(view)
    }

    /// The unmasked words of a line, for the agent who has the ticket (or an operator); leaves an audit entry.
    ///
    /// # Errors
    /// The conversation is not theirs; nothing was masked in that line; its key is gone.
    pub async fn original(
        &self,
        by: &Account,
        id: &ConversationId,
        seq: u64,
        why: &str,
    ) -> Result<String, EngineError> {
        let theirs = |ticket: &Ticket| {
            ticket.conversation_id.as_ref() == Some(id) && ticket.agent.as_ref() == Some(&by.name)
        };
        if by.role != Role::Operator && !self.inner.desk.lock().tickets.values().any(theirs) {
            return Err(EngineError::Forbidden(
                "this conversation is not yours: take its ticket first".to_owned(),
            ));
        }
        let rows = self.inner.store.messages(id, seq.saturating_sub(1), 1).await?;
        let row = rows.into_iter().find(|row| row.seq == seq);
        let sealed =
            row.and_then(|row| row.sealed).ok_or_else(|| not_found("original of line", &seq.to_string()))?;
        let place = format!("{id}/{seq}");
        let text = self.inner.vault.open(&sealed, place.as_bytes()).map_err(internal)?;
        let entry = AuditEntry {
            at: self.now(),
            actor: by.name.to_string(),
            action: "original.shown".to_owned(),
            subject: place,
            details: json!({"why": crate::privacy::masking::mask(why).text}).to_string(),
        };
        // Nobody sees it before it is written down that they did.
        self.inner.saver.save(Save { audit: vec![entry], ..Save::default() }).await?;
        Ok(text)
    }

    /// Incidents that are open.
    ///
    /// # Errors
    /// None today.
    pub async fn incidents(&self, _by: &Account) -> Result<Vec<Value>, EngineError> {
        let mut incidents: Vec<_> = self.inner.desk.lock().incidents.values().cloned().collect();
        incidents.sort_by(|a, b| b.opened_at.cmp(&a.opened_at).then(a.id.cmp(&b.id)));
        incidents.iter().map(|incident| serde_json::to_value(incident).map_err(internal)).collect()
    }

    /// Stops the ladder of an incident.
    ///
    /// # Errors
    /// No such incident, or it is not open any more.
    pub async fn acknowledge(&self, by: &Account, incident: &str) -> Result<(), EngineError> {
        let now = self.now();
        let known = self.inner.desk.lock().incidents.get(incident).cloned();
        let mut known = known.ok_or_else(|| not_found("incident", incident))?;
        if !known.acknowledge(by.name.clone(), now) {
            return Err(EngineError::Conflict(format!("incident {incident} was acknowledged already")));
        }
        let entry = AuditEntry {
            at: now,
            actor: by.name.to_string(),
            action: "incident.acknowledged".to_owned(),
            subject: incident.to_owned(),
            details: "{}".to_owned(),
        };
        let incidents = vec![super::turn::incident_row(&known)?];
        self.inner.saver.save(Save { incidents, audit: vec![entry], ..Save::default() }).await?;
        self.inner.desk.keep(Vec::new(), vec![known]);
        self.desk_changed();
        Ok(())
    }

    /// Messages that were given up.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn dead_letters(&self, _by: &Account) -> Result<Vec<Value>, EngineError> {
        let rows = self.inner.store.outbox_dead(DEAD).await?;
        let view = |row: crate::store::service::OutboxRow| json!({"id": row.id, "sink": row.sink, "created_at": row.created_at, "attempts": row.attempts, "error": row.error});
        Ok(rows.into_iter().map(view).collect())
    }

    /// What is due to leave.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn leaving(&self, limit: u32) -> Result<Vec<crate::store::service::OutboxRow>, EngineError> {
        Ok(self.inner.store.outbox_due(self.now(), limit).await?)
    }

    /// It has left.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn left(&self, id: &str) -> Result<(), EngineError> {
        Ok(self.inner.store.outbox_done(id).await?)
    }

    /// It has not left: tried again after a pause, or given up where there is none.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn stayed(
        &self,
        id: &str,
        pause: Option<std::time::Duration>,
        why: &str,
    ) -> Result<(), EngineError> {
        let ms = |pause: std::time::Duration| i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        let due = pause.map(|pause| self.now().saturating_add(ms(pause)));
        Ok(self.inner.store.outbox_failed(id, due, why).await?)
    }

    /// What `/metrics` shows of the inside.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn counts(&self) -> Result<Counts, EngineError> {
        Ok(self.inner.store.counts().await?)
    }

    /// Every event of a conversation in order, as JSON lines: what a replay needs.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn events(
        &self,
        id: &ConversationId,
    ) -> Result<Vec<crate::dialogue::event::Event>, EngineError> {
        let mut events = Vec::new();
        for row in self.inner.store.turns(id).await? {
            let step: Vec<crate::dialogue::event::Event> =
                serde_json::from_str(&row.event).map_err(internal)?;
            events.extend(step);
        }
        Ok(events)
    }
}
