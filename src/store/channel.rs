//! What the service remembers of chat platforms: what they delivered, whom it reaches where, how far it has read.
//!
//! An arrival is saved before the platform is told that it was taken, and dealt with in the transaction of the turn that
//! it becomes; both, and that the platform has the answer, are parts of [`Save`](super::service::Save). Times are Unix
//! milliseconds, given in.

use super::error::StoreError;
use super::service::OutboxRow;
use crate::id::{ConversationId, UserId};

/// Something that a platform delivered and that is to be dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalRow {
    /// The account of the platform, such as `wechat`.
    pub account: String,
    /// What makes it the same when it comes again.
    pub key: String,
    /// Who wrote, as the account reaches them; those of one address are dealt with in order.
    pub address: String,
    /// The message, sealed.
    pub body: Vec<u8>,
    /// When it was taken.
    pub created_at: i64,
}

/// An arrival that has been dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalDone {
    /// The account.
    pub account: String,
    /// The arrival.
    pub key: String,
    /// What the platform is to be given as an answer to its call; absent where it gets none that way.
    pub response: Option<String>,
}

/// What is known of an arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is to be dealt with.
    Due,
    /// It was, and the platform is to be given this; it may not have heard it yet.
    Answered(String),
    /// All is done; the answer, where one was given that way, may be asked for again.
    Done(Option<String>),
}

/// The row of the outbox that holds the answer to an arrival for as long as the platform may fetch it.
pub fn told_id(account: &str, key: &str) -> String {
    format!("{account}/{key}/told")
}

/// An answer that the platform has not taken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ungiven {
    /// The arrival.
    pub arrival: ArrivalDone,
    /// Who waits for it.
    pub address: String,
}

/// Where one person of an account is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRow {
    /// The account.
    pub account: String,
    /// Who, as the account reaches them.
    pub address: String,
    /// The conversation that they are in.
    pub conversation_id: Option<ConversationId>,
    /// The person.
    pub user_id: Option<UserId>,
    /// What an answer may use besides, sealed.
    pub handle: Vec<u8>,
    /// Messages that the platform still takes for them; absent: any number.
    pub quota_left: Option<u32>,
    /// Until when it does.
    pub quota_until: Option<i64>,
    /// When they last wrote.
    pub updated_at: i64,
}

/// The channels' part of the store. Every method is one transaction, durable when it returns.
pub trait ChannelStore: Send + Sync {
    /// What is known of an arrival; `None`: it has not come before.
    fn arrival(
        &self,
        account: &str,
        key: &str,
    ) -> impl Future<Output = Result<Option<Known>, StoreError>> + Send;

    /// Arrivals that are to be dealt with, in the order in which they came.
    fn arrivals_due(&self, limit: u32) -> impl Future<Output = Result<Vec<ArrivalRow>, StoreError>> + Send;

    /// Answers that were ready before `before` and that no call of the platform has fetched.
    fn arrivals_ungiven(
        &self,
        before: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Ungiven>, StoreError>> + Send;

    /// Takes the answer back from the platform, which gets nothing from now on. False where the platform has it; true also
    /// when it was taken back before, and for an arrival that is forgotten.
    fn take_arrival_back(
        &self,
        account: &str,
        key: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Forgets what was done before `before`: so long no platform sends anything again. How many they were.
    fn forget_arrivals(
        &self,
        before: i64,
        limit: u32,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Where somebody is reached.
    fn address(
        &self,
        account: &str,
        address: &str,
    ) -> impl Future<Output = Result<Option<AddressRow>, StoreError>> + Send;

    /// Where the person of a conversation is reached.
    fn address_of(
        &self,
        conversation: &ConversationId,
    ) -> impl Future<Output = Result<Option<AddressRow>, StoreError>> + Send;

    /// Changes what is known of the quota and the handle of an address, after something was sent.
    fn put_address(&self, address: &AddressRow) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What waits to leave for a conversation, in order, also what is not due yet.
    fn outbox_of(
        &self,
        conversation: &ConversationId,
    ) -> impl Future<Output = Result<Vec<OutboxRow>, StoreError>> + Send;

    /// What is [`HELD_BACK`](super::service::HELD_BACK) for a conversation and was saved at or after `since` is due at `now`;
    /// what is older is given up.
    fn outbox_release(
        &self,
        conversation: &ConversationId,
        since: i64,
        now: i64,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// What was given up is tried again from `now` on: one message, or all. How many they were.
    fn outbox_again(
        &self,
        id: Option<&str>,
        now: i64,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// How far something was read.
    fn cursor(
        &self,
        account: &str,
        name: &str,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// The names of cursors that begin with `prefix`, in order.
    fn cursors(
        &self,
        account: &str,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// Remembers how far something was read.
    fn put_cursor(
        &self,
        account: &str,
        name: &str,
        value: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
