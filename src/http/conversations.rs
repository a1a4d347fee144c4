//! Opening a conversation, and what it looks like.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::engine::{ConversationView, Described, NewConversation, Opened};
use crate::id::UserId;
use crate::message::{ChannelKind, Handoff, Message, Page, Person, Reply, Severity, State as Stage, Tier};

use super::access::Talker;
use super::body::OptionalBody;
use super::openapi::Problems;
use super::params::Params;
use super::problem::{Kind, Problem};
use super::site::{Ready, Site};

/// Lines of a transcript that one request gives, where it does not say.
const LINES: u32 = 200;
/// Lines that one request gives at most.
const LINES_MAX: u32 = 1000;

/// What a conversation begins with; every key is optional.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Opening {
    /// Where; `widget` where it is not said.
    channel: Option<ChannelKind>,
    /// Who.
    user: Option<Who>,
    /// On what page.
    context: Option<Where>,
    /// A proof of who is talking, signed by the site; it counts instead of `user`.
    identity: Option<String>,
}

/// What a page says of a conversation that is open; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Change {
    /// On what page they are now.
    context: Option<Where>,
    /// What they want to read, such as `en`.
    locale: Option<String>,
    /// A proof of who is talking, signed by the site.
    identity: Option<String>,
}

/// Who is talking, as far as the page knows.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Who {
    /// As the page knows them.
    id: Option<String>,
    /// What they are called.
    name: Option<String>,
    /// Class of customer.
    tier: Option<Tier>,
    /// Region of their servers, such as `cn-hangzhou`.
    region: Option<String>,
    /// Language that they read, such as `zh-CN`.
    locale: Option<String>,
}

/// What the page knows.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Where {
    /// Code of the product.
    product: Option<String>,
    /// Address or title of the page.
    page: Option<String>,
}

impl Where {
    fn read(self) -> Result<Page, Problem> {
        let product = short("context.product", self.product, 64)?;
        Ok(Page { product, page: short("context.page", self.page, 2048)? })
    }
}

/// Who has proved to be talking.
fn proved(site: &Site, token: Option<&str>) -> Result<Option<Person>, Problem> {
    let (Some(identity), Some(token)) = (&site.options.identity, token) else { return Ok(None) };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let person = identity.check(token, i64::try_from(now).unwrap_or(i64::MAX));
    person.map(Some).map_err(|no_proof| {
        tracing::info!(%no_proof, "a proof of identity was refused");
        Problem::unusable("identity", no_proof.to_string())
    })
}

impl Opening {
    /// What it says, where a proof counts instead of what the page claims.
    fn proved(mut self, site: &Site) -> Result<NewConversation, Problem> {
        let person = proved(site, self.identity.take().as_deref())?;
        let mut new = self.read()?;
        match (person, &site.options.identity) {
            (Some(person), _) => {
                new.user = Person { locale: person.locale.clone().or(new.user.locale), ..person }
            }
            (None, Some(identity)) if new.channel == ChannelKind::Widget => {
                if identity.required {
                    let what = "send `identity`: a token that your site has signed";
                    return Err(Problem::new(Kind::NotAuthenticated, what));
                }
                // Where people can prove who they are, nobody is believed without.
                new.user = Person { locale: new.user.locale, region: new.user.region, ..Person::default() };
            }
            (None, _) => {}
        }
        Ok(new)
    }

    fn read(self) -> Result<NewConversation, Problem> {
        let (who, place) = (self.user.unwrap_or_default(), self.context.unwrap_or_default());
        let id = short("user.id", who.id, UserId::MAX_LEN)?;
        let user = Person {
            id: id.and_then(|id| UserId::parse(&id)),
            name: short("user.name", who.name, 128)?,
            tier: who.tier.unwrap_or_default(),
            region: short("user.region", who.region, 64)?,
            locale: short("user.locale", who.locale, 35)?,
        };
        let context = place.read()?;
        Ok(NewConversation { channel: self.channel.unwrap_or_default(), user, context })
    }
}

/// A line of text; an empty one is none.
fn short(field: &'static str, text: Option<String>, longest: usize) -> Result<Option<String>, Problem> {
    let Some(text) = text else { return Ok(None) };
    if text.len() > longest || text.chars().any(char::is_control) {
        let reason = format!("it has at most {longest} bytes and no control characters");
        return Err(Problem::unusable(field, reason));
    }
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// A conversation that was opened.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenedBody {
    /// Its id.
    conversation_id: String,
    /// What opens it from now on: send it as a bearer token, and never in an address.
    token: String,
    /// The greeting.
    replies: Vec<Reply>,
}

impl From<Opened> for OpenedBody {
    fn from(opened: Opened) -> Self {
        let Opened { conversation_id, token, replies } = opened;
        Self { conversation_id: conversation_id.to_string(), token, replies }
    }
}

/// Opens a conversation.
#[utoipa::path(post, path = "/conversations", tag = "conversations", request_body = Opening,
    responses((status = 201, description = "It is open", body = OpenedBody), Problems))]
pub(super) async fn open(
    State(site): State<Site>,
    Ready(service): Ready,
    OptionalBody(opening): OptionalBody<Opening>,
) -> Result<(StatusCode, Json<OpenedBody>), Problem> {
    let opened = service.open_conversation(opening.proved(&site)?).await?;
    Ok((StatusCode::CREATED, Json(opened.into())))
}

