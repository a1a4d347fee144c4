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
