//! What a problem is: its module in the problem tree, its kind, how far it reaches, what likely caused it. By word lists.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::error::DeskError;
use super::label::{Label, Named};

const FILE: &str = "problems.toml";
/// How much of a text is looked at, in bytes: the need and what led to it, not an attached log.
const LONGEST_TEXT: usize = 20_000;
/// The same for one line.
const LONGEST_LINE: usize = 1_000;
/// A product's code with fewer letters is no word: too many of them mean something else too.
const SHORTEST_CODE: usize = 3;
/// How much more a product's code says than another word of its length.
const CODE_WEIGHT: usize = 3;
/// A line with fewer letters is hardly a line of a log.
const SHORTEST_LOG: usize = 12;

/// What a problem was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Module of the problem tree, or the general one.
    pub category: Named,
    /// Kind of problem.
    pub kind: Named,
    /// How far it reaches.
    pub impact: Named,
    /// What likely caused it; often nothing.
    pub root_causes: Vec<Named>,
}

/// The lists of `problems.toml`.
#[derive(Clone, Debug)]
pub struct Problems {
    general: Named,
    modules: Vec<Group>,
    module_of_product: HashMap<String, usize>,
    /// At least one; the last is that of a text without any of the words.
    kinds: Vec<Group>,
    extents: Vec<Group>,
    causes: Vec<Group>,
    /// What has to be asked, by kind.
    asks: BTreeMap<String, Vec<Ask>>,
    signs: Signs,
}

/// Words by which a line is known for what it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signs {
    tried: Vec<String>,
    objective: Vec<String>,
    logs: Vec<String>,
}

/// Something that an agent has to ask, unless it is known.
#[derive(Clone, Debug)]
struct Ask {
    name: Named,
    slot: Option<String>,
}

