//! A search result with no index in it: what the dialogue, the edges and the measurements share.

use serde::{Deserialize, Serialize};

use crate::id::CaseId;

/// What the program does with a question, decided from the confidence of its hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Sure enough to answer with the first hit.
    Answer,
    /// The first hits are offered as choices.
    Choose,
    /// A fact is missing: ask for it.
    Clarify,
    /// No case answers this.
    Miss,
}

/// One ranked case.
#[derive(Clone, Debug, Serialize)]
pub struct Hit {
    /// The case.
    pub id: CaseId,
    /// Its product code, possibly empty.
    pub product: String,
    /// Its title.
    pub title: String,
    /// Ranking score; comparable within one question only.
    pub score: f32,
    /// Calibrated probability, 0..=1, that this case answers the question.
    pub confidence: f32,
}

/// The product that hits speak for: each votes with its confidence. `None` where none has a product.
pub fn likeliest_product<'a>(votes: impl Iterator<Item = (&'a str, f32)>) -> Option<&'a str> {
    let mut sums: Vec<(&str, f32)> = Vec::new();
    for (product, confidence) in votes.filter(|(product, _)| !product.is_empty()) {
        match sums.iter_mut().find(|(known, _)| *known == product) {
            Some((_, sum)) => *sum += confidence,
            None => sums.push((product, confidence)),
        }
    }
    // Of equals the one that was found first.
    sums.into_iter().rev().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(product, _)| product)
}
