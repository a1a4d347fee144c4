//! JSON bodies: read within their limit, parsed into a type, or refused with the field that is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

use super::problem::{Kind, Problem};

/// So many keys of one object are looked at to find the one that is wrong: a client's mistake is small, an attack is not.
const KEYS_LOOKED_AT: usize = 40;

/// A JSON body as a type.
pub(super) struct Body<T>(pub(super) T);

/// A JSON body as a type, or its default where there is no body.
pub(super) struct OptionalBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        must_be_json(request.headers())?;
        parse(&read(request, state).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = must_be_json(request.headers());
        let bytes = read(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        is_json?;
        parse(&bytes).map(Self)
    }
}

/// JSON from a client as a type.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let error = match serde_json::from_slice(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    match error.classify() {
        Category::Data => {
            let field = serde_json::from_slice::<Value>(bytes).ok().and_then(|value| culprit::<T>(&value));
            let reason = error.to_string();
            Err(match field {
                Some(field) => Problem::unusable(field, reason),
                None => Problem::new(Kind::Unusable, reason),
            })
        }
        _ if bytes.is_empty() => Err(Problem::new(Kind::Malformed, "the body is empty: send a JSON object")),
        _ => Err(Problem::new(Kind::Malformed, format!("the body is no valid JSON: {error}"))),
    }
}

/// The key, at most two levels deep, without which the rest can be read.
fn culprit<T: DeserializeOwned>(value: &Value) -> Option<String> {
    let object = value.as_object()?;
    let reads = |value: Value| serde_json::from_value::<T>(value).is_ok();
    for key in object.keys().take(KEYS_LOOKED_AT) {
        let mut without = object.clone();
        let inner = without.shift_remove(key)?;
        if !reads(Value::Object(without.clone())) {
            continue;
        }
        let Value::Object(inner) = inner else { return Some(key.clone()) };
        for inner_key in inner.keys().take(KEYS_LOOKED_AT) {
            let mut inner = inner.clone();
            inner.shift_remove(inner_key);
            without.insert(key.clone(), Value::Object(inner));
            if reads(Value::Object(without.clone())) {
                return Some(format!("{key}.{inner_key}"));
            }
        }
        return Some(key.clone());
    }
    None
}

/// Only JSON, since a form from a foreign page can have no such type.
fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(Kind::UnsupportedMedia, "send the body as application/json"))
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(Kind::TooLarge, "the body is larger than is taken here")
        }
        _ => Problem::new(Kind::Malformed, "the body ended before it was complete"),
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[serde(rename = "text")]
        _text: Option<String>,
        #[serde(rename = "user")]
        _user: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[serde(rename = "age")]
        _age: Option<u8>,
    }

    fn refused(body: &[u8]) -> (u64, Option<String>) {
        let problem = serde_json::to_value(parse::<Outer>(body).unwrap_err().body()).unwrap();
        (problem["status"].as_u64().unwrap(), problem["field"].as_str().map(str::to_owned))
    }

    #[test]
    fn malformed_is_not_unusable() {
        for body in [&b""[..], b"{", b"{\"text\": \"a\"", b"{\"text\": \"\xff\xfe\"}", b"nonsense", b"{} {}"]
        {
            assert_eq!(refused(body).0, 400, "{:?}", String::from_utf8_lossy(body));
        }
        let deep = format!("{{\"text\": {}1{}}}", "[".repeat(5000), "]".repeat(5000));
        assert!(matches!(refused(deep.as_bytes()).0, 400 | 422));
    }

    #[test]
    fn the_field_is_named() {
        assert_eq!(refused(b"{\"text\": 5}"), (422, Some("text".to_owned())));
        assert_eq!(refused(b"{\"user\": {\"age\": -1}, \"other\": 1}"), (422, Some("user.age".to_owned())));
        assert_eq!(refused(b"{\"user\": 3}"), (422, Some("user".to_owned())));
        assert_eq!(refused(b"[]").0, 422);
        assert_eq!(refused(b"{\"text\": \"a\", \"text\": \"b\"}").0, 422);
    }

    #[test]
    fn unknown_keys_are_let_pass() {
        parse::<Outer>(b"{\"text\": null, \"later\": {\"x\": [1]}}").unwrap();
    }
}
