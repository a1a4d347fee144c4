//! What people, the bot and agents say to each other, with no channel in it.
//!
//! The shapes here are also those of the public JSON: a field is added, never renamed or given another meaning.

pub mod part;

use serde::{Deserialize, Serialize};

use crate::id::{CaseId, ConversationId, TicketId, UserId};

/// What a step of a diagnosis asks for, in place of a slot.
pub const DIAGNOSIS: &str = "diagnosis";

/// Where a person reaches the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// The floating window of the console.
    #[default]
    Widget,
    /// A WeChat service account.
    Wechat,
    /// A WeCom bot.
    Wecom,
    /// A DingTalk bot.
    Dingtalk,
    /// A terminal.
    Cli,
    /// A program.
    Api,
}

/// How much a customer spends a year, as classes; decides who is served first.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// No plan.
    #[default]
    Standard,
    /// Silver.
    Silver,
    /// Gold.
    Gold,
    /// Platinum: served first, handed over at the first failed round.
    Platinum,
}

/// Who is talking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Person {
    /// As the channel knows them; absent for a visitor who did not sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Class of customer.
    pub tier: Tier,
    /// Region of their servers, such as `cn-hangzhou`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Language that they read, such as `zh-CN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// What the page knows on which it is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Page {
    /// Code of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Address or title of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// How bad a trouble is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
pub enum Severity {
    /// Core business down.
    P0,
    /// Part of the function impaired.
    P1,
    /// Secondary function, or a question.
    P2,
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is open.
    #[default]
    Idle,
    /// An answer was given, awaiting the verdict.
    Answered,
    /// Choices are open.
    Choosing,
    /// The bot asked for a fact.
    Clarifying,
    /// The need was met.
    Resolved,
    /// Waiting for a human.
    Queued,
    /// A human is talking; the bot is silent.
    WithAgent,
    /// Ended.
    Closed,
}

/// Why a conversation goes to a human.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandoffReason {
    /// Three rounds in a row failed.
    FailedRounds,
    /// The person asked for it.
    UserRequest,
    /// Core business is down now.
    Urgent,
    /// A complaint.
    Complaint,
    /// A platinum customer at the first failed round.
    Vip,
    /// A ticket was open for too long.
    TicketTimeout,
}

/// A handoff that is active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Handoff {
    /// Why.
    pub reason: HandoffReason,
    /// The work that came of it.
    pub ticket_id: TicketId,
    /// Where it waits.
    pub queue: String,
}

/// One thing to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Choice {
    /// What `{"choice": …}` names; unique within the conversation.
    pub id: String,
    /// What people read.
    pub label: String,
    /// The case that it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<CaseId>,
    /// The value of the slot that it fills.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// One thing that the bot says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Reply {
    /// A case.
    Answer {
        /// Markdown.
        text: String,
        /// The case.
        case_id: CaseId,
        /// Its title.
        title: String,
        /// Where it comes from.
        source: String,
        /// Calibrated probability that it answers, 0 to 1.
        confidence: f32,
    },
    /// Cases to choose from.
    Choices {
        /// What leads to them.
        text: String,
        /// At most five cases, and "none of these".
        choices: Vec<Choice>,
    },
    /// A question back.
    Clarify {
        /// The question.
        text: String,
        /// The fact that is missing; `diagnosis` where it is a step of a guided diagnosis.
        slot: String,
        /// What it is likely to be; may be empty.
        choices: Vec<Choice>,
    },
    /// A sentence.
    Text {
        /// The sentence.
        text: String,
    },
    /// Something that happened.
    Notice {
        /// The sentence.
        text: String,
    },
    /// The conversation goes to a human.
    Handoff {
        /// What people read.
        text: String,
        /// The work that came of it.
        ticket_id: TicketId,
        /// Place in the queue, from 1; absent where nobody is there.
        queue_position: Option<u32>,
        /// Expected wait in seconds; absent where nobody is there.
        expected_wait_s: Option<u32>,
    },
}

/// The outcome of one inbound message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Turn {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Its number, from 1.
    pub turn: u32,
    /// Where the conversation stands after it.
    pub state: State,
    /// Rounds that failed in a row, 0 to 3.
    pub failed_rounds: u8,
    /// How bad it is.
    pub priority: Option<Severity>,
    /// The handoff that is active.
    pub handoff: Option<Handoff>,
    /// What the bot says.
    pub replies: Vec<Reply>,
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The person.
    User,
    /// The bot.
    Bot,
    /// A human of the service.
    Agent,
    /// Something that happened.
    System,
}

/// One line of the transcript. Personal data in it is masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Message {
    /// Rises by at least one from line to line; what `after` and event ids count in.
    pub seq: u64,
    /// The turn that it belongs to; 0 for the greeting.
    pub turn: u32,
    /// Who said it.
    pub author: Author,
    /// Name of the agent who said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Unix milliseconds.
    pub at: i64,
    /// What was said: a reply of the bot, or a sentence as `{"type": "text"}`.
    pub body: Reply,
    /// The attachment that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<String>,
}
