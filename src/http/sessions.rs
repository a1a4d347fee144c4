//! Signing in and out, and being there.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{Account, EngineError, Role};
use crate::id::AgentName;

use super::access::{SESSION_COOKIE, Staff, session};
use super::body::Body;
use super::openapi::Problems;
use super::problem::{Kind, Problem};
use super::site::{Ready, Site};

/// No password is longer: hashing must not be given megabytes.
const PASSWORD_MAX: usize = 1024;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
pub(super) struct Credentials {
    /// Name of the account.
    name: String,
    /// Its password.
    password: String,
}

/// Somebody who has signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionBody {
    /// What programs send as a bearer token; browsers hold it as a cookie. Told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Name of the account.
    name: String,
    /// `agent` or `operator`.
    role: &'static str,
}

fn described(token: Option<String>, account: &Account) -> SessionBody {
    let role = match account.role {
        Role::Agent => "agent",
        Role::Operator => "operator",
    };
    SessionBody { token, name: account.name.to_string(), role }
}

/// Signs in: gives a cookie to browsers and a token to programs.
#[utoipa::path(post, path = "/sessions", tag = "desk", request_body = Credentials,
    responses((status = 201, description = "Signed in", body = SessionBody), Problems))]
pub(super) async fn sign_in(
    State(site): State<Site>,
    Ready(service): Ready,
    from: From,
    Body(Credentials { name, password }): Body<Credentials>,
) -> Result<impl IntoResponse, Problem> {
    let refused = || Problem::new(Kind::NotAuthenticated, "name or password is wrong");
    site.rates.sign_in(from.0, &name)?;
    if AgentName::parse(&name).is_none() || password.len() > PASSWORD_MAX {
        return Err(refused());
    }
    let busy = |_| Problem::later(Kind::Unavailable, "the service is ending", 5);
    let _turn = site.sign_ins.acquire().await.map_err(busy)?;
    let (token, account) = service.sign_in(&name, &password).await.map_err(|error| match error {
        EngineError::Forbidden(_) | EngineError::NotFound { .. } | EngineError::Unusable { .. } => refused(),
        error => error.into(),
    })?;
    let cookie = cookie(&site, &token, "")?;
    let body = described(Some(token), &account);
    Ok((StatusCode::CREATED, AppendHeaders([(SET_COOKIE, cookie)]), Json(body)))
}

/// Who is signed in.
#[utoipa::path(get, path = "/sessions/current", tag = "desk", security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "The account", body = SessionBody), Problems))]
pub(super) async fn current(staff: Staff) -> Json<SessionBody> {
    Json(described(None, &staff.account))
}

/// Signs out.
#[utoipa::path(delete, path = "/sessions/current", tag = "desk", security(("session" = []), ("cookie" = [])),
    responses((status = 204, description = "Signed out"), Problems))]
pub(super) async fn sign_out(
    State(site): State<Site>,
    staff: Staff,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    if let Some(session) = session(&headers) {
        staff.service.sign_out(session).await?;
    }
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, cookie(&site, "", "; Max-Age=0")?)])))
}

/// Whether an agent takes work.
#[derive(Deserialize, ToSchema)]
pub(super) struct Presence {
    /// Whether new work may come.
    available: bool,
}

/// Tells that an agent is there. Say so every 10 s: after 30 s without it they are gone, and their work goes back.
#[utoipa::path(post, path = "/presence", tag = "desk", request_body = Presence, security(("session" = []), ("cookie" = [])),
    responses((status = 204, description = "It is known"), Problems))]
pub(super) async fn presence(staff: Staff, Body(presence): Body<Presence>) -> Result<StatusCode, Problem> {
    staff.service.heartbeat(&staff.account.name, presence.available).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Browsers keep it from scripts and from requests of other pages, and forget it when they are closed.
fn cookie(site: &Site, token: &str, more: &str) -> Result<HeaderValue, Problem> {
    let is_secure = site.options.tls.is_some() || site.options.tls_in_front;
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie = format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
    let broken = |_| Problem::new(Kind::Internal, "the session cannot be given");
    HeaderValue::from_str(&cookie).map_err(broken)
}

/// Where a request comes from.
pub(super) struct From(super::rate::Origin);

impl axum::extract::FromRequestParts<Site> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        site: &Site,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self(site.rates.origin(&parts.headers, &parts.extensions)))
    }
}
