//! What the bot says, as data: which sentence, not its words. The words are in the catalogues of room `answer`.

use serde::{Deserialize, Serialize};

use super::conversation::Candidate;
use super::understanding::Slot;
use crate::message::{Choice, HandoffReason};

/// One thing to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Say {
    /// A sentence.
    Text(Line),
    /// A sentence about something that happened.
    Notice(Line),
    /// A case, with others that may be meant.
    Answer {
        /// The case.
        candidate: Candidate,
        /// What was asked: decides which part of the case is shown.
        question: String,
        /// Others, to pick from.
        related: Vec<Choice>,
    },
    /// Cases to choose from.
    Choices {
        /// What leads to them.
        lead: Line,
        /// The cases and "none of these", whose label is empty.
        choices: Vec<Choice>,
    },
    /// A question back.
    Clarify {
        /// The missing fact; absent where the trouble itself is not clear.
        slot: Option<Slot>,
        /// What it is likely to be.
        choices: Vec<Choice>,
    },
    /// A step of a diagnosis.
    Step {
        /// What leads to it, where something does.
        lead: Option<Line>,
        /// Title of the diagnosis.
        title: String,
        /// The question, in Markdown.
        text: String,
        /// What may be seen.
        choices: Vec<Choice>,
    },
    /// What a diagnosis has found.
    Remedy {
        /// The case of the diagnosis.
        candidate: Candidate,
        /// What is wrong.
        cause: String,
        /// What to do, in Markdown.
        text: String,
        /// The case that says more, to pick.
        related: Vec<Choice>,
    },
    /// What a diagnosis suspects, with which it goes to a human.
    Suspected(String),
    /// The conversation goes to a human.
    Handoff {
        /// Why.
        reason: HandoffReason,
        /// Place in the queue, from 1; absent where nobody is there.
        position: Option<u32>,
        /// Expected wait in seconds.
        wait_s: Option<u32>,
    },
    /// Lines to call, for the person's region and the hour.
    Contact,
    /// How the person's tickets stand.
    TicketStatus,
    /// How long it will be until a human comes.
    QueueStatus,
}

macro_rules! lines {
    ($($(#[$doc:meta])* $name:ident => $key:literal),* $(,)?) => {
        /// A sentence of the bot.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Line {
            $($(#[$doc])* $name),*
        }

        impl Line {
            /// Every sentence.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its key in the catalogues.
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key),*
                }
            }
        }
    };
}

lines! {
    /// The first words.
    Welcome => "welcome",
    /// The first words to somebody whose earlier trouble is known.
    WelcomeBack => "welcome_back",
    /// A greeting is returned.
    Greeting => "greeting",
    /// Thanks are returned.
    Thanks => "thanks",
    /// Farewell.
    Bye => "bye",
    /// Small talk is led back.
    Chitchat => "chitchat",
    /// An insult is met calmly.
    Calm => "calm",
    /// A human is offered.
    OfferHuman => "offer_human",
    /// A human can be had at any time.
    HumanAtHand => "human_at_hand",
    /// A human is offered because the trouble is bad.
    OfferHumanUrgent => "offer_human_urgent",
    /// It is solved.
    Resolved => "resolved",
    /// Glad, though nothing was asked.
    Fine => "fine",
    /// Nothing was found.
    Miss => "miss",
    /// Nothing more was found after an answer was refused.
    NothingMore => "nothing_more",
    /// Leads to choices.
    DidYouMean => "did_you_mean",
    /// Leads to choices after an answer was refused.
    TryThese => "try_these",
    /// Leads to choices beside an answer.
    Related => "related",
    /// No such number among the choices.
    NoSuchChoice => "no_such_choice",
    /// A number, but there is nothing to choose.
    NothingToChoose => "nothing_to_choose",
    /// Leads to the first step of a diagnosis.
    GuideStart => "guide_start",
    /// What was said fits no option of a step.
    GuideHint => "guide_hint",
    /// There is no step before the first.
    GuideFirst => "guide_first",
    /// Leads to the case that says more than a remedy.
    GuideMore => "guide_more",
    /// Leads back to a step of a diagnosis.
    GuideBack => "guide_back",
    /// A fact was taken down.
    Noted => "noted",
    /// A fact was taken down, and the trouble is not known yet.
    NotedWhatIsWrong => "noted_what_is_wrong",
    /// What is wrong is asked for.
    WhatIsWrong => "what_is_wrong",
    /// The person need not wait any more.
    HandoffCancelled => "handoff_cancelled",
    /// What is said now goes to the human who will come.
    Forwarded => "forwarded",
    /// While waiting: it seems to be solved; how to leave the queue.
    LeaveQueue => "leave_queue",
    /// A human has taken over.
    AgentJoined => "agent_joined",
    /// The human had to leave; it waits again.
    AgentLost => "agent_lost",
    /// The bot speaks again.
    BotBack => "bot_back",
    /// A human has solved it.
    AgentResolved => "agent_resolved",
    /// Erasing must be confirmed.
    ConfirmErasure => "confirm_erasure",
    /// Everything is erased.
    Erased => "erased",
    /// Nothing is erased.
    NotErased => "not_erased",
    /// Thanks for stars.
    Rated => "rated",
    /// Low stars are taken seriously.
    RatedLow => "rated_low",
    /// A file has come.
    FileReceived => "file_received",
    /// Closed because nothing was said.
    ClosedIdle => "closed_idle",
    /// A ticket took too long; a human takes over.
    TicketTimeout => "ticket_timeout",
    /// The choice is not to be had any more.
    ChoiceGone => "choice_gone",
}
