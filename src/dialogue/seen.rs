//! What a message says about the open step of a diagnosis: a number, the words of an option, or that it cannot be told.

use super::pick::{Pick, is_bare_number, pick};
use super::relation;
use crate::analyzer::normalize::fold;
use crate::guide::may_guide;
use crate::message::Choice;

/// Words of somebody who cannot tell what is seen.
const UNSURE: [&str; 11] = [
    "不确定",
    "不知道",
    "不清楚",
    "看不懂",
    "不懂",
    "不会",
    "不晓得",
    "看不出",
    "没法看",
    "don't know",
    "not sure",
];
/// Longest text that says no more than that.
const LONGEST_UNSURE: usize = 12;
/// Longest text in which a label may stand: a longer one tells of something.
const LONGEST_SEEN: usize = 30;
/// Words of a question, which is no finding.
const ASKING: [&str; 11] = ["怎么", "如何", "为什么", "什么", "哪", "多少", "吗", "咋", "?", "how ", "what "];

/// What a message says about the open step.
pub(super) enum Reading {
    /// The one at this place, from 0.
    Nth(usize),
    /// It cannot be told.
    Unsure,
    /// A number that is not among them.
    OutOfRange,
    /// Nothing of these.
    Other,
}

/// Whether a message asks for something, so that it is no finding.
pub(super) fn asks(text: &str) -> bool {
    let folded = fold(text);
    relation::opens_topic(text) || ASKING.iter().any(|word| folded.contains(word))
}

/// What a message says of the options: a number, the words of a label, or that it cannot be told.
pub(super) fn reading(text: &str, choices: &[Choice]) -> Reading {
    if is_bare_number(text) {
        return match pick(text, choices) {
            Pick::Nth(n) => Reading::Nth(n),
            _ => Reading::OutOfRange,
        };
    }
    let folded = fold(text);
    let words = folded.trim_matches(|c: char| !c.is_alphanumeric());
    let length = words.chars().count();
    let begins = |choice: &Choice| fold(&choice.label).starts_with(words);
    if let Some(n) = only(choices, begins).filter(|_| length > 0) {
        return Reading::Nth(n);
    }
    if length <= LONGEST_UNSURE && UNSURE.iter().any(|unsure| words.contains(unsure)) {
        return Reading::Unsure;
    }
    match pick(text, choices) {
        Pick::Nth(n) => return Reading::Nth(n),
        Pick::NoneOfThem(rest) if rest.is_empty() => return Reading::Unsure,
        _ if length > LONGEST_SEEN || asks(text) => return Reading::Other,
        _ => {}
    }
    only(choices, |choice| speaks_of(words, &fold(&choice.label))).map_or(Reading::Other, Reading::Nth)
}

/// Words that ask to be guided and name no trouble.
const GUIDE_ME: [&str; 10] = [
    "一步步排查",
    "带我一步步排查",
    "帮我一步步排查",
    "一步步来",
    "一步步查",
    "带我排查",
    "帮我排查",
    "帮我诊断",
    "排查",
    "guide me",
];

/// The place of the diagnosis that is offered, where a message only asks to be guided and there is just one.
pub(super) fn offered_guide(text: &str, choices: &[Choice]) -> Option<usize> {
    let words = fold(text);
    let words = words.trim_matches(|c: char| !c.is_alphanumeric()).trim_end_matches(['吧', '一', '下']);
    let is_guide = |choice: &Choice| choice.case_id.as_ref().is_some_and(may_guide);
    only(choices, is_guide).filter(|_| GUIDE_ME.contains(&words))
}

/// The one choice that fits, where there is just one.
fn only(choices: &[Choice], fits: impl Fn(&Choice) -> bool) -> Option<usize> {
    let mut fitting = (0..choices.len()).filter(|&at| fits(&choices[at]));
    fitting.next().filter(|_| fitting.next().is_none())
}

/// Whether a part of the label stands in the text and is not denied there.
fn speaks_of(text: &str, label: &str) -> bool {
    /// Shorter parts stand anywhere by chance.
    const LEAST: usize = 2;
    let parts = label.split(|c: char| !c.is_alphanumeric() && !matches!(c, ' ' | '.' | '_' | '-' | '%'));
    let mut parts = parts.map(str::trim).filter(|part| part.chars().count() >= LEAST);
    parts.any(|part| {
        text.split_once(part)
            .is_some_and(|(before, _)| !before.ends_with(['不', '没', '无', '非', '未', '有']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_may_be_said_in_many_ways() {
        let labels = ["通（succeeded）", "不通，超时", "Connection refused", "不确定"];
        let choice = |label: &&str| Choice {
            id: "1-1".into(),
            label: (*label).to_owned(),
            case_id: None,
            value: Some((*label).to_owned()),
        };
        let choices: Vec<Choice> = labels.iter().map(choice).collect();
        let seen = |text: &str| match reading(text, &choices) {
            Reading::Nth(n) => n + 1,
            Reading::Unsure => choices.len(),
            Reading::OutOfRange => 99,
            Reading::Other => 0,
        };
        let ways: [(usize, &[&str]); 6] = [
            (1, &["1", "一", "通", "succeeded", "A", "第一个", "显示 succeeded 了"]),
            (2, &["2", "２", "二", "2.", "不通", "不通，超时", "一直超时", "选2吧", "B"]),
            (3, &["3", "connection refused", "提示 Connection refused"]),
            (4, &["4", "不确定", "看不懂", "不知道怎么看", "都不是", "最后一个"]),
            (99, &["9", "第八个"]),
            (0, &["怎么开发票", "没有超时", "超时了怎么办", "Redis 内存满了", "", "转人工"]),
        ];
        for (n, texts) in ways {
            for text in texts {
                assert_eq!(seen(text), n, "{text}");
            }
        }
    }
}
