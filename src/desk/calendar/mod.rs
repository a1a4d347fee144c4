//! Business calendars: when somebody is there, and how much working time lies between two instants.
//!
//! A calendar maps each civil day of its zone to periods, and periods to instants; everything else is sums over those.
//! An ambiguous civil time (clocks go back) means its first pass, one that does not exist (clocks go forward) the instant of
//! the change. That keeps periods in order, without overlap, so working time never runs backwards.

mod holidays;
mod hours;
mod period;
mod read;

use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use self::holidays::DayKind;
pub use self::holidays::HolidayTable;
pub use self::hours::{Footing, Hours, Region};
use self::period::{Period, Schedule, Season};

/// How far is looked ahead: ten years of days. Longer than the longest span of a rule takes in a small office, and some
/// milliseconds of work at the very worst.
const HORIZON_DAYS: usize = 10 * 366;

/// When somebody works. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Calendar {
    rules: Arc<Rules>,
}

#[derive(Debug)]
struct Rules {
    zone: TimeZone,
    zone_name: String,
    base: Schedule,
    seasons: Vec<Season>,
    holidays: Option<Arc<HolidayTable>>,
}

impl Calendar {
    /// Open at every hour of every day.
    pub fn always() -> Self {
        let base = Schedule::every_day(vec![Period::WHOLE_DAY]);
        // The whole day is that of every zone.
        let (zone, zone_name) = (TimeZone::UTC, String::new());
        Self { rules: Arc::new(Rules { zone, zone_name, base, seasons: Vec::new(), holidays: None }) }
    }

    /// Whether somebody is there.
    pub fn open_at(&self, t: i64) -> bool {
        self.next_opening(t) == Some(clamp(t))
    }

    /// The first instant from `t` on at which somebody is there: `t` itself where it is open. `None`: never within the horizon.
    pub fn next_opening(&self, t: i64) -> Option<i64> {
        self.from(t).next().map(|(from, _)| from)
    }

    /// When the time that `t` lies in ends, periods without a gap taken as one. `None` where it is closed, or never closes.
    pub fn closing(&self, t: i64) -> Option<i64> {
        let mut end = clamp(t);
        for (from, to) in self.from(t) {
            match from <= end {
                true => end = to,
                false => return (end > clamp(t)).then_some(end),
            }
        }
        None
    }

    /// The first instant by which `ms` of working time have passed since `t`; `t` for nothing or less. The last instant of
    /// the horizon where there is not so much.
    pub fn add_working(&self, t: i64, ms: i64) -> i64 {
        let (mut left, mut last) = (ms, t);
        if left <= 0 {
            return t;
        }
        for (from, to) in self.from(t) {
            if left <= to - from {
                return from + left;
            }
            left -= to - from;
            last = to;
        }
        last
    }

    /// Working time between two instants, up to the horizon after the first; nothing where the second is not later.
    pub fn working_between(&self, a: i64, b: i64) -> i64 {
        let b = clamp(b);
        self.from(a).take_while(|(from, _)| *from < b).map(|(from, to)| to.min(b) - from).sum()
    }

    /// Whether the holidays of that year are not known, so that its days are taken by weekday.
    pub fn beyond_known_holidays(&self, t: i64) -> bool {
        let year = self.date(t).year();
        self.rules.holidays.as_ref().is_some_and(|table| !table.knows(year))
    }

    /// The hours of the day of `t` and their zone, such as `09:00-12:00, 13:30-18:00 Asia/Shanghai`; only the zone on a day
    /// without hours.
    pub fn hours_of_day(&self, t: i64) -> String {
        let periods: Vec<String> = self.periods(self.date(t)).iter().map(Period::to_string).collect();
        format!("{} {}", periods.join(", "), self.rules.zone_name).trim().to_owned()
    }

    /// Its zone, such as `Asia/Shanghai`; empty for every hour of every day.
    pub fn zone(&self) -> &str {
        &self.rules.zone_name
    }

    /// What is left of open periods from `t` on, in order, up to the horizon.
    fn from(&self, t: i64) -> impl Iterator<Item = (i64, i64)> {
        let (first, t) = (self.date(t), clamp(t));
        let days = std::iter::successors(Some(first), |date| date.tomorrow().ok()).take(HORIZON_DAYS);
        days.flat_map(|date| self.day(date))
            .filter(move |(_, to)| *to > t)
            .map(move |(from, to)| (from.max(t), to))
    }

    /// The open periods of a civil day as instants, in order; those that a change of clocks swallows are left out.
    fn day(&self, date: Date) -> impl Iterator<Item = (i64, i64)> {
        let periods = self.periods(date).iter();
        periods
            .map(move |period| (self.instant(date, period.from), self.instant(date, period.to)))
            .filter(|(from, to)| from < to)
    }

    fn periods(&self, date: Date) -> &[Period] {
        let schedule = self
            .rules
            .seasons
            .iter()
            .find(|season| season.holds(date))
            .map_or(&self.rules.base, |s| &s.schedule);
        let kind = self.rules.holidays.as_ref().and_then(|table| table.kind(date));
        match kind {
            Some(DayKind::Off) => &schedule.holiday,
            Some(DayKind::Work) => &schedule.workday,
            None => schedule.of_weekday(date.weekday()),
        }
    }

    fn date(&self, t: i64) -> Date {
        self.rules.zone.to_datetime(timestamp(t)).date()
    }

    /// The instant of so many minutes of a civil day; 24:00 is the next day's first.
    fn instant(&self, date: Date, minutes: u16) -> i64 {
        let civil = match (minutes < Period::DAY, date.tomorrow()) {
            (false, Ok(next)) => next.to_datetime(Time::midnight()),
            (false, Err(_)) => date.to_datetime(Time::MAX),
            (true, _) => date.at((minutes / 60) as i8, (minutes % 60) as i8, 0, 0),
        };
        self.first_pass(civil).as_millisecond()
    }

    /// The instant of a civil time: the first where there are two, that of the change of clocks where there is none.
    fn first_pass(&self, civil: DateTime) -> Timestamp {
        let zone = &self.rules.zone;
        let ambiguous = zone.to_ambiguous_timestamp(civil);
        let at = |offset: jiff::tz::Offset| offset.to_timestamp(civil).unwrap_or(limit(civil));
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => at(offset),
            AmbiguousOffset::Fold { before, .. } => at(before),
            AmbiguousOffset::Gap { after, .. } => {
                let eve = at(after).saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(at(after));
                zone.following(eve).next().map_or(at(after), |change| change.timestamp())
            }
        }
    }
}

/// The bound of time on the side of a civil time that has no instant.
fn limit(civil: DateTime) -> Timestamp {
    if civil.year() < 0 { Timestamp::MIN } else { Timestamp::MAX }
}

/// Times that are no times (a broken clock, a hostile caller) are taken as the nearest that is.
fn clamp(t: i64) -> i64 {
    t.clamp(Timestamp::MIN.as_millisecond() + 1, Timestamp::MAX.as_millisecond())
}

fn timestamp(t: i64) -> Timestamp {
    Timestamp::from_millisecond(clamp(t)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
