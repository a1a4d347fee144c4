//! Synonyms and nicknames: which other words a question's words may also be found by, and how much that counts.

use std::collections::HashMap;

use super::normalize::fold;
use super::script::is_han;

/// How the sides of a synonym line stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `=`: the same thing, both ways.
    Same,
    /// `~`: near enough, both ways, counts less.
    Near,
    /// `>`: the left words also find the right ones, not the other way round.
    OneWay,
}

/// One line of `synonyms.txt`, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct SynonymLine {
    /// The words, folded; for a one-way line those on the left.
    pub left: Vec<String>,
    /// The words on the right of a one-way line, folded.
    pub right: Vec<String>,
    /// How they stand to each other.
    pub relation: Relation,
    /// How much a match by the other word counts, 0 to 1.
    pub weight: f32,
}

impl SynonymLine {
    /// Reads `a = b`, `a ~ b`, `a, b > c, d`, each with an optional ` @0.5` at the end.
    ///
    /// # Errors
    /// Says in words what is wrong with the line.
    pub fn parse(line: &str) -> Result<Self, String> {
        let (text, weight) = match line.rsplit_once('@') {
            Some((text, number)) if text.ends_with(char::is_whitespace) => {
                let weight: f32 = number
                    .trim()
                    .parse()
                    .map_err(|_| format!("{number:?} is not a weight between 0 and 1"))?;
                (text, Some(weight))
            }
            _ => (line, None),
        };
        if weight.is_some_and(|w| !(w > 0.0 && w <= 1.0)) {
            return Err("the weight must be over 0 and at most 1".to_owned());
        }
        let known = [(Relation::OneWay, " > "), (Relation::Same, " = "), (Relation::Near, " ~ ")];
        let found = known.into_iter().find(|(_, separator)| text.contains(separator));
        let other = found.map_or("", |(_, separator)| separator.trim());
        if let Some(sign) = text.split_whitespace().find(|word| *word != other && SIGNS.contains(word)) {
            return Err(format!(
                "the sign `{sign}` cannot stand here: a line has `=`, `~` or `>`, and one kind alone"
            ));
        }
        let (relation, separator) =
            found.ok_or_else(|| "expected ` = `, ` ~ ` or ` > ` with spaces around it".to_owned())?;
        let mut sides: Vec<Vec<String>> = text.split(separator).map(phrases).collect();
        if sides.iter().any(Vec::is_empty)
            || sides.len() < 2
            || (relation == Relation::OneWay && sides.len() > 2)
        {
            return Err("a side is empty, or there are too many of them".to_owned());
        }
        let right = if relation == Relation::OneWay { sides.pop().unwrap_or_default() } else { Vec::new() };
        let default = match relation {
            Relation::Same => 0.9,
            Relation::Near => 0.6,
            Relation::OneWay => 0.5,
        };
        let left = sides.into_iter().flatten().collect();
        Ok(Self { left, right, relation, weight: weight.unwrap_or(default) })
    }
}

/// What people write for a relation, the known ones and others.
const SIGNS: [&str; 15] =
    ["=", "~", ">", "<", "==", "=>", "->", "<-", "<=>", "<->", "≈", "→", "←", "＝", "＞"];

fn phrases(side: &str) -> Vec<String> {
    side.split([',', '，', '、']).map(|p| fold(p.trim())).filter(|p| !p.is_empty()).collect()
}

/// Another way to say a stretch of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion<'a> {
    /// The stretch, in bytes of the folded question.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// The other words.
    pub phrase: &'a str,
    /// How much a match by them counts, 0 to 1.
    pub weight: f32,
}

/// All synonym lines, ready to be looked up.
#[derive(Default)]
pub struct Synonyms {
    by_phrase: HashMap<String, Vec<(String, f32)>>,
    longest: usize,
}

impl Synonyms {
    /// Builds the look-up from the lines. Of two lines that say the same, the heavier one counts.
    pub fn new(lines: &[SynonymLine]) -> Self {
        let mut synonyms = Self::default();
        for line in lines {
            for from in &line.left {
                let to = if line.relation == Relation::OneWay { &line.right } else { &line.left };
                for other in to.iter().filter(|other| *other != from) {
                    synonyms.add(from, other, line.weight);
                }
            }
        }
        synonyms
    }

    fn add(&mut self, from: &str, to: &str, weight: f32) {
        self.longest = self.longest.max(from.chars().count());
        let known = self.by_phrase.entry(from.to_owned()).or_default();
        match known.iter_mut().find(|(phrase, _)| phrase == to) {
            Some((_, known)) => *known = known.max(weight),
            None => known.push((to.to_owned(), weight)),
        }
    }

    /// Whether a phrase has synonyms, or is one.
    pub fn knows(&self, phrase: &str) -> bool {
        self.by_phrase.contains_key(phrase)
    }

    /// Every expansion of every stretch of a folded question; a stretch of letters must be whole words.
    pub fn expansions(&self, folded: &str) -> Vec<Expansion<'_>> {
        let bounds: Vec<usize> = folded.char_indices().map(|(i, _)| i).chain([folded.len()]).collect();
        let mut found = Vec::new();
        for (i, &start) in bounds.iter().enumerate() {
            for &end in bounds[i + 1..].iter().take(self.longest) {
                let Some(others) = self.by_phrase.get(&folded[start..end]) else { continue };
                if splits_word(folded, start) || splits_word(folded, end) {
                    continue;
                }
                found.extend(others.iter().map(|(phrase, weight)| Expansion {
                    start,
                    end,
                    phrase,
                    weight: *weight,
                }));
            }
        }
        found
    }
}

/// Whether a cut at `at` falls between two letters or digits of a script that writes words apart.
fn splits_word(text: &str, at: usize) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_han(c));
    letter(text[..at].chars().next_back()) && letter(text[at..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_documented() {
        let line = SynonymLine::parse("登不上, 登不进 > 无法登录 @0.7").expect("a good line");
        assert_eq!((line.left.len(), line.right.len(), line.weight), (2, 1, 0.7));
        assert!(SynonymLine::parse("云主机").is_err());
        assert!(SynonymLine::parse("a = ").is_err());
        assert!(SynonymLine::parse("a = b @7").is_err());
    }

    #[test]
    fn letters_match_whole_words_only() {
        let synonyms = Synonyms::new(&[SynonymLine::parse("lb = 负载均衡").expect("a good line")]);
        assert_eq!(synonyms.expansions("lb 报错").len(), 1);
        assert_eq!(synonyms.expansions("lb报错").len(), 1);
        assert_eq!(synonyms.expansions("slb 报错").len(), 0);
    }
}
