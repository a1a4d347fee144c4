//! From the ranking to a probability, and from that to a decision.

use crate::hit::Decision;

use super::features::Row;
use super::model::{Calibration, Thresholds};

/// How many facts there are.
pub const COUNT: usize = 16;

/// Names of the facts, in order.
pub const FACTS: [&str; COUNT] = [
    "share_first",
    "share_five",
    "margin",
    "score",
    "cover",
    "cover_own",
    "window",
    "missing_most",
    "missing_second",
    "headings_cover",
    "latent",
    "product_sure",
    "own_weight",
    "latin_missing",
    "bm25",
    "title_equal",
];

/// Facts that may only lower the confidence; the others may only raise it, for the same reason as in the ranking.
pub const AGAINST: [&str; 3] = ["missing_most", "missing_second", "latin_missing"];
/// The one fact that may do either.
pub const EITHER_WAY: &str = "product_sure";

/// Facts of a question's ranking, from which its confidence is worked out.
pub type Facts = [f32; COUNT];

/// The share of the votes for the product of a row's case.
pub fn product_vote(row: &Row) -> f32 {
    row[place::PRODUCT_VOTE]
}

/// How the scores share the whole: a softmax over the candidates.
pub fn shares(scores: &[f32]) -> Vec<f32> {
    let best = scores.iter().copied().fold(f32::MIN, f32::max);
    let odds: Vec<f32> = scores.iter().map(|s| (s - best).exp()).collect();
    let all: f32 = odds.iter().sum::<f32>().max(1e-9);
    odds.into_iter().map(|o| o / all).collect()
}

/// The facts of a ranking, best first: scores, shares, the first one's row, and the weight of the question's own words.
pub fn facts(scores: &[f32], shares: &[f32], first: &Row, own_weight: f32) -> Facts {
    let share = |n: usize| shares.iter().take(n).sum::<f32>().clamp(1e-4, 1.0 - 1e-4);
    let logit = |p: f32| (p / (1.0 - p)).ln();
    let score = |place: usize| scores.get(place).copied().unwrap_or(0.0);
    let of = |name: usize| first[name];
    [
        logit(share(1)),
        logit(share(5)),
        (score(0) - score(1)).min(5.0),
        score(0) / 4.0,
        of(place::COVER),
        of(place::COVER_OWN),
        of(place::WINDOW),
        of(place::MISSING_MOST) / 10.0,
        of(place::MISSING_SECOND) / 10.0,
        of(place::HEADINGS_COVER),
        of(place::LATENT),
        of(place::PRODUCT_VOTE),
        (own_weight / 20.0).min(3.0),
        if of(place::LATIN_COVER) < 0.0 { 0.0 } else { 1.0 - of(place::LATIN_COVER) },
        of(place::BM25) / 3.0,
        of(place::TITLE_EQUAL),
    ]
}

/// Places of the features that are facts.
mod place {
    use crate::retrieval::features::NAMES;

    pub const COVER: usize = of("cover");
    pub const COVER_OWN: usize = of("cover_own");
    pub const WINDOW: usize = of("window_40");
    pub const MISSING_MOST: usize = of("missing_most");
    pub const MISSING_SECOND: usize = of("missing_second");
    pub const HEADINGS_COVER: usize = of("headings_cover");
    pub const LATENT: usize = of("latent_case");
    pub const PRODUCT_VOTE: usize = of("product_vote");
    pub const LATIN_COVER: usize = of("latin_cover");
    pub const BM25: usize = of("bm25_of_all");

    pub const TITLE_EQUAL: usize = of("title_equal");

    /// The place of a feature; a name that is none fails to compile.
    const fn of(name: &str) -> usize {
        let mut i = 0;
        while i < NAMES.len() {
            if same(NAMES[i].as_bytes(), name.as_bytes()) {
                return i;
            }
            i += 1;
        }
        panic!("no such feature");
    }

