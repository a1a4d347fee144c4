//! A text that must not be shown.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A secret of the settings. Prints as `***`, so that it can stand in any structure that is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for whoever uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // The error of serde would show what was written.
        let text = String::deserialize(from).map_err(|_| D::Error::custom("a secret is a text in quotes"))?;
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_shown() {
        let secret = Secret::from("s3cret".to_owned());
        assert_eq!((format!("{secret:?}"), secret.expose()), ("***".to_owned(), "s3cret"));
        let error = serde_json::from_str::<Secret>("73577357").unwrap_err().to_string();
        assert!(error.contains("in quotes") && !error.contains("7357"), "{error}");
    }
}
