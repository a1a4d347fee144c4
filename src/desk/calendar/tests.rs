use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const HOLIDAYS: &str = include_str!("../../../kb/service/holidays.toml");
const SHIPPED: &str = include_str!("../../../kb/service/hours.toml");
const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;

/// A calendar from the lines below `[calendars.x]`.
fn calendar(lines: &str) -> Calendar {
    hours(lines).working(None).clone()
}

fn hours(lines: &str) -> Hours {
    let region = "[[regions]]\ncode = \"r\"\nlabel = { zh = \"\", en = \"\" }\ndesk = \"x\"\n";
    let text = format!("default = \"r\"\n{region}[calendars.x]\n{lines}");
    Hours::parse(&text, HOLIDAYS).unwrap()
}

fn office() -> Calendar {
    calendar("zone = \"Asia/Shanghai\"\nworkday = [\"09:00-12:00\", \"13:30-18:00\"]\nholidays = \"cn\"\n")
}

/// `2026-01-05 09:00` in a zone.
fn at(zone: &str, text: &str) -> i64 {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap();
    let civil: DateTime = text.replace(' ', "T").parse().unwrap();
    zone.to_zoned(civil).unwrap().timestamp().as_millisecond()
}

fn china(text: &str) -> i64 {
    at("Asia/Shanghai", text)
}

#[test]
fn lunch_night_weekend_and_holidays_do_not_count() {
    let office = office();
    // From, milliseconds of work, until.
    for (from, work, until) in [
        ("2026-11-23 09:00", 3 * HOUR, "2026-11-23 12:00"),
        ("2026-11-23 11:50", 30 * MINUTE, "2026-11-23 13:50"),
        ("2026-11-23 12:30", HOUR, "2026-11-23 14:30"),
        ("2026-11-23 17:30", HOUR, "2026-11-24 09:30"),
        ("2026-11-27 17:30", HOUR, "2026-11-30 09:30"),
        ("2026-11-28 10:00", HOUR, "2026-11-30 10:00"),
        // National Day of 2026: off from Thursday to Wednesday, Saturday the 10th is worked.
        ("2026-09-30 17:00", 2 * HOUR, "2026-10-08 10:00"),
        ("2026-10-09 17:00", 2 * HOUR, "2026-10-10 10:00"),
        // Spring Festival: Saturday the 14th and the 28th are worked.
        ("2026-02-13 17:00", 2 * HOUR, "2026-02-14 10:00"),
        ("2026-02-14 17:00", 2 * HOUR, "2026-02-24 10:00"),
        ("2026-02-27 18:00", HOUR, "2026-02-28 10:00"),
        // Over the end of the year: New Year 2026 is off until Saturday, Sunday is worked.
        ("2025-12-31 17:00", 2 * HOUR, "2026-01-04 10:00"),
        ("2025-01-26 09:00", HOUR, "2025-01-26 10:00"),
    ] {
        assert_eq!(office.add_working(china(from), work), china(until), "{from} + {work} ms");
        assert_eq!(office.working_between(china(from), china(until)), work, "{from} to {until}");
    }
}

#[test]
fn open_closed_and_when_next() {
    let office = office();
    for (now, next) in [
        ("2026-11-23 08:59", "2026-11-23 09:00"),
        ("2026-11-23 09:00", "2026-11-23 09:00"),
        ("2026-11-23 12:00", "2026-11-23 13:30"),
        ("2026-11-23 18:00", "2026-11-24 09:00"),
        ("2026-11-21 10:00", "2026-11-23 09:00"),
        ("2026-10-01 10:00", "2026-10-08 09:00"),
    ] {
        assert_eq!(office.next_opening(china(now)), Some(china(next)), "{now}");
        assert_eq!(office.open_at(china(now)), now == next, "{now}");
    }
    assert_eq!(office.closing(china("2026-11-23 10:00")), Some(china("2026-11-23 12:00")));
    assert_eq!(office.closing(china("2026-11-23 12:30")), None);
    assert_eq!(office.hours_of_day(china("2026-11-23 20:00")), "09:00-12:00, 13:30-18:00 Asia/Shanghai");
    assert_eq!(office.hours_of_day(china("2026-11-21 20:00")), "Asia/Shanghai");
    assert_eq!(Calendar::always().closing(0), None);
}

