//! The search engine: a question in, ranked cases with a confidence and a decision out.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tantivy::DocAddress;

use crate::analyzer::Analyzer;
use crate::analyzer::homophone::Homophones;
use crate::analyzer::synonym::Synonyms;
use crate::analyzer::words::Words;
use crate::guide::may_guide;
use crate::hit::{Decision, Hit};
use crate::id::CaseId;
use crate::index::reader::Reader;
use crate::index::writer::IndexError;
use crate::kb::case::Case;
use crate::kb::diagnosis::guide_of;

use super::candidates::{Bm25, Candidate, Scratch, candidates};
use super::confidence::{Clarity, among_many, decide, facts, product_vote, shares};
use super::features::Lookup;
use super::features::{self, Row};
use super::guides::{self, Guides};
use super::model::{Model, ModelError, Thresholds};
use super::product::{ProductBook, ProductGuess};
use super::question::{Question, Weights};

/// How many candidates the second stage looks at.
pub const CANDIDATES: usize = 160;
/// BM25's numbers; measured on the labelled questions.
pub const BM25: Bm25 = Bm25 { k1: 1.4, b: 0.75 };

/// What is known besides the words of the question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Code of the product on whose page it is asked.
    pub product: Option<String>,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What to do.
    pub decision: Decision,
    /// Confidence of the first hit; 0 where there is none.
    pub confidence: f32,
    /// Best first.
    pub hits: Vec<Hit>,
    /// Time inside the program for this question.
    pub took: Duration,
}

/// Why the engine cannot search.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The index cannot be used.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The shipped model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// tantivy failed on a file.
    #[error("the index cannot be searched: {0}")]
    Read(#[from] tantivy::TantivyError),
    /// Nothing to search for.
    #[error("the question is empty: type a question or a symptom")]
    Empty,
}

/// Searches one view of the index. Shared between threads.
pub struct Engine {
    reader: Reader,
    analyzer: Analyzer,
    synonyms: Synonyms,
    homophones: Homophones,
    products: ProductBook,
    weights: Weights,
    model: Model,
    scratch: Mutex<Vec<Scratch>>,
    /// The cases that guided diagnoses end in, as far as they were asked for.
    ends: Mutex<HashMap<CaseId, Arc<HashSet<String>>>>,
}

/// A question with its candidates and their features: what learning and ranking both start from.
pub struct Weighed {
    /// The question, cut.
    pub question: Question,
    /// The candidates in order of the first stage.
    pub candidates: Vec<Candidate>,
    /// Guided diagnoses, where they are kept apart.
    pub guides: Vec<Candidate>,
    /// What is added to the scores of diagnoses among the candidates.
    pub guides_lead: f32,
    /// The features of the candidates, in the same order.
    pub rows: Vec<Row>,
    /// Weight of the question's own words.
    pub own_weight: f32,
    /// What the weight would be among very many cases, as a share of it.
    pub among_many: f32,
    /// Whether the page or the question says which product it is about.
    pub product_told: bool,
}

impl Engine {
    /// Opens the index in `folder` with the shipped model.
    ///
    /// # Errors
    /// There is no whole index of this version in it.
    pub fn open(folder: &Path, words: Words) -> Result<Self, SearchError> {
        Self::with_model(folder, words, Model::shipped()?)
    }

    /// Opens the index with another model.
    ///
    /// # Errors
    /// There is no whole index of this version in it.
    pub fn with_model(folder: &Path, words: Words, model: Model) -> Result<Self, SearchError> {
        let reader = Reader::open(folder)?;
        let products = ProductBook::new(reader.commit().products.iter(), &words.products);
        let synonyms = Synonyms::new(&words.synonyms);
        let mut frequent = Vec::new();
        reader.chinese_words(|word, cases| frequent.push((word.to_owned(), cases)))?;
        let homophones = Homophones::new(frequent.into_iter());
        let analyzer = Analyzer::new(words);
        let (weights, scratch, ends) = (Weights::default(), Mutex::default(), Mutex::default());
        Ok(Self { reader, analyzer, synonyms, homophones, products, weights, model, scratch, ends })
    }

