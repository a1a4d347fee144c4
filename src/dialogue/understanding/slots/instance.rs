//! Ids of resources and of requests.

use super::Said;

/// Letters of a prefix at most (`eip`, `vpc`, `acl`, `ngw`, …).
const PREFIX: usize = 8;
/// Characters after the prefix at least.
const ID: usize = 8;
/// Characters of an id without a prefix at least, such as that of a cluster.
const BARE: usize = 20;
/// What is called a request, in lower case.
const REQUEST: &[&str] =
    &["requestid", "request id", "request-id", "request_id", "请求id", "请求 id", "traceid", "trace id"];

/// The first id of a resource: `prefix-alphanumeric`, or a long mix of letters and digits.
pub(super) fn find(said: &Said) -> Option<String> {
    let request = find_request(said);
    said.words()
        .map(|(_, word)| word)
        .find(|word| is_instance(word) && request.as_deref() != Some(*word))
        .map(str::to_owned)
}

fn is_instance(word: &str) -> bool {
    if is_uuid(word) {
        return false;
    }
    match word.split_once('-') {
        Some((prefix, id)) => {
            (1..=PREFIX).contains(&prefix.len())
                && prefix.bytes().all(|b| b.is_ascii_lowercase())
                && id.len() >= ID
                && is_mixed(id)
        }
        None => word.len() >= BARE && is_mixed(word),
    }
}

/// Lower-case letters and digits, both of them.
fn is_mixed(id: &str) -> bool {
    let plain = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    plain && id.bytes().any(|b| b.is_ascii_digit()) && id.bytes().any(|b| b.is_ascii_lowercase())
}

/// The id of a request: a UUID, or what follows where a request is named.
pub(super) fn find_request(said: &Said) -> Option<String> {
    let named = REQUEST.iter().flat_map(|name| said.places(name).map(|at| at + name.len())).min();
    let after = named.and_then(|from| {
        said.words()
            .find(|(at, word)| *at >= from && word.len() >= ID && word.bytes().any(|b| b.is_ascii_digit()))
    });
    let found = after.or_else(|| said.words().find(|(_, word)| is_uuid(word)));
    found.map(|(_, word)| word.to_owned())
}

fn is_uuid(word: &str) -> bool {
    let mut lengths = [8, 4, 4, 4, 12].iter();
    let parts_fit = word.split('-').all(|part| {
        lengths.next().is_some_and(|length| part.len() == *length)
            && part.bytes().all(|b| b.is_ascii_hexdigit())
    });
    parts_fit && lengths.next().is_none()
}
