//! What a person does in a conversation: says something, judges an answer, asks for a human, rates.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::engine::{Inbound, Service};
use crate::id::{AttachmentId, ConversationId};
use crate::message::Turn;

use super::access::Talker;
use super::body::Body;
use super::openapi::Problems;
use super::problem::Problem;
use super::site::Site;

/// Letters of one message. More is a file, and is sent as one.
const TEXT_MAX: usize = 10_000;
/// Letters of a comment or reason.
const COMMENT_MAX: usize = 2_000;
/// Letters of an id that a client makes up.
const CLIENT_ID_MAX: usize = 128;
/// Letters of the id of a choice.
const CHOICE_MAX: usize = 256;

/// A message: exactly one of `text`, `choice` and `attachment`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"text": "ECS 远程连接不上", "client_message_id": "m-1"}))]
pub(super) struct NewMessage {
    /// Words, at most 10,000 letters.
    pub(super) text: Option<String>,
    /// Id of one of the choices that were offered.
    pub(super) choice: Option<String>,
    /// Id of a file that was uploaded.
    pub(super) attachment: Option<String>,
    /// What the client calls this message, at most 128 letters. Sent again, it gives the first result.
    pub(super) client_message_id: Option<String>,
}

/// A verdict on an answer.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Feedback {
    /// The turn that gave the answer.
    turn: u32,
    /// Whether it helped. An answer that did not is a failed round.
    helpful: bool,
    /// In the person's words.
    #[serde(default)]
    comment: Option<String>,
    /// What the client calls this message. Sent again, it gives the first result.
    #[serde(default)]
    client_message_id: Option<String>,
}

/// A wish for a human.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct HandoffWish {
    /// In the person's words.
    reason: Option<String>,
    /// What the client calls this message. Sent again, it gives the first result.
    client_message_id: Option<String>,
}

/// Stars, 1 to 5 each; at least one.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Stars {
    /// How fast it was answered.
    #[schema(minimum = 1, maximum = 5)]
    response: Option<u8>,
    /// How well it was solved.
    #[schema(minimum = 1, maximum = 5)]
    resolution: Option<u8>,
    /// How well it was said.
    #[schema(minimum = 1, maximum = 5)]
    communication: Option<u8>,
    /// What the client calls this message. Sent again, it gives the first result.
    client_message_id: Option<String>,
}

/// What comes in, and what the client calls it.
pub(super) type Said = (Inbound, Option<String>);

impl NewMessage {
    /// What was said.
    pub(super) fn read(self) -> Result<Said, Problem> {
        let name = client_id(self.client_message_id)?;
        let inbound = match (self.text, self.choice, self.attachment) {
            (Some(text), None, None) => Inbound::Text(words("text", &text, TEXT_MAX)?),
            (None, Some(choice), None) => Inbound::Choice(words("choice", &choice, CHOICE_MAX)?),
            (None, None, Some(id)) => {
                let unknown = || Problem::unusable("attachment", "there is no attachment by this id");
                Inbound::Attachment(AttachmentId::parse(&id).ok_or_else(unknown)?)
            }
            _ => return Err(Problem::unusable("text", "send exactly one of text, choice and attachment")),
        };
        Ok((inbound, name))
    }
}

impl Feedback {
    /// The verdict.
    pub(super) fn read(self) -> Result<Said, Problem> {
        let comment = comment("comment", self.comment)?;
        let inbound = Inbound::Feedback { turn: self.turn, helpful: self.helpful, comment };
        Ok((inbound, client_id(self.client_message_id)?))
    }
}

impl HandoffWish {
    /// The wish.
    pub(super) fn read(self) -> Result<Said, Problem> {
        let reason = comment("reason", self.reason)?;
        Ok((Inbound::Handoff { reason }, client_id(self.client_message_id)?))
    }
}

impl Stars {
    fn read(self) -> Result<Said, Problem> {
        let Self { response, resolution, communication, client_message_id } = self;
        let stars = [("response", response), ("resolution", resolution), ("communication", communication)];
        for (field, stars) in stars {
            if stars.is_some_and(|stars| !(1..=5).contains(&stars)) {
                return Err(Problem::unusable(field, "stars are 1 to 5"));
            }
        }
        if stars.iter().all(|(_, stars)| stars.is_none()) {
            let reason = "send at least one of response, resolution and communication";
            return Err(Problem::unusable("response", reason));
        }
        Ok((Inbound::Rating { response, resolution, communication }, client_id(client_message_id)?))
    }
}

/// One turn, measured.
pub(super) async fn perform(
    site: &Site,
    service: &Service,
    id: &ConversationId,
    (inbound, client_message_id): Said,
) -> Result<Turn, Problem> {
    let started = Instant::now();
    let turn = service.turn(id, inbound, client_message_id).await?;
    site.metrics.turn(started.elapsed());
    Ok(turn)
}

/// Says something.
#[utoipa::path(post, path = "/conversations/{id}/messages", tag = "conversations",
    params(("id" = String, Path, description = "Conversation")), request_body = NewMessage, security(("conversation" = [])),
    responses((status = 200, description = "What came of it", body = Turn), Problems))]
