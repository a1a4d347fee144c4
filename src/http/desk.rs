//! What the desk hears: that something about tickets or incidents has changed.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::Event;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;

use super::access::Staff;
use super::events::{bye, kept_alive};
use super::openapi::Problems;
use super::problem::Problem;
use super::site::{Site, ends};

/// A burst of changes is told once in so long: each makes the desk fetch its queue.
const AT_MOST_EVERY: Duration = Duration::from_millis(300);

/// Tells that tickets or incidents have changed, so that a desk fetches them. The first event comes at once.
#[utoipa::path(get, path = "/desk/events", tag = "desk", security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "`{\"type\": \"changed\"}`, whenever something has changed",
        content_type = "text/event-stream", body = String), Problems))]
pub(super) async fn changes(State(site): State<Site>, staff: Staff) -> Result<impl IntoResponse, Problem> {
    let state = Watching {
        changes: staff.service.watch_desk(),
        closing: site.closing.clone(),
        stage: Stage::First,
        _room: site.stream()?,
    };
    Ok(kept_alive(stream::unfold(state, next_change)))
}

struct Watching {
    changes: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    stage: Stage,
    _room: OwnedSemaphorePermit,
}

enum Stage {
    First,
    Later,
    Over,
}

async fn next_change(mut state: Watching) -> Option<(Result<Event, Infallible>, Watching)> {
    match state.stage {
        Stage::First => {
            state.changes.mark_unchanged();
            state.stage = Stage::Later;
            return Some((Ok(changed()), state));
        }
        Stage::Later => {}
        Stage::Over => return None,
    }
    let goes_on = tokio::select! {
        change = next_burst(&mut state.changes) => change,
        () = ends(&mut state.closing) => false,
    };
    if goes_on {
        return Some((Ok(changed()), state));
    }
    state.stage = Stage::Over;
    Some((Ok(bye()), state))
}

async fn next_burst(changes: &mut watch::Receiver<u64>) -> bool {
    if changes.changed().await.is_err() {
        return false;
    }
    sleep(AT_MOST_EVERY).await;
    changes.mark_unchanged();
    true
}

fn changed() -> Event {
    Event::default().data("{\"type\":\"changed\"}")
}
