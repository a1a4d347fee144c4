//! What people read for a code: Chinese and English.

use serde::{Deserialize, Serialize};

/// A name in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Label {
    /// English for a reader of English, Chinese for everybody else.
    pub fn of(&self, locale: Option<&str>) -> &str {
        if is_english(locale) { &self.en } else { &self.zh }
    }
}

/// A stable code and what people read for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// What programs compare; never changes its meaning.
    pub code: String,
    /// What people read.
    pub label: Label,
}

/// The language of a locale such as `zh-CN`, in lower case; Chinese where it is not known.
pub fn language_of(locale: Option<&str>) -> String {
    let language: String =
        locale.unwrap_or_default().chars().take_while(char::is_ascii_alphabetic).collect::<String>();
    if language.is_empty() { "zh".to_owned() } else { language.to_ascii_lowercase() }
}

fn is_english(locale: Option<&str>) -> bool {
    language_of(locale) == "en"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_of_english_gets_english_and_everybody_else_chinese() {
        let label = Label { zh: "紧急".to_owned(), en: "Urgent".to_owned() };
        for (locale, expected) in [
            (None, "紧急"),
            (Some("zh-CN"), "紧急"),
            (Some("en"), "Urgent"),
            (Some("EN_us"), "Urgent"),
            (Some("ja"), "紧急"),
            (Some(""), "紧急"),
            (Some("enough"), "紧急"),
        ] {
            assert_eq!(label.of(locale), expected, "{locale:?}");
        }
        assert_eq!(language_of(Some("pt-BR")), "pt");
        assert_eq!(language_of(Some("…")), "zh");
    }
}
