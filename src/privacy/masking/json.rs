//! The same for JSON: every string in it, and what stands under a key that names a secret.

use serde_json::Value;

use super::{MASK, mask};

/// Keys whose text is a secret whatever it looks like, without `_` and `-`, in lower case.
const SECRET_KEYS: [&str; 10] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "accesskeysecret",
    "secretaccesskey",
    "secretkey",
    "clientsecret",
    "密码",
];

/// Masks every string and number within; keys stay as they are. Says whether anything was found.
pub fn mask_json(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let masked = mask(text);
            let found = !masked.found.is_empty();
            if found {
                *text = masked.text;
            }
            found
        }
        Value::Number(number) => {
            // A phone may have been sent as a number; what is covered is one no more.
            let masked = mask(&number.to_string());
            let found = !masked.found.is_empty();
            if found {
                *value = Value::String(masked.text);
            }
            found
        }
        Value::Array(values) => values.iter_mut().fold(false, |found, value| mask_json(value) | found),
        Value::Object(members) => members.iter_mut().fold(false, |found, (key, value)| {
            let masked = if is_secret(key) { cover(value) } else { mask_json(value) };
            masked | found
        }),
        Value::Null | Value::Bool(_) => false,
    }
}

fn is_secret(key: &str) -> bool {
    let key: String = key.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect();
    SECRET_KEYS.contains(&key.as_str())
}

/// Covers a value whatever it is; `false` where it is covered already, or empty.
fn cover(value: &mut Value) -> bool {
    match value {
        Value::String(text) if text == MASK || text.is_empty() => false,
        Value::String(_) | Value::Number(_) => {
            *value = Value::String(MASK.to_owned());
            true
        }
        Value::Array(values) => values.iter_mut().fold(false, |found, value| cover(value) | found),
        Value::Object(_) => mask_json(value),
        Value::Null | Value::Bool(_) => false,
    }
}
