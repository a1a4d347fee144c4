//! Tickets: one piece of human work each, drafted from a dialogue, with its history and its service clocks.
//!
//! A [`Ticket`] is what is stored and what agents are shown. Start at [`draft::draft`]; what may happen to it later is in
//! [`work`], and what may follow what in [`life`].

pub mod draft;
mod history;
mod life;
pub mod number;
mod work;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::history::{Actor, Change, HistoryEntry};
pub use self::life::Status;
pub use self::work::Target;
use super::label::{Label, Named};
use super::sla::Sla;
use crate::id::{AgentName, CaseId, ConversationId, TicketId};
use crate::message::{ChannelKind, HandoffReason, Person, Severity};

/// Why a ticket stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Its life does not go that way.
    #[error("ticket {ticket} is {}, it cannot become {}; look at it again", from.name(), to.name())]
    NotAllowed {
        /// Which.
        ticket: TicketId,
        /// What it is.
        from: Status,
        /// What it was to become.
        to: Status,
    },
    /// A queue that is not there.
    #[error("there is no queue {queue:?}; write skill.class.region, such as network.gold.mainland")]
    NoSuchQueue {
        /// As it was written.
        queue: String,
    },
}

/// One piece of human work. Its JSON is what agents are shown; a field is added, never given another meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its number.
    pub id: TicketId,
    /// The conversation that it came from.
    pub conversation_id: Option<ConversationId>,
    /// Where the person is reached.
    pub channel: ChannelKind,
    /// Who.
    pub person: Person,
    /// Whether it is marked as VIP: served first.
    pub vip: bool,
    /// Stage of its life.
    pub status: Status,
    /// How bad it is.
    pub priority: Severity,
    /// What people read for that: 紧急, 重要, 常规.
    pub priority_label: Label,
    /// Why it went to a human.
    pub reason: HandoffReason,
    /// What is wanted, in one line.
    pub need: String,
    /// Kind of problem.
    pub kind: Named,
    /// How far it reaches.
    pub impact: Named,
    /// Exact symptoms, in the person's words, masked.
    pub symptoms: Vec<String>,
    /// What happened when.
    pub timeline: Vec<Moment>,
    /// Lines that look like logs or error messages, masked.
    pub log_excerpts: Vec<String>,
    /// What has to be reached until when (RTO, RPO), as said.
    pub objective: Option<String>,
    /// Code of the product.
    pub product: Option<String>,
    /// Name of the product.
    pub product_name: Option<String>,
    /// Module of the problem tree.
    pub category: Named,
    /// What likely caused it.
    pub root_causes: Vec<Named>,
    /// Facts known, by slot.
    pub facts: BTreeMap<String, String>,
    /// What the agent still has to ask.
    pub missing: Vec<Named>,
    /// Cases that were shown, and what was wrong with them.
    pub cases: Vec<CaseShown>,
    /// How the person speaks.
    pub sentiment: Option<String>,
    /// Where it waits.
    pub queue: String,
    /// Skills that it needs, the first above all.
    pub skills: Vec<String>,
    /// Code of the service region.
    pub region: String,
    /// Language of the person.
    pub language: String,
    /// Its clocks.
    pub sla: Sla,
    /// Who works on it.
    pub agent: Option<AgentName>,
    /// Since when it waits; kept when it comes back to the queue.
    pub queued_at: Option<i64>,
    /// Whether it came back to the queue: served before others.
    pub returned: bool,
    /// Whether an alert was raised for it: certified engineers first.
    pub alert: bool,
    /// The incident that it belongs to.
    pub incident: Option<String>,
    /// How it was solved.
    pub solution: Option<String>,
    /// Notes that the person does not see.
    pub notes: Vec<Note>,
    /// What the person thought of it.
    pub rating: Option<Rating>,
    /// Who did what when.
    pub history: Vec<HistoryEntry>,
    /// When it was opened.
    pub created_at: i64,
    /// When something last happened.
    pub updated_at: i64,
}

/// A case that the bot showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseShown {
    /// Which.
    pub case_id: CaseId,
    /// Its title.
    pub title: String,
    /// In which turn.
    pub turn: u32,
    /// When.
    pub at: i64,
    /// What the person made of it.
    pub verdict: Verdict,
    /// In their words, masked.
    pub comment: Option<String>,
}

/// What a person made of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was said of it.
    Unanswered,
    /// It did not help.
    Refused,
    /// The same was asked again.
    Repeated,
    /// It helped.
    Accepted,
}

/// Something that happened before the ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// When; absent where only words tell it.
    pub at: Option<i64>,
    /// What.
    pub what: MomentKind,
    /// In words, masked.
    pub text: String,
}

/// What happened before the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MomentKind {
    /// It broke.
    Since,
    /// The person said something.
    Said,
    /// A case was shown.
    Shown,
    /// The person tried something, or says so.
    Tried,
    /// It went to a human.
    HandedOver,
}

/// A note of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: i64,
    /// Whose.
    pub by: AgentName,
    /// What.
    pub text: String,
}

/// Stars from 1 to 5.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// How fast.
    pub response: Option<u8>,
    /// How well it was solved.
    pub resolution: Option<u8>,
    /// How well it was said.
    pub communication: Option<u8>,
    /// When.
    pub at: i64,
}

impl Rating {
    /// One figure from 1 to 5: how fast counts 40 %, how well it was solved 35 %, how well it was said 25 %; what was not
    /// rated is left out. None where nothing was.
    pub fn score(&self) -> Option<f32> {
        let rated = [(self.response, 0.40), (self.resolution, 0.35), (self.communication, 0.25)];
        let rated =
            rated.into_iter().filter_map(|(stars, weight)| Some((f32::from(stars?.clamp(1, 5)), weight)));
        let (sum, weights) =
            rated.fold((0.0, 0.0), |(sum, all), (stars, weight)| (sum + stars * weight, all + weight));
        (weights > 0.0).then(|| sum / weights)
    }
}

#[cfg(test)]
mod tests;
