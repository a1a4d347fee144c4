//! Identifiers: kept whole and findable by their parts.
//!
//! `InvalidParameter.Format` gives the whole, `invalidparameter`, `invalid`, `parameter` and `format`; `PPR-9087` also
//! `ppr9087`, because people leave the hyphen out. What is letters only is stemmed (Porter2, snowballstem.org).

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};

use super::script::is_connector;

/// Longest token that is kept, in bytes. What is longer (keys, base64) decides nothing and would swell the index.
pub const MAX_TOKEN: usize = 64;

/// How a piece stands to the run that it was cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The run as it stands, or one plain word.
    Whole,
    /// The run without its connectors.
    Joined,
    /// A part between connectors, or between humps.
    Part,
}

/// Cuts one ASCII run, in its original case, into pieces: lower-cased, words stemmed, whole first.
///
/// `emit` gets the piece, its kind, and the number of the part that it begins at (0 for the first), for positions.
/// Returns how many parts the run has.
pub fn pieces(run: &str, emit: &mut dyn FnMut(&str, Piece, u32)) -> u32 {
    let lower = run.to_ascii_lowercase();
    if lower.len() <= MAX_TOKEN {
        // Stemmed even with humps: typed without them (`runinstances`) it is a plain word, and must meet this.
        emit(&stem(&lower), Piece::Whole, 0);
        if lower.contains('-') {
            emit(&stem(&lower.replace(is_connector, "")), Piece::Joined, 0);
        }
    }
    if is_plain(run) {
        return 1;
    }
    let mut count = 0;
    for section in run.split(is_connector).filter(|s| !s.is_empty()) {
        let humps: Vec<&str> = humps(section).collect();
        if humps.len() > 1 && section.len() < run.len() && section.len() <= MAX_TOKEN {
            emit(&stem(&section.to_ascii_lowercase()), Piece::Joined, count);
        }
        for hump in humps {
            if hump.len() <= MAX_TOKEN {
                emit(&stem(&hump.to_ascii_lowercase()), Piece::Part, count);
            }
            count += 1;
        }
    }
    count
}

/// The stem of an English word; identifiers, numbers and short words stay as they are.
pub fn stem(word: &str) -> Cow<'_, str> {
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Cow::Borrowed(word);
    }
    thread_local!(static ENGLISH: Stemmer = Stemmer::create(Algorithm::English));
    ENGLISH.with(|s| Cow::Owned(s.stem(word).into_owned()))
}

/// Whether a run is one plain word or number, with neither connectors nor humps.
pub fn is_plain(run: &str) -> bool {
    !run.contains(is_connector) && humps(run).nth(1).is_none()
}

/// Cuts at camel humps and between a word and a number: `RunInstances`, `HTTPServer`, `mysql57`, not `i5` or `utf8mb4`.
fn humps(section: &str) -> impl Iterator<Item = &str> {
    let bytes = section.as_bytes();
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= bytes.len() {
            return None;
        }
        let end = (start + 1..bytes.len()).find(|&i| cuts_before(bytes, start, i)).unwrap_or(bytes.len());
        let hump = &section[start..end];
        start = end;
        Some(hump)
    })
}

fn cuts_before(bytes: &[u8], start: usize, i: usize) -> bool {
    let (before, here) = (bytes[i - 1], bytes[i]);
    let next_lower = bytes.get(i + 1).is_some_and(u8::is_ascii_lowercase);
    if here.is_ascii_uppercase() {
        return before.is_ascii_lowercase() || (before.is_ascii_uppercase() && next_lower);
    }
    // A number cuts where it ends the word and the word has at least two letters.
    here.is_ascii_digit()
        && before.is_ascii_alphabetic()
        && i - start >= 2
        && bytes[i..].iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(run: &str) -> Vec<String> {
        let mut out = Vec::new();
        pieces(run, &mut |p, _, _| out.push(p.to_owned()));
        out
    }

    #[test]
    fn whole_and_parts() {
        assert_eq!(of("PPR-9087"), ["ppr-9087", "ppr9087", "ppr", "9087"]);
        assert_eq!(of("kube-proxy"), ["kube-proxy", "kubeproxi", "kube", "proxi"]);
        assert_eq!(of("10.0.0.1"), ["10.0.0.1", "10", "0", "0", "1"]);
        assert_eq!(
            of("InvalidParameter.Format"),
            ["invalidparameter.format", "invalidparamet", "invalid", "paramet", "format"]
        );
        assert_eq!(of("HTTPServer"), ["httpserver", "http", "server"]);
        assert_eq!(of("mysql57"), ["mysql57", "mysql", "57"]);
        assert_eq!(of("instances"), ["instanc"]);
        assert_eq!(of("i-bp1a2b3c"), ["i-bp1a2b3c", "ibp1a2b3c", "i", "bp1a2b3c"]);
    }
}
