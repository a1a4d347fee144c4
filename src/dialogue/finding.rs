//! What a search found: an answer, choices, a question back, or nothing.

use super::conversation::{Asked, Candidate, Offer, OfferKind, Purpose, Shown, Verdict};
use super::event::Effect;
use super::facet;
use super::machine::Step;
use super::relation;
use super::rounds::{Failure, Goes};
use super::say::{Line, Say};
use super::understanding::Slot;
use crate::guide::may_guide;
use crate::hit::Decision;
use crate::message::{Choice, State};

/// Most choices that are shown, without "none of these".
pub const MOST_CHOICES: usize = 5;
/// Most questions back for one need.
const MOST_CLARIFIED: u8 = 2;
/// A case that is less likely than this is not offered.
const LEAST_OFFERED: f32 = 0.002;
/// The first of what is offered must be at least this likely: else "nothing found" is the truth.
const LEAST_FIRST: f32 = 0.05;
/// A single case that is this likely is shown and not offered: there is nothing to choose.
const SURE_ALONE: f32 = 0.3;

impl Step<'_> {
    pub(super) fn found(&mut self, decision: Decision, candidates: &[Candidate]) {
        let Some(purpose) = self.c.searching.take() else { return };
        if self.is_with_people() {
            return;
        }
        let failed_before = self.c.failed_rounds;
        if purpose == Purpose::Question && self.relate(candidates) == Goes::ToHuman {
            return;
        }
        // One message fails one round at most.
        let purpose = if self.c.failed_rounds > failed_before { Purpose::Retry } else { purpose };
        let Some(need) = &mut self.c.need else { return };
        let fits = |candidate: &&Candidate| !facet::contradicts(&need.question, &candidate.title);
        need.candidates = candidates.iter().filter(fits).cloned().collect();
        let fresh: Vec<Candidate> = need.fresh().cloned().collect();
        let first_is_fresh = fresh.first().map(|c| &c.id) == candidates.first().map(|c| &c.id);
        match decision {
            _ if first_is_fresh && self.is_title(&fresh) => self.answer(&fresh),
            Decision::Clarify if self.ask_back(&fresh) => {}
            Decision::Answer if first_is_fresh && !self.is_topic_of_many(&fresh) => self.answer(&fresh),
            Decision::Miss if first_is_fresh => self.miss(purpose),
            _ if purpose == Purpose::Retry => self.offer_rest(),
            _ => self.choose_from(&fresh, purpose),
        }
    }

    /// Whether the question is the need again or another one, told from its words and from what it finds.
    fn relate(&mut self, candidates: &[Candidate]) -> Goes {
        let Some(need) = &self.c.need else { return Goes::On };
        let [first, .., question] = &need.said[..] else { return Goes::On };
        let repeats = relation::same_words(first, question)
            || candidates.first().is_some_and(|candidate| need.knows(&candidate.id))
            || self.offers(candidates.first());
        match (repeats, self.c.state) {
            (true, State::Answered) => {
                self.pass_over();
                self.fail(Failure::Repeated)
            }
            (true, State::Choosing) => {
                let after_refusal = self.c.offer.as_ref().is_some_and(|offer| offer.after_refusal);
                self.pass_over();
                if after_refusal { Goes::On } else { self.fail(Failure::ChoicesRefused) }
            }
            (true, _) => Goes::On,
            (false, _) => {
                self.begin_need();
                Goes::On
            }
        }
    }

    fn offers(&self, first: Option<&Candidate>) -> bool {
        let offer = self.c.offer.as_ref().filter(|offer| offer.kind == OfferKind::Cases);
        let (Some(offer), Some(first)) = (offer, first) else { return false };
        offer.choices.iter().any(|choice| choice.case_id.as_ref() == Some(&first.id))
    }

    /// The last words are a need of their own. After an answer that means that the answer was good enough.
    fn begin_need(&mut self) {
        let Some(need) = &mut self.c.need else { return };
        let Some(words) = need.said.pop() else { return };
        let product = need.product.take();
        if self.c.state == State::Answered {
            self.accept(Verdict::MovedOn);
        }
        self.shelve_offer();
        self.file_need();
        self.c.need = Some(super::conversation::Need { product, ..super::conversation::Need::new(&words) });
    }

    /// Whether the question is the title of the first case, and of no other: nothing is left to ask.
    fn is_title(&self, fresh: &[Candidate]) -> bool {
        let Some(need) = &self.c.need else { return false };
        // Two words of a topic in another order are still a topic; a whole question is a question.
        let is_bare = relation::is_bare_topic(&need.question);
        let is_it = |candidate: &&Candidate| {
            candidate.title.trim() == need.question.trim()
                || (!is_bare && relation::same_but_for_order(&candidate.title, &need.question))
        };
        fresh.first().filter(is_it).is_some() && fresh.iter().filter(is_it).count() == 1
    }

    /// Whether only a topic was named and several cases are about it: which of them is meant cannot be told.
    fn is_topic_of_many(&self, fresh: &[Candidate]) -> bool {
        /// The one that was found first, and two more.
        const MANY: usize = 3;
        let Some(need) = &self.c.need else { return false };
        relation::is_bare_topic(&need.question)
            && fresh.iter().filter(|candidate| relation::speaks_of(&candidate.title, &need.question)).count()
                >= MANY
    }

    fn answer(&mut self, fresh: &[Candidate]) {
        let Some(candidate) = fresh.first().cloned() else { return };
        self.shelve_offer();
        let related = self.choices_of(&fresh[1..]);
        self.show(candidate, related);
    }

    /// Shows a case as the answer, or begins the diagnosis that it is.
    pub(super) fn show(&mut self, candidate: Candidate, related: Vec<Choice>) {
        match may_guide(&candidate.id) {
            true => self.look_up_guide(candidate, related),
            false => self.show_case(candidate, related),
        }
    }

    /// Shows a case as the answer.
    pub(super) fn show_case(&mut self, candidate: Candidate, related: Vec<Choice>) {
        let turn = self.c.turn;
        let Some(need) = &mut self.c.need else { return };
        let case_id = candidate.id.clone();
        let verdict = Verdict::Open;
        need.shown.push(Shown { case_id, title: candidate.title.clone(), turn, verdict });
        let question = need.question.clone();
        self.c.state = State::Answered;
        self.c.asked = None;
        let kind = OfferKind::Related;
        self.c.offer =
            (!related.is_empty()).then(|| Offer { kind, choices: related.clone(), after_refusal: false });
        self.effects.push(Effect::Say(Say::Answer { candidate, question, related }));
    }

    fn choose_from(&mut self, fresh: &[Candidate], purpose: Purpose) {
        self.shelve_offer();
        let choices = self.choices_of(fresh);
        let first = fresh.first().map_or(0.0, |candidate| candidate.confidence);
        match (choices.len(), fresh.first()) {
            _ if first < LEAST_FIRST => self.miss(purpose),
            (0, _) => self.miss(purpose),
            (1, Some(only)) if only.confidence >= SURE_ALONE => self.answer(fresh),
            _ => self.offer_cases(choices, Line::DidYouMean),
        }
    }

    /// What was found beside what was refused.
    pub(super) fn offer_rest(&mut self) {
        self.shelve_offer();
        let fresh: Vec<Candidate> =
            self.c.need.as_ref().map(|need| need.fresh().cloned().collect()).unwrap_or_default();
        let choices = self.choices_of(&fresh);
        if choices.is_empty() {
            self.c.state = State::Idle;
            self.c.asked = Some(Asked::Human);
            return self.say(Line::NothingMore);
        }
        self.offer_cases(choices, Line::TryThese);
    }

    fn offer_cases(&mut self, mut choices: Vec<Choice>, lead: Line) {
        let id = self.choice_id(choices.len());
        choices.push(Choice { id, label: String::new(), case_id: None, value: None });
        let after_refusal = lead == Line::TryThese;
        self.c.offer = Some(Offer { kind: OfferKind::Cases, choices: choices.clone(), after_refusal });
        self.c.state = State::Choosing;
        self.effects.push(Effect::Say(Say::Choices { lead, choices }));
    }

    /// At most five, none that is hopeless, no title twice.
    fn choices_of(&self, candidates: &[Candidate]) -> Vec<Choice> {
        let mut choices: Vec<Choice> = Vec::new();
        for candidate in candidates.iter().filter(|candidate| candidate.confidence >= LEAST_OFFERED) {
            let label = if choices.iter().any(|choice| choice.label == candidate.title) {
                format!("{} · {}", candidate.title, candidate.product_name)
            } else {
                candidate.title.clone()
            };
            let id = self.choice_id(choices.len());
            choices.push(Choice { id, label, case_id: Some(candidate.id.clone()), value: None });
            if choices.len() == MOST_CHOICES {
                break;
            }
        }
        choices
    }

    /// Unique within the conversation: a turn offers once.
    fn choice_id(&self, place: usize) -> String {
        format!("{}-{}", self.c.turn, place + 1)
    }

    fn miss(&mut self, purpose: Purpose) {
        if purpose == Purpose::Informed {
            return self.say(Line::Noted);
        }
        self.shelve_offer();
        self.c.state = State::Idle;
        if purpose == Purpose::Retry {
            // The round was counted when the answer was refused.
            self.c.asked = Some(Asked::Human);
            return self.say(Line::NothingMore);
        }
        if self.fail(Failure::Miss) == Goes::On {
            self.c.asked = Some(Asked::Human);
            self.say(Line::Miss);
        }
    }

    /// Asks for the fact that splits the candidates best; false where nothing is left to ask.
    fn ask_back(&mut self, fresh: &[Candidate]) -> bool {
        let Some(need) = &self.c.need else { return false };
        if need.clarified >= MOST_CLARIFIED {
            return false;
        }
        let known = |slot: Slot| need.asked_for.contains(&slot) || self.c.slots.contains_key(&slot);
        let product_known = self.c.product().is_some() || need.asked_for.contains(&Slot::Product);
        let products = by_product(fresh);
        let of_product =
            |candidate: &&Candidate| self.c.product().is_none_or(|product| candidate.product == product);
        let systems = by_system(fresh.iter().filter(of_product));
        let (slot, values) = match () {
            () if !product_known && products.len() >= 2 => (Slot::Product, products),
            () if !known(Slot::System) && systems.len() >= 2 => (Slot::System, systems),
            () => return false,
        };
        let choices: Vec<Choice> = values
            .into_iter()
            .take(MOST_CHOICES)
            .enumerate()
            .map(|(n, (value, label))| Choice {
                id: self.choice_id(n),
                label,
                case_id: None,
                value: Some(value),
            })
            .collect();
        self.shelve_offer();
        let kind = OfferKind::Fact(slot);
        self.c.offer = Some(Offer { kind, choices: choices.clone(), after_refusal: false });
        if let Some(need) = &mut self.c.need {
            need.clarified += 1;
            need.asked_for.push(slot);
        }
        self.c.state = State::Clarifying;
        self.effects.push(Effect::Say(Say::Clarify { slot: Some(slot), choices }));
        true
    }
}

