//! A case on its way into the index: cut into terms once, for the inverted lists and for the card.

use crate::analyzer::Analyzer;
use crate::guide;
use crate::kb::case::Case;

use super::card::BODY_POSITIONS;
use super::schema::SEPARATOR;

/// How often the terms of each section are counted in the combined field. Measured: titles three times, names twice.
const REPEATS: [usize; 5] = [TITLE_REPEATS, TITLE_REPEATS, 2, 2, 1];
const TITLE_REPEATS: usize = 3;

/// One term on its way to the card.
#[derive(Clone, Copy, Debug)]
pub struct CardTerm {
    /// Hash of the term; 0 stands between phrases.
    pub hash: u64,
    /// Whether it begins a new position.
    pub new_position: bool,
}

/// A case cut into terms. Made by many threads, written by one.
pub struct Prepared {
    /// The case.
    pub case: Case,
    /// The terms of the combined field with [`SEPARATOR`] between them.
    pub text: String,
    /// The terms of the card, a section after the other.
    pub sections: [Vec<CardTerm>; 5],
    /// The case as JSON.
    pub record: Vec<u8>,
}

/// Cuts a case.
pub fn prepare(analyzer: &Analyzer, case: Case) -> Prepared {
    let mut text = String::with_capacity(case.body.len() * 2);
    let mut section = |number: usize, phrases: &mut dyn Iterator<Item = &str>| {
        let mut cut = SectionCut { analyzer, text: &mut text, repeats: REPEATS[number], terms: Vec::new() };
        phrases.for_each(|phrase| cut.phrase(phrase));
        cut.terms
    };
    let names = [case.product_name.as_str()].into_iter();
    let names =
        names.chain(case.category.iter().map(String::as_str)).chain(case.tags.iter().map(String::as_str));
    let sections = [
        section(0, &mut [case.title.as_str()].into_iter()),
        section(1, &mut case.questions.iter().map(String::as_str)),
        section(2, &mut [case.document.as_str()].into_iter()),
        section(3, &mut names.into_iter()),
        section(4, &mut [searched_body(&case)].into_iter()),
    ];
    let record = serde_json::to_vec(&case).unwrap_or_default();
    Prepared { case, text, sections, record }
}

/// The body as far as it is searched. A guided diagnosis is found by what it is called: what it asks and rules out is about
/// many other things, and would make common words of theirs.
fn searched_body(case: &Case) -> &str {
    match guide::may_guide(&case.id) && case.extra.contains_key(guide::KEY) {
        true => "",
        false => &case.body,
    }
}

struct SectionCut<'a> {
    analyzer: &'a Analyzer,
    text: &'a mut String,
    repeats: usize,
    terms: Vec<CardTerm>,
}

impl SectionCut<'_> {
    fn phrase(&mut self, phrase: &str) {
        if !self.terms.is_empty() {
            self.terms.push(CardTerm { hash: 0, new_position: true });
        }
        let mut last = u32::MAX;
        self.analyzer.terms(phrase, &mut |term| {
            // Words of asking never find a case, but tell one title from another.
            let stop = self.analyzer.is_stop(term.text);
            if stop && self.repeats < TITLE_REPEATS {
                return;
            }
            for _ in 0..if stop { 0 } else { self.repeats } {
                self.text.push(SEPARATOR);
                self.text.push_str(term.text);
            }
            if self.repeats > 1 || term.position < BODY_POSITIONS {
                self.terms.push(CardTerm { hash: term_hash(term.text), new_position: term.position != last });
                last = term.position;
            }
        });
    }
}

/// The 64-bit FNV-1a hash of a term, never 0. On disk: it must stay the same for a schema version.
pub fn term_hash(term: &str) -> u64 {
    let hash = term
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    hash.max(1)
}