/// A conversation as its person may see it.
#[derive(Serialize, ToSchema)]
pub(super) struct ConversationBody {
    /// Its id.
    conversation_id: String,
    /// Where it stands.
    state: Stage,
    /// The last turn.
    turn: u32,
    /// Rounds that failed in a row, 0 to 3.
    failed_rounds: u8,
    /// How bad it is.
    priority: Option<Severity>,
    /// The handoff that is active.
    handoff: Option<Handoff>,
    /// Where it takes place.
    channel: ChannelKind,
    /// Page and facts that are known, masked.
    #[schema(value_type = Object)]
    context: Value,
    /// Its tickets.
    #[schema(value_type = Vec<Object>)]
    tickets: Vec<Value>,
    /// The last line of the transcript.
    last_seq: u64,
    /// Place in the queue, from 1; absent where it does not wait, or nobody is there.
    queue_position: Option<u32>,
    /// Expected wait in seconds.
    expected_wait_s: Option<u32>,
}

impl From<ConversationView> for ConversationBody {
    fn from(view: ConversationView) -> Self {
        Self {
            conversation_id: view.conversation_id.to_string(),
            state: view.state,
            turn: view.turn,
            failed_rounds: view.failed_rounds,
            priority: view.priority,
            handoff: view.handoff,
            channel: view.channel,
            context: view.context,
            tickets: view.tickets,
            last_seq: view.last_seq,
            queue_position: view.queue_position,
            expected_wait_s: view.expected_wait_s,
        }
    }
}

/// Where a conversation stands.
#[utoipa::path(get, path = "/conversations/{id}", tag = "conversations",
    params(("id" = String, Path, description = "Conversation")), security(("conversation" = [])),
    responses((status = 200, description = "State, context, tickets", body = ConversationBody), Problems))]
pub(super) async fn show(talker: Talker) -> Result<Json<ConversationBody>, Problem> {
    Ok(Json(talker.service.conversation(&talker.id).await?.into()))
}

/// Says more of who is talking, or where.
#[utoipa::path(patch, path = "/conversations/{id}", tag = "conversations",
    params(("id" = String, Path, description = "Conversation")), security(("conversation" = [])), request_body = Change,
    responses((status = 200, description = "As it is now", body = ConversationBody), Problems))]
pub(super) async fn change(
    State(site): State<Site>,
    talker: Talker,
    OptionalBody(change): OptionalBody<Change>,
) -> Result<Json<ConversationBody>, Problem> {
    let described = Described {
        person: proved(&site, change.identity.as_deref())?,
        page: change.context.map(Where::read).transpose()?,
        locale: short("locale", change.locale, 35)?,
    };
    if described != Described::default() {
        talker.service.describe(&talker.id, described).await?;
    }
    Ok(Json(talker.service.conversation(&talker.id).await?.into()))
}

/// Which lines.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Lines {
    /// The lines after this one; 0: from the beginning.
    after: u64,
    /// At most so many, 1 to 1000; 200 where it is not said.
    limit: Option<u32>,
}

/// A part of a transcript.
#[derive(Serialize, ToSchema)]
pub(super) struct Transcript {
    /// The lines in order.
    messages: Vec<Message>,
    /// What to ask for next as `after`.
    after: u64,
}

/// The transcript.
#[utoipa::path(get, path = "/conversations/{id}/messages", tag = "conversations",
    params(("id" = String, Path, description = "Conversation"), Lines), security(("conversation" = [])),
    responses((status = 200, description = "Lines in order", body = Transcript), Problems))]
pub(super) async fn transcript(
    talker: Talker,
    Params(lines): Params<Lines>,
) -> Result<Json<Transcript>, Problem> {
    let limit = lines.limit.unwrap_or(LINES).clamp(1, LINES_MAX);
    let messages = talker.service.messages(&talker.id, lines.after, limit).await?;
    let after = messages.last().map_or(lines.after, |line| line.seq);
    Ok(Json(Transcript { messages, after }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::parse;

    fn read(body: &str) -> Result<NewConversation, serde_json::Value> {
        parse::<Opening>(body.as_bytes())
            .and_then(Opening::read)
            .map_err(|problem| serde_json::to_value(problem.body()).unwrap())
    }

    #[test]
    fn every_key_is_optional() {
        for body in ["{}", r#"{"user": null, "context": {}}"#, r#"{"user": {"id": "", "tier": null}}"#] {
            assert_eq!(read(body).unwrap(), NewConversation::default(), "{body}");
        }
        let all = r#"{"channel": "api", "user": {"id": "u1", "name": "王", "tier": "gold", "region": "cn-hangzhou",
            "locale": "zh-CN"}, "context": {"product": "ecs", "page": "/x", "more": [1]}}"#;
        let all = read(all).unwrap();
        assert_eq!((all.channel, all.user.tier), (ChannelKind::Api, Tier::Gold));
        assert_eq!(all.user.id.unwrap().as_str(), "u1");
        assert_eq!(all.context.product.as_deref(), Some("ecs"));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let long = "x".repeat(129);
        for (body, field) in [
            (format!(r#"{{"user": {{"id": "{long}"}}}}"#), "user.id"),
            (r#"{"user": {"name": "a\u0000"}}"#.to_owned(), "user.name"),
            (r#"{"user": {"tier": "diamond"}}"#.to_owned(), "user.tier"),
            (r#"{"channel": "fax"}"#.to_owned(), "channel"),
        ] {
            let problem = read(&body).unwrap_err();
            assert_eq!((&problem["status"], &problem["field"]), (&422.into(), &field.into()), "{body}");
        }
    }
}
