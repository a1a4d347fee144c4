//! Tickets, incidents and what could not be delivered: for agents and operators.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::engine::AgentAction;
use crate::id::{AgentName, ConversationId, TicketId, UserId};
use crate::message::{Message, Severity};
use crate::store::service::TicketFilter;

use super::access::Staff;
use super::body::Body;
use super::events::{From, resume, transcript};
use super::openapi::Problems;
use super::params::{Params, PathId};
use super::problem::Problem;
use super::site::Site;
use super::turns::words;

/// Letters that an agent says at once.
const TEXT_MAX: usize = 10_000;
/// Letters of a reason.
const WHY_MAX: usize = 500;
/// Tickets that one request gives at most.
const TICKETS_MAX: u32 = 500;

/// Which tickets.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// In one of these stages, with commas between.
    status: Option<String>,
    /// In this queue.
    queue: Option<String>,
    /// Of this agent; `me`: of whoever asks.
    agent: Option<String>,
    /// Of this person.
    user: Option<String>,
    /// Of this conversation.
    conversation: Option<String>,
    /// Opened before this ticket.
    before: Option<String>,
    /// At most so many, 1 to 500; 100 where it is not said.
    limit: Option<u32>,
}

impl Filter {
    fn read(self, asking: &AgentName) -> Result<TicketFilter, Problem> {
        let statuses = self.status.unwrap_or_default();
        let statuses = statuses.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        let no_id = |field| move || Problem::unusable(field, "this cannot be an id");
        let agent = match self.agent.as_deref() {
            Some("me") => Some(asking.to_string()),
            _ => self.agent,
        };
        Ok(TicketFilter {
            statuses: statuses.collect(),
            queue: self.queue,
            agent,
            user_id: self.user.map(|id| UserId::parse(&id).ok_or_else(no_id("user"))).transpose()?,
            conversation_id: self
                .conversation
                .map(|id| ConversationId::parse(&id).ok_or_else(no_id("conversation")))
                .transpose()?,
            before: self.before.map(|id| TicketId::parse(&id).ok_or_else(no_id("before"))).transpose()?,
            limit: self.limit.map_or(0, |limit| limit.clamp(1, TICKETS_MAX)),
        })
    }
}

/// Tickets.
#[derive(Serialize, ToSchema)]
pub(super) struct Tickets {
    /// The most urgent first, each with its clocks.
    #[schema(value_type = Vec<Object>)]
    tickets: Vec<Value>,
}

/// Tickets that the account may see, the most urgent first.
#[utoipa::path(get, path = "/tickets", tag = "desk", params(Filter), security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "Tickets with clocks", body = Tickets), Problems))]
pub(super) async fn list(staff: Staff, Params(filter): Params<Filter>) -> Result<Json<Tickets>, Problem> {
    let filter = filter.read(&staff.account.name)?;
    Ok(Json(Tickets { tickets: staff.service.tickets(&staff.account, filter).await? }))
}

/// One ticket with its packet: need, facts, cases shown, transcript, history.
#[utoipa::path(get, path = "/tickets/{id}", tag = "desk", security(("session" = []), ("cookie" = [])),
    params(("id" = String, Path, description = "Ticket")),
    responses((status = 200, description = "The ticket and its packet", body = Object), Problems))]
pub(super) async fn show(staff: Staff, PathId(id): PathId<TicketId>) -> Result<Json<Value>, Problem> {
    Ok(Json(staff.service.ticket(&staff.account, &id).await?))
}

/// What an agent does with a ticket.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Action {
    /// Works on it from now on.
    Take,
    /// Says something to the person.
    Say {
        /// What.
        text: String,
    },
    /// Writes a note that the person does not see.
    Note {
        /// What.
        text: String,
    },
    /// Waits for the person: the clocks are paused.
    WaitForCustomer,
    /// It is solved; the conversation is resolved.
    Resolve {
        /// How, for those who come after.
        #[serde(default)]
        solution: Option<String>,
    },
    /// Gives the conversation back to the bot.
    ReturnToBot,
    /// To another queue or agent: exactly one of them.
    Transfer {
        /// To this queue.
        #[serde(default)]
        queue: Option<String>,
        /// To this agent.
        #[serde(default)]
        agent: Option<String>,
    },
    /// Changes how bad it is.
    SetPriority {
        /// To this.
        priority: Severity,
    },
}

