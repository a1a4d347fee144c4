//! Phrases that mean an outage happening now, and guards that keep talk about outages from raising the alarm.
//!
//! They come from a word file that people edit, so that what rings can be read and changed without learning again. Where
//! a phrase rings it is believed; where every sign of an outage stands behind a guard, a guess of the model is not.

use super::UnderstandingError;
use super::form::{Form, Sort, Unit};
use crate::analyzer::words::BadLine;

/// Name of the word file.
pub const FILE: &str = "outage.txt";

/// Before a guard, they turn it around: "不是演练".
const NOT: [&[&str]; 3] = [&["不", "是"], &["并", "非"], &["not", "a"]];

/// What the word file says.
#[derive(Clone, Debug, Default)]
pub struct Outages {
    phrases: Vec<Phrase>,
    guards: Vec<Word>,
    signs: Vec<Word>,
    listed: Vec<String>,
}

/// Units in a row.
type Word = Vec<Box<str>>;

/// Parts that stand in one clause, of each part any of its words.
type Phrase = Vec<Vec<Word>>;

/// What the word file has to say about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An outage, now.
    Rings,
    /// An outage is spoken of, but each time behind a guard.
    Guarded,
    /// Nothing: the other words decide.
    Open,
}

impl Outages {
    /// With the words that the program was built with.
    ///
    /// # Errors
    /// The program was built with a broken file.
    pub fn shipped() -> Result<Self, UnderstandingError> {
        let (outages, bad) = Self::parse(include_str!("../../../kb/words/outage.txt"));
        match bad.into_iter().next() {
            None => Ok(outages),
            Some(BadLine { file, line, reason }) => Err(UnderstandingError::Outages { file, line, reason }),
        }
    }

    /// From a word file, whose head says how it is written. Lines that make no sense are left out and told.
    pub fn parse(text: &str) -> (Self, Vec<BadLine>) {
        let (mut outages, mut bad) = (Self::default(), Vec::new());
        for (line, entry) in (1..).zip(text.lines()) {
            let entry = entry.trim_start_matches('\u{feff}').trim();
            if entry.is_empty() || entry.starts_with('#') {
                continue;
            }
            if let Err(reason) = outages.read(entry) {
                bad.push(BadLine { file: FILE, line, reason: reason.to_owned() });
            }
        }
        (outages, bad)
    }

    fn read(&mut self, entry: &str) -> Result<(), &'static str> {
        let list = |text: &str| words(text, &[',', '，']);
        if let Some(guards) = entry.strip_prefix(['!', '！']) {
            self.guards.extend(list(guards)?);
        } else if let Some(signs) = entry.strip_prefix(['~', '～']) {
            self.signs.extend(list(signs)?);
            self.listed.extend(signs.split([',', '，']).map(|sign| sign.trim().to_owned()));
        } else {
            let parts = entry.split(['+', '＋']).map(|part| words(part, &['|', '｜']));
            self.phrases.push(parts.collect::<Result<_, _>>()?);
        }
        Ok(())
    }

    /// The words that are weighed with the rest of a message.
    pub fn signs(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(String::as_str)
    }

    /// What is to be thought of a message.
    pub fn judge(&self, form: &Form) -> Verdict {
        let is_end = |unit: &Unit| matches!(unit.sort, Sort::Break | Sort::Mark);
        let clauses: Vec<&[Unit]> = form.units.split(is_end).filter(|clause| !clause.is_empty()).collect();
        let guarded: Vec<bool> = clauses.iter().map(|clause| self.is_guarded(clause)).collect();
        let is_free = |at: usize| !guarded[at] && (at == 0 || !guarded[at - 1]);
        if (0..clauses.len()).any(|at| is_free(at) && self.rings(clauses[at])) {
            return Verdict::Rings;
        }
        let mut spoken = (0..clauses.len()).filter(|&at| self.names_one(clauses[at])).peekable();
        match spoken.peek().is_some() && spoken.all(|at| guarded[at]) {
            true => Verdict::Guarded,
            false => Verdict::Open,
        }
    }

    fn names_one(&self, clause: &[Unit]) -> bool {
        self.signs.iter().any(|sign| holds(clause, sign)) || self.rings(clause)
    }

    fn rings(&self, clause: &[Unit]) -> bool {
        let stands = |part: &Vec<Word>| part.iter().any(|word| holds(clause, word));
        self.phrases.iter().any(|phrase| phrase.iter().all(stands))
    }

    fn is_guarded(&self, clause: &[Unit]) -> bool {
        let turned = |at: usize| NOT.iter().any(|not| ends_with(&clause[..at], not));
        self.guards.iter().any(|guard| places(clause, guard).any(|at| !turned(at)))
    }
}

fn words(text: &str, separators: &[char]) -> Result<Vec<Word>, &'static str> {
    let words: Vec<Word> = text
        .split(separators)
        .map(|word| Form::of(word).units.into_iter().map(|unit| unit.text).collect())
        .collect();
    match words.iter().any(Vec::is_empty) {
        true => Err("a word is missing between two signs, or beside one"),
        false => Ok(words),
    }
}

/// Where the word stands in the clause.
fn places<'a>(clause: &'a [Unit], word: &'a [Box<str>]) -> impl Iterator<Item = usize> + 'a {
    let fits = move |units: &[Unit]| units.iter().zip(word).all(|(unit, part)| unit.text == *part);
    clause.windows(word.len()).enumerate().filter(move |(_, units)| fits(units)).map(|(at, _)| at)
}

fn holds(clause: &[Unit], word: &[Box<str>]) -> bool {
    places(clause, word).next().is_some()
}

fn ends_with(units: &[Unit], end: &[&str]) -> bool {
    units.len() >= end.len()
        && units[units.len() - end.len()..].iter().zip(end).all(|(unit, part)| *unit.text == **part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(file: &str, text: &str) -> Verdict {
        let (outages, bad) = Outages::parse(file);
        assert_eq!(bad, []);
        outages.judge(&Form::of(text))
    }

    #[test]
    fn a_phrase_rings_unless_a_guard_stands_in_or_before_its_clause() {
        let file = "# 说明\n机房着火\n全站 | 官网 + 打不开 | 502\n! 如果, 演练\n~ 着火\n";
        for (text, verdict) in [
            ("我們機房着火了!!", Verdict::Rings),
            ("打不开了,官网都", Verdict::Open),
            ("现在官网所有人都打不开", Verdict::Rings),
            ("如果机房着火怎么办", Verdict::Guarded),
            ("如果有一天,机房着火怎么办", Verdict::Open),
            ("昨天做了演练。今天不一样。机房着火", Verdict::Rings),
            ("不是演练,机房着火", Verdict::Rings),
            ("你好", Verdict::Open),
            ("", Verdict::Open),
        ] {
            assert_eq!(judge(file, text), verdict, "{text}");
        }
    }

    #[test]
    fn lines_that_make_no_sense_are_left_out_and_told() {
        let (outages, bad) = Outages::parse("全站 +\n! \n~ 宕机,,挂了\n| 打不开\n机房断电\n");
        assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(outages.judge(&Form::of("机房断电")), Verdict::Rings);
        assert!(Outages::shipped().unwrap().signs().count() > 50);
    }
}
