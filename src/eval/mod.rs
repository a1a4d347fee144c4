//! Measures the engine on labelled questions: what it finds, what it decides, how sure it is, how fast.
//!
//! Asks and counts, prints nothing. Start at [`measure`]; [`questions`] reads the labels, [`figures`] counts, and
//! [`titles`] asks the cases' own titles. [`utterances`] does the same for what messages are for.

pub mod figures;
pub mod learn;
pub mod linear;
pub mod questions;
pub mod titles;
pub mod utterances;

use std::time::Instant;

use figures::{Asked, Figures};
use questions::Labelled;

use crate::hit::likeliest_product;
use crate::retrieval::search::{Engine, Found, SearchError};

/// How deep hits are looked at: the largest k of hit@k.
pub const DEPTH: usize = 50;
/// Hits that have a vote on the product: what the dialogue sees.
const VOTES: usize = 10;

/// Asks every question on this thread and counts. `watch` is told how many are done.
///
/// # Errors
/// The index cannot be read. An empty question is no error: it is asked and not answered.
pub fn measure(
    engine: &Engine,
    questions: &[Labelled],
    watch: &mut dyn FnMut(u64),
) -> Result<Figures, SearchError> {
    let mut figures = Figures::default();
    let begun = Instant::now();
    for (done, question) in (1..).zip(questions) {
        figures.add(&ask(engine, question)?);
        watch(done);
    }
    figures.elapsed = begun.elapsed();
    for gold in questions.iter().flat_map(|question| &question.gold) {
        figures.unknown_gold += u64::from(engine.case(gold)?.is_none());
    }
    Ok(figures)
}

/// Whether a ticket of this question would name the right product.
fn product_right(engine: &Engine, question: &Labelled, found: &Found) -> Result<Option<bool>, SearchError> {
    let votes = found.hits.iter().take(VOTES).map(|hit| (hit.product.as_str(), hit.confidence));
    let told = likeliest_product(votes);
    let mut right = None;
    for gold in &question.gold {
        if let Some(case) = engine.case(gold)?.filter(|case| !case.product.is_empty()) {
            right = Some(right == Some(true) || told == Some(case.product.as_str()));
        }
    }
    Ok(right)
}

fn ask<'a>(engine: &Engine, question: &'a Labelled) -> Result<Asked<'a>, SearchError> {
    let kind = question.kind.as_deref();
    let answerable = !question.gold.is_empty();
    let found = match engine.search(&question.query, &question.context, DEPTH) {
        Err(SearchError::Empty) => return Ok(Asked::unanswered(kind, answerable)),
        found => found?,
    };
    let rank = found.hits.iter().position(|hit| question.gold.contains(&hit.id));
    Ok(Asked {
        kind,
        answerable,
        rank,
        decision: found.decision,
        confidence: found.confidence,
        took: found.took,
        product_right: product_right(engine, question, &found)?,
    })
}