impl Action {
    fn read(self) -> Result<AgentAction, Problem> {
        Ok(match self {
            Self::Take => AgentAction::Take,
            Self::Say { text } => AgentAction::Say { text: words("text", &text, TEXT_MAX)? },
            Self::Note { text } => AgentAction::Note { text: words("text", &text, TEXT_MAX)? },
            Self::WaitForCustomer => AgentAction::WaitForCustomer,
            Self::Resolve { solution } => {
                let solution = solution.filter(|text| !text.trim().is_empty());
                let solution = solution.map(|text| words("solution", &text, TEXT_MAX)).transpose()?;
                AgentAction::Resolve { solution }
            }
            Self::ReturnToBot => AgentAction::ReturnToBot,
            Self::Transfer { queue, agent } if queue.is_some() != agent.is_some() => {
                let no_name = || Problem::unusable("agent", "this cannot be the name of an account");
                let agent = agent.map(|name| AgentName::parse(&name).ok_or_else(no_name)).transpose()?;
                let queue = queue.map(|queue| words("queue", &queue, 128)).transpose()?;
                AgentAction::Transfer { queue, agent }
            }
            Self::Transfer { .. } => {
                return Err(Problem::unusable("queue", "send exactly one of queue and agent"));
            }
            Self::SetPriority { priority } => AgentAction::SetPriority { priority },
        })
    }
}

/// Does something with a ticket.
#[utoipa::path(post, path = "/tickets/{id}/actions", tag = "desk", security(("session" = []), ("cookie" = [])),
    params(("id" = String, Path, description = "Ticket")), request_body = Action,
    responses((status = 200, description = "The ticket after it", body = Object), Problems))]
pub(super) async fn act(
    staff: Staff,
    PathId(id): PathId<TicketId>,
    Body(action): Body<Action>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(staff.service.act(&staff.account, &id, action.read()?).await?))
}

/// Which line.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Line {
    /// Its number in the transcript.
    seq: u64,
    /// Why it must be seen: it stands in the audit log.
    why: String,
}

/// A line as it was typed.
#[derive(Serialize, ToSchema)]
pub(super) struct Original {
    /// Its number in the transcript.
    seq: u64,
    /// The words, unmasked.
    text: String,
}

/// The unmasked words of a line, for the agent who has the ticket. Whoever looks is written into the audit log.
#[utoipa::path(get, path = "/tickets/{id}/original", tag = "desk", security(("session" = []), ("cookie" = [])),
    params(("id" = String, Path, description = "Ticket"), Line),
    responses((status = 200, description = "The words", body = Original), Problems))]
pub(super) async fn original(
    staff: Staff,
    PathId(id): PathId<TicketId>,
    Params(line): Params<Line>,
) -> Result<Json<Original>, Problem> {
    let why = words("why", &line.why, WHY_MAX)?;
    let conversation = conversation_of(&staff, &id).await?;
    let text = staff.service.original(&staff.account, &conversation, line.seq, &why).await?;
    Ok(Json(Original { seq: line.seq, text }))
}

/// The transcript of the ticket's conversation as it grows.
#[utoipa::path(get, path = "/tickets/{id}/events", tag = "desk", security(("session" = []), ("cookie" = [])),
    params(("id" = String, Path, description = "Ticket"), From,
        ("Last-Event-ID" = Option<u64>, Header, description = "The last line that was received")),
    responses((status = 200, description = "Each event is a line with `\"type\": \"message\"`",
        content_type = "text/event-stream", body = Message), Problems))]
