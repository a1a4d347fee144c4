//! Asks the titles of cases as they are: the least that a search must do is to find a case by its own title.

use std::collections::HashSet;

use crate::analyzer::normalize::fold;
use crate::retrieval::search::{Context, Engine, SearchError};

/// Where the sample begins: fixed, so that the same index gives the same sample.
const SEED: u64 = 20_261_120;

/// What came of asking titles.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Titles {
    /// Titles asked.
    pub asked: u64,
    /// Of those, the first hit is the case, or has the very same title.
    pub first: u64,
}

/// Asks the titles of `count` different cases, or of all where there are fewer. `watch` is told how many are done.
///
/// # Errors
/// The index cannot be read.
pub fn measure(engine: &Engine, count: usize, watch: &mut dyn FnMut(u64)) -> Result<Titles, SearchError> {
    let reader = engine.reader();
    let (mut titles, mut asked) = (Titles::default(), HashSet::new());
    for row in sample(reader.commit().rows, SEED) {
        if titles.asked as usize == count {
            break;
        }
        // A row that was replaced since still has its card, and so a case may come twice.
        let id = reader.card(row).id().filter(|id| asked.insert(id.clone()));
        let Some(case) = id.map(|id| engine.case(&id)).transpose()?.flatten() else { continue };
        let found = engine.search(&case.title, &Context::default(), 1)?;
        let same = |title: &str| fold(title) == fold(&case.title);
        titles.first += u64::from(found.hits.iter().any(|hit| hit.id == case.id || same(&hit.title)));
        titles.asked += 1;
        watch(titles.asked);
    }
    Ok(titles)
}

/// All numbers below `end` in an order that looks random: SplitMix64 drawn without repetition.
pub(super) fn sample(end: u64, seed: u64) -> impl Iterator<Item = u64> {
    let (mut state, mut seen) = (seed, HashSet::new());
    std::iter::from_fn(move || {
        while (seen.len() as u64) < end {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let drawn = (z ^ (z >> 31)) % end;
            if seen.insert(drawn) {
                return Some(drawn);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_every_number_once_and_is_the_same_each_time() {
        let drawn: Vec<u64> = sample(100, SEED).collect();
        assert_eq!(drawn, sample(100, SEED).collect::<Vec<_>>());
        assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), 100);
        assert_eq!(sample(0, SEED).count(), 0);
    }
}
