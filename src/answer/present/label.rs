//! Short texts: labels of things to tap, and titles.

use crate::message::Choice;
use crate::message::part::MenuItem;

/// Longest label of a thing to tap, in characters; what a phone shows in a line or two.
const LABEL_CHARS: usize = 40;
/// The same in bytes: the shortest limit of a platform (`msgmenu` of WeChat KF).
const LABEL_BYTES: usize = 128;

/// A choice as a thing to tap, with its number.
pub fn item(number: usize, choice: &Choice) -> MenuItem {
    let label = shortened(&format!("{number}. {}", one_line(&choice.label)), LABEL_CHARS, LABEL_BYTES);
    MenuItem { id: choice.id.clone(), label }
}

/// The text with a space in the place of each line break.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text, cut with an ellipsis where it is longer than so many characters or bytes.
pub fn shortened(text: &str, chars: usize, bytes: usize) -> String {
    if text.chars().count() <= chars && text.len() <= bytes {
        return text.to_owned();
    }
    let mut cut = String::new();
    for c in text.chars().take(chars.saturating_sub(1)) {
        if cut.len() + c.len_utf8() + '…'.len_utf8() > bytes {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}
