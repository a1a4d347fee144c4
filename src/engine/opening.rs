//! Conversations are opened, and tickets from them.

use std::collections::{BTreeMap, VecDeque};

use crate::answer::Catalogue;
use crate::answer::render::{Desk as DeskFacts, Facts};
use crate::desk::availability::availability;
use crate::desk::calendar::Footing;
use crate::desk::queue::Waiting;
use crate::desk::ticket::draft::{DraftInput, Said, draft};
use crate::desk::ticket::{Actor, CaseShown, Rating, Status, Ticket, Verdict as DeskVerdict};
use crate::dialogue::conversation::{Conversation, Verdict};
use crate::dialogue::event::Event;
use crate::dialogue::say::Line;
use crate::hit::likeliest_product;
use crate::id::{ConversationId, TicketId};
use crate::message::{Author, HandoffReason, Message, Person, Reply, Severity, Tier};
use crate::privacy::token::{token, token_hash};
use crate::store::channel::AddressRow;
use crate::store::service::{Save, ServiceStore, TicketFilter};

use super::calling::{HERE, call_line, clock_time};
use super::desk::ticket_of;
use super::guiding::findings;
use super::live::{Live, name_of};
use super::reach::Reach;
use super::turn::Run;
use super::{Correspondent, Delivery, Described, EngineError, NewConversation, Opened, Service};

/// Lines of the transcript that a ticket is drafted from.
const DRAFTED_FROM: u32 = 200;

impl Service {
    /// Opens a conversation.
    ///
    /// # Errors
    /// A field is too long; too much at once.
    pub async fn open_conversation(&self, new: NewConversation) -> Result<Opened, EngineError> {
        let (mut live, secret) = self.begin(new, None)?;
        let text = Catalogue::of(live.conversation.person.locale.as_deref()).say(Line::Welcome.key(), &[]);
        let reply = Reply::Text { text };
        let (author, body, at) = (Author::Bot, reply.clone(), live.created_at);
        let welcome = Message { seq: 0, turn: 0, author, agent: None, at, body, attachment: None };
        let messages = vec![live.line(welcome, None)?];
        let id = live.id.clone();
        let mut guard = self.inner.conversations.lock(&id).await;
        let conversation = Some(live.row(self.inner.idle_ms)?);
        self.inner.saver.save(Save { conversation, messages, ..Save::default() }).await?;
        *guard = Some(live);
        self.inner.figures.opened();
        Ok(Opened { conversation_id: id, token: secret, replies: vec![reply] })
    }

    /// Opens a conversation with somebody on a chat platform; says nothing yet.
    ///
    /// # Errors
    /// A field is too long; too much at once.
    pub(super) async fn open_at(
        &self,
        new: NewConversation,
        reach: Reach,
        mut address: AddressRow,
    ) -> Result<ConversationId, EngineError> {
        let (live, _) = self.begin(new, Some(reach))?;
        let id = live.id.clone();
        address.conversation_id = Some(id.clone());
        let mut guard = self.inner.conversations.lock(&id).await;
        let conversation = Some(live.row(self.inner.idle_ms)?);
        let addresses = vec![address];
        self.inner.saver.save(Save { conversation, addresses, ..Save::default() }).await?;
        *guard = Some(live);
        self.inner.figures.opened();
        Ok(id)
    }

    /// A conversation that is not saved yet, and the token that opens it.
    fn begin(&self, new: NewConversation, reach: Option<Reach>) -> Result<(Live, String), EngineError> {
        let new = checked(new)?;
        let now = self.now();
        let id = format!("c{}", token().map_err(internal)?);
        let id = ConversationId::parse(&id).ok_or_else(|| EngineError::Internal("no id".to_owned()))?;
        let secret = token().map_err(internal)?;
        let live = Live {
            id,
            conversation: Conversation::begin(new.channel, new.user, new.context, now),
            token_hash: token_hash(&secret).to_vec(),
            created_at: now,
            last_seq: 0,
            steps: 0,
            client_messages: VecDeque::new(),
            knows_all: true,
            reach,
        };
        Ok((live, secret))
    }

