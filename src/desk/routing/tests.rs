use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::policy::Policy;
use super::*;
use crate::message::{Severity, Tier};

const SECOND: i64 = 1000;

fn policy() -> RoutingPolicy {
    Policy::shipped().unwrap().routing
}

/// An agent from words such as `li skill:network cert:senior lang:en region:europe room:2 load:1 seen:-40 away since:5`.
fn agent(words: &str) -> Agent {
    let mut parts = words.split(' ');
    let name = AgentName::parse(parts.next().unwrap()).unwrap();
    let mut agent =
        Agent { name, profile: Profile::default(), load: 0, available: true, last_seen: 0, assigned_at: 0 };
    for part in parts {
        let (key, value) = part.split_once(':').unwrap_or((part, ""));
        match key {
            "skill" => agent.profile.skills.push(value.to_owned()),
            "cert" => agent.profile.certificates.push(value.to_owned()),
            "lang" => agent.profile.languages.push(value.to_owned()),
            "region" => agent.profile.regions.push(value.to_owned()),
            "room" => agent.profile.capacity = value.parse().unwrap(),
            "load" => agent.load = value.parse().unwrap(),
            "seen" => agent.last_seen = value.parse::<i64>().unwrap() * SECOND,
            "since" => agent.assigned_at = value.parse().unwrap(),
            "away" => agent.available = false,
            other => panic!("{other}"),
        }
    }
    agent
}

/// A ticket from words such as `T1 skill:network P1 gold vip alert returned lang:en region:europe waits:30` (seconds).
pub(in super::super) fn ticket(words: &str) -> Waiting {
    let mut parts = words.split(' ');
    let mut ticket = Waiting {
        ticket: TicketId::parse(parts.next().unwrap()).unwrap(),
        queue: String::new(),
        skill: "network".to_owned(),
        region: "mainland".to_owned(),
        language: "zh".to_owned(),
        priority: Severity::P2,
        tier: Tier::Standard,
        vip: false,
        alert: false,
        returned: false,
        since: 0,
    };
    for part in parts {
        let (key, value) = part.split_once(':').unwrap_or((part, ""));
        match key {
            "skill" => ticket.skill = value.to_owned(),
            "region" => ticket.region = value.to_owned(),
            "lang" => ticket.language = value.to_owned(),
            "P0" => ticket.priority = Severity::P0,
            "P1" => ticket.priority = Severity::P1,
            "platinum" => ticket.tier = Tier::Platinum,
            "gold" => ticket.tier = Tier::Gold,
            "silver" => ticket.tier = Tier::Silver,
            "vip" => ticket.vip = true,
            "alert" => ticket.alert = true,
            "returned" => ticket.returned = true,
            "waits" => ticket.since = -value.parse::<i64>().unwrap() * SECOND,
            other => panic!("{other}"),
        }
    }
    ticket
}