/// A product whose candidates are less likely than this share of the likeliest one's is not worth asking about where one
/// candidate is nearly sure.
const WORTH_ASKING_ABOUT: f32 = 0.02;
const NEARLY_SURE: f32 = 0.85;

/// The products of the candidates that may be meant, the likeliest first, with their names; those of one name as one.
fn by_product(candidates: &[Candidate]) -> Vec<(String, String)> {
    let name =
        |c: &Candidate| if c.product_name.is_empty() { c.product.clone() } else { c.product_name.clone() };
    let mut sums: Vec<(&Candidate, f32)> = Vec::new();
    for candidate in candidates.iter().filter(|candidate| !candidate.product.is_empty()) {
        match sums.iter_mut().find(|(known, _)| name(known) == name(candidate)) {
            Some((_, sum)) => *sum += candidate.confidence,
            None => sums.push((candidate, candidate.confidence)),
        }
    }
    sums.sort_by(|a, b| b.1.total_cmp(&a.1));
    let is_clear = candidates.iter().any(|candidate| candidate.confidence > NEARLY_SURE);
    let least = sums.first().filter(|_| is_clear).map_or(0.0, |(_, most)| most * WORTH_ASKING_ABOUT);
    sums.retain(|(_, sum)| *sum >= least);
    sums.into_iter().map(|(candidate, _)| (candidate.product.clone(), name(candidate))).collect()
}

/// The operating systems that the candidates' titles name, where they differ.
fn by_system<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> Vec<(String, String)> {
    let mut systems: Vec<usize> =
        candidates.filter_map(|c| facet::value_of(Slot::System, &c.title)).collect();
    systems.sort_unstable();
    systems.dedup();
    let labels = systems.into_iter().filter_map(|value| facet::label(Slot::System, value));
    labels.map(|label| (label.to_owned(), label.to_owned())).collect()
}
