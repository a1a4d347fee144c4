//! Learns the ranking model from labelled questions, and says honestly how good it is: by cross-validation in which
//! no question is judged by a model that saw its case, nor another way to ask the same.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::analyzer::normalize::fold;
use crate::hit::Decision;
use crate::id::CaseId;
use crate::retrieval::confidence::{Clarity, Facts, decide, facts, product_vote, shares};
use crate::retrieval::features::{COUNT, Row};
use crate::retrieval::model::{Calibration, Model, Thresholds, Weight};
use crate::retrieval::search::{Context, Engine, SearchError};

use super::figures::{Asked, Figures};
use super::linear::{Observation, Ranked, logistic, ranking, shuffle};
use super::questions::Labelled;
use super::titles::sample;

/// A labelled question, weighed by the engine.
pub struct Example {
    gold: Vec<CaseId>,
    kind: Option<String>,
    ranked: Ranked,
    own_weight: f32,
    product_told: bool,
    /// Whether it counts in figures and thresholds.
    counted: bool,
}

/// How one question came out when it was not learned from.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    place: Option<usize>,
    first: f32,
    five: f32,
    clarity: Clarity,
    answerable: bool,
    counted: bool,
}

const FOLDS: usize = 5;
/// Divisions into folds that the figures are averaged over.
const DIVISIONS: u64 = 3;
/// Share of the answers that shall be right, unanswerable questions counted in: some room over the 0.85 that users were promised.
const PRECISION: f32 = 0.885;
/// Confidence that one of five is right from which they are offered: a wrong offer costs a round, as a miss does.
const CHOOSE: f32 = 0.3;

/// Weighs labelled questions; those of white space only are left out.
///
/// # Errors
/// The index cannot be read.
pub fn examples(engine: &Engine, questions: &[Labelled]) -> Result<Vec<Example>, SearchError> {
    let mut examples = Vec::with_capacity(questions.len());
    for question in questions.iter().filter(|q| !q.query.trim().is_empty()) {
        let weighed = engine.weigh(&question.query, &question.context)?;
        let gold: HashSet<&str> = question.gold.iter().map(CaseId::as_str).collect();
        let is_right = |row: u64| gold.contains(engine.reader().card(row).head.id());
        examples.push(Example {
            gold: question.gold.clone(),
            kind: question.kind.clone(),
            own_weight: weighed.own_weight,
            product_told: weighed.product_told,
            counted: true,
            ranked: Ranked {
                right: weighed.candidates.iter().map(|c| is_right(c.row)).collect(),
                rows: weighed.rows,
                weight: 1.0,
            },
        });
    }
    Ok(examples)
}

/// Titles asked as they are, which the labelled questions never do: the case itself is right, and any other of the same
/// title. They count little each, and in no figure.
const TITLES: usize = 500;
const TITLE_WEIGHT: f32 = 0.5;
/// Where their sample begins: elsewhere than that of the titles that are measured.
const TITLE_SEED: u64 = 7;

/// [`examples`] of titles.
///
/// # Errors
/// The index cannot be read.
pub fn title_examples(engine: &Engine) -> Result<Vec<Example>, SearchError> {
    let reader = engine.reader();
    let mut examples = Vec::with_capacity(TITLES);
    for row in sample(reader.commit().rows, TITLE_SEED).take(TITLES) {
        let card = reader.card(row);
        let (Some(id), title) = (card.id(), fold(card.head.title())) else { continue };
        if title.trim().is_empty() {
            continue;
        }
        let weighed = engine.weigh(card.head.title(), &Context::default())?;
        let is_right = |row: u64| fold(reader.card(row).head.title()) == title;
        examples.push(Example {
            gold: vec![id],
            kind: None,
            own_weight: weighed.own_weight,
            product_told: weighed.product_told,
            counted: false,
            ranked: Ranked {
                right: weighed.candidates.iter().map(|c| is_right(c.row)).collect(),
                rows: weighed.rows,
                weight: TITLE_WEIGHT,
            },
        });
    }
    Ok(examples)
}

/// The figures when each question is judged by a model and by thresholds that saw neither it nor its case, counted over
/// several divisions into folds; times are not measured.
pub fn cross_validated(examples: &[Example]) -> Figures {
    let mut figures = Figures::default();
    for seed in 1..=DIVISIONS {
        let folds = folds(examples, seed);
        let outcomes = outcomes(examples, &folds, seed);
        for fold in 0..FOLDS {
            let others = outcomes.iter().zip(&folds).filter(|(_, f)| **f != fold);
            let thresholds = thresholds(&others.map(|(o, _)| *o).collect::<Vec<_>>());
            for (i, outcome) in outcomes.iter().enumerate().filter(|(i, o)| o.counted && folds[*i] == fold) {
                figures.add(&Asked {
                    kind: examples[i].kind.as_deref(),
                    answerable: !examples[i].gold.is_empty(),
                    rank: outcome.place,
                    decision: decide(&thresholds, outcome.first, outcome.five, outcome.clarity),
                    confidence: outcome.first,
                    took: Duration::ZERO,
                    product_right: None,
                });
            }
        }
    }
    figures
}

/// The model from all examples; its calibration and thresholds from rankings that did not see what they rank.
pub fn learn(examples: &[Example]) -> Model {
    let all: Vec<&Ranked> = examples.iter().map(|e| &e.ranked).collect();
    let ranking = ranking(&all, 1);
    let (mut observed, mut judged) = (Vec::new(), Vec::new());
    for seed in 1..=DIVISIONS {
        let folds = folds(examples, seed);
        observed.extend(out_of_fold(examples, &folds, seed));
        judged.extend(outcomes(examples, &folds, seed));
    }
    let repeated: Vec<&Example> = (0..DIVISIONS).flat_map(|_| examples).collect();
    let (first, five) = calibrations(&repeated, &observed, &|_| true);
    Model { ranking, first, five, thresholds: thresholds(&judged) }
}

