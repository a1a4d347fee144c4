//! Cases that say the same: exactly, once written forms are folded, or nearly.
//!
//! Near duplicates are found by one-permutation MinHash (Li, Owen, Zhang: One Permutation Hashing, 2012) over 4-grams of
//! the folded text, empty bins filled by optimal densification (Shrivastava, 2017), eight bits kept of each minimum
//! (Li, König: b-Bit Minwise Hashing, 2010), and candidates from bands of the signature (locality-sensitive hashing).
//! Each case costs 128 bytes of signature, so that all of a large knowledge base fits in memory beside its ids.

use std::collections::HashMap;

use crate::analyzer::normalize::fold_into;
use crate::id::CaseId;
use crate::kb::case::Case;

/// Bins of a signature: the standard error of a similarity of 0.9 is sqrt(0.9 · 0.1 / 128) = 0.027.
const BINS: usize = 128;
/// Bins in a band, and bands used: a pair at 0.9 is seen with probability 1 - (1 - 0.9^8)^10 = 0.996.
const BAND: usize = 8;
const BANDS: usize = 10;
/// Estimated similarity from which two cases are near duplicates.
const NEAR: f32 = 0.9;
/// Different grams below which a text is too short for an estimate: only exact duplicates are told.
const FEWEST_BINS: usize = 24;
/// Cases with the same band that are compared; boilerplate shared by more tells nothing.
const MOST_COMPARED: usize = 8;

/// How two cases are the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// The same letters and digits, whatever their width, case, script and punctuation.
    Exact,
    /// Nearly the same; the estimated Jaccard similarity of their 4-grams, 0.9 to 1.
    Near(f32),
}

/// What a case repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicate {
    /// The case that came first.
    pub of: CaseId,
    /// How it is repeated.
    pub kind: Kind,
}

/// Remembers cases and tells which of the later ones repeat an earlier one.
#[derive(Default)]
pub struct Duplicates {
    ids: Vec<CaseId>,
    exact: HashMap<u64, u32>,
    signatures: Vec<[u8; BINS]>,
    /// Number of the case for each signature; texts too short for one have none.
    signed: Vec<u32>,
    /// Open-addressed slots that hold signature numbers plus one; a slot's band is seen by its content.
    slots: Vec<u32>,
    used: usize,
    folded: String,
}

impl Duplicates {
    /// Remembers nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers a case, and tells the earlier one that it repeats. A repeated case is remembered under the first one.
    pub fn add(&mut self, case: &Case) -> Option<Duplicate> {
        self.folded.clear();
        fold_into(&case.title, &mut self.folded);
        self.folded.push(' ');
        fold_into(&case.body, &mut self.folded);
        let sketch = Sketch::of(&self.folded);
        if let Some(&first) = self.exact.get(&sketch.exact) {
            return Some(Duplicate { of: self.ids[first as usize].clone(), kind: Kind::Exact });
        }
        let near = sketch.signature.and_then(|signature| self.nearest(&signature));
        let number = self.ids.len() as u32;
        self.ids.push(case.id.clone());
        self.exact.insert(sketch.exact, number);
        if let Some(signature) = sketch.signature {
            self.remember(signature, number);
        }
        let (first, similarity) = near?;
        Some(Duplicate { of: self.ids[first as usize].clone(), kind: Kind::Near(similarity) })
    }

    fn nearest(&self, signature: &[u8; BINS]) -> Option<(u32, f32)> {
        let mut best: Option<(u32, f32)> = None;
        for band in 0..BANDS {
            for candidate in self.with_band(signature, band).take(MOST_COMPARED) {
                let similarity = similarity(signature, &self.signatures[candidate]);
                if similarity >= NEAR && best.is_none_or(|(_, most)| similarity > most) {
                    best = Some((self.signed[candidate], similarity));
                }
            }
        }
        best
    }

    /// Signatures that agree in a band.
    fn with_band<'a>(&'a self, signature: &'a [u8; BINS], band: usize) -> impl Iterator<Item = usize> + 'a {
        let wanted = band_of(signature, band);
        let occupied =
            self.slots_from(band_hash(wanted, band)).map_while(|slot| self.slots[slot].checked_sub(1));
        occupied
            .map(|number| number as usize)
            .filter(move |&number| band_of(&self.signatures[number], band) == wanted)
    }

    fn remember(&mut self, signature: [u8; BINS], case: u32) {
        self.signatures.push(signature);
        self.signed.push(case);
        // At most three slots in four are used, so that probing stays short and always ends.
        if (self.used + BANDS) * 4 > self.slots.len() * 3 {
            let size = (self.slots.len() * 2).max(1 << 10);
            // Freed before the larger one is made.
            self.slots = Vec::new();
            self.slots = vec![0; size];
            self.used = 0;
            (0..self.signatures.len()).for_each(|number| self.insert(number));
        } else {
            self.insert(self.signatures.len() - 1);
        }
    }

    fn insert(&mut self, number: usize) {
        for band in 0..BANDS {
            let signature = self.signatures[number];
            if self.with_band(&signature, band).nth(MOST_COMPARED - 1).is_some() {
                continue;
            }
            let hash = band_hash(band_of(&signature, band), band);
            let free = self.slots_from(hash).find(|&slot| self.slots[slot] == 0);
            if let Some(slot) = free {
                self.slots[slot] = number as u32 + 1;
                self.used += 1;
            }
        }
    }

