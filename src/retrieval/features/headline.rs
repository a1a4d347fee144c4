//! How well a title, or another way to ask, says what the question says.

use crate::index::card::Terms;
use crate::index::latent::DIMENSIONS;
use crate::index::reader::Reader;

use super::lookup::{Lookup, MOST_CONCEPTS, unit};
use super::scan::{Place, pairs};

/// What a title or another way to ask has in common with the question.
#[derive(Default)]
pub struct Headline {
    /// Weight of the concepts in it.
    pub matched: f32,
    /// Share of its rarity that the question says.
    pub precise: f32,
    /// Weight of the question's own words that are not in it.
    pub own_missing: f32,
    /// Weight of common neighbours.
    pub pairs: f32,
    /// Cosine of the latent vectors.
    pub latent: f32,
    /// How many terms it has.
    pub terms: u32,
    /// Stop words in common: as a share of the question's, and by the length of the headline.
    pub asking: (f32, f32),
}

impl Headline {
    /// The headline that fits best: the title, or one of the other ways to ask.
    pub fn best(
        reader: &Reader,
        lookup: &Lookup,
        title: Terms<'_>,
        questions: Terms<'_>,
        meaning: &[f32; DIMENSIONS],
    ) -> Self {
        let mut best = Self::of(reader, lookup, title, meaning);
        let mut rest = questions;
        while !rest.is_empty() {
            let phrase = rest.next_phrase();
            let other = Self::of(reader, lookup, phrase, meaning);
            if other.fit(lookup) > best.fit(lookup) {
                best = other;
            }
        }
        best
    }

    fn fit(&self, lookup: &Lookup) -> f32 {
        self.matched / lookup.total * (0.5 + 0.5 * self.precise)
    }

    fn of(reader: &Reader, lookup: &Lookup, terms: Terms<'_>, meaning: &[f32; DIMENSIONS]) -> Self {
        let mut headline = Self::default();
        let mut places: Vec<Place> = Vec::with_capacity(16);
        let mut factors = [0.0f32; MOST_CONCEPTS];
        let mut sum = [0.0; DIMENSIONS];
        let (mut said, mut all, mut position) = (0.0, 0.0, 0);
        for (term, new_position) in terms {
            let rarity = reader.associations().rarity(term);
            headline.terms += 1;
            position += u32::from(new_position);
            reader.latent().add(&mut sum, term, rarity);
            all += if new_position { rarity } else { 0.0 };
            if let Some((concept, factor)) = lookup.get(term) {
                said += if new_position { rarity * factor.min(1.0) } else { 0.0 };
                factors[concept] = factors[concept].max(factor);
                places.push(Place { position, concept: concept as u16 });
            }
            if let Some((_, rarity)) = lookup.asking.iter().find(|(number, _)| *number == term) {
                headline.asking.0 += rarity;
            }
        }
        headline.matched = lookup.weights.iter().zip(factors).map(|(w, f)| w * f).sum();
        let own = lookup.own.iter().zip(&lookup.weights).zip(factors);
        headline.own_missing =
            own.filter(|((own, _), factor)| **own && *factor < 0.999).map(|((_, w), _)| w).sum();
        headline.precise = said / all.max(1e-6);
        headline.pairs = pairs(lookup, &places);
        headline.latent = unit(sum).iter().zip(meaning).map(|(a, b)| a * b).sum();
        let asked: f32 = lookup.asking.iter().map(|(_, rarity)| rarity).sum();
        headline.asking =
            (headline.asking.0 / asked.max(1e-6), headline.asking.0 / (1.0 + headline.terms as f32));
        headline
    }

    /// The share of a heading's rarity that the question says.
    pub fn precision(reader: &Reader, lookup: &Lookup, terms: Terms<'_>) -> f32 {
        let (mut said, mut all) = (0.0, 0.0f32);
        for (term, _) in terms.filter(|(_, new_position)| *new_position) {
            let rarity = reader.associations().rarity(term);
            all += rarity;
            said += lookup.get(term).map_or(0.0, |(_, factor)| rarity * factor.min(1.0));
        }
        said / all.max(1e-6)
    }
}
