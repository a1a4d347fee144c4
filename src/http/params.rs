//! What comes in the address of a request: query and path, refused as problems.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};

/// The query, as a type.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Problem::new(Kind::Malformed, rejection.body_text())),
        }
    }
}

/// The id in the path. One that cannot be an id names nothing.
pub(super) async fn path_id<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<String, Problem> {
    let nothing = |_| Problem::not_found("there is nothing by this id");
    Path::<String>::from_request_parts(parts, state).await.map(|Path(id)| id).map_err(nothing)
}

/// The id in the path as a type.
pub(super) struct PathId<T>(pub(super) T);

/// An id that can be made of text from outside.
pub(super) trait FromPath: Sized {
    /// What it names, in words.
    const NOTHING: &'static str;
    /// The id, where the text can be one.
    fn of(text: &str) -> Option<Self>;
}

impl FromPath for crate::id::TicketId {
    const NOTHING: &'static str = "there is no ticket by this number";
    fn of(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl FromPath for crate::id::UserId {
    const NOTHING: &'static str = "there is no person by this id";
    fn of(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl<S: Send + Sync, T: FromPath> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = path_id(parts, state).await?;
        T::of(&id).map(Self).ok_or(Problem::not_found(T::NOTHING))
    }
}