    /// How many cases there are.
    pub fn cases(&self) -> u64 {
        self.reader.cases()
    }

    fn thresholds(&self) -> Thresholds {
        self.model.thresholds.among(self.cases())
    }

    /// The index that is searched.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The analyzer that cuts questions.
    pub(super) fn analyzer(&self) -> &Analyzer {
        &self.analyzer
    }

    /// The synonyms that questions are widened by.
    pub(super) fn synonyms(&self) -> &Synonyms {
        &self.synonyms
    }

    /// The words that slips of sound are mended to.
    pub(super) fn homophones(&self) -> &Homophones {
        &self.homophones
    }

    /// A question as it is searched for.
    pub(super) fn question(&self, text: &str) -> Question {
        Question::new(text, &self.analyzer, &self.synonyms, &self.homophones, &self.weights)
    }

    /// The best cases for a question, at most `limit`.
    ///
    /// # Errors
    /// [`SearchError::Empty`] for a question of white space; else only where the index cannot be read.
    pub fn search(&self, text: &str, context: &Context, limit: usize) -> Result<Found, SearchError> {
        let begun = Instant::now();
        if text.trim().is_empty() {
            return Err(SearchError::Empty);
        }
        let weighed = self.weigh(text, context)?;
        let mut found = self.rank(&weighed, limit);
        if found.decision == Decision::Miss && weighed.guides_lead > 0.0 {
            // To be guided was asked for, and no diagnosis is about this: a case may be.
            let weighed = self.weigh_with(self.question(text), context, Guides::Apart)?;
            found = self.rank(&weighed, limit);
        } else if found.decision == Decision::Miss && !weighed.guides.is_empty() {
            found = self.guided(text, context, limit)?.unwrap_or(found);
        }
        if found.hits.first().is_some_and(|hit| may_guide(&hit.id)) {
            found.decision = guides::decide(found.decision, found.confidence, &self.thresholds());
        }
        found.took = begun.elapsed();
        Ok(found)
    }

