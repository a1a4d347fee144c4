//! The part of a long answer that answers: whole steps, fences and tables, around the words of the question.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::analyzer::Analyzer;
use crate::kb::case::Case;

use super::blocks::{Outline, Unit, outline};
use super::candidates;
use super::cut;
use super::features::Lookup;
use super::search::Engine;

/// A part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Whole lines of the source, as they stand there.
    pub text: String,
    /// Whether something before it was left out.
    pub cut_before: bool,
    /// Whether something after it was left out.
    pub cut_after: bool,
}

/// The terms that a passage should cover, and how much each weighs.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    by_term: HashMap<String, (usize, f32)>,
    concepts: usize,
    total: f32,
}

/// Stands for steps of a numbered list that were left out before the first one shown.
const STEPS_BEFORE: &str = "…\n\n";
const STEPS_BEFORE_CHARS: usize = 3;
/// Most units that one passage is made of; bounds the work on texts of thousands of empty items.
const MOST_UNITS: usize = 400;
/// How much a word that the title has counts within the body.
const IN_TITLE: f32 = 0.2;
/// Words of headings under which stands what to do; a passage that begins there gains this share of all that is wanted.
const WHAT_TO_DO: [&str; 8] = ["步骤", "处理", "解决", "操作", "排查", "方法", "steps", "solution"];
const WHAT_TO_DO_GAIN: f32 = 0.4;
/// How much a passage as long as allowed gives up against a short one, as a share of all that is wanted: a stray word
/// far away is not worth filling the space between.
const LENGTH_COST: f32 = 0.15;

impl Wanted {
    /// From terms with the concept that each stands for and its weight.
    pub fn new<'a>(terms: impl Iterator<Item = (&'a str, usize, f32)>) -> Self {
        let mut wanted = Self::default();
        let mut most: HashMap<usize, f32> = HashMap::new();
        for (term, concept, weight) in terms {
            let known = wanted.by_term.entry(term.to_owned()).or_insert((concept, weight));
            if weight > known.1 {
                *known = (concept, weight);
            }
            wanted.concepts = wanted.concepts.max(concept + 1);
            let most = most.entry(concept).or_default();
            *most = most.max(weight);
        }
        wanted.total = most.values().sum();
        wanted
    }

    /// What a unit has of it, a heading that promises what to do counted in.
    fn hits_of(&self, analyzer: &Analyzer, unit: &Unit, body: &str) -> Vec<Seen> {
        let text = &body[unit.range.clone()];
        let mut hits = self.hits(analyzer, text);
        if unit.heading.is_some() && WHAT_TO_DO.iter().any(|word| text.to_lowercase().contains(word)) {
            hits.push(Seen { concept: self.concepts, weight: self.total * WHAT_TO_DO_GAIN, count: 8 });
        }
        hits
    }

    /// What a text has of it.
    fn hits(&self, analyzer: &Analyzer, text: &str) -> Vec<Seen> {
        let mut hits: Vec<Seen> = Vec::new();
        analyzer.terms(text, &mut |term| {
            let Some(&(concept, weight)) = self.by_term.get(term.text) else { return };
            match hits.iter_mut().find(|hit| hit.concept == concept) {
                Some(hit) => (hit.count, hit.weight) = (hit.count + 1, hit.weight.max(weight)),
                None => hits.push(Seen { concept, weight, count: 1 }),
            }
        });
        hits
    }
}