    const fn same(a: &[u8], b: &[u8]) -> bool {
        if a.len() != b.len() {
            return false;
        }
        let mut i = 0;
        while i < a.len() {
            if a[i] != b[i] {
                return false;
            }
            i += 1;
        }
        true
    }
}

impl Calibration {
    /// The probability that these facts speak for, 0 to 1.
    pub fn probability(&self, facts: &Facts) -> f32 {
        let sum: f32 = self.bias + facts.iter().zip(&self.facts).map(|(f, (_, w))| f * w).sum::<f32>();
        1.0 / (1.0 + (-sum).exp())
    }
}

/// What of the question itself bears on the decision.
#[derive(Clone, Copy, Debug)]
pub struct Clarity {
    /// Weight of the question's own words.
    pub own_weight: f32,
    /// Whether the page or the question says which product it is about.
    pub product_told: bool,
    /// Share of the candidates' votes for the first hit's product.
    pub product_vote: f32,
}

/// Questions whose own words weigh less than this in all name no trouble and no thing: about one common word.
const NOTHING_SAID: f32 = 5.0;
/// Questions under this weight, about two words, must at least make clear which product they are about.
const LITTLE_SAID: f32 = 16.0;
/// Under this weight, about one telling word, nothing else makes it clear.
const ONE_WORD: f32 = 11.0;
/// Less than this share of the votes for one product is not clear.
const CLEAR_VOTE: f32 = 0.6;

/// Where the first hit is likelier than this, nothing needs to be asked first, however short the question is.
const SURE: f32 = 0.95;

/// Where the first hit is less likely than this, the words are of another world than the cases, or of none.
const WORTH_ASKING: f32 = 0.05;

/// Cases among which the weights above were measured.
const MANY: f32 = 116_580.0;
/// Among fewer than this every word is rare, and its weight says little.
const FEW: f32 = 1_000.0;

/// How much more a word weighs among as many cases as the weights above were measured among: the weight of a rare word
/// (inverse document frequency) grows with the logarithm of their number.
pub fn among_many(cases: u64) -> f32 {
    // So many cases that this loses precision are not kept in one index.
    #[expect(clippy::cast_precision_loss, reason = "a logarithm of a count needs no more")]
    let cases = cases as f32;
    MANY.ln() / cases.clamp(FEW, MANY).ln()
}

/// How much faster than the factor of [`among_many`] the share of wrong answers falls that is let through.
const STRICTER: f32 = 1.5;

impl Thresholds {
    /// The thresholds among so many cases. Among many, the case next to the one that was meant often answers too; among few,
    /// each answers a need of its own, so that the first hit must be surer before it is the answer.
    pub fn among(&self, cases: u64) -> Self {
        let wrong = (1.0 - self.answer) / among_many(cases).powf(STRICTER);
        Self { answer: 1.0 - wrong, choose: self.choose }
    }
}

impl Clarity {
    /// Whether a fact must be asked for before any case can be the answer.
    fn says_nothing(self) -> bool {
        self.own_weight < NOTHING_SAID
    }

    /// Whether asking for the product would help more than a list of cases.
    fn lacks_product(self) -> bool {
        let little = self.own_weight < LITTLE_SAID && self.product_vote < CLEAR_VOTE;
        !self.product_told && (little || self.own_weight < ONE_WORD)
    }
}

/// What to do: `first` and `five` are the probabilities that the first hit, or one of the first five, is right.
pub fn decide(thresholds: &Thresholds, first: f32, five: f32, clarity: Clarity) -> Decision {
    match () {
        // Asking back promises that there is something to find.
        () if (clarity.says_nothing() || clarity.lacks_product()) && first < WORTH_ASKING => Decision::Miss,
        () if clarity.says_nothing() => Decision::Clarify,
        () if clarity.lacks_product() && first < SURE => Decision::Clarify,
        () if first >= thresholds.answer => Decision::Answer,
        () if five >= thresholds.choose => Decision::Choose,
        () => Decision::Miss,
    }
}
