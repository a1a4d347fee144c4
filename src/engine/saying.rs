//! What the bot means to say becomes lines of the transcript and replies, with what each sentence speaks of.

use crate::answer::links::without_file_links;
use crate::answer::render::{Facts, render};
use crate::dialogue::conversation::Candidate;
use crate::dialogue::event::Effect;
use crate::dialogue::say::Say;
use crate::message::Author;

use super::EngineError;
use super::turn::Run;

/// How much of a case an answer shows, in characters: nearly every shipped case as a whole.
const PASSAGE: usize = 1_600;
/// And on chat platforms, which take few and short messages.
const PASSAGE_OF_PLATFORMS: usize = 1_200;

impl Run<'_> {
    pub(super) async fn say(&mut self, effect: Effect) -> Result<(), EngineError> {
        let facts = self.facts(&effect).await?;
        for reply in render(&effect, &facts, self.catalogue()) {
            self.line(Author::Bot, reply.clone(), None, None)?;
            self.replies.push(reply);
        }
        Ok(())
    }

    /// What a sentence speaks of.
    async fn facts(&self, effect: &Effect) -> Result<Facts, EngineError> {
        let c = &self.live.conversation;
        let mut facts = Facts {
            ticket: c.handoff.as_ref().map(|handoff| handoff.ticket_id.clone()),
            agent: c.agent.clone(),
            receipt: self.receipt.clone(),
            ..Facts::default()
        };
        let Effect::Say(say) = effect else { return Ok(facts) };
        match say {
            Say::Answer { candidate, question, .. } => {
                facts.answer = Some(self.passage(candidate, question).await?)
            }
            Say::Remedy { candidate, text, .. } => {
                facts.answer = Some((text.clone(), self.source(&candidate.id).await?))
            }
            Say::Handoff { .. } | Say::QueueStatus => self.waiting_facts(&mut facts),
            Say::Contact => self.calling(&mut facts),
            Say::TicketStatus => facts.tickets = self.open_tickets().await?,
            _ => {}
        }
        Ok(facts)
    }

    /// The part of a case that answers, and where it comes from.
    async fn passage(&self, candidate: &Candidate, question: &str) -> Result<(String, String), EngineError> {
        let (engine, id, question) = (self.service.engine(), candidate.id.clone(), question.to_owned());
        let most = if self.live.reach.is_some() { PASSAGE_OF_PLATFORMS } else { PASSAGE };
        let shown = move || match engine.case(&id) {
            Ok(Some(case)) => {
                let passage = engine.passage(&question, &case, most);
                Ok(Some((case, passage)))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(EngineError::Internal(error.to_string())),
        };
        // Between the search and now the case may have gone: its title is then all that is left of it.
        let Some((case, passage)) = self.service.compute(shown).await?? else {
            return Ok((candidate.title.clone(), candidate.id.to_string()));
        };
        let mut text = without_file_links(&passage.text);
        // What begins with a heading stands by itself.
        if passage.cut_before && !text.trim_start().starts_with('#') {
            text = format!("{}\n\n{text}", self.catalogue().say("cut_before", &[]));
        }
        if passage.cut_after {
            text = format!("{text}\n\n{}", self.catalogue().say("cut_after", &[]));
        }
        let source = if case.source.is_empty() { case.id.to_string() } else { case.source };
        Ok((text, source))
    }
}
