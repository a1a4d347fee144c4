//! What a message is for: intent, sentiment, severity, and the facts that it states. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::message::Severity;

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the public labels")]
pub enum Intent {
    Question,
    AskHuman,
    Greeting,
    Thanks,
    Bye,
    Resolved,
    Unresolved,
    Choose,
    ProvideInfo,
    Complaint,
    UrgentOutage,
    Contact,
    TicketStatus,
    Rate,
    Chitchat,
    Abusive,
    EraseData,
}

/// How it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the public labels")]
pub enum Sentiment {
    Positive,
    Neutral,
    Negative,
    Angry,
}

/// What a message says, apart from its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Understanding {
    /// What it is for.
    pub intent: Intent,
    /// How sure that is, 0 to 1.
    pub intent_confidence: f32,
    /// How it is said.
    pub sentiment: Sentiment,
    /// The trouble that it states.
    pub severity: Option<Severity>,
    /// Facts that it states, by slot.
    pub slots: Slots,
}

/// A fact that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// Code of the product.
    Product,
    /// Id of an instance, such as `i-bp1…`.
    Instance,
    /// Operating system, with its version where said.
    System,
    /// Region, such as `cn-beijing`, or as it was said.
    Region,
    /// Error code or message, as said.
    Error,
    /// Since when, as said.
    Since,
    /// Version of the product or software.
    Version,
    /// Edition of the product.
    Edition,
    /// Request id.
    Request,
}

/// Facts by slot.
pub type Slots = BTreeMap<Slot, String>;

/// Whether a message takes back the wish for a human.
pub fn cancels_handoff(text: &str) -> bool {
    ["不用转", "不转了", "不用人工", "取消转人工", "算了不用"].iter().any(|words| text.contains(words))
}

/// Whether a message asks how long the waiting will be.
pub fn wants_wait_estimate(text: &str) -> bool {
    ["还要等多久", "排到第几", "要等多久"].iter().any(|words| text.contains(words))
}

/// Stands in until the learned one is here.
pub struct Understander;
impl Understander {
    /// x
    pub fn shipped() -> Result<Self, std::fmt::Error> {
        Ok(Self)
    }
    /// x
    pub fn understand(&self, text: &str) -> Understanding {
        let intent = match text {
            t if t.contains("转人工") => Intent::AskHuman,
            t if t.contains("没用") || t.contains("没解决") => Intent::Unresolved,
            t if t.contains("解决了") => Intent::Resolved,
            t if t.contains("你好") => Intent::Greeting,
            _ => Intent::Question,
        };
        Understanding {
            intent,
            intent_confidence: 1.0,
            sentiment: Sentiment::Neutral,
            severity: None,
            slots: Slots::new(),
        }
    }
}
