//! What a message is for: intent, sentiment, severity, and the facts that it states. Pure.
//!
//! Start at [`Understander::understand`]. A message is brought into one [`form`], [`cue`]s are found in it, and a linear
//! [`model`] over its [`features`] gives the labels; [`slots`] and [`handoff`] go by patterns, and the word file of
//! [`outage`]s has the last word on what is one.

pub mod cue;
pub mod features;
pub mod form;
pub mod handoff;
pub mod labels;
pub mod model;
pub mod outage;
pub mod slots;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::message::Severity;

use cue::Cues;
use features::{GROUPS, Group};
use form::Form;
pub use handoff::{cancels_handoff, wants_wait_estimate};
use labels::{INTENTS, SENTIMENTS, SEVERITIES};
use model::{Model, SENTIMENT, SEVERITY, WIDTH};
use outage::{Outages, Verdict};

/// The class of cues for what is down.
const DOWN: &str = "crash";
/// How sure it is that a phrase of the word file means what it says.
const RUNG: f32 = 0.95;

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the public labels")]
pub enum Intent {
    Question,
    AskHuman,
    Greeting,
    Thanks,
    Bye,
    Resolved,
    Unresolved,
    Choose,
    ProvideInfo,
    Complaint,
    UrgentOutage,
    Contact,
    TicketStatus,
    Rate,
    Chitchat,
    Abusive,
    EraseData,
}

/// How it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the public labels")]
pub enum Sentiment {
    Positive,
    Neutral,
    Negative,
    Angry,
}

/// What a message says, apart from its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Understanding {
    /// What it is for.
    pub intent: Intent,
    /// How sure that is, 0 to 1.
    pub intent_confidence: f32,
    /// How it is said.
    pub sentiment: Sentiment,
    /// The trouble that it states.
    pub severity: Option<Severity>,
    /// Facts that it states, by slot.
    pub slots: Slots,
}

impl Understanding {
    /// Of a message without words.
    fn of_nothing() -> Self {
        Self {
            intent: Intent::Chitchat,
            intent_confidence: 0.0,
            sentiment: Sentiment::Neutral,
            severity: None,
            slots: Slots::new(),
        }
    }
}

impl Understanding {
    /// The same message, known to tell of an outage. Who asks for a human or complains about it still does.
    fn of_an_outage(mut self) -> Self {
        if self.intent == Intent::UrgentOutage || !self.intent.allows(Some(Severity::P0)) {
            self.intent_confidence = match self.intent {
                Intent::UrgentOutage => self.intent_confidence.max(RUNG),
                _ => RUNG,
            };
            self.intent = Intent::UrgentOutage;
        }
        self.severity = Some(Severity::P0);
        self
    }
}

/// A fact that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// Code of the product.
    Product,
    /// Id of an instance, such as `i-bp1…`.
    Instance,
    /// Operating system, with its version where said.
    System,
    /// Region, such as `cn-beijing`, or as it was said.
    Region,
    /// Error code or message, as said.
    Error,
    /// Since when, as said.
    Since,
    /// Version of the product or software.
    Version,
    /// Edition of the product.
    Edition,
    /// Request id.
    Request,
}

/// Facts by slot.
pub type Slots = BTreeMap<Slot, String>;

/// Why nothing can be understood.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum UnderstandingError {
    #[error("the words of cues cannot be read: {0}; restore src/dialogue/understanding/cues.toml")]
    Cues(String),
    #[error("the model of messages cannot be read: {0}; learn it again with `yunzhu classify --learn`")]
    Model(String),
    #[error("{file}, line {line}: {reason}; restore the one that the program was built with")]
    Outages { file: &'static str, line: usize, reason: String },
}

/// Understands messages. Immutable: one serves every thread.
#[derive(Debug)]
pub struct Understander {
    cues: Cues,
    model: Model,
    outages: Outages,
}

impl Understander {
    /// With the words and the model that the program was built with.
    ///
    /// # Errors
    /// The program was built with broken files.
    pub fn shipped() -> Result<Self, UnderstandingError> {
        Self::with_outages(Outages::shipped()?)
    }

    /// With words of outages of one's own.
    ///
    /// # Errors
    /// The program was built with broken files.
    pub fn with_outages(outages: Outages) -> Result<Self, UnderstandingError> {
        let model = Model::parse(include_str!("model.json"))?;
        Ok(Self { cues: cues_with(&outages)?, model, outages })
    }

    /// With a model of one's own; what is an outage is left to it.
    pub fn with_model(cues: Cues, model: Model) -> Self {
        Self { cues, model, outages: Outages::default() }
    }

    /// What a message is for. Total: an empty one is small talk.
    pub fn understand(&self, text: &str) -> Understanding {
        let form = Form::of(text);
        if form.units.is_empty() {
            return Understanding::of_nothing();
        }
        let mut shares = self.shares(&form);
        let verdict = self.outages.judge(&form);
        if verdict == Verdict::Guarded {
            silence(&mut shares);
        }
        let (intent, intent_confidence) = most(&shares[..SENTIMENT]);
        let (sentiment, _) = most(&shares[SENTIMENT..SEVERITY]);
        for (share, severity) in shares[SEVERITY..].iter_mut().zip(SEVERITIES) {
            *share *= f32::from(INTENTS[intent].allows(severity));
        }
        let (severity, _) = most(&shares[SEVERITY..]);
        let understanding = Understanding {
            intent: INTENTS[intent],
            intent_confidence,
            sentiment: SENTIMENTS[sentiment],
            severity: SEVERITIES[severity],
            slots: slots::extract(text),
        };
        match verdict {
            Verdict::Rings => understanding.of_an_outage(),
            Verdict::Guarded | Verdict::Open => understanding,
        }
    }

    fn shares(&self, form: &Form) -> [f32; WIDTH] {
        let mut hashes = Vec::with_capacity(form.units.len() * 6);
        let mut counts = [0; GROUPS.len()];
        features::features(form, &self.cues, &mut |parts, group| {
            counts[group as usize] += 1;
            hashes.push((features::hash(parts), group));
        });
        let values = GROUPS.map(|group: Group| group.value(counts[group as usize]));
        let mut sums = [0.0; WIDTH];
        hashes.iter().for_each(|&(hash, group)| self.model.add(hash, values[group as usize], &mut sums));
        self.model.finish(sums)
    }
}

/// The words of cues that the program was built with.
///
/// # Errors
/// They cannot be read.
pub fn shipped_cues() -> Result<Cues, UnderstandingError> {
    cues_with(&Outages::shipped()?)
}

fn cues_with(outages: &Outages) -> Result<Cues, UnderstandingError> {
    Cues::parse(include_str!("cues.toml"))?.with(DOWN, outages.signs())
}

/// Takes the outage out of what a message may be.
fn silence(shares: &mut [f32; WIDTH]) {
    let labels = INTENTS.iter().map(|intent| *intent == Intent::UrgentOutage);
    let severities = SEVERITIES.iter().map(|severity| *severity == Some(Severity::P0));
    for (share, _) in shares[..SENTIMENT].iter_mut().zip(labels).filter(|(_, is_outage)| *is_outage) {
        *share = 0.0;
    }
    for (share, _) in shares[SEVERITY..].iter_mut().zip(severities).filter(|(_, is_outage)| *is_outage) {
        *share = 0.0;
    }
}

fn most(shares: &[f32]) -> (usize, f32) {
    let best = shares.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    best.unwrap_or((0, 0.0))
}

#[cfg(test)]
mod tests;
