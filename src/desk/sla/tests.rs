use proptest::prelude::*;

use super::super::policy::Files;
use super::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// An office with a lunch break, in China, with its holidays.
fn office() -> Policy {
    let hours = "default = \"r\"\n[[regions]]\ncode = \"r\"\nlabel = { zh = \"\", en = \"\" }\ndesk = \"x\"\n\
        [calendars.x]\nzone = \"Asia/Shanghai\"\nworkday = [\"09:00-12:00\", \"13:30-18:00\"]\nholidays = \"cn\"\n";
    let lines = "remark = { zh = \"\", en = \"\" }\nsources = { A = { zh = \"\", en = \"\" } }\n\
        lines = [{ code = \"l\", label = { zh = \"\", en = \"\" }, number = \"1\", purpose = \"general\", \
        languages = [], source = \"A\" }]\n";
    let files = Files::default();
    Policy::parse(&files.with("hours.toml", hours.to_owned()).with("directory.toml", lines.to_owned()))
        .unwrap()
}

/// `11-23 09:00` of 2026 in China, or with seconds.
fn at(text: &str) -> i64 {
    let civil: jiff::civil::DateTime = format!("2026-{}", text.replace(' ', "T")).parse().unwrap();
    civil.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).unwrap().timestamp().as_millisecond()
}

/// `response 50 11-23 09:15`, as tests are read.
fn say(events: &[SlaEvent]) -> Vec<String> {
    let time = |at: i64| {
        let at = jiff::Timestamp::from_millisecond(at).unwrap();
        jiff::tz::offset(8).to_datetime(at).strftime("%m-%d %H:%M").to_string()
    };
    let name = |of: ClockOf| if of == ClockOf::Response { "response" } else { "resolution" };
    let what = |event: &SlaEvent| match event.what {
        SlaSignal::Warned { of, share } => format!("{} {share}", name(of)),
        SlaSignal::Breached { of } => format!("{} broken", name(of)),
        SlaSignal::TicketTimeout => "too long".to_owned(),
    };
    events.iter().map(|event| format!("{} {}", what(event), time(event.at))).collect()
}

fn start(policy: &Policy, priority: Severity, at_: &str) -> Sla {
    Sla::start(policy, priority, Tier::Standard, None, at(at_))
}

#[test]
fn targets_are_those_of_priority_and_class_and_the_shorter_holds() {
    let policy = Policy::shipped().unwrap();
    use Severity::{P0, P1, P2};
    use Tier::{Gold, Platinum, Silver, Standard};
    for (priority, tier, response, resolution) in [
        (P0, Standard, 15, 120),
        (P1, Standard, 30, 240),
        (P2, Standard, 60, 480),
        (P2, Silver, 60, 480),
        (P0, Gold, 15, 120),
        (P2, Gold, 15, 480),
        (P0, Platinum, 5, 120),
        (P1, Platinum, 5, 240),
    ] {
        let targets = policy.sla.targets(priority, tier);
        assert_eq!(
            (targets.response_ms / MINUTE, targets.resolution_ms / MINUTE),
            (response, resolution),
            "{priority:?} {tier:?}"
        );
    }
    let labels = [P0, P1, P2].map(|priority| policy.sla.label(priority).zh.clone());
    assert_eq!(labels, ["紧急", "重要", "常规"]);
}

#[test]
fn the_worst_goes_by_the_clock_and_the_rest_by_business_hours() {
    let policy = office();
    // Friday evening: a P0 does not wait for Monday.
    let mut urgent = start(&policy, Severity::P0, "11-20 23:00");
    assert_eq!(
        say(&urgent.advance(i64::MAX)),
        [
            "response 50 11-20 23:07",
            "response 80 11-20 23:12",
            "response broken 11-20 23:15",
            "resolution 50 11-21 00:00",
            "resolution 80 11-21 00:36",
            "resolution broken 11-21 01:00",
            "too long 11-21 01:00",
        ]
    );
    // The same for a P1: the lunch break, the night, the weekend do not count. How long it is open does.
    let mut important = start(&policy, Severity::P1, "11-20 17:50");
    assert_eq!(
        say(&important.advance(i64::MAX)),
        [
            "too long 11-20 19:50",
            "response 50 11-23 09:05",
            "response 80 11-23 09:14",
            "response broken 11-23 09:20",
            "resolution 50 11-23 10:50",
            "resolution 80 11-23 13:32",
            "resolution broken 11-23 14:20",
        ]
    );
}

#[test]
fn nobody_is_reminded_outside_business_hours() {
    let policy = office();
    let zone = policy.hours.working(None);
    for (priority, tier) in [(Severity::P1, Tier::Standard), (Severity::P2, Tier::Platinum)] {
        for minute in 0..7 * 24 * 4 {
            let now = at("09-26 00:00") + minute * 15 * MINUTE;
            let mut sla = Sla::start(&policy, priority, tier, None, now);
            for event in sla.advance(i64::MAX) {
                let reminder = event.what != SlaSignal::TicketTimeout;
                assert!(
                    !reminder || zone.working_between(event.at - 1, event.at) == 1,
                    "{:?}",
                    say(&[event])
                );
            }
        }
    }
}

