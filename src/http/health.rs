//! Whether the process lives, whether it can serve, and what it has done.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::problem::{Kind, Problem};
use super::site::Site;

/// The process lives.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// It can serve: the index is open, and the end has not begun.
pub(super) async fn ready(State(site): State<Site>) -> Result<Json<Value>, Problem> {
    if *site.closing.borrow() {
        return Err(Problem::later(Kind::Unavailable, "the service is ending", 10));
    }
    site.service()?;
    Ok(Json(json!({"status": "ready"})))
}

/// Figures for Prometheus.
pub(super) async fn figures(State(site): State<Site>) -> impl IntoResponse {
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, media_type)], site.metrics.page(&site).await)
}
