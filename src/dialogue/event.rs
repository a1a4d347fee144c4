//! What happens to a conversation, and what follows from it.

use serde::{Deserialize, Serialize};

use super::conversation::{Candidate, Verdict};
use super::say::Say;
use super::understanding::Understanding;
use crate::guide::Guide;
use crate::hit::Decision;
use crate::id::{CaseId, TicketId};
use crate::message::{HandoffReason, Page, Person, Severity};

/// Something that happens. What a model or a search made of it is part of it, so that it can be replayed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The person said something.
    Said {
        /// The words, masked.
        text: String,
        /// What they are for.
        understanding: Understanding,
        /// Codes of the products that they name.
        products: Vec<String>,
    },
    /// The person picked a choice.
    Chose {
        /// Its id.
        choice: String,
    },
    /// The person sent a file.
    Attached {
        /// As it is called.
        name: String,
    },
    /// The person judged an answer.
    Judged {
        /// The turn of the answer.
        turn: u32,
        /// Whether it helped.
        helpful: bool,
    },
    /// The person pressed the button for a human.
    HumanWanted,
    /// The person gave stars.
    Rated {
        /// 1 to 5.
        stars: u8,
    },
    /// The page says more of who is talking, or where; what is absent stays.
    Described {
        /// Who, as they have proved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<Person>,
        /// On what page they are now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        page: Option<Page>,
        /// What they want to read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        locale: Option<String>,
    },
    /// A search has ended.
    Found {
        /// What to do by its confidence.
        decision: Decision,
        /// Best first, at most ten.
        candidates: Vec<Candidate>,
    },
    /// A case was looked up that may carry a tree.
    Guided {
        /// The tree; absent where it carries none.
        guide: Option<Guide>,
        /// The cases that its remedies name, as far as they are there.
        linked: Vec<Candidate>,
    },
    /// A ticket was opened.
    Opened {
        /// Why.
        reason: HandoffReason,
        /// Its number.
        ticket_id: TicketId,
        /// Where it waits.
        queue: String,
        /// Place in the queue, from 1; absent where nobody is there.
        position: Option<u32>,
        /// Expected wait in seconds; absent where nobody is there.
        wait_s: Option<u32>,
    },
    /// A human has taken over.
    AgentTook {
        /// Who.
        agent: String,
    },
    /// The human is gone, and the conversation waits again.
    AgentLost,
    /// The human gives the conversation back to the bot.
    AgentReturned,
    /// The human has solved it.
    AgentResolved,
    /// A ticket has been open for too long while the bot had the conversation.
    TicketTimeout {
        /// The ticket.
        ticket_id: TicketId,
        /// Where it waits.
        queue: String,
    },
    /// Nothing was said for a long time.
    WentIdle,
}

/// What follows from an event, for the engine to perform.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Search, then feed [`Event::Found`]. Always the last effect.
    Search {
        /// For this.
        question: String,
        /// About this product, where known.
        product: Option<String>,
    },
    /// Look up the tree of a case, then feed [`Event::Guided`]. Always the last effect.
    Guide {
        /// The case.
        case_id: CaseId,
    },
    /// Open a ticket, then feed [`Event::Opened`]. Always the last effect.
    OpenTicket {
        /// Why.
        reason: HandoffReason,
    },
    /// The active ticket is no longer wanted.
    CancelTicket,
    /// The active ticket has become this bad.
    Escalate {
        /// How bad.
        severity: Severity,
    },
    /// People of the service must hear of it now.
    Alert {
        /// How bad.
        severity: Severity,
    },
    /// Tell the person.
    Say(Say),
    /// An answer was judged.
    Verdict {
        /// The case.
        case_id: CaseId,
        /// How.
        verdict: Verdict,
    },
    /// The editors should hear of a question that got no answer.
    Unanswered {
        /// The question.
        question: String,
        /// `miss`, `refused`, `repeated` or `choices_refused`.
        reason: &'static str,
        /// The case that was shown, where one was.
        case_id: Option<CaseId>,
    },
    /// Erase the person and this conversation.
    Erase,
    /// Stars were given.
    Rated {
        /// 1 to 5.
        stars: u8,
    },
}
