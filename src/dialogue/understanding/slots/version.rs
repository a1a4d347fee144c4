//! Versions of software, and editions of products.

use std::ops::Range;

use super::Said;

/// Editions; a longer one before one that it ends with.
const EDITIONS: &[&str] = &[
    "数据中心版",
    "高可用版",
    "企业集群版",
    "三节点企业版",
    "企业版",
    "专业版",
    "标准版",
    "旗舰版",
    "基础版",
    "社区版",
    "高级版",
    "专有版",
    "托管版",
    "集群版",
    "主从版",
    "单机版",
    "轻量版",
    "家庭版",
    "个人版",
    "试用版",
    "免费版",
    "开源版",
    "商业版",
    "serverless版",
    "读写分离版",
];
/// What follows a number that is an amount and no version.
const UNITS: &[&str] = &[
    "%", "元", "块", "秒", "小时", "分", "个", "倍", "核", "万", "亿", "折", "g", "m", "k", "t", "ms", "s",
    "天", "年", "米", "点", "度", "千",
];
/// Names a version.
const NAMED: &[&str] =
    &["版本号是", "版本号为", "版本号", "版本是", "版本为", "版本系", "版本", "version is", "version"];

/// The first version: a number with points, with the name before it where there is one, or what is called a version.
pub(super) fn find(said: &Said, system: Option<Range<usize>>) -> Option<String> {
    let mut before: Option<(usize, &str)> = None;
    for (at, word) in said.words() {
        let inside = system.as_ref().is_some_and(|range| range.contains(&at));
        let end = at + word.len();
        if !inside && !followed_by_unit(said, end) {
            if is_version(word) {
                let name = before.filter(|(name_at, name)| {
                    said.text[name_at + name.len()..at].trim().is_empty() && is_name(name)
                });
                let number = word.trim_start_matches(['v', 'V']);
                return Some(name.map_or(number.to_owned(), |(_, name)| format!("{name} {number}")));
            }
            if is_named(said, at) && word.len() <= 6 && word.bytes().all(|b| b.is_ascii_digit()) {
                return Some(word.to_owned());
            }
        }
        before = Some((at, word));
    }
    None
}

/// Digits with one to three points, perhaps after a `v`; no address.
fn is_version(word: &str) -> bool {
    let number = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let parts: Vec<&str> = number.split('.').collect();
    let digits = parts[0].len() <= 4 && parts[0].bytes().all(|b| b.is_ascii_digit()) && !parts[0].is_empty();
    let rest = parts[1..].iter().all(|part| {
        part.starts_with(|c: char| c.is_ascii_digit()) && part.len() <= 12 && !part.contains([':', '/'])
    });
    digits && rest && (2..=3).contains(&parts.len())
        || (number.len() < word.len() && parts.len() == 1 && digits)
}

fn is_name(word: &str) -> bool {
    word.len() >= 2
        && word.bytes().all(|b| b.is_ascii_alphabetic())
        && !matches!(word, "ip" | "IP" | "version" | "is")
}

fn is_named(said: &Said, at: usize) -> bool {
    let before = said.lower[..at].trim_end_matches([' ', ':', '是']);
    NAMED.iter().any(|name| before.ends_with(name))
}

fn followed_by_unit(said: &Said, end: usize) -> bool {
    let after = said.lower[end..].trim_start();
    UNITS.iter().any(|unit| {
        after
            .strip_prefix(unit)
            .is_some_and(|rest| !unit.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    })
}

/// The edition that is named.
pub(super) fn find_edition(said: &Said) -> Option<String> {
    EDITIONS.iter().find(|edition| said.lower.contains(*edition)).map(|edition| (*edition).to_owned())
}
