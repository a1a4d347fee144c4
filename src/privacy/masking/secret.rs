//! Secrets after their label: `密码是 …`, `password=…`, `"AccessKeySecret": "…"`, `mysql -uroot -p…`.

use super::letters::{Letters, is_word};
use super::value::{Link, MOST_WORD, holds_mask, is_password, is_random};
use super::{Find, Kind, Seen};

/// Labels of passwords, in lower case, longer ones first where one begins as another.
const PASSWORDS: [&str; 9] =
    ["密码", "密碼", "口令", "password", "passwd", "passphrase", "passcode", "pwd", "mysql_pwd"];
/// Labels of secrets that are long and random.
const SECRETS: [&str; 19] = [
    "accesskeysecret",
    "access_key_secret",
    "accesskey_secret",
    "access-key-secret",
    "accesskey secret",
    "access key secret",
    "secretaccesskey",
    "secret_access_key",
    "secretkey",
    "secret_key",
    "secret-key",
    "client_secret",
    "clientsecret",
    "app_secret",
    "appsecret",
    "api_key",
    "apikey",
    "api-key",
    "密钥",
];
/// Labels of tokens.
const TOKENS: [&str; 4] = ["access_token", "accesstoken", "auth_token", "token"];
/// Words between a label and its value, longer ones first where one begins as another.
const VERBS: [&str; 34] = [
    "如下",
    "给你",
    "发你",
    "目前是",
    "现在是",
    "一直是",
    "都是",
    "确实是",
    "改成了",
    "改成",
    "改为了",
    "改为",
    "设置成了",
    "设置成",
    "设置为",
    "设成了",
    "设成",
    "设为",
    "重置成",
    "重置为",
    "换成了",
    "换成",
    "用的是",
    "填的是",
    "输入的是",
    "写的是",
    "就是",
    "应该是",
    "还是",
    "是",
    "为",
    "叫",
    "is ",
    "to ",
];
/// Before `token` these make it a place in a list, an id of a request or of a library.
const NO_TOKENS: [&str; 5] = ["client", "next", "page", "publickey", "continuation"];
/// How far before `-p` the name of the program is looked for.
const MOST_COMMAND: usize = 80;

/// The secret after a label that begins here.
pub(super) fn labelled(letters: &Letters, at: usize, _floor: usize) -> Seen {
    if !may_begin(letters, at) {
        return Seen::Nothing;
    }
    let tables: [(&[&str], Kind); 3] =
        [(&PASSWORDS, Kind::Password), (&SECRETS, Kind::AccessKey), (&TOKENS, Kind::Token)];
    for (words, kind) in tables {
        if let Some(word) = words.iter().find(|word| letters.says(at, word)) {
            let listed =
                kind == Kind::Token && NO_TOKENS.iter().any(|before| letters.said_before(at, before));
            return if listed {
                Seen::Nothing
            } else {
                value_after(letters, at + word.chars().count(), kind)
            };
        }
    }
    Seen::Nothing
}

/// Whether a label may begin here, by its first two letters: this is asked at nearly every letter of a text.
fn may_begin(letters: &Letters, at: usize) -> bool {
    let second = letters.get(at + 1).to_ascii_lowercase();
    match letters.get(at).to_ascii_lowercase() {
        '密' => matches!(second, '码' | '碼' | '钥'),
        '口' => second == '令',
        'p' => matches!(second, 'a' | 'w'),
        'm' => second == 'y',
        'a' => matches!(second, 'c' | 'p' | 'u'),
        's' => second == 'e',
        'c' => second == 'l',
        't' => second == 'o',
        _ => false,
    }
}

/// The password of `mysql -uname -ppassword`, where this hyphen begins the option.
pub(super) fn command_option(letters: &Letters, at: usize, _floor: usize) -> Seen {
    let glued =
        letters.says(at, "-p") && letters.before(at) == ' ' && !matches!(letters.get(at + 2), ' ' | '\0');
    if !glued || letters.says(at, "-port") || letters.get(at + 1) == 'P' {
        return Seen::Nothing;
    }
    let command = letters.slice(at.saturating_sub(MOST_COMMAND)..at);
    let line = command.rsplit(|&c| c == '\n').next().unwrap_or_default();
    if !line.windows(5).any(|letters| letters == ['m', 'y', 's', 'q', 'l']) {
        return Seen::Nothing;
    }
    value(letters, at + 2, Kind::Password, Link::Assigned)
}

fn value_after(letters: &Letters, label: usize, kind: Kind) -> Seen {
    let (start, link) = after_link(letters, after_note(letters, label));
    // `PasswordPolicy` is another word.
    let another = is_word(letters.before(label)) && is_word(letters.get(label));
    match (kind, link) {
        (_, Link::Loose) if kind != Kind::Password || another => Seen::Nothing,
        _ => value(letters, start, kind, link),
    }
}

