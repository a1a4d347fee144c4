//! Homophones: words typed by their sound, such as 帐号 for 账号 or 负载均横 for 负载均衡.

use std::collections::HashMap;

use pinyin::ToPinyin;

use super::script::is_han;

/// Words by their sound, tones left out and sounds that many people mix folded together.
#[derive(Default)]
pub struct Homophones {
    by_sound: HashMap<String, Vec<(String, u32)>>,
    counts: HashMap<String, u32>,
}

/// The sound of a text of Chinese characters; `None` where a character has no known sound.
fn sound(word: &str) -> Option<String> {
    let mut out = String::with_capacity(word.len() * 2);
    for c in word.chars() {
        let syllable = c.to_pinyin()?.plain();
        out.push_str(&loosen(syllable));
        out.push('\'');
    }
    Some(out)
}

/// Folds sounds that southern speakers and input methods with fuzzy sounds mix: zh/z, ch/c, sh/s, ing/in, eng/en, ang/an.
fn loosen(syllable: &str) -> String {
    let mut s = syllable.to_owned();
    for (from, to) in [("zh", "z"), ("ch", "c"), ("sh", "s")] {
        if s.starts_with(from) {
            s.replace_range(..from.len(), to);
        }
    }
    for (from, to) in [("ing", "in"), ("eng", "en"), ("ang", "an")] {
        if s.ends_with(from) {
            s.truncate(s.len() - from.len());
            s.push_str(to);
        }
    }
    s
}

/// Fewer cases than this do not make a word worth correcting to.
const LEAST_CASES: u32 = 8;
/// A word must be this many times as frequent as what was typed.
const MORE_FREQUENT: u32 = 20;

impl Homophones {
    /// Learns the Chinese words of two to six characters with how many cases have them.
    pub fn new(words: impl Iterator<Item = (String, u32)>) -> Self {
        let mut homophones = Self::default();
        for (word, cases) in words {
            let length = word.chars().count();
            if (2..=6).contains(&length) && word.chars().all(is_han) {
                if cases >= LEAST_CASES
                    && let Some(sound) = sound(&word)
                {
                    homophones.by_sound.entry(sound).or_default().push((word.clone(), cases));
                }
                homophones.counts.insert(word, cases);
            }
        }
        homophones
    }

    /// Stretches of a folded question that sound like a far more frequent word: `(what was typed, the word)`.
    pub fn corrections<'a, 'b>(&'b self, folded: &'a str) -> Vec<(&'a str, &'b str)> {
        let mut found = Vec::new();
        let bounds: Vec<usize> = folded.char_indices().map(|(i, _)| i).chain([folded.len()]).collect();
        for length in 2..=4 {
            for window in bounds.windows(length + 1) {
                let typed = &folded[window[0]..window[length]];
                if typed.chars().all(is_han) {
                    found.extend(self.corrected(typed).map(|word| (typed, word)));
                }
            }
        }
        found
    }

    fn corrected<'b>(&'b self, typed: &str) -> Option<&'b str> {
        let sound = sound(typed)?;
        let known = self.counts.get(typed).copied().unwrap_or(0);
        let (word, _) = self
            .by_sound
            .get(&sound)?
            .iter()
            .filter(|(word, cases)| {
                word != typed && *cases > known.saturating_mul(MORE_FREQUENT) && close(typed, word)
            })
            .max_by_key(|(_, cases)| *cases)?;
        Some(word)
    }
}

/// Whether at most half of the characters differ: more is another word that happens to sound alike.
fn close(typed: &str, word: &str) -> bool {
    let length = typed.chars().count();
    let differ = typed.chars().zip(word.chars()).filter(|(a, b)| a != b).count();
    word.chars().count() == length && differ * 2 <= length
}
