//! Two linear learners: a listwise ranking and a logistic regression. Deterministic for a seed.

use crate::retrieval::confidence::{self, Facts};
use crate::retrieval::features::{COUNT, NAMES, ONLY_AGAINST, ONLY_FOR, Row};
use crate::retrieval::model::{CLIP, Calibration, Weight};

/// A question with its candidates, and which of them are right.
pub struct Ranked {
    /// Features of the candidates, in the order of the first stage.
    pub rows: Vec<Row>,
    /// Which of them answer the question.
    pub right: Vec<bool>,
    /// How much the question counts.
    pub weight: f32,
}

/// Passes over the questions.
const EPOCHS: usize = 25;
/// Questions a step.
const BATCH: usize = 8;
/// First step size; it falls to nothing over the passes.
const RATE: f32 = 0.01;
/// Pull of the weights towards zero.
const DECAY: f32 = 1e-3;

/// Learns a ranking: the softmax over a question's candidates shall fall on the right ones (ListNet's top-one
/// likelihood, Cao et al., Learning to Rank: From Pairwise Approach to Listwise Approach, 2007), by Adam.
pub fn ranking(questions: &[&Ranked], seed: u64) -> Vec<Weight> {
    let (mean, deviation) = moments(questions);
    let scaled: Vec<(Vec<Row>, &Ranked)> = questions
        .iter()
        .filter(|q| q.right.contains(&true))
        .map(|q| (q.rows.iter().map(|row| scale(row, &mean, &deviation)).collect(), *q))
        .collect();
    let mut adam = Adam::new(COUNT);
    let mut weights = vec![0.0f32; COUNT];
    let mut order: Vec<usize> = (0..scaled.len()).collect();
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for epoch in 0..EPOCHS {
        shuffle(&mut order, &mut random);
        let rate = RATE * (1.0 - epoch as f32 / EPOCHS as f32);
        for batch in order.chunks(BATCH) {
            let mut slope = vec![0.0f32; COUNT];
            for &i in batch {
                add_slope(&scaled[i].0, scaled[i].1, &weights, &mut slope);
            }
            let slope: Vec<f32> =
                slope.iter().zip(&weights).map(|(s, w)| s / batch.len() as f32 + DECAY * w).collect();
            adam.step(&mut weights, &slope, rate);
            keep_signs(&mut weights);
        }
    }
    (0..COUNT)
        .map(|i| Weight {
            feature: NAMES[i].to_owned(),
            mean: mean[i],
            deviation: deviation[i],
            weight: weights[i],
        })
        .collect()
}

/// Cuts weights off at zero that would go against what the feature means.
fn keep_signs(weights: &mut [f32]) {
    for (weight, name) in weights.iter_mut().zip(NAMES) {
        if ONLY_FOR.contains(name) {
            *weight = weight.max(0.0);
        } else if ONLY_AGAINST.contains(name) {
            *weight = weight.min(0.0);
        }
    }
}

fn add_slope(rows: &[Row], question: &Ranked, weights: &[f32], slope: &mut [f32]) {
    let scores: Vec<f32> = rows.iter().map(|row| row.iter().zip(weights).map(|(x, w)| x * w).sum()).collect();
    let all = confidence::shares(&scores);
    let right: f32 =
        all.iter().zip(&question.right).filter(|(_, right)| **right).map(|(share, _)| share).sum();
    for ((row, share), is_right) in rows.iter().zip(&all).zip(&question.right) {
        let target = if *is_right { share / right.max(1e-12) } else { 0.0 };
        let error = (share - target) * question.weight;
        slope.iter_mut().zip(row).for_each(|(s, x)| *s += error * x);
    }
}

fn moments(questions: &[&Ranked]) -> (Row, Row) {
    let rows = || questions.iter().flat_map(|q| &q.rows);
    let count = rows().count().max(1) as f64;
    let mut mean = [0.0f64; COUNT];
    let mut square = [0.0f64; COUNT];
    for row in rows() {
        for (i, x) in row.iter().enumerate() {
            mean[i] += f64::from(*x);
            square[i] += f64::from(*x) * f64::from(*x);
        }
    }
    let mean = mean.map(|sum| sum / count);
    let deviation =
        std::array::from_fn(|i| ((square[i] / count - mean[i] * mean[i]).max(0.0).sqrt() + 1e-3) as f32);
    (mean.map(|m| m as f32), deviation)
}