impl Engine {
    /// The part of a case's body, at most `most_chars` characters, that answers the question.
    pub fn passage(&self, text: &str, case: &Case, most_chars: usize) -> Passage {
        if case.body.chars().count() <= most_chars {
            return Passage { text: case.body.clone(), cut_before: false, cut_after: false };
        }
        let question = self.question(text);
        // Without frequencies every word is as rare as the next: better than no passage.
        let idfs = candidates::idfs(self.reader(), &question)
            .unwrap_or_else(|_| question.concepts.iter().map(|c| vec![1.0; c.ways.len()]).collect());
        let weights = Lookup::new(self.reader(), &question, &idfs).weights;
        let mut title = HashSet::new();
        self.analyzer().terms(&case.title, &mut |term| {
            title.insert(term.text.to_owned());
        });
        let title = &title;
        let wanted = Wanted::new(question.concepts.iter().zip(&weights).enumerate().flat_map(
            |(i, (concept, weight))| {
                // What the title says already, all of the body is about: it does not tell where the answer is.
                let known = concept.ways.iter().any(|way| title.contains(&way.term));
                let weight = weight * if known { IN_TITLE } else { 1.0 };
                concept.ways.iter().map(move |way| {
                    (way.term.as_str(), i, weight * way.factor / concept.ways[0].factor.max(f32::EPSILON))
                })
            },
        ));
        passage(&case.body, self.analyzer(), &wanted, most_chars)
    }
}

/// The part of `body`, at most `most_chars` characters, that covers the most of what is wanted.
///
/// Total. A body that fits is returned as it is; else the text is made of whole lines and whole units, but where a
/// single unit is longer than allowed: that is cut at a line and its fence closed, and only a line that is too long by
/// itself is cut within, at the end of a sentence.
pub fn passage(body: &str, analyzer: &Analyzer, wanted: &Wanted, most_chars: usize) -> Passage {
    if body.chars().count() <= most_chars {
        return Passage { text: body.to_owned(), cut_before: false, cut_after: false };
    }
    let Outline { units, fences } = outline(body, most_chars);
    let Some((first, last)) = choose(body, &units, analyzer, wanted, most_chars) else {
        let text = cut::line(body, most_chars).to_owned();
        return Passage { text, cut_before: false, cut_after: true };
    };
    let range = units[first].range.start..units[last].range.end;
    let sizes = Sizes::new(body, &units);
    let (text, shown) = if sizes.of(&units, first, last) <= most_chars {
        let before = if units[first].later_step { STEPS_BEFORE } else { "" };
        (format!("{before}{}", trimmed(&body[range.clone()])), range)
    } else {
        cut_unit(body, &units[first], &fences, analyzer, wanted, most_chars)
    };
    let says = |text: &str| !text.trim().is_empty();
    Passage { text, cut_before: says(&body[..shown.start]), cut_after: says(&body[shown.end..]) }
}

/// One unit that does not fit: of code and tables the lines that are wanted, under the first lines that they need.
fn cut_unit(
    body: &str,
    unit: &Unit,
    fences: &[Range<usize>],
    analyzer: &Analyzer,
    wanted: &Wanted,
    most_chars: usize,
) -> (String, Range<usize>) {
    if let Some(framed) = cut::frame(body, unit, fences) {
        let frame_chars = framed.head.chars().count() + framed.foot.chars().count();
        let room = most_chars.saturating_sub(frame_chars);
        let lines = cut::lines(body, framed.inner.clone());
        let sizes = Sizes::new(body, &lines);
        if let Some((first, last)) = choose(body, &lines, analyzer, wanted, room)
            && sizes.of(&lines, first, last) <= room
        {
            let shown = lines[first].range.start..lines[last].range.end;
            let text = format!("{}{}{}", framed.head, body[shown.clone()].trim_end(), framed.foot);
            return (text, shown);
        }
    }
    cut::plain(body, unit.range.clone(), fences, most_chars)
}

/// The text without blank lines around it; the indentation of its first line is kept.
fn trimmed(text: &str) -> &str {
    let blank = text.len() - text.trim_start().len();
    let start = text[..blank].rfind('\n').map_or(0, |newline| newline + 1);
    text[start..].trim_end()
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    concept: usize,
    weight: f32,
    count: u32,
}

/// How long any row of units is.
struct Sizes {
    upto: Vec<usize>,
    tail: Vec<usize>,
}

