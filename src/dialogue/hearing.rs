//! What the person says to the bot: a pick, an answer to a question back, a question, or one of the many things that are
//! no question.

use super::conversation::{Asked, Need, Purpose, Verdict};
use super::event::Effect;
use super::machine::Step;
use super::meaning::{
    CONFIRM_ERASURE, DECLINES, YES, beside_cancelling, ends, is_nod, is_only_ids, is_unknown, matters,
    settled, stars,
};
use super::pick::is_bare_number;
use super::relation;
use super::rounds::More;
use super::say::{Line, Say};
use super::understanding::{Intent, Sentiment, Understanding, cancels_handoff};
use crate::message::{HandoffReason, Severity, State};

/// A refusal with fewer characters than this says nothing but that.
pub(super) const BARE_REFUSAL: usize = 8;

impl Step<'_> {
    pub(super) fn said(&mut self, text: &str, understanding: &Understanding, products: &[String]) {
        self.turn();
        self.c.sentiment = Some(understanding.sentiment);
        self.c.last_severity = understanding.severity;
        for (slot, value) in &understanding.slots {
            self.c.slots.insert(*slot, value.clone());
        }
        if self.is_with_people() {
            return self.said_to_people(text, understanding);
        }
        if self.c.state == State::Closed {
            if ends(understanding.intent) {
                return self.said_after_the_end(text, understanding);
            }
            self.begin_again();
        }
        if self.takes_up_offer(text) || self.goes_back(text) || self.picks(text, understanding) {
            return;
        }
        self.c.asked = None;
        if self.c.state == State::Clarifying && is_unknown(text) {
            self.shelve_offer();
            return self.search(Purpose::Refined);
        }
        self.intent(text, understanding, products);
    }

    fn intent(&mut self, text: &str, understanding: &Understanding, products: &[String]) {
        if !text.chars().any(char::is_alphanumeric) && understanding.intent == Intent::Question {
            return self.say(Line::WhatIsWrong);
        }
        let intent = settled(text, understanding);
        if intent != understanding.intent && matters(understanding.intent) {
            // Too little to act on, enough not to pass over.
            self.offer_human(Line::HumanAtHand);
        }
        let is_outage_now = understanding.severity == Some(Severity::P0) && intent != Intent::Question;
        match intent {
            _ if is_outage_now => self.outage(),
            Intent::AskHuman if cancels_handoff(text) => self.question(text, understanding, products),
            Intent::AskHuman => self.hand_over_for(HandoffReason::UserRequest, understanding),
            Intent::Complaint => self.hand_over_for(HandoffReason::Complaint, understanding),
            Intent::UrgentOutage => {
                self.note_severity(Some(Severity::P1));
                self.offer_human(Line::OfferHumanUrgent);
                self.question(text, understanding, products);
            }
            Intent::Abusive => self.offer_human(Line::Calm),
            Intent::EraseData => self.ask_about_erasure(),
            Intent::Contact => self.effects.push(Effect::Say(Say::Contact)),
            Intent::TicketStatus => self.effects.push(Effect::Say(Say::TicketStatus)),
            Intent::Greeting => self.say(Line::Greeting),
            Intent::Thanks => self.say(Line::Thanks),
            Intent::Chitchat if is_nod(text) => self.say(Line::Fine),
            Intent::Chitchat => self.say(Line::Chitchat),
            Intent::Bye => self.bye(),
            Intent::Rate => self.rate(text, understanding),
            // Nothing was wanted yet: what sounds like success may be a topic.
            Intent::Resolved if self.c.need.is_none() && understanding.intent_confidence < 0.97 => {
                self.question(text, understanding, products);
            }
            Intent::Resolved => self.resolved(),
            Intent::Unresolved => self.unresolved(text, understanding, products),
            Intent::Choose if is_bare_number(text) || text.chars().count() < 8 => {
                self.say(Line::NothingToChoose)
            }
            Intent::ProvideInfo => self.informed(text, understanding, products),
            Intent::Question | Intent::Choose => self.question(text, understanding, products),
        }
    }

    /// After the end, farewell, thanks and stars open nothing.
    fn said_after_the_end(&mut self, text: &str, understanding: &Understanding) {
        match understanding.intent {
            Intent::Rate => self.rate(text, understanding),
            Intent::Thanks => self.say(Line::Thanks),
            _ => self.say(Line::Bye),
        }
    }

    fn outage(&mut self) {
        self.note_severity(Some(Severity::P0));
        self.effects.push(Effect::Alert { severity: Severity::P0 });
        self.hand_over(HandoffReason::Urgent);
    }

    fn hand_over_for(&mut self, reason: HandoffReason, understanding: &Understanding) {
        self.note_severity(understanding.severity);
        self.hand_over(reason);
    }

    fn bye(&mut self) {
        if self.c.state == State::Answered {
            self.accept(Verdict::MovedOn);
        }
        self.shelve_offer();
        self.c.priority = None;
        self.c.state = State::Closed;
        self.say(Line::Bye);
    }

    /// Stars in words. "Not satisfied" right after an answer is about the answer.
    fn rate(&mut self, text: &str, understanding: &Understanding) {
        let stars = stars(text);
        let refuses = stars.is_none() && understanding.sentiment >= Sentiment::Negative;
        if refuses && matches!(self.c.state, State::Answered | State::Choosing) {
            return self.refused(More::Nothing);
        }
        let by_mood = match understanding.sentiment {
            Sentiment::Positive => 5,
            Sentiment::Neutral => 3,
            Sentiment::Negative | Sentiment::Angry => 1,
        };
        let stars = stars.unwrap_or(by_mood);
        self.c.rating = Some(stars);
        self.effects.push(Effect::Rated { stars });
        self.say(if stars <= 2 { Line::RatedLow } else { Line::Rated });
    }

    fn unresolved(&mut self, text: &str, understanding: &Understanding, products: &[String]) {
        if understanding.sentiment == Sentiment::Angry {
            self.offer_human(Line::OfferHuman);
        }
        self.note_severity(understanding.severity);
        let is_about_answer = self.c.need.is_some() && self.c.state != State::Clarifying;
        let length = text.chars().filter(|c| c.is_alphanumeric()).count();
        match (is_about_answer, length < BARE_REFUSAL) {
            (true, true) => self.refused(More::Nothing),
            (true, false) => self.refused(More::Beside(text)),
            // Nothing was answered yet: it is a trouble, or too little to know which.
            (false, true) if self.c.need.is_none() => self.say(Line::WhatIsWrong),
            (false, _) => self.question(text, understanding, products),
        }
    }

    /// A fact: the need is searched again with it.
    fn informed(&mut self, text: &str, understanding: &Understanding, products: &[String]) {
        let asked_back = self.c.state == State::Clarifying;
        match &mut self.c.need {
            // Without a slot it states no fact but a trouble, and long ones state a trouble of their own.
            _ if text.chars().count() > 40 => self.question(text, understanding, products),
            _ if understanding.slots.is_empty() && !asked_back => {
                self.question(text, understanding, products)
            }
            None => {
                self.say(if products.is_empty() { Line::NotedWhatIsWrong } else { Line::WhatIsWrong });
            }
            Some(need) => {
                if let [product] = products {
                    need.product = Some(product.clone());
                }
                let words = !is_only_ids(&understanding.slots);
                if words {
                    need.question = relation::joined(&need.question, text);
                }
                match self.c.state {
                    State::Clarifying => self.search(Purpose::Refined),
                    _ if words => self.search(Purpose::Informed),
                    _ => self.say(Line::Noted),
                }
            }
        }
    }

    fn question(&mut self, text: &str, understanding: &Understanding, products: &[String]) {
        // What was not sure enough to raise the alarm is no outage.
        let severity = understanding.severity.map(|severity| severity.max(Severity::P1));
        let is_known = self.c.priority.is_some();
        self.note_severity(severity);
        match understanding.sentiment {
            Sentiment::Angry => self.offer_human(Line::OfferHuman),
            Sentiment::Negative if severity == Some(Severity::P1) && !is_known => {
                self.offer_human(Line::OfferHumanUrgent);
            }
            _ => {}
        }
        let text = relation::without_masks(beside_cancelling(text));
        let text = text.as_str();
        if !text.chars().any(char::is_alphanumeric) {
            // Only what is private: it is kept for the human, and says nothing to search for.
            return self.say(Line::Noted);
        }
        let product = match products {
            [product] => Some(product.clone()),
            _ => None,
        };
        let purpose = self.take_up(text, product);
        match purpose {
            Some(purpose) => self.search(purpose),
            None => self.offer_rest(),
        }
    }

    /// Works the question into the need, or makes it a new one; `None` where other cases for the same are wanted.
    fn take_up(&mut self, text: &str, product: Option<String>) -> Option<Purpose> {
        let state = self.c.state;
        let need = match &mut self.c.need {
            Some(need) if !relation::opens_topic(text) => need,
            _ => return Some(self.another_need(text, product)),
        };
        if state == State::Clarifying {
            need.said.push(text.to_owned());
            need.question = relation::joined(&need.question, text);
            need.product = product.or(need.product.take());
            return Some(Purpose::Refined);
        }
        if matches!(state, State::Answered | State::Choosing) && relation::wants_other_way(text) {
            return None;
        }
        if matches!(state, State::Answered | State::Choosing | State::Resolved)
            && let Some(question) = relation::follow_up(need, text)
        {
            self.follow(text, question, product);
            return Some(Purpose::Refined);
        }
        if state == State::Resolved {
            return Some(self.another_need(text, product));
        }
        need.said.push(text.to_owned());
        need.question = text.to_owned();
        // It may be another need: the product of this one is not taken over.
        need.product = product;
        Some(Purpose::Question)
    }

    /// Half a sentence that leans on the need: what it then asks is a need of its own.
    fn follow(&mut self, text: &str, question: String, product: Option<String>) {
        let failed = self.c.failed_rounds;
        if self.c.state == State::Answered {
            self.accept(Verdict::MovedOn);
        }
        // Neither a verdict nor a failure: the count stays as it is.
        self.c.failed_rounds = failed;
        let before = self.c.need.as_ref().and_then(|need| need.product.clone());
        self.shelve_offer();
        self.file_need();
        self.c.need = Some(Need { question, product: product.or(before), ..Need::new(text) });
    }

    fn another_need(&mut self, text: &str, product: Option<String>) -> Purpose {
        if self.c.state == State::Answered {
            self.accept(Verdict::MovedOn);
        }
        self.shelve_offer();
        self.file_need();
        self.c.state = State::Idle;
        self.c.need = Some(Need { product, ..Need::new(text) });
        Purpose::NewNeed
    }

    /// A short yes, or a confirmation, to what was asked last.
    pub(super) fn takes_up_offer(&mut self, text: &str) -> bool {
        let words = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        match self.c.asked {
            Some(Asked::Human) if YES.contains(&words.as_str()) && self.c.offer.is_none() => {
                self.c.asked = None;
                self.hand_over(HandoffReason::UserRequest);
                true
            }
            Some(Asked::Erasure) => {
                self.c.asked = None;
                if CONFIRM_ERASURE.contains(&words.as_str()) {
                    self.effects.push(Effect::Erase);
                    self.leave_people(State::Closed);
                    self.notice(Line::Erased);
                    return true;
                }
                let declines = DECLINES.iter().any(|declining| words.contains(declining));
                if declines {
                    self.notice(Line::NotErased);
                }
                declines
            }
            _ => false,
        }
    }

    pub(super) fn ask_about_erasure(&mut self) {
        self.c.asked = Some(Asked::Erasure);
        self.notice(Line::ConfirmErasure);
    }

    pub(super) fn attached(&mut self) {
        self.turn();
        if self.c.state == State::Closed {
            self.begin_again();
        }
        match self.is_with_people() {
            true => {}
            false => self.notice(Line::FileReceived),
        }
    }

    pub(super) fn human_wanted(&mut self) {
        self.turn();
        if self.c.state == State::Closed {
            self.begin_again();
        }
        if self.c.state == State::Queued {
            return self.effects.push(Effect::Say(Say::QueueStatus));
        }
        self.hand_over(HandoffReason::UserRequest);
    }
}
