//! A guided diagnosis: a step is asked, what was seen leads to the next, and the end is a remedy or a human.

use super::conversation::{
    Candidate, Finding, Guiding, Need, Offer, OfferKind, Opening, Shown, Stop, Verdict,
};
use super::event::Effect;
use super::hearing::BARE_REFUSAL;
use super::machine::Step;
use super::meaning::settled;
use super::rounds::More;
use super::say::{Line, Say};
use super::seen::{Reading, asks, reading};
use super::understanding::{Intent, Understanding};
use crate::analyzer::normalize::fold;
use crate::guide::{Guide, Node};
use crate::message::{Choice, HandoffReason, Severity, State};

/// Words that go back a step.
const BACK: [&str; 9] =
    ["上一步", "返回", "返回上一步", "回到上一步", "退回", "后退", "back", "go back", "previous"];
/// Words that take the diagnosis up again.
const RESUME: [&str; 5] = ["继续排查", "继续诊断", "接着排查", "回到排查", "resume"];
impl Step<'_> {
    /// Asks whether a case carries a tree.
    pub(super) fn look_up_guide(&mut self, candidate: Candidate, related: Vec<Choice>) {
        let case_id = candidate.id.clone();
        self.c.opening = Some(Opening { candidate, related });
        self.effects.push(Effect::Guide { case_id });
    }

    /// A case was looked up: the diagnosis begins, or the case is shown as any other.
    pub(super) fn guided(&mut self, guide: Option<&Guide>, linked: &[Candidate]) {
        let Some(Opening { candidate, related }) = self.c.opening.take() else { return };
        if self.is_with_people() {
            return;
        }
        let Some(guide) = guide.cloned() else { return self.show_case(candidate, related) };
        self.show_guide(&candidate);
        self.c.findings.retain(|finding| finding.case_id != candidate.id);
        self.c.suspected = None;
        let start = guide.start().to_owned();
        let (linked, path) = (linked.to_vec(), Vec::new());
        self.c.guiding = Some(Guiding { candidate, guide, linked, path, hinted: false });
        self.ask_step(start, Some(Line::GuideStart));
    }

    /// Takes note that the diagnosis was shown in this turn, once for each verdict that it may get.
    fn show_guide(&mut self, candidate: &Candidate) {
        let turn = self.c.turn;
        let need = self.c.need.get_or_insert_with(|| Need::new(&candidate.title));
        let last = need.shown.last_mut();
        match last.filter(|shown| shown.case_id == candidate.id && shown.verdict == Verdict::Open) {
            Some(shown) => shown.turn = turn,
            None => need.shown.push(Shown {
                case_id: candidate.id.clone(),
                title: candidate.title.clone(),
                turn,
                verdict: Verdict::Open,
            }),
        }
    }

    fn ask_step(&mut self, name: String, lead: Option<Line>) {
        self.shelve_offer();
        let turn = self.c.turn;
        let Some(guiding) = &mut self.c.guiding else { return };
        let Some(step) = guiding.guide.step(&name) else { return };
        let choice = |(n, label): (usize, &String)| Choice {
            id: format!("{turn}-{}", n + 1),
            label: label.clone(),
            case_id: None,
            value: Some(label.clone()),
        };
        let choices: Vec<Choice> =
            step.options.iter().map(|option| &option.label).enumerate().map(choice).collect();
        let (text, title) = (step.ask.trim().to_owned(), guiding.candidate.title.clone());
        match guiding.path.last_mut().filter(|stop| stop.step == name) {
            Some(stop) => {
                stop.turns.push(turn);
                stop.seen = None;
            }
            None => guiding.path.push(Stop { step: name, turns: vec![turn], seen: None }),
        }
        guiding.hinted = lead == Some(Line::GuideHint);
        self.note_findings();
        self.c.state = State::Clarifying;
        self.c.asked = None;
        let (kind, offered) = (OfferKind::Step, choices.clone());
        self.c.offer = Some(Offer { kind, choices: offered, after_refusal: false });
        self.effects.push(Effect::Say(Say::Step { lead, title, text, choices }));
    }

    /// What was seen on the path as it is now takes the place of what was noted of this tree.
    fn note_findings(&mut self) {
        /// As many as an agent reads.
        const MOST: usize = 20;
        let Some(guiding) = &self.c.guiding else { return };
        let case_id = &guiding.candidate.id;
        let found = guiding.path.iter().filter_map(|stop| {
            let about = guiding.guide.step(&stop.step)?.about.trim().to_owned();
            Some(Finding { case_id: case_id.clone(), about, seen: stop.seen.clone()? })
        });
        let found: Vec<Finding> = found.collect();
        self.c.findings.retain(|finding| finding.case_id != *case_id);
        self.c.findings.extend(found);
        let drop = self.c.findings.len().saturating_sub(MOST);
        self.c.findings.drain(..drop);
    }

    /// The n-th option of the present step was seen.
    pub(super) fn take_step(&mut self, n: usize) {
        let Some(guiding) = &mut self.c.guiding else { return self.say(Line::ChoiceGone) };
        let Some(stop) = guiding.path.last_mut() else { return self.say(Line::ChoiceGone) };
        let option = guiding.guide.step(&stop.step).and_then(|step| step.options.get(n));
        let Some(option) = option.cloned() else { return self.say(Line::ChoiceGone) };
        stop.seen = Some(option.label);
        self.note_findings();
        let Some(guiding) = &self.c.guiding else { return };
        match guiding.guide.node(&option.next) {
            Some(Node::Step(_)) => self.ask_step(option.next, None),
            Some(Node::Remedy { cause, text, case }) => {
                let linked = guiding.linked.iter().find(|linked| Some(linked.id.as_str()) == case).cloned();
                let (cause, text) = (cause.to_owned(), text.trim().to_owned());
                self.tell_remedy(cause, text, linked);
            }
            Some(Node::Handoff { suspected }) => {
                let suspected = suspected.to_owned();
                self.shelve_offer();
                self.c.suspected = Some(suspected.clone());
                self.effects.push(Effect::Say(Say::Suspected(suspected)));
                self.hand_over(HandoffReason::UserRequest);
            }
            None => self.say(Line::ChoiceGone),
        }
    }

    fn tell_remedy(&mut self, cause: String, text: String, linked: Option<Candidate>) {
        let Some(candidate) = self.c.guiding.as_ref().map(|guiding| guiding.candidate.clone()) else {
            return;
        };
        self.shelve_offer();
        self.show_guide(&candidate);
        let turn = self.c.turn;
        let more = linked.map(|case| Choice {
            id: format!("{turn}-1"),
            label: case.title,
            case_id: Some(case.id),
            value: None,
        });
        let related: Vec<Choice> = more.into_iter().collect();
        let kind = OfferKind::Related;
        self.c.offer =
            (!related.is_empty()).then(|| Offer { kind, choices: related.clone(), after_refusal: false });
        self.c.state = State::Answered;
        self.c.asked = None;
        self.c.suspected = Some(cause.clone());
        self.effects.push(Effect::Say(Say::Remedy { candidate, cause, text, related }));
    }

    /// Whether the message goes back a step, or takes a diagnosis up again that was left.
    pub(super) fn goes_back(&mut self, text: &str) -> bool {
        let words = fold(text);
        let words = words.trim_matches(|c: char| !c.is_alphanumeric());
        let (back, resume) = (BACK.contains(&words), RESUME.contains(&words));
        let Some(guiding) = self.c.guiding.as_mut().filter(|_| back || resume) else { return false };
        let is_open = self.c.offer.as_ref().is_some_and(|offer| offer.kind == OfferKind::Step);
        let mut lead = Line::GuideBack;
        if is_open && back {
            match guiding.path.len() {
                0 | 1 => lead = Line::GuideFirst,
                _ => drop(guiding.path.pop()),
            }
        }
        let Some(step) = guiding.path.last().map(|stop| stop.step.clone()) else { return false };
        self.ask_step(step, Some(lead));
        true
    }

    /// Whether an old choice belongs to a step of the diagnosis: it goes on from there, with the option at this place.
    pub(super) fn rewind(&mut self, choice: &str) -> Option<usize> {
        let (turn, place) = choice.split_once('-')?;
        let (turn, place): (u32, usize) = (turn.parse().ok()?, place.parse().ok()?);
        let guiding = self.c.guiding.as_mut()?;
        let at = guiding.path.iter().position(|stop| stop.turns.contains(&turn))?;
        guiding.path.truncate(at + 1);
        place.checked_sub(1)
    }

    /// Whether the message deals with the open step.
    pub(super) fn picks_step(&mut self, text: &str, understanding: &Understanding) -> bool {
        let Some(offer) = &self.c.offer else { return false };
        match reading(text, &offer.choices) {
            Reading::Nth(n) => self.take_step(n),
            Reading::Unsure => self.take_step(offer.choices.len().saturating_sub(1)),
            Reading::OutOfRange => self.say(Line::NoSuchChoice),
            Reading::Other => return self.fits_nothing(text, understanding),
        }
        true
    }

    /// Whether what fits no option is dealt with here: the step is asked once more before it is left.
    fn fits_nothing(&mut self, text: &str, understanding: &Understanding) -> bool {
        let length = text.chars().filter(|c| c.is_alphanumeric()).count();
        let is_outage_now = understanding.severity == Some(Severity::P0);
        let present = self.c.guiding.as_ref().filter(|guiding| !guiding.hinted);
        let present = present.and_then(|guiding| guiding.path.last()).map(|stop| stop.step.clone());
        match (settled(text, understanding), present) {
            _ if is_outage_now => false,
            (
                Intent::Thanks
                | Intent::Bye
                | Intent::Greeting
                | Intent::Contact
                | Intent::TicketStatus
                | Intent::Rate
                | Intent::Resolved
                | Intent::Abusive,
                _,
            ) => false,
            (Intent::Unresolved, _) if length < BARE_REFUSAL => {
                self.refused(More::Nothing);
                true
            }
            (Intent::UrgentOutage, _) => self.leave_step(),
            (_, Some(step)) if !asks(text) => {
                self.ask_step(step, Some(Line::GuideHint));
                true
            }
            _ => self.leave_step(),
        }
    }

    /// The step is left; the message is then dealt with as any other.
    fn leave_step(&mut self) -> bool {
        self.shelve_offer();
        self.c.state = State::Idle;
        false
    }
}