#[test]
fn a_year_that_was_not_published_goes_by_weekday_and_says_so() {
    let office = office();
    assert!(!office.beyond_known_holidays(china("2026-12-31 23:59")));
    assert!(office.beyond_known_holidays(china("2027-01-01 00:00")));
    assert!(office.open_at(china("2027-10-01 10:00")), "a Friday");
    assert!(!Calendar::always().beyond_known_holidays(china("2027-01-01 00:00")));
}

#[test]
fn the_clock_changes_and_working_time_stays_true() {
    let day =
        calendar("zone = \"Europe/Berlin\"\nworkday = [\"00:00-24:00\"]\nrestday = [\"00:00-24:00\"]\n");
    let berlin = |text: &str| at("Europe/Berlin", text);
    // Forward on 2026-03-29, back on 2026-10-25.
    let (spring, autumn) = ("2026-03-29 00:00", "2026-10-25 00:00");
    assert_eq!(day.working_between(berlin(spring), berlin("2026-03-30 00:00")), 23 * HOUR);
    assert_eq!(day.working_between(berlin(autumn), berlin("2026-10-26 00:00")), 25 * HOUR);
    let night =
        calendar("zone = \"Europe/Berlin\"\nworkday = [\"01:00-05:00\"]\nrestday = [\"01:00-05:00\"]\n");
    assert_eq!(night.working_between(berlin(spring), berlin("2026-03-30 00:00")), 3 * HOUR);
    assert_eq!(night.working_between(berlin(autumn), berlin("2026-10-26 00:00")), 5 * HOUR);
    // A period that begins in the hour that does not exist begins when the clocks have changed.
    let gap =
        calendar("zone = \"Europe/Berlin\"\nworkday = [\"02:30-05:00\"]\nrestday = [\"02:30-05:00\"]\n");
    assert_eq!(gap.next_opening(berlin(spring)), Some(berlin("2026-03-29 03:00")));
    assert_eq!(gap.working_between(berlin(spring), berlin("2026-03-30 00:00")), 2 * HOUR);
    let lost =
        calendar("zone = \"Europe/Berlin\"\nworkday = [\"02:00-03:00\"]\nrestday = [\"02:00-03:00\"]\n");
    assert_eq!(lost.next_opening(berlin(spring)), Some(berlin("2026-03-30 02:00")));
}

#[test]
fn seasons_days_of_the_week_and_other_weekends() {
    let hong_kong = shipped().desk(Some("cn-hongkong"), Footing::Normal).clone();
    let there = |text: &str| at("Asia/Hong_Kong", text);
    assert!(hong_kong.open_at(there("2026-07-01 22:30")) && !hong_kong.open_at(there("2026-12-01 22:30")));
    let gulf = calendar(
        "zone = \"Asia/Riyadh\"\nworkday = [\"08:00-16:00\"]\nrest = [\"fri\", \"sat\"]\n\
         days.thu = [\"08:00-12:00\"]\n",
    );
    let gulf_time = |text: &str| at("Asia/Riyadh", text);
    assert_eq!(
        gulf.add_working(gulf_time("2026-11-19 11:00"), 2 * HOUR),
        gulf_time("2026-11-22 09:00"),
        "Thursday is short, Friday and Saturday are off"
    );
}

