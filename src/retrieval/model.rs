//! What was learned from labelled questions, as data: the weights of the ranking, the calibration of the confidence,
//! and the thresholds of the decision. `ranking.json` beside this file; `yunzhu eval --learn` writes it anew.

use serde::{Deserialize, Serialize};

use super::features::{COUNT, NAMES, Row};

/// The weight of one feature of the ranking.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Weight {
    /// The feature's name.
    pub feature: String,
    /// Its mean over the candidates that were learned from.
    pub mean: f32,
    /// Its standard deviation there.
    pub deviation: f32,
    /// How much one deviation counts.
    pub weight: f32,
}

/// From what confidence on a question is answered, or choices are offered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Confidence of the first hit from which it is the answer.
    pub answer: f32,
    /// Confidence that one of the first five hits is right, from which they are offered.
    pub choose: f32,
}

/// One weight of the calibration, over named facts of the first hit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Calibration {
    /// Weight of each fact, the names as in [`super::confidence::FACTS`].
    pub facts: Vec<(String, f32)>,
    /// Constant.
    pub bias: f32,
}

/// All that was learned.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    /// The ranking, linear in the features.
    pub ranking: Vec<Weight>,
    /// Logistic regression from facts of the first hit to the probability that it is right.
    pub first: Calibration,
    /// The same for the probability that one of the first five is right.
    pub five: Calibration,
    /// The decision.
    pub thresholds: Thresholds,
}

/// Features beyond this many deviations count as this many: nothing far outside what was learned decides alone.
pub const CLIP: f32 = 4.0;

impl Model {
    /// The model that the program ships.
    pub fn shipped() -> Result<Self, ModelError> {
        Self::parse(include_str!("ranking.json"))
    }

    /// Reads a model.
    ///
    /// # Errors
    /// It is not JSON of this form, or its features are not those that this program computes.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let model: Self = serde_json::from_str(text).map_err(|e| ModelError::Unreadable(e.to_string()))?;
        let names: Vec<&str> = model.ranking.iter().map(|w| w.feature.as_str()).collect();
        if names != NAMES {
            return Err(ModelError::OtherFeatures(names.len(), COUNT));
        }
        Ok(model)
    }

    /// The ranking score of a row.
    pub fn score(&self, row: &Row) -> f32 {
        row.iter()
            .zip(&self.ranking)
            .map(|(value, w)| ((value - w.mean) / w.deviation).clamp(-CLIP, CLIP) * w.weight)
            .sum()
    }
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not a model.
    #[error("the ranking model cannot be read: {0}")]
    Unreadable(String),
    /// Made by another version.
    #[error(
        "the ranking model knows {0} features, this program computes {1} others: learn it anew with `yunzhu eval --learn`"
    )]
    OtherFeatures(usize, usize),
}