pub(super) async fn say(
    State(site): State<Site>,
    talker: Talker,
    Body(message): Body<NewMessage>,
) -> Result<Json<Turn>, Problem> {
    perform(&site, &talker.service, &talker.id, message.read()?).await.map(Json)
}

/// Judges an answer.
#[utoipa::path(post, path = "/conversations/{id}/feedback", tag = "conversations",
    params(("id" = String, Path, description = "Conversation")), request_body = Feedback, security(("conversation" = [])),
    responses((status = 200, description = "What came of it", body = Turn), Problems))]
pub(super) async fn judge(
    State(site): State<Site>,
    talker: Talker,
    Body(feedback): Body<Feedback>,
) -> Result<Json<Turn>, Problem> {
    perform(&site, &talker.service, &talker.id, feedback.read()?).await.map(Json)
}

/// Asks for a human.
#[utoipa::path(post, path = "/conversations/{id}/handoff", tag = "conversations",
    params(("id" = String, Path, description = "Conversation")), request_body = HandoffWish, security(("conversation" = [])),
    responses((status = 200, description = "What came of it", body = Turn), Problems))]
pub(super) async fn hand_over(
    State(site): State<Site>,
    talker: Talker,
    super::body::OptionalBody(wish): super::body::OptionalBody<HandoffWish>,
) -> Result<Json<Turn>, Problem> {
    perform(&site, &talker.service, &talker.id, wish.read()?).await.map(Json)
}

/// Rates the service.
#[utoipa::path(post, path = "/conversations/{id}/rating", tag = "conversations",
    params(("id" = String, Path, description = "Conversation")), request_body = Stars, security(("conversation" = [])),
    responses((status = 200, description = "What came of it", body = Turn), Problems))]
pub(super) async fn rate(
    State(site): State<Site>,
    talker: Talker,
    Body(stars): Body<Stars>,
) -> Result<Json<Turn>, Problem> {
    perform(&site, &talker.service, &talker.id, stars.read()?).await.map(Json)
}

/// Words without what no keyboard types: control characters other than line breaks and tabs.
pub(super) fn words(field: &'static str, text: &str, longest: usize) -> Result<String, Problem> {
    let kept = |letter: &char| !letter.is_control() || matches!(letter, '\n' | '\t');
    let text: String = text.trim().chars().filter(kept).collect();
    if text.trim().is_empty() {
        return Err(Problem::unusable(field, "it is empty"));
    }
    let letters = text.chars().count();
    if letters > longest {
        return Err(Problem::unusable(field, format!("it has {letters} letters, {longest} are taken")));
    }
    Ok(text)
}

fn comment(field: &'static str, text: Option<String>) -> Result<Option<String>, Problem> {
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(|text| words(field, &text, COMMENT_MAX)).transpose()
}

fn client_id(id: Option<String>) -> Result<Option<String>, Problem> {
    let Some(id) = id else { return Ok(None) };
    let fits = !id.trim().is_empty() && id.chars().count() <= CLIENT_ID_MAX;
    if !fits || id.chars().any(char::is_control) {
        let reason = "it has 1 to 128 letters and no control characters";
        return Err(Problem::unusable("client_message_id", reason));
    }
    Ok(Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::parse;

    fn refused(body: &str) -> serde_json::Value {
        let problem = parse::<NewMessage>(body.as_bytes()).and_then(NewMessage::read).unwrap_err();
        let problem = serde_json::to_value(problem.body()).unwrap();
        assert_eq!(problem["status"], 422, "{body}");
        problem["field"].clone()
    }

    #[test]
    fn exactly_one_is_said() {
        let read = |body: &str| parse::<NewMessage>(body.as_bytes()).unwrap().read().unwrap();
        assert_eq!(read(r#"{"text": " 你好\u0000\n "}"#), (Inbound::Text("你好".to_owned()), None));
        let named = read(r#"{"choice": "c1", "text": null, "client_message_id": "m"}"#);
        assert_eq!(named, (Inbound::Choice("c1".to_owned()), Some("m".to_owned())));
        assert_eq!(refused("{}"), "text");
        assert_eq!(refused(r#"{"text": "a", "choice": "b"}"#), "text");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        assert_eq!(refused(r#"{"text": " \u0007\n"}"#), "text");
        assert_eq!(refused(&format!(r#"{{"text": "{}"}}"#, "长".repeat(10_001))), "text");
        assert_eq!(refused(r#"{"text": "a", "client_message_id": "a\u0000b"}"#), "client_message_id");
        let long = "x".repeat(129);
        assert_eq!(
            refused(&format!(r#"{{"text": "a", "client_message_id": "{long}"}}"#)),
            "client_message_id"
        );
        assert_eq!(refused(&format!(r#"{{"attachment": "{long}"}}"#)), "attachment");
    }

    #[test]
    fn stars_are_one_to_five() {
        let read = |body: &str| parse::<Stars>(body.as_bytes()).and_then(Stars::read);
        assert!(read(r#"{"response": 5, "resolution": 1}"#).is_ok());
        for wrong in [r#"{"response": 0}"#, r#"{"response": 6}"#, "{}", r#"{"response": 300}"#] {
            assert_eq!(read(wrong).unwrap_err().status(), 422, "{wrong}");
        }
    }
}
