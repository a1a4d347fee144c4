//! Newtyped identifiers. An id is opaque: it is compared and shown, never taken apart.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The id of a case, kept exactly as the source gave it. Cheap to clone; never empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct CaseId(Arc<str>);

impl CaseId {
    /// Longest id that is accepted, in bytes: long enough for a path and an anchor.
    pub const MAX_LEN: usize = 512;

    /// An id from outside; `None` where it is empty, too long or holds control characters.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.trim().is_empty() && text.len() <= Self::MAX_LEN;
        (fits && !text.chars().any(char::is_control)).then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaseId({})", self.0)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Longest id that is accepted, in bytes.
            pub const MAX_LEN: usize = 128;

            /// An id from outside; `None` where it is empty, too long or holds control characters.
            pub fn parse(text: &str) -> Option<Self> {
                let fits = !text.trim().is_empty() && text.len() <= Self::MAX_LEN;
                (fits && !text.chars().any(char::is_control)).then(|| Self(text.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// The id of a conversation.
    ConversationId
);
text_id!(
    /// The id of a person, as the channel or the console knows them.
    UserId
);
text_id!(
    /// The number of a ticket: `T`, day, running number.
    TicketId
);
text_id!(
    /// The name by which an agent or operator signs in.
    AgentName
);
text_id!(
    /// The id of an attachment.
    AttachmentId
);