fn outcomes(examples: &[Example], folds: &[usize], seed: u64) -> Vec<Outcome> {
    let observed = out_of_fold(examples, folds, seed);
    let all: Vec<&Example> = examples.iter().collect();
    let by_fold: Vec<_> =
        (0..FOLDS).map(|fold| calibrations(&all, &observed, &|i| folds[i] != fold)).collect();
    let judge = |(i, seen): (usize, &Observed)| {
        let (first, five) = &by_fold[folds[i]];
        let (first, five) = (first.probability(&seen.facts), five.probability(&seen.facts));
        let answerable = !examples[i].gold.is_empty();
        Outcome {
            place: seen.place,
            first,
            five: five.max(first),
            clarity: seen.clarity,
            answerable,
            counted: examples[i].counted,
        }
    };
    observed.iter().enumerate().map(judge).collect()
}

/// The lowest confidence from which answers are right often enough.
fn thresholds(outcomes: &[Outcome]) -> Thresholds {
    // What would be asked back in any case is no answer.
    let certain = Thresholds { answer: 0.0, choose: 1.0 };
    let mut sorted: Vec<&Outcome> = outcomes
        .iter()
        .filter(|o| o.counted && decide(&certain, o.first, o.five, o.clarity) == Decision::Answer)
        .collect();
    sorted.sort_by(|a, b| b.first.total_cmp(&a.first));
    let (mut right, mut given, mut answer) = (0.0, 0.0, 1.0);
    for outcome in sorted {
        let weight = if outcome.answerable { 1.0 } else { UNANSWERABLE };
        given += weight;
        right += if outcome.place == Some(0) { weight } else { 0.0 };
        if given >= 20.0 && right / given >= PRECISION {
            answer = outcome.first;
        }
    }
    Thresholds { answer, choose: CHOOSE }
}

/// What the ranking of one example shows.
struct Observed {
    facts: Facts,
    place: Option<usize>,
    clarity: Clarity,
}

fn out_of_fold(examples: &[Example], folds: &[usize], seed: u64) -> Vec<Observed> {
    let mut observed: Vec<Option<Observed>> = examples.iter().map(|_| None).collect();
    for fold in 0..FOLDS {
        let seen: Vec<&Ranked> =
            examples.iter().zip(folds).filter(|(_, f)| **f != fold).map(|(e, _)| &e.ranked).collect();
        let weights = ranking(&seen, seed);
        for i in (0..examples.len()).filter(|&i| folds[i] == fold) {
            observed[i] = Some(observe(&examples[i], &weights));
        }
    }
    observed.into_iter().flatten().collect()
}

fn observe(example: &Example, weights: &[Weight]) -> Observed {
    let model = Model {
        ranking: weights.to_vec(),
        first: Calibration { facts: Vec::new(), bias: 0.0 },
        five: Calibration { facts: Vec::new(), bias: 0.0 },
        thresholds: Thresholds { answer: 1.0, choose: 1.0 },
    };
    let mut order: Vec<(f32, usize)> =
        example.ranked.rows.iter().enumerate().map(|(i, row)| (model.score(row), i)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let scores: Vec<f32> = order.iter().map(|(score, _)| *score).collect();
    let nothing: Row = [0.0; COUNT];
    let best = order.first().map_or(&nothing, |&(_, i)| &example.ranked.rows[i]);
    Observed {
        facts: facts(&scores, &shares(&scores), best, example.own_weight),
        place: order.iter().position(|&(_, i)| example.ranked.right[i]),
        clarity: Clarity {
            own_weight: example.own_weight,
            product_told: example.product_told,
            product_vote: product_vote(best),
        },
    }
}

/// Calibrations from the examples that may be seen: of the first hit, and of the first five.
fn calibrations(
    examples: &[&Example],
    observed: &[Observed],
    seen: &dyn Fn(usize) -> bool,
) -> (Calibration, Calibration) {
    let fit = |within: usize| {
        let observations: Vec<Observation> = (0..examples.len())
            .filter(|&i| seen(i))
            .map(|i| Observation {
                facts: observed[i].facts,
                right: observed[i].place.is_some_and(|place| place < within),
                weight: if examples[i].gold.is_empty() { UNANSWERABLE } else { examples[i].ranked.weight },
            })
            .collect();
        logistic(&observations.iter().collect::<Vec<_>>())
    };
    (fit(1), fit(5))
}

/// How much an unanswerable question counts in the calibration, against one that a case answers: in real traffic they
/// are rarer than in the labelled sets.
const UNANSWERABLE: f32 = 0.8;

/// A fold for each example; examples that share a right case are in the same one.
fn folds(examples: &[Example], seed: u64) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..examples.len()).collect();
    let mut owner: HashMap<&CaseId, usize> = HashMap::new();
    for (i, example) in examples.iter().enumerate() {
        for id in &example.gold {
            let other = *owner.entry(id).or_insert(i);
            let (a, b) = (root(&mut parent, i), root(&mut parent, other));
            parent[a] = b;
        }
    }
    let roots: Vec<usize> = (0..examples.len()).map(|i| root(&mut parent, i)).collect();
    let mut groups: Vec<usize> = roots.clone();
    groups.sort_unstable();
    groups.dedup();
    let mut random = seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1;
    shuffle(&mut groups, &mut random);
    let fold: HashMap<usize, usize> =
        groups.into_iter().enumerate().map(|(i, group)| (group, i % FOLDS)).collect();
    roots.into_iter().map(|root| fold[&root]).collect()
}

fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}
