//! What a message means beyond its label: how sure the label must be, nods, declined offers, stars in words.

use super::understanding::{Intent, Slot, Understanding, cancels_handoff};
use crate::message::Severity;

/// Short words that take an offer up.
pub(super) const YES: [&str; 22] = [
    "好",
    "好的",
    "好啊",
    "可以",
    "行",
    "要",
    "是",
    "是的",
    "嗯",
    "对",
    "转",
    "转吧",
    "需要",
    "确认",
    "好吧",
    "那转吧",
    "麻烦了",
    "yes",
    "ok",
    "sure",
    "y",
    "嗯嗯",
];
/// Words that confirm erasing; longer than a yes on purpose.
pub(super) const CONFIRM_ERASURE: [&str; 4] = ["确认删除", "確認刪除", "确定删除", "confirm deletion"];
/// Words that take a wish to erase back.
pub(super) const DECLINES: [&str; 6] = ["不删", "先不", "算了", "别删", "取消", "don't"];
/// Words that say that a fact is not known.
pub(super) const UNKNOWN: [&str; 9] =
    ["不知道", "不清楚", "不确定", "没有", "忘了", "不晓得", "不懂", "don't know", "not sure"];

/// Whether a short answer says that the fact is not known.
pub(super) fn is_unknown(text: &str) -> bool {
    UNKNOWN.iter().any(|words| text.contains(words)) && text.chars().count() <= 10
}

/// Whether a message only agrees, or takes back what was not under way.
pub(super) fn is_nod(text: &str) -> bool {
    let words = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    YES.contains(&words.as_str()) || cancels_handoff(text) || words.is_empty()
}

/// The text without a clause that only says that no human is wanted.
pub(super) fn beside_cancelling(text: &str) -> &str {
    match text.split_once(['，', ',', '。', '；', ';']) {
        Some((clause, rest)) if cancels_handoff(clause) && !rest.trim().is_empty() => rest.trim(),
        _ => text,
    }
}

/// From so many characters on a text is a sentence with a content of its own.
const LONG: usize = 12;

/// What a message is taken for. A question that is taken for something else gets no answer, so what is no question must be
/// sure enough: the longer the text and the graver the consequence, the surer.
pub(super) fn settled(text: &str, understanding: &Understanding) -> Intent {
    let is_long = text.chars().count() >= LONG;
    let needed = match understanding.intent {
        Intent::UrgentOutage if understanding.severity == Some(Severity::P0) => 0.8,
        // What went wrong with a bill is answered; who complains says so.
        Intent::Complaint => 0.97,
        // Deleting files is everyday work; who wants to be forgotten says so plainly.
        Intent::EraseData => 0.85,
        Intent::ProvideInfo if !understanding.slots.is_empty() => 0.4,
        _ if is_long => 0.75,
        _ => 0.4,
    };
    if understanding.intent_confidence >= needed { understanding.intent } else { Intent::Question }
}

/// Whether people of the service should hear of it.
pub(super) fn matters(intent: Intent) -> bool {
    matches!(intent, Intent::Complaint | Intent::AskHuman)
}

/// Whether a message with this intent leaves an ended conversation ended.
pub(super) fn ends(intent: Intent) -> bool {
    matches!(intent, Intent::Thanks | Intent::Bye | Intent::Rate | Intent::Resolved | Intent::Chitchat)
}

/// Ids tell a human which machine it is, and a search nothing.
pub(super) fn is_only_ids(slots: &super::understanding::Slots) -> bool {
    let id = |slot: &Slot| matches!(slot, Slot::Instance | Slot::Request | Slot::Region | Slot::Since);
    !slots.is_empty() && slots.keys().all(id)
}

/// Stars that a text names: a number from 0 to 5 or up to 10 of ten, Chinese digits, or the stars themselves.
pub(super) fn stars(text: &str) -> Option<u8> {
    let drawn = text.chars().filter(|c| matches!(c, '⭐' | '★' | '🌟')).count();
    if drawn > 0 {
        return Some(drawn.min(5) as u8);
    }
    let digit = text.chars().find_map(|c| match c {
        '0'..='5' => c.to_digit(10),
        '一' => Some(1),
        '两' | '二' => Some(2),
        '三' => Some(3),
        '四' => Some(4),
        '五' | '满' => Some(5),
        _ => None,
    });
    digit.filter(|_| !text.contains("满意")).map(|n| n.clamp(1, 5) as u8)
}