fn scale(row: &Row, mean: &Row, deviation: &Row) -> Row {
    std::array::from_fn(|i| ((row[i] - mean[i]) / deviation[i]).clamp(-CLIP, CLIP))
}

/// Adam (Kingma and Ba, 2015).
struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

impl Adam {
    fn new(size: usize) -> Self {
        Self { first: vec![0.0; size], second: vec![0.0; size], steps: 0 }
    }

    fn step(&mut self, weights: &mut [f32], slope: &[f32], rate: f32) {
        self.steps += 1;
        let (one, two) = (1.0 - 0.9f32.powi(self.steps), 1.0 - 0.999f32.powi(self.steps));
        for (i, slope) in slope.iter().enumerate() {
            self.first[i] = 0.9 * self.first[i] + 0.1 * slope;
            self.second[i] = 0.999 * self.second[i] + 0.001 * slope * slope;
            weights[i] -= rate * (self.first[i] / one) / ((self.second[i] / two).sqrt() + 1e-8);
        }
    }
}

/// One observation of the calibration.
#[derive(Clone)]
pub struct Observation {
    /// The facts of a ranking.
    pub facts: Facts,
    /// Whether what they speak for was so.
    pub right: bool,
    /// How much it counts.
    pub weight: f32,
}

/// Logistic regression by gradient descent with momentum on scaled facts, pulled a little towards zero.
pub fn logistic(observations: &[&Observation]) -> Calibration {
    const SIZE: usize = confidence::COUNT;
    let all: f32 = observations.iter().map(|o| o.weight).sum::<f32>().max(1e-6);
    let average = |value: &dyn Fn(&Observation) -> f32| {
        observations.iter().map(|o| value(o) * o.weight).sum::<f32>() / all
    };
    let mean: Facts = std::array::from_fn(|i| average(&|o| o.facts[i]));
    let deviation: Facts =
        std::array::from_fn(|i| average(&|o| (o.facts[i] - mean[i]).powi(2)).sqrt() + 1e-3);
    let mut weights = vec![0.0f32; SIZE + 1];
    let mut adam = Adam::new(SIZE + 1);
    for round in 0..600 {
        let mut slope = vec![0.0f32; SIZE + 1];
        for o in observations {
            let x: Facts = std::array::from_fn(|i| (o.facts[i] - mean[i]) / deviation[i]);
            let sum = weights[SIZE] + x.iter().zip(&weights).map(|(x, w)| x * w).sum::<f32>();
            let error = (1.0 / (1.0 + (-sum).exp()) - f32::from(o.right)) * o.weight / all;
            slope.iter_mut().zip(x).for_each(|(s, x)| *s += error * x);
            slope[SIZE] += error;
        }
        slope.iter_mut().zip(&weights).take(SIZE).for_each(|(s, w)| *s += 2e-3 * w);
        adam.step(&mut weights, &slope, 0.05 * (1.0 - round as f32 / 600.0));
        for (weight, name) in weights.iter_mut().zip(confidence::FACTS) {
            if confidence::AGAINST.contains(&name) {
                *weight = weight.min(0.0);
            } else if name != confidence::EITHER_WAY {
                *weight = weight.max(0.0);
            }
        }
    }
    let facts = (0..SIZE).map(|i| (confidence::FACTS[i].to_owned(), weights[i] / deviation[i])).collect();
    let bias = weights[SIZE] - (0..SIZE).map(|i| weights[i] * mean[i] / deviation[i]).sum::<f32>();
    Calibration { facts, bias }
}

/// Fisher–Yates with xorshift64.
pub fn shuffle<T>(items: &mut [T], random: &mut u64) {
    for i in (1..items.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        items.swap(i, (*random % (i as u64 + 1)) as usize);
    }
}
