//! The directory of phone lines: which to call, by region, class of customer and hour.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::calendar::{Footing, Hours};
use super::error::DeskError;
use super::label::Label;
use super::policy::Policy;
use crate::message::Tier;

const FILE: &str = "directory.toml";

/// All lines.
#[derive(Clone, Debug)]
pub struct Directory {
    remark: Label,
    words: BTreeMap<Purpose, Vec<String>>,
    tiers: BTreeMap<Tier, Vec<String>>,
    lines: Vec<(Line, Label)>,
}

/// Whose lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Where the person is, as they or the page say it; absent: the default.
    pub region: Option<String>,
    /// Their class.
    pub tier: Tier,
    /// What they want a line for, where they say it.
    pub purpose: Option<Purpose>,
    /// Whether something is down.
    pub urgent: bool,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the public labels")]
pub enum Purpose {
    General,
    Urgent,
    Expert,
    Enterprise,
    Vip,
    Finance,
    Government,
    Complaint,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    remark: Label,
    sources: BTreeMap<String, Label>,
    #[serde(default)]
    words: BTreeMap<Purpose, Vec<String>>,
    #[serde(default)]
    tiers: BTreeMap<Tier, Vec<String>>,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    code: String,
    label: Label,
    number: String,
    from_abroad: Option<String>,
    extension: Option<Label>,
    purpose: Purpose,
    /// Empty: all.
    #[serde(default)]
    regions: Vec<String>,
    /// Empty: all.
    #[serde(default)]
    tiers: Vec<Tier>,
    languages: Vec<String>,
    calendar: Option<String>,
    source: String,
}

/// One line as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineView {
    /// Its code.
    pub code: String,
    /// Its name.
    pub label: Label,
    /// The number.
    pub number: String,
    /// The number from abroad, where that is another.
    pub from_abroad: Option<String>,
    /// What to choose after the number.
    pub extension: Option<Label>,
    /// What it is for.
    pub purpose: Purpose,
    /// Languages that are spoken.
    pub languages: Vec<String>,
    /// Today's hours with their zone; absent where the source gives none.
    pub hours: Option<String>,
    /// Whether somebody answers now; absent where the hours are not known.
    pub open_now: Option<bool>,
    /// When somebody answers next: now where it is open.
    pub next_opening: Option<i64>,
    /// Where the number comes from.
    pub source: Label,
    /// That it should be checked.
    pub remark: Label,
}

impl Directory {
    /// From the text of `directory.toml`.
    pub fn parse(text: &str, hours: &Hours) -> Result<Self, DeskError> {
        let file: File = toml::from_str(text).map_err(|error| DeskError::unreadable(FILE, text, &error))?;
        if !file.lines.iter().any(|line| line.purpose == Purpose::General) {
            return Err(DeskError::unusable(FILE, "lines", "needs a line whose purpose is general"));
        }
        let mut lines = Vec::with_capacity(file.lines.len());
        for line in file.lines {
            let source = line.check(hours, &file.sources)?.clone();
            lines.push((line, source));
        }
        Ok(Self { remark: file.remark, words: file.words, tiers: file.tiers, lines })
    }

    /// What a question about lines names beside a place: what it is for, and the class of the customer.
    pub fn named(&self, question: &str) -> (Option<Purpose>, Option<Tier>) {
        let question = question.to_lowercase();
        let says = |words: &Vec<String>| words.iter().any(|word| question.contains(word.as_str()));
        let purpose = self.words.iter().find(|(_, words)| says(words)).map(|(purpose, _)| *purpose);
        (purpose, self.tiers.iter().find(|(_, words)| says(words)).map(|(tier, _)| *tier))
    }
}

