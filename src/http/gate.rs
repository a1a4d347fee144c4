//! What every request passes: who may come in at all, how long it may take, and what every answer says.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::origin::is_foreign;
use super::problem::{Kind, Problem};
use super::site::Site;
use super::webhooks;

/// The end of the route of uploads, which are larger and slower than all else.
const UPLOADS: &str = "/attachments";
/// The beginning of the routes that chat platforms call.
const WEBHOOKS: &str = "/webhooks/";
/// What a form adds to its file.
const FORM: u64 = 64 * 1024;
/// Pages take scripts, styles and data from the server itself and from nowhere else.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Lets a request in, or says why not.
pub(super) async fn pass(State(site): State<Site>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    let mut response = match admit(&site, &request, route) {
        Ok(_permit) => within(patience(&site, route), run(next, request, route)).await,
        Err(problem) => problem.into_response(),
    };
    let status = response.status();
    site.metrics.request(method.as_str(), route, status.as_u16());
    tracing::debug!(%method, route, status = status.as_u16(), "request");
    set_headers(response.headers_mut(), route.starts_with("/api/"));
    response
}

/// What changes something runs to its end, also where the client goes away in the middle of it: half of a change would be
/// saved and not known. Chat platforms are told apart: theirs is saved by itself, and whoever has hung up is not told.
async fn run(next: Next, request: Request, route: &str) -> Response {
    if request.method().is_safe() || route.starts_with(WEBHOOKS) {
        return next.run(request).await;
    }
    let stopping = |_| Problem::later(Kind::Unavailable, "the service is ending", 1).into_response();
    tokio::spawn(next.run(request)).await.unwrap_or_else(stopping)
}

fn admit<'a>(site: &'a Site, request: &Request, route: &str) -> Result<Option<SemaphorePermit<'a>>, Problem> {
    // Who watches must see most when there is too much of everything else.
    if matches!(route, "/healthz" | "/readyz" | "/metrics") {
        return Ok(None);
    }
    let headers = request.headers();
    // A platform calls from few addresses for many people, and its calls are signed.
    if !route.starts_with(WEBHOOKS) {
        site.rates.request(site.rates.origin(headers, request.extensions()))?;
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && is_foreign(headers, &site.options.allowed_origins) {
        return Err(Problem::new(Kind::Forbidden, "pages of this origin are not allowed"));
    }
    if announced(headers) > body_limit(site, route) {
        return Err(Problem::new(Kind::TooLarge, "the body is larger than is taken here"));
    }
    let full = |_| Problem::later(Kind::Unavailable, "the service is overloaded", 1);
    site.requests.try_acquire().map(Some).map_err(full)
}

/// Bytes that the request says it has.
fn announced(headers: &HeaderMap) -> u64 {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// Bytes that a route takes.
pub(super) fn body_limit(site: &Site, route: &str) -> u64 {
    if route.starts_with(WEBHOOKS) {
        return webhooks::LARGEST as u64;
    }
    if route.ends_with(UPLOADS) {
        return site.options.limits.attachment.saturating_add(FORM);
    }
    site.options.limits.body as u64
}

/// How long an answer may take. Streams begin at once and look after themselves.
fn patience(site: &Site, route: &str) -> Duration {
    let patience = &site.options.patience;
    if route.ends_with(UPLOADS) { patience.upload } else { patience.request }
}

async fn within(limit: Duration, response: impl Future<Output = Response>) -> Response {
    let late = || Problem::new(Kind::Timeout, "the request was not complete or not answered in time");
    timeout(limit, response).await.unwrap_or_else(|_| late().into_response())
}

fn set_headers(headers: &mut HeaderMap, is_data: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if is_data {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    } else {
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CONTENT_POLICY));
        let name = HeaderName::from_static("cross-origin-opener-policy");
        headers.insert(name, HeaderValue::from_static("same-origin"));
    }
}
