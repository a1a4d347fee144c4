//! Since when: a day, a time of day, a while ago, as it was said.

use super::Said;

/// Days and weeks; a longer one before one that it begins with.
const DAYS: &[&str] = &[
    "大前天",
    "前天",
    "昨天",
    "昨日",
    "昨晚",
    "昨夜",
    "今天",
    "今日",
    "今早",
    "今晨",
    "今晚",
    "寻日",
    "琴日",
    "今朝",
    "前几天",
    "前两天",
    "前阵子",
    "这两天",
    "这几天",
    "最近几天",
    "上个月",
    "上月",
    "上个星期",
    "上星期",
    "上礼拜",
    "上周",
    "这周",
    "本周",
    "礼拜",
    "星期",
    "周",
    "月初",
    "年初",
];
/// Days that say nothing without the number after them.
const INCOMPLETE: &[&str] = &["礼拜", "星期", "周"];
/// Times of day.
const PARTS: &[&str] = &[
    "一大早",
    "一早",
    "早上",
    "上午",
    "中午",
    "下午",
    "傍晚",
    "晚上",
    "夜里",
    "半夜",
    "深夜",
    "凌晨",
    "零点",
    "午夜",
    "晏昼",
];
/// A moment ago.
const JUST: &[&str] = &["刚才", "刚刚", "头先", "啱啱", "方才", "just now"];
/// Units of time; a longer one before one that it begins with.
const UNITS: &[&str] = &[
    "个多小时",
    "个半小时",
    "多小时",
    "个小时",
    "个钟头",
    "小时",
    "钟头",
    "个钟",
    "多分钟",
    "分钟",
    "来分钟",
    "秒钟",
    "秒",
    "多天",
    "天",
    "个星期",
    "个礼拜",
    "星期",
    "周",
    "个月",
    "年",
];
/// What an amount of time ends with so that it is a while ago.
const AGO: &[&str] = &["之前", "以前", "前"];
/// English phrases that stand for themselves.
const ENGLISH: &[&str] = &[
    "since yesterday",
    "yesterday",
    "last night",
    "this morning",
    "this afternoon",
    "last week",
    "last month",
    "an hour ago",
];
/// What belongs to a time at its end.
const TAILS: &[&str] = &["开始到现在", "到现在", "左右", "前后", "之后", "以后", "开始", "起", "多"];
/// After these an event names a time.
const EVENTS: &[&str] = &[
    "升级",
    "重启",
    "更新",
    "迁移",
    "发版",
    "发布",
    "上线",
    "扩容",
    "续费",
    "换证书",
    "改配置",
    "改完配置",
    "改了配置",
];
/// Before a time that comes again and again, or of which something else is said.
const NOT_AFTER: &[&str] = &["每", "每天", "每周", "逢", "保留", "最近"];
/// Before an amount of time that has passed.
const LASTING: &[&str] = &["已经", "持续了", "持续", "断了", "挂了", "停了", "卡了", "宕了", "快"];

/// The first time that says since when.
pub(super) fn find(said: &Said) -> Option<String> {
    let text = said.lower.as_str();
    let places = text.char_indices().map(|(at, _)| at);
    let found = places.filter_map(|at| Some((at, at + begun(&text[..at], &text[at..])?))).next();
    let range = found.or_else(|| english(said)).or_else(|| event(text))?;
    Some(said.text[range.0..range.1].trim().to_owned())
}

/// How long the time is that begins here.
fn begun(before: &str, rest: &str) -> Option<usize> {
    if NOT_AFTER.iter().any(|word| before.trim_end().ends_with(word)) {
        return None;
    }
    let from = rest.strip_prefix(['从', '由', '自']).map_or(0, |_| '从'.len_utf8());
    let rest_after = &rest[from..];
    if let Some(just) = JUST.iter().find(|just| rest_after.starts_with(**just)) {
        return Some(from + just.len() + tail(&rest_after[just.len()..]));
    }
    if let Some(length) = amount(rest_after) {
        let ago = AGO.iter().find(|ago| rest_after[length..].starts_with(**ago));
        return match ago {
            Some(ago) => Some(from + length + ago.len() + tail(&rest_after[length + ago.len()..])),
            None => LASTING.iter().any(|word| before.trim_end().ends_with(word)).then_some(length),
        };
    }
    let day = day(rest_after);
    let part = part(&rest_after[day..]);
    let clock = clock(&rest_after[day + part..]);
    let length = day + part + clock;
    let tail = tail(&rest_after[length..]);
    // A time alone may be anything ("凌晨三点备份"); with 从, a day, or a beginning it is since when.
    let says_since = day > 0 || (length > 0 && (from > 0 || tail > 0));
    says_since.then_some(from + length + tail)
}

