//! Errors as clients see them: RFC 9457 problems with a stable type, and never a path, a query or a stack.

use std::borrow::Cow;

use axum::Json;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::engine::EngineError;
use crate::store::error::StoreError;

/// What went wrong, as a class that clients can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The request cannot be read.
    Malformed,
    /// Nobody is named, or not anybody who is known.
    NotAuthenticated,
    /// Whoever is named may not do that.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// It is there, but not for this method.
    MethodNotAllowed,
    /// The request took too long to arrive or to be answered.
    Timeout,
    /// It contradicts the present state.
    Conflict,
    /// The body is larger than allowed.
    TooLarge,
    /// The body is of a kind that is not taken.
    UnsupportedMedia,
    /// It can be read, but not used.
    Unusable,
    /// Too many requests.
    TooManyRequests,
    /// A mistake of the program.
    Internal,
    /// The service is starting, overloaded or ending.
    Unavailable,
}

impl Kind {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request cannot be read"),
            Self::NotAuthenticated => {
                (StatusCode::UNAUTHORIZED, "not-authenticated", "A valid token is required")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, "timeout", "The request took too long"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "It contradicts the present state"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::UnsupportedMedia => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type")
            }
            Self::Unusable => {
                (StatusCode::UNPROCESSABLE_ENTITY, "unusable", "The request is well-formed but unusable")
            }
            Self::TooManyRequests => {
                (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service failed"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The service is not available now")
            }
        }
    }
}

/// An answer that says what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    retry_after_s: Option<u32>,
}

/// A problem as JSON.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// Names the kind of problem and never changes, such as `urn:yunzhu:problem:not-found`.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request.
    #[schema(value_type = String)]
    detail: Cow<'static, str>,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    field: Option<Cow<'static, str>>,
    /// Seconds to wait before trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem with what is wrong in words.
    pub(super) fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), field: None, retry_after_s: None }
    }

    /// A field that cannot be used.
    pub(super) fn unusable(
        field: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: Some(field.into()), ..Self::new(Kind::Unusable, reason) }
    }

    /// There is no such thing.
    pub(super) fn not_found(what: &'static str) -> Self {
        Self::new(Kind::NotFound, what)
    }

    /// Try again in some seconds.
    pub(super) fn later(kind: Kind, detail: &'static str, retry_after_s: u32) -> Self {
        Self { retry_after_s: Some(retry_after_s.max(1)), ..Self::new(kind, detail) }
    }

    /// Its HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        self.kind.parts().0
    }

    /// As JSON.
    pub(super) fn body(self) -> ProblemBody {
        let (status, name, title) = self.kind.parts();
        ProblemBody {
            kind: format!("urn:yunzhu:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            field: self.field,
            retry_after_s: self.retry_after_s,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (kind, retry) = (self.kind, self.retry_after_s);
        let mut response = (self.status(), Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        match kind {
            Kind::NotAuthenticated => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // The rest of the body is not read, so the connection cannot be used again.
            Kind::TooLarge | Kind::Timeout => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NotFound { .. } => Self::new(Kind::NotFound, error.to_string()),
            EngineError::Unusable { field, reason } => Self::unusable(field, reason),
            EngineError::Conflict(reason) => Self::new(Kind::Conflict, reason),
            EngineError::Forbidden(reason) => Self::new(Kind::Forbidden, reason),
            EngineError::Busy { retry_after_s } => {
                Self::later(Kind::Unavailable, "the service is busy", retry_after_s)
            }
            EngineError::Store(error) => stored(&error),
            EngineError::Internal(reason) => failed(&reason),
        }
    }
}

/// The log has the reason; the client has none, since it may name files.
fn failed(reason: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%reason, "a request failed inside");
    Problem::new(Kind::Internal, "something failed inside; the log of the service says what")
}

fn stored(error: &StoreError) -> Problem {
    tracing::error!(%error, "the store failed");
    Problem::later(Kind::Unavailable, "what was sent could not be saved: send it again", 5)
}

/// An address at which there is nothing.
pub(super) async fn no_route(_: Uri) -> Problem {
    Problem::not_found("there is nothing at this address: /api/v1/openapi.json lists all there is")
}

/// A method that the address does not know.
pub(super) async fn no_method() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "this address does not know this method")
}

/// A panic in a handler becomes a line of the log and an answer.
pub(super) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
    failed(&format_args!("a handler panicked: {words}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn json(problem: Problem) -> (StatusCode, axum::http::HeaderMap, serde_json::Value) {
        let response = problem.into_response();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn an_unusable_field_is_named() {
        let (status, headers, body) = json(Problem::unusable("text", "it is empty")).await;
        assert_eq!(status, 422);
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(
            body,
            serde_json::json!({"type": "urn:yunzhu:problem:unusable", "status": 422, "field": "text",
                "title": "The request is well-formed but unusable", "detail": "it is empty"})
        );
    }

    #[tokio::test]
    async fn who_is_sent_away_hears_for_how_long() {
        let problem = Problem::from(EngineError::Busy { retry_after_s: 0 });
        let (status, headers, body) = json(problem).await;
        assert_eq!((status.as_u16(), &headers["retry-after"]), (503, &HeaderValue::from_static("1")));
        assert_eq!(body["retry_after_s"], 1);
    }

    #[tokio::test]
    async fn what_failed_inside_stays_inside() {
        let inner = EngineError::Internal("cannot open /var/lib/secret.db".to_owned());
        let (status, _, body) = json(Problem::from(inner)).await;
        assert_eq!(status, 500);
        assert!(!body.to_string().contains("secret"), "{body}");
        let response = panicked(Box::new("SELECT * FROM secret"));
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("secret"));
    }

    #[tokio::test]
    async fn a_body_that_was_not_read_ends_the_connection() {
        let (status, headers, _) = json(Problem::new(Kind::TooLarge, "more than 64 KiB")).await;
        assert_eq!((status.as_u16(), &headers["connection"]), (413, &HeaderValue::from_static("close")));
        assert_eq!(json(Problem::new(Kind::NotAuthenticated, "x")).await.1["www-authenticate"], "Bearer");
    }
}
