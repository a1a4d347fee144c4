//! Figures of a measurement, counted question by question.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::hit::Decision;

/// The k of hit@k.
pub const TOPS: [usize; 4] = [1, 3, 10, 50];
/// Bins of the calibration error, of equal width.
const BINS: usize = 10;
/// Ranks that count for the mean reciprocal rank.
const MRR_DEPTH: usize = 10;

/// What came of one question.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What sort of question it is, where known.
    pub kind: Option<&'a str>,
    /// Whether some case answers it.
    pub answerable: bool,
    /// Place of the first right hit, from 0.
    pub rank: Option<usize>,
    /// What the program decided.
    pub decision: Decision,
    /// Confidence of the first hit; 0 where there is none.
    pub confidence: f32,
    /// Time for this question alone.
    pub took: Duration,
    /// Whether the product that the hits speak for is that of a right case; `None` where that has none.
    pub product_right: Option<bool>,
}

impl<'a> Asked<'a> {
    /// A question in which there is nothing to search for.
    pub fn unanswered(kind: Option<&'a str>, answerable: bool) -> Self {
        let decision = Decision::Clarify;
        Self {
            kind,
            answerable,
            rank: None,
            decision,
            confidence: 0.0,
            took: Duration::ZERO,
            product_right: None,
        }
    }

    fn is_right(&self) -> bool {
        self.rank == Some(0)
    }
}

/// How often each decision was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decisions {
    /// Answered directly.
    pub answer: u64,
    /// Offered choices.
    pub choose: u64,
    /// Asked back.
    pub clarify: u64,
    /// Said that there is no answer.
    pub miss: u64,
}

impl Decisions {
    fn count(&mut self, decision: Decision) {
        match decision {
            Decision::Answer => self.answer += 1,
            Decision::Choose => self.choose += 1,
            Decision::Clarify => self.clarify += 1,
            Decision::Miss => self.miss += 1,
        }
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.answer + self.choose + self.clarify + self.miss
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    count: u64,
    right: u64,
    confidence: f64,
}

/// The figures; shares are `None` where there is nothing to share out.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Time from the first question to the end of the last.
    pub elapsed: Duration,
    /// Gold ids that the index does not have.
    pub unknown_gold: u64,
    answerable: u64,
    hits: [u64; TOPS.len()],
    reciprocal: f64,
    decisions: Decisions,
    right_answers: u64,
    products: u64,
    right_products: u64,
    unanswerable: Decisions,
    kinds: BTreeMap<String, Decisions>,
    bins: [Bin; BINS],
    took: Vec<Duration>,
}

impl Figures {
    /// Share of the questions whose product was told right, of those whose right case has one.
    pub fn products(&self) -> Option<f64> {
        (self.products > 0).then(|| self.right_products as f64 / self.products as f64)
    }

    /// Counts one question.
    pub fn add(&mut self, asked: &Asked<'_>) {
        self.decisions.count(asked.decision);
        self.right_answers += u64::from(asked.decision == Decision::Answer && asked.is_right());
        self.products += u64::from(asked.product_right.is_some());
        self.right_products += u64::from(asked.product_right == Some(true));
        if asked.answerable {
            self.answerable += 1;
            for (hits, top) in self.hits.iter_mut().zip(TOPS) {
                *hits += u64::from(asked.rank.is_some_and(|rank| rank < top));
            }
            self.reciprocal += asked.rank.filter(|&r| r < MRR_DEPTH).map_or(0.0, |r| 1.0 / (r + 1) as f64);
        } else {
            self.unanswerable.count(asked.decision);
            if let Some(kind) = asked.kind {
                self.kinds.entry(kind.to_owned()).or_default().count(asked.decision);
            }
        }
        let bin = &mut self.bins[((asked.confidence * BINS as f32) as usize).min(BINS - 1)];
        bin.count += 1;
        bin.right += u64::from(asked.is_right());
        bin.confidence += f64::from(asked.confidence);
        self.took.push(asked.took);
    }

    /// Questions asked.
    pub fn questions(&self) -> u64 {
        self.decisions.total()
    }

    /// Questions that some case answers.
    pub fn answerable(&self) -> u64 {
        self.answerable
    }

    /// How often each decision was taken.
    pub fn decisions(&self) -> Decisions {
        self.decisions
    }

    /// Share of answerable questions with a right case among the first k, for each k of [`TOPS`].
    pub fn hit_at(&self) -> [Option<f64>; TOPS.len()] {
        self.hits.map(|hits| share(hits, self.answerable))
    }

