//! Which product a question is about: the page it was asked on, the names it says, and what its words speak for.

use std::collections::HashMap;

use crate::analyzer::script::is_han;
use crate::analyzer::words::ProductNames;
use crate::index::reader::Reader;

use super::features::Lookup;
use super::question::Question;

/// Names of products, ready to be found in a question.
#[derive(Default)]
pub struct ProductBook {
    by_name: HashMap<String, Vec<String>>,
    longest: usize,
}

impl ProductBook {
    /// The names in the index and those in the word files. `index` gives code and name.
    pub fn new<'a>(index: impl Iterator<Item = (&'a String, &'a String)>, words: &[ProductNames]) -> Self {
        let mut book = Self::default();
        for (code, name) in index {
            book.add(&code.to_lowercase(), code);
            book.add(&crate::analyzer::normalize::fold(name), code);
        }
        for product in words {
            product.names.iter().for_each(|name| book.add(name, &product.code));
            book.add(&product.code, &product.code);
        }
        book
    }

    fn add(&mut self, name: &str, code: &str) {
        if name.chars().count() < 2 {
            return;
        }
        self.longest = self.longest.max(name.chars().count());
        let codes = self.by_name.entry(name.to_owned()).or_default();
        if !codes.iter().any(|c| c == code) {
            codes.push(code.to_owned());
        }
    }

    /// Codes of the products named in a folded text, longest names first taken.
    pub fn named(&self, folded: &str) -> Vec<&str> {
        let bounds: Vec<usize> = folded.char_indices().map(|(i, _)| i).chain([folded.len()]).collect();
        let mut codes: Vec<&str> = Vec::new();
        let mut i = 0;
        while i + 1 < bounds.len() {
            let longest = (1..=self.longest.min(bounds.len() - 1 - i)).rev().find_map(|length| {
                let (start, end) = (bounds[i], bounds[i + length]);
                let codes = self.by_name.get(&folded[start..end])?;
                (!inside_word(folded, start) && !inside_word(folded, end)).then_some((length, codes))
            });
            match longest {
                Some((length, found)) => {
                    codes.extend(found.iter().map(String::as_str));
                    i += length;
                }
                None => i += 1,
            }
        }
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

fn inside_word(text: &str, at: usize) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_han(c));
    letter(text[..at].chars().next_back()) && letter(text[at..].chars().next())
}

/// What is known of the product that a question is about.
pub struct ProductGuess<'a> {
    context: Option<&'a str>,
    named: Vec<&'a str>,
    shares: HashMap<&'a str, f32>,
    best: f32,
}

impl<'a> ProductGuess<'a> {
    /// Guesses from the words of a question.
    pub fn new(
        reader: &'a Reader,
        book: &'a ProductBook,
        question: &Question,
        lookup: &Lookup,
        context: Option<&'a str>,
    ) -> Self {
        let learned = reader.associations();
        let mut odds = vec![0.0f32; learned.products.len()];
        for (concept, &weight) in question.concepts.iter().zip(&lookup.weights) {
            let Some(number) = reader.number(&concept.ways[0].term) else { continue };
            let rare = (weight / 8.0).min(1.0);
            learned.products_of(number).for_each(|(product, value)| odds[product] += rare * (value + 0.4));
        }
        let best = odds.iter().copied().fold(0.0, f32::max);
        let all: f32 = odds.iter().map(|o| (o - best).exp()).sum();
        let shares: HashMap<&str, f32> = learned
            .products
            .iter()
            .map(String::as_str)
            .zip(odds.iter().map(|o| (o - best).exp() / all.max(1e-6)))
            .collect();
        let top = shares.values().copied().fold(0.0, f32::max);
        Self { context, named: book.named(&question.folded), shares, best: top }
    }

    /// The most likely products, best first.
    pub fn likely(&self) -> Vec<(&'a str, f32)> {
        let mut all: Vec<(&str, f32)> = self.shares.iter().map(|(p, s)| (*p, *s)).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        all
    }

    /// What speaks for and against a product.
    pub fn signs(&self, product: &str) -> ProductSigns {
        let named = self.named.contains(&product);
        let share = self.shares.get(product).copied().unwrap_or(0.0);
        ProductSigns {
            context: self.context.map_or(0.0, |c| if c == product { 1.0 } else { -1.0 }),
            named,
            other_named: !named && !self.named.is_empty(),
            share,
            share_of_best: share / self.best.max(1e-6),
        }
    }

    /// Whether the page or the words say which product it is.
    pub fn is_told(&self) -> bool {
        self.context.is_some() || !self.named.is_empty()
    }
}

/// What speaks for and against a product.
#[derive(Clone, Copy, Debug)]
pub struct ProductSigns {
    /// 1 where the page is of this product, -1 where it is of another, 0 where it says nothing.
    pub context: f32,
    /// Whether the question names it.
    pub named: bool,
    /// Whether it names others only.
    pub other_named: bool,
    /// How far the question's words speak for it.
    pub share: f32,
    /// The same by the likeliest product's.
    pub share_of_best: f32,
}
