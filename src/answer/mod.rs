//! Words for what the bot says: one catalogue a language, and the replies made from it. Pure.
//!
//! Start at [`Catalogue::of`] and [`render::render`]. Every sentence that the bot says to a person stands in `zh-CN.toml` and
//! `en.toml` beside this file, and nowhere else.

use std::collections::BTreeMap;
use std::sync::OnceLock;

pub mod links;
pub mod page;
pub mod present;
pub mod render;

/// Every language with its sentences.
const TEXTS: [(&str, &str); 5] = [
    ("zh-CN", include_str!("zh-CN.toml")),
    ("zh-TW", include_str!("zh-TW.toml")),
    ("en", include_str!("en.toml")),
    ("ja", include_str!("ja.toml")),
    ("ko", include_str!("ko.toml")),
];

/// Which of them a locale is.
fn language_of(locale: &str) -> usize {
    let locale = locale.to_ascii_lowercase().replace('_', "-");
    let mut parts = locale.split('-');
    let wanted = match parts.next().unwrap_or_default() {
        "zh" if parts.any(|part| matches!(part, "tw" | "hk" | "mo" | "hant")) => "zh-TW",
        "en" => "en",
        "ja" => "ja",
        "ko" => "ko",
        _ => "zh-CN",
    };
    TEXTS.iter().position(|(language, _)| *language == wanted).unwrap_or_default()
}

/// The sentences of one language.
#[derive(Debug)]
pub struct Catalogue {
    sentences: BTreeMap<String, String>,
    /// Whether labels that come in Chinese and English only are shown in English.
    pub is_english: bool,
}

impl Catalogue {
    /// The catalogue for a locale such as `en-GB`; simplified Chinese where there is none for it.
    pub fn of(locale: Option<&str>) -> &'static Self {
        static ALL: OnceLock<[Catalogue; 5]> = OnceLock::new();
        let all = ALL.get_or_init(|| TEXTS.map(|(language, text)| Self::parse(text, language)));
        &all[language_of(locale.unwrap_or_default())]
    }

    fn parse(text: &str, language: &str) -> Self {
        // The test below reads all of them; an unreadable one could not have been built into a release.
        let is_english = !language.starts_with("zh");
        Self { sentences: toml::from_str(text).unwrap_or_default(), is_english }
    }

    /// The sentences that stand around replies on a chat platform.
    pub fn present_words(&self) -> present::Words {
        let said = |key| self.say(key, &[]);
        present::Words {
            choose: said("present_choose"),
            more: said("present_more"),
            omitted: said("present_omitted"),
            source: said("present_source"),
            verdict: said("present_verdict"),
        }
    }

    /// A sentence with values in its places.
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        let Some(sentence) = self.sentences.get(key) else { return key.to_owned() };
        let mut said = String::with_capacity(sentence.len() + 32);
        let mut rest = sentence.as_str();
        // One pass, so that a value with braces in it is not read as a place.
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let Some((name, after)) = after.split_once('}') else { break };
            said.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
            rest = after;
        }
        said.push_str(rest);
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::say::Line;

    fn places(sentence: &str) -> Vec<&str> {
        let mut places: Vec<&str> =
            sentence.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn every_language_has_every_sentence_with_the_same_places() {
        let zh = Catalogue::of(None);
        for locale in ["en-US", "zh-TW", "zh_Hant_HK", "ja", "ko-KR"] {
            let other = Catalogue::of(Some(locale));
            assert_ne!(other.sentences["welcome"], zh.sentences["welcome"], "{locale}");
            assert!(zh.sentences.keys().eq(other.sentences.keys()), "{locale}");
            for (key, sentence) in &zh.sentences {
                assert_eq!(places(sentence), places(&other.sentences[key]), "{locale} {key}");
            }
        }
        for line in Line::ALL {
            assert!(zh.sentences.contains_key(line.key()), "{line:?}");
        }
    }

    #[test]
    fn values_are_put_in_once() {
        let said = Catalogue::of(None).say("erased", &[("receipt", "{receipt}")]);
        assert!(said.contains("{receipt}") && said.starts_with("已经"));
    }
}