#[derive(Clone, Debug)]
struct Group {
    name: Named,
    /// Each with its weight and the parts that must all be there.
    words: Vec<(usize, Vec<String>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Codes of products that are everyday words too.
    #[serde(default)]
    everyday: Vec<String>,
    general: Named,
    modules: Vec<WrittenModule>,
    kinds: Vec<WrittenKind>,
    extents: Vec<WrittenGroup>,
    #[serde(default)]
    causes: Vec<WrittenGroup>,
    signs: Signs,
    #[serde(default)]
    asks: Vec<WrittenAsk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenModule {
    code: String,
    label: Label,
    products: Vec<String>,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKind {
    code: String,
    label: Label,
    words: Vec<String>,
    #[serde(default)]
    asks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGroup {
    code: String,
    label: Label,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAsk {
    code: String,
    label: Label,
    slot: Option<String>,
}

impl Problems {
    /// From the text of `problems.toml`.
    pub fn parse(text: &str) -> Result<Self, DeskError> {
        let file: File = toml::from_str(text).map_err(|error| DeskError::unreadable(FILE, text, &error))?;
        let lacking = |key: &str| DeskError::unusable(FILE, key, "needs at least one entry");
        if file.kinds.is_empty() || file.extents.is_empty() {
            return Err(lacking(if file.kinds.is_empty() { "kinds" } else { "extents" }));
        }
        let mut module_of_product = HashMap::new();
        for (number, module) in file.modules.iter().enumerate() {
            for product in &module.products {
                if module_of_product.insert(product.to_lowercase(), number).is_some() {
                    let reason = format!("product {product:?} is there twice; keep it in one module");
                    return Err(DeskError::unusable(FILE, format!("modules {}", module.code), reason));
                }
            }
        }
        let known: BTreeMap<String, Ask> = file.asks.into_iter().map(WrittenAsk::read).collect();
        let asks = file.kinds.iter().map(|kind| Ok((kind.code.clone(), kind.asks(&known)?)));
        Ok(Self {
            asks: asks.collect::<Result<_, DeskError>>()?,
            signs: file.signs,
            general: file.general,
            modules: file.modules.into_iter().map(|module| module.read(&file.everyday)).collect(),
            module_of_product,
            kinds: file.kinds.into_iter().map(|k| Group::new(k.code, k.label, &k.words)).collect(),
            extents: file.extents.into_iter().map(|e| Group::new(e.code, e.label, &e.words)).collect(),
            causes: file.causes.into_iter().map(|c| Group::new(c.code, c.label, &c.words)).collect(),
        })
    }

    /// What a problem is, by the product where it is known and by the words that were used.
    pub fn classify(&self, product: Option<&str>, product_name: Option<&str>, text: &str) -> Problem {
        let text = Text::new(text);
        let causes = self.causes.iter().filter(|cause| cause.weight(&text) > 0);
        Problem {
            category: self.module(product, product_name, &text).clone(),
            kind: heaviest_or_last(&self.kinds, &text).cloned().unwrap_or_default(),
            impact: heaviest_or_last(&self.extents, &text).cloned().unwrap_or_default(),
            root_causes: causes.map(|cause| cause.name.clone()).collect(),
        }
    }

    /// The module of the problem tree that has this code, or the general one.
    pub fn module_named(&self, code: &str) -> Option<&Named> {
        self.modules().find(|module| module.code == code)
    }

    /// All modules, the general one last.
    pub fn modules(&self) -> impl Iterator<Item = &Named> {
        self.modules.iter().map(|module| &module.name).chain([&self.general])
    }

    /// The kind that has this code.
    pub fn kind(&self, code: &str) -> Option<&Named> {
        self.kinds.iter().map(|kind| &kind.name).find(|kind| kind.code == code)
    }

    /// What is still to be asked about a problem of a kind: not what a slot already holds, nor an extent that was said.
    pub fn missing(&self, kind: &str, impact: &str, facts: &BTreeMap<String, String>) -> Vec<Named> {
        let unsaid = self.extents.last().is_some_and(|extent| extent.name.code == impact);
        let known = |ask: &&Ask| match ask.name.code.as_str() {
            "impact" => !unsaid,
            _ => ask.slot.as_ref().is_some_and(|slot| facts.contains_key(slot)),
        };
        let asks = self.asks.get(kind).map(Vec::as_slice).unwrap_or_default();
        asks.iter().filter(|ask| !known(ask)).map(|ask| ask.name.clone()).collect()
    }

    /// Whether a line says that something is wrong: it has a word of a kind that is not the last.
    pub fn is_trouble(&self, line: &str) -> bool {
        let text = Text::line(line);
        self.kinds.split_last().is_some_and(|(_, troubles)| heaviest(troubles, &text).is_some())
    }

    /// Whether a line says that something was tried.
    pub fn is_attempt(&self, line: &str) -> bool {
        Text::line(line).has_any(&self.signs.tried)
    }

    /// Whether a line says what has to be reached until when.
    pub fn is_objective(&self, line: &str) -> bool {
        Text::line(line).has_any(&self.signs.objective)
    }

    /// Whether a line was copied from a log or an error message: mostly Latin, with a word of such lines and with marks that
    /// people do not type.
    pub fn is_log(&self, line: &str) -> bool {
        let (latin, all) = (line.chars().filter(char::is_ascii).count(), line.chars().count());
        let marks = line.contains([':', '=', '[', '/', '_', '('])
            || line.contains(|mark: char| mark.is_ascii_digit());
        all >= SHORTEST_LOG && latin * 10 >= all * 7 && marks && Text::line(line).has_any(&self.signs.logs)
    }

    fn module(&self, product: Option<&str>, product_name: Option<&str>, text: &Text) -> &Named {
        let by_code = product.and_then(|code| self.module_of_product.get(&code.trim().to_lowercase()));
        if let Some(number) = by_code {
            return &self.modules[*number].name;
        }
        let by_name = product_name.and_then(|name| heaviest(&self.modules, &Text::new(name)));
        by_name.or_else(|| heaviest(&self.modules, text)).unwrap_or(&self.general)
    }
}

impl WrittenModule {
    fn read(self, everyday: &[String]) -> Group {
        let mut group = Group::new(self.code, self.label, &self.words);
        let telling = |code: &String| code.len() >= SHORTEST_CODE && !everyday.contains(code);
        let codes = self.products.iter().map(|code| code.to_lowercase()).filter(telling);
        group.words.extend(codes.map(|code| (weight(&code) * CODE_WEIGHT, vec![code])));
        group
    }
}

impl WrittenKind {
    fn asks(&self, known: &BTreeMap<String, Ask>) -> Result<Vec<Ask>, DeskError> {
        let find = |code: &String| {
            let missing = || {
                let reason = format!("{code:?} is not among asks, which has {:?}", known.keys());
                DeskError::unusable(FILE, format!("kinds {}", self.code), reason)
            };
            known.get(code).cloned().ok_or_else(missing)
        };
        self.asks.iter().map(find).collect()
    }
}

impl WrittenAsk {
    fn read(self) -> (String, Ask) {
        let name = Named { code: self.code.clone(), label: self.label };
        (self.code, Ask { name, slot: self.slot })
    }
}

impl Group {
    fn new(code: String, label: Label, words: &[String]) -> Self {
        let parts = |word: &String| word.to_lowercase().split(" + ").map(str::to_owned).collect::<Vec<_>>();
        let words = words.iter().map(parts).filter(|parts| parts.iter().all(|part| !part.trim().is_empty()));
        let words = words.map(|parts| (parts.iter().map(|part| weight(part)).sum(), parts)).collect();
        Self { name: Named { code, label }, words }
    }

    /// How much a text speaks for it.
    fn weight(&self, text: &Text) -> usize {
        let found = self.words.iter().filter(|(_, parts)| parts.iter().all(|part| text.has(part)));
        found.map(|(weight, _)| weight).sum()
    }
}

/// The group that a text speaks for most, the first of equals; none where it says nothing of any.
fn heaviest<'a>(groups: &'a [Group], text: &Text) -> Option<&'a Named> {
    let weighed =
        groups.iter().map(|group| (group.weight(text), &group.name)).filter(|(weight, _)| *weight > 0);
    weighed.rev().max_by_key(|(weight, _)| *weight).map(|(_, name)| name)
}

fn heaviest_or_last<'a>(groups: &'a [Group], text: &Text) -> Option<&'a Named> {
    heaviest(groups, text).or_else(|| groups.last().map(|group| &group.name))
}

/// Two for a Chinese character, one for a letter: a Chinese word of two says about as much as an English one of four.
fn weight(word: &str) -> usize {
    word.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum()
}

/// A text in lower case, bounded.
struct Text(String);

impl Text {
    fn new(text: &str) -> Self {
        Self::bounded(text, LONGEST_TEXT)
    }

