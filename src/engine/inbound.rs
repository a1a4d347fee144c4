//! What comes in becomes an event: checked, cleaned, masked, understood.

use crate::desk::ticket::Rating;
use crate::dialogue::event::Event;
use crate::message::{Author, Reply};
use crate::privacy::masking::mask;
use crate::store::service::ServiceStore;

use super::live::not_found;
use super::turn::Run;
use super::{EngineError, Inbound};

/// Longest message in characters; longer ones are files.
const LONGEST: usize = 16_000;

impl Run<'_> {
    pub(super) async fn hear(&mut self, inbound: Inbound) -> Result<(), EngineError> {
        let event = match inbound {
            Inbound::Text(text) => self.hear_text(&text)?,
            Inbound::Choice(choice) => {
                let c = &self.live.conversation;
                let open = c.offer.iter().flat_map(|offer| &offer.choices).chain(&c.past_choices);
                let label =
                    open.into_iter().find(|known| known.id == choice).map(|known| known.label.clone());
                // "None of these" has no label of its own in the state.
                let label = label.filter(|label| !label.is_empty());
                let label = label.unwrap_or_else(|| self.catalogue().say("none_of_these", &[]));
                self.line(Author::User, Reply::Text { text: label }, None, None)?;
                Event::Chose { choice }
            }
            Inbound::Attachment(id) => {
                let file = self.service.inner.store.attachment(id.as_str()).await?;
                let file = file.filter(|file| file.conversation_id == self.live.id);
                let file = file.ok_or_else(|| not_found("attachment", id.as_str()))?;
                let name = mask(&file.name).text;
                self.line(Author::User, Reply::Text { text: name.clone() }, None, Some(file.id))?;
                Event::Attached { name }
            }
            Inbound::Feedback { turn, helpful, comment } => self.hear_verdict(turn, helpful, comment)?,
            Inbound::Handoff { reason } => {
                if let Some(reason) = reason.filter(|reason| !reason.trim().is_empty()) {
                    self.user_line(&cleaned(&reason)?)?;
                }
                Event::HumanWanted
            }
            Inbound::Rating { response, resolution, communication } => {
                self.hear_stars(Rating { response, resolution, communication, at: self.now }).await?
            }
        };
        self.play(event).await
    }

    fn hear_text(&mut self, text: &str) -> Result<Event, EngineError> {
        let text = cleaned(text)?;
        let masked = self.user_line(&text)?;
        let understanding = self.service.understander().understand(&masked);
        let products = self.service.engine().products_named(&masked);
        Ok(Event::Said { text: masked, understanding, products })
    }

    fn hear_verdict(
        &mut self,
        turn: u32,
        helpful: bool,
        comment: Option<String>,
    ) -> Result<Event, EngineError> {
        if turn == 0 || turn > self.live.conversation.turn {
            let last = self.live.conversation.turn;
            let reason = format!("there is no turn {turn} in this conversation, the last is {last}");
            return Err(EngineError::Unusable { field: "turn", reason });
        }
        // Words for a verdict that is known already are still to be read.
        self.keeps_words = comment.as_ref().is_some_and(|comment| !comment.trim().is_empty());
        let thumb = if helpful { "👍" } else { "👎" };
        let comment = comment.map(|comment| cleaned(&comment)).transpose().unwrap_or_default();
        self.user_line(&comment.map_or_else(|| thumb.to_owned(), |comment| format!("{thumb} {comment}")))?;
        Ok(Event::Judged { turn, helpful })
    }

    async fn hear_stars(&mut self, rating: Rating) -> Result<Event, EngineError> {
        let given = [
            ("response", rating.response, 40),
            ("resolution", rating.resolution, 35),
            ("communication", rating.communication, 25),
        ];
        let mut sum = (0, 0);
        for (field, stars, weight) in given {
            match stars {
                None => {}
                Some(stars @ 1..=5) => sum = (sum.0 + u32::from(stars) * weight, sum.1 + weight),
                Some(stars) => {
                    let reason = format!("{stars} is no number of stars, from 1 to 5 are");
                    return Err(EngineError::Unusable { field, reason });
                }
            }
        }
        if sum.1 == 0 {
            let reason = "give at least one of response, resolution, communication".to_owned();
            return Err(EngineError::Unusable { field: "rating", reason });
        }
        let stars = u8::try_from((sum.0 + sum.1 / 2) / sum.1).unwrap_or(5);
        self.user_line(&"★".repeat(usize::from(stars)))?;
        self.rate_ticket(rating).await?;
        Ok(Event::Rated { stars })
    }
}

/// The text without what no person types; an error where nothing is left, or too much.
pub(super) fn cleaned(text: &str) -> Result<String, EngineError> {
    let unusable = |reason: String| EngineError::Unusable { field: "text", reason };
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let text = text.trim();
    if text.is_empty() {
        return Err(unusable("the message is empty: say what the problem is".to_owned()));
    }
    let length = text.chars().count();
    if length > LONGEST {
        return Err(unusable(format!(
            "the message has {length} characters, at most {LONGEST} are taken: send longer texts as a file"
        )));
    }
    Ok(text.to_owned())
}
