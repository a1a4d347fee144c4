//! E-mail addresses.

use super::letters::{Letters, is_word};
use super::{Find, Kind, Seen};

/// Longest part before the `@` (RFC 5321).
const MOST_LOCAL: usize = 64;
/// Longest domain.
const MOST_DOMAIN: usize = 253;
/// Names of machines' accounts: `root@host` is where somebody is signed in, not how to write to them.
const LOGINS: [&str; 8] = ["root", "git", "ubuntu", "centos", "debian", "ec2-user", "ecs-user", "hadoop"];
/// File names such as `logo@2x.png` look like addresses.
const PICTURES: [&str; 6] = ["png", "jpg", "jpeg", "gif", "svg", "webp"];

/// An address that begins here.
pub(super) fn email(letters: &Letters, at: usize, _floor: usize) -> Seen {
    if !begins(letters, at) {
        return Seen::Nothing;
    }
    let local = letters.run(at, MOST_LOCAL + 1, is_local);
    if local == at
        || letters.get(local) != '@'
        || LOGINS.iter().any(|&login| is_exactly(letters, at, local, login))
    {
        return Seen::Nothing;
    }
    match domain(letters, local + 1) {
        Some(end) => {
            let hidden = at + usize::from(local - at > 1)..local;
            Seen::Find(Find { kind: Kind::Email, whole: at..end, hidden })
        }
        None => Seen::Nothing,
    }
}

/// Where the domain that begins here ends: two labels at least, the last of letters; what follows it does not count.
fn domain(letters: &Letters, start: usize) -> Option<usize> {
    let (mut label, mut found) = (start, None);
    loop {
        let end = letters.run(label, MOST_DOMAIN, is_label);
        if label > start {
            found = top_label(letters, label, end).or(found);
        }
        let goes_on = end > label && letters.get(end) == '.' && is_label(letters.get(end + 1));
        if !goes_on || end - start > MOST_DOMAIN {
            return found;
        }
        label = end + 1;
    }
}

/// The end of the label if it is of letters, as names of countries and the like are.
fn top_label(letters: &Letters, label: usize, end: usize) -> Option<usize> {
    let top = letters.run(label, MOST_DOMAIN, |c| c.is_ascii_alphabetic());
    let ended = (top == end && !letters.masked_after(end)) || letters.get(top) == '-';
    let picture = PICTURES.iter().any(|&kind| is_exactly(letters, label, top, kind));
    (top - label >= 2 && ended && !picture).then_some(top)
}

fn begins(letters: &Letters, at: usize) -> bool {
    let before = letters.before(at);
    let joined = is_local(before) && at >= 2 && {
        let further = letters.before(at - 1);
        is_word(further) || letters.masked_before(at - 1)
    };
    before != '@' && !joined
}

fn is_exactly(letters: &Letters, start: usize, end: usize, word: &str) -> bool {
    end - start == word.len() && letters.says(start, word)
}

fn is_local(letter: char) -> bool {
    is_word(letter) || matches!(letter, '.' | '-' | '+' | '%')
}

fn is_label(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-'
}