    fn line(line: &str) -> Self {
        Self::bounded(line, LONGEST_LINE)
    }

    fn bounded(text: &str, bytes: usize) -> Self {
        Self(text[..text.floor_char_boundary(bytes)].to_lowercase())
    }

    fn has_any(&self, words: &[String]) -> bool {
        words.iter().any(|word| self.has(word))
    }

    /// Whether a word is in it; a Latin one only between other characters, so that `ram` is not in `program`.
    fn has(&self, word: &str) -> bool {
        let is_latin = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
        self.0.match_indices(word).any(|(at, found)| {
            let (before, after) =
                (self.0[..at].chars().next_back(), self.0[at + found.len()..].chars().next());
            let joined_before = is_latin(before) && is_latin(word.chars().next());
            let joined_after = is_latin(after) && is_latin(word.chars().next_back());
            !joined_before && !joined_after
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Problems {
        Problems::parse(include_str!("../../kb/service/problems.toml")).unwrap()
    }

    #[test]
    fn the_product_decides_then_its_name_then_the_words() {
        let problems = shipped();
        for (product, name, text, module) in [
            (Some("rds"), None, "服务器连不上", "database"),
            (Some("SLB"), None, "", "network"),
            (Some("nobody-knows"), Some("云数据库某版"), "服务器连不上", "database"),
            (None, None, "云服务器重启以后远程连接不上", "compute"),
            (None, None, "OSS 防盗链怎么设置", "storage"),
            (None, None, "网站被 ddos 攻击进黑洞了", "security"),
            (None, None, "负载均衡健康检查一直失败", "network"),
            (None, None, "mysql 慢查询很多", "database"),
            (None, None, "k8s 里 pod 起不来", "containers"),
            (None, None, "域名解析一直不生效", "domain"),
            (None, None, "发票怎么开, 账单对不上", "account"),
            (None, None, "today the program is broken", "general"),
            (None, None, "", "general"),
        ] {
            let problem = problems.classify(product, name, text);
            assert_eq!(problem.category.code, module, "{product:?} {name:?} {text}");
        }
    }

    #[test]
    fn kind_extent_and_causes_come_from_the_words() {
        let problems = shipped();
        for (text, kind, impact, cause) in [
            ("生产环境全部打不开了", "outage", "all", None),
            ("slb 后面有些机器返回 502", "consultation", "part", Some("load_balancing")),
            ("这台机器 CPU 飙升, 很慢", "performance", "single", Some("cpu")),
            ("昨天手滑把表删了, 能找回吗", "data_loss", "unknown", Some("human_error")),
            ("账单里多扣了我两百块, 要退款", "billing", "unknown", None),
            ("我要投诉, 还要你们赔偿", "complaint", "unknown", None),
            ("https 证书过期, 浏览器报错", "fault", "unknown", Some("certificate")),
            ("请问包年包月和按量有什么区别", "consultation", "unknown", None),
        ] {
            let problem = problems.classify(None, None, text);
            let causes: Vec<&str> = problem.root_causes.iter().map(|cause| cause.code.as_str()).collect();
            assert_eq!((problem.kind.code.as_str(), problem.impact.code.as_str()), (kind, impact), "{text}");
            assert_eq!(causes.first().copied(), cause, "{text}: {causes:?}");
        }
    }

    #[test]
    fn what_is_known_is_not_asked_again() {
        let problems = shipped();
        let facts = BTreeMap::from([("since".to_owned(), "今天早上".to_owned())]);
        let codes = |kind: &str, impact: &str, facts: &BTreeMap<String, String>| {
            let missing = problems.missing(kind, impact, facts);
            missing.into_iter().map(|ask| ask.code).collect::<Vec<_>>()
        };
        assert_eq!(codes("fault", "unknown", &BTreeMap::new()), ["impact", "since", "error", "change"]);
        assert_eq!(codes("fault", "all", &facts), ["error", "change"]);
        assert_eq!(codes("billing", "unknown", &facts), ["bills", "usage", "balance", "payments"]);
        assert!(codes("no such kind", "all", &facts).is_empty());
    }

    #[test]
    fn the_tree_has_eight_modules() {
        assert_eq!(shipped().modules().count(), 9, "eight and the general one");
        assert_eq!(shipped().module_named("network").unwrap().label.zh, "网络");
    }

    #[test]
    fn a_product_in_two_modules_and_an_unknown_ask_are_refused() {
        let text = include_str!("../../kb/service/problems.toml");
        let twice = text.replacen("products = [", "products = [\n  \"oss\",", 1);
        assert!(Problems::parse(&twice).unwrap_err().to_string().contains("oss"));
        let lost = text.replacen("asks = [\"impact\",", "asks = [\"impct\",", 1);
        assert!(Problems::parse(&lost).unwrap_err().to_string().contains("impct"));
    }

    #[test]
    fn a_long_text_of_any_letters_does_no_harm() {
        let problems = shipped();
        let text = "慢🙂a".repeat(10_000);
        assert_eq!(problems.classify(None, None, &text).kind.code, "performance");
    }
}
