//! How much of a question's weight a case has, and where.

use crate::index::card::{SECTIONS, Section};

use super::lookup::Lookup;
use super::scan::Seen;

/// Sums of weights.
#[derive(Default)]
pub struct Covers {
    /// In each section.
    pub section: [f32; SECTIONS],
    /// In title, other ways to ask, document or names.
    pub headings: f32,
    /// Anywhere.
    pub all: f32,
    /// Own words anywhere.
    pub own: f32,
    /// Own identifiers and English words anywhere.
    pub latin: f32,
    /// The same in the headings.
    pub headings_latin: f32,
    /// Matched by other words only.
    pub by_synonym: f32,
    /// Weight of the two heaviest own words that are nowhere.
    pub missing: (f32, f32),
    /// Saturated counts in the title.
    pub title_counts: f32,
    /// Saturated counts in the body.
    pub body_counts: f32,
}

impl Covers {
    /// Sums up what was seen of each concept.
    pub fn new(lookup: &Lookup, seen: &[Seen]) -> Self {
        let mut covers = Self::default();
        for (i, seen) in seen.iter().enumerate() {
            covers.add(lookup.weights[i], seen, lookup.own[i], lookup.latin[i]);
        }
        covers
    }

    fn add(&mut self, weight: f32, seen: &Seen, own: bool, latin: bool) {
        for (sum, factor) in self.section.iter_mut().zip(seen.factor) {
            *sum += weight * factor;
        }
        let [title, questions, document, names, body] = seen.factor;
        let headings = title.max(questions).max(document).max(names);
        let best = headings.max(body);
        self.headings += weight * headings;
        self.all += weight * best;
        self.title_counts += weight * saturated(seen.count[Section::Title as usize]);
        self.body_counts += weight * saturated(seen.count[Section::Body as usize]);
        if best < 1.0 {
            self.by_synonym += weight * best;
        }
        if latin {
            self.latin += weight * best;
            self.headings_latin += weight * headings;
        }
        if own {
            self.own += weight * best;
            if best == 0.0 {
                self.miss(weight);
            }
        }
    }

    fn miss(&mut self, weight: f32) {
        if weight > self.missing.0 {
            self.missing = (weight, self.missing.0);
        } else {
            self.missing.1 = self.missing.1.max(weight);
        }
    }
}

fn saturated(count: u16) -> f32 {
    let count = f32::from(count);
    count / (count + 2.0)
}
