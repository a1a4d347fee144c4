//! Personal data and secrets in a text, found and covered.
//!
//! A mask keeps the shape of what it covers and needs no words, so it reads the same in every language: `138****8000`,
//! `z****@example.com`, `password=****`, `LTAI****9Qxz`. Four stars are the mark of a mask. What engineers need is left
//! alone: ids of instances and requests, addresses of machines, order numbers, error codes, versions, times, hotlines.
//!
//! A text is read once, left to right; at each letter the detectors are asked in turn, and what one of them takes is not
//! looked at again. Every detector does a bounded amount of work at a letter, or takes the letters that it has read.

mod account;
mod address;
mod json;
mod key;
mod label;
mod letters;
mod number;
mod secret;
#[cfg(test)]
mod tests;
mod value;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use letters::{Letters, is_word};

pub use json::mask_json;

/// The mark of a mask. Markdown sets three stars at most beside a word, so it is not mistaken for emphasis.
const MASK: &str = "****";

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Mobile phone of the mainland.
    Phone,
    /// Landline with its area code.
    Landline,
    /// Resident identity card, of 18 or of 15 digits.
    IdentityCard,
    /// Bank card.
    BankCard,
    /// Passport number after its label.
    Passport,
    /// E-mail address.
    Email,
    /// Access key of a cloud or another service, its id or its secret.
    AccessKey,
    /// Private key in PEM form.
    PrivateKey,
    /// Bearer token, JSON web token.
    Token,
    /// Password after its label or in a connection string.
    Password,
}

/// One find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Where it stands in the original, in bytes, on letter boundaries.
    pub range: Range<usize>,
}

/// A text that may be logged, indexed and sent on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masked {
    /// The text with every find covered.
    pub text: String,
    /// The finds, in order, none overlapping.
    pub found: Vec<Found>,
}

/// Covers personal data and secrets. Never fails; masking what is masked changes nothing; takes time in proportion to
/// the length of the text.
pub fn mask(text: &str) -> Masked {
    let letters = Letters::of(text);
    let mut masked = Masked { text: String::with_capacity(text.len()), found: Vec::new() };
    let (mut at, mut written, mut floor) = (0, 0, 0);
    while at < letters.len() {
        match detect(&letters, at, floor) {
            Seen::Nothing => {
                at += 1;
                continue;
            }
            Seen::Covered(end) => at = end,
            Seen::Find(find) => {
                masked.text.push_str(letters.original(written..find.hidden.start));
                masked.text.push_str(MASK);
                masked.remember(find.kind, letters.bytes(find.whole));
                // What stays visible is read on, as it will be when the masked text is masked again.
                (at, written) = (find.hidden.end, find.hidden.end);
            }
        }
        floor = at;
    }
    masked.text.push_str(letters.original(written..letters.len()));
    masked
}

impl Masked {
    /// Adds a find, which may begin in the visible end of the one before.
    fn remember(&mut self, kind: Kind, range: Range<usize>) {
        if let Some(last) = self.found.last_mut() {
            last.range.end = last.range.end.min(range.start);
        }
        self.found.push(Found { kind, range });
    }
}

/// What a detector says about a place.
enum Seen {
    /// Nothing that begins here.
    Nothing,
    /// Something that is masked already, up to this letter.
    Covered(usize),
    /// A find.
    Find(Find),
}

/// A find, in letters.
struct Find {
    kind: Kind,
    /// All of it.
    whole: Range<usize>,
    /// What the mask replaces; lies within.
    hidden: Range<usize>,
}

impl Find {
    /// A find of which all but the first and last letters are hidden.
    fn keeping(kind: Kind, whole: Range<usize>, first: usize, last: usize) -> Seen {
        let hidden = whole.start + first..whole.end.saturating_sub(last);
        if hidden.is_empty() { Self::all(kind, whole) } else { Seen::Find(Self { kind, whole, hidden }) }
    }

    /// A find that is hidden as a whole.
    fn all(kind: Kind, whole: Range<usize>) -> Seen {
        Seen::Find(Self { kind, hidden: whole.clone(), whole })
    }
}

/// What begins at a letter. Labels that stand before `floor` belong to something else.
fn detect(letters: &Letters, at: usize, floor: usize) -> Seen {
    let letter = letters.get(at);
    // Only labels may stand within a word; most letters end here.
    let begins = !is_word(letters.before(at)) && !letters.masked_before(at);
    let detectors: &[Detector] = match letter {
        '0'..='9' if begins => &[address::email, number::detect],
        '(' | '+' if begins => &[number::detect],
        '-' => &[key::private_key, secret::command_option],
        ':' => &[account::in_address],
        'a'..='z' | 'A'..='Z' if begins => WORDS,
        '_' if begins => &[account::detect, address::email],
        'a'..='z' | 'A'..='Z' | '密' | '口' => &[secret::labelled],
        _ => &[],
    };
    for detector in detectors {
        match detector(letters, at, floor) {
            Seen::Nothing => {}
            seen => return seen,
        }
    }
    Seen::Nothing
}

/// Looks at a place, given where the last find ended.
type Detector = fn(&Letters, usize, usize) -> Seen;

/// What may begin as a word does.
const WORDS: &[Detector] = &[
    key::token,
    key::bearer,
    key::access_key,
    number::passport,
    secret::labelled,
    account::detect,
    address::email,
];
