//! Cues: words that tell what a message is for, grouped by what they mean, and what stands around them.

use std::collections::HashMap;

use super::UnderstandingError;
use super::form::{Form, Sort};

/// Cues before a cue, in the same clause, among which a negation reaches it.
const REACH: usize = 3;
/// Units that a negation reaches.
const REACH_UNITS: usize = 6;

/// The shipped words, by class.
#[derive(Debug)]
pub struct Cues {
    classes: Vec<Box<str>>,
    /// By its first unit, the longest first.
    words: HashMap<Box<str>, Vec<Word>>,
    negate: u8,
}

#[derive(Debug)]
struct Word {
    rest: Vec<Box<str>>,
    classes: Vec<u8>,
}

/// A cue that was found.
#[derive(Clone, Copy, Debug)]
pub struct Cue<'a> {
    /// Its classes.
    pub classes: &'a [u8],
    /// Its first unit.
    pub start: usize,
    /// The unit after it.
    pub end: usize,
    /// Which clause it is in.
    pub clause: usize,
    /// Whether a negation before it in its clause reaches it.
    pub negated: bool,
}

impl Cues {
    /// Words from a catalogue: classes with a list of words each.
    ///
    /// # Errors
    /// It is no such catalogue.
    pub fn parse(catalogue: &str) -> Result<Self, UnderstandingError> {
        let lists: toml::Table =
            catalogue.parse().map_err(|e: toml::de::Error| UnderstandingError::Cues(e.to_string()))?;
        let mut cues = Self { classes: Vec::new(), words: HashMap::new(), negate: u8::MAX };
        for (class, list) in &lists {
            let words = list.as_array().into_iter().flatten().filter_map(toml::Value::as_str);
            cues = cues.with(class, words)?;
        }
        Ok(cues)
    }

    /// With these words as another class, or more of a known one.
    ///
    /// # Errors
    /// There are too many classes.
    pub fn with<'a>(
        mut self,
        class: &str,
        words: impl Iterator<Item = &'a str>,
    ) -> Result<Self, UnderstandingError> {
        let number = match self.class(class) {
            Some(number) => number,
            None => {
                self.classes.push(class.into());
                let last = u8::try_from(self.classes.len() - 1);
                last.map_err(|_| UnderstandingError::Cues("more than 255 classes".to_owned()))?
            }
        };
        if class == "negate" {
            self.negate = number;
        }
        words.for_each(|word| self.add(word, number));
        self.words
            .values_mut()
            .for_each(|words| words.sort_by_key(|word| std::cmp::Reverse(word.rest.len())));
        Ok(self)
    }

    fn add(&mut self, word: &str, class: u8) {
        let mut units: Vec<Box<str>> = match word.starts_with('<') {
            true => vec![word.into()],
            false => Form::of(word).units.into_iter().map(|unit| unit.text).collect(),
        };
        if units.is_empty() {
            return;
        }
        let rest = units.split_off(1);
        let words = self.words.entry(units.remove(0)).or_default();
        match words.iter_mut().find(|known| known.rest == rest) {
            Some(known) if known.classes.contains(&class) => {}
            Some(known) => known.classes.push(class),
            None => words.push(Word { rest, classes: vec![class] }),
        }
    }

    /// Name of a class.
    pub fn name(&self, class: u8) -> &str {
        self.classes.get(usize::from(class)).map_or("", |name| name)
    }

    /// Number of a class.
    pub fn class(&self, name: &str) -> Option<u8> {
        self.classes.iter().position(|known| &**known == name).and_then(|at| u8::try_from(at).ok())
    }

    /// The cues of a message, from left to right, at each place the longest.
    pub fn find(&self, form: &Form) -> Vec<Cue<'_>> {
        let mut found: Vec<Cue<'_>> = Vec::new();
        let (mut at, mut clause) = (0, 0);
        while let Some(unit) = form.units.get(at) {
            if matches!(unit.sort, Sort::Break | Sort::Mark) {
                clause += 1;
            }
            match self.longest(form, at) {
                Some(word) => {
                    let end = at + 1 + word.rest.len();
                    let negated = self.negated(&found, at, clause);
                    found.push(Cue { classes: &word.classes, start: at, end, clause, negated });
                    at = end;
                }
                None => at += 1,
            }
        }
        found
    }

    fn longest(&self, form: &Form, at: usize) -> Option<&Word> {
        let fits = |word: &&Word| {
            let after = &form.units[at + 1..];
            after.len() >= word.rest.len()
                && word.rest.iter().zip(after).all(|(part, unit)| *part == unit.text)
        };
        self.words.get(&form.units[at].text)?.iter().find(fits)
    }

    fn negated(&self, before: &[Cue<'_>], at: usize, clause: usize) -> bool {
        let near = before.iter().rev().take(REACH).take_while(|cue| cue.clause == clause);
        near.filter(|cue| at - cue.end <= REACH_UNITS).any(|cue| cue.classes.contains(&self.negate))
    }
}
