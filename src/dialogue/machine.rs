//! The state machine: [`step`] takes a conversation from one event to the next.
//!
//! `hearing` deals with what the person says to the bot, `finding` with what a search found, `guiding` with the steps of a
//! diagnosis, `rounds` with what failed and what was accepted, `waiting` with the time in the queue and with an agent.

use super::conversation::{Conversation, OfferKind, Purpose};
use super::event::{Effect, Event};
use super::say::{Line, Say};
use crate::message::{Handoff, HandoffReason, Page, Person, Severity, State};

/// Rounds that may fail in a row before a human takes over.
pub const MOST_FAILED_ROUNDS: u8 = 3;

/// One step under way: the conversation, and the effects so far.
pub(super) struct Step<'a> {
    pub c: &'a mut Conversation,
    pub effects: Vec<Effect>,
}

/// Takes the conversation past an event that happens at `now` (Unix milliseconds), and says what follows from it.
///
/// Total: an event that makes no sense in the present state (late, repeated, out of order) changes nothing and has no
/// effects. A clock that goes back is no harm: time never goes back within a conversation.
pub fn step(conversation: &mut Conversation, event: &Event, now: i64) -> Vec<Effect> {
    conversation.last_at = conversation.last_at.max(now);
    let mut step = Step { c: conversation, effects: Vec::new() };
    match event {
        Event::Said { text, understanding, products } => step.said(text, understanding, products),
        Event::Chose { choice } => step.chose(choice),
        Event::Attached { .. } => step.attached(),
        Event::Judged { turn, helpful } => step.judged(*turn, *helpful),
        Event::HumanWanted => step.human_wanted(),
        Event::Rated { stars } => step.rated(*stars),
        Event::Described { person, page, locale } => {
            step.described(person.as_ref(), page.as_ref(), locale.as_ref())
        }
        Event::Found { decision, candidates } => step.found(*decision, candidates),
        Event::Guided { guide, linked } => step.guided(guide.as_ref(), linked),
        Event::Opened { reason, ticket_id, queue, position, wait_s } => {
            let handoff = Handoff { reason: *reason, ticket_id: ticket_id.clone(), queue: queue.clone() };
            step.opened(handoff, *position, *wait_s);
        }
        Event::AgentTook { agent } => step.agent_took(agent),
        Event::AgentLost => step.agent_lost(),
        Event::AgentReturned => step.agent_returned(),
        Event::AgentResolved => step.agent_resolved(),
        Event::TicketTimeout { ticket_id, queue } => step.ticket_timeout(ticket_id, queue),
        Event::WentIdle => step.went_idle(),
    }
    step.effects
}

impl Step<'_> {
    pub(super) fn say(&mut self, line: Line) {
        self.effects.push(Effect::Say(Say::Text(line)));
    }

    pub(super) fn notice(&mut self, line: Line) {
        self.effects.push(Effect::Say(Say::Notice(line)));
    }

    /// Whether people have the conversation, or it waits for them.
    pub(super) fn is_with_people(&self) -> bool {
        matches!(self.c.state, State::Queued | State::WithAgent)
    }

    fn described(&mut self, person: Option<&Person>, page: Option<&Page>, locale: Option<&String>) {
        if let Some(person) = person {
            self.c.person = person.clone();
        }
        if let Some(page) = page {
            self.c.page = page.clone();
        }
        if let Some(locale) = locale {
            self.c.person.locale = Some(locale.clone());
        }
    }

    /// A message has come in: a new turn. A conversation that was closed begins afresh and keeps what it knew.
    pub(super) fn turn(&mut self) {
        self.c.turn += 1;
        self.c.searching = None;
        self.c.opening = None;
    }

    /// Begins again after it was closed: nothing counts any more, but what was wanted is remembered.
    pub(super) fn begin_again(&mut self) {
        let c = &mut *self.c;
        c.episode += 1;
        c.state = State::Idle;
        c.failed_rounds = 0;
        c.priority = None;
        c.handoff = None;
        c.agent = None;
        c.offer = None;
        c.asked = None;
        c.told_forwarding = false;
        c.guiding = None;
        c.findings.clear();
        c.suspected = None;
        self.file_need();
    }

    /// The need is over: it becomes part of what is known.
    pub(super) fn file_need(&mut self) {
        /// As many as an agent reads.
        const EARLIER: usize = 5;
        if let Some(need) = self.c.need.take() {
            self.c.earlier.extend(need.said.into_iter().next());
            let drop = self.c.earlier.len().saturating_sub(EARLIER);
            self.c.earlier.drain(..drop);
        }
    }

    /// Starts a search for the present need.
    pub(super) fn search(&mut self, purpose: Purpose) {
        let Some(need) = &self.c.need else { return };
        let product = need.product.clone().or_else(|| self.c.page.product.clone());
        let question = need.question.clone();
        self.c.searching = Some(purpose);
        self.effects.push(Effect::Search { question, product });
    }

    /// Asks for a ticket; the conversation is handed over once it is open.
    pub(super) fn hand_over(&mut self, reason: HandoffReason) {
        if !self.is_with_people() {
            self.effects.push(Effect::OpenTicket { reason });
        }
    }

    /// Takes note of how bad it is; what was worse stays.
    pub(super) fn note_severity(&mut self, severity: Option<Severity>) {
        if let Some(severity @ (Severity::P0 | Severity::P1)) = severity {
            let worst = self.c.priority.map_or(severity, |known| known.min(severity));
            self.c.priority = Some(worst);
        }
    }

    /// The open choices go to the past ones, from where they can still be tapped.
    pub(super) fn shelve_offer(&mut self) {
        /// As many as fit on some screens.
        const PAST: usize = 30;
        if let Some(offer) = self.c.offer.take() {
            if !matches!(offer.kind, OfferKind::Fact(_) | OfferKind::Step) {
                let cases = offer.choices.into_iter().filter(|choice| choice.case_id.is_some());
                self.c.past_choices.extend(cases);
            }
            let drop = self.c.past_choices.len().saturating_sub(PAST);
            self.c.past_choices.drain(..drop);
        }
    }
}