    /// Mean of 1 / place of the first right case, 0 beyond the tenth place.
    pub fn mrr(&self) -> Option<f64> {
        (self.answerable > 0).then(|| self.reciprocal / self.answerable as f64)
    }

    /// Share of all questions that were answered directly.
    pub fn coverage(&self) -> Option<f64> {
        share(self.decisions.answer, self.questions())
    }

    /// Share of the direct answers that were right.
    pub fn precision(&self) -> Option<f64> {
        share(self.right_answers, self.decisions.answer)
    }

    /// Share of unanswerable questions that were not answered directly.
    pub fn refusals(&self) -> Option<f64> {
        refused(&self.unanswerable)
    }

    /// [`Self::refusals`] for each kind of unanswerable question, with how many there are.
    pub fn refusals_by_kind(&self) -> impl Iterator<Item = (&str, u64, Option<f64>)> {
        self.kinds.iter().map(|(kind, decisions)| (kind.as_str(), decisions.total(), refused(decisions)))
    }

    /// Expected calibration error (Naeini et al., 2015): the mean distance between what the first hit's confidence
    /// says and how often it is right, over bins weighted by their size. Unanswerable questions are never right.
    pub fn calibration_error(&self) -> Option<f64> {
        let distance = |bin: &Bin| (bin.confidence - bin.right as f64).abs();
        let count = self.questions();
        (count > 0).then(|| self.bins.iter().map(distance).sum::<f64>() / count as f64)
    }

    /// The time that this share of questions stayed within.
    pub fn latency(&self, share: f64) -> Option<Duration> {
        let mut took = self.took.clone();
        took.sort_unstable();
        let at = (took.len() as f64 * share).ceil() as usize;
        took.get(at.saturating_sub(1)).copied()
    }

    /// Questions in a second, on one thread.
    pub fn per_second(&self) -> Option<f64> {
        let seconds = self.elapsed.as_secs_f64();
        (seconds > 0.0 && self.questions() > 0).then(|| self.questions() as f64 / seconds)
    }
}

fn refused(decisions: &Decisions) -> Option<f64> {
    share(decisions.total() - decisions.answer, decisions.total())
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(rank: Option<usize>, decision: Decision, confidence: f32) -> Asked<'static> {
        let took = Duration::from_micros(100);
        Asked { kind: None, answerable: true, rank, decision, confidence, took, product_right: None }
    }

    #[test]
    fn figures_of_a_hand_made_set() {
        let mut figures = Figures::default();
        figures.add(&asked(Some(0), Decision::Answer, 0.9));
        figures.add(&asked(Some(2), Decision::Choose, 0.3));
        figures.add(&asked(Some(20), Decision::Answer, 0.7));
        figures.add(&asked(None, Decision::Miss, 0.0));
        let vague = Asked { kind: Some("vague"), answerable: false, ..asked(None, Decision::Clarify, 0.0) };
        figures.add(&vague);
        assert_eq!(figures.hit_at(), [0.25, 0.5, 0.5, 0.75].map(Some));
        assert!((figures.mrr().unwrap() - (1.0 + 1.0 / 3.0) / 4.0).abs() < 1e-9);
        assert_eq!((figures.coverage(), figures.precision()), (Some(0.4), Some(0.5)));
        assert_eq!(figures.refusals(), Some(1.0));
        assert_eq!(figures.refusals_by_kind().collect::<Vec<_>>(), [("vague", 1, Some(1.0))]);
        // |0.9 - 1| + |0.3 - 0| + |0.7 - 0| over five questions.
        assert!((figures.calibration_error().unwrap() - 1.1 / 5.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_asked_has_no_figures() {
        let figures = Figures::default();
        assert_eq!((figures.mrr(), figures.coverage(), figures.calibration_error()), (None, None, None));
        assert_eq!((figures.latency(0.5), figures.per_second()), (None, None));
    }

    #[test]
    fn latency_is_the_time_that_the_share_stayed_within() {
        let mut figures = Figures::default();
        for micros in 1..=100 {
            figures.add(&Asked { took: Duration::from_micros(micros), ..asked(None, Decision::Miss, 0.0) });
        }
        assert_eq!(figures.latency(0.5), Some(Duration::from_micros(50)));
        assert_eq!(figures.latency(0.99), Some(Duration::from_micros(99)));
    }
}
