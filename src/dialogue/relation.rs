//! How a message stands to the need before it: the same again, a follow-up in half a sentence, or something else.

use std::collections::HashSet;

use super::conversation::Need;
use super::facet;
use crate::analyzer::normalize::fold;

/// Words that begin another topic.
const OTHER_TOPIC: [&str; 20] = [
    "另外",
    "还有个事",
    "还有一个",
    "换个问题",
    "换个话题",
    "再问",
    "顺便",
    "另一个问题",
    "别的问题",
    "新问题",
    "还想问",
    "下一个问题",
    "对了",
    "还有个问题",
    "再请教",
    "另问",
    "by the way",
    "another question",
    "one more",
    "还有一件事",
];
/// Words of a follow-up that leans on what was said before.
const LEANING: [&str; 16] = [
    "那",
    "这个",
    "它",
    "该",
    "上面",
    "刚才",
    "然后",
    "之后",
    "还有别的",
    "还有其他",
    "别的办法",
    "其他办法",
    "具体",
    "详细",
    "怎么收费",
    "what about",
];
/// Asks for another way to the same end.
const OTHER_WAY: [&str; 20] = [
    "还有别的办法",
    "还有别的方法",
    "还有其他办法",
    "还有其他方法",
    "还有没有别的",
    "有没有别的",
    "换个方法",
    "换一个方法",
    "别的办法",
    "其他办法",
    "换种方法",
    "any other way",
    "还有别的吗",
    "有没有其他",
    "有没有其它",
    "其他方法",
    "其它方法",
    "其它办法",
    "别的方法",
    "另外的办法",
];
/// The longest that half a sentence is, in characters.
const HALF_SENTENCE: usize = 14;
/// Two texts that share this much of their pairs of characters are the same question.
const SAME_WORDS: f32 = 0.6;

/// Whether the message says by itself that something else is meant.
pub fn opens_topic(text: &str) -> bool {
    let folded = fold(text);
    OTHER_TOPIC.iter().any(|words| folded.starts_with(words) || folded.contains(&format!("，{words}")))
}

/// Whether the message wants another way to the same end.
pub fn wants_other_way(text: &str) -> bool {
    let folded = fold(text);
    folded.chars().count() <= HALF_SENTENCE + 4 && OTHER_WAY.iter().any(|words| folded.contains(words))
}

/// The need with a follow-up worked into it; `None` where the message stands by itself.
pub fn follow_up(need: &Need, text: &str) -> Option<String> {
    let folded = fold(text);
    let words = folded.trim_matches(|c: char| !c.is_alphanumeric());
    if words.chars().count() > HALF_SENTENCE || opens_topic(text) {
        return None;
    }
    let leans = LEANING.iter().any(|lean| words.starts_with(lean)) || words.ends_with('呢');
    if let Some(question) =
        facet::replaced(&need.question, words).filter(|_| leans || words.chars().count() <= 8)
    {
        return Some(question);
    }
    leans.then(|| joined(&need.question, fragment(words)))
}

/// What a fragment says without its particles.
fn fragment(words: &str) -> &str {
    let start = words.strip_prefix("那么").or_else(|| words.strip_prefix('那')).unwrap_or(words);
    start.strip_suffix("怎么样呢").or_else(|| start.strip_suffix('呢')).unwrap_or(start).trim()
}

/// A question with a fact or fragment added; what it says already is not repeated. An addition that says the end of the
/// question more exactly takes its place: "how to reset the password" and "the password of the database".
pub fn joined(question: &str, addition: &str) -> String {
    if fold(question).contains(&fold(addition)) {
        return question.to_owned();
    }
    let tail = |text: &str| text.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let (bare, more) = (tail(question), tail(addition));
    let same = bare.chars().rev().zip(more.chars().rev()).take_while(|(a, b)| a == b).count();
    if same >= 2 && same < more.chars().count() {
        let kept = bare.chars().count() - same;
        return bare.chars().take(kept).chain(more.chars()).collect();
    }
    format!("{question} {addition}")
}

/// Words of somebody who asks or tells, and does not only name a topic.
const ASKING: [&str; 30] = [
    "怎么",
    "如何",
    "吗",
    "什么",
    "为什么",
    "为啥",
    "啥",
    "多少",
    "哪",
    "能",
    "可以",
    "是否",
    "不",
    "没",
    "无法",
    "失败",
    "报错",
    "错误",
    "异常",
    "呢",
    "？",
    "?",
    "咋",
    "几",
    "谁",
    "how",
    "what",
    "why",
    "can ",
    "error",
];
/// The longest bare topic, in characters without spaces.
const TOPIC: usize = 14;

