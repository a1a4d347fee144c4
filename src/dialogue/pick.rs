//! Which of the open choices a message picks: by number, ordinal, letter, place or name.

use super::relation;
use crate::analyzer::normalize::fold;
use crate::message::Choice;

/// What a message does with the open choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Takes the one at this place, from 0.
    Nth(usize),
    /// None of them; with what was said beside that.
    NoneOfThem(String),
    /// A number that is not among them.
    OutOfRange,
    /// It is no pick.
    Other,
}

/// Words around a pick that do not change it; longest first where one begins another.
const AROUND: [&str; 50] = [
    "应该选",
    "应该是",
    "麻烦选",
    "帮我选",
    "我要选",
    "我想选",
    "我选择",
    "我揀",
    "我选",
    "我要",
    "就选",
    "选择",
    "回复",
    "就是",
    "那就",
    "好像是",
    "可能是",
    "看看",
    "看下",
    "试试",
    "谢谢",
    "这个",
    "那个",
    "这条",
    "那条",
    "选项",
    "please",
    "option",
    "number",
    "the",
    "one",
    "no.",
    "选",
    "揀",
    "拣",
    "点",
    "要",
    "是",
    "就",
    "嗯",
    "哦",
    "吧",
    "了",
    "呢",
    "啊",
    "号",
    "个",
    "条",
    "项",
    "种",
];
/// Words for none of them.
const NONE: [&str; 16] = [
    "以上都不是",
    "这些都不是",
    "都不是",
    "都不对",
    "都不符合",
    "都不像",
    "都没有",
    "都不行",
    "一个都不是",
    "没有我要的",
    "没有一个是",
    "没一个对",
    "none of these",
    "none of them",
    "neither",
    "none",
];

/// What `text` picks of `choices`.
pub fn pick(text: &str, choices: &[Choice]) -> Pick {
    let folded = fold(text);
    let text_only = folded.trim_matches(|c: char| !c.is_alphanumeric());
    let real = choices.iter().filter(|choice| !is_none(choice)).count();
    if let Some(rest) = none_of_them(&folded) {
        return Pick::NoneOfThem(rest);
    }
    if let Some(at) = choices.iter().position(|choice| names(choice, text_only)) {
        return Pick::Nth(at);
    }
    if let Some(at) = only_one_speaks_of(choices, text_only) {
        return Pick::Nth(at);
    }
    match number(text_only, real) {
        Some(n) if (1..=choices.len()).contains(&n) => Pick::Nth(n - 1),
        // 502 and 3306 are what people type about their trouble.
        Some(n) if n < 100 => Pick::OutOfRange,
        Some(_) => Pick::Other,
        None => Pick::Other,
    }
}

/// Whether a message is nothing but a number or ordinal, so that it would be a pick if there were choices.
pub fn is_bare_number(text: &str) -> bool {
    number(fold(text).trim_matches(|c: char| !c.is_alphanumeric()), 0).is_some()
}

/// Whether a choice is "none of these".
pub fn is_none(choice: &Choice) -> bool {
    choice.case_id.is_none() && choice.value.is_none()
}

