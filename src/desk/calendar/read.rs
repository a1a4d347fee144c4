//! Calendars from `hours.toml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Deserialize;

use super::super::error::DeskError;
use super::holidays::HolidayTable;
use super::period::{Period, Schedule, Season};
use super::{Calendar, Rules};

const FILE: &str = "hours.toml";
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// A leap year, so that the 29th of February may bound a season.
const SOME_LEAP_YEAR: i16 = 2024;

/// A calendar as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    zone: String,
    workday: Vec<String>,
    #[serde(default)]
    restday: Vec<String>,
    #[serde(default)]
    holiday: Vec<String>,
    #[serde(default)]
    days: BTreeMap<String, Vec<String>>,
    #[serde(default = "weekend")]
    rest: Vec<String>,
    holidays: Option<String>,
    #[serde(default)]
    pub incident_24h: bool,
    #[serde(default)]
    seasons: Vec<WrittenSeason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSeason {
    from: String,
    to: String,
    workday: Vec<String>,
    #[serde(default)]
    restday: Vec<String>,
    #[serde(default)]
    holiday: Vec<String>,
    #[serde(default)]
    days: BTreeMap<String, Vec<String>>,
}

/// The lists of periods of a calendar or of one of its seasons.
struct Lists<'a> {
    key: String,
    workday: &'a [String],
    restday: &'a [String],
    holiday: &'a [String],
    days: &'a BTreeMap<String, Vec<String>>,
    rest: &'a [usize],
}

fn weekend() -> Vec<String> {
    vec!["sat".to_owned(), "sun".to_owned()]
}

impl Written {
    /// The calendar, with the holidays that it names.
    pub fn read(
        &self,
        name: &str,
        tables: &BTreeMap<String, Arc<HolidayTable>>,
    ) -> Result<Calendar, DeskError> {
        let key = format!("calendars.{name}");
        let rest = self.rest.iter().map(|day| weekday(&format!("{key}.rest"), day));
        let rest = rest.collect::<Result<Vec<usize>, _>>()?;
        let base = Lists {
            key: key.clone(),
            workday: &self.workday,
            restday: &self.restday,
            holiday: &self.holiday,
            days: &self.days,
            rest: &rest,
        };
        let seasons = self.seasons.iter().map(|season| season.read(&key, &rest));
        let rules = Rules {
            zone: zone(&key, &self.zone)?,
            zone_name: self.zone.clone(),
            base: base.schedule()?,
            seasons: seasons.collect::<Result<_, _>>()?,
            holidays: self.holidays.as_ref().map(|table| holidays(&key, table, tables)).transpose()?,
        };
        Ok(Calendar { rules: Arc::new(rules) })
    }
}

impl WrittenSeason {
    fn read(&self, calendar: &str, rest: &[usize]) -> Result<Season, DeskError> {
        let key = format!("{calendar}.seasons {}..{}", self.from, self.to);
        let (from, to) = (month_and_day(&key, &self.from)?, month_and_day(&key, &self.to)?);
        let lists = Lists {
            key,
            workday: &self.workday,
            restday: &self.restday,
            holiday: &self.holiday,
            days: &self.days,
            rest,
        };
        Ok(Season { from, to, schedule: lists.schedule()? })
    }
}

impl Lists<'_> {
    fn schedule(&self) -> Result<Schedule, DeskError> {
        let (workday, restday) =
            (self.periods("workday", self.workday)?, self.periods("restday", self.restday)?);
        let mut week = std::array::from_fn(|day| match self.rest.contains(&day) {
            true => restday.clone(),
            false => workday.clone(),
        });
        for (day, texts) in self.days {
            let key = format!("days.{day}");
            week[weekday(&format!("{}.{key}", self.key), day)?] = self.periods(&key, texts)?;
        }
        let schedule = Schedule { workday, holiday: self.periods("holiday", self.holiday)?, week };
        match schedule.has_hours() {
            true => Ok(schedule),
            false => Err(DeskError::unusable(FILE, &self.key, "no day has a period; write one in workday")),
        }
    }

    /// Periods in order of time. Those that touch or overlap are an error: they are most likely a slip.
    fn periods(&self, list: &str, texts: &[String]) -> Result<Vec<Period>, DeskError> {
        let key = format!("{}.{list}", self.key);
        let read = |text: &String| {
            Period::parse(text)
                .map_err(|reason| DeskError::unusable(FILE, &key, format!("{text:?} {reason}")))
        };
        let mut periods = texts.iter().map(read).collect::<Result<Vec<Period>, _>>()?;
        periods.sort_by_key(|period| period.from);
        match periods.windows(2).find(|pair| pair[1].from < pair[0].to) {
            Some(pair) => {
                Err(DeskError::unusable(FILE, &key, format!("{} and {} overlap", pair[0], pair[1])))
            }
            None => Ok(periods),
        }
    }
}

fn weekday(key: &str, name: &str) -> Result<usize, DeskError> {
    let wrong = || DeskError::unusable(FILE, key, format!("{name:?} is no weekday; write {WEEKDAYS:?}"));
    WEEKDAYS.iter().position(|day| *day == name).ok_or_else(wrong)
}

/// From the zones that are compiled in, so that the machine's own do not change what a time means.
fn zone(calendar: &str, name: &str) -> Result<TimeZone, DeskError> {
    let wrong = |_| {
        let reason = format!("{name:?} is no time zone; write one such as Asia/Shanghai");
        DeskError::unusable(FILE, format!("{calendar}.zone"), reason)
    };
    TimeZoneDatabase::bundled().get(name).map_err(wrong)
}

fn holidays(
    calendar: &str,
    name: &str,
    tables: &BTreeMap<String, Arc<HolidayTable>>,
) -> Result<Arc<HolidayTable>, DeskError> {
    let wrong = || {
        let reason = format!("{name:?} is not in holidays.toml, which has {:?}", tables.keys());
        DeskError::unusable(FILE, format!("{calendar}.holidays"), reason)
    };
    tables.get(name).cloned().ok_or_else(wrong)
}

fn month_and_day(key: &str, text: &str) -> Result<(i8, i8), DeskError> {
    let wrong = || DeskError::unusable(FILE, key, format!("{text:?} is no month and day; write 06-01"));
    let (month, day) = text.split_once('-').ok_or_else(wrong)?;
    let (month, day) = (month.parse().map_err(|_| wrong())?, day.parse().map_err(|_| wrong())?);
    jiff::civil::Date::new(SOME_LEAP_YEAR, month, day).map_err(|_| wrong())?;
    Ok((month, day))
}