    fn slots_from(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let size = self.slots.len();
        (0..size).map(move |step| (hash as usize + step) & (size - 1))
    }
}

fn band_of(signature: &[u8; BINS], band: usize) -> &[u8] {
    &signature[band * BAND..(band + 1) * BAND]
}

fn band_hash(band: &[u8], number: usize) -> u64 {
    band.iter().fold(number as u64 + 1, |hash, &byte| mix(hash ^ u64::from(byte)))
}

/// Share of equal bins, less what eight bits agree in by chance.
fn similarity(a: &[u8; BINS], b: &[u8; BINS]) -> f32 {
    let equal = a.iter().zip(b).filter(|(a, b)| a == b).count() as f32 / BINS as f32;
    const CHANCE: f32 = 1.0 / 256.0;
    (equal - CHANCE) / (1.0 - CHANCE)
}

/// What is kept of one text.
struct Sketch {
    exact: u64,
    signature: Option<[u8; BINS]>,
}

impl Sketch {
    /// Letters and digits alone count: no white space, no punctuation.
    fn of(folded: &str) -> Self {
        let mut bins = [u64::MAX; BINS];
        // Sixteen bits of each of the last four characters; rare characters beyond share their lower bits.
        let (mut gram, mut exact, mut length) = (0u64, 0u64, 0u32);
        for c in folded.chars().filter(|&c| counts(c)) {
            gram = gram << 16 | u64::from(c as u32 & 0xFFFF);
            exact = (exact ^ u64::from(c as u32)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
            length += 1;
            if length >= 4 {
                let hash = mix(gram);
                let bin = &mut bins[(hash >> 57) as usize];
                *bin = hash.min(*bin);
            }
        }
        Self { exact: mix(exact ^ u64::from(length)), signature: densify(&bins) }
    }
}

fn counts(c: char) -> bool {
    match c {
        '\0'..='\u{7f}' => c.is_ascii_alphanumeric(),
        '\u{4e00}'..='\u{9fff}' => true,
        _ => c.is_alphanumeric(),
    }
}

/// Each empty bin takes the minimum of another, chosen by its number alone and so alike in every text.
fn densify(bins: &[u64; BINS]) -> Option<[u8; BINS]> {
    if bins.iter().filter(|&&bin| bin != u64::MAX).count() < FEWEST_BINS {
        return None;
    }
    let mut signature = [0; BINS];
    for (at, byte) in signature.iter_mut().enumerate() {
        let (mut from, mut attempt) = (at, 0u64);
        // Ends: a fifth of the bins or more is full, and attempts reach every bin.
        while bins[from] == u64::MAX {
            attempt += 1;
            from = mix((at as u64) << 32 | attempt) as usize % BINS;
        }
        *byte = mix(bins[from]) as u8;
    }
    Some(signature)
}

/// Spreads every bit over all bits: the folded product of wyhash.
fn mix(value: u64) -> u64 {
    let product = u128::from(value ^ 0xA076_1D64_78BD_642F) * 0xE703_7ED1_A0B4_28DB_u128;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case(id: &str, title: &str, body: &str) -> Case {
        let record = json!({"id": id, "title": title, "body": body});
        serde_json::from_value(record).unwrap()
    }

    fn long(seed: u32) -> String {
        (0..600u32)
            .filter_map(|n| char::from_u32(0x4e00 + (mix(u64::from(seed * 10_000 + n)) % 3000) as u32))
            .collect()
    }

    #[test]
    fn written_forms_do_not_make_a_difference() {
        let mut seen = Duplicates::new();
        assert_eq!(seen.add(&case("a", "雲伺服器連不上", "檢查安全組，放行 22 端口。")), None);
        let again = seen.add(&case("b", "云伺服器连不上？", "检查安全组,放行２２端口")).unwrap();
        assert_eq!(again, Duplicate { of: CaseId::parse("a").unwrap(), kind: Kind::Exact });
        assert_eq!(seen.add(&case("c", "云伺服器连不上", "检查安全组，放行 23 端口。")), None);
    }

    #[test]
    fn nearly_the_same_is_told_and_different_is_not() {
        let mut seen = Duplicates::new();
        assert_eq!(seen.add(&case("a", "标题", &long(1))), None);
        assert_eq!(seen.add(&case("b", "标题", &long(2))), None);
        let near = seen.add(&case("c", "标题", &format!("{}再试一次", long(2)))).unwrap();
        assert_eq!(near.of.as_str(), "b");
        assert!(matches!(near.kind, Kind::Near(similarity) if similarity > 0.9));
        let half: String = long(1).chars().take(300).chain(long(3).chars().take(300)).collect();
        assert_eq!(seen.add(&case("d", "标题", &half)), None);
    }

    #[test]
    fn growing_forgets_nothing() {
        let mut seen = Duplicates::new();
        for n in 0..500 {
            assert_eq!(seen.add(&case(&format!("a{n}"), "标题", &long(n))), None);
        }
        for n in 0..500 {
            let again = seen.add(&case("b", "标题", &format!("{}又", long(n)))).unwrap();
            assert_eq!(again.of.as_str(), format!("a{n}"));
        }
    }
}
