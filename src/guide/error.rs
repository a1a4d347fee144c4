//! What may be wrong with a tree.

use super::{LONGEST_LABEL, LONGEST_TEXT, MOST_DEEP, MOST_NODES, MOST_OPTIONS, UNSURE};

/// Why something is no tree. [`GuideError::at`] names the step or end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuideError {
    /// A name leads nowhere.
    #[error("`{from}` leads to `{to}`, which is neither a step nor an end: add it, or mend the name")]
    Nowhere {
        /// Where it stands.
        from: String,
        /// The name.
        to: String,
    },
    /// A name is used for a step and for an end.
    #[error("`{0}` is a step and an end: rename one of them")]
    Twice(String),
    /// Nothing leads to it.
    #[error("no option leads to `{0}`: lead one to it, or remove it")]
    Unreachable(String),
    /// A path comes back to where it was.
    #[error("a path from `{0}` comes back to it: every path must end")]
    Circle(String),
    /// A path is too long.
    #[error("a path through `{0}` has more than {MOST_DEEP} questions: shorten it")]
    TooDeep(String),
    /// Too few or too many options.
    #[error("`{0}` must have 2 to {MOST_OPTIONS} options")]
    Options(String),
    /// A label that is empty, too long, or there twice.
    #[error("`{at}`: the label `{label}` must be of 1 to {LONGEST_LABEL} characters and there only once")]
    Label {
        /// The step.
        at: String,
        /// The label.
        label: String,
    },
    /// No way out for who cannot tell.
    #[error("the last option of `{0}` must begin with `{UNSURE}`: nobody must be stuck")]
    Unsure(String),
    /// A text is missing or too long.
    #[error("`{at}`: `{key}` must have 1 to {LONGEST_TEXT} bytes")]
    Text {
        /// The step or end.
        at: String,
        /// The key.
        key: &'static str,
    },
    /// An end is neither or both.
    #[error("`{0}` must have either `cause` and `remedy`, or `handoff`")]
    Neither(String),
    /// Too large as a whole.
    #[error("there are more than {MOST_NODES} steps or ends: make two trees of it")]
    TooLarge,
}

impl GuideError {
    /// The step or end that is wrong; `None` where it is the tree.
    pub fn at(&self) -> Option<&str> {
        match self {
            Self::Nowhere { from: at, .. } | Self::Label { at, .. } | Self::Text { at, .. } => Some(at),
            Self::Twice(at)
            | Self::Unreachable(at)
            | Self::Circle(at)
            | Self::TooDeep(at)
            | Self::Options(at)
            | Self::Unsure(at)
            | Self::Neither(at) => Some(at),
            Self::TooLarge => None,
        }
    }
}
