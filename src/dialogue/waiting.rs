//! The way to a human and back: queued, with an agent, returned, resolved, gone idle.

use super::event::{Effect, Event};
use super::machine::Step;
use super::say::{Line, Say};
use super::understanding::{Intent, Understanding, cancels_handoff, wants_wait_estimate};
use crate::id::TicketId;
use crate::message::{Handoff, HandoffReason, Severity, State};

impl Step<'_> {
    /// What is said while people have the conversation, or it waits for them. It is in the transcript; the bot keeps out
    /// of a talk between people, and in the queue says only what concerns the waiting.
    pub(super) fn said_to_people(&mut self, text: &str, understanding: &Understanding) {
        if self.c.state == State::WithAgent {
            return;
        }
        if self.takes_up_offer(text) {
            return;
        }
        self.c.asked = None;
        match understanding.intent {
            _ if cancels_handoff(text) => self.cancel_handoff(),
            Intent::EraseData => self.ask_about_erasure(),
            _ if wants_wait_estimate(text) => self.effects.push(Effect::Say(Say::QueueStatus)),
            Intent::Contact => self.effects.push(Effect::Say(Say::Contact)),
            Intent::TicketStatus | Intent::AskHuman => self.effects.push(Effect::Say(Say::QueueStatus)),
            Intent::Resolved => self.say(Line::LeaveQueue),
            Intent::UrgentOutage if understanding.severity == Some(Severity::P0) => {
                if self.c.priority != Some(Severity::P0) {
                    self.note_severity(understanding.severity);
                    self.effects.push(Effect::Escalate { severity: Severity::P0 });
                    self.effects.push(Effect::Alert { severity: Severity::P0 });
                }
                self.forwarded();
            }
            _ => self.forwarded(),
        }
    }

    fn forwarded(&mut self) {
        if !self.c.told_forwarding {
            self.c.told_forwarding = true;
            self.notice(Line::Forwarded);
        }
    }

    pub(super) fn cancel_handoff(&mut self) {
        if self.c.state != State::Queued {
            return;
        }
        self.effects.push(Effect::CancelTicket);
        self.leave_people(State::Idle);
        self.say(Line::HandoffCancelled);
    }

    /// A ticket is open: said and done are one.
    pub(super) fn opened(&mut self, handoff: Handoff, position: Option<u32>, wait_s: Option<u32>) {
        if self.is_with_people() {
            return;
        }
        let reason = handoff.reason;
        self.shelve_offer();
        self.c.asked = None;
        self.c.searching = None;
        self.c.handoff = Some(handoff);
        self.c.state = State::Queued;
        self.effects.push(Effect::Say(Say::Handoff { reason, position, wait_s }));
    }

    pub(super) fn agent_took(&mut self, agent: &str) {
        if self.c.state != State::Queued {
            return;
        }
        self.c.state = State::WithAgent;
        self.c.agent = Some(agent.to_owned());
        self.notice(Line::AgentJoined);
    }

    pub(super) fn agent_lost(&mut self) {
        if self.c.state != State::WithAgent {
            return;
        }
        self.c.state = State::Queued;
        self.c.agent = None;
        self.notice(Line::AgentLost);
    }

    pub(super) fn agent_returned(&mut self) {
        if self.is_with_people() {
            self.leave_people(State::Idle);
            self.notice(Line::BotBack);
        }
    }

    pub(super) fn agent_resolved(&mut self) {
        if self.is_with_people() {
            self.leave_people(State::Resolved);
            self.file_need();
            self.c.guiding = None;
            self.c.findings.clear();
            self.c.suspected = None;
            self.notice(Line::AgentResolved);
        }
    }

    /// The bot has the conversation again; it begins afresh and is not handed over again because of its past.
    pub(super) fn leave_people(&mut self, state: State) {
        let c = &mut *self.c;
        c.state = state;
        c.failed_rounds = 0;
        c.handoff = None;
        c.agent = None;
        c.priority = None;
        c.told_forwarding = false;
        c.offer = None;
        c.asked = None;
    }

    pub(super) fn ticket_timeout(&mut self, ticket_id: &TicketId, queue: &str) {
        if self.is_with_people() {
            return;
        }
        let reason = HandoffReason::TicketTimeout;
        self.shelve_offer();
        self.c.asked = None;
        self.c.handoff = Some(Handoff { reason, ticket_id: ticket_id.clone(), queue: queue.to_owned() });
        self.c.state = State::Queued;
        self.notice(Line::TicketTimeout);
    }

    pub(super) fn went_idle(&mut self) {
        if self.is_with_people() || self.c.state == State::Closed {
            return;
        }
        self.shelve_offer();
        self.c.asked = None;
        self.c.state = State::Closed;
        self.notice(Line::ClosedIdle);
    }
}

impl Event {
    /// Whether it comes from the person, so that it makes a turn.
    pub fn is_inbound(&self) -> bool {
        matches!(
            self,
            Self::Said { .. }
                | Self::Chose { .. }
                | Self::Attached { .. }
                | Self::Judged { .. }
                | Self::HumanWanted
                | Self::Rated { .. }
        )
    }
}