impl Line {
    /// That what it names is there; gives its source.
    fn check<'a>(&self, hours: &Hours, sources: &'a BTreeMap<String, Label>) -> Result<&'a Label, DeskError> {
        let wrong = |reason: String| DeskError::unusable(FILE, format!("lines {}", self.code), reason);
        let known: Vec<&str> = hours.regions().iter().map(|region| region.code.as_str()).collect();
        if let Some(region) = self.regions.iter().find(|region| !known.contains(&region.as_str())) {
            return Err(wrong(format!("{region:?} is no region of hours.toml, which has {known:?}")));
        }
        if let Some(name) =
            self.calendar.as_ref().filter(|name| hours.calendar(name, Footing::Normal).is_none())
        {
            return Err(wrong(format!("{name:?} is no calendar of hours.toml")));
        }
        sources.get(&self.source).ok_or_else(|| wrong(format!("{:?} is none of the sources", self.source)))
    }

    fn serves(&self, region: &str) -> bool {
        self.regions.is_empty() || self.regions.iter().any(|own| own == region)
    }

    fn suits(&self, tier: Tier) -> bool {
        self.tiers.is_empty() || self.tiers.contains(&tier)
    }

    /// How far down the list it belongs by its purpose: lines meant for this customer first, then the general ones, then
    /// those for one matter only.
    fn rank(&self, tier: Tier, urgent: bool) -> u8 {
        match self.purpose {
            Purpose::Urgent if urgent => 0,
            Purpose::Vip if tier == Tier::Platinum => 1,
            Purpose::Expert if urgent => 2,
            Purpose::Enterprise if tier >= Tier::Silver => 3,
            Purpose::General => 4,
            Purpose::Expert => 5,
            Purpose::Urgent => 6,
            Purpose::Vip | Purpose::Enterprise => 7,
            Purpose::Finance => 8,
            Purpose::Complaint => 9,
            Purpose::Government => 10,
        }
    }

    fn view(&self, policy: &Policy, source: &Label, now: i64, footing: Footing) -> LineView {
        let calendar = self.calendar.as_ref().and_then(|name| policy.hours.calendar(name, footing));
        LineView {
            code: self.code.clone(),
            label: self.label.clone(),
            number: self.number.clone(),
            from_abroad: self.from_abroad.clone(),
            extension: self.extension.clone(),
            purpose: self.purpose,
            languages: self.languages.clone(),
            hours: calendar.map(|calendar| calendar.hours_of_day(now)),
            open_now: calendar.map(|calendar| calendar.open_at(now)),
            next_opening: calendar.and_then(|calendar| calendar.next_opening(now)),
            source: source.clone(),
            remark: policy.directory.remark.clone(),
        }
    }
}