fn none_of_them(folded: &str) -> Option<String> {
    let rest = NONE.iter().find_map(|none| folded.trim_start().strip_prefix(none))?;
    Some(rest.trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
}

/// The one label in which all the words stand, where there is just one.
fn only_one_speaks_of(choices: &[Choice], text: &str) -> Option<usize> {
    /// Shorter words stand anywhere by chance.
    const LEAST: usize = 3;
    let words = text.trim_end_matches(['那', '个', '条', '吧', '的']).trim_end();
    if words.chars().filter(|c| c.is_alphabetic()).count() < LEAST {
        return None;
    }
    let mut speaking = (0..choices.len()).filter(|&at| relation::speaks_of(&choices[at].label, words));
    speaking.next().filter(|_| speaking.next().is_none())
}

fn names(choice: &Choice, text: &str) -> bool {
    let is = |name: &str| {
        let name = fold(name);
        let name = name.trim_matches(|c: char| !c.is_alphanumeric());
        !name.is_empty() && (text == name || bare(text) == name)
    };
    is(&choice.label) || choice.value.as_deref().is_some_and(is)
}

/// The text without the words around a pick.
fn bare(text: &str) -> String {
    let mut left: String = text.chars().filter(|c| c.is_alphanumeric() || *c == '.').collect();
    for word in AROUND {
        left = left.replace(word, "");
    }
    left.trim_matches('.').to_owned()
}

/// The number from 1 that a text says; `real` is how many there are to choose from, for "the last one".
fn number(text: &str, real: usize) -> Option<usize> {
    // "Not the first, the second": what is denied is no pick.
    let said = match text.rsplit_once("不是") {
        Some((_, after)) => after.split_once('是').map_or(after, |(_, picked)| picked),
        None => text,
    };
    if let Some(n) = place(said, real) {
        return Some(n);
    }
    if let Some(n) = said.rsplit_once(['选', '揀', '拣']).and_then(|(_, after)| after_choosing(after)) {
        return Some(n);
    }
    let left = bare(said);
    match left.strip_prefix('第') {
        Some(ordinal) => {
            let digits: String = ordinal.chars().take_while(|&c| is_digit(c)).collect();
            // A short remark may follow; a sentence is a question.
            (ordinal.chars().count() - digits.chars().count() <= 6).then(|| value(&digits)).flatten()
        }
        None => value(&left).or_else(|| letter(&left)).or_else(|| english(&left)),
    }
}

/// What stands right behind a word for choosing, whatever is said after it.
fn after_choosing(after: &str) -> Option<usize> {
    let after = after.trim_start_matches(|c: char| !c.is_alphanumeric() || matches!(c, '择' | '第'));
    let digits: String = after.chars().take_while(|&c| is_digit(c)).collect();
    let first: String = after.chars().take_while(char::is_ascii_alphabetic).collect();
    value(&digits).or_else(|| letter(&first))
}

/// A place in the list.
fn place(text: &str, real: usize) -> Option<usize> {
    let short = text.chars().count() <= 8;
    let says = |words: &[&str]| short && words.iter().any(|word| text.contains(word));
    match () {
        () if real == 0 => None,
        () if says(&["最后", "最下面", "末尾", "下面那", "last"]) => Some(real),
        () if says(&["最上面", "上面那", "头一个", "最前面"]) => Some(1),
        () if says(&["中间那", "中间的", "middle"]) => Some(real.div_ceil(2)),
        () => None,
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || "零一二两三四五六七八九十壹贰叁肆伍".contains(c)
}

/// 1 to 99 from digits of either kind.
fn value(text: &str) -> Option<usize> {
    if text.is_empty() || text.chars().count() > 3 {
        return None;
    }
    if text.chars().all(|c| c.is_ascii_digit()) {
        return text.parse().ok();
    }
    let digit = |c: char| {
        let at = "零一二三四五六七八九".chars().position(|d| d == c);
        at.or_else(|| "零壹贰叁肆伍".chars().position(|d| d == c)).or((c == '两').then_some(2))
    };
    match text.split_once('十') {
        Some((tens, ones)) => {
            let part = |text: &str, absent| match text.chars().collect::<Vec<_>>()[..] {
                [] => Some(absent),
                [c] => digit(c),
                _ => None,
            };
            Some(part(tens, 1)? * 10 + part(ones, 0)?)
        }
        None => {
            let mut chars = text.chars();
            digit(chars.next()?).filter(|_| chars.next().is_none())
        }
    }
}

/// A to E.
fn letter(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let first = chars.next()?;
    "abcde".chars().position(|c| c == first).map(|n| n + 1).filter(|_| chars.next().is_none())
}

fn english(text: &str) -> Option<usize> {
    let words = ["first", "second", "third", "fourth", "fifth"];
    let ordinals = ["1st", "2nd", "3rd", "4th", "5th"];
    let at = |list: [&str; 5]| list.iter().position(|word| *word == text);
    at(words).or_else(|| at(ordinals)).map(|n| n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CaseId;

    fn choices() -> Vec<Choice> {
        let case = |n: usize, label: &str| Choice {
            id: format!("c{n}"),
            label: label.to_owned(),
            case_id: CaseId::parse(&format!("case-{n}")),
            value: None,
        };
        let none = Choice { id: "none".into(), label: "都不是".into(), case_id: None, value: None };
        vec![case(1, "磁盘扩容"), case(2, "磁盘只读"), case(3, "快照回滚"), none]
    }

    #[test]
    fn every_way_to_say_a_place_picks_it() {
        let ways: [(usize, &[&str]); 4] = [
            (
                1,
                &[
                    "1",
                    "１",
                    "一",
                    "第一个",
                    "第1个吧",
                    "选A",
                    "a",
                    "the first one",
                    "上面那条",
                    "①",
                    "揀第一個",
                    "磁盘扩容",
                ],
            ),
            (
                2,
                &[
                    "2.",
                    "2、",
                    "二",
                    "第二个",
                    "选 2，谢谢",
                    "不是第一个，是第二个",
                    "嗯…那就 2 吧",
                    "中间那个",
                    "应该是 B",
                    "我看了下，还是选 B 更像我的情况",
                    "2nd",
                    "二。",
                ],
            ),
            (3, &["3", "三", "第３個", "我选第三个", "最后一个", "option 3", "C"]),
            (4, &["4"]),
        ];
        for (n, texts) in ways {
            for text in texts {
                assert_eq!(pick(text, &choices()), Pick::Nth(n - 1), "{text}");
            }
        }
    }

    #[test]
    fn none_of_them_keeps_what_is_said_beside_it() {
        assert_eq!(pick("都不是", &choices()), Pick::NoneOfThem(String::new()));
        assert_eq!(pick("都不是，磁盘怎么加密", &choices()), Pick::NoneOfThem("磁盘怎么加密".into()));
        assert_eq!(pick("none of these", &choices()), Pick::NoneOfThem(String::new()));
    }

    #[test]
    fn what_is_not_there_is_out_of_range_and_sentences_are_no_picks() {
        for text in ["99", "第九个", "0", "十二"] {
            assert_eq!(pick(text, &choices()), Pick::OutOfRange, "{text}");
        }
        for text in ["我有2台机器打不开", "怎么扩容磁盘", "", "😭", "第一步就报错了走不下去", "500", "转人工"]
        {
            let picked = pick(text, &choices());
            assert_eq!(picked, Pick::Other, "{text}");
        }
        assert!(is_bare_number("1") && is_bare_number("第二个") && !is_bare_number("502 怎么办"));
    }
}
