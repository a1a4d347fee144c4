//! Learns the three heads of the model: intent first, then sentiment and severity, which also see the intent.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::labelled::Utterance;
use super::softmax::{Observation, fit, shuffle};
use crate::dialogue::understanding::cue::Cues;
use crate::dialogue::understanding::features::{self, GROUPS};
use crate::dialogue::understanding::form::Form;
use crate::dialogue::understanding::labels::{self, INTENTS, SENTIMENTS, SEVERITIES};
use crate::dialogue::understanding::model::{SENTIMENT, SEVERITY, Stored, WIDTH, softmax};

/// Folds within the learning set, from which sentiment and severity learn how much an intent can be trusted.
const FOLDS: usize = 5;
/// Times that a feature is seen in the learning set at least; rarer ones say nothing of new messages.
const SEEN: u32 = 2;
/// A feature is kept where one of its weights is at least this many of 127 steps: what is smaller turns no message.
const LEAST: f32 = 6.0;
/// Orders over which the weights are averaged.
const SEEDS: u64 = 2;

/// Learns a model.
pub fn learn(utterances: &[&Utterance], cues: &Cues) -> Stored {
    let (names, rows) = table(utterances, cues);
    let mut intents = head(&rows, utterances, names.len(), INTENTS.len(), |u| u.intent, None);
    let mut guesses = guesses(&rows, utterances, names.len());
    let warmth = warmth(&guesses, utterances);
    intents.iter_mut().for_each(|weight| *weight /= warmth);
    for shares in &mut guesses {
        shares.iter_mut().for_each(|share| *share /= warmth);
        softmax(shares);
    }
    let extra = Some(guesses.as_slice());
    let sentiments = head(&rows, utterances, names.len(), SENTIMENTS.len(), |u| u.sentiment, extra);
    let severities = head(&rows, utterances, names.len(), SEVERITIES.len(), |u| u.severity, extra);
    store(&names, &intents, &sentiments, &severities)
}

type Rows = Vec<Vec<(u32, f32)>>;

/// Numbers the features that are seen often enough, and puts the messages into numbers.
fn table(utterances: &[&Utterance], cues: &Cues) -> (Vec<String>, Rows) {
    let mut found: Vec<Vec<(String, f32)>> = Vec::new();
    let mut seen: HashMap<String, u32> = HashMap::new();
    for utterance in utterances {
        let mut raw: Vec<(String, usize)> = Vec::new();
        let mut counts = [0; GROUPS.len()];
        features::features(&Form::of(&utterance.text), cues, &mut |parts, group| {
            counts[group as usize] += 1;
            raw.push((parts.concat(), group as usize));
        });
        let values = GROUPS.map(|group| group.value(counts[group as usize]));
        let mut merged: HashMap<String, f32> = HashMap::new();
        raw.into_iter().for_each(|(name, group)| *merged.entry(name).or_default() += values[group]);
        merged.keys().for_each(|name| *seen.entry(name.clone()).or_default() += 1);
        found.push(merged.into_iter().collect());
    }
    let mut names: Vec<String> =
        seen.into_iter().filter(|(_, times)| *times >= SEEN).map(|(name, _)| name).collect();
    names.sort_unstable();
    let number: HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    let rows = found
        .iter()
        .map(|row| {
            let mut row: Vec<(u32, f32)> =
                row.iter().filter_map(|(name, value)| Some((*number.get(name.as_str())?, *value))).collect();
            row.sort_unstable_by_key(|(feature, _)| *feature);
            row
        })
        .collect();
    (names, rows)
}

/// Learns one head. With `extra`, each message also has these shares of the intents as features after the others.
fn head(
    rows: &Rows,
    utterances: &[&Utterance],
    features: usize,
    labels: usize,
    label: impl Fn(&Utterance) -> usize,
    extra: Option<&[[f32; SENTIMENT]]>,
) -> Vec<f32> {
    let mut rows = rows.clone();
    for (row, shares) in rows.iter_mut().zip(extra.into_iter().flatten()) {
        row.extend((features as u32..).zip(shares.iter().copied()));
    }
    let features = features + extra.map_or(0, |_| SENTIMENT);
    let observations: Vec<Observation<'_>> = rows
        .iter()
        .zip(utterances)
        .map(|(features, utterance)| Observation { features, label: label(utterance), weight: 1.0 })
        .collect();
    let mut weights = vec![0.0; (features + 1) * labels];
    for seed in 1..=SEEDS {
        let one = fit(&observations, features, labels, seed);
        weights.iter_mut().zip(one).for_each(|(sum, weight)| *sum += weight / SEEDS as f32);
    }
    weights
}

