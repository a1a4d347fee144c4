//! Operating systems with their versions.

use std::ops::Range;

use super::Said;

/// An operating system in a message.
pub(super) struct System {
    /// Its name and version.
    pub(super) name: String,
    /// Where it stands, in bytes.
    pub(super) range: Range<usize>,
}

/// Names in lower case, and as they are written. A longer name before one that it begins with.
const NAMES: &[(&str, &str)] = &[
    ("centos stream", "CentOS Stream"),
    ("centos", "CentOS"),
    ("cent os", "CentOS"),
    ("windows server", "Windows Server"),
    ("win server", "Windows Server"),
    ("winserver", "Windows Server"),
    ("windows", "Windows"),
    ("win", "Windows"),
    ("ubuntu", "Ubuntu"),
    ("乌班图", "Ubuntu"),
    ("debian", "Debian"),
    ("alibaba cloud linux", "Alibaba Cloud Linux"),
    ("aliyun linux", "Alibaba Cloud Linux"),
    ("alinux", "Alibaba Cloud Linux"),
    ("anolis os", "Anolis OS"),
    ("anolis", "Anolis OS"),
    ("龙蜥", "Anolis OS"),
    ("rocky linux", "Rocky Linux"),
    ("rocky", "Rocky Linux"),
    ("almalinux", "AlmaLinux"),
    ("red hat", "Red Hat Enterprise Linux"),
    ("redhat", "Red Hat Enterprise Linux"),
    ("rhel", "Red Hat Enterprise Linux"),
    ("opensuse", "openSUSE"),
    ("suse", "SUSE Linux"),
    ("fedora", "Fedora"),
    ("freebsd", "FreeBSD"),
    ("openeuler", "openEuler"),
    ("欧拉", "openEuler"),
    ("银河麒麟", "Kylin"),
    ("麒麟", "Kylin"),
    ("kylin", "Kylin"),
    ("统信", "UOS"),
    ("uos", "UOS"),
    ("tencentos", "TencentOS"),
    ("macos", "macOS"),
    ("linux", "Linux"),
];

/// Years that a Windows is called by and that a server is.
const SERVERS: &[&str] = &["2003", "2008", "2012", "2016", "2019", "2022", "2025"];

/// The system that is named; one with a version before one without, `Linux` last.
pub(super) fn find(said: &Said) -> Option<System> {
    let mut named: Option<System> = None;
    for (pattern, name) in NAMES {
        let Some(at) = said.places(pattern).next() else { continue };
        let after = at + pattern.len();
        let version = version(&said.lower, after);
        // "win" is a word of its own but for a number after it.
        if *pattern == "win" && version.is_none() {
            continue;
        }
        if let Some((version, end)) = version {
            return Some(System { name: full(name, &version), range: at..end });
        }
        if named.is_none() {
            named = Some(System { name: (*name).to_owned(), range: at..after });
        }
    }
    named
}

fn full(name: &str, version: &str) -> String {
    let name = if name == "Windows" && SERVERS.iter().any(|year| version.starts_with(year)) {
        "Windows Server"
    } else {
        name
    };
    format!("{name} {version}")
}

/// The version that follows, and where it ends.
fn version(lower: &str, from: usize) -> Option<(String, usize)> {
    let rest = &lower[from..];
    let skipped = rest.trim_start_matches([' ', '-', '_']);
    let skipped = skipped.strip_prefix("版本").unwrap_or(skipped);
    let skipped = skipped.strip_prefix("server").unwrap_or(skipped).trim_start();
    let skipped = match skipped.strip_prefix('v') {
        Some(number) if number.starts_with(|c: char| c.is_ascii_digit()) => number,
        _ => skipped,
    };
    let start = lower.len() - skipped.len();
    let length = skipped.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(skipped.len());
    let number = skipped[..length].trim_end_matches('.');
    // Two digits, a year, or parts with points: another number is a count ("Windows 3 台") or an address.
    let plausible = match number.split('.').collect::<Vec<_>>().as_slice() {
        [whole] => (1..=2).contains(&whole.len()) || SERVERS.contains(whole),
        parts => parts.len() <= 3,
    };
    let after = &skipped[number.len()..];
    let counted = after.trim_start().starts_with(['台', '个', '核', '位', '点', '年', '天']);
    if number.is_empty() || !plausible || (counted && !after.trim_start().starts_with("个人")) {
        return None;
    }
    let end = start + number.len();
    match after.trim_start().strip_prefix("r2") {
        Some(_) => Some((format!("{number} R2"), end)),
        None => Some((number.to_owned(), end)),
    }
}