/// Whether a text only names a topic ("VPN 网关"): nothing is asked, told or quoted.
pub fn is_bare_topic(text: &str) -> bool {
    let folded = fold(text);
    let length = folded.chars().filter(|c| !c.is_whitespace()).count();
    let digits = folded.chars().filter(char::is_ascii_digit).count();
    (3..=TOPIC).contains(&length) && digits < 3 && !ASKING.iter().any(|word| folded.contains(word))
}

/// Whether a title speaks of all of a topic, in any order.
pub fn speaks_of(title: &str, topic: &str) -> bool {
    let title = fold(title);
    let topic = fold(topic);
    topic.split_whitespace().all(|word| {
        let chars: Vec<char> = word.chars().collect();
        title.contains(word)
            || (chars.len() > 3
                && chars.chunks(2).all(|pair| title.contains(&pair.iter().collect::<String>())))
    })
}

/// A text without what was masked in it, which means nothing to a search.
pub fn without_masks(text: &str) -> String {
    let of_mask = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '@' | '.' | '_' | '-' | '+');
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("**") {
        let before = rest[..at].trim_end_matches(of_mask);
        kept.push_str(before);
        rest = rest[at..].trim_start_matches(of_mask);
    }
    kept + rest
}

/// Whether two texts have the same characters, those for asking left out: "invoice how to get" and "how to get an invoice".
pub fn same_but_for_order(a: &str, b: &str) -> bool {
    let sorted = |text: &str| {
        let mut folded = fold(text);
        for asking in ["怎么", "如何", "怎样", "吗", "呢", "请问", "的", "了"] {
            folded = folded.replace(asking, "");
        }
        let mut chars: Vec<char> = folded.chars().filter(|c| c.is_alphanumeric()).collect();
        chars.sort_unstable();
        chars
    };
    let (a, b) = (sorted(a), sorted(b));
    !a.is_empty() && a == b
}

/// Whether two texts say the same in nearly the same words.
pub fn same_words(a: &str, b: &str) -> bool {
    let (a, b) = (pairs(a), pairs(b));
    if a.is_empty() || b.is_empty() {
        return false;
    }
    // Dice's coefficient.
    2.0 * a.intersection(&b).count() as f32 / (a.len() + b.len()) as f32 >= SAME_WORDS
}

fn pairs(text: &str) -> HashSet<(char, char)> {
    let chars: Vec<char> = fold(text).chars().filter(|c| c.is_alphanumeric()).collect();
    chars.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_sentences_lean_on_the_need_and_whole_ones_do_not() {
        let need = Need::new("Linux 实例磁盘满了怎么清理");
        assert_eq!(follow_up(&need, "那 Windows 呢？").as_deref(), Some("windows 实例磁盘满了怎么清理"));
        assert_eq!(follow_up(&need, "怎么收费").as_deref(), Some("Linux 实例磁盘满了怎么清理 怎么收费"));
        assert_eq!(follow_up(&need, "数据库连接数满了要怎么调大上限"), None);
        assert_eq!(follow_up(&need, "另外问下发票"), None);
    }

    #[test]
    fn an_addition_that_is_more_exact_takes_the_place_of_the_end() {
        assert_eq!(joined("怎么导出日志？", "网关的访问日志"), "怎么导出网关的访问日志");
        assert_eq!(joined("磁盘满了", "CentOS 7"), "磁盘满了 CentOS 7");
        assert_eq!(joined("磁盘满了怎么办", "磁盘满了"), "磁盘满了怎么办");
    }

    #[test]
    fn what_was_masked_is_not_searched_for() {
        assert_eq!(without_masks("手机138****8000收不到短信"), "手机收不到短信");
        assert_eq!(without_masks("z****@x.com"), "");
        assert_eq!(without_masks("2*3 等于几"), "2*3 等于几");
    }

    #[test]
    fn the_same_words_are_the_same_question() {
        assert!(same_words("磁盘满了怎么清理", "磁盘满了怎么清理？"));
        assert!(!same_words("磁盘满了怎么清理", "域名怎么备案"));
        assert!(opens_topic("另外问下，发票怎么开") && !opens_topic("磁盘另外挂了一块"));
        assert!(
            wants_other_way("还有别的办法吗")
                && !wants_other_way("除了重启还有别的办法让内核参数在所有节点上生效么")
        );
    }
}
