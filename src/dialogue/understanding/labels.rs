//! The labels and their public names.

use super::{Intent, Sentiment};
use crate::message::Severity;

/// Every intent.
pub const INTENTS: [Intent; 17] = [
    Intent::Question,
    Intent::AskHuman,
    Intent::Greeting,
    Intent::Thanks,
    Intent::Bye,
    Intent::Resolved,
    Intent::Unresolved,
    Intent::Choose,
    Intent::ProvideInfo,
    Intent::Complaint,
    Intent::UrgentOutage,
    Intent::Contact,
    Intent::TicketStatus,
    Intent::Rate,
    Intent::Chitchat,
    Intent::Abusive,
    Intent::EraseData,
];

/// Every sentiment.
pub const SENTIMENTS: [Sentiment; 4] =
    [Sentiment::Positive, Sentiment::Neutral, Sentiment::Negative, Sentiment::Angry];

/// Every severity.
pub const SEVERITIES: [Option<Severity>; 4] =
    [None, Some(Severity::P0), Some(Severity::P1), Some(Severity::P2)];

impl Intent {
    /// Its public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::AskHuman => "ask_human",
            Self::Greeting => "greeting",
            Self::Thanks => "thanks",
            Self::Bye => "bye",
            Self::Resolved => "resolved",
            Self::Unresolved => "unresolved",
            Self::Choose => "choose",
            Self::ProvideInfo => "provide_info",
            Self::Complaint => "complaint",
            Self::UrgentOutage => "urgent_outage",
            Self::Contact => "contact",
            Self::TicketStatus => "ticket_status",
            Self::Rate => "rate",
            Self::Chitchat => "chitchat",
            Self::Abusive => "abusive",
            Self::EraseData => "erase_data",
        }
    }
}

impl Intent {
    /// Whether a message with this intent may have this severity. A question is about some trouble, if only about one
    /// that could be; an outage is no small one; small talk, facts and courtesies state none; the rest may.
    pub fn allows(self, severity: Option<Severity>) -> bool {
        match self {
            Self::Question => matches!(severity, Some(Severity::P1 | Severity::P2)),
            Self::UrgentOutage => matches!(severity, Some(Severity::P0 | Severity::P1)),
            Self::AskHuman | Self::Unresolved | Self::Complaint | Self::TicketStatus => true,
            _ => severity.is_none(),
        }
    }
}

impl Sentiment {
    /// Its public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
            Self::Angry => "angry",
        }
    }
}

/// The public name of a severity, `none` where there is none.
pub fn severity_name(severity: Option<Severity>) -> &'static str {
    match severity {
        None => "none",
        Some(Severity::P0) => "P0",
        Some(Severity::P1) => "P1",
        Some(Severity::P2) => "P2",
    }
}

/// Names of all labels: intents, sentiments, severities.
pub fn names() -> Vec<String> {
    let intents = INTENTS.iter().map(|intent| intent.name());
    let sentiments = SENTIMENTS.iter().map(|sentiment| sentiment.name());
    let severities = SEVERITIES.iter().map(|severity| severity_name(*severity));
    intents.chain(sentiments).chain(severities).map(str::to_owned).collect()
}
