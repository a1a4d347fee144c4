//! Numbers of tickets: `T`, the day in China time, a running number of the day.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::id::TicketId;

/// China has had no summer time since 1991.
const CHINA: i8 = 8;
/// Digits of the running number. A day with more tickets goes on with more digits.
const DIGITS: usize = 6;

/// What the numbers of a day begin with, such as `T20261120-`.
pub fn prefix(now: i64) -> String {
    let zone = TimeZone::fixed(Offset::constant(CHINA));
    let bounds = (Timestamp::MIN.as_millisecond() + 1, Timestamp::MAX.as_millisecond());
    let at = Timestamp::from_millisecond(now.clamp(bounds.0, bounds.1)).unwrap_or(Timestamp::UNIX_EPOCH);
    let day = zone.to_datetime(at).date();
    format!("T{:04}{:02}{:02}-", day.year(), day.month(), day.day())
}

/// The number after the last one that was given. The first of the day where `last` is of an earlier day; where it is of a
/// later one (the clock has gone back), its day goes on, so that no number is given twice.
pub fn next(now: i64, last: Option<&TicketId>) -> TicketId {
    let today = prefix(now);
    let last = last.and_then(|last| parts(last.as_str()));
    let (prefix, number) = match last {
        Some((prefix, number)) if prefix >= today.as_str() => (prefix, number.saturating_add(1)),
        _ => (today.as_str(), 1),
    };
    let text = format!("{prefix}{number:0DIGITS$}");
    // Never empty, short and without control characters: it is made of the parts of a number.
    TicketId::parse(&text).unwrap_or_else(|| unreachable!("{text:?} is a ticket number"))
}

/// Prefix and running number; none of what is no number of a ticket.
fn parts(text: &str) -> Option<(&str, u64)> {
    let dash = text.find('-')?;
    let (prefix, number) = text.split_at(dash + 1);
    let day = prefix.strip_prefix('T')?.strip_suffix('-')?;
    let is_day = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    Some((prefix, number.parse().ok()?)).filter(|_| is_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20 00:00 in China.
    const DAY: i64 = 1_795_104_000_000;

    #[test]
    fn numbers_run_by_the_day_in_china() {
        let id = |text: &str| TicketId::parse(text).unwrap();
        for (now, last, expected) in [
            (DAY, None, "T20261120-000001"),
            (DAY - 1, None, "T20261119-000001"),
            (DAY, Some("T20261120-000122"), "T20261120-000123"),
            (DAY, Some("T20261119-000122"), "T20261120-000001"),
            (DAY, Some("T20261121-000007"), "T20261121-000008"),
            (DAY, Some("T20261120-999999"), "T20261120-1000000"),
            (DAY, Some("something else"), "T20261120-000001"),
            (DAY, Some("Tabcdefgh-000001"), "T20261120-000001"),
        ] {
            assert_eq!(next(now, last.map(id).as_ref()).as_str(), expected, "{last:?}");
        }
        for now in [i64::MIN, i64::MAX] {
            assert!(next(now, None).as_str().ends_with("-000001"));
        }
    }
}
