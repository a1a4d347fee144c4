use super::super::policy::Policy;
use super::super::queue::Waiting;
use super::super::sla::SlaSignal;
use super::draft::{DraftInput, Said, draft};
use super::*;
use crate::id::UserId;
use crate::message::{Author, Tier};

const MINUTE: i64 = 60_000;
/// 2026-11-23 10:00 in China, a Monday.
const NOW: i64 = 1_795_399_200_000;

static POLICY: std::sync::LazyLock<Policy> = std::sync::LazyLock::new(|| Policy::shipped().unwrap());

fn name(text: &str) -> AgentName {
    AgentName::parse(text).unwrap()
}

fn li() -> Actor {
    Actor::Agent(name("li"))
}

fn input(reason: HandoffReason, lines: &[&str]) -> DraftInput {
    let mut input = DraftInput::new(TicketId::parse("T20261123-000001").unwrap(), NOW, reason);
    let said = lines.iter().zip(0i64..);
    let first = NOW - lines.len() as i64 * MINUTE;
    input.said = said
        .map(|(text, n)| Said { at: first + n * MINUTE, author: Author::User, text: (*text).to_owned() })
        .collect();
    input
}

fn ticket() -> Ticket {
    draft(&POLICY, input(HandoffReason::UserRequest, &["网站打不开了"]))
}

/// A ticket in a stage.
fn ticket_in(status: Status) -> Ticket {
    let mut ticket = ticket();
    ticket.status = status;
    if matches!(status, Status::Assigned | Status::InProgress | Status::WaitingCustomer) {
        ticket.agent = Some(name("li"));
    }
    ticket
}

const ALL: [Status; 8] = [
    Status::New,
    Status::Waiting,
    Status::Assigned,
    Status::InProgress,
    Status::WaitingCustomer,
    Status::Resolved,
    Status::Closed,
    Status::Cancelled,
];

