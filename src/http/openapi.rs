//! The description of the API, made from the handlers themselves.

use std::collections::BTreeMap;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi};

use super::access::SESSION_COOKIE;
use super::problem::ProblemBody;

/// What the document says besides routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "yunzhu", description = "云助: answers operations questions, and hands over to people.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")),
    components(schemas(ProblemBody)),
    modifiers(&Schemes),
    tags((name = "conversations", description = "For people, with the token of a conversation"),
        (name = "search", description = "Ranked cases"),
        (name = "desk", description = "For agents and operators, with a session"),
        (name = "privacy", description = "Erasure"))
)]
pub(super) struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = |what: &str| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(what));
            SecurityScheme::Http(scheme.build())
        };
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE)));
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("conversation", bearer("The token of the conversation"));
        components.add_security_scheme("session", bearer("The token of a session, for programs"));
        components.add_security_scheme("cookie", cookie);
    }
}

/// The problems that any request may be answered with.
pub(super) struct Problems;

/// Status and meaning of each.
const PROBLEMS: [(&str, &str); 12] = [
    ("400", "The request cannot be read"),
    ("401", "A valid token is required"),
    ("403", "Not allowed"),
    ("404", "Not found"),
    ("408", "The request took too long"),
    ("409", "It contradicts the present state"),
    ("413", "The body is too large"),
    ("415", "Unsupported media type"),
    ("422", "Well-formed but unusable; `field` says where"),
    ("429", "Too many requests; see `Retry-After`"),
    ("500", "The service failed"),
    ("503", "Starting, overloaded or ending; see `Retry-After`"),
];

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = |(status, meaning): (&str, &str)| {
            let content = Content::new(Some(Ref::from_schema_name("Problem")));
            let response = ResponseBuilder::new().description(meaning);
            let response = response.content("application/problem+json", content).build();
            (status.to_owned(), RefOr::T(response))
        };
        PROBLEMS.into_iter().map(problem).collect()
    }
}

/// The document, for `GET /api/v1/openapi.json`.
pub(super) fn give(document: &utoipa::openapi::OpenApi) -> impl IntoResponse + Clone + use<> {
    let text = document.to_json().unwrap_or_else(|error| {
        tracing::error!(%error, "the description of the API cannot be written");
        "{}".to_owned()
    });
    ([(CONTENT_TYPE, "application/json")], axum::body::Bytes::from(text))
}
