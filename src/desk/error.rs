//! What can be wrong with the rules of the desk.

/// Why a file of `kb/service` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// It is no TOML, or has a key that nobody reads, or lacks one.
    #[error("kb/service/{file}: {reason}; mend it, or remove the file to use the built-in one")]
    Unreadable {
        /// Which file.
        file: &'static str,
        /// What the parser says, with line and key.
        reason: String,
    },
    /// A value that means nothing.
    #[error("kb/service/{file}: {key}: {reason}")]
    Unusable {
        /// Which file.
        file: &'static str,
        /// Where in it.
        key: String,
        /// What is wrong, and what to write instead.
        reason: String,
    },
    /// A file that nobody reads.
    #[error("kb/service/{name} is not a file of the desk; it reads {known}")]
    UnknownFile {
        /// Its name.
        name: String,
        /// Those that are read.
        known: String,
    },
}

impl DeskError {
    /// What the parser says of a text, in one line.
    pub(super) fn unreadable(file: &'static str, text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.lines().count().max(1));
        let reason = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        Self::Unreadable { file, reason: format!("line {line}: {reason}") }
    }

    /// A value that means nothing.
    pub(super) fn unusable(file: &'static str, key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unusable { file, key: key.into(), reason: reason.into() }
    }
}
