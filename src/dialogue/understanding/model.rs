//! The linear model: for each feature a weight a label, learned from labelled messages (`eval::utterances`).

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use super::UnderstandingError;
use super::features::hash;
use super::labels::{INTENTS, SENTIMENTS, SEVERITIES};

/// Labels of all three heads: intents, sentiments, severities, in this order.
pub const WIDTH: usize = INTENTS.len() + SENTIMENTS.len() + SEVERITIES.len();
/// Where the sentiments begin.
pub const SENTIMENT: usize = INTENTS.len();
/// Where the severities begin.
pub const SEVERITY: usize = SENTIMENT + SENTIMENTS.len();

/// A model on disk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// What a weight of 1 stands for.
    pub unit: f32,
    /// The labels, in the order of the weights.
    pub labels: Vec<String>,
    /// What each label has without any feature.
    pub bias: Vec<f32>,
    /// What each intent says of sentiment and severity, by intent.
    pub link: Vec<Vec<f32>>,
    /// By feature, a signed byte a label, in base64.
    pub weights: serde_json::Map<String, serde_json::Value>,
}

/// A model in memory.
#[derive(Debug)]
pub struct Model {
    rows: HashMap<u64, u32, std::hash::BuildHasherDefault<Already>>,
    weights: Vec<[f32; WIDTH]>,
    bias: [f32; WIDTH],
    link: Vec<[f32; WIDTH - SENTIMENT]>,
}

impl Model {
    /// Reads a model.
    ///
    /// # Errors
    /// It is none, or one with other labels.
    pub fn parse(json: &str) -> Result<Self, UnderstandingError> {
        let stored: Stored =
            serde_json::from_str(json).map_err(|e| UnderstandingError::Model(e.to_string()))?;
        Self::from_stored(&stored)
    }

    /// A model from its stored form.
    ///
    /// # Errors
    /// It has other labels.
    pub fn from_stored(stored: &Stored) -> Result<Self, UnderstandingError> {
        let wrong = |what: &str| UnderstandingError::Model(what.to_owned());
        if stored.labels != super::labels::names() {
            return Err(wrong("its labels are not those of this program"));
        }
        let bias = stored.bias.as_slice().try_into().map_err(|_| wrong("`bias` is not one a label"))?;
        let link: Option<Vec<_>> = stored.link.iter().map(|row| row.as_slice().try_into().ok()).collect();
        let link =
            link.filter(|link| link.len() == INTENTS.len()).ok_or_else(|| wrong("`link` is not whole"))?;
        let mut model = Self { rows: HashMap::default(), weights: Vec::new(), bias, link };
        for (name, row) in &stored.weights {
            let bytes = row.as_str().and_then(|row| STANDARD_NO_PAD.decode(row).ok());
            let bytes: Option<[u8; WIDTH]> = bytes.and_then(|bytes| bytes.try_into().ok());
            let bytes = bytes.ok_or_else(|| wrong(&format!("the weights of `{name}` are damaged")))?;
            let row = u32::try_from(model.weights.len()).map_err(|_| wrong("too many features"))?;
            model.rows.insert(hash(&[name]), row);
            model.weights.push(bytes.map(|byte| f32::from(byte.cast_signed()) * stored.unit));
        }
        Ok(model)
    }

    /// Adds a feature to the sums; one that was never learned says nothing.
    pub fn add(&self, hash: u64, value: f32, sums: &mut [f32; WIDTH]) {
        if let Some(&row) = self.rows.get(&hash) {
            sums.iter_mut().zip(&self.weights[row as usize]).for_each(|(sum, weight)| *sum += weight * value);
        }
    }

    /// Probabilities of each head from the sums.
    pub fn finish(&self, mut sums: [f32; WIDTH]) -> [f32; WIDTH] {
        sums.iter_mut().zip(&self.bias).for_each(|(sum, bias)| *sum += bias);
        softmax(&mut sums[..SENTIMENT]);
        let (intents, rest) = sums.split_at_mut(SENTIMENT);
        for (share, link) in intents.iter().zip(&self.link) {
            rest.iter_mut().zip(link).for_each(|(sum, weight)| *sum += weight * share);
        }
        let (sentiments, severities) = rest.split_at_mut(SEVERITY - SENTIMENT);
        softmax(sentiments);
        softmax(severities);
        sums
    }

    /// How many features it knows.
    pub fn features(&self) -> usize {
        self.weights.len()
    }
}

/// Sums to shares.
pub fn softmax(sums: &mut [f32]) {
    let most = sums.iter().copied().fold(f32::MIN, f32::max);
    sums.iter_mut().for_each(|sum| *sum = (*sum - most).exp());
    let all: f32 = sums.iter().sum();
    sums.iter_mut().for_each(|sum| *sum /= all);
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct Already(u64);

impl std::hash::Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
