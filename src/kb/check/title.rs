//! Titles that nobody would type, and too few other ways to ask.

use std::collections::HashSet;

use crate::analyzer::normalize::fold;
use crate::kb::case::Case;

/// Other ways to ask that every case should have: fewer, and people's own words miss it.
const FEWEST_QUESTIONS: usize = 3;
/// Longest title that is read at one glance. A word of letters is one, as a Chinese character is.
const LONGEST: usize = 40;
/// Titles of chapters end so, questions do not.
const CHAPTER: [&str; 4] = ["说明", "介绍", "概述", "简介"];

/// Names of products, folded, without spaces.
pub type Products = HashSet<String>;

/// What is wrong with how the case is called, a sentence each.
pub fn check(case: &Case, products: &Products) -> Vec<String> {
    let title = case.title.trim();
    let mut messages = Vec::new();
    if case.questions.len() < FEWEST_QUESTIONS {
        messages.push(format!(
            "{} other ways to ask (问法), at least {FEWEST_QUESTIONS} are wanted",
            case.questions.len()
        ));
    }
    let length = length(title);
    if length > LONGEST {
        messages.push(format!(
            "the title has {length} characters and words, at most {LONGEST} are read at one glance"
        ));
    }
    if !title.chars().any(char::is_alphabetic) {
        messages.push("the title has no letters: nobody asks so".to_owned());
    } else if products.contains(&fold(&title.replace(' ', ""))) {
        messages
            .push(format!("the title is only the name of a product ({title}): say what is asked about it"));
    }
    if let Some(end) = CHAPTER.iter().find(|end| title.ends_with(**end)) {
        messages.push(format!("the title ends in {end} like a chapter: write it as somebody would ask"));
    }
    if is_numbered(title) {
        messages.push("the title is numbered like a chapter: leave the number out".to_owned());
    }
    messages
}

fn length(title: &str) -> usize {
    let mut length = 0;
    let mut in_word = false;
    for c in title.chars() {
        let is_letter = c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
        let continues = is_letter && in_word;
        if !c.is_whitespace() && !continues {
            length += 1;
        }
        in_word = is_letter;
    }
    length
}

/// Whether it begins as `一、`, `（二）`, `第三章`, `4.` or `5、` do; `404 错误` and `5.7` begin otherwise.
fn is_numbered(title: &str) -> bool {
    const NUMERALS: &str = "一二三四五六七八九十百";
    let inner = title.trim_start_matches(['(', '（']);
    let ordinal = inner.trim_start_matches('第');
    let rest = ordinal.trim_start_matches(|c: char| NUMERALS.contains(c) || c.is_ascii_digit());
    if rest.len() == ordinal.len() {
        return false;
    }
    let mut after = rest.chars();
    match after.next() {
        Some('、') => true,
        Some(')' | '）') => inner.len() < title.len(),
        Some('章' | '节') => ordinal.len() < inner.len(),
        Some('.' | '．') => after.next().is_some_and(|c| !c.is_ascii_digit()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(title: &str) -> Vec<String> {
        let record = json!({"title": title, "body": "答", "questions": ["一", "二", "三"]});
        check(&serde_json::from_value(record).unwrap(), &HashSet::from([fold("云服务器ECS")]))
    }

    #[test]
    fn what_people_type_is_fine() {
        for title in [
            "SSH 连不上 Linux 服务器怎么办",
            "404 错误怎么处理",
            "5.7 升级 8.0 要注意什么",
            "云服务器ECS 怎么退款",
            "一台机器能挂几块盘",
            "502 bad gateway",
            "第一次登录失败",
            "DNS_PROBE_FINISHED_NXDOMAIN 或 ERR_NAME_NOT_RESOLVED 域名打不开",
        ] {
            assert_eq!(messages(title), Vec::<String>::new(), "{title}");
        }
    }

    #[test]
    fn what_nobody_types_is_told() {
        for (title, part) in [
            ("502", "no letters"),
            ("云服务器 ECS", "product"),
            ("快照概述", "chapter"),
            ("一、登录", "numbered"),
            ("（二）登录", "numbered"),
            ("第三章 登录", "numbered"),
            ("4. 登录", "numbered"),
            (&"很".repeat(41), "41"),
        ] {
            assert!(messages(title).iter().any(|m| m.contains(part)), "{title}: {:?}", messages(title));
        }
    }
}
