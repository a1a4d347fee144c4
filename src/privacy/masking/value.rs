//! Whether what stands after a label is a secret: not a placeholder, a word about passwords, a length or code.

use super::letters::{Letters, is_word};

/// Values that say something about a password instead of being one.
const NO_VALUES: [&str; 50] = [
    "str",
    "bytes",
    "char",
    "object",
    "any",
    "nopass",
    "yes",
    "no",
    "true",
    "false",
    "null",
    "none",
    "nil",
    "empty",
    "required",
    "optional",
    "expired",
    "incorrect",
    "invalid",
    "wrong",
    "string",
    "text",
    "password",
    "passwd",
    "pwd",
    "secret",
    "authentication",
    "permission",
    "access",
    "error",
    "failed",
    "failure",
    "denied",
    "reset",
    "change",
    "changed",
    "policy",
    "not",
    "must",
    "and",
    "or",
    "the",
    "a",
    "for",
    "mysql",
    "root@localhost",
    "default",
    "undefined",
    "varchar",
    "input",
];
/// What values of programs begin with: names of variables, not secrets.
const REFERENCES: [&str; 9] =
    ["convertto-", "os.", "process.", "self.", "this.", "request.", "config.", "settings.", "env."];
/// Letters before digits that make a name of a product or a code, not a password.
const NAMES: [&str; 29] = [
    "mysql",
    "windows",
    "win",
    "server",
    "sqlserver",
    "centos",
    "ubuntu",
    "debian",
    "linux",
    "redis",
    "postgresql",
    "mongodb",
    "oracle",
    "office",
    "python",
    "java",
    "jdk",
    "php",
    "node",
    "tomcat",
    "nginx",
    "error",
    "code",
    "ora",
    "kb",
    "sha",
    "aes",
    "rsa",
    "http",
];
/// After a number these make it a length or a count.
const COUNTERS: &str = "位个字条次天年月日小分秒种级台元倍号";
/// Values longer than this are never taken for words.
pub(super) const MOST_WORD: usize = 64;
/// What parts a label from its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// An equals sign: what follows is a value.
    Assigned,
    /// A colon, a verb: what follows is a value, unless a sentence goes on.
    Said,
    /// Nothing or spaces: what follows may be anything.
    Loose,
}

/// Whether the letters of a range are a password.
pub(super) fn is_password(letters: &Letters, start: usize, end: usize, link: Link, quoted: bool) -> bool {
    let text = letters.slice(start..end);
    if text.len() > MOST_WORD {
        return link != Link::Loose;
    }
    if link == Link::Loose && !is_strong(text) {
        return false;
    }
    if text.len() < 3 || is_placeholder(text) || is_reference(text) || is_word_of(text, &NO_VALUES) {
        return false;
    }
    if COUNTERS.contains(letters.get(letters.run(end, 1, |c| c == ' '))) && is_count(text) {
        return false;
    }
    match link {
        Link::Assigned => true,
        Link::Said => quoted || !is_prose(letters, text, end),
        Link::Loose => true,
    }
}

/// Whether something within is masked already.
pub(super) fn holds_mask(text: &[char]) -> bool {
    text.windows(super::MASK.len()).any(|letters| letters == ['*'; super::MASK.len()])
}

/// What documents write where a value belongs, and what has no letter or digit at all.
pub(super) fn is_placeholder(text: &[char]) -> bool {
    let text: String = text.iter().take(MOST_WORD + 1).collect::<String>().to_ascii_lowercase();
    let within = |open: &str, close: &str| text.starts_with(open) && text.ends_with(close);
    let variable = text.strip_prefix('$').is_some_and(|name| name.chars().all(is_word));
    within("<", ">")
        || text.starts_with('<')
        || text.starts_with("${")
        || text.starts_with("$(")
        || text.starts_with('{')
        || text.starts_with('[')
        || (within("%", "%") && text.len() > 2)
        || variable
        || text.starts_with("your")
        || text.chars().all(|c| matches!(c, 'x' | '.' | '-' | '_') || !c.is_ascii_alphanumeric())
}

/// Links, paths, calls and variables of programs.
fn is_reference(text: &[char]) -> bool {
    let text: String = text.iter().collect::<String>().to_ascii_lowercase();
    let called =
        text.strip_suffix(['(', '[']).is_some_and(|name| name.chars().all(|c| is_word(c) || c == '.'));
    called || text.contains("://") || text.starts_with('/') || REFERENCES.iter().any(|r| text.starts_with(r))
}

fn is_word_of(text: &[char], words: &[&str]) -> bool {
    let text: String = text.iter().collect::<String>().to_ascii_lowercase();
    words.contains(&text.as_str())
}

/// Numbers and what joins two of them.
fn is_count(text: &[char]) -> bool {
    text.iter().all(|&c| c.is_ascii_digit() || matches!(c, '-' | '~' | '.'))
}

/// Whether a value of letters alone is the first word of an English sentence.
fn is_prose(letters: &Letters, text: &[char], end: usize) -> bool {
    let next = letters.run(end + 1, 24, |c| c.is_ascii_lowercase());
    let another_word = letters.get(end) == ' ' && next > end + 1 && !matches!(letters.get(next), ':' | '=');
    another_word && text.iter().all(char::is_ascii_alphabetic)
}

/// Whether a value looks like a password though nothing announces it.
fn is_strong(text: &[char]) -> bool {
    let text = match text.iter().rposition(|c| !matches!(c, '!' | '?')) {
        Some(last) => &text[..=last],
        None => return false,
    };
    let digits = text.iter().filter(|c| c.is_ascii_digit()).count();
    let first = text.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let symbols = text.iter().any(|c| matches!(c, '!' | '@' | '#' | '$' | '%' | '^' | '&' | '*' | '~'));
    let dotted = text.contains(&'.');
    if text.len() < 6 || dotted || !text[0].is_ascii_alphanumeric() {
        return false;
    }
    if digits == text.len() {
        return text.len() <= 16;
    }
    let plain = text.iter().all(char::is_ascii_alphanumeric);
    (symbols && digits + first > 0)
        || (plain && digits >= 3 && first > 0 && !is_word_of(&text[..first], &NAMES))
}

/// Whether a value is long and mixed, as keys are.
pub(super) fn is_random(text: &[char]) -> bool {
    let known = text.iter().all(|&c| is_word(c) || matches!(c, '+' | '/' | '=' | '-' | '.'));
    let mixed = text.iter().any(char::is_ascii_digit) && text.iter().any(char::is_ascii_alphabetic);
    text.len() > MOST_WORD || (text.len() >= 16 && known && mixed)
}