/// Who gets what at 0, as `T1>li`.
fn given(tickets: &[&str], agents: &[&str]) -> String {
    let tickets: Vec<Waiting> = tickets.iter().map(|words| ticket(words)).collect();
    let agents: Vec<Agent> = agents.iter().map(|words| agent(words)).collect();
    let given = assign(&policy(), &tickets, &agents, 0);
    let given = given.iter().map(|given| format!("{}>{}", given.ticket, given.agent));
    given.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_ticket_goes_to_whoever_can_do_it() {
    for (tickets, agents, expected) in [
        // Nobody there, or nobody who wants work or has room.
        (&["T1"][..], &[][..], ""),
        (&["T1"], &["li seen:-31"], ""),
        (&["T1"], &["li seen:-30"], "T1>li"),
        (&["T1"], &["li away"], ""),
        (&["T1"], &["li room:2 load:2"], ""),
        (&["T1"], &["li room:0"], ""),
        // Skill, region and language.
        (&["T1 skill:database"], &["a skill:network", "b skill:database"], "T1>b"),
        (&["T1 region:europe"], &["a region:mainland", "b region:europe"], "T1>b"),
        (&["T1 lang:en"], &["a lang:zh", "b lang:zh lang:en"], "T1>b"),
        (&["T1 skill:database"], &["a skill:network"], ""),
        // After a while less is asked for.
        (&["T1 region:europe waits:119"], &["a region:mainland"], ""),
        (&["T1 region:europe waits:120"], &["a region:mainland"], "T1>a"),
        (&["T1 skill:database waits:299"], &["a skill:network"], ""),
        (&["T1 skill:database waits:300"], &["a skill:network"], "T1>a"),
        (&["T1 lang:ja waits:599"], &["a lang:zh"], ""),
        (&["T1 lang:ja waits:600"], &["a lang:zh"], "T1>a"),
        // Whoever can do it still comes first.
        (&["T1 skill:database waits:900"], &["a skill:network", "b skill:database load:4"], "T1>b"),
        // The smaller share of work, then the longest without new work, then the name.
        (&["T1"], &["a load:2", "b load:1"], "T1>b"),
        (&["T1"], &["a room:10 load:3", "b room:2 load:1"], "T1>a"),
        (&["T1"], &["a since:9", "b since:5"], "T1>b"),
        (&["T1 waits:1", "T2"], &["b", "a"], "T1>a T2>b"),
        (&["T1 waits:3", "T2 waits:2", "T3 waits:1"], &["a room:2", "b room:1 seen:-60"], "T1>a T2>a"),
    ] {
        assert_eq!(given(tickets, agents), expected, "{tickets:?} {agents:?}");
    }
}

#[test]
fn what_is_urgent_goes_to_certified_engineers_first_and_waits_for_nobody() {
    for (tickets, agents, expected) in [
        (&["T1 P0"][..], &["a", "b cert:network load:3"][..], "T1>b"),
        (&["T1 alert"], &["a", "b cert:senior load:3"], "T1>b"),
        (&["T1"], &["a", "b cert:senior load:3"], "T1>a"),
        (&["T1 P0"], &["a", "b cert:database load:3"], "T1>a"),
        // A certified engineer elsewhere before somebody without a certificate here.
        (&["T1 P0"], &["a region:mainland", "b region:europe cert:network"], "T1>b"),
        (&["T1 P0"], &["a", "b cert:network load:5"], "T1>a"),
        (&["T1 P0"], &["a skill:database lang:en region:europe"], "T1>a"),
        (&["T1 P1 waits:60", "T2 P0"], &["a room:1"], "T2>a"),
    ] {
        assert_eq!(given(tickets, agents), expected, "{tickets:?} {agents:?}");
    }
}

#[test]
fn the_work_of_who_is_gone_comes_back() {
    let agents = [agent("here"), agent("quiet seen:-31"), agent("pausing away seen:-5")];
    let held = ["here", "quiet", "pausing", "nobody"].map(|name| {
        let ticket = TicketId::parse(&format!("T-{name}")).unwrap();
        (ticket, AgentName::parse(name).unwrap())
    });
    let back = left_behind(&policy(), &held, &agents, 0);
    assert_eq!(back.iter().map(TicketId::as_str).collect::<Vec<_>>(), ["T-quiet", "T-nobody"]);
}

#[test]
fn queues_are_named_and_known() {
    let policy = policy();
    let queues = policy.queues();
    let codes: BTreeSet<&str> = queues.iter().map(|queue| queue.code.as_str()).collect();
    assert_eq!(codes.len(), 10 * 5 * 6);
    assert!(codes.iter().all(|code| policy.is_queue(code)));
    let gold = queues.iter().find(|queue| queue.code == "network.gold.mainland").unwrap();
    assert_eq!(gold.label.zh, "网络·黄金·中国内地");
    for name in
        ["", "network", "network.gold", "network.gold.moon", "magic.gold.mainland", "network.gold.mainland.x"]
    {
        assert!(!policy.is_queue(name), "{name}");
    }
    for (kind, category, skill) in [
        ("complaint", "network", "complaint"),
        ("billing", "general", "account"),
        ("fault", "network", "network"),
    ] {
        assert_eq!(policy.skill_for(kind, category), skill);
    }
    assert_eq!(policy.queue_for("network", Tier::Gold, false, "europe"), "network.gold.europe");
    assert_eq!(policy.queue_for("network", Tier::Gold, true, "europe"), "network.vip.europe");
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let text = include_str!("../../../kb/service/routing.toml");
    let shipped = Policy::shipped().unwrap();
    for (from, to, words) in [
        ("skill = \"5m\"", "skill = \"1m\"", "order"),
        ("complaint = \"complaint\"", "complaint = \"nobody\"", "nobody"),
        ("complaint = \"complaint\"", "grief = \"complaint\"", "by_kind.grief"),
        ("heartbeat = \"30s\"", "heartbeat = \"0s\"", "heartbeat"),
        ("vip = \"24h\"", "vip = \"soon\"", "ahead.vip"),
    ] {
        let error =
            RoutingPolicy::parse(&text.replace(from, to), &shipped.problems, &shipped.hours).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn ten_thousand_wait_and_five_hundred_work() {
    let (tickets, agents) = crowd();
    let given = assign(&policy(), &tickets, &agents, 0);
    let room: u32 = agents.iter().map(|agent| agent.profile.capacity - agent.load).sum();
    assert_eq!(given.len(), room as usize, "nobody is idle while somebody waits for long");
}

/// A busy day: every skill, region and language, and half of the tickets have waited for long.
pub(in super::super) fn crowd() -> (Vec<Waiting>, Vec<Agent>) {
    let skills = ["compute", "storage", "security", "network", "database", "containers", "domain", "account"];
    let regions = ["mainland", "hmt", "singapore", "europe", "middle-east", "americas"];
    let classes = ["", " P1", " P0", " gold", " vip", " alert", " lang:en"];
    let tickets = (0..10_000).map(|n| {
        let (skill, region, class) = (skills[n % 8], regions[n / 8 % 6], classes[n % 7]);
        ticket(&format!("T{n:05} skill:{skill} region:{region} waits:{}{class}", n % 1300))
    });
    let agents = (0..500).map(|n| {
        let (skill, region) = (skills[n % 8], regions[n / 3 % 6]);
        let more = if n % 5 == 0 { " cert:senior lang:zh lang:en" } else { " lang:zh" };
        agent(&format!("agent{n:03} skill:{skill} region:{region} room:10 load:{}{more}", n % 4))
    });
    (tickets.collect(), agents.collect())
}

fn words(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(of).prop_map(str::to_owned)
}

fn some_ticket() -> impl Strategy<Value = String> {
    let skill = words(&["skill:network", "skill:database", "skill:general"]);
    let place = words(&["region:mainland", "region:europe lang:en", "lang:ja"]);
    let class = words(&["P0", "P1", "vip", "gold", "silver", "alert", "returned", "platinum P0"]);
    (skill, place, class, 0..1000u32)
        .prop_map(|(skill, place, class, waits)| format!("{skill} {place} {class} waits:{waits}"))
}

fn some_agent() -> impl Strategy<Value = String> {
    let skill = words(&["skill:network", "skill:database", "skill:network skill:database", "cert:senior"]);
    let place = words(&["region:mainland lang:zh", "region:europe lang:en", "lang:zh lang:ja"]);
    (skill, place, 0..4u32, 0..4u32, -45..1i32, any::<bool>()).prop_map(
        |(skill, place, room, load, seen, away)| {
            let away = if away && seen % 3 == 0 { " away" } else { "" };
            format!("{skill} {place} room:{room} load:{load} seen:{seen}{away}")
        },
    )
}

proptest! {
    #[test]
    fn nobody_gets_too_much_and_nothing_is_given_twice(
        tickets in proptest::collection::vec(some_ticket(), 0..40),
        agents in proptest::collection::vec(some_agent(), 0..12),
    ) {
        let policy = policy();
        let tickets: Vec<Waiting> =
            tickets.iter().enumerate().map(|(n, words)| ticket(&format!("T{n} {words}"))).collect();
        let agents: Vec<Agent> =
            agents.iter().enumerate().map(|(n, words)| agent(&format!("a{n} {words}"))).collect();
        let given = assign(&policy, &tickets, &agents, 0);
        let mut reversed = (tickets.clone(), agents.clone());
        reversed.0.reverse();
        reversed.1.reverse();
        prop_assert_eq!(&given, &assign(&policy, &reversed.0, &reversed.1, 0), "the order of the input says nothing");
        let once: BTreeSet<&TicketId> = given.iter().map(|one| &one.ticket).collect();
        prop_assert_eq!(once.len(), given.len());
        let mut load: BTreeMap<&AgentName, u32> = agents.iter().map(|agent| (&agent.name, agent.load)).collect();
        for one in &given {
            *load.get_mut(&one.agent).unwrap() += 1;
            let agent = agents.iter().find(|agent| agent.name == one.agent).unwrap();
            prop_assert!(agent.takes_work(&policy, 0));
            prop_assert!(load[&one.agent] <= agent.profile.capacity);
        }
        // Who was left waiting finds nobody with room who has all that it needs.
        for ticket in tickets.iter().filter(|ticket| !once.contains(&ticket.ticket)) {
            let idle = agents.iter().find(|agent| {
                agent.takes_work(&policy, 0)
                    && load[&agent.name] < agent.profile.capacity
                    && Width::Exact.fits(agent, ticket)
            });
            prop_assert!(idle.is_none(), "{ticket:?} waits while {idle:?} is idle");
        }
    }
}
