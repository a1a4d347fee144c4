//! Words before a number that say what it is.

use super::letters::{Letters, is_word};

/// Words that make a number an id, so that it is no phone and no card.
const IDS: [&str; 25] = [
    "订单",
    "订单号",
    "工单",
    "工单号",
    "单号",
    "编号",
    "流水号",
    "序列号",
    "任务",
    "请求",
    "时间戳",
    "案例号",
    "order",
    "order_id",
    "orderid",
    "order id",
    "order no",
    "order_no",
    "requestid",
    "request id",
    "request_id",
    "traceid",
    "timestamp",
    "实例id",
    "任务id",
];
/// Words that make a number a landline, even where nothing parts its area code.
const PHONES: [&str; 9] =
    ["电话", "座机", "固话", "联系方式", "电话号码", "号码", "tel", "phone", "telephone"];
/// Ends of words that make a number a quantity.
const QUANTITIES: [&str; 10] =
    ["bytes", "size", "count", "total", "length", "offset", "duration", "time", "字节", "大小"];
/// Words that make a number the number of a bank card, or of an identity card.
const CARDS: [&str; 8] = ["卡号", "银行卡", "信用卡", "银行卡号", "card", "card no", "card number", "cardno"];
const IDENTITIES: [&str; 8] =
    ["身份证", "身份证号", "身份证号码", "证件", "证件号", "证件号码", "id card", "idcard"];
/// What may stand between a label and its number, at most this much.
const MOST_BETWEEN: usize = 4;

/// Whether what begins here is called an id. Nothing before `floor` is looked at.
pub(super) fn is_called_id(letters: &Letters, at: usize, floor: usize) -> bool {
    is_called(letters, at, floor, &IDS)
}

/// Whether what begins here is called a quantity, such as `"TotalBytes": …`.
pub(super) fn is_called_quantity(letters: &Letters, at: usize, floor: usize) -> bool {
    let end = before_gap(letters, at, floor);
    QUANTITIES.iter().any(|word| end >= floor + word.chars().count() && letters.said_before(end, word))
}

/// Whether what begins here is called the number of a bank card.
pub(super) fn is_called_card(letters: &Letters, at: usize, floor: usize) -> bool {
    is_called(letters, at, floor, &CARDS)
}

/// Whether what begins here is called the number of an identity card.
pub(super) fn is_called_identity(letters: &Letters, at: usize, floor: usize) -> bool {
    is_called(letters, at, floor, &IDENTITIES)
}

/// Whether what begins here is called a phone.
pub(super) fn is_called_phone(letters: &Letters, at: usize, floor: usize) -> bool {
    is_called(letters, at, floor, &PHONES)
}

/// Whether one of the words stands before, with little between.
pub(super) fn is_called(letters: &Letters, at: usize, floor: usize, words: &[&str]) -> bool {
    let end = before_gap(letters, at, floor);
    words.iter().any(|word| {
        let starts_after_floor = end.checked_sub(word.chars().count()).is_some_and(|start| start >= floor);
        starts_after_floor
            && letters.said_before(end, word)
            && stands_alone(letters, end - word.chars().count())
    })
}

/// Where what stands before ends: past the little between.
fn before_gap(letters: &Letters, at: usize, floor: usize) -> usize {
    let mut end = at;
    while end > floor && at - end < MOST_BETWEEN && is_between(letters.before(end)) {
        end -= 1;
    }
    end
}

/// Whether a word that begins here is no part of a longer one, or of a host's name.
fn stands_alone(letters: &Letters, start: usize) -> bool {
    !letters.get(start).is_ascii()
        || !(is_word(letters.before(start)) || matches!(letters.before(start), '.' | '-' | '@'))
}

fn is_between(letter: char) -> bool {
    matches!(letter, ' ' | ':' | '=' | '"' | '\'' | '#' | '(' | '是' | '为' | '\t')
}
