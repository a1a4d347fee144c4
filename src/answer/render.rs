//! From what the bot means to say to the replies that people read.

use crate::desk::directory::{LineView, Purpose};
use crate::desk::label::Label;
use crate::dialogue::event::Effect;
use crate::dialogue::say::{Line, Say};
use crate::dialogue::understanding::Slot;
use crate::id::TicketId;
use crate::message::{Choice, DIAGNOSIS, HandoffReason, Reply};

use super::Catalogue;

/// The language that needs no mention.
const HERE: &str = "zh";

/// What sentences speak of; what a sentence does not need stays empty.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The answer's text and source.
    pub answer: Option<(String, String)>,
    /// The active ticket.
    pub ticket: Option<TicketId>,
    /// The agent's name.
    pub agent: Option<String>,
    /// What was wanted last time.
    pub earlier: Option<String>,
    /// Number of an erasure's receipt.
    pub receipt: Option<String>,
    /// Whether somebody could take the ticket, and whom to call else.
    pub desk: Option<Desk>,
    /// Place in the queue and expected wait in seconds.
    pub place: Option<(u32, u32)>,
    /// Whether somebody has been given the ticket and is about to come.
    pub is_assigned: bool,
    /// Lines to call, best first.
    pub lines: Vec<CallLine>,
    /// Where somebody calls from.
    pub called_from: Option<Place>,
    /// The person's open tickets: number, status, how it reads when it was last changed.
    pub tickets: Vec<(TicketId, String, String)>,
}

/// Whether people are there.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// Whether it is within service hours.
    pub open: bool,
    /// When it opens, as people read it.
    pub opening: Option<String>,
    /// The line to call meanwhile.
    pub line: Option<CallLine>,
}

/// Where somebody calls from.
#[derive(Clone, Debug)]
pub struct Place {
    /// The region that serves it.
    pub label: Label,
    /// The time there.
    pub clock: String,
    /// Whether it is another region than most people are in.
    pub abroad: bool,
    /// Whether it is within the hours there.
    pub open: bool,
}

/// A line to call, with its times as people read them.
#[derive(Clone, Debug)]
pub struct CallLine {
    /// The line.
    pub line: LineView,
    /// When it opens next, as people read it.
    pub opening: Option<String>,
}

/// The replies that one effect makes; empty for effects that say nothing.
pub fn render(effect: &Effect, facts: &Facts, catalogue: &Catalogue) -> Vec<Reply> {
    let Effect::Say(say) = effect else { return Vec::new() };
    let words = Words { facts, catalogue };
    match say {
        Say::Text(line) => vec![Reply::Text { text: words.line(*line) }],
        Say::Notice(line) => vec![Reply::Notice { text: words.line(*line) }],
        Say::Answer { candidate, related, .. } => {
            let (text, source) = facts.answer.clone().unwrap_or_default();
            let (case_id, title) = (candidate.id.clone(), candidate.title.clone());
            let answer = Reply::Answer { text, case_id, title, source, confidence: candidate.confidence };
            let related = (!related.is_empty()).then(|| words.choices(Line::Related, related));
            [answer].into_iter().chain(related).collect()
        }
        Say::Choices { lead, choices } => vec![words.choices(*lead, choices)],
        Say::Clarify { slot, choices } => vec![words.clarify(*slot, choices)],
        Say::Step { lead, title, text, choices } => vec![words.step(*lead, title, text, choices)],
        Say::Remedy { candidate, cause, related, .. } => {
            let (text, source) = facts.answer.clone().unwrap_or_default();
            let lead = catalogue.say("guide_cause", &[("cause", cause)]);
            let text = format!("**{lead}**\n\n{text}");
            let (case_id, title) = (candidate.id.clone(), candidate.title.clone());
            let answer = Reply::Answer { text, case_id, title, source, confidence: candidate.confidence };
            let related = (!related.is_empty()).then(|| words.choices(Line::GuideMore, related));
            [answer].into_iter().chain(related).collect()
        }
        Say::Suspected(suspected) => {
            vec![Reply::Text { text: catalogue.say("guide_suspected", &[("suspected", suspected)]) }]
        }
        Say::Handoff { reason, position, wait_s } => {
            words.handoff(*reason, *position, *wait_s).into_iter().collect()
        }
        Say::Contact => vec![Reply::Text { text: words.contact() }],
        Say::TicketStatus => vec![Reply::Text { text: words.tickets() }],
        Say::QueueStatus => vec![Reply::Notice { text: words.queue() }],
    }
}

