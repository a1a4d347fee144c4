//! Facts that a message states: instances, regions, systems, errors, times, versions. By patterns; nothing is guessed.
//!
//! Start at [`extract`]. What has a code gets it (华北2 is `cn-beijing`); the rest stays as it was said.

mod fault;
mod instance;
mod region;
mod since;
mod system;
mod version;

use super::{Slot, Slots};
use crate::analyzer::normalize::unify_into;

/// Bytes of a message in which facts are looked for; what comes after is a pasted log.
const LOOKED_AT: usize = 4000;

/// The facts of a message. Total: any text has some or none.
pub fn extract(text: &str) -> Slots {
    let said = Said::of(text);
    let system = system::find(&said);
    let found = [
        (Slot::Instance, instance::find(&said)),
        (Slot::Request, instance::find_request(&said)),
        (Slot::Region, region::find(&said)),
        (Slot::System, system.as_ref().map(|system| system.name.clone())),
        (Slot::Error, fault::find(&said)),
        (Slot::Since, since::find(&said)),
        (Slot::Version, version::find(&said, system.as_ref().map(|system| system.range.clone()))),
        (Slot::Edition, version::find_edition(&said)),
    ];
    found.into_iter().filter_map(|(slot, fact)| Some((slot, fact?))).collect()
}

/// A message as it was said, and its lower case byte for byte.
struct Said {
    /// Half width, simplified, with the case of letters.
    text: String,
    /// The same in lower case (ASCII only, so that places are the same).
    lower: String,
}

impl Said {
    fn of(text: &str) -> Self {
        let mut said = String::with_capacity(text.len().min(LOOKED_AT));
        unify_into(&text[..text.floor_char_boundary(LOOKED_AT)], &mut said);
        Self { lower: said.to_ascii_lowercase(), text: said }
    }

    /// Words of letters, digits and what joins them, with where they begin.
    fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at + self.text[at..].find(|c: char| c.is_ascii_alphanumeric())?;
            let rest = &self.text[start..];
            let end = rest.find(|c: char| !joins(c)).unwrap_or(rest.len());
            at = start + end;
            Some((start, rest[..end].trim_end_matches(['.', '-', '_'])))
        })
    }

    /// Places of a lower-case phrase; one that begins or ends with a letter only where a word does.
    fn places<'a>(&'a self, phrase: &'a str) -> impl Iterator<Item = usize> + 'a {
        let letter = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic());
        let bytes = self.lower.as_bytes();
        self.lower.match_indices(phrase).map(|(at, _)| at).filter(move |&at| {
            let cut = letter(phrase.bytes().next()) && at > 0 && letter(bytes.get(at - 1).copied());
            let goes_on = letter(phrase.bytes().last()) && letter(bytes.get(at + phrase.len()).copied());
            !cut && !goes_on
        })
    }
}

fn joins(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

#[cfg(test)]
mod tests;