#[test]
fn a_dialogue_becomes_a_ticket_that_need_not_be_asked_again() {
    let mut input = input(
        HandoffReason::FailedRounds,
        &[
            "你好",
            "我们的负载均衡后面全部返回 502 错误，用户都打不开页面",
            "已经重启过后端了，还是不行\n2026-11-23 09:41:02 [error] upstream timed out (110: Connection timed out)",
            "最晚十一点之前恢复，RTO 一小时",
            "转人工",
        ],
    );
    input.person = Person {
        id: UserId::parse("u1"),
        name: Some("王工".to_owned()),
        tier: Tier::Gold,
        region: Some("cn-beijing".to_owned()),
        locale: Some("zh-CN".to_owned()),
    };
    input.severity = Some(Severity::P1);
    input.need = "负载均衡  后端 502".to_owned();
    (input.product, input.product_name) = (Some("slb".to_owned()), Some("负载均衡SLB".to_owned()));
    input.facts =
        [("since", "今天九点半"), ("instance", "lb-2ze1")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    input.cases = vec![CaseShown {
        case_id: CaseId::parse("slb-1").unwrap(),
        title: "健康检查异常怎么排查".to_owned(),
        turn: 2,
        at: NOW - 3 * MINUTE,
        verdict: Verdict::Refused,
        comment: Some("照做没用".to_owned()),
    }];
    let ticket = draft(&POLICY, input);
    assert_eq!(
        (ticket.status, ticket.priority, ticket.priority_label.zh.as_str()),
        (Status::New, Severity::P1, "重要")
    );
    assert_eq!(ticket.need, "负载均衡 后端 502");
    assert_eq!((ticket.category.code.as_str(), ticket.category.label.zh.as_str()), ("network", "网络"));
    assert_eq!((ticket.kind.code.as_str(), ticket.impact.code.as_str()), ("fault", "all"));
    assert_eq!(ticket.root_causes[0].label.zh, "负载均衡异常");
    assert_eq!(ticket.symptoms.len(), 3, "{:?}", ticket.symptoms);
    assert_eq!(ticket.log_excerpts.len(), 1);
    assert!(ticket.log_excerpts[0].contains("[error]"));
    assert_eq!(ticket.objective.as_deref(), Some("最晚十一点之前恢复，RTO 一小时"));
    let moments: Vec<MomentKind> = ticket.timeline.iter().map(|moment| moment.what).collect();
    use MomentKind::{HandedOver, Said, Shown, Since, Tried};
    assert_eq!(moments, [Since, Said, Tried, Said, Shown, HandedOver]);
    let missing: Vec<&str> = ticket.missing.iter().map(|ask| ask.code.as_str()).collect();
    assert_eq!(missing, ["error", "change"], "extent and time were said");
    assert_eq!((ticket.queue.as_str(), ticket.region.as_str()), ("network.gold.mainland", "mainland"));
    assert_eq!(ticket.skills, ["network"]);
    let clocks = ticket.sla.view(&POLICY, NOW);
    assert_eq!(
        (clocks.response.due_at, clocks.resolution.due_at),
        (Some(NOW + 15 * MINUTE), Some(NOW + 240 * MINUTE))
    );
    assert_eq!(ticket.history.len(), 1);
}

#[test]
fn the_reason_says_how_bad_it_is_and_who_is_asked() {
    use HandoffReason::{Complaint, Urgent, UserRequest, Vip};
    for (reason, severity, line, priority, kind, queue, alert) in [
        (Urgent, None, "都连不上了", Severity::P0, "outage", "general.standard.mainland", true),
        (Urgent, Some(Severity::P1), "快来人", Severity::P0, "outage", "general.standard.mainland", true),
        (
            Complaint,
            None,
            "mysql 慢查询没人管",
            Severity::P1,
            "complaint",
            "complaint.standard.mainland",
            false,
        ),
        (
            Complaint,
            Some(Severity::P0),
            "我要投诉",
            Severity::P0,
            "complaint",
            "complaint.standard.mainland",
            true,
        ),
        (UserRequest, None, "账单多扣了钱", Severity::P2, "billing", "account.standard.mainland", false),
        (
            Vip,
            Some(Severity::P2),
            "怎么扩容磁盘",
            Severity::P2,
            "consultation",
            "storage.standard.mainland",
            false,
        ),
        (UserRequest, None, "", Severity::P2, "consultation", "general.standard.mainland", false),
    ] {
        let mut input = input(reason, &[line]);
        input.severity = severity;
        let ticket = draft(&POLICY, input);
        assert_eq!((ticket.priority, ticket.kind.code.as_str()), (priority, kind), "{line}");
        assert_eq!((ticket.queue.as_str(), ticket.alert), (queue, alert), "{line}");
    }
}

#[test]
fn a_draft_stays_small_whatever_was_said() {
    let long = "报错 error: 🙂".repeat(5_000);
    let mut many = input(HandoffReason::FailedRounds, &vec!["又报错了 error: 1"; 3000]);
    many.said.extend((0..3000).map(|n| Said {
        at: NOW,
        author: Author::User,
        text: format!("失败 {n} {long}"),
    }));
    many.need = long;
    let ticket = draft(&POLICY, many);
    assert!(ticket.need.chars().count() <= 121 && ticket.symptoms.len() <= 20 && ticket.timeline.len() <= 22);
    assert!(serde_json::to_string(&ticket).unwrap().len() < 100_000);
}

#[test]
fn only_what_the_table_allows_happens() {
    type Do = fn(&mut Ticket) -> Result<(), TicketError>;
    let steps: [(Status, Do); 6] = [
        (Status::Waiting, |ticket| ticket.agent_gone(&POLICY, NOW)),
        (Status::Assigned, |ticket| ticket.assign(&POLICY, name("li"), NOW, Actor::System)),
        (Status::InProgress, |ticket| ticket.take(&POLICY, name("li"), NOW)),
        (Status::WaitingCustomer, |ticket| ticket.wait_for_customer(&POLICY, NOW, li())),
        (Status::Closed, |ticket| ticket.close(&POLICY, NOW, li())),
        (Status::Cancelled, |ticket| ticket.cancel(&POLICY, NOW, Actor::User)),
    ];
    for from in ALL {
        for (to, step) in steps {
            let mut ticket = ticket_in(from);
            let before = ticket.clone();
            let done = step(&mut ticket);
            if from == to {
                assert_eq!((done, &ticket), (Ok(()), &before), "{from:?} again changes nothing");
            } else if from.may_become().contains(&to) {
                assert_eq!((done, ticket.status), (Ok(()), to), "{from:?}");
                assert_eq!(ticket.history.len(), before.history.len() + 1);
            } else {
                let refused = TicketError::NotAllowed { ticket: before.id.clone(), from, to };
                assert_eq!((done, &ticket), (Err(refused), &before), "{from:?} to {to:?}");
            }
        }
        assert_eq!(from.is_open(), from.may_become().contains(&Status::Cancelled));
        assert_eq!(serde_json::to_value(from).unwrap(), from.name());
    }
}

#[test]
fn a_whole_life_with_its_clocks() {
    let mut ticket = ticket();
    let at = |minute: i64| NOW + minute * MINUTE;
    ticket.enqueue(&POLICY, at(0), Actor::Bot).unwrap();
    let waiting = Waiting::of(&ticket).unwrap();
    assert_eq!((waiting.skill.as_str(), waiting.since), ("domain", NOW));
    ticket.assign(&POLICY, name("li"), at(5), Actor::System).unwrap();
    assert_eq!(Waiting::of(&ticket), None);
    ticket.agent_said(&POLICY, at(10));
    ticket.agent_said(&POLICY, at(11));
    assert_eq!(ticket.status, Status::InProgress);
    ticket.wait_for_customer(&POLICY, at(20), li()).unwrap();
    ticket.customer_said(&POLICY, at(80));
    ticket.customer_said(&POLICY, at(81));
    assert_eq!(ticket.status, Status::InProgress);
    let view = ticket.sla.view(&POLICY, at(90));
    assert_eq!((view.response.met_at, view.resolution.spent_s, view.paused), (Some(at(10)), 30 * 60, false));
    assert_eq!(ticket.wake_at(), Some(at(120)));
    let events = ticket.advance(at(125));
    assert!(events.len() == 1 && events[0].what == SlaSignal::TicketTimeout, "{events:?}");
    ticket.set_priority(&POLICY, Severity::P1, at(126), li());
    ticket.resolve(&POLICY, Some("改了健康检查".to_owned()), at(130), li()).unwrap();
    ticket.resolve(&POLICY, None, at(131), li()).unwrap();
    ticket.rate(Rating { response: Some(5), at: at(132), ..Rating::default() });
    ticket.rate(Rating { resolution: Some(3), at: at(133), ..Rating::default() });
    ticket.close(&POLICY, at(140), Actor::System).unwrap();
    let json = serde_json::to_value(&ticket).unwrap();
    let changes = json["history"].as_array().unwrap().iter().map(|entry| entry["change"].as_str().unwrap());
    assert_eq!(
        changes.collect::<Vec<_>>(),
        [
            "opened",
            "queued",
            "assigned",
            "responded",
            "taken",
            "waiting_for_customer",
            "customer_replied",
            "sla",
            "priority",
            "resolved",
            "rated",
            "rated",
            "closed"
        ]
    );
    assert_eq!((json["status"].as_str(), json["solution"].as_str()), (Some("closed"), Some("改了健康检查")));
    assert_eq!(json["history"][2]["by"], serde_json::json!({"role": "system"}));
    assert_eq!(json["history"][5]["by"], serde_json::json!({"role": "agent", "name": "li"}));
    assert_eq!(json["history"][7]["event"]["signal"], "ticket_timeout");
    assert_eq!((ticket.wake_at(), ticket.advance(i64::MAX)), (None, vec![]));
    let score = ticket.rating.clone().and_then(|rating| rating.score()).unwrap();
    assert!((score - (5.0 * 0.40 + 3.0 * 0.35) / 0.75).abs() < 1e-6);
    assert_eq!(serde_json::from_value::<Ticket>(json).unwrap(), ticket);
}

#[test]
fn what_a_vanished_agent_had_waits_before_the_others() {
    let mut ticket = ticket();
    ticket.enqueue(&POLICY, NOW, Actor::Bot).unwrap();
    ticket.take(&POLICY, name("li"), NOW + MINUTE).unwrap();
    ticket.wait_for_customer(&POLICY, NOW + 2 * MINUTE, li()).unwrap();
    ticket.agent_gone(&POLICY, NOW + 10 * MINUTE).unwrap();
    assert_eq!((ticket.status, &ticket.agent, ticket.returned), (Status::Waiting, &None, true));
    let waiting = Waiting::of(&ticket).unwrap();
    assert!(waiting.returned && waiting.since == NOW, "it keeps its place");
    assert_eq!(ticket.sla.view(&POLICY, NOW + 11 * MINUTE).resolution.spent_s, 3 * 60, "the clock goes on");
}

#[test]
fn handed_on_to_a_queue_or_an_agent() {
    let mut ticket = ticket_in(Status::InProgress);
    let queue = |name: &str| Target::Queue(name.to_owned());
    let lost = ticket.transfer(&POLICY, queue("magic"), NOW, li()).unwrap_err();
    assert!(lost.to_string().contains("magic"), "{lost}");
    ticket.transfer(&POLICY, queue("database.gold.europe"), NOW, li()).unwrap();
    assert_eq!(
        (ticket.status, ticket.skills[0].as_str(), ticket.region.as_str()),
        (Status::Waiting, "database", "europe")
    );
    let before = ticket.clone();
    ticket.transfer(&POLICY, queue("database.gold.europe"), NOW + 1, li()).unwrap();
    assert_eq!(ticket, before, "the same again changes nothing");
    ticket.transfer(&POLICY, Target::Agent(name("zhao")), NOW, li()).unwrap();
    assert_eq!(
        (ticket.status, ticket.agent.as_ref().map(AgentName::as_str)),
        (Status::Assigned, Some("zhao"))
    );
    ticket.take(&POLICY, name("qian"), NOW).unwrap();
    assert_eq!(
        (ticket.status, ticket.agent.as_ref().map(AgentName::as_str)),
        (Status::InProgress, Some("qian"))
    );
    let mut own = ticket_in(Status::InProgress);
    own.wait_for_customer(&POLICY, NOW, li()).unwrap();
    let before = own.clone();
    own.transfer(&POLICY, Target::Agent(name("li")), NOW + MINUTE, li()).unwrap();
    assert_eq!(own, before, "to who has it: the clock stands as it stood");
    for over in [Status::Resolved, Status::Closed, Status::Cancelled] {
        let mut ticket = ticket_in(over);
        for target in [Target::Agent(name("zhao")), queue("database.gold.europe")] {
            assert!(ticket.transfer(&POLICY, target, NOW, li()).is_err());
        }
    }
}

#[test]
fn solved_may_be_opened_again_and_what_is_over_is_over() {
    let mut ticket = ticket_in(Status::InProgress);
    ticket.resolve(&POLICY, None, NOW, li()).unwrap();
    ticket.reopen(&POLICY, NOW + MINUTE, Actor::User).unwrap();
    assert_eq!((ticket.status, ticket.returned, &ticket.agent), (Status::Waiting, true, &None));
    assert!(ticket.wake_at().is_some());
    let before = ticket.clone();
    ticket.reopen(&POLICY, NOW + MINUTE, Actor::User).unwrap();
    assert_eq!(ticket, before);
    ticket.return_to_bot(&POLICY, NOW + 2 * MINUTE, li()).unwrap();
    assert_eq!((ticket.status, ticket.wake_at()), (Status::Closed, None));
    assert!(ticket.reopen(&POLICY, NOW, Actor::User).is_err());
    let before = ticket.clone();
    ticket.agent_said(&POLICY, NOW);
    ticket.customer_said(&POLICY, NOW);
    ticket.set_priority(&POLICY, Severity::P0, NOW, li());
    assert_eq!(ticket, before, "late events change nothing");
}

#[test]
fn an_incident_is_joined_once() {
    let mut ticket = ticket();
    ticket.join_incident("i1", NOW);
    ticket.join_incident("i1", NOW + 1);
    assert_eq!((ticket.incident.as_deref(), ticket.alert, ticket.history.len()), (Some("i1"), true, 2));
    ticket.note("看过日志".to_owned(), NOW + 2, name("li"));
    assert_eq!((ticket.notes.len(), ticket.updated_at), (1, NOW + 2));
}
