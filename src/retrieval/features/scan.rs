//! Reads a card with a question in mind: which concepts stand where.

use crate::index::card::{Card, SECTIONS, Section, Terms};

use super::lookup::{Lookup, MOST_CONCEPTS};

/// What was found of one concept in one case.
#[derive(Clone, Copy, Default)]
pub struct Seen {
    /// How well the best match in each section means it; 0 for none.
    pub factor: [f32; SECTIONS],
    /// How often it stands in each section.
    pub count: [u16; SECTIONS],
}

/// One occurrence of a concept.
#[derive(Clone, Copy)]
pub struct Place {
    /// Which word of the section.
    pub position: u32,
    /// The concept.
    pub concept: u16,
}

/// What a card says of a question. Kept from card to card.
#[derive(Default)]
pub struct Scan<'a> {
    /// For each concept, what was found.
    pub seen: Vec<Seen>,
    /// How many terms each section has.
    pub terms: [u32; SECTIONS],
    sections: [Terms<'a>; SECTIONS],
    places: Vec<Place>,
}

impl<'a> Scan<'a> {
    /// Reads a card.
    pub fn read(&mut self, card: &Card<'a>, lookup: &Lookup) {
        self.seen.clear();
        self.seen.resize(lookup.weights.len(), Seen::default());
        self.sections = card.sections();
        for section in 0..SECTIONS {
            self.places.clear();
            self.terms[section] = self.section_places(section, lookup);
        }
    }

    fn section_places(&mut self, section: usize, lookup: &Lookup) -> u32 {
        let (mut position, mut count) = (0u32, 0);
        for (term, new_position) in self.sections[section] {
            position += u32::from(new_position);
            count += 1;
            let Some((concept, factor)) = lookup.get(term) else { continue };
            let seen = &mut self.seen[concept];
            seen.factor[section] = seen.factor[section].max(factor);
            seen.count[section] = seen.count[section].saturating_add(1);
            self.places.push(Place { position, concept: concept as u16 });
        }
        count
    }

    /// The terms of a section.
    pub fn section(&self, section: Section) -> Terms<'a> {
        self.sections[section as usize]
    }

    /// Where the body says something of the question.
    pub fn body(&self) -> &[Place] {
        &self.places
    }

    /// Weight of concepts that are neighbours in the question and in the body.
    pub fn body_pairs(&self, lookup: &Lookup) -> f32 {
        pairs(lookup, &self.places)
    }

    /// The greatest weight of different concepts within `width` positions of the body.
    pub fn window(&self, lookup: &Lookup, width: u32) -> f32 {
        let mut counts = [0u16; MOST_CONCEPTS];
        let (mut sum, mut best, mut start) = (0.0f32, 0.0f32, 0);
        for place in &self.places {
            let concept = usize::from(place.concept);
            if counts[concept] == 0 {
                sum += lookup.weights[concept];
            }
            counts[concept] += 1;
            while place.position - self.places[start].position > width {
                let left = usize::from(self.places[start].concept);
                counts[left] -= 1;
                if counts[left] == 0 {
                    sum -= lookup.weights[left];
                }
                start += 1;
            }
            best = best.max(sum);
        }
        best
    }
}

/// How far apart neighbours may be.
const NEAR: u32 = 3;

/// Weight of concepts that stand near each other in the question and, in the same order, here; each pair once.
pub fn pairs(lookup: &Lookup, places: &[Place]) -> f32 {
    let mut sum = 0.0;
    let mut done = [0u64; 2];
    for pair in places.windows(2) {
        let (a, b) = (usize::from(pair[0].concept), usize::from(pair[1].concept));
        let near_here = pair[1].position.wrapping_sub(pair[0].position) <= NEAR && a != b;
        let (pa, pb) = (lookup.positions[a], lookup.positions[b]);
        if near_here && pb > pa && pb - pa <= NEAR {
            // A pair is known by a bit that another may share: the sum is a feature, not a count.
            let bit = (a * 7 + b) & 127;
            if done[bit >> 6] >> (bit & 63) & 1 == 0 {
                done[bit >> 6] |= 1 << (bit & 63);
                sum += lookup.weights[a].min(lookup.weights[b]);
            }
        }
    }
    sum
}
