//! The word files of `kb/words`, parsed: user dictionary, synonyms, stop words, product nicknames.
//!
//! Lines that make no sense are reported and left out; the rest counts.

use std::collections::HashSet;

use super::normalize::fold;
use super::synonym::{Relation, SynonymLine};

/// A term of the user dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DictionaryTerm {
    /// The term, folded.
    pub text: String,
    /// How common it is; worked out where not given.
    pub frequency: Option<usize>,
}

/// How much one name of a product counts for another: the product is also recognised by other means.
const NAME_WEIGHT: f32 = 0.4;

/// What people call a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductNames {
    /// The product code, as cases carry it.
    pub code: String,
    /// Every name and nickname, folded.
    pub names: Vec<String>,
}

/// A line that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Which of the word files, such as `synonyms.txt`.
    pub file: &'static str,
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// All word files.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// User dictionary.
    pub terms: Vec<DictionaryTerm>,
    /// Synonym groups, as written.
    pub synonyms: Vec<SynonymLine>,
    /// Words that never decide a match, folded.
    pub stop: HashSet<String>,
    /// Product nicknames.
    pub products: Vec<ProductNames>,
    /// Lines that were left out.
    pub bad: Vec<BadLine>,
}

/// The texts of the word files; an absent file is an empty text.
#[derive(Clone, Copy, Debug, Default)]
pub struct WordFiles<'a> {
    /// `terms.txt`
    pub terms: &'a str,
    /// `synonyms.txt`
    pub synonyms: &'a str,
    /// `stop.txt`
    pub stop: &'a str,
    /// `products.txt`
    pub products: &'a str,
}

impl Words {
    /// Reads the word files.
    pub fn parse(files: WordFiles<'_>) -> Self {
        let mut words = Self::default();
        words.read_terms(files.terms);
        words.read_synonyms(files.synonyms);
        words.stop = lines(files.stop).filter(|(_, l)| !l.starts_with('[')).map(|(_, l)| fold(l)).collect();
        words.read_products(files.products);
        words
    }

    fn read_terms(&mut self, text: &str) {
        for (line, entry) in lines(text) {
            let (term, frequency) = entry.split_once('\t').unwrap_or((entry, ""));
            let frequency = match frequency.trim() {
                "" => None,
                number => match number.parse() {
                    Ok(n) => Some(n),
                    Err(_) => {
                        let reason =
                            format!("{number:?} is not a frequency: give a whole number or leave it out");
                        self.bad.push(BadLine { file: "terms.txt", line, reason });
                        continue;
                    }
                },
            };
            self.terms.push(DictionaryTerm { text: fold(term.trim()), frequency });
        }
    }

    fn read_synonyms(&mut self, text: &str) {
        for (line, entry) in lines(text) {
            match SynonymLine::parse(entry) {
                Ok(group) => self.synonyms.push(group),
                Err(reason) => self.bad.push(BadLine { file: "synonyms.txt", line, reason }),
            }
        }
    }

    /// A product's names are also synonyms of one another.
    fn read_products(&mut self, text: &str) {
        for (line, entry) in lines(text) {
            let mut columns = entry.split('\t');
            let (code, name) = (columns.next().unwrap_or("").trim(), columns.next().unwrap_or("").trim());
            if code.is_empty() || name.is_empty() {
                let reason = "expected code, name and nicknames with tabs between them".to_owned();
                self.bad.push(BadLine { file: "products.txt", line, reason });
                continue;
            }
            let aliases = columns.next().unwrap_or("");
            let mut names: Vec<String> = Vec::new();
            for n in std::iter::once(name).chain(aliases.split([',', '，'])).map(|n| fold(n.trim())) {
                if !n.is_empty() && !names.contains(&n) {
                    names.push(n);
                }
            }
            if names.len() > 1 {
                self.synonyms.push(SynonymLine {
                    left: names.clone(),
                    right: Vec::new(),
                    relation: Relation::Near,
                    weight: NAME_WEIGHT,
                });
            }
            self.products.push(ProductNames { code: code.to_lowercase(), names });
        }
    }
}

/// The lines that say something, with their numbers; `#` begins a comment at the start of a line or after white space.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter_map(|(i, line)| {
        let line = line.trim_start_matches('\u{feff}');
        let line = if line.starts_with('#') { "" } else { line.split(" #").next().unwrap_or("") };
        (!line.trim().is_empty()).then_some((i + 1, line.trim()))
    })
}
