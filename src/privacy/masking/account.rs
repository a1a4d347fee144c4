//! Passwords in addresses: `mysql://name:password@host`, `name:password@host:3306`.

use super::letters::{Letters, is_word};
use super::value::{holds_mask, is_placeholder};
use super::{Find, Kind, Seen};

/// Longest part before the host.
const MOST: usize = 256;
const MOST_NAME: usize = 64;
/// Keys with a token instead of a name and a password are at least so long.
const LEAST_TOKEN: usize = 20;
/// What stands before a colon without being somebody's name.
const NO_NAMES: [&str; 16] = [
    "mail", "email", "e-mail", "mailto", "to", "from", "cc", "bcc", "sip", "ssh", "host", "user", "login",
    "address", "url", "server",
];

/// The password after `://`, where this colon begins it.
pub(super) fn in_address(letters: &Letters, at: usize, _floor: usize) -> Seen {
    if !letters.says(at, "://") || !is_word(letters.before(at)) {
        return Seen::Nothing;
    }
    let start = at + 3;
    let end = letters.run(start, MOST, |c| c.is_ascii_graphic() && !matches!(c, '/' | '?' | '#' | '"' | '<'));
    let Some(host) = last(letters, start, end, '@').filter(|&host| is_label(letters.get(host + 1))) else {
        return Seen::Nothing;
    };
    match letters.slice(start..host).iter().position(|&c| c == ':') {
        Some(colon) => password(letters, start + colon + 1, host),
        None if host - start >= LEAST_TOKEN => Find::all(Kind::Token, start..host),
        None => Seen::Nothing,
    }
}

/// A name, its password and a host without a scheme.
pub(super) fn detect(letters: &Letters, at: usize, _floor: usize) -> Seen {
    let joined = matches!(letters.before(at), '.' | '-') && is_word(letters.before(at.saturating_sub(1)));
    if joined || letters.before(at) == '@' {
        return Seen::Nothing;
    }
    let name = letters.run(at, MOST_NAME, |c| is_word(c) || matches!(c, '.' | '-'));
    if letters.get(name) != ':'
        || NO_NAMES.iter().any(|&word| name - at == word.len() && letters.says(at, word))
    {
        return Seen::Nothing;
    }
    // Up to the next colon first: this way, no letter is read again and again.
    let first = letters.run(name + 1, MOST, |c| is_password(c) && !matches!(c, '@' | ':'));
    if first == name + 1 || letters.get(first) != '@' {
        return Seen::Nothing;
    }
    let end = letters.run(first, MOST, is_password);
    match last(letters, first, end, '@').filter(|&host| is_host(letters, host + 1)) {
        Some(host) => password(letters, name + 1, host),
        None => Seen::Nothing,
    }
}

fn password(letters: &Letters, start: usize, end: usize) -> Seen {
    if letters.masked_after(start) && end == start + super::MASK.len() {
        return Seen::Covered(end);
    }
    let text = letters.slice(start..end);
    if text.is_empty() || holds_mask(text) || is_placeholder(text) {
        return Seen::Nothing;
    }
    Find::all(Kind::Password, start..end)
}

fn is_password(letter: char) -> bool {
    letter.is_ascii_graphic() && !matches!(letter, '/' | '"' | '\'' | '<' | '>' | ',' | '\\' | '(' | ')')
}

/// Whether a host stands here for sure: it has dots, a port, a path or brackets, or it is this machine.
fn is_host(letters: &Letters, at: usize) -> bool {
    let end = letters.run(at, MOST, |c| is_word(c) || matches!(c, '.' | '-'));
    let dotted = letters.slice(at..end).contains(&'.');
    let followed = match letters.get(end) {
        ':' => letters.get(end + 1).is_ascii_digit(),
        letter => matches!(letter, '/' | '('),
    };
    let digest = letters.says(at, "sha256") || letters.says(at, "sha512");
    is_label(letters.get(at)) && !digest && (dotted || followed || letters.says(at, "localhost"))
}

fn is_label(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '['
}

fn last(letters: &Letters, start: usize, end: usize, wanted: char) -> Option<usize> {
    letters.slice(start..end).iter().rposition(|&letter| letter == wanted).map(|at| start + at)
}
