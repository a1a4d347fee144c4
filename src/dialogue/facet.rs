//! Facets: the few words by which neighbouring cases differ (system, layer, edition, way of paying …).
//!
//! They make a follow-up such as "and on Windows?" replace the word of the same kind in the question before, and tell what
//! to ask for where candidates differ in one of them.

use std::ops::Range;

use crate::analyzer::normalize::fold;

use super::understanding::Slot;

/// Words of one kind: one of them excludes the others.
pub struct Facet {
    /// The slot that it fills, for those that are worth asking for.
    pub slot: Option<Slot>,
    /// Each value with the ways to write it, folded.
    pub values: &'static [&'static [&'static str]],
}

/// All kinds.
pub const FACETS: &[Facet] = &[
    Facet {
        slot: Some(Slot::System),
        values: &[
            &["windows", "win10", "win7"],
            &[
                "linux",
                "centos",
                "ubuntu",
                "debian",
                "red hat",
                "redhat",
                "alibaba cloud linux",
                "alinux",
                "euleros",
                "suse",
            ],
            &["macos", "mac os"],
            &["android", "安卓"],
            &["ios", "苹果"],
        ],
    },
    Facet { slot: None, values: &[&["四层", "tcp", "udp"], &["七层", "http", "https"]] },
    Facet {
        slot: Some(Slot::Edition),
        values: &[
            &["标准版"],
            &["基础版"],
            &["专业版", "专有版"],
            &["企业版"],
            &["旗舰版"],
            &["托管版"],
            &["社区版"],
            &["集群版"],
            &["高可用版"],
            &["serverless"],
        ],
    },
    Facet { slot: None, values: &[&["公网", "外网"], &["内网", "私网"]] },
    Facet { slot: None, values: &[&["按量付费", "后付费"], &["包年包月", "预付费"]] },
    Facet { slot: None, values: &[&["入方向", "入站"], &["出方向", "出站"]] },
    Facet {
        slot: None,
        values: &[
            &["mysql"],
            &["postgresql", "pg"],
            &["sql server", "sqlserver"],
            &["redis"],
            &["mongodb"],
            &["oracle"],
            &["mariadb"],
        ],
    },
    Facet { slot: None, values: &[&["ipv4"], &["ipv6"]] },
    Facet { slot: None, values: &[&["主账号"], &["子账号", "ram 用户", "ram用户"]] },
    Facet { slot: None, values: &[&["系统盘"], &["数据盘"]] },
    Facet {
        slot: None,
        values: &[&["python"], &["java"], &["go", "golang"], &["php"], &["node.js", "nodejs"], &["c++"]],
    },
];

/// A value in a text: facet, value, bytes.
type Found = (usize, usize, Range<usize>);

/// Where values stand in a folded text.
fn find(folded: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (f, facet) in FACETS.iter().enumerate() {
        for (v, words) in facet.values.iter().enumerate() {
            for word in *words {
                found.extend(
                    folded
                        .match_indices(word)
                        .map(|(at, _)| (f, v, at..at + word.len()))
                        .filter(|(_, _, range)| is_whole(folded, range)),
                );
            }
        }
    }
    found
}

/// Latin words are whole words: "go" is not in "mongodb".
fn is_whole(text: &str, range: &Range<usize>) -> bool {
    let latin = |c: char| c.is_ascii_alphanumeric();
    let (first, last) = (text[range.clone()].chars().next(), text[range.clone()].chars().next_back());
    let before = text[..range.start].chars().next_back().is_some_and(latin) && first.is_some_and(latin);
    let after = text[range.end..].chars().next().is_some_and(latin) && last.is_some_and(latin);
    !before && !after
}

/// The question with the values of the fragment in place of its own of the same kind; `None` where none fits.
pub fn replaced(question: &str, fragment: &str) -> Option<String> {
    let (mut question, fragment) = (fold(question), fold(fragment));
    let mut changed = false;
    for (facet, value, range) in find(&fragment) {
        let word = &fragment[range];
        let old = find(&question).into_iter().find(|(f, v, _)| *f == facet && *v != value);
        if let Some((_, _, at)) = old {
            question.replace_range(at, word);
            changed = true;
        }
    }
    changed.then_some(question)
}

/// Whether a title is about another value of some kind than the question: Linux where Windows was asked about.
pub fn contradicts(question: &str, title: &str) -> bool {
    let asked = find(&fold(question));
    if asked.is_empty() {
        return false;
    }
    let told = find(&fold(title));
    let values = |found: &[Found], facet| {
        let of_it = found.iter().filter(|(f, _, _)| *f == facet);
        of_it.map(|(_, value, _)| *value).collect::<Vec<_>>()
    };
    (0..FACETS.len()).any(|facet| {
        let (asked, told) = (values(&asked, facet), values(&told, facet));
        !asked.is_empty() && !told.is_empty() && !told.iter().any(|value| asked.contains(value))
    })
}

/// The value of a slot that a text names, as an index into its facet.
pub fn value_of(slot: Slot, text: &str) -> Option<usize> {
    let facet = FACETS.iter().position(|facet| facet.slot == Some(slot))?;
    let mut values = find(&fold(text)).into_iter().filter(|(f, _, _)| *f == facet).map(|(_, v, _)| v);
    let first = values.next()?;
    // A case for several systems is no side in the question which of them.
    values.all(|value| value == first).then_some(first)
}

/// How a value is written for people.
pub fn label(slot: Slot, value: usize) -> Option<&'static str> {
    let written = FACETS.iter().find(|facet| facet.slot == Some(slot))?.values.get(value)?.first()?;
    Some(match *written {
        "windows" => "Windows",
        "linux" => "Linux",
        "macos" => "macOS",
        "android" => "Android",
        "ios" => "iOS",
        "serverless" => "Serverless",
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_replaces_what_is_of_its_kind() {
        let replaced = |question, fragment| replaced(question, fragment);
        assert_eq!(
            replaced("Linux 上磁盘怎么分区", "那 Windows 呢？").as_deref(),
            Some("windows 上磁盘怎么分区")
        );
        assert_eq!(replaced("七层监听怎么配", "那四层的呢").as_deref(), Some("四层监听怎么配"));
        assert_eq!(replaced("怎么退款", "那 Windows 呢"), None);
        assert_eq!(replaced("mongodb 怎么备份", "go 的呢"), None);
    }

    #[test]
    fn a_title_about_another_system_contradicts() {
        assert!(contradicts("windows 上怎么挂载", "在 Linux 中挂载文件系统"));
        assert!(!contradicts("windows 上怎么挂载", "在 Linux 和 Windows 中挂载文件系统"));
        assert!(!contradicts("怎么挂载", "在 Linux 中挂载文件系统"));
    }

    #[test]
    fn values_are_told_apart() {
        assert_eq!(value_of(Slot::System, "在 Windows 实例上挂载"), Some(0));
        assert_eq!(value_of(Slot::System, "CentOS 7 上挂载"), Some(1));
        assert_eq!(value_of(Slot::System, "Linux 和 Windows 的区别"), None);
        assert_eq!(label(Slot::System, 0), Some("Windows"));
    }
}
