//! Errors: codes, numbers of HTTP and of processes, messages in quotes.

use super::Said;

/// Messages that are known by their words.
const MESSAGES: &[&str] = &[
    "connection refused",
    "connection timed out",
    "connection reset by peer",
    "connection reset",
    "operation timed out",
    "i/o timeout",
    "permission denied",
    "no space left on device",
    "too many open files",
    "too many connections",
    "command not found",
    "no such file or directory",
    "crashloopbackoff",
    "imagepullbackoff",
    "errimagepull",
    "oomkilled",
    "out of memory",
    "outofmemoryerror",
    "read-only file system",
    "access denied",
    "quota exceeded",
    "no route to host",
    "host unreachable",
    "kernel panic",
    "bad gateway",
    "gateway timeout",
    "service unavailable",
    "internal server error",
    "unauthorized",
    "too many requests",
    "certificate has expired",
    "name or service not known",
    "lost connection",
    "broken pipe",
    "segmentation fault",
    "lock wait timeout",
    "evicted",
    "notready",
];
/// After one of these a number of three digits from 400 on is one of HTTP.
const STATUSES: &[&str] = &[
    "400", "401", "403", "404", "405", "408", "409", "411", "413", "414", "415", "416", "421", "429", "431",
    "451", "499", "500", "501", "502", "503", "504", "505", "507", "508", "520", "521", "522", "523", "524",
    "525", "526",
];
/// What follows a number that is an amount.
const UNITS: &[char] = &[
    '元', '块', '个', '台', '人', '条', '次', '天', '万', '分', '%', '多', '名', '位', '米', '核', '张',
    '单', '年', '开', '热',
];
/// Names the number of an error.
const NUMBERED: &[&str] = &[
    "退出码",
    "退出码是",
    "exit code",
    "exit status",
    "exited with code",
    "错误码",
    "错误码是",
    "错误代码",
    "报错代码",
    "报错码",
    "返回码",
    "error code",
    "error",
    "errno",
    "code",
    "错误码:",
    "status",
    "状态码",
    "err",
];
/// Words by which a quotation is an error.
const ERRORS: &[&str] = &[
    "error",
    "fail",
    "denied",
    "refused",
    "timeout",
    "timed out",
    "exception",
    "invalid",
    "not found",
    "unable",
    "cannot",
    "错误",
    "失败",
    "异常",
    "超时",
    "拒绝",
    "无法",
    "不能",
    "不存在",
    "不足",
    "过期",
    "无效",
    "没有权限",
    "已满",
    "不支持",
];
/// Words before a quotation by which it is an error.
const SAYING: &[&str] =
    &["报", "报错", "提示", "错误", "显示", "弹出", "说", "error", "says", "报错是", "出现", "返回"];
/// Quotation marks.
const QUOTES: &[(char, char)] =
    &[('"', '"'), ('“', '”'), ('「', '」'), ('『', '』'), ('`', '`'), ('\'', '\''), ('【', '】')];
/// Characters of a quotation at most.
const LONGEST: usize = 160;

/// The first error, by how much it says: a quotation, a code, a numbered error, a known message, a number of HTTP.
pub(super) fn find(said: &Said) -> Option<String> {
    quoted(said)
        .or_else(|| said.words().map(|(_, word)| word).find(|word| is_code(word)).map(str::to_owned))
        .or_else(|| numbered(said))
        .or_else(|| known(said))
        .or_else(|| status(said))
}

fn quoted(said: &Said) -> Option<String> {
    QUOTES.iter().find_map(|(open, close)| {
        let start = said.text.find(*open)?;
        let inner = &said.text[start + open.len_utf8()..];
        let inner = &inner[..inner.find(*close)?];
        let before = said.lower[..start].trim_end_matches([' ', ':', ',', '了', '着', '是']);
        let said_so = SAYING.iter().any(|word| before.ends_with(word));
        let lower = inner.to_lowercase();
        let fits = (2..=LONGEST).contains(&inner.chars().count());
        (fits && (said_so || ERRORS.iter().any(|word| lower.contains(word)))).then(|| inner.trim().to_owned())
    })
}

/// `InvalidParameter.Size`, `SignatureDoesNotMatch`, `ORA-12541`, `0x80070005`.
fn is_code(word: &str) -> bool {
    if word.strip_prefix("0x").is_some_and(|hex| hex.len() >= 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        return true;
    }
    if let Some((name, number)) = word.split_once('-') {
        let capitals = (2..=6).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_uppercase());
        return capitals && (3..=6).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    }
    let parts = word.split('.');
    let humps = |part: &str| {
        part.bytes()
            .zip(part.bytes().skip(1))
            .filter(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase())
            .count()
    };
    let named =
        parts.clone().all(|part| part.len() > 1 && part.starts_with(|c: char| c.is_ascii_uppercase()))
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    let speaks = ERROR_PARTS.iter().any(|part| word.contains(part));
    named && word.len() >= 8 && speaks && (humps(word) > 0 || parts.count() > 1)
}

/// Parts of the names of errors, so that `WordPress` and `SpringBoot` are none.
const ERROR_PARTS: &[&str] = &[
    "Invalid",
    "NotFound",
    "Denied",
    "Forbidden",
    "Error",
    "Exception",
    "Exceed",
    "Limit",
    "Not",
    "Fail",
    "Incorrect",
    "Missing",
    "Illegal",
    "Insufficient",
    "Unauthorized",
    "Throttling",
    "Timeout",
    "Unavailable",
    "Mismatch",
    "Unsupported",
    "Conflict",
    "Duplicate",
    "BackOff",
    "Killed",
    "Overdue",
    "Malformed",
    "Expired",
    "Access",
];

fn numbered(said: &Said) -> Option<String> {
    said.words().find_map(|(at, word)| {
        let number = !word.is_empty() && word.len() <= 6 && word.bytes().all(|b| b.is_ascii_digit());
        let before = said.lower[..at].trim_end_matches([' ', ':', '是', '为', '(', '=']);
        let name = NUMBERED.iter().filter(|name| before.ends_with(*name)).max_by_key(|name| name.len())?;
        number.then(|| match *name {
            "状态码" | "status" => word.to_owned(),
            _ => format!("{} {word}", &said.text[before.len() - name.len()..before.len()]),
        })
    })
}

fn known(said: &Said) -> Option<String> {
    let (at, message) = MESSAGES.iter().filter_map(|m| Some((said.places(m).next()?, m))).min()?;
    Some(said.text[at..at + message.len()].to_owned())
}

fn status(said: &Said) -> Option<String> {
    said.words().find_map(|(at, word)| {
        let after = said.text[at + word.len()..].trim_start();
        let before = said.lower[..at].trim_end();
        let counted = after.starts_with(UNITS)
            || before.ends_with("端口")
            || before.ends_with("port")
            || before.ends_with('¥');
        (STATUSES.contains(&word) && !counted).then(|| word.to_owned())
    })
}
