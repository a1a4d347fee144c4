use proptest::prelude::*;

use super::super::policy::Policy;
use super::super::routing::Profile;
use super::super::routing::tests::{crowd, ticket};
use super::*;
use crate::id::AgentName;

fn policy() -> RoutingPolicy {
    Policy::shipped().unwrap().routing
}

fn agents(count: u32, load: u32) -> Vec<Agent> {
    let agent = |n| Agent {
        name: AgentName::parse(&format!("a{n}")).unwrap(),
        profile: Profile::default(),
        load,
        available: true,
        last_seen: 0,
        assigned_at: 0,
    };
    (0..count).map(agent).collect()
}

/// The numbers of tickets in the order in which they are served.
fn order(tickets: &[&str]) -> Vec<String> {
    let waiting: Vec<Waiting> = tickets.iter().map(|words| ticket(words)).collect();
    in_order(&policy(), &waiting).into_iter().map(|n| waiting[n].ticket.to_string()).collect()
}

#[test]
fn the_worst_and_the_vip_come_first_then_priority_then_who_waits_longest() {
    let hour = 3600;
    for (tickets, expected) in [
        (&["a", "b waits:1"][..], &["b", "a"][..]),
        (&["a waits:60", "b P1", "c P0", "d vip"], &["c", "d", "b", "a"]),
        (&["a gold", "b silver", "c", "d platinum"], &["d", "a", "b", "c"]),
        (&["a P1", "b gold P1"], &["b", "a"]),
        (&["a P0", "b returned"], &["b", "a"]),
        (&["b", "a"], &["a", "b"]),
        (&[], &[]),
    ] {
        assert_eq!(order(tickets), expected, "{tickets:?}");
    }
    // Nobody starves: whoever has waited long enough comes before what is worse and new.
    assert_eq!(order(&[&format!("old waits:{}", hour + 1), "new P1"]), ["old", "new"]);
    assert_eq!(order(&[&format!("old waits:{}", 24 * hour + 1), "new vip"]), ["old", "new"]);
    assert_eq!(order(&[&format!("old waits:{}", 72 * hour + 1), "new P0"]), ["old", "new"]);
}

#[test]
fn places_say_who_is_before_and_how_long_it_takes() {
    let policy = policy();
    let waiting: Vec<Waiting> =
        ["a waits:9", "b waits:8", "c waits:7 skill:database", "d P0"].iter().map(|w| ticket(w)).collect();
    let show = |agents: &[Agent], handling: &Handling| {
        let places = places(&policy, &waiting, agents, handling, 0);
        let place = |p: &Place| format!("{} {} {:?}", p.ticket, p.position, p.expected_wait_s);
        places.iter().map(place).collect::<Vec<_>>().join(", ")
    };
    let none = Handling::default();
    assert_eq!(show(&[], &none), "d 1 None, a 2 None, b 3 None, c 1 None");
    assert_eq!(show(&agents(1, 0), &none), "d 1 Some(10), a 2 Some(10), b 3 Some(10), c 1 Some(10)");
    // Full: one after the other, five at a time, ten minutes each.
    assert_eq!(show(&agents(1, 5), &none), "d 1 Some(120), a 2 Some(240), b 3 Some(360), c 1 Some(120)");
    assert_eq!(show(&agents(1, 4), &none), "d 1 Some(10), a 2 Some(120), b 3 Some(240), c 1 Some(10)");
    let mut quick = Handling::default();
    [100, 100, 50, 100, 9000].into_iter().for_each(|seconds| quick.record(seconds));
    assert_eq!(show(&agents(1, 5), &quick), "d 1 Some(20), a 2 Some(40), b 3 Some(60), c 1 Some(20)");
    // Only somebody with another skill is there: they get it after five minutes.
    let mut other = agents(1, 0);
    other[0].profile.skills = vec!["domain".to_owned()];
    assert_eq!(show(&other, &none), "d 1 Some(10), a 2 Some(291), b 3 Some(292), c 1 Some(293)");
}

#[test]
fn few_handling_times_are_not_believed_and_old_ones_are_forgotten() {
    let policy = policy();
    let mut handling = Handling::default();
    (0..4).for_each(|_| handling.record(1));
    assert_eq!(handling.typical_s(&policy), 600);
    handling.record(1);
    assert_eq!(handling.typical_s(&policy), 60);
    (0..50).for_each(|_| handling.record(300));
    assert_eq!(handling.typical_s(&policy), 300);
    let kept: Handling = serde_json::from_str(&serde_json::to_string(&handling).unwrap()).unwrap();
    assert_eq!(kept.recent_s.len(), 50);
}

#[test]
fn everybody_in_a_crowd_has_a_place_of_their_own() {
    let (waiting, agents) = crowd();
    let places = places(&policy(), &waiting, &agents, &Handling::default(), 0);
    assert_eq!(places.len(), waiting.len());
    let longest = places.iter().filter_map(|place| place.expected_wait_s).max();
    assert!(longest.is_some_and(|seconds| seconds <= 4 * 3600));
}

proptest! {
    #[test]
    fn the_order_of_two_never_changes_and_extremes_do_no_harm(
        since in proptest::collection::vec(any::<i64>(), 2..20), now: i64, load: u32,
    ) {
        let policy = policy();
        let classes = ["P0", "vip", "P1", "gold returned", "silver"];
        let tickets = since.iter().enumerate().map(|(n, since)| {
            let mut ticket = ticket(&format!("T{n:02} {}", classes[n % 5]));
            ticket.since = *since;
            ticket
        });
        let tickets: Vec<Waiting> = tickets.collect();
        let all = in_order(&policy, &tickets);
        let two = in_order(&policy, &tickets[..2]);
        let among_all: Vec<usize> = all.into_iter().filter(|number| *number < 2).collect();
        prop_assert_eq!(two, among_all);
        let places = places(&policy, &tickets, &agents(2, load), &Handling::default(), now);
        prop_assert_eq!(places.len(), tickets.len());
    }
}
