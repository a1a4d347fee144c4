//! Keys and tokens that are told by how they begin.

use super::label::is_called;
use super::letters::{Letters, is_word};
use super::{Find, Kind, Seen};

/// A family of access keys: how they begin, and how many letters follow at least and at most.
struct Family {
    prefix: &'static str,
    least: usize,
    most: usize,
    /// An id may show its end, so that people know which key is meant; a secret may not.
    shown: usize,
}

const FAMILIES: [Family; 16] = [
    Family { prefix: "AKIA", least: 16, most: 16, shown: 4 },
    Family { prefix: "ASIA", least: 16, most: 16, shown: 4 },
    Family { prefix: "LTAI", least: 12, most: 26, shown: 4 },
    Family { prefix: "AKID", least: 13, most: 40, shown: 4 },
    Family { prefix: "AKLT", least: 20, most: 60, shown: 4 },
    Family { prefix: "STS.", least: 20, most: 200, shown: 0 },
    Family { prefix: "sk-", least: 20, most: 200, shown: 0 },
    Family { prefix: "ghp_", least: 36, most: 255, shown: 0 },
    Family { prefix: "gho_", least: 36, most: 255, shown: 0 },
    Family { prefix: "ghu_", least: 36, most: 255, shown: 0 },
    Family { prefix: "ghs_", least: 36, most: 255, shown: 0 },
    Family { prefix: "ghr_", least: 36, most: 255, shown: 0 },
    Family { prefix: "github_pat_", least: 22, most: 255, shown: 0 },
    Family { prefix: "glpat-", least: 20, most: 255, shown: 0 },
    Family { prefix: "AIza", least: 35, most: 35, shown: 0 },
    Family { prefix: "xoxb-", least: 20, most: 255, shown: 0 },
];
/// Words after `Bearer` that are shorter and have no digit are words.
const LEAST_TOKEN: usize = 20;
/// Letters between `-----BEGIN` and the end of that line.
const MOST_BEGIN: usize = 48;
/// A line of a key that was cut off is at least so long; shorter words are what follows it.
const LEAST_KEY_LINE: usize = 24;

/// An access key that begins here.
pub(super) fn access_key(letters: &Letters, at: usize, _floor: usize) -> Seen {
    let begun = |family: &&Family| {
        letters.slice(at..at + family.prefix.len()).iter().copied().eq(family.prefix.chars())
    };
    let Some(family) = FAMILIES.iter().find(begun) else { return Seen::Nothing };
    let start = at + family.prefix.len();
    let end = letters.run(start, family.most + 1, |c| is_word(c) || (c == '-' && family.shown == 0));
    let fits = (family.least..=family.most).contains(&(end - start)) && !letters.masked_after(end);
    if !fits || !letters.slice(start..end).iter().any(char::is_ascii_digit) {
        return Seen::Nothing;
    }
    Find::keeping(Kind::AccessKey, at..end, family.prefix.len(), family.shown)
}

/// A JSON web token that begins here.
pub(super) fn token(letters: &Letters, at: usize, _floor: usize) -> Seen {
    if letters.slice(at..at + 3) != ['e', 'y', 'J'] {
        return Seen::Nothing;
    }
    let is_base64 = |c: char| is_word(c) || c == '-';
    let head = letters.run(at, usize::MAX, is_base64);
    let body = letters.run(head + 1, usize::MAX, is_base64);
    if letters.get(head) != '.' || head - at < 10 || body - head < 10 {
        return Seen::Nothing;
    }
    // An encrypted one has five parts, an unsigned one two.
    let end = letters.run(body, usize::MAX, |c| is_base64(c) || c == '.');
    Find::keeping(Kind::Token, at..end, 3, 0)
}

/// The token after `Bearer`, or after `Authorization: Basic`.
pub(super) fn bearer(letters: &Letters, at: usize, floor: usize) -> Seen {
    let basic = letters.says(at, "basic ") && is_called(letters, at, floor, &["authorization"]);
    let label = match basic {
        true => "basic ".len(),
        false if letters.says(at, "bearer ") => "bearer ".len(),
        false => return Seen::Nothing,
    };
    let start = letters.run(at + label, 2, |c| c == ' ');
    if letters.masked_after(start) {
        return Seen::Covered(start + super::MASK.len());
    }
    let end =
        letters.run(start, usize::MAX, |c| is_word(c) || matches!(c, '-' | '.' | '~' | '+' | '/' | '='));
    let value = letters.slice(start..end);
    let fits =
        value.len() >= 8 && (basic || value.len() >= LEAST_TOKEN || value.iter().any(char::is_ascii_digit));
    if fits { Find::all(Kind::Token, start..end) } else { Seen::Nothing }
}

/// A private key in PEM form that begins here. Where its end is missing, all that may belong to it goes.
pub(super) fn private_key(letters: &Letters, at: usize, _floor: usize) -> Seen {
    if letters.before(at) == '-' || !letters.says(at, "-----begin ") {
        return Seen::Nothing;
    }
    let kind = at + "-----begin ".len();
    let start = letters.run(kind, MOST_BEGIN, |c| c.is_ascii_alphanumeric() || c == ' ');
    if !letters.said_before(start, "private key") || !letters.says(start, "-----") {
        return Seen::Nothing;
    }
    let start = start + "-----".len();
    if letters.masked_after(start) {
        return Seen::Covered(start + super::MASK.len());
    }
    let end = key_end(letters, start);
    if end == start { Seen::Nothing } else { Find::all(Kind::PrivateKey, start..end) }
}

/// Where a key ends: at its end mark, or, where that is missing, with the last line that looks like one of a key.
fn key_end(letters: &Letters, start: usize) -> usize {
    let mut mark = start;
    while is_key(letters.get(mark)) && !letters.says(mark, "-----") {
        mark += 1;
    }
    if letters.says(mark, "-----end") {
        return mark;
    }
    let mut end = start;
    loop {
        let line = letters.run(end, 4, |c| c.is_whitespace());
        let after = letters
            .run(line, usize::MAX, |c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\\'));
        if after - line < LEAST_KEY_LINE {
            return end;
        }
        end = after;
    }
}

/// Letters of a key's lines and headers, also where it is quoted or its line ends are written as `\n`.
fn is_key(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || letter.is_ascii_whitespace()
        || matches!(letter, '+' | '/' | '=' | '\\' | '"' | '\'' | '>' | ':' | ',' | '-' | '.')
}