    /// The page says more of who is talking, or where; what is absent stays.
    ///
    /// # Errors
    /// No such conversation; a field is too long; somebody else has proved to be its person.
    pub async fn describe(&self, id: &ConversationId, described: Described) -> Result<(), EngineError> {
        let Described { person, page, locale } = described;
        let checked = checked(NewConversation {
            user: Person { locale: locale.clone(), ..person.clone().unwrap_or_default() },
            context: page.clone().unwrap_or_default(),
            ..NewConversation::default()
        });
        checked?;
        let (mut guard, live) = self.enter(id).await?;
        let known = live.conversation.person.id.as_ref();
        let proved = person.as_ref().and_then(|person| person.id.as_ref());
        if known.is_some() && proved.is_some() && known != proved {
            let reason = "this conversation is somebody else's: open a new one".to_owned();
            return Err(EngineError::Conflict(reason));
        }
        let mut run = Run::new(self, live);
        run.play(Event::Described { person, page, locale }).await?;
        *guard = Some(run.commit(None).await?);
        Ok(())
    }

    /// Says hello to somebody who has opened the chat on a platform, and deals with the arrival that says so.
    ///
    /// # Errors
    /// No such conversation; the store failed.
    pub async fn greet(
        &self,
        delivery: &Delivery,
        of: &Correspondent,
        id: &ConversationId,
    ) -> Result<(), EngineError> {
        let mark = self.mark(delivery, of, id, true).await?;
        let (mut guard, live) = self.enter(id).await?;
        let mut run = Run::new(self, live);
        run.mark = Some(mark);
        let text = run.catalogue().say(Line::Welcome.key(), &[]);
        run.line(Author::Bot, Reply::Text { text }, None, None)?;
        *guard = Some(run.commit(None).await?);
        self.arrival_done();
        Ok(())
    }
}

/// The same, or which field is too long or no name.
fn checked(new: NewConversation) -> Result<NewConversation, EngineError> {
    /// Longer than any name or address that is of use to an agent.
    const LONGEST: usize = 2_000;
    let fields = [
        ("user.name", &new.user.name),
        ("user.region", &new.user.region),
        ("user.locale", &new.user.locale),
        ("context.product", &new.context.product),
        ("context.page", &new.context.page),
    ];
    for (field, value) in fields {
        if value.as_ref().is_some_and(|value| value.len() > LONGEST || value.chars().any(char::is_control)) {
            let reason = format!("longer than {LONGEST} bytes, or with control characters");
            return Err(EngineError::Unusable { field, reason });
        }
    }
    if let Some(id) = &new.user.id
        && crate::id::UserId::parse(id.as_str()).is_none()
    {
        let reason = "empty, longer than 128 bytes, or with control characters".to_owned();
        return Err(EngineError::Unusable { field: "user.id", reason });
    }
    Ok(new)
}

