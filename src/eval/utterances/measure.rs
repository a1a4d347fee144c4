//! How often what is understood is what the labels say.

use super::labelled::Utterance;
use super::learn::{folds, learn};
use crate::dialogue::understanding::cue::Cues;
use crate::dialogue::understanding::labels::{INTENTS, SENTIMENTS, SEVERITIES};
use crate::dialogue::understanding::model::Model;
use crate::dialogue::understanding::{Understander, UnderstandingError, shipped_cues};

/// Parts of a cross-validation.
const FOLDS: usize = 5;

/// Messages and how many of them were understood, by what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Messages.
    pub messages: usize,
    /// With the right intent.
    pub intents: usize,
    /// With the right sentiment.
    pub sentiments: usize,
    /// With the right severity.
    pub severities: usize,
    /// For each intent: messages, those with the right intent, those wrongly given it.
    pub by_intent: [[usize; 3]; INTENTS.len()],
}

impl Score {
    /// The share that is right; nothing of nothing.
    pub fn share(&self, right: usize) -> Option<f64> {
        (self.messages > 0).then(|| right as f64 / self.messages as f64)
    }

    fn add(&mut self, understander: &Understander, utterance: &Utterance) {
        let found = understander.understand(&utterance.text);
        let right = found.intent == INTENTS[utterance.intent];
        self.messages += 1;
        self.intents += usize::from(right);
        self.sentiments += usize::from(found.sentiment == SENTIMENTS[utterance.sentiment]);
        self.severities += usize::from(found.severity == SEVERITIES[utterance.severity]);
        self.by_intent[utterance.intent][0] += 1;
        self.by_intent[utterance.intent][1] += usize::from(right);
        if let Some(given) = INTENTS.iter().position(|intent| !right && *intent == found.intent) {
            self.by_intent[given][2] += 1;
        }
    }
}

/// Measures on labelled messages.
pub fn measure(understander: &Understander, utterances: &[Utterance]) -> Score {
    let mut score = Score::default();
    utterances.iter().for_each(|utterance| score.add(understander, utterance));
    score
}

/// Measures by models that did not see the message that they judge.
///
/// # Errors
/// The program was built with broken words.
pub fn cross_validated(utterances: &[Utterance]) -> Result<Score, UnderstandingError> {
    let mut score = Score::default();
    let fold = folds(utterances.len(), FOLDS, 3);
    for held in 0..FOLDS {
        let seen: Vec<&Utterance> =
            utterances.iter().zip(&fold).filter(|(_, fold)| **fold != held).map(|(u, _)| u).collect();
        let understander = learned(&seen, shipped_cues()?)?;
        let judged = utterances.iter().zip(&fold).filter(|(_, fold)| **fold == held);
        judged.for_each(|(utterance, _)| score.add(&understander, utterance));
    }
    Ok(score)
}

fn learned(utterances: &[&Utterance], cues: Cues) -> Result<Understander, UnderstandingError> {
    let model = Model::from_stored(&learn(utterances, &cues))?;
    Ok(Understander::with_model(cues, model))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::eval::utterances::labelled::read_all;

    /// Written apart from the messages that the model was learned from. What a change may cost is decided here.
    const FLOORS: [f64; 3] = [0.94, 0.94, 0.93];

    fn shipped(file: &str) -> Vec<Utterance> {
        let read = read_all(&[Path::new(env!("CARGO_MANIFEST_DIR")).join(file)]).unwrap();
        assert!(read.bad.is_empty(), "{:?}", read.bad);
        read.good
    }

    #[test]
    fn what_was_never_seen_is_understood() {
        let (seen, unseen) = (
            shipped("src/dialogue/understanding/utterances.jsonl"),
            shipped("tests/questions/utterances.jsonl"),
        );
        let twice: Vec<_> = unseen.iter().filter(|u| seen.iter().any(|s| s.text == u.text)).collect();
        assert!(twice.is_empty(), "in both files: {twice:?}");
        let score = measure(&Understander::shipped().unwrap(), &unseen);
        let shares =
            [score.intents, score.sentiments, score.severities].map(|right| score.share(right).unwrap());
        for (what, (share, floor)) in
            ["intent", "sentiment", "severity"].iter().zip(shares.iter().zip(FLOORS))
        {
            assert!(*share >= floor, "{what}: {share:.3} is below {floor}; {score:?}");
        }
    }

    #[test]
    fn the_same_messages_give_the_same_model() {
        let seen = shipped("tests/questions/utterances.jsonl");
        let seen: Vec<&Utterance> = seen.iter().collect();
        let cues = shipped_cues().unwrap();
        let (one, two) = (learn(&seen, &cues), learn(&seen, &cues));
        assert!(!one.weights.is_empty());
        assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&two).unwrap());
    }
}
