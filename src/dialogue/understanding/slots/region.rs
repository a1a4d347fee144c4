//! Regions: by code, by number, by city.

use super::Said;

/// Names of regions and their codes. A longer name before one that it begins with.
const NAMES: &[(&str, &str)] = &[
    ("华东1", "cn-hangzhou"),
    ("华东一", "cn-hangzhou"),
    ("华东2", "cn-shanghai"),
    ("华东二", "cn-shanghai"),
    ("华东5", "cn-nanjing"),
    ("华东6", "cn-fuzhou"),
    ("华北1", "cn-qingdao"),
    ("华北一", "cn-qingdao"),
    ("华北2", "cn-beijing"),
    ("华北二", "cn-beijing"),
    ("华北3", "cn-zhangjiakou"),
    ("华北三", "cn-zhangjiakou"),
    ("华北5", "cn-huhehaote"),
    ("华北6", "cn-wulanchabu"),
    ("华南1", "cn-shenzhen"),
    ("华南一", "cn-shenzhen"),
    ("华南2", "cn-heyuan"),
    ("华南3", "cn-guangzhou"),
    ("西南1", "cn-chengdu"),
    ("西南一", "cn-chengdu"),
    ("华中1", "cn-wuhan-lr"),
];

/// Cities and their codes.
const CITIES: &[(&str, &str)] = &[
    ("杭州", "cn-hangzhou"),
    ("上海", "cn-shanghai"),
    ("南京", "cn-nanjing"),
    ("福州", "cn-fuzhou"),
    ("青岛", "cn-qingdao"),
    ("北京", "cn-beijing"),
    ("张家口", "cn-zhangjiakou"),
    ("呼和浩特", "cn-huhehaote"),
    ("乌兰察布", "cn-wulanchabu"),
    ("深圳", "cn-shenzhen"),
    ("河源", "cn-heyuan"),
    ("广州", "cn-guangzhou"),
    ("成都", "cn-chengdu"),
    ("武汉", "cn-wuhan-lr"),
    ("香港", "cn-hongkong"),
    ("新加坡", "ap-southeast-1"),
    ("吉隆坡", "ap-southeast-3"),
    ("马来西亚", "ap-southeast-3"),
    ("雅加达", "ap-southeast-5"),
    ("印尼", "ap-southeast-5"),
    ("马尼拉", "ap-southeast-6"),
    ("曼谷", "ap-southeast-7"),
    ("东京", "ap-northeast-1"),
    ("首尔", "ap-northeast-2"),
    ("硅谷", "us-west-1"),
    ("弗吉尼亚", "us-east-1"),
    ("法兰克福", "eu-central-1"),
    ("伦敦", "eu-west-1"),
    ("迪拜", "me-east-1"),
    ("hong kong", "cn-hongkong"),
    ("singapore", "ap-southeast-1"),
    ("tokyo", "ap-northeast-1"),
    ("frankfurt", "eu-central-1"),
    ("silicon valley", "us-west-1"),
    ("virginia", "us-east-1"),
];

/// Before a city: it is where something runs, not where someone lives.
const BEFORE: &[&str] = &[
    "在",
    "喺",
    "于",
    "选的",
    "区域",
    "地域",
    "地域是",
    "地域为",
    "地域:",
    "地域系",
    "地域系 ",
    "region",
    "region is",
    "region:",
    "region 是",
    "地域 ",
    "in",
    "in the",
];
/// After a city: the same.
const AFTER: &[&str] = &[
    "区",
    "节点",
    "机房",
    "地域",
    "区域",
    "可用区",
    "的机器",
    "的服务器",
    "的实例",
    "的ecs",
    "的 ecs",
    "region",
    "的,",
];
/// First parts of the codes.
const CONTINENTS: &[&str] = &["cn", "ap", "us", "eu", "me", "na", "sa"];
/// Characters around a city in a message that says nothing else ("香港的", "是新加坡").
const NOTHING_ELSE: usize = 3;

/// The first region that is named.
pub(super) fn find(said: &Said) -> Option<String> {
    let code = said.words().find_map(|(_, word)| code(word));
    let name =
        || NAMES.iter().find(|(name, _)| said.lower.contains(name)).map(|(_, code)| (*code).to_owned());
    let spaced = || {
        let close = said.lower.replace(' ', "");
        NAMES.iter().find(|(name, _)| close.contains(name)).map(|(_, code)| (*code).to_owned())
    };
    code.or_else(name).or_else(spaced).or_else(|| city(said))
}

/// The code of a region, without the letter of the zone.
fn code(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let mut parts = lower.split('-');
    let (continent, place) = (parts.next()?, parts.next()?);
    let letters = place.len() >= 4 && place.bytes().all(|b| b.is_ascii_lowercase());
    if !CONTINENTS.contains(&continent) || !letters {
        return None;
    }
    match parts.next() {
        Some(part) if part.bytes().all(|b| b.is_ascii_digit()) => Some(format!("{continent}-{place}-{part}")),
        Some("lr") => Some(format!("{continent}-{place}-lr")),
        Some(zone) if zone.len() > 1 => None,
        // Abroad the number belongs to the code; without it there is no such region.
        None if continent != "cn" => None,
        _ => Some(format!("{continent}-{place}")),
    }
}

fn city(said: &Said) -> Option<String> {
    let text = said.lower.as_str();
    let (name, code) = CITIES.iter().find(|(name, _)| {
        text.find(name).is_some_and(|at| {
            let (before, after) = (text[..at].trim_end(), text[at + name.len()..].trim_start());
            let alone = before.chars().count() + after.chars().count() <= NOTHING_ELSE;
            alone
                || BEFORE.iter().any(|hint| before.ends_with(hint.trim_end()))
                || AFTER.iter().any(|hint| after.starts_with(hint))
        })
    })?;
    debug_assert!(!name.is_empty());
    Some((*code).to_owned())
}