#[test]
fn regions_are_known_by_code_prefix_place_and_name() {
    let hours = shipped();
    for (text, region) in [
        (None, "mainland"),
        (Some("cn-hangzhou"), "mainland"),
        (Some("CN-HongKong"), "hmt"),
        (Some("cn-hongkong-b"), "hmt"),
        (Some("香港"), "hmt"),
        (Some("华东1（杭州）"), "mainland"),
        (Some("ap-southeast-1"), "singapore"),
        (Some("新加坡"), "singapore"),
        (Some("eu-central-1"), "europe"),
        (Some("法兰克福"), "europe"),
        (Some("me-east-1"), "middle-east"),
        (Some("us-west-1"), "americas"),
        (Some("hmt"), "hmt"),
        (Some("火星"), "mainland"),
    ] {
        assert_eq!(hours.region_of(text).code, region, "{text:?}");
    }
    for (text, place) in [("华北 2", Some("cn-beijing")), ("cn-beijing", Some("cn-beijing")), ("火星", None)]
    {
        assert_eq!(hours.place(text), place, "{text}");
    }
}

#[test]
fn a_major_incident_opens_the_night_where_the_calendar_says_so() {
    let (ours, night) = (shipped(), china("2026-11-23 03:00"));
    assert!(!ours.desk(None, Footing::Normal).open_at(night));
    assert!(ours.desk(None, Footing::MajorIncident).open_at(night));
    assert!(!ours.working(None).open_at(night), "service levels do not change");
    assert!(
        !hours("zone = \"UTC\"\nworkday = [\"08:00-09:00\"]\n").desk(None, Footing::MajorIncident).open_at(0)
    );
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let region = "[[regions]]\ncode = \"r\"\nlabel = { zh = \"\", en = \"\" }\ndesk = \"x\"\n";
    for (lines, words) in [
        ("zone = \"Mars/Base\"\nworkday = [\"09:00-10:00\"]", "calendars.x.zone"),
        ("zone = \"UTC\"\nworkday = [\"22:00-02:00\"]", "22:00-24:00"),
        ("zone = \"UTC\"\nworkday = [\"09:00-12:00\", \"11:00-13:00\"]", "overlap"),
        ("zone = \"UTC\"\nworkday = []", "no day has a period"),
        ("zone = \"UTC\"\nworkday = [\"09:00-10:00\"]\nrest = [\"caturday\"]", "caturday"),
        ("zone = \"UTC\"\nworkday = [\"09:00-10:00\"]\nholidays = \"xx\"", "holidays.toml"),
        ("zone = \"UTC\"\nworkday = [\"09:00-10:00\"]\nlunch = 1", "lunch"),
        (
            "zone = \"UTC\"\nworkday = [\"09:00-10:00\"]\n[[calendars.x.seasons]]\nfrom = \"13-01\"\nto = \"02-01\"\nworkday = []",
            "13-01",
        ),
    ] {
        let text = format!("default = \"r\"\n{region}[calendars.x]\n{lines}\n");
        let error = Hours::parse(&text, HOLIDAYS).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("hours.toml"), "{error}");
    }
    for (years, words) in [
        ("off = [\"2026-13-01\"]", "2026-13-01"),
        ("off = [\"2025-12-31\"]", "another year"),
        ("off = [\"2026-01-02..2026-01-01\"]", "ends before"),
        ("off = [\"2026-01-01..2026-12-01\"]", "more than"),
        ("off = [\"2026-01-01\"]\nwork = [\"2026-01-01\"]", "twice"),
    ] {
        let text = format!("[[years]]\ntable = \"cn\"\nyear = 2026\nsource = \"\"\n{years}\n");
        let error = Hours::parse(SHIPPED, &text).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("holidays.toml"), "{error}");
    }
}