/// The lines for a person, best first: those of their region that suit their class or are for what they name; what is for that
/// before all else, what is open before what is closed, and by what they are for. Never empty: where no line serves a region,
/// the general ones of all regions are given.
pub fn lines_for(policy: &Policy, wanted: &Wanted, now: i64, footing: Footing) -> Vec<LineView> {
    let region = &policy.hours.region_of(wanted.region.as_deref()).code;
    let lines = &policy.directory.lines;
    let named = |line: &Line| Some(line.purpose) == wanted.purpose;
    let suits = |line: &Line| line.serves(region) && (line.suits(wanted.tier) || named(line));
    let mut fitting: Vec<_> = lines.iter().filter(|(line, _)| suits(line)).collect();
    if fitting.is_empty() {
        fitting = lines.iter().filter(|(line, _)| line.purpose == Purpose::General).collect();
    }
    let placed = |(line, source): &(Line, Label)| {
        let view = line.view(policy, source, now, footing);
        let closed = view.open_now == Some(false);
        ((!named(line), closed, line.rank(wanted.tier, wanted.urgent)), view)
    };
    let mut views: Vec<_> = fitting.into_iter().map(placed).collect();
    views.sort_by_key(|(place, _)| *place);
    views.into_iter().map(|(_, view)| view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 is a Monday; hours in China time.
    fn china(hour: i64) -> i64 {
        1_795_363_200_000 + hour * 3_600_000
    }

    fn codes(region: Option<&str>, tier: Tier, hour: i64, urgent: bool) -> Vec<String> {
        let policy = Policy::shipped().unwrap();
        let wanted = Wanted { region: region.map(str::to_owned), tier, urgent, purpose: None };
        let lines = lines_for(&policy, &wanted, china(hour), Footing::Normal);
        lines.into_iter().map(|line| line.code).collect()
    }

    #[test]
    fn the_first_line_is_the_right_one() {
        for (region, tier, hour, urgent, first) in [
            (None, Tier::Standard, 10, false, "general-mainland"),
            (Some("cn-hangzhou"), Tier::Standard, 10, true, "urgent"),
            (Some("cn-hangzhou"), Tier::Standard, 3, true, "urgent"),
            (Some("cn-hangzhou"), Tier::Gold, 10, false, "enterprise"),
            (Some("cn-hangzhou"), Tier::Platinum, 10, false, "vip-extension"),
            (Some("cn-hongkong"), Tier::Standard, 10, false, "general-mainland"),
            (Some("cn-hongkong"), Tier::Standard, 23, false, "singapore"),
            (Some("ap-southeast-1"), Tier::Standard, 12, false, "singapore"),
            (Some("eu-central-1"), Tier::Gold, 20, false, "europe"),
            (Some("us-west-1"), Tier::Standard, 12, true, "americas"),
            (Some("me-east-1"), Tier::Standard, 14, false, "middle-east"),
        ] {
            let codes = codes(region, tier, hour, urgent);
            assert_eq!(
                codes.first().map(String::as_str),
                Some(first),
                "{region:?} {tier:?} {hour}: {codes:?}"
            );
        }
    }

    #[test]
    fn a_line_says_when_it_is_open_and_that_it_should_be_checked() {
        let policy = Policy::shipped().unwrap();
        let at = |hour, footing| {
            let lines = lines_for(&policy, &Wanted::default(), china(hour), footing);
            lines.into_iter().find(|line| line.code == "standard").unwrap()
        };
        let (day, night) = (at(10, Footing::Normal), at(3, Footing::Normal));
        assert_eq!((day.open_now, day.next_opening), (Some(true), Some(china(10))));
        assert_eq!((night.open_now, night.next_opening), (Some(false), Some(china(7))));
        assert_eq!(night.hours.as_deref(), Some("07:00-23:00 Asia/Shanghai"));
        assert_eq!(at(3, Footing::MajorIncident).open_now, Some(true));
        assert!(day.remark.zh.contains("控制台") && day.source.zh.contains("概览"));
        let west = Wanted { region: Some("us-west-1".to_owned()), ..Wanted::default() };
        let americas = lines_for(&policy, &west, china(3), Footing::Normal);
        assert_eq!((americas[0].open_now, &americas[0].hours), (None, &None), "the source gives no hours");
    }

    #[test]
    fn the_expert_line_is_for_those_it_is_meant_for() {
        assert!(!codes(None, Tier::Standard, 10, true).contains(&"expert".to_owned()));
        assert!(codes(None, Tier::Gold, 10, true).contains(&"expert".to_owned()));
    }

    #[test]
    fn a_line_that_names_what_is_not_there_is_refused() {
        let text = include_str!("../../kb/service/directory.toml");
        let hours = Policy::shipped().unwrap().hours;
        for (from, to) in [
            ("[\"europe\"]", "[\"atlantis\"]"),
            ("calendar = \"europe\"", "calendar = \"x\""),
            ("source = \"A\"", "source = \"C\""),
        ] {
            assert!(Directory::parse(&text.replacen(from, to, 1), &hours).is_err(), "{to}");
        }
    }

    #[test]
    fn what_is_asked_for_comes_first() {
        let policy = Policy::shipped().unwrap();
        for (question, tier, first) in [
            ("发票的事打哪个电话", Tier::Standard, "finance"),
            ("我要投诉打几", Tier::Gold, "complaint"),
            ("VIP 专线怎么转", Tier::Standard, "vip-extension"),
            ("政务云电话", Tier::Standard, "government"),
            ("半夜出紧急故障打哪个", Tier::Standard, "urgent"),
            ("客服电话多少", Tier::Standard, "general-mainland"),
        ] {
            let (purpose, named) = policy.directory.named(question);
            assert_eq!(named, None, "{question}");
            let wanted = Wanted { purpose, tier, ..Wanted::default() };
            let lines = lines_for(&policy, &wanted, china(12), Footing::Normal);
            assert_eq!(lines[0].code, first, "{question}");
        }
        assert_eq!(policy.directory.named("金牌客户电话").1, Some(Tier::Gold));
    }

    #[test]
    fn nobody_is_left_without_a_line() {
        let policy = Policy::shipped().unwrap();
        let regions = policy.hours.regions().iter().map(|region| Some(region.code.as_str())).chain([None]);
        for region in regions {
            for tier in [Tier::Standard, Tier::Silver, Tier::Gold, Tier::Platinum] {
                let wanted = Wanted { region: region.map(str::to_owned), tier, urgent: true, purpose: None };
                assert!(!lines_for(&policy, &wanted, i64::MAX, Footing::Normal).is_empty());
            }
        }
    }
}
