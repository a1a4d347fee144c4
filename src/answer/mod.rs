//! Words for what the bot says: one catalogue a language, and the replies made from it. Pure.
//!
//! Start at [`Catalogue::of`] and [`render::render`]. Every sentence that the bot says to a person stands in `zh-CN.toml` and
//! `en.toml` beside this file, and nowhere else.

use std::collections::BTreeMap;
use std::sync::OnceLock;

pub mod page;
pub mod present;
pub mod render;

/// The sentences of one language.
#[derive(Debug)]
pub struct Catalogue {
    sentences: BTreeMap<String, String>,
    /// Whether it is the English one, for labels that come in both languages.
    pub is_english: bool,
}

impl Catalogue {
    /// The catalogue for a locale such as `en-GB`; Chinese unless it is an English one.
    pub fn of(locale: Option<&str>) -> &'static Self {
        static CHINESE: OnceLock<Catalogue> = OnceLock::new();
        static ENGLISH: OnceLock<Catalogue> = OnceLock::new();
        let is_english = locale.is_some_and(|locale| locale.to_ascii_lowercase().starts_with("en"));
        match is_english {
            true => ENGLISH.get_or_init(|| Self::parse(include_str!("en.toml"), true)),
            false => CHINESE.get_or_init(|| Self::parse(include_str!("zh-CN.toml"), false)),
        }
    }

    fn parse(text: &str, is_english: bool) -> Self {
        // The test below reads both; an unreadable one could not have been built into a release.
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
    fn both_languages_have_every_sentence_with_the_same_places() {
        let (zh, en) = (Catalogue::of(None), Catalogue::of(Some("en-US")));
        assert!(zh.sentences.keys().eq(en.sentences.keys()));
        for (key, sentence) in &zh.sentences {
            assert_eq!(places(sentence), places(&en.sentences[key]), "{key}");
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