#[test]
fn public_holidays_do_not_count_and_worked_weekends_do() {
    let policy = office();
    let due =
        |from: &str| start(&policy, Severity::P2, from).view(&policy, at(from)).resolution.due_at.unwrap();
    // National Day ends on Thursday the 8th; the Saturday after it is worked.
    assert_eq!(due("09-30 17:00"), at("10-08 17:30"));
    assert_eq!(due("10-09 17:00"), at("10-10 17:30"));
}

#[test]
fn the_clock_stands_while_the_customer_is_waited_for_and_goes_on_exactly() {
    let policy = office();
    let mut sla = start(&policy, Severity::P1, "11-23 09:00");
    sla.responded(&policy, at("11-23 09:10"));
    sla.pause(&policy, at("11-23 10:00"));
    assert_eq!(
        (sla.advance(at("11-25 10:00")).len(), sla.next_wake()),
        (1, None),
        "only that it is open for long"
    );
    sla.resume(&policy, at("11-25 11:30"));
    sla.pause(&policy, at("11-25 13:40"));
    sla.resume(&policy, at("11-26 09:00"));
    // 60 + 30 + 10 of 240 minutes are gone; 50 % is 120, 80 % is 192.
    assert_eq!(
        say(&sla.advance(i64::MAX)),
        ["resolution 50 11-26 09:20", "resolution 80 11-26 10:32", "resolution broken 11-26 11:20"]
    );
    assert!(sla.view(&policy, at("11-26 11:20")).resolution.breached);
}

#[test]
fn what_was_due_before_a_change_is_still_said() {
    let policy = office();
    let mut sla = start(&policy, Severity::P1, "11-23 09:00");
    sla.pause(&policy, at("11-23 09:26"));
    assert_eq!(sla.next_wake(), Some(at("11-23 09:15")));
    assert_eq!(say(&sla.advance(at("11-23 09:26"))), ["response 50 11-23 09:15", "response 80 11-23 09:24"]);
    let mut solved = start(&policy, Severity::P1, "11-23 09:00");
    solved.resolved(&policy, at("11-23 13:31"));
    assert_eq!(
        say(&solved.advance(i64::MAX))[2..],
        ["response broken 11-23 09:30", "resolution 50 11-23 11:00", "too long 11-23 11:00"]
    );
}

#[test]
fn solved_is_silent_and_opened_again_goes_on() {
    let policy = office();
    let mut sla = start(&policy, Severity::P1, "11-23 09:00");
    sla.responded(&policy, at("11-23 09:05"));
    sla.resolved(&policy, at("11-23 10:00"));
    assert_eq!((sla.advance(i64::MAX), sla.next_wake()), (vec![], None));
    sla.pause(&policy, at("11-23 10:10"));
    sla.resume(&policy, at("11-23 10:20"));
    assert_eq!(sla.next_wake(), None, "what is solved neither stands nor goes on");
    let view = sla.view(&policy, at("11-30 10:00"));
    assert_eq!((view.resolution.spent_s, view.resolution.left_s), (3600, 3 * 3600));
    assert_eq!((view.resolution.met_at, view.resolution.breached), (Some(at("11-23 10:00")), false));
    sla.reopened(&policy, at("11-24 09:00"));
    assert_eq!(say(&sla.advance(at("11-24 10:00"))), ["resolution 50 11-24 10:00"]);
    sla.stopped(&policy, at("11-24 10:30"));
    assert_eq!((sla.advance(i64::MAX), sla.next_wake()), (vec![], None));
}

#[test]
fn another_priority_is_another_promise_from_then_on() {
    let policy = office();
    let mut sla = start(&policy, Severity::P2, "11-20 17:00");
    assert_eq!(say(&sla.advance(at("11-20 17:35"))), ["response 50 11-20 17:30"]);
    sla.reprioritised(&policy, Severity::P0, at("11-20 17:40"));
    // 40 minutes are gone of 15 and of 120: the first answer is late at once, in one go.
    assert_eq!(
        say(&sla.advance(at("11-20 17:40"))),
        ["response 80 11-20 17:40", "response broken 11-20 17:40"]
    );
    assert_eq!(
        say(&sla.advance(i64::MAX)),
        [
            "resolution 50 11-20 18:00",
            "resolution 80 11-20 18:36",
            "resolution broken 11-20 19:00",
            "too long 11-20 19:00"
        ]
    );
    let mut better = start(&policy, Severity::P0, "11-23 09:00");
    better.advance(at("11-23 09:20"));
    better.reprioritised(&policy, Severity::P2, at("11-23 09:20"));
    assert_eq!(say(&better.advance(at("11-23 10:00")))[0], "response 50 11-23 09:30", "it lies ahead again");
    let mut standing = start(&policy, Severity::P2, "11-23 09:00");
    standing.pause(&policy, at("11-23 09:10"));
    standing.reprioritised(&policy, Severity::P1, at("11-23 09:30"));
    assert_eq!(standing.view(&policy, at("11-23 12:00")).response.spent_s, 600, "it stands still");
}

