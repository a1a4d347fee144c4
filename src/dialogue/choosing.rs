//! Choices are picked: by what is said, or by a tap; also those of earlier turns.

use super::conversation::{Candidate, Conversation, Need, OfferKind, Purpose, Verdict};
use super::machine::Step;
use super::meaning::settled;
use super::pick::{Pick, is_bare_number, is_none, pick};
use super::relation;
use super::rounds::More;
use super::say::Line;
use super::seen::offered_guide;
use super::understanding::{Intent, Slot, Understanding};
use crate::message::{Choice, State};

impl Step<'_> {
    /// Whether the message deals with the open choices.
    pub(super) fn picks(&mut self, text: &str, understanding: &Understanding) -> bool {
        let Some(offer) = &self.c.offer else { return false };
        let kind = offer.kind;
        // What asks for a human is never a pick; a number always is one, or a slip.
        let is_wish =
            matches!(settled(text, understanding), Intent::AskHuman | Intent::Complaint | Intent::EraseData);
        if is_wish && !is_bare_number(text) {
            return false;
        }
        if kind == OfferKind::Step {
            return self.picks_step(text, understanding);
        }
        if let Some(n) = offered_guide(text, &offer.choices) {
            self.take(n);
            return true;
        }
        match pick(text, &offer.choices) {
            Pick::Nth(n) => self.take(n),
            Pick::NoneOfThem(rest) if kind == OfferKind::Cases => self.refused(More::Instead(&rest)),
            Pick::NoneOfThem(rest) if kind == OfferKind::Related => self.refused(More::Instead(&rest)),
            Pick::NoneOfThem(_) => {
                self.shelve_offer();
                self.search(Purpose::Refined);
            }
            // A number in answer to "which version?" is a fact; with open cases it is a slip, and they stay open.
            Pick::OutOfRange if kind != OfferKind::Related => self.say(Line::NoSuchChoice),
            Pick::OutOfRange | Pick::Other => return false,
        }
        true
    }

    pub(super) fn chose(&mut self, id: &str) {
        self.turn();
        if self.is_with_people() {
            return;
        }
        if self.c.state == State::Closed {
            self.begin_again();
        }
        let open =
            self.c.offer.as_ref().and_then(|offer| offer.choices.iter().position(|choice| choice.id == id));
        if let Some(n) = open {
            return self.take(n);
        }
        if let Some(n) = self.rewind(id) {
            return self.take_step(n);
        }
        match self.c.past_choices.iter().find(|choice| choice.id == id).cloned() {
            Some(choice) => self.take_case(&choice),
            None => self.say(Line::ChoiceGone),
        }
    }

    /// Takes an open choice.
    fn take(&mut self, n: usize) {
        let Some(offer) = &self.c.offer else { return };
        let Some(choice) = offer.choices.get(n).cloned() else { return };
        match offer.kind {
            OfferKind::Cases if is_none(&choice) => self.refused(More::Nothing),
            OfferKind::Cases | OfferKind::Related => self.take_case(&choice),
            OfferKind::Fact(slot) => self.take_fact(slot, &choice),
            OfferKind::Step => self.take_step(n),
        }
    }

    fn take_case(&mut self, choice: &Choice) {
        let Some(candidate) = candidate_of(self.c, choice) else { return self.say(Line::ChoiceGone) };
        if self.c.need.is_none() {
            self.c.need = Some(Need::new(&choice.label));
        }
        // Beside a wrong answer stood the right one: the answer was passed over, and no round failed.
        if let Some(shown) = self.c.need.as_mut().and_then(|need| need.shown.last_mut())
            && shown.verdict == Verdict::Open
        {
            shown.verdict = Verdict::MovedOn;
        }
        self.shelve_offer();
        self.show(candidate, Vec::new());
    }

    fn take_fact(&mut self, slot: Slot, choice: &Choice) {
        let Some(value) = choice.value.clone() else { return };
        self.shelve_offer();
        self.c.slots.insert(slot, value.clone());
        if let Some(need) = &mut self.c.need {
            match slot {
                Slot::Product => need.product = Some(value),
                _ => need.question = relation::joined(&need.question, &value),
            }
        }
        self.search(Purpose::Refined);
    }
}

fn candidate_of(conversation: &Conversation, choice: &Choice) -> Option<Candidate> {
    let id = choice.case_id.as_ref()?;
    let known = conversation.need.as_ref().and_then(|need| need.candidates.iter().find(|c| c.id == *id));
    let unknown = || Candidate {
        id: id.clone(),
        title: choice.label.clone(),
        product: String::new(),
        product_name: String::new(),
        confidence: 1.0,
    };
    Some(known.cloned().unwrap_or_else(unknown))
}