impl Sizes {
    fn new(body: &str, units: &[Unit]) -> Self {
        let (mut upto, mut tail) = (vec![0], Vec::new());
        for unit in units {
            let text = &body[unit.range.clone()];
            let all = text.chars().count();
            upto.push(upto.last().copied().unwrap_or(0) + all);
            tail.push(all - super::blocks::chars(text));
        }
        Self { upto, tail }
    }

    fn of(&self, units: &[Unit], first: usize, last: usize) -> usize {
        let before = if units[first].later_step { STEPS_BEFORE_CHARS } else { 0 };
        before + self.upto[last + 1] - self.upto[first] - self.tail[last]
    }
}

/// The units to show, first and last; `None` where there are none. More than `most_chars` only if it is one unit.
fn choose(
    body: &str,
    units: &[Unit],
    analyzer: &Analyzer,
    wanted: &Wanted,
    most_chars: usize,
) -> Option<(usize, usize)> {
    if units.is_empty() {
        return None;
    }
    let sizes = Sizes::new(body, units);
    let hits: Vec<Vec<Seen>> = units.iter().map(|unit| wanted.hits_of(analyzer, unit, body)).collect();
    let fits =
        |first: usize, last: usize| last - first < MOST_UNITS && sizes.of(units, first, last) <= most_chars;
    let (mut best, mut best_value) = ((0, 0), f32::MIN);
    for first in 0..units.len() {
        // A tight passage begins with something wanted; the first one is for questions of which nothing is here.
        if first > 0 && hits[first].is_empty() {
            continue;
        }
        let mut cover = Cover::new(wanted.concepts + 1);
        for last in first..units.len() {
            if last > first && !fits(first, last) {
                break;
            }
            cover.add(&hits[last]);
            let share = sizes.of(units, first, last).min(most_chars) as f32 / most_chars.max(1) as f32;
            let value = cover.sum - LENGTH_COST * share * wanted.total;
            if value > best_value && !units[last].keeps_next {
                (best, best_value) = ((first, last), value);
            }
        }
    }
    Some(grow(units, best, fits))
}

/// Adds what fits around: the rest of the section, then what leads to it, then what follows, then what is before.
fn grow(
    units: &[Unit],
    (mut first, mut last): (usize, usize),
    fits: impl Fn(usize, usize) -> bool,
) -> (usize, usize) {
    let head = (0..=first).rev().find(|&i| units[i].heading.is_some());
    let level = head.and_then(|i| units[i].heading).unwrap_or(u8::MAX);
    let end = (last + 1..units.len())
        .find(|&i| units[i].heading.is_some_and(|other| other <= level))
        .unwrap_or(units.len());
    for (from, to) in [(head.unwrap_or(0), end), (0, units.len())] {
        let reached = last;
        while last + 1 < to && fits(first, last + 1) {
            last += 1;
        }
        // A heading at the end would promise what is not there.
        while last > reached && units[last].keeps_next {
            last -= 1;
        }
        while first > from && fits(first - 1, last) {
            first -= 1;
        }
    }
    (first, last)
}

/// What a growing row of units covers. A word said again counts a little more: that is where it is explained.
struct Cover {
    seen: Vec<(f32, u32)>,
    sum: f32,
}

impl Cover {
    fn new(concepts: usize) -> Self {
        Self { seen: vec![(0.0, 0); concepts], sum: 0.0 }
    }

    fn add(&mut self, hits: &[Seen]) {
        let worth = |(weight, count): (f32, u32)| weight * (1.0 - 0.4f32.powi(count.min(8) as i32));
        for hit in hits {
            let Some(seen) = self.seen.get_mut(hit.concept) else { continue };
            let before = worth(*seen);
            *seen = (seen.0.max(hit.weight), seen.1 + hit.count);
            self.sum += worth(*seen) - before;
        }
    }
}

#[cfg(test)]
#[path = "passage_tests.rs"]
mod tests;