#[test]
fn an_answer_in_time_says_nothing_and_a_second_one_changes_nothing() {
    let policy = office();
    let mut sla = start(&policy, Severity::P2, "11-23 09:00");
    sla.responded(&policy, at("11-23 09:20"));
    sla.responded(&policy, at("11-23 16:00"));
    assert!(sla.is_answered());
    assert_eq!(sla.view(&policy, at("11-23 17:00")).response.met_at, Some(at("11-23 09:20")));
    let of_response = |event: &SlaEvent| event.what == SlaSignal::Breached { of: ClockOf::Response };
    assert!(!sla.advance(i64::MAX).iter().any(of_response));
}

/// One thing that may happen to a ticket.
#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Pause,
    Resume,
    Respond,
    Advance,
    Back(i64),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..20 * HOUR).prop_map(Step::Wait),
        2 => Just(Step::Pause),
        2 => Just(Step::Resume),
        1 => Just(Step::Respond),
        2 => Just(Step::Advance),
        1 => (0..HOUR).prop_map(Step::Back),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn each_signal_comes_once_and_the_spent_time_is_exact(
        from in 1_767_000_000_000i64..1_790_000_000_000, steps in steps(), p0: bool,
    ) {
        let policy = &*OFFICE;
        let priority = if p0 { Severity::P0 } else { Severity::P1 };
        let mut sla = Sla::start(policy, priority, Tier::Gold, None, from);
        let calendar = policy.sla.calendar(policy, policy.sla.targets(priority, Tier::Gold).counting, "r");
        let (mut now, mut since, mut spent, mut seen) = (from, Some(from), 0, Vec::new());
        for step in steps {
            match step {
                Step::Wait(ms) => now += ms,
                Step::Pause => {
                    sla.pause(policy, now);
                    spent += since.take().map_or(0, |since| calendar.working_between(since, now));
                }
                Step::Resume => {
                    sla.resume(policy, now);
                    since.get_or_insert(now);
                }
                Step::Respond => sla.responded(policy, now),
                Step::Advance => seen.extend(sla.advance(now)),
                Step::Back(ms) => seen.extend(sla.advance(now - ms)),
                Step::Restart => sla = serde_json::from_str(&serde_json::to_string(&sla).unwrap()).unwrap(),
            }
        }
        let all = spent + since.map_or(0, |since| calendar.working_between(since, now));
        prop_assert_eq!(sla.view(policy, now).resolution.spent_s, all / 1000);
        sla.resume(policy, now);
        seen.extend(sla.advance(i64::MAX));
        prop_assert_eq!(sla.next_wake(), None);
        let of = |clock| seen.iter().filter(move |event| match event.what {
            SlaSignal::Warned { of, .. } | SlaSignal::Breached { of } => of == clock,
            SlaSignal::TicketTimeout => false,
        });
        let shares: Vec<SlaSignal> = of(ClockOf::Resolution).map(|event| event.what).collect();
        let whole = [50, 80].map(|share| SlaSignal::Warned { of: ClockOf::Resolution, share });
        prop_assert_eq!(&shares[..2], &whole[..]);
        prop_assert_eq!(&shares[2..], &[SlaSignal::Breached { of: ClockOf::Resolution }][..]);
        prop_assert!(of(ClockOf::Response).count() <= 3);
        prop_assert_eq!(seen.iter().filter(|event| event.what == SlaSignal::TicketTimeout).count(), 1);
    }

    #[test]
    fn no_time_does_harm(from: i64, times in proptest::collection::vec(any::<i64>(), 6)) {
        let mut sla = Sla::start(&OFFICE, Severity::P1, Tier::Standard, None, from);
        sla.pause(&OFFICE, times[0]);
        sla.resume(&OFFICE, times[1]);
        sla.reprioritised(&OFFICE, Severity::P0, times[2]);
        sla.view(&OFFICE, times[3]);
        sla.resolved(&OFFICE, times[4]);
        sla.reopened(&OFFICE, times[5]);
        sla.advance(i64::MAX);
        prop_assert_eq!(sla.next_wake(), None);
    }

    #[test]
    fn however_often_it_is_looked_at_the_same_is_said(
        from in 1_767_000_000_000i64..1_790_000_000_000, looks in proptest::collection::vec(0..90 * HOUR, 0..20),
    ) {
        let mut once = Sla::start(&OFFICE, Severity::P2, Tier::Standard, None, from);
        let mut often = once.clone();
        let mut looks = looks;
        looks.sort_unstable();
        let mut seen = Vec::new();
        looks.iter().for_each(|look| seen.extend(often.advance(from + look)));
        seen.extend(often.advance(i64::MAX));
        prop_assert_eq!(seen, once.advance(i64::MAX));
    }
}

static OFFICE: std::sync::LazyLock<Policy> = std::sync::LazyLock::new(office);