/// By what the sums are to be divided, so that a share is how often the intent is right: on messages that the model did
/// not see (temperature scaling; Guo et al., On Calibration of Modern Neural Networks, 2017).
fn warmth(sums: &[[f32; SENTIMENT]], utterances: &[&Utterance]) -> f32 {
    let surprise = |warmth: f32| -> f32 {
        let of = |sums: &[f32; SENTIMENT], right: usize| {
            let mut shares = sums.map(|sum| sum / warmth);
            softmax(&mut shares);
            -shares[right].max(1e-9).ln()
        };
        sums.iter().zip(utterances).map(|(sums, utterance)| of(sums, utterance.intent)).sum()
    };
    let tried = (2..60).map(|tenth| tenth as f32 / 5.0);
    tried.min_by(|a, b| surprise(*a).total_cmp(&surprise(*b))).unwrap_or(1.0)
}

/// Sums of the intents for each message, by a model that did not see it.
fn guesses(rows: &Rows, utterances: &[&Utterance], features: usize) -> Vec<[f32; SENTIMENT]> {
    let fold = folds(utterances.len(), FOLDS, 7);
    let mut guesses = vec![[0.0; SENTIMENT]; utterances.len()];
    for held in 0..FOLDS {
        let observations: Vec<Observation<'_>> = (0..rows.len())
            .filter(|&i| fold[i] != held)
            .map(|i| Observation { features: &rows[i], label: utterances[i].intent, weight: 1.0 })
            .collect();
        let weights = fit(&observations, features, SENTIMENT, 1);
        for i in (0..rows.len()).filter(|&i| fold[i] == held) {
            let shares = &mut guesses[i];
            for &(feature, value) in rows[i].iter().chain(&[(features as u32, 1.0)]) {
                let row = feature as usize * SENTIMENT;
                shares.iter_mut().zip(&weights[row..]).for_each(|(s, w)| *s += w * value);
            }
        }
    }
    guesses
}

/// A fold for each of `count`.
pub fn folds(count: usize, folds: usize, seed: u64) -> Vec<usize> {
    let mut fold: Vec<usize> = (0..count).map(|i| i % folds).collect();
    let mut random = seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1;
    shuffle(&mut fold, &mut random);
    fold
}

/// Puts the heads together, in bytes. Features whose every weight is next to nothing are left out.
fn store(names: &[String], intents: &[f32], sentiments: &[f32], severities: &[f32]) -> Stored {
    let row = |feature: usize, with_intent: usize| -> Vec<f32> {
        let of = |weights: &[f32], labels: usize, at: usize| weights[at * labels..(at + 1) * labels].to_vec();
        let own = feature + with_intent;
        [
            of(intents, INTENTS.len(), feature),
            of(sentiments, SENTIMENTS.len(), own),
            of(severities, SEVERITIES.len(), own),
        ]
        .concat()
    };
    let rows: Vec<Vec<f32>> = (0..names.len()).map(|feature| row(feature, 0)).collect();
    let most = rows.iter().flatten().fold(0.0f32, |most, weight| most.max(weight.abs()));
    let unit = most.max(1e-6) / 127.0;
    let mut weights = serde_json::Map::new();
    for (name, row) in names.iter().zip(&rows) {
        if row.iter().all(|weight| weight.abs() < LEAST * unit) {
            continue;
        }
        let bytes: Vec<u8> = row
            .iter()
            .map(|weight| ((weight / unit).round().clamp(-127.0, 127.0) as i8).cast_unsigned())
            .collect();
        weights.insert(name.clone(), STANDARD_NO_PAD.encode(bytes).into());
    }
    let link = |intent: usize| {
        let at = names.len() + intent;
        let of = |weights: &[f32], labels: usize| weights[at * labels..(at + 1) * labels].to_vec();
        [of(sentiments, SENTIMENTS.len()), of(severities, SEVERITIES.len())].concat()
    };
    let bias = [
        row(names.len(), 0)[..SENTIMENT].to_vec(),
        row(names.len(), SENTIMENT)[SENTIMENT..SEVERITY].to_vec(),
        row_severity(severities, names.len() + SENTIMENT),
    ]
    .concat();
    debug_assert_eq!(bias.len(), WIDTH);
    Stored { unit, labels: labels::names(), bias, link: (0..SENTIMENT).map(link).collect(), weights }
}

fn row_severity(severities: &[f32], at: usize) -> Vec<f32> {
    severities[at * SEVERITIES.len()..(at + 1) * SEVERITIES.len()].to_vec()
}
