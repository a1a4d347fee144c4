//! Erasing a person.

use axum::Json;
use serde_json::Value;

use crate::id::UserId;

use super::access::Staff;
use super::openapi::Problems;
use super::params::PathId;
use super::problem::Problem;

/// Erases a person from everything: conversations, tickets, attachments, what was about to be sent. Operators only.
#[utoipa::path(delete, path = "/users/{id}", tag = "privacy", security(("session" = []), ("cookie" = [])),
    params(("id" = String, Path, description = "The person, as the channel knows them")),
    responses((status = 200, description = "The receipt: how much of what was removed", body = Object), Problems))]
pub(super) async fn erase(staff: Staff, PathId(id): PathId<UserId>) -> Result<Json<Value>, Problem> {
    Ok(Json(staff.service.erase_user(&staff.account, &id).await?))
}