pub(super) async fn follow(
    State(site): State<Site>,
    staff: Staff,
    PathId(id): PathId<TicketId>,
    Params(from): Params<From>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let conversation = conversation_of(&staff, &id).await?;
    transcript(&site, staff.service, conversation, resume(&headers, from.after)?)
}

/// The conversation of a ticket that the account may see.
async fn conversation_of(staff: &Staff, id: &TicketId) -> Result<ConversationId, Problem> {
    let ticket = staff.service.ticket(&staff.account, id).await?;
    let places = [ticket.get("conversation_id"), ticket.pointer("/ticket/conversation_id")];
    let conversation = places.into_iter().flatten().find_map(|place| ConversationId::parse(place.as_str()?));
    conversation.ok_or(Problem::not_found("the ticket has no conversation"))
}

/// Incidents.
#[derive(Serialize, ToSchema)]
pub(super) struct Incidents {
    /// Those that are open.
    #[schema(value_type = Vec<Object>)]
    incidents: Vec<Value>,
}

/// Incidents that are open.
#[utoipa::path(get, path = "/incidents", tag = "desk", security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "Open incidents", body = Incidents), Problems))]
pub(super) async fn incidents(staff: Staff) -> Result<Json<Incidents>, Problem> {
    Ok(Json(Incidents { incidents: staff.service.incidents(&staff.account).await? }))
}

/// Stops the ladder of an incident: somebody cares.
#[utoipa::path(post, path = "/incidents/{id}/acknowledge", tag = "desk",
    security(("session" = []), ("cookie" = [])), params(("id" = String, Path, description = "Incident")),
    responses((status = 204, description = "Nobody further up is called"), Problems))]
pub(super) async fn acknowledge(staff: Staff, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    staff.service.acknowledge(&staff.account, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What could not be delivered.
#[derive(Serialize, ToSchema)]
pub(super) struct DeadLetters {
    /// Newest first.
    #[schema(value_type = Vec<Object>)]
    dead_letters: Vec<Value>,
}

/// Messages that were tried again and again and then given up.
#[utoipa::path(get, path = "/dead-letters", tag = "desk", security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "Newest first", body = DeadLetters), Problems))]
pub(super) async fn dead_letters(staff: Staff) -> Result<Json<DeadLetters>, Problem> {
    Ok(Json(DeadLetters { dead_letters: staff.service.dead_letters(&staff.account).await? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::parse;

    #[test]
    fn actions_are_read() {
        let read = |body: &str| parse::<Action>(body.as_bytes()).and_then(Action::read);
        assert_eq!(read(r#"{"do": "take"}"#), Ok(AgentAction::Take));
        assert_eq!(read(r#"{"do": "resolve"}"#), Ok(AgentAction::Resolve { solution: None }));
        let transfer = AgentAction::Transfer { queue: Some("db".to_owned()), agent: None };
        assert_eq!(read(r#"{"do": "transfer", "queue": "db"}"#), Ok(transfer));
        for wrong in [
            r#"{"do": "transfer"}"#,
            r#"{"do": "transfer", "queue": "db", "agent": "li"}"#,
            r#"{"do": "say", "text": "  "}"#,
            r#"{"do": "dance"}"#,
            r#"{"do": "set_priority", "priority": "P9"}"#,
        ] {
            assert_eq!(read(wrong).unwrap_err().status(), 422, "{wrong}");
        }
    }

    #[test]
    fn a_filter_says_what_it_cannot_use() {
        let me = AgentName::parse("li").unwrap();
        let filter =
            Filter { status: Some("new, waiting,".into()), agent: Some("me".into()), ..Filter::default() };
        let read = filter.read(&me).unwrap();
        assert_eq!(
            (read.statuses, read.agent),
            (vec!["new".into(), "waiting".into()], Some("li".to_owned()))
        );
        let wrong = Filter { before: Some("x".repeat(200)), ..Filter::default() };
        assert_eq!(wrong.read(&me).unwrap_err().status(), 422);
    }
}