impl Run<'_> {
    /// Drafts and opens a ticket; it is saved with the turn.
    pub async fn open_ticket(&mut self, reason: HandoffReason) -> Result<Event, EngineError> {
        let service = self.service;
        let (policy, now) = (&service.inner.policy, self.now);
        let id = service.inner.desk.next_number(now);
        let input = self.draft_input(id, reason).await?;
        let mut ticket = draft(policy, input);
        ticket.enqueue(policy, now, Actor::Bot).map_err(internal)?;
        for incident in &mut self.incidents {
            ticket.join_incident(&incident.id, now);
        }
        let place = Waiting::of(&ticket).and_then(|waiting| {
            let id = waiting.ticket.clone();
            let places = service.inner.desk.lock().places(policy, Some(waiting), now);
            places.into_iter().find(|place| place.ticket == id)
        });
        let wait_s = place.as_ref().and_then(|place| place.expected_wait_s);
        let position = place.map(|place| place.position).filter(|_| wait_s.is_some());
        service.inner.figures.handed_over(reason);
        tracing::info!(conversation = %self.live.id, ticket = %ticket.id, ?reason, queue = %ticket.queue, "handed over");
        let (ticket_id, queue) = (ticket.id.clone(), ticket.queue.clone());
        self.tickets.push(ticket);
        Ok(Event::Opened { reason, ticket_id, queue, position, wait_s })
    }

    async fn draft_input(&self, id: TicketId, reason: HandoffReason) -> Result<DraftInput, EngineError> {
        let c = &self.live.conversation;
        let mut input = DraftInput::new(id, self.now, reason);
        input.conversation_id = Some(self.live.id.clone());
        input.channel = c.channel;
        input.person = c.person.clone();
        input.vip = c.person.tier == Tier::Platinum;
        input.severity = c.priority;
        input.alert = c.priority == Some(Severity::P0);
        input.said = self.transcript().await?;
        let last_said =
            || input.said.iter().rev().find(|said| said.author == Author::User).map(|said| said.text.clone());
        let need = c.need.as_ref().and_then(|need| need.said.first().cloned());
        input.need = need.or_else(last_said).unwrap_or_default();
        (input.product, input.product_name) = product_of(c);
        input.facts = c
            .slots
            .iter()
            .filter_map(|(slot, value)| Some((name_of(slot).ok()?, value.clone())))
            .collect::<BTreeMap<_, _>>();
        input.facts.extend(findings(c));
        if let Some(page) = &c.page.page {
            input.facts.insert("page".to_owned(), crate::privacy::masking::mask(page).text);
        }
        input.cases = c
            .need
            .iter()
            .flat_map(|need| &need.shown)
            .map(|shown| CaseShown {
                case_id: shown.case_id.clone(),
                title: shown.title.clone(),
                turn: shown.turn,
                at: self.now,
                verdict: match shown.verdict {
                    Verdict::Refused => DeskVerdict::Refused,
                    Verdict::Repeated => DeskVerdict::Repeated,
                    Verdict::Helpful => DeskVerdict::Accepted,
                    Verdict::Open | Verdict::MovedOn => DeskVerdict::Unanswered,
                },
                comment: None,
            })
            .collect();
        input.sentiment = c.sentiment.as_ref().and_then(|sentiment| name_of(sentiment).ok());
        Ok(input)
    }

    /// The transcript so far, with what this turn has added.
    async fn transcript(&self) -> Result<Vec<Said>, EngineError> {
        let after = self.live.last_seq.saturating_sub(u64::from(DRAFTED_FROM));
        let saved = self.service.inner.store.messages(&self.live.id, after, DRAFTED_FROM).await?;
        let lines = saved.iter().map(|row| row.body.as_str()).chain(self.new_lines());
        let said = lines.filter_map(|body| serde_json::from_str::<Message>(body).ok()).map(|message| Said {
            at: message.at,
            author: message.author,
            text: text_of(&message.body).to_owned(),
        });
        Ok(said.collect())
    }

    fn active_ticket(&self) -> Option<Ticket> {
        let id = &self.live.conversation.handoff.as_ref()?.ticket_id;
        let here = self.tickets.iter().find(|ticket| ticket.id == *id).cloned();
        here.or_else(|| self.service.inner.desk.ticket(id))
    }

    pub(super) fn put_ticket(&mut self, ticket: Ticket) {
        self.tickets.retain(|known| known.id != ticket.id);
        self.tickets.push(ticket);
    }

    pub(super) fn cancel_ticket(&mut self) {
        // The machine has let go of the handoff by now: it is the open one of this conversation.
        let mine = |ticket: &&Ticket| {
            ticket.conversation_id.as_ref() == Some(&self.live.id) && ticket.status.is_open()
        };
        let ticket = self.service.inner.desk.lock().tickets.values().find(mine).cloned();
        if let Some(mut ticket) = ticket
            && ticket.cancel(&self.service.inner.policy, self.now, Actor::User).is_ok()
        {
            self.put_ticket(ticket);
        }
    }

    pub(super) fn escalate(&mut self, severity: Severity) {
        if let Some(mut ticket) = self.active_ticket() {
            ticket.set_priority(&self.service.inner.policy, severity, self.now, Actor::Bot);
            self.put_ticket(ticket);
        }
    }

    /// The person said something: a clock that waited for that goes on.
    pub(super) fn customer_said(&mut self) {
        if let Some(mut ticket) = self.active_ticket()
            && ticket.status == Status::WaitingCustomer
        {
            ticket.customer_said(&self.service.inner.policy, self.now);
            self.put_ticket(ticket);
        }
    }

    /// The stars also stand on the last ticket of the conversation.
    pub(super) async fn rate_ticket(&mut self, rating: Rating) -> Result<(), EngineError> {
        let filter =
            TicketFilter { conversation_id: Some(self.live.id.clone()), limit: 1, ..TicketFilter::default() };
        if let Some(row) = self.service.inner.store.tickets(&filter).await?.first() {
            let open = self.service.inner.desk.ticket(&row.id);
            let mut ticket = open.map_or_else(|| ticket_of(row), Ok)?;
            ticket.rate(rating);
            self.put_ticket(ticket);
        }
        Ok(())
    }

    pub(super) fn footing(&self) -> Footing {
        let state = self.service.inner.desk.lock();
        match state.incidents.values().any(|incident| incident.is_major(&self.service.inner.policy)) {
            true => Footing::MajorIncident,
            false => Footing::Normal,
        }
    }

    /// Whether people are there, and the place of this conversation's ticket.
    pub(super) fn waiting_facts(&self, facts: &mut Facts) {
        let (policy, now, footing) = (&self.service.inner.policy, self.now, self.footing());
        let ticket = self.active_ticket();
        facts.is_assigned = ticket.as_ref().is_some_and(|ticket| ticket.status == Status::Assigned);
        let Some(waiting) = ticket.as_ref().and_then(Waiting::of) else { return };
        let id = waiting.ticket.clone();
        let state = self.service.inner.desk.lock();
        let there = availability(policy, &waiting, &state.agents(), footing, now);
        let place = state.places(policy, Some(waiting), now).into_iter().find(|place| place.ticket == id);
        drop(state);
        facts.place = place.and_then(|place| Some((place.position, place.expected_wait_s?)));
        facts.desk = Some(DeskFacts {
            open: there.open,
            opening: there.next_opening.map(|at| clock_time(at, now, HERE)),
            line: there.line.map(|line| call_line(line, now, HERE)),
        });
    }

    /// The open tickets of this conversation.
    pub(super) async fn open_tickets(&self) -> Result<Vec<(TicketId, String, String)>, EngineError> {
        let filter =
            TicketFilter { conversation_id: Some(self.live.id.clone()), limit: 5, ..TicketFilter::default() };
        let rows = self.service.inner.store.tickets(&filter).await?;
        let open = rows.iter().filter(|row| Status::OPEN.iter().any(|status| status.name() == row.status));
        Ok(open
            .map(|row| (row.id.clone(), row.status.clone(), clock_time(row.updated_at, self.now, HERE)))
            .collect())
    }
}

/// The product that the need is about: named, of the page, or what most of the candidates speak for.
pub fn product_of(c: &Conversation) -> (Option<String>, Option<String>) {
    let candidates = c.need.iter().flat_map(|need| &need.candidates);
    let likeliest = likeliest_product(candidates.clone().map(|c| (c.product.as_str(), c.confidence)));
    let product =
        c.need.as_ref().and_then(|need| need.product.as_deref()).or(likeliest).or(c.page.product.as_deref());
    let name = product.and_then(|code| candidates.clone().find(|candidate| candidate.product == code));
    let name = name.map(|candidate| candidate.product_name.clone()).filter(|name| !name.is_empty());
    (product.map(str::to_owned), name)
}

/// The words of a reply.
pub fn text_of(reply: &Reply) -> &str {
    match reply {
        Reply::Answer { text, .. }
        | Reply::Choices { text, .. }
        | Reply::Clarify { text, .. }
        | Reply::Text { text }
        | Reply::Notice { text }
        | Reply::Handoff { text, .. } => text,
    }
}

/// What must not happen by the rules, as an error that the log explains.
pub(super) fn internal(error: impl std::fmt::Display) -> EngineError {
    EngineError::Internal(error.to_string())
}
