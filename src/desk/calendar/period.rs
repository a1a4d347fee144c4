//! Periods of a day, and which of them hold on which kind of day.

use std::fmt;

use jiff::civil::{Date, Weekday};

/// Part of a civil day, in minutes from its midnight; `from` is in it, `to` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub from: u16,
    pub to: u16,
}

impl Period {
    /// Minutes of a civil day.
    pub const DAY: u16 = 24 * 60;
    /// From midnight to midnight.
    pub const WHOLE_DAY: Self = Self { from: 0, to: Self::DAY };

    /// `09:00-12:00`; `24:00` may end it. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (from, to) = text.split_once('-').ok_or("is no period; write 09:00-12:00")?;
        let (from, to) = (minutes(from)?, minutes(to)?);
        match from < to {
            true => Ok(Self { from, to }),
            false => Err("ends before it begins; write 22:00-02:00 as 22:00-24:00 and 00:00-02:00"),
        }
    }
}

fn minutes(text: &str) -> Result<u16, &'static str> {
    let wrong = "is no period; write hours and minutes as 09:00, the last as 24:00";
    let (hours, minutes) = text.trim().split_once(':').ok_or(wrong)?;
    let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(hours) || minutes.len() != 2 || !is_number(minutes) {
        return Err(wrong);
    }
    let (hours, minutes): (u16, u16) =
        (hours.parse().map_err(|_| wrong)?, minutes.parse().map_err(|_| wrong)?);
    match minutes < 60 && hours * 60 + minutes <= Period::DAY {
        true => Ok(hours * 60 + minutes),
        false => Err(wrong),
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from, self.to);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

/// Periods by kind of day, each list in order and without overlap.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    /// On a day that is worked, also on a weekend that is worked in exchange.
    pub workday: Vec<Period>,
    /// On a public holiday.
    pub holiday: Vec<Period>,
    /// By weekday from Monday, where no holiday changes it.
    pub week: [Vec<Period>; 7],
}

impl Schedule {
    /// The same periods on every day.
    pub fn every_day(periods: Vec<Period>) -> Self {
        let week = std::array::from_fn(|_| periods.clone());
        Self { workday: periods.clone(), holiday: periods, week }
    }

    /// The periods of a weekday.
    pub fn of_weekday(&self, weekday: Weekday) -> &[Period] {
        &self.week[usize::from(weekday.to_monday_zero_offset().unsigned_abs()) % 7]
    }

    /// Whether some weekday has a period: without one, time never passes.
    pub fn has_hours(&self) -> bool {
        self.week.iter().any(|periods| !periods.is_empty())
    }
}

/// A part of each year with hours of its own.
#[derive(Clone, Debug)]
pub(super) struct Season {
    /// Month and day of its first day.
    pub from: (i8, i8),
    /// Month and day of its last day; before `from` where it goes over the end of the year.
    pub to: (i8, i8),
    pub schedule: Schedule,
}

impl Season {
    /// Whether a day lies in it.
    pub fn holds(&self, date: Date) -> bool {
        let day = (date.month(), date.day());
        match self.from <= self.to {
            true => self.from <= day && day <= self.to,
            false => day >= self.from || day <= self.to,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn periods_are_read_or_refused() {
        assert_eq!(Period::parse("09:00-24:00"), Ok(Period { from: 540, to: 1440 }));
        assert_eq!(Period::parse(" 9:05 - 9:06 ").unwrap().to_string(), "09:05-09:06");
        for text in [
            "",
            "09:00",
            "9-12",
            "09:00-09:00",
            "12:00-09:00",
            "23:00-24:01",
            "9:60-10:00",
            "+9:00-10:00",
            "9:0-10:00",
        ] {
            assert!(Period::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_season_may_go_over_the_end_of_the_year() {
        let winter = Season { from: (11, 1), to: (2, 28), schedule: Schedule::default() };
        assert!(winter.holds(date(2026, 12, 31)) && winter.holds(date(2026, 1, 1)));
        assert!(!winter.holds(date(2026, 3, 1)) && !winter.holds(date(2026, 10, 31)));
    }
}