fn tail(rest: &str) -> usize {
    let spaces = rest.len() - rest.trim_start_matches(' ').len();
    let mut length = 0;
    while let Some(tail) =
        TAILS.iter().find(|tail| rest[length..].trim_start_matches(' ').starts_with(**tail))
    {
        let space = rest[length..].len() - rest[length..].trim_start_matches(' ').len();
        length += space + tail.len();
    }
    if length == 0 { 0 } else { length.max(spaces) }
}

fn day(rest: &str) -> usize {
    let Some(day) = DAYS.iter().find(|day| rest.starts_with(**day)) else { return 0 };
    let after = &rest[day.len()..];
    let number =
        after.chars().next().filter(|c| "一二三四五六日天末1234567".contains(*c)).map_or(0, char::len_utf8);
    let weekly = day.ends_with('周') || day.ends_with("星期") || day.ends_with("礼拜");
    match (weekly, number) {
        (true, 0) if INCOMPLETE.contains(day) => 0,
        (true, number) => day.len() + number,
        (false, _) => day.len(),
    }
}

fn part(rest: &str) -> usize {
    let skipped = rest.trim_start_matches([' ', '的']);
    let found = PARTS.iter().find(|part| skipped.starts_with(**part));
    found.map_or(0, |part| rest.len() - skipped.len() + part.len())
}

/// `3点`, `三点半`, `10:30`, `15 点 20 分`.
fn clock(rest: &str) -> usize {
    let skipped = rest.trim_start_matches(' ');
    let spaces = rest.len() - skipped.len();
    let number = number(skipped);
    if number == 0 {
        return 0;
    }
    let after = &skipped[number..];
    if let Some(minutes) = after.strip_prefix(':') {
        let digits = minutes.bytes().take_while(u8::is_ascii_digit).count();
        return if digits == 2 { spaces + number + 3 } else { 0 };
    }
    let gap = after.len() - after.trim_start_matches(' ').len();
    let after = &after[gap..];
    let Some(sign) = ["点钟", "点多", "点", "时"].iter().find(|sign| after.starts_with(**sign)) else {
        return 0;
    };
    let hour = spaces + number + gap + sign.len();
    let minutes = &rest[hour..];
    if minutes.starts_with('半') {
        return hour + '半'.len_utf8();
    }
    let digits = self::number(minutes);
    match minutes[digits..].strip_prefix('分') {
        Some(_) if digits > 0 => hour + digits + '分'.len_utf8(),
        _ => hour,
    }
}

/// An amount of time: `2 小时`, `半个小时`, `十几分钟`.
fn amount(rest: &str) -> Option<usize> {
    let number = number(rest);
    let after = rest[number..].trim_start_matches(' ');
    let unit = UNITS.iter().find(|unit| after.starts_with(**unit))?;
    (number > 0).then(|| rest.len() - after.len() + unit.len())
}

fn number(rest: &str) -> usize {
    let end = rest.find(|c: char| !(c.is_ascii_digit() || "零一二两三四五六七八九十几半数百".contains(c)));
    end.unwrap_or(rest.len())
}

/// `since 3pm`, `2 hours ago`.
fn english(said: &Said) -> Option<(usize, usize)> {
    if let Some(at) = said.places("ago").next() {
        let before = said.lower[..at].trim_end();
        let words: Vec<&str> = before.rsplitn(3, ' ').take(2).collect();
        let length: usize = words.iter().map(|word| word.len() + 1).sum();
        let start = at.saturating_sub(length);
        if words.len() == 2 && said.lower.is_char_boundary(start) && said.lower[start..at].is_ascii() {
            return Some((start, at + "ago".len()));
        }
    }
    if let Some(at) = said.places("since").next() {
        let rest = &said.lower[at..];
        let end =
            rest.char_indices().find(|(_, c)| !(c.is_ascii_alphanumeric() || matches!(c, ' ' | ':' | '-')));
        let phrase = &rest[..end.map_or(rest.len(), |(end, _)| end)];
        let words: Vec<&str> = phrase.split(' ').take(4).collect();
        return (words.len() > 1).then(|| (at, at + words.join(" ").len()));
    }
    let (at, phrase) = ENGLISH.iter().find_map(|phrase| Some((said.places(phrase).next()?, phrase)))?;
    Some((at, at + phrase.len()))
}

/// `升级之后`.
fn event(text: &str) -> Option<(usize, usize)> {
    EVENTS.iter().find_map(|event| {
        let at = text.find(event)?;
        let after = &text[at + event.len()..];
        let sign = ["完之后", "了之后", "完以后", "之后", "以后", "完就", "后"]
            .iter()
            .find(|sign| after.starts_with(**sign))?;
        Some((at, at + event.len() + sign.trim_end_matches('就').len()))
    })
}
