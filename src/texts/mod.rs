//! What people read, one catalogue a language: `zh-CN.toml`, `en.toml`.
//!
//! [`Texts`] names every text, so that a text which no catalogue has does not compile, and a catalogue that lacks one
//! fails the test below.

use std::fmt::Display;

use serde::Deserialize;

use crate::config::Language;

macro_rules! texts {
    ($($key:ident),* $(,)?) => {
        /// Every text; the catalogues show what each says.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Texts {
            $(pub(crate) $key: Text,)*
        }

        #[cfg(test)]
        impl Texts {
            fn all(&self) -> Vec<(&'static str, &Text)> {
                vec![$((stringify!($key), &self.$key)),*]
            }
        }
    };
}

texts! {
    error,
    warning,
    interrupted,
    nothing,
    comma,
    confidence,
    source,
    choose,
    choose_next,
    clarify,
    clarify_empty,
    clarify_product,
    miss,
    miss_next,
    cut_before,
    cut_after,
    decided_answer,
    decided_choose,
    decided_clarify,
    decided_miss,
    found,
    found_nothing,
    matched,
    missing,
    field_title,
    field_questions,
    field_document,
    field_names,
    field_body,
    way_synonym,
    way_sound,
    batch_bad,
    batch_progress,
    stage_reading,
    stage_indexing,
    stage_commands,
    stage_copying,
    stage_packing,
    stage_unpacking,
    backup_done,
    backup_attachments,
    backup_missing,
    restore_done,
    restore_aside,
    restore_next,
    audit_whole,
    audit_empty,
    audit_end,
    audit_noted,
    audit_broken,
    audit_changed,
    audit_missing,
    audit_head,
    audit_rewritten,
    channel_connects,
    channel_alerts,
    channel_none,
    channel_settings,
    channel_credentials,
    channel_clock,
    channel_callback,
    channel_not_set,
    channel_plain,
    channel_clock_apart,
    channel_no_url,
    channel_no_tls,
    channel_bad_status,
    channel_unreached,
    channel_no_dead,
    channel_no_letter,
    channel_resent,
    import_done,
    import_counts,
    import_moved,
    import_repeated,
    import_duplicates,
    import_bad,
    import_kept,
    index_cases,
    index_rebuilt,
    index_changed,
    index_current,
    kb_synced,
    kb_current,
    more_bad,
    more_duplicates,
    duplicate_exact,
    duplicate_near,
    check_done,
    check_no_shell,
    check_no_kb,
    eval_progress,
    eval_titles_progress,
    eval_questions,
    eval_retrieval,
    eval_decisions,
    eval_coverage,
    eval_precision,
    eval_refusals,
    eval_product,
    eval_ece,
    eval_latency,
    eval_median,
    eval_p99,
    eval_rate,
    eval_titles,
    eval_bad,
    eval_unknown,
    eval_none,
    eval_cannot_write,
    classify_progress,
    classify_intent,
    classify_sentiment,
    classify_severity,
    classify_messages,
    classify_by_intent,
    classify_none,
    chat_prompt,
    chat_queued,
    serve_ready,
    serve_listening,
    user_added,
    user_disabled,
    user_enabled,
    user_is_disabled,
    user_none,
    user_password,
    user_password_again,
    user_password_differ,
    user_password_set,
}

impl Texts {
    /// The texts of a language.
    pub(crate) fn of(language: Language) -> Result<Self, toml::de::Error> {
        toml::from_str(match language {
            Language::Chinese => include_str!("zh-CN.toml"),
            Language::English => include_str!("en.toml"),
        })
    }
}

/// One text, with places for values.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text(String);

impl Text {
    /// The text as it stands.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text with its places filled; values are never looked at for places themselves.
    pub(crate) fn fill(&self, values: &[(&str, &dyn Display)]) -> String {
        let mut out = String::with_capacity(self.0.len() + 16);
        let mut rest = self.0.as_str();
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(b, a)| Some((b, a.split_once('}')?)))
        {
            out.push_str(before);
            if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
                out.push_str(&value.to_string());
            }
            rest = after;
        }
        out + rest
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &Text) -> Vec<&str> {
        let mut names: Vec<&str> =
            text.0.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_language_has_every_text_with_the_same_places() {
        let (chinese, english) =
            (Texts::of(Language::Chinese).unwrap(), Texts::of(Language::English).unwrap());
        for ((key, zh), (_, en)) in chinese.all().into_iter().zip(english.all()) {
            assert!(!zh.0.is_empty() && !en.0.is_empty(), "{key}");
            assert_eq!(places(zh), places(en), "{key}");
        }
    }

    #[test]
    fn values_are_put_in_once() {
        let text = Text("{a}和{b},{a}".to_owned());
        assert_eq!(text.fill(&[("a", &"{b}"), ("b", &2)]), "{b}和2,{b}");
    }
}
