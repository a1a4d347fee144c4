//! The candidates speak for one another: many good ones of a product or a document make each of them likelier.

use std::collections::HashMap;

use crate::index::card::Head;

use super::super::product::{ProductGuess, ProductSigns};
use super::Features;

/// How steeply a vote falls with the score.
const STEEP: f32 = 8.0;

/// The votes of all candidates.
pub struct Votes<'a> {
    products: Vec<(&'a [u8], f32, ProductSigns)>,
    documents: HashMap<u64, (f32, f32)>,
    of: Vec<(usize, u64)>,
    all: f32,
}

impl<'a> Votes<'a> {
    /// Counts the candidates, each with its score by the best one's.
    pub fn new(candidates: impl Iterator<Item = (f32, Head<'a>)>, guess: &ProductGuess<'_>) -> Self {
        let mut votes = Self { products: Vec::new(), documents: HashMap::new(), of: Vec::new(), all: 1e-6 };
        for (score, head) in candidates {
            let vote = (STEEP * (score - 1.0)).exp();
            let code = head.product_bytes();
            let product = votes.products.iter().position(|(known, ..)| *known == code).unwrap_or_else(|| {
                votes.products.push((code, 0.0, guess.signs(head.product())));
                votes.products.len() - 1
            });
            votes.products[product].1 += vote;
            let document = votes.documents.entry(head.document).or_default();
            *document = (document.0 + vote, document.1 + 1.0);
            votes.of.push((product, head.document));
            votes.all += vote;
        }
        votes
    }

    /// Fills in what is known of the product and the document of a candidate.
    pub fn fill(&self, features: &mut Features, place: usize) {
        let (product, document) = self.of[place];
        let (_, votes, signs) = &self.products[product];
        features.product_vote = votes / self.all;
        features.product_context = signs.context;
        features.product_named = f32::from(signs.named);
        features.product_other_named = f32::from(signs.other_named);
        features.product_guess = signs.share;
        features.product_guess_of_best = signs.share_of_best;
        let (votes, siblings) = self.documents.get(&document).copied().unwrap_or_default();
        features.document_vote = votes / self.all;
        features.document_siblings = (1.0 + siblings).ln();
    }
}
