//! A question as retrieval sees it: concepts, each with the terms by which it may be found.

use std::collections::HashMap;

use crate::analyzer::homophone::Homophones;
use crate::analyzer::synonym::Synonyms;
use crate::analyzer::{Analyzer, Kind, normalize};

/// Questions are cut after this many characters: a pasted log says what it says in its first lines.
pub const MAX_CHARS: usize = 1500;

/// One term by which a concept may be found.
#[derive(Clone, Debug)]
pub struct Way {
    /// The term, as the index has it.
    pub term: String,
    /// How much a match by it counts: 1 for the word itself, less for synonyms and corrections.
    pub factor: f32,
}

/// One thing that the question speaks of.
#[derive(Clone, Debug)]
pub struct Concept {
    /// The ways to find it; the first is the word itself.
    pub ways: Vec<Way>,
    /// Where in the question it stands.
    pub position: u32,
    /// What the word is.
    pub kind: Kind,
    /// How much its kind lets it weigh.
    pub weight: f32,
}

/// The question, cut.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The folded text.
    pub folded: String,
    /// What it speaks of, each once.
    pub concepts: Vec<Concept>,
    /// Stop words of the question: they find nothing, but tell one title from another.
    pub asking: Vec<String>,
    /// How many positions the text takes.
    pub positions: u32,
}

/// How much each kind of term and way weighs in the first stage.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    /// [`Kind::Piece`]
    pub piece: f32,
    /// [`Kind::Part`]
    pub part: f32,
    /// [`Kind::Identifier`]
    pub identifier: f32,
    /// [`Kind::Latin`]
    pub latin: f32,
    /// One Chinese character.
    pub single: f32,
    /// A size or a time, such as `40g`: it is this one's, and another's trouble is the same with another.
    pub quantity: f32,
    /// Applied to every synonym's own weight.
    pub synonym: f32,
    /// Applied to corrections by sound.
    pub homophone: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            piece: 0.5,
            part: 0.6,
            identifier: 1.0,
            latin: 1.0,
            single: 0.4,
            quantity: 0.3,
            synonym: 0.7,
            homophone: 0.6,
        }
    }
}

impl Question {
    /// Cuts a question.
    pub fn new(
        text: &str,
        analyzer: &Analyzer,
        synonyms: &Synonyms,
        homophones: &Homophones,
        weights: &Weights,
    ) -> Self {
        let text = match text.char_indices().nth(MAX_CHARS) {
            Some((end, _)) => &text[..end],
            None => text,
        };
        let mut builder = Builder { question: Self::default(), by_term: HashMap::new() };
        builder.question.folded = normalize::fold(text);
        builder.own_terms(text, analyzer, weights);
        builder.synonyms(analyzer, synonyms, weights);
        builder.homophones(analyzer, homophones, weights);
        builder.question
    }
}

struct Builder {
    question: Question,
    by_term: HashMap<String, usize>,
}

impl Builder {
    fn own_terms(&mut self, text: &str, analyzer: &Analyzer, weights: &Weights) {
        self.question.positions = analyzer.terms(text, &mut |term| {
            if analyzer.is_stop(term.text) {
                if !self.question.asking.iter().any(|known| known == term.text) {
                    self.question.asking.push(term.text.to_owned());
                }
                return;
            }
            let weight = kind_weight(term.text, term.kind, weights);
            match self.by_term.get(term.text) {
                Some(&known) => {
                    let known = &mut self.question.concepts[known];
                    known.weight = known.weight.max(weight);
                }
                None => {
                    self.by_term.insert(term.text.to_owned(), self.question.concepts.len());
                    let ways = vec![Way { term: term.text.to_owned(), factor: 1.0 }];
                    self.question.concepts.push(Concept {
                        ways,
                        position: term.position,
                        kind: term.kind,
                        weight,
                    });
                }
            }
        });
    }

    /// A synonym of one term joins the concept it stands for; a phrase brings concepts of its own, which count less.
    fn synonyms(&mut self, analyzer: &Analyzer, synonyms: &Synonyms, weights: &Weights) {
        let folded = std::mem::take(&mut self.question.folded);
        for expansion in synonyms.expansions(&folded) {
            let source = &folded[expansion.start..expansion.end];
            let factor = expansion.weight * weights.synonym;
            self.other_way(source, expansion.phrase, factor, analyzer, weights);
        }
        self.question.folded = folded;
    }

    fn homophones(&mut self, analyzer: &Analyzer, homophones: &Homophones, weights: &Weights) {
        let folded = std::mem::take(&mut self.question.folded);
        for (source, word) in homophones.corrections(&folded) {
            self.other_way(source, word, weights.homophone, analyzer, weights);
        }
        self.question.folded = folded;
    }

    fn other_way(&mut self, source: &str, phrase: &str, factor: f32, analyzer: &Analyzer, weights: &Weights) {
        let target = self.by_term.get(source).copied();
        let mut terms: Vec<(String, Kind)> = Vec::new();
        let length = analyzer.terms(phrase, &mut |term| {
            if !analyzer.is_stop(term.text) {
                terms.push((term.text.to_owned(), term.kind));
            }
        });
        for (term, kind) in terms {
            let whole = term == phrase;
            match (self.by_term.get(&term), target) {
                // The question says it itself already.
                (Some(&known), _) if self.question.concepts[known].ways[0].factor >= factor => {}
                (_, Some(target)) if whole || length == 1 => {
                    self.question.concepts[target].add(term, factor * if whole { 1.0 } else { weights.piece })
                }
                _ => {
                    let weight = kind_weight(&term, kind, weights);
                    self.by_term.insert(term.clone(), self.question.concepts.len());
                    let position = target.map_or(0, |t| self.question.concepts[t].position);
                    let ways = vec![Way { term, factor }];
                    self.question.concepts.push(Concept { ways, position, kind, weight });
                }
            }
        }
    }
}

impl Concept {
    fn add(&mut self, term: String, factor: f32) {
        match self.ways.iter_mut().find(|w| w.term == term) {
            Some(known) => known.factor = known.factor.max(factor),
            None => self.ways.push(Way { term, factor }),
        }
    }

    /// Whether the question itself says it, and it was not brought in by a synonym.
    pub fn is_own(&self) -> bool {
        self.ways[0].factor >= 1.0
    }
}

/// Whether a term is a number with a unit of size, time or rate. Bare numbers are not: codes of errors and ports are such.
fn is_quantity(term: &str) -> bool {
    const UNITS: [&str; 22] = [
        "g", "gb", "gib", "gi", "m", "mb", "mib", "mi", "t", "tb", "tib", "k", "kb", "kib", "ms", "min",
        "mbps", "gbps", "qps", "h", "s", "c",
    ];
    let unit = term.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    unit.len() < term.len() && UNITS.contains(&unit)
}

fn kind_weight(term: &str, kind: Kind, weights: &Weights) -> f32 {
    match kind {
        Kind::Word if term.chars().nth(1).is_none() => weights.single,
        Kind::Word => 1.0,
        Kind::Latin | Kind::Identifier if is_quantity(term) => weights.quantity,
        Kind::Piece => weights.piece,
        Kind::Latin => weights.latin,
        Kind::Identifier => weights.identifier,
        Kind::Part => weights.part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_quantities_and_codes_are_not() {
        for term in ["40g", "1.5gb", "200mbps", "30s", "8c"] {
            assert!(is_quantity(term), "{term}");
        }
        for term in ["502", "3389", "0x80070005", "k8s", "s3", "g", "2c4g", "ora-01017"] {
            assert!(!is_quantity(term), "{term}");
        }
    }
}
