//! Language of what the program says to people.

use std::str::FromStr;

use serde::Deserialize;

/// A language that the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Language {
    /// 简体中文.
    #[default]
    #[serde(rename = "zh-CN")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// Its tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The language of a POSIX locale such as `en_GB.UTF-8`; `None` where the program does not speak it.
    pub fn of_locale(locale: &str) -> Option<Self> {
        match locale.split(['_', '.', '@', '-']).next()? {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "zh-CN" => Ok(Self::Chinese),
            "en" => Ok(Self::English),
            _ => Err(format!("{text:?} is no known language, known are zh-CN and en")),
        }
    }
}
