//! Why a case was found, or was not: which words of the question it has, in which part, and which it lacks.

use std::collections::HashMap;

use crate::analyzer::script::{self, Script};
use crate::analyzer::{Analyzer, Kind, identifier, normalize};
use crate::id::CaseId;
use crate::kb::case::Case;

use super::candidates;
use super::features::Lookup;
use super::question::{Concept, Question};
use super::search::{Engine, SearchError};

/// By what way a word was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The case says the word itself.
    Itself,
    /// The case says a synonym.
    Synonym,
    /// The case says a word that sounds the same.
    Sound,
}

/// A part of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The title.
    Title,
    /// Other ways to ask.
    Questions,
    /// The document's title.
    Document,
    /// Product name, category and tags.
    Names,
    /// The answer.
    Body,
}

/// A word of the question that the case has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The word as the question says it, folded.
    pub typed: String,
    /// The word as the case says it, folded.
    pub found: String,
    /// How the two hang together.
    pub way: Way,
    /// Where the case says it, in the order of [`Field`].
    pub fields: Vec<Field>,
}

/// What a question and a case have in common, in the order of the question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// What was found.
    pub matches: Vec<Match>,
    /// Important words of the question that the case does not have in any way.
    pub missing: Vec<String>,
}

/// A missing word is important from this share of the weight of the weightiest own word.
const IMPORTANT: f32 = 0.25;

impl Engine {
    /// Why the case is, or is not, a hit for the question. Of a case that does not exist everything is missing.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn explain(&self, text: &str, id: &CaseId) -> Result<Explanation, SearchError> {
        let question = self.question(text);
        let idfs = candidates::idfs(self.reader(), &question)?;
        let weights = Lookup::new(self.reader(), &question, &idfs).weights;
        let said = self.case(id)?.map_or_else(Said::default, |case| Said::new(&case, self.analyzer()));
        let mut spelled = HashMap::new();
        spell(text, &mut spelled);
        let explainer = Explainer { said, brought: self.brought_in(&question), spelled };
        let mut matches: Vec<Match> = Vec::new();
        for found in question.concepts.iter().filter_map(|concept| explainer.found(concept)) {
            if !matches.contains(&found) {
                matches.push(found);
            }
        }
        let missing = explainer.missing(&question, &weights, &matches);
        Ok(Explanation { matches: without_parts(matches), missing })
    }

    /// The terms that synonyms and slips of sound brought in, with the stretch of the question they stand for.
    fn brought_in(&self, question: &Question) -> HashMap<String, Brought> {
        let mut brought = HashMap::new();
        let folded = &question.folded;
        let expansions = self.synonyms().expansions(folded).into_iter();
        let synonyms = expansions.map(|e| (&folded[e.start..e.end], e.phrase, Way::Synonym));
        let sounds = self.homophones().corrections(folded).into_iter();
        let sounds = sounds.map(|(typed, word)| (typed, word, Way::Sound));
        for (typed, phrase, way) in synonyms.chain(sounds) {
            self.analyzer().terms(phrase, &mut |term| {
                let brought = brought.entry(term.text.to_owned());
                brought.or_insert_with(|| Brought {
                    typed: typed.to_owned(),
                    phrase: phrase.to_owned(),
                    way,
                });
            });
        }
        brought
    }
}

/// Where a term that the question does not say itself comes from.
struct Brought {
    typed: String,
    phrase: String,
    way: Way,
}

/// What a case says where.
#[derive(Default)]
struct Said {
    fields: HashMap<String, Vec<Field>>,
    spelled: HashMap<String, String>,
    texts: Vec<(Field, String)>,
}

impl Said {
    fn new(case: &Case, analyzer: &Analyzer) -> Self {
        let mut said = Self::default();
        let mut add = |field: Field, text: &str| {
            analyzer.terms(text, &mut |term| {
                let fields = said.fields.entry(term.text.to_owned()).or_default();
                if fields.last() != Some(&field) {
                    fields.push(field);
                }
            });
            spell(text, &mut said.spelled);
            said.texts.push((field, normalize::fold(text)));
        };
        add(Field::Title, &case.title);
        case.questions.iter().for_each(|text| add(Field::Questions, text));
        add(Field::Document, &case.document);
        add(Field::Names, &case.product_name);
        case.category.iter().chain(&case.tags).for_each(|text| add(Field::Names, text));
        add(Field::Body, &case.body);
        said
    }

