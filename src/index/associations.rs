//! What the cases themselves teach: how common each term is, and which products it speaks for.
//!
//! Counted from the cards after a rebuild and kept beside them; terms that came later have none until the next one.
//! A term speaks for a product by the log-odds of naive Bayes (Manning, Raghavan, Schütze, Introduction to
//! Information Retrieval, chapter 13), kept only where they are clear.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;

use super::card::Card;

/// Name of the file.
pub const ASSOCIATIONS: &str = "associations.dat";

/// Log-odds under this say nothing.
const LEAST_ODDS: f32 = 0.4;
/// A term must be in at least this many cases of a product.
const LEAST_CASES: u32 = 2;
/// Pseudo-cases of the whole collection that each product is mixed with.
const SMOOTHING: f32 = 8.0;
/// Steps of the stored log-odds per unit.
const STEPS: f32 = 32.0;

/// What the cases teach.
#[derive(Default)]
pub struct Associations {
    /// Product codes; an entry's product is its place here.
    pub products: Vec<String>,
    /// Cases of each product.
    pub sizes: Vec<u32>,
    cases: u32,
    frequencies: Vec<u32>,
    rarities: Vec<f32>,
    starts: Vec<u32>,
    entries: Vec<(u16, u8)>,
}

impl Associations {
    /// Counts the cards that begin at `offsets`. A product at a time, so that one counter for each term is enough.
    pub fn learn(cards: &[u8], offsets: &[u64], terms: u32) -> Self {
        let mut groups: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for &offset in offsets {
            groups.entry(Card::at(cards, offset).head.product()).or_default().push(offset);
        }
        let mut frequencies = vec![0u32; terms as usize + 1];
        let mut seen = Seen { stamp: 0, last: vec![0; terms as usize + 1] };
        for &offset in groups.values().flatten() {
            seen.each_once(cards, offset, |term| frequencies[term] += 1);
        }
        let cases = offsets.len() as u32;
        let rarities = rarities(cases, &frequencies);
        let mut learned = Self { cases, frequencies, rarities, ..Self::default() };
        let mut counts = vec![0u32; terms as usize + 1];
        let mut clear = Vec::new();
        for (number, (code, group)) in (0u16..).zip(groups) {
            let mut touched = Vec::new();
            for &offset in &group {
                seen.each_once(cards, offset, |term| {
                    if counts[term] == 0 {
                        touched.push(term);
                    }
                    counts[term] += 1;
                });
            }
            learned.products.push(code.to_owned());
            learned.sizes.push(group.len() as u32);
            for term in touched {
                if let Some(odds) = learned.odds(term, std::mem::take(&mut counts[term]), group.len()) {
                    clear.push((term as u32, number, odds));
                }
            }
        }
        learned.keep(clear);
        learned
    }

    /// The log-odds with which a term speaks for a product of `size` cases, `count` of which have it, if it is clear.
    fn odds(&self, term: usize, count: u32, size: usize) -> Option<u8> {
        let overall = self.frequencies[term] as f32 / self.cases as f32;
        let here = (count as f32 + SMOOTHING * overall) / (size as f32 + SMOOTHING);
        let odds = (here / overall).ln();
        (count >= LEAST_CASES && odds >= LEAST_ODDS && term > 0).then(|| (odds * STEPS).min(255.0) as u8)
    }

    fn keep(&mut self, mut clear: Vec<(u32, u16, u8)>) {
        clear.sort_unstable();
        self.starts = vec![0; self.frequencies.len() + 1];
        for &(term, _, _) in &clear {
            self.starts[term as usize + 1] += 1;
        }
        for i in 1..self.starts.len() {
            self.starts[i] += self.starts[i - 1];
        }
        self.entries = clear.into_iter().map(|(_, product, odds)| (product, odds)).collect();
    }

    /// How many cases have a term on their card; 0 for a term that came later.
    pub fn frequency(&self, term: u32) -> u32 {
        self.frequencies.get(term as usize).copied().unwrap_or(0)
    }

    /// Rarity of a term: ln(cases / frequency); that of a term seen once for one that came later.
    #[inline]
    pub fn rarity(&self, term: u32) -> f32 {
        self.rarities.get(term as usize).copied().unwrap_or_else(|| (self.cases.max(1) as f32).ln())
    }

    /// The products that a term speaks for, each with its log-odds.
    pub fn products_of(&self, term: u32) -> impl Iterator<Item = (usize, f32)> {
        let term = term as usize;
        let range = match (self.starts.get(term), self.starts.get(term + 1)) {
            (Some(&start), Some(&end)) => start as usize..end as usize,
            _ => 0..0,
        };
        self.entries[range].iter().map(|&(product, odds)| (usize::from(product), f32::from(odds) / STEPS))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let mut out = Vec::with_capacity(self.frequencies.len() * 8 + self.entries.len() * 3);
        let mut number = |n: usize| out.extend_from_slice(&(n as u32).to_le_bytes());
        number(self.cases as usize);
        number(self.products.len());
        number(self.frequencies.len());
        number(self.entries.len());
        for (code, size) in self.products.iter().zip(&self.sizes) {
            out.extend_from_slice(&size.to_le_bytes());
            out.extend_from_slice(&(code.len() as u32).to_le_bytes());
            out.extend_from_slice(code.as_bytes());
        }
        self.frequencies.iter().chain(&self.starts).for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
        for (product, odds) in &self.entries {
            out.extend_from_slice(&product.to_le_bytes());
            out.push(*odds);
        }
        let mut file = std::fs::File::create(path)?;
        file.write_all(&out)?;
        file.sync_all()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or ends early.
    pub fn load(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.read_to_end(&mut bytes)?;
        Self::decode(&bytes)
            .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "associations are cut short"))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let cases = number(&mut rest)?;
        let (products, terms, entries) = (number(&mut rest)?, number(&mut rest)?, number(&mut rest)?);
        let mut learned = Self { cases, ..Self::default() };
        for _ in 0..products {
            learned.sizes.push(number(&mut rest)?);
            let length = number(&mut rest)? as usize;
            learned.products.push(String::from_utf8_lossy(rest.get(..length)?).into_owned());
            rest = rest.get(length..)?;
        }
        let mut numbers = |count: usize| -> Option<Vec<u32>> {
            let part = rest.get(..count * 4)?;
            rest = &rest[count * 4..];
            Some(part.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect())
        };
        learned.frequencies = numbers(terms as usize)?;
        learned.rarities = rarities(cases, &learned.frequencies);
        learned.starts = numbers(terms as usize + 1)?;
        let part = rest.get(..entries as usize * 3)?;
        learned.entries =
            part.as_chunks::<3>().0.iter().map(|b| (u16::from_le_bytes([b[0], b[1]]), b[2])).collect();
        Some(learned)
    }
}

/// Tells the terms of a card each once.
struct Seen {
    stamp: u32,
    last: Vec<u32>,
}

impl Seen {
    fn each_once(&mut self, cards: &[u8], offset: u64, mut visit: impl FnMut(usize)) {
        self.stamp += 1;
        for (term, _) in Card::at(cards, offset).sections().into_iter().flatten() {
            if let Some(last) = self.last.get_mut(term as usize).filter(|last| **last != self.stamp) {
                *last = self.stamp;
                visit(term as usize);
            }
        }
    }
}

fn rarities(cases: u32, frequencies: &[u32]) -> Vec<f32> {
    let all = (cases.max(1) as f32).ln();
    frequencies.iter().map(|&frequency| all - (frequency.max(1) as f32).ln()).collect()
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (first, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_le_bytes(*first))
}