    /// The candidates of a question and their features. Guided diagnoses are among them where guidance is asked for.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn weigh(&self, text: &str, context: &Context) -> Result<Weighed, SearchError> {
        let question = self.question(text);
        let guides = if guides::wants_guidance(&question.folded) { Guides::First } else { Guides::Apart };
        self.weigh_with(question, context, guides)
    }

    /// What a guided diagnosis does for a question that no case answers: it is offered, never begun by itself.
    fn guided(&self, text: &str, context: &Context, limit: usize) -> Result<Option<Found>, SearchError> {
        let found = self.rank(&self.weigh_with(self.question(text), context, Guides::Among)?, limit);
        let first = found.hits.first().filter(|hit| may_guide(&hit.id)).is_some();
        let decision = if found.decision == Decision::Answer { Decision::Choose } else { found.decision };
        Ok(first.then_some(Found { decision, ..found }))
    }

    fn weigh_with(
        &self,
        question: Question,
        context: &Context,
        guides: Guides,
    ) -> Result<Weighed, SearchError> {
        let mut scratch = self.scratch.lock().ok().and_then(|mut kept| kept.pop()).unwrap_or_default();
        let found = candidates(&self.reader, &question, BM25, CANDIDATES, &mut scratch);
        if let Ok(mut kept) = self.scratch.lock() {
            kept.push(scratch);
        }
        let (candidates, idfs) = found?;
        let (candidates, guides, guides_lead) = match guides {
            Guides::First => (candidates, Vec::new(), guides::LEAD),
            Guides::Among => (candidates, Vec::new(), 0.0),
            Guides::Apart => {
                let (candidates, guides) = guides::apart(&self.reader, candidates);
                (candidates, guides, 0.0)
            }
        };
        let lookup = Lookup::new(&self.reader, &question, &idfs);
        let guess =
            ProductGuess::new(&self.reader, &self.products, &question, &lookup, context.product.as_deref());
        let rows = features::rows(&self.reader, &lookup, &guess, &candidates);
        Ok(Weighed {
            question,
            candidates,
            guides,
            guides_lead,
            rows,
            own_weight: lookup.total_own,
            among_many: among_many(self.cases()),
            product_told: guess.is_told(),
        })
    }

    fn rank(&self, weighed: &Weighed, limit: usize) -> Found {
        let lead = |i: usize| match weighed.guides_lead > 0.0 {
            true if guides::is_one(&self.reader, &weighed.candidates[i]) => weighed.guides_lead,
            _ => 0.0,
        };
        let mut ranked: Vec<(f32, usize)> =
            weighed.rows.iter().enumerate().map(|(i, row)| (self.model.score(row) + lead(i), i)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let Some(&(_, best)) = ranked.first() else {
            return Found {
                decision: Decision::Miss,
                confidence: 0.0,
                hits: Vec::new(),
                took: Duration::ZERO,
            };
        };
        let scores: Vec<f32> = ranked.iter().map(|(score, _)| *score).collect();
        let shares = shares(&scores);
        let facts = facts(&scores, &shares, &weighed.rows[best], weighed.own_weight);
        let first = self.model.first.probability(&facts);
        let five = self.model.five.probability(&facts).max(first);
        let decision = decide(&self.thresholds(), first, five, weighed.clarity(&weighed.rows[best]));
        let hits = ranked.iter().zip(&shares).take(limit).map(|(&(score, i), share)| {
            let card = self.reader.card(weighed.candidates[i].row);
            let confidence = if i == best { first } else { (first * share / shares[0]).min(first) };
            let (product, title) = (card.head.product().to_owned(), card.head.title().to_owned());
            card.id().map(|id| Hit { id, product, title, score, confidence })
        });
        let mut hits: Vec<Hit> = hits.flatten().collect();
        let strongest = weighed.candidates.first().map_or(0.0, |candidate| candidate.score);
        guides::offer(&self.reader, &weighed.guides, strongest, &mut hits, limit, |id| self.ends_of(id));
        Found { decision, confidence: first, hits, took: Duration::ZERO }
    }

    /// The ids of the cases that a guided diagnosis ends in.
    fn ends_of(&self, id: &CaseId) -> Arc<HashSet<String>> {
        if let Some(known) = self.ends.lock().ok().and_then(|ends| ends.get(id).cloned()) {
            return known;
        }
        let guide = self.case(id).ok().flatten().as_ref().and_then(guide_of);
        let cases = guide.iter().flat_map(|guide| guide.cases()).map(|(_, case)| case.to_owned());
        let found = Arc::new(cases.collect::<HashSet<String>>());
        if let Ok(mut ends) = self.ends.lock() {
            ends.insert(id.clone(), found.clone());
        }
        found
    }

    /// Codes of the products that a text names.
    pub fn products_named(&self, text: &str) -> Vec<String> {
        self.products.named(&crate::analyzer::normalize::fold(text)).into_iter().map(str::to_owned).collect()
    }

    /// The name of a product in the index.
    pub fn product_name(&self, code: &str) -> Option<&str> {
        self.reader.commit().products.get(code).map(String::as_str)
    }

    /// A whole case.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn case(&self, id: &CaseId) -> Result<Option<Case>, SearchError> {
        Ok(self.reader.find(id)?.and_then(|address: DocAddress| self.reader.case(address)))
    }
}

impl Weighed {
    /// What of the question bears on the decision, when this row's case is the first hit.
    pub fn clarity(&self, first: &Row) -> Clarity {
        let product_vote = product_vote(first);
        let own_weight = self.own_weight * self.among_many;
        Clarity { own_weight, product_told: self.product_told, product_vote }
    }
}
