//! What fails a round, what is accepted, and what comes of each.

use super::conversation::{Asked, OfferKind, Purpose, Verdict};
use super::event::Effect;
use super::machine::{MOST_FAILED_ROUNDS, Step};
use super::say::Line;
use crate::message::{HandoffReason, Severity, State, Tier};

/// Why a round failed, as the editors read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing was found.
    Miss,
    /// The answer was refused.
    Refused,
    /// The same need was put again after an answer.
    Repeated,
    /// The choices were refused.
    ChoicesRefused,
}

impl Failure {
    fn reason(self) -> &'static str {
        match self {
            Self::Miss => "miss",
            Self::Refused => "refused",
            Self::Repeated => "repeated",
            Self::ChoicesRefused => "choices_refused",
        }
    }
}

/// What is said together with a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More<'a> {
    /// Only that it does not help.
    Nothing,
    /// Something that belongs to the need.
    Beside(&'a str),
    /// The need in other words.
    Instead(&'a str),
}

/// Fewer characters than this say nothing to search for.
const SAYS_SOMETHING: usize = 5;

/// Whether the conversation stays with the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    On,
    ToHuman,
}

impl Step<'_> {
    /// Counts a failed round and hands over where that was one too many.
    pub(super) fn fail(&mut self, failure: Failure) -> Goes {
        self.report(failure);
        self.c.failed_rounds = (self.c.failed_rounds + 1).min(MOST_FAILED_ROUNDS);
        let reason = match () {
            () if self.c.person.tier == Tier::Platinum => HandoffReason::Vip,
            () if self.c.failed_rounds == MOST_FAILED_ROUNDS => HandoffReason::FailedRounds,
            () => return Goes::On,
        };
        self.hand_over(reason);
        Goes::ToHuman
    }

    fn report(&mut self, failure: Failure) {
        let Some(need) = &mut self.c.need else { return };
        let question = need.said.last().cloned().unwrap_or_default();
        let verdict = if failure == Failure::Repeated { Verdict::Repeated } else { Verdict::Refused };
        let judged = need.shown.last_mut().filter(|shown| shown.verdict == Verdict::Open);
        let case_id = match failure {
            Failure::Refused | Failure::Repeated => judged.map(|shown| {
                shown.verdict = verdict;
                shown.case_id.clone()
            }),
            Failure::Miss | Failure::ChoicesRefused => None,
        };
        if let Some(case_id) = &case_id {
            self.effects.push(Effect::Verdict { case_id: case_id.clone(), verdict });
        }
        self.effects.push(Effect::Unanswered { question, reason: failure.reason(), case_id });
    }

    /// The last answer is accepted: nothing has failed any more.
    pub(super) fn accept(&mut self, verdict: Verdict) {
        self.c.failed_rounds = 0;
        // The trouble of the need that is over is over too; that of the last message may be of the next one.
        self.c.priority = self.c.last_severity.filter(|severity| *severity == Severity::P1);
        let shown = self.c.need.as_mut().and_then(|need| need.shown.last_mut());
        if let Some(shown) = shown.filter(|shown| shown.verdict == Verdict::Open) {
            shown.verdict = verdict;
            let case_id = shown.case_id.clone();
            self.effects.push(Effect::Verdict { case_id, verdict });
        }
    }

    /// The person says that it is solved.
    pub(super) fn resolved(&mut self) {
        if self.c.need.is_none() {
            return self.say(Line::Fine);
        }
        self.accept(Verdict::Helpful);
        self.shelve_offer();
        self.c.priority = None;
        self.c.state = State::Resolved;
        self.say(Line::Resolved);
    }

    /// The person refuses an answer or choices.
    pub(super) fn refused(&mut self, more: More<'_>) {
        let failure = match self.c.offer.as_ref().map(|offer| offer.kind) {
            Some(OfferKind::Cases) if self.c.state == State::Choosing => Failure::ChoicesRefused,
            _ => Failure::Refused,
        };
        self.pass_over();
        if self.fail(failure) == Goes::ToHuman {
            return;
        }
        self.try_again(more);
    }

    /// After a refusal: what was said with it is searched, else there is what was found beside the refused case.
    fn try_again(&mut self, more: More<'_>) {
        let says = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count() >= SAYS_SOMETHING;
        match (&mut self.c.need, more) {
            (Some(need), More::Beside(words)) if says(words) => {
                need.question = format!("{} {words}", need.said[0]);
                need.said.push(words.to_owned());
                self.search(Purpose::Retry);
            }
            (Some(need), More::Instead(words)) if says(words) => {
                need.question = words.to_owned();
                need.said.push(words.to_owned());
                self.search(Purpose::Retry);
            }
            _ => self.offer_rest(),
        }
    }

    /// The offered cases were not picked.
    pub(super) fn pass_over(&mut self) {
        if let (Some(offer), Some(need)) = (&self.c.offer, &mut self.c.need)
            && offer.kind == OfferKind::Cases
        {
            let cases = offer.choices.iter().filter_map(|choice| choice.case_id.clone());
            need.passed_over.extend(cases);
        }
        self.shelve_offer();
    }

    /// A verdict by button. One verdict an answer: the button may be pressed twice.
    pub(super) fn judged(&mut self, turn: u32, helpful: bool) {
        let shown = self.c.need.as_ref().and_then(|need| need.shown.iter().rev().find(|s| s.turn == turn));
        let is_last = shown == self.c.need.as_ref().and_then(|need| need.shown.last());
        let is_open = is_last && shown.is_some_and(|shown| shown.verdict == Verdict::Open);
        if !is_open || self.is_with_people() {
            return;
        }
        self.turn();
        match helpful {
            true => self.resolved(),
            false => self.refused(More::Nothing),
        }
    }

    pub(super) fn rated(&mut self, stars: u8) {
        self.turn();
        let stars = stars.clamp(1, 5);
        self.c.rating = Some(stars);
        self.effects.push(Effect::Rated { stars });
        if self.c.state != State::WithAgent {
            self.say(if stars <= 2 { Line::RatedLow } else { Line::Rated });
        }
    }

    pub(super) fn offer_human(&mut self, line: Line) {
        self.c.asked = Some(Asked::Human);
        self.say(line);
    }
}