#[test]
fn every_worked_weekend_is_a_weekend_and_every_run_of_days_off_has_a_weekday() {
    let tables = holidays::parse(HOLIDAYS).unwrap();
    let table = &tables["cn"];
    assert_eq!(table.last_year(), Some(2026));
    for (year, days_off, worked) in [(2025, 28, 5), (2026, 33, 6)] {
        let days = std::iter::successors(Some(date(year, 1, 1)), |day| day.tomorrow().ok());
        let days: Vec<Date> = days.take_while(|day| day.year() == year).collect();
        let of = |kind| days.iter().filter(|day| table.kind(**day) == Some(kind)).collect::<Vec<_>>();
        assert_eq!((of(DayKind::Off).len(), of(DayKind::Work).len()), (days_off, worked), "{year}");
        assert!(of(DayKind::Work).iter().all(|day| day.weekday().to_monday_zero_offset() >= 5));
    }
}

#[test]
fn times_that_are_none_do_no_harm() {
    let office = office();
    for t in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
        office.open_at(t);
        office.next_opening(t);
        office.closing(t);
        office.hours_of_day(t);
        assert!(office.add_working(t, i64::MAX) >= t.min(clamp(t)));
        assert!(office.working_between(t, i64::MAX) >= 0);
    }
    assert_eq!(office.add_working(5, -1), 5);
    assert_eq!(office.working_between(5, 5), 0);
}

fn shipped() -> Hours {
    Hours::parse(SHIPPED, HOLIDAYS).unwrap()
}

/// Calendars with everything that can go wrong: lunch, several periods, clock changes at midnight and by night.
static CALENDARS: std::sync::LazyLock<Vec<Calendar>> = std::sync::LazyLock::new(|| {
    let mut calendars = vec![office(), Calendar::always()];
    for zone in
        ["Europe/Berlin", "America/Havana", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Shanghai"]
    {
        for hours in [
            "workday = [\"09:00-12:00\", \"13:30-18:00\"]",
            "workday = [\"00:00-01:30\", \"01:30-02:45\", \"22:00-24:00\"]\nrestday = [\"00:00-24:00\"]",
        ] {
            calendars.push(calendar(&format!("zone = \"{zone}\"\n{hours}\n")));
        }
    }
    calendars.extend(shipped().regions().iter().map(|region| shipped().working(Some(&region.code)).clone()));
    calendars
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn adding_and_measuring_undo_each_other(
        which in 0usize..18, t in 1_500_000_000_000i64..1_830_000_000_000, ms in 0i64..120 * HOUR,
    ) {
        let calendar = &CALENDARS[which % CALENDARS.len()];
        let end = calendar.add_working(t, ms);
        prop_assert!(end >= t + ms, "working time is no faster than time");
        prop_assert_eq!(calendar.working_between(t, end), ms);
        if ms > 0 {
            prop_assert_eq!(calendar.working_between(t, end - 1), ms - 1, "the first such instant");
        }
    }

    #[test]
    fn later_is_never_less_and_parts_add_up(
        which in 0usize..18, t in 1_500_000_000_000i64..1_830_000_000_000,
        first in 0i64..200 * HOUR, second in 0i64..200 * HOUR, work in 0i64..50 * HOUR,
    ) {
        let calendar = &CALENDARS[which % CALENDARS.len()];
        let (middle, end) = (t + first, t + first + second);
        prop_assert_eq!(
            calendar.working_between(t, middle) + calendar.working_between(middle, end),
            calendar.working_between(t, end)
        );
        prop_assert!(calendar.add_working(t, work) <= calendar.add_working(middle, work));
        let next = calendar.next_opening(t).unwrap();
        prop_assert!(calendar.open_at(next) && next >= t);
        prop_assert_eq!(calendar.working_between(t, next), 0);
        if let Some(close) = calendar.closing(t) {
            prop_assert!(calendar.open_at(close - 1) && !calendar.open_at(close));
            prop_assert_eq!(calendar.working_between(t, close), close - t);
        }
    }

    #[test]
    fn no_time_panics(t: i64, ms in 0..100 * HOUR) {
        let office = &CALENDARS[0];
        let end = office.add_working(t, ms);
        let _ = (office.open_at(t), office.next_opening(end), office.beyond_known_holidays(t));
    }
}
