//! A conversation as the machine keeps it.

use serde::{Deserialize, Serialize};

use super::understanding::{Sentiment, Slot, Slots};
use crate::guide::Guide;
use crate::id::CaseId;
use crate::message::{ChannelKind, Choice, Handoff, Page, Person, Severity, State};

/// All that is known of one conversation. Serialised as it is into the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conversation {
    /// Where.
    pub channel: ChannelKind,
    /// Who.
    pub person: Person,
    /// On what page.
    pub page: Page,
    /// Where it stands.
    pub state: State,
    /// Inbound messages so far.
    pub turn: u32,
    /// Rounds that failed in a row, 0 to 3.
    pub failed_rounds: u8,
    /// The worst trouble that was stated.
    pub priority: Option<Severity>,
    /// The handoff that is active.
    pub handoff: Option<Handoff>,
    /// Who has it, while a human has it.
    pub agent: Option<String>,
    /// Facts that were stated.
    pub slots: Slots,
    /// What is wanted now, or was wanted last.
    pub need: Option<Need>,
    /// What was wanted before, in its own words: the newest last.
    pub earlier: Vec<String>,
    /// What can be picked now.
    pub offer: Option<Offer>,
    /// Choices of earlier turns, which people still tap: the newest last.
    pub past_choices: Vec<Choice>,
    /// The trouble that the last message stated.
    pub last_severity: Option<Severity>,
    /// How the last message was said.
    pub sentiment: Option<Sentiment>,
    /// What a short yes would mean now.
    pub asked: Option<Asked>,
    /// What the last search was for, while it runs.
    pub searching: Option<Purpose>,
    /// The case to show once it is known whether it carries a tree.
    pub opening: Option<Opening>,
    /// The diagnosis that is under way, or was the last.
    pub guiding: Option<Guiding>,
    /// What was seen in diagnoses.
    pub findings: Vec<Finding>,
    /// What the last diagnosis came to suspect.
    pub suspected: Option<String>,
    /// Whether the person was told that what they say goes to the human who will come.
    pub told_forwarding: bool,
    /// How often it was closed and begun again.
    pub episode: u32,
    /// When something last happened: Unix milliseconds.
    pub last_at: i64,
    /// Stars, 1 to 5.
    pub rating: Option<u8>,
}

/// One thing that a person wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Need {
    /// The ways in which it was put, the first first.
    pub said: Vec<String>,
    /// What was searched for last: with what follow-ups and answers to questions added.
    pub question: String,
    /// The product that it is about, where said.
    pub product: Option<String>,
    /// Cases that were shown as answers.
    pub shown: Vec<Shown>,
    /// Cases that were offered and not picked.
    pub passed_over: Vec<CaseId>,
    /// What the last search found.
    pub candidates: Vec<Candidate>,
    /// How often a fact was asked for.
    pub clarified: u8,
    /// Facts that were asked for.
    pub asked_for: Vec<Slot>,
}

/// A case that was shown as an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// The case.
    pub case_id: CaseId,
    /// Its title.
    pub title: String,
    /// In which turn.
    pub turn: u32,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was said yet.
    Open,
    /// It helped.
    Helpful,
    /// It did not.
    Refused,
    /// The same was asked again.
    Repeated,
    /// Something else was asked.
    MovedOn,
}

/// One case that a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The case.
    pub id: CaseId,
    /// Its title.
    pub title: String,
    /// Code of its product, possibly empty.
    pub product: String,
    /// Name of its product, possibly empty.
    pub product_name: String,
    /// Calibrated probability that it answers.
    pub confidence: f32,
}

/// What can be picked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// What a pick means.
    pub kind: OfferKind,
    /// In the order in which they were shown.
    pub choices: Vec<Choice>,
    /// Offered after an answer was refused: putting the need in other words is then no further refusal.
    pub after_refusal: bool,
}

/// What a pick means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferKind {
    /// A case is the answer.
    Cases,
    /// Other cases beside an answer: picked by number, but not asked about.
    Related,
    /// A fact is stated.
    Fact(Slot),
    /// Something was seen at a step of a diagnosis.
    Step,
}

/// A case that is to be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// The case.
    pub candidate: Candidate,
    /// Others that may be meant.
    pub related: Vec<Choice>,
}

/// A diagnosis under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guiding {
    /// Its case.
    pub candidate: Candidate,
    /// The tree.
    pub guide: Guide,
    /// Cases that its remedies name.
    pub linked: Vec<Candidate>,
    /// The steps that were asked, the present one last.
    pub path: Vec<Stop>,
    /// Whether the present step was asked again because nothing fitted.
    pub hinted: bool,
}

/// A step that was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// Its name.
    pub step: String,
    /// The turns in which it was asked: ids of its choices begin with one of them.
    pub turns: Vec<u32>,
    /// What was seen.
    pub seen: Option<String>,
}

/// What was seen at a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The case of the tree.
    pub case_id: CaseId,
    /// What was looked at.
    pub about: String,
    /// What was seen.
    pub seen: String,
}

/// What a short yes would mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Whether a human is wanted.
    Human,
    /// Whether everything should be erased.
    Erasure,
}

/// What a search is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A question that may be new, or the old one again.
    Question,
    /// A question that is surely another one.
    NewNeed,
    /// The need with something added: a fact, a follow-up.
    Refined,
    /// The need with a fact added that nobody asked for: where nothing comes of it, no round has failed.
    Informed,
    /// Another try after a round that failed and was counted.
    Retry,
}

impl Conversation {
    /// A conversation that has just begun.
    pub fn begin(channel: ChannelKind, person: Person, page: Page, now: i64) -> Self {
        Self { channel, person, page, last_at: now, ..Self::default() }
    }

    /// The product that is meant now: of the need, else of the page.
    pub fn product(&self) -> Option<&str> {
        let need = self.need.as_ref().and_then(|need| need.product.as_deref());
        need.or(self.page.product.as_deref())
    }
}

impl Need {
    /// A need put in these words.
    pub fn new(text: &str) -> Self {
        Self { said: vec![text.to_owned()], question: text.to_owned(), ..Self::default() }
    }

    /// Candidates that were neither refused nor passed over.
    pub fn fresh(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|candidate| {
            let refused = self.shown.iter().any(|shown| shown.case_id == candidate.id);
            !refused && !self.passed_over.contains(&candidate.id)
        })
    }

    /// Whether this case was shown or offered for the need.
    pub fn knows(&self, id: &CaseId) -> bool {
        self.shown.iter().any(|shown| shown.case_id == *id) || self.passed_over.contains(id)
    }
}
