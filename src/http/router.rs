//! The whole API on one page.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::options::Options;
use super::site::{Site, Slot};
use super::{
    answers, assets, attachments, conversations, desk, events, gate, health, openapi, origin, problem,
    search, sessions, socket, tickets, turns, users, webhooks,
};

/// Everything under `/api/v1`.
fn api(upload: DefaultBodyLimit) -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        // People, with the token of their conversation.
        .routes(routes!(conversations::open))
        .routes(routes!(conversations::show, conversations::change))
        .routes(routes!(conversations::transcript, turns::say))
        .routes(routes!(events::stream_transcript))
        .routes(routes!(socket::connect))
        .routes(routes!(turns::judge))
        .routes(routes!(turns::hand_over))
        .routes(routes!(turns::rate))
        .routes(routes!(attachments::upload).layer(upload))
        .routes(routes!(attachments::download))
        // Anybody.
        .routes(routes!(search::search))
        .routes(routes!(sessions::sign_in))
        // Agents and operators, with a session.
        .routes(routes!(sessions::current, sessions::sign_out))
        .routes(routes!(sessions::presence))
        .routes(routes!(desk::changes))
        .routes(routes!(tickets::list))
        .routes(routes!(tickets::show))
        .routes(routes!(tickets::act))
        .routes(routes!(tickets::original))
        .routes(routes!(tickets::follow))
        .routes(routes!(attachments::of_ticket))
        .routes(routes!(tickets::incidents))
        .routes(routes!(tickets::acknowledge))
        .routes(routes!(tickets::dead_letters))
        .routes(routes!(users::erase))
}

/// Pages, and what machines look at.
fn outside() -> Router<Site> {
    Router::new()
        .route("/", get(assets::console))
        .route("/widget", get(assets::widget))
        .route("/widget.js", get(assets::loader))
        .route("/desk", get(assets::desk))
        .route("/a/{name}", get(answers::show))
        .route("/assets/{name}", get(assets::asset))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::figures))
}

/// The router over a service that may still be opening. `closing` turns true when streams are to end.
pub fn router(options: Options, slot: Slot, closing: watch::Receiver<bool>) -> Router {
    routed(Site::new(options, slot, closing))
}

pub(super) fn routed(site: Site) -> Router {
    let body = DefaultBodyLimit::max(site.options.limits.body);
    let upload = usize::try_from(gate::body_limit(&site, "/attachments")).unwrap_or(usize::MAX);
    let api = OpenApiRouter::with_openapi(openapi::Document::openapi())
        .nest("/api/v1", api(DefaultBodyLimit::max(upload)));
    let (api, document) = api.split_for_parts();
    let document = openapi::give(&document);
    let routes = api
        .route("/api/v1/openapi.json", get(async move || document.clone()))
        .merge(outside())
        .layer(body)
        .merge(webhooks::routes())
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn_with_state(site.clone(), gate::pass));
    let routes = match origin::cors(&site.options.allowed_origins) {
        Some(cors) => routes.layer(cors),
        None => routes,
    };
    routes.with_state(site)
}
