//! Public holidays, and weekends that are worked in exchange, by table and year.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;

use super::super::error::DeskError;

const FILE: &str = "holidays.toml";
/// Longest run of days off in one entry, so that a wrong year is seen.
const LONGEST_RUN: usize = 31;

/// What a table says of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayKind {
    Off,
    Work,
}

/// The holidays of one country.
#[derive(Clone, Debug, Default)]
pub struct HolidayTable {
    days: BTreeMap<Date, DayKind>,
    years: BTreeSet<i16>,
}

impl HolidayTable {
    /// Whether the year was published.
    pub fn knows(&self, year: i16) -> bool {
        self.years.contains(&year)
    }

    /// The last year that was published.
    pub fn last_year(&self) -> Option<i16> {
        self.years.last().copied()
    }

    pub(super) fn kind(&self, date: Date) -> Option<DayKind> {
        self.days.get(&date).copied()
    }

    fn add(&mut self, year: &Year, key: &str) -> Result<(), DeskError> {
        if !self.years.insert(year.year) {
            return Err(DeskError::unusable(FILE, key, "is there twice; keep one entry a year"));
        }
        let off = year.off.iter().map(|text| (text, DayKind::Off));
        for (text, kind) in off.chain(year.work.iter().map(|text| (text, DayKind::Work))) {
            for date in days(text).map_err(|reason| DeskError::unusable(FILE, key, reason))? {
                if date.year() != year.year {
                    return Err(DeskError::unusable(FILE, key, format!("{date} is in another year")));
                }
                if self.days.insert(date, kind).is_some() {
                    return Err(DeskError::unusable(FILE, key, format!("{date} is there twice")));
                }
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    years: Vec<Year>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    table: String,
    year: i16,
    /// Who published it: for people.
    #[serde(rename = "source")]
    _source: String,
    #[serde(default)]
    off: Vec<String>,
    #[serde(default)]
    work: Vec<String>,
}

/// All tables of a file by name.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Arc<HolidayTable>>, DeskError> {
    let file: File = toml::from_str(text).map_err(|error| DeskError::unreadable(FILE, text, &error))?;
    let mut tables: BTreeMap<String, HolidayTable> = BTreeMap::new();
    for year in &file.years {
        let key = format!("years: {} {}", year.table, year.year);
        tables.entry(year.table.clone()).or_default().add(year, &key)?;
    }
    Ok(tables.into_iter().map(|(name, table)| (name, Arc::new(table))).collect())
}

/// The days of `2026-10-01` or `2026-10-01..2026-10-07`.
fn days(text: &str) -> Result<Vec<Date>, String> {
    let date =
        |part: &str| part.trim().parse::<Date>().map_err(|_| format!("{part:?} is no day; write 2026-10-01"));
    let (from, to) = match text.split_once("..") {
        Some((from, to)) => (date(from)?, date(to)?),
        None => (date(text)?, date(text)?),
    };
    let run = std::iter::successors(Some(from), |day| day.tomorrow().ok()).take_while(|day| *day <= to);
    let run: Vec<Date> = run.take(LONGEST_RUN + 1).collect();
    match run.len() {
        0 => Err(format!("{text:?} ends before it begins")),
        1..=LONGEST_RUN => Ok(run),
        _ => Err(format!("{text:?} has more than {LONGEST_RUN} days")),
    }
}
