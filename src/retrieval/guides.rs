//! Guided diagnoses among the candidates: they ask before they answer, so cases that answer go first, and a diagnosis is
//! offered beside them, unless to be guided is what is asked for.

use std::collections::HashSet;
use std::sync::Arc;

use super::candidates::Candidate;
use super::model::Thresholds;
use crate::guide::FOLDER;
use crate::hit::{Decision, Hit};
use crate::id::CaseId;
use crate::index::reader::Reader;

/// Words that ask to be guided.
const ASKING: [&str; 11] = [
    "一步步",
    "带我",
    "诊断",
    "帮我排查",
    "帮我查",
    "协助排查",
    "从哪里查",
    "从哪查",
    "从哪儿查",
    "step by step",
    "guide me",
];
/// A longer text tells a story, in which these words stand by chance.
const LONGEST_WISH: usize = 50;
/// What is added to the score of a diagnosis where guidance is asked for: it wins against a case that fits a little better,
/// and not against one that fits much better.
pub const LEAD: f32 = 1.5;
/// A diagnosis that fits by this share of the best case's words is worth offering where it ends in one of the first cases.
const WORTH_OFFERING: f32 = 0.25;
/// By this share it is about the same words: it is worth offering wherever it ends.
const FITS_BY_ITSELF: f32 = 0.85;
/// So many are looked at.
const LOOKED_AT: usize = 4;
/// It is offered however sure the first case is: less likely ones are not shown.
const SHOWN: f32 = 0.01;
/// Behind so many cases: the first ones are likelier to be it.
const PLACE: usize = 3;

/// Where guided diagnoses stand.
#[derive(Clone, Copy)]
pub enum Guides {
    /// Ranked with the cases, and with a lead before them.
    First,
    /// Ranked with the cases.
    Among,
    /// Beside them.
    Apart,
}

/// What to do where a diagnosis is the first hit. Which product it is about is not asked: the diagnoses name it.
pub fn decide(decision: Decision, confidence: f32, thresholds: &Thresholds) -> Decision {
    match decision {
        Decision::Clarify if confidence >= thresholds.answer => Decision::Answer,
        Decision::Clarify if confidence >= thresholds.choose => Decision::Choose,
        decision => decision,
    }
}

/// Whether somebody asks to be guided.
pub fn wants_guidance(folded: &str) -> bool {
    folded.chars().count() <= LONGEST_WISH && ASKING.iter().any(|word| folded.contains(word))
}

/// Whether a candidate is a diagnosis.
pub fn is_one(reader: &Reader, candidate: &Candidate) -> bool {
    reader.card(candidate.row).head.id().starts_with(FOLDER)
}

/// The candidates that answer, and the diagnoses, each in the order in which they came.
pub fn apart(reader: &Reader, candidates: Vec<Candidate>) -> (Vec<Candidate>, Vec<Candidate>) {
    candidates.into_iter().partition(|candidate| !is_one(reader, candidate))
}

/// Puts the best diagnosis among the hits that fits well enough. `leads_to` gives the ids of the cases that it ends in.
pub fn offer(
    reader: &Reader,
    guides: &[Candidate],
    best: f32,
    hits: &mut Vec<Hit>,
    limit: usize,
    leads_to: impl Fn(&CaseId) -> Arc<HashSet<String>>,
) {
    let place = PLACE.min(hits.len());
    let Some(before) = place.checked_sub(1).and_then(|place| hits.get(place)) else { return };
    let fits = |guide: &&Candidate| {
        let Some(id) = reader.card(guide.row).id().filter(|_| guide.score >= WORTH_OFFERING * best) else {
            return false;
        };
        guide.score >= FITS_BY_ITSELF * best || {
            let ends = leads_to(&id);
            hits.iter().take(PLACE).any(|hit| ends.contains(hit.id.as_str()))
        }
    };
    let Some(guide) = guides.iter().take(LOOKED_AT).find(fits) else { return };
    let first = hits.first().map_or(SHOWN, |hit| hit.confidence);
    let (score, confidence) = (before.score, before.confidence.max(SHOWN).min(first));
    let card = reader.card(guide.row);
    let (product, title) = (card.head.product().to_owned(), card.head.title().to_owned());
    if let Some(id) = card.id().filter(|_| place < limit) {
        hits.insert(place, Hit { id, product, title, score, confidence });
        hits.truncate(limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_to_be_guided_is_heard_and_who_tells_a_story_is_not() {
        for text in ["带我一步步排查 ssh 连不上", "网站打不开不知道从哪里查", "帮我诊断磁盘满了"]
        {
            assert!(wants_guidance(text), "{text}");
        }
        let story = "运维同事走了，日志很大，".repeat(5) + "请一步步告诉我";
        for text in ["ssh 连不上怎么排查", "磁盘满了", story.as_str()] {
            assert!(!wants_guidance(text), "{text}");
        }
    }
}