    /// The parts that have a phrase as it stands.
    fn phrase(&self, phrase: &str) -> Vec<Field> {
        let with = self.texts.iter().filter(|(_, text)| text.contains(phrase));
        let mut fields: Vec<Field> = with.map(|(field, _)| *field).collect();
        fields.dedup();
        fields
    }
}

/// Notes how the English words of a text were written before they were stemmed; the first writing stays.
fn spell(text: &str, spelled: &mut HashMap<String, String>) {
    let mut unified = String::with_capacity(text.len());
    normalize::unify_into(text, &mut unified);
    for run in script::runs(&unified).filter(|run| run.script == Script::Ascii) {
        let run = &unified[run.start..run.end];
        for word in std::iter::once(run).chain(run.split(script::is_connector)) {
            if word.len() <= identifier::MAX_TOKEN {
                let word = word.to_ascii_lowercase();
                spelled.entry(identifier::stem(&word).into_owned()).or_insert(word);
            }
        }
    }
}

struct Explainer {
    said: Said,
    brought: HashMap<String, Brought>,
    spelled: HashMap<String, String>,
}

impl Explainer {
    /// The best way by which the case has a concept: its own word, else the way that counts most.
    fn found(&self, concept: &Concept) -> Option<Match> {
        let known = concept.ways.iter().filter(|way| self.said.fields.contains_key(&way.term));
        let best = known.reduce(|best, way| if way.factor > best.factor { way } else { best })?;
        let own = concept.is_own() && best.term == concept.ways[0].term;
        let found = || self.said.spelled.get(&best.term).unwrap_or(&best.term).clone();
        let fields = || self.said.fields.get(&best.term).cloned().unwrap_or_default();
        let Some(Brought { typed, phrase, way }) = self.brought.get(&best.term).filter(|_| !own) else {
            let typed = self.typed(&concept.ways[0].term);
            return Some(Match { typed, found: found(), way: Way::Itself, fields: fields() });
        };
        let whole = self.said.phrase(phrase);
        let (found, fields) = if whole.is_empty() { (found(), fields()) } else { (phrase.clone(), whole) };
        Some(Match { typed: typed.clone(), found, way: *way, fields })
    }

    fn typed(&self, term: &str) -> String {
        self.spelled.get(term).map_or_else(|| term.to_owned(), Clone::clone)
    }

    /// Own words that weigh something, in no way in the case, and not part of a longer one that is missing too.
    fn missing(&self, question: &Question, weights: &[f32], matches: &[Match]) -> Vec<String> {
        let own = || question.concepts.iter().zip(weights).filter(|(c, _)| c.is_own() && is_whole(c));
        let floor = own().map(|(_, weight)| *weight).fold(0.0, f32::max) * IMPORTANT;
        let mut lacking: Vec<(u32, String)> = Vec::new();
        for (concept, &weight) in own() {
            let typed = self.typed(&concept.ways[0].term);
            let is_found = matches.iter().any(|m| bare(&m.typed).contains(&bare(&typed)));
            let is_known = lacking.iter().any(|(_, longer)| bare(longer).contains(&bare(&typed)));
            if weight >= floor && !is_found && !is_known {
                lacking.retain(|(_, part)| !bare(&typed).contains(&bare(part)));
                lacking.push((concept.position, typed));
            }
        }
        lacking.sort_by_key(|(position, _)| *position);
        lacking.into_iter().map(|(_, typed)| typed).collect()
    }
}

/// Whether a concept is something that a person would call a word.
fn is_whole(concept: &Concept) -> bool {
    match concept.kind {
        Kind::Word => concept.ways[0].term.chars().nth(1).is_some(),
        Kind::Latin | Kind::Identifier => true,
        Kind::Piece | Kind::Part => false,
    }
}

/// Leaves out what is only a part of a longer match and stands nowhere else.
fn without_parts(matches: Vec<Match>) -> Vec<Match> {
    let is_part = |part: &Match, whole: &Match| {
        let (short, long) = (bare(&part.typed), bare(&whole.typed));
        let within = long.contains(&short) && part.fields.iter().all(|field| whole.fields.contains(field));
        // Of two ways to write one identifier the longer stands for both; of a synonym's words the whole synonym.
        let is_shorter = short.len() < long.len()
            || part.typed.len() < whole.typed.len()
            || (part.typed == whole.typed && part.found.len() < whole.found.len());
        within && is_shorter
    };
    let kept = |one: &&Match| !matches.iter().any(|other| is_part(one, other));
    matches.iter().filter(kept).cloned().collect()
}

/// A word without the marks that join identifiers.
fn bare(word: &str) -> String {
    word.replace(script::is_connector, "")
}