/// Past what closes a label: quotes, and a note in brackets such as `(root)`.
fn after_note(letters: &Letters, label: usize) -> usize {
    let closed = letters.run(label, 3, |c| matches!(c, '"' | '\'' | '`' | '\\' | '」' | '】' | '*'));
    if letters.get(closed) == '(' {
        let inside = letters.run(closed + 1, 16, |c| !matches!(c, ')' | '\n'));
        if letters.get(inside) == ')' {
            return inside + 1;
        }
    }
    if letters.masked_after(label) { label } else { closed }
}

/// Past what links a label to its value.
fn after_link(letters: &Letters, label: usize) -> (usize, Link) {
    let spaces = |at| letters.run(at, 4, |c| matches!(c, ' ' | '\t'));
    let (mut at, mut link) = (spaces(label), Link::Loose);
    let may_be_verb = !letters.get(at).is_ascii() || matches!(letters.get(at), 'i' | 'I' | 't' | 'T');
    if let Some(verb) = VERBS.iter().filter(|_| may_be_verb).find(|verb| letters.says(at, verb)) {
        (at, link) = (spaces(at + verb.chars().count()), Link::Said);
    }
    let sign = letters.run(at, 2, |c| matches!(c, ':' | '='));
    let sign = if sign > at && letters.get(sign) == '>' { sign + 1 } else { sign };
    if sign > at {
        let assigned = letters.slice(at..sign).contains(&'=');
        return (spaces(sign), if assigned { Link::Assigned } else { Link::Said });
    }
    (at, link)
}

/// The value that begins here, unless it is none.
fn value(letters: &Letters, start: usize, kind: Kind, link: Link) -> Seen {
    let escaped = start + usize::from(letters.get(start) == '\\' && letters.get(start + 1) == '"');
    let open = letters.run(escaped, 1, |c| matches!(c, '"' | '\'' | '`' | '「' | '【'));
    let most = if link == Link::Loose { MOST_WORD + 1 } else { usize::MAX };
    let end = trimmed(letters, open, value_end(letters, open, most));
    if letters.masked_after(open) && end == open + super::MASK.len() {
        return Seen::Covered(end);
    }
    let text = letters.slice(open..end);
    if holds_mask(text) {
        return Seen::Nothing;
    }
    let fits = match kind {
        Kind::Password => is_password(letters, open, end, link, open > start),
        _ => is_random(text),
    };
    if fits { Find::all(kind, open..end) } else { Seen::Nothing }
}

/// Where a value ends: at a space, a quote, Chinese, where another key begins, or after so many letters.
fn value_end(letters: &Letters, start: usize, most: usize) -> usize {
    let mut end = start;
    if let Some(close) = quoted_end(letters, start) {
        return close;
    }
    while letters.get(end).is_ascii_graphic() && end - start < most {
        let stops = match letters.get(end) {
            '"' | '\'' | '`' => true,
            '\\' => matches!(letters.get(end + 1), 'n' | 'r' | 't' | '"' | '\''),
            '<' => end > start,
            ',' | ';' | '&' => begins_key(letters, end + 1) || letters.is_wide(end),
            '!' | '?' | ':' | '(' | ')' | '.' => letters.is_wide(end),
            _ => false,
        };
        if stops {
            break;
        }
        end += 1;
    }
    end
}

/// Where the quote before a value is closed, if it is on the same line and soon, and nothing but ASCII stands within.
fn quoted_end(letters: &Letters, start: usize) -> Option<usize> {
    let quote = letters.before(start);
    if !matches!(quote, '"' | '\'' | '`') {
        return None;
    }
    let end =
        letters.run(start, MOST_WORD, |c| (c.is_ascii_graphic() || c == ' ') && c != quote && c != '\\');
    (letters.get(end) == quote && end > start).then_some(end)
}

/// Whether another key, or nothing more, stands here.
fn begins_key(letters: &Letters, at: usize) -> bool {
    let spaces = letters.run(at, 2, |c| c == ' ');
    let end = letters.run(spaces, 32, |c| is_word(c) || matches!(c, '"' | '\'' | '-' | '.'));
    let sign = letters.get(end);
    spaces > at || matches!(sign, ':' | '=') || !letters.get(at).is_ascii_graphic()
}

/// Without the marks that end a sentence or close what is around the value.
fn trimmed(letters: &Letters, start: usize, end: usize) -> usize {
    let marks = |&&c: &&char| matches!(c, '.' | ',' | ';' | ':' | ')' | ']' | '}' | '>');
    end - letters.slice(start..end).iter().rev().take_while(marks).count()
}
