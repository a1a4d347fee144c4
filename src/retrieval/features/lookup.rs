//! A question prepared for reading cards: which term numbers mean which concept, and how much each concept weighs.

use crate::analyzer::{Kind, asking};
use crate::index::latent::DIMENSIONS;
use crate::index::reader::Reader;

use super::super::question::Question;

/// Concepts that are looked at; a longer question has said what it wants by then.
pub const MOST_CONCEPTS: usize = 96;

/// A term that means a concept.
#[derive(Clone, Copy, Default)]
struct Entry {
    /// The term's number; 0 for an empty place.
    number: u32,
    concept: u16,
    factor: f32,
}

/// The concepts of a question, ready to be looked up by term number.
pub struct Lookup {
    /// An open-addressed table, a power of two long and at most a quarter full.
    table: Vec<Entry>,
    shift: u32,
    /// What brings the idfs of this collection to the size they have in [`REFERENCE_CASES`]: what was learned on many
    /// cases then also holds on few.
    pub scale: f32,
    /// Weight of each concept: its idf by its kind, brought to scale.
    pub weights: Vec<f32>,
    /// Whether the question itself says it as a whole word.
    pub own: Vec<bool>,
    /// Whether it is such an identifier or English word.
    pub latin: Vec<bool>,
    /// Where in the question it stands.
    pub positions: Vec<u32>,
    /// Numbers and rarities of the question's stop words.
    pub asking: Vec<(u32, f32)>,
    /// Kinds of question, as bits.
    pub asks: u8,
    /// Sum of the weights; never 0.
    pub total: f32,
    /// Sum of the weights of own words; never 0.
    pub total_own: f32,
    /// Sum of the weights of own identifiers and English words.
    pub total_latin: f32,
}

impl Lookup {
    /// Prepares a question; `idfs` as the first stage found them.
    pub fn new(reader: &Reader, question: &Question, idfs: &[Vec<f32>]) -> Self {
        let ways: usize = question.concepts.iter().map(|c| c.ways.len()).sum();
        let size = (ways * 4).next_power_of_two().max(64);
        let mut lookup = Self {
            table: vec![Entry::default(); size],
            shift: 32 - size.trailing_zeros(),
            scale: scale(reader.cases()),
            weights: Vec::new(),
            own: Vec::new(),
            latin: Vec::new(),
            positions: Vec::new(),
            asking: Vec::new(),
            asks: asking::kinds(&question.folded),
            total: 1e-6,
            total_own: 1e-6,
            total_latin: 0.0,
        };
        let unknown = (reader.cases().max(2) as f32).ln() * UNKNOWN;
        for (concept, idfs) in question.concepts.iter().zip(idfs).take(MOST_CONCEPTS) {
            let best = idfs.iter().copied().fold(0.0, f32::max);
            let idf = [idfs[0], best, unknown].into_iter().find(|&idf| idf > 0.0).unwrap_or(unknown);
            let weight = concept.weight * concept.ways[0].factor * idf * lookup.scale;
            let own = concept.is_own() && !matches!(concept.kind, Kind::Piece | Kind::Part);
            let latin = concept.is_own() && matches!(concept.kind, Kind::Latin | Kind::Identifier);
            let number = lookup.weights.len() as u16;
            lookup.weights.push(weight);
            lookup.own.push(own);
            lookup.latin.push(latin);
            lookup.positions.push(concept.position);
            lookup.total += weight;
            lookup.total_own += if own { weight } else { 0.0 };
            lookup.total_latin += if latin { weight } else { 0.0 };
            for way in &concept.ways {
                if let Some(term) = reader.number(&way.term) {
                    lookup.insert(Entry {
                        number: term,
                        concept: number,
                        factor: way.factor / concept.ways[0].factor,
                    });
                }
            }
        }
        let rarity = |number| (number, reader.associations().rarity(number));
        lookup.asking = question.asking.iter().filter_map(|term| reader.number(term)).map(rarity).collect();
        lookup
    }

    fn insert(&mut self, entry: Entry) {
        let mask = self.table.len() - 1;
        let mut at = self.home(entry.number);
        while self.table[at].number != 0 && self.table[at].number != entry.number {
            at = (at + 1) & mask;
        }
        if self.table[at].number == 0 || self.table[at].factor < entry.factor {
            self.table[at] = entry;
        }
    }

    #[inline]
    fn home(&self, number: u32) -> usize {
        (number.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }

    /// The concept that a term means, and how well.
    #[inline]
    pub fn get(&self, number: u32) -> Option<(usize, f32)> {
        let mask = self.table.len() - 1;
        let mut at = self.home(number);
        loop {
            let entry = self.table[at];
            if entry.number == 0 {
                return None;
            }
            if entry.number == number {
                return Some((usize::from(entry.concept), entry.factor));
            }
            at = (at + 1) & mask;
        }
    }

    /// The latent vector of the question, at unit length.
    pub fn meaning(&self, reader: &Reader) -> [f32; DIMENSIONS] {
        let mut sum = [0.0; DIMENSIONS];
        for entry in self.table.iter().filter(|entry| entry.number != 0) {
            reader.latent().add(
                &mut sum,
                entry.number,
                self.weights[usize::from(entry.concept)] * entry.factor,
            );
        }
        unit(sum)
    }
}

/// How many cases the shipped model was learned on, about.
const REFERENCE_CASES: f32 = 116_580.0;

fn scale(cases: u64) -> f32 {
    REFERENCE_CASES.ln() / (cases.max(20) as f32).ln()
}

/// How rare a word counts that no case has, by the greatest rarity: it may be a slip of the finger.
const UNKNOWN: f32 = 0.5;

/// A vector at unit length; all zeros stay so.
pub fn unit(vector: [f32; DIMENSIONS]) -> [f32; DIMENSIONS] {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-9);
    vector.map(|v| v / length)
}