/// A wait as people say it.
pub fn wait(seconds: u32, catalogue: &Catalogue) -> String {
    match seconds {
        0..60 => catalogue.say("wait_seconds", &[]),
        60..5400 => catalogue.say("wait_minutes", &[("minutes", &seconds.div_ceil(60).to_string())]),
        _ => catalogue.say("wait_hours", &[("hours", &seconds.div_ceil(3600).to_string())]),
    }
}

struct Words<'a> {
    facts: &'a Facts,
    catalogue: &'a Catalogue,
}

impl Words<'_> {
    fn ticket(&self) -> &str {
        self.facts.ticket.as_ref().map_or("", TicketId::as_str)
    }

    fn line(&self, line: Line) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (agent, earlier, receipt) =
            (text(&self.facts.agent), text(&self.facts.earlier), text(&self.facts.receipt));
        let values = [
            ("agent", agent.as_str()),
            ("earlier", &earlier),
            ("receipt", &receipt),
            ("ticket", self.ticket()),
        ];
        self.catalogue.say(line.key(), &values)
    }

    fn choices(&self, lead: Line, choices: &[Choice]) -> Reply {
        let named = |choice: &Choice| match choice.label.is_empty() {
            true => Choice { label: self.catalogue.say("none_of_these", &[]), ..choice.clone() },
            false => choice.clone(),
        };
        Reply::Choices { text: self.line(lead), choices: choices.iter().map(named).collect() }
    }

    fn clarify(&self, slot: Option<Slot>, choices: &[Choice]) -> Reply {
        let (key, slot) = match slot {
            Some(Slot::Product) => ("clarify_product", "product"),
            Some(Slot::System) => ("clarify_system", "system"),
            Some(Slot::Edition) => ("clarify_edition", "edition"),
            _ => ("clarify_other", "symptom"),
        };
        Reply::Clarify {
            text: self.catalogue.say(key, &[]),
            slot: slot.to_owned(),
            choices: choices.to_vec(),
        }
    }

    fn step(&self, lead: Option<Line>, title: &str, text: &str, choices: &[Choice]) -> Reply {
        let lead = lead.map(|lead| self.catalogue.say(lead.key(), &[("title", title)]));
        let text = lead.into_iter().chain([text.to_owned()]).collect::<Vec<_>>().join("\n\n");
        Reply::Clarify { text, slot: DIAGNOSIS.to_owned(), choices: choices.to_vec() }
    }

    fn handoff(&self, reason: HandoffReason, position: Option<u32>, wait_s: Option<u32>) -> Option<Reply> {
        let key = match reason {
            HandoffReason::FailedRounds => "handoff_failed_rounds",
            HandoffReason::UserRequest => "handoff_user_request",
            HandoffReason::Urgent => "handoff_urgent",
            HandoffReason::Complaint => "handoff_complaint",
            HandoffReason::Vip => "handoff_vip",
            HandoffReason::TicketTimeout => "handoff_ticket_timeout",
        };
        let mut parts = vec![self.catalogue.say(key, &[("ticket", self.ticket())])];
        parts.push(match (reason, position) {
            // The alarm calls people whatever the hour.
            (HandoffReason::Urgent, None) => self.catalogue.say("handoff_urgent_nobody", &[]),
            _ => self.waiting(position, wait_s),
        });
        let line = self.facts.desk.as_ref().and_then(|desk| desk.line.as_ref());
        if let Some(line) = line.filter(|_| position.is_none() || reason == HandoffReason::Urgent) {
            let values = [("label", self.label(&line.line)), ("number", line.line.number.clone())];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            parts.push(self.catalogue.say("handoff_line", &values));
        }
        let ticket_id = self.facts.ticket.clone()?;
        let text = parts.join(if self.catalogue.is_english { " " } else { "" });
        Some(Reply::Handoff { text, ticket_id, queue_position: position, expected_wait_s: wait_s })
    }

    fn waiting(&self, position: Option<u32>, wait_s: Option<u32>) -> String {
        let desk = self.facts.desk.clone().unwrap_or_default();
        match (position, wait_s) {
            (Some(1), Some(seconds)) => {
                self.catalogue.say("handoff_next", &[("wait", &wait(seconds, self.catalogue))])
            }
            (Some(position), Some(seconds)) => {
                let (ahead, wait) = ((position - 1).to_string(), wait(seconds, self.catalogue));
                self.catalogue.say("handoff_position", &[("ahead", &ahead), ("wait", &wait)])
            }
            _ => match desk.opening.filter(|_| !desk.open) {
                Some(opening) => self.catalogue.say("handoff_closed", &[("opening", &opening)]),
                None => self.catalogue.say("handoff_nobody", &[]),
            },
        }
    }

    fn label(&self, line: &LineView) -> String {
        line.label.of(self.catalogue.is_english.then_some("en")).to_owned()
    }

    fn contact(&self) -> String {
        let place = self.facts.called_from.as_ref();
        let lead = place.map(|place| {
            let region = place.label.of(self.catalogue.is_english.then_some("en"));
            let key = if place.open { "contact_lead_open" } else { "contact_lead_closed" };
            self.catalogue.say(key, &[("region", region), ("clock", &place.clock)])
        });
        let mut text: Vec<String> = lead.into_iter().collect();
        for CallLine { line, opening } in &self.facts.lines {
            let mut more = String::new();
            if let Some(extension) = &line.extension {
                let extension = extension.of(self.catalogue.is_english.then_some("en"));
                more += &self.catalogue.say("contact_extension", &[("extension", extension)]);
            }
            if !line.languages.iter().any(|language| language == HERE) {
                let languages: Vec<String> = line
                    .languages
                    .iter()
                    .map(|code| self.catalogue.say(&format!("language_{code}"), &[]))
                    .collect();
                let languages = languages.join(&self.catalogue.say("language_between", &[]));
                more += &self.catalogue.say("contact_languages", &[("languages", &languages)]);
            }
            if let Some(hours) = &line.hours {
                more += &self.catalogue.say("contact_hours", &[("hours", hours)]);
            }
            more += &match (line.open_now, opening) {
                (Some(true), _) => self.catalogue.say("contact_open", &[]),
                (Some(false), Some(opening)) => self.catalogue.say("contact_closed", &[("opening", opening)]),
                _ => String::new(),
            };
            let source = line.source.of(self.catalogue.is_english.then_some("en"));
            more += &self.catalogue.say("contact_source", &[("source", source)]);
            let abroad = line.from_abroad.as_ref().filter(|_| place.is_some_and(|place| place.abroad));
            let number = abroad.unwrap_or(&line.number).clone();
            let values = [("label", self.label(line)), ("number", number), ("more", more)];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            text.push(self.catalogue.say("contact_line", &values));
        }
        let urgent = self.facts.lines.iter().any(|call| call.line.purpose == Purpose::Urgent);
        if urgent && place.is_some_and(|place| !place.open) {
            text.push(self.catalogue.say("contact_urgent", &[]));
        }
        text.push(self.catalogue.say("contact_check", &[]));
        text.join("\n")
    }

    fn tickets(&self) -> String {
        if self.facts.tickets.is_empty() {
            return self.catalogue.say("tickets_none", &[]);
        }
        let mut text = vec![self.catalogue.say("tickets_lead", &[])];
        for (ticket, status, updated) in &self.facts.tickets {
            let status = self.catalogue.say(&format!("status_{status}"), &[]);
            let values = [("ticket", ticket.as_str()), ("status", &status), ("updated", updated)];
            text.push(self.catalogue.say("ticket_line", &values));
        }
        text.join("\n")
    }

    fn queue(&self) -> String {
        match self.facts.place {
            Some((position, seconds)) => {
                let (position, wait) = (position.to_string(), wait(seconds, self.catalogue));
                self.catalogue.say("queue_position", &[("position", &position), ("wait", &wait)])
            }
            None if self.facts.is_assigned => {
                self.catalogue.say("queue_assigned", &[("ticket", self.ticket())])
            }
            None => self.catalogue.say("queue_nobody", &[("ticket", self.ticket())]),
        }
    }
}
