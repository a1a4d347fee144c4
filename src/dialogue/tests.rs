use proptest::prelude::*;
use serde_json::json;

use super::conversation::{Candidate, Conversation};
use super::event::{Effect, Event};
use super::machine::step;
use super::say::Say;
use super::understanding::{Intent, Sentiment, Slots, Understanding};
use crate::hit::Decision;
use crate::id::{CaseId, TicketId};
use crate::message::{ChannelKind, HandoffReason, Page, Person, Severity, State, Tier};

const INTENTS: [Intent; 17] = [
    Intent::Question,
    Intent::AskHuman,
    Intent::Greeting,
    Intent::Thanks,
    Intent::Bye,
    Intent::Resolved,
    Intent::Unresolved,
    Intent::Choose,
    Intent::ProvideInfo,
    Intent::Complaint,
    Intent::UrgentOutage,
    Intent::Contact,
    Intent::TicketStatus,
    Intent::Rate,
    Intent::Chitchat,
    Intent::Abusive,
    Intent::EraseData,
];

fn begin(tier: Tier) -> Conversation {
    let person = Person { tier, ..Person::default() };
    Conversation::begin(ChannelKind::Widget, person, Page::default(), 0)
}

fn said_as(text: &str, intent: Intent, sentiment: Sentiment, severity: Option<Severity>) -> Event {
    let understanding =
        Understanding { intent, intent_confidence: 1.0, sentiment, severity, slots: Slots::new() };
    Event::Said { text: text.to_owned(), understanding, products: Vec::new() }
}

fn said(text: &str, intent: Intent) -> Event {
    said_as(text, intent, Sentiment::Neutral, None)
}

fn candidates(first: usize, count: usize, confidence: f32) -> Vec<Candidate> {
    let candidate = |n: usize| Candidate {
        id: CaseId::parse(&format!("case-{n}")).unwrap(),
        title: format!("案例 {n}"),
        product: format!("p{}", n % 3),
        product_name: format!("产品 {}", n % 3),
        confidence: confidence / (n - first + 1) as f32,
    };
    (first..first + count).map(candidate).collect()
}

fn found(decision: Decision, first: usize) -> Event {
    Event::Found { decision, candidates: candidates(first, 8, 0.9) }
}

/// Plays an event and what follows from it, as the engine does; the searches find what `find` says.
fn play(c: &mut Conversation, event: &Event, find: &Event) -> (Vec<Effect>, Vec<Event>) {
    let (mut effects, mut events, mut next) = (Vec::new(), Vec::new(), Some(event.clone()));
    while let Some(event) = next.take() {
        for effect in step(c, &event, 0) {
            next = match &effect {
                Effect::Search { .. } => Some(find.clone()),
                Effect::OpenTicket { reason } => Some(opened(*reason)),
                Effect::Guide { case_id } => Some(guided(case_id)),
                _ => next,
            };
            effects.push(effect);
        }
        events.push(event);
    }
    (effects, events)
}

fn opened(reason: HandoffReason) -> Event {
    let ticket_id = TicketId::parse("T20261120-000001").unwrap();
    Event::Opened { reason, ticket_id, queue: "general".into(), position: Some(1), wait_s: Some(60) }
}

fn guided(case_id: &CaseId) -> Event {
    let tree = json!({
        "start": "port",
        "steps": {
            "port": {"about": "22 端口", "ask": "看端口", "options": [
                {"label": "不通，超时", "next": "group"}, {"label": "通", "next": "login"},
                {"label": "不确定", "next": "human"}]},
            "login": {"about": "登录", "ask": "看登录", "options": [
                {"label": "密码错误", "next": "password"}, {"label": "不确定", "next": "human"}]},
        },
        "ends": {
            "group": {"cause": "安全组没有放行", "remedy": "放行端口", "case": "case-9"},
            "password": {"cause": "密码不对", "remedy": "重置密码"},
            "human": {"handoff": "网络不通。"},
        },
    });
    let guide = case_id.as_str().ends_with("ssh").then(|| serde_json::from_value(tree).unwrap());
    Event::Guided { guide, linked: candidates(9, 1, 1.0) }
}

fn speaks(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Say(_)))
}

#[test]
fn three_refusals_hand_over_and_two_do_not() {
    let mut c = begin(Tier::Standard);
    let find = found(Decision::Answer, 1);
    play(&mut c, &said("磁盘满了怎么办", Intent::Question), &find);
    assert_eq!((c.state, c.failed_rounds), (State::Answered, 0));
    for (n, text) in [(1, "没用"), (2, "还是不行"), (3, "依然没解决")] {
        play(&mut c, &said(text, Intent::Unresolved), &find);
        assert_eq!(c.failed_rounds, n);
        assert_eq!(c.state == State::Queued, n == 3, "{text}");
    }
    assert_eq!(c.handoff.as_ref().map(|handoff| handoff.reason), Some(HandoffReason::FailedRounds));
}

#[test]
fn a_platinum_customer_is_handed_over_at_the_first_failure() {
    let mut c = begin(Tier::Platinum);
    play(&mut c, &said("磁盘满了怎么办", Intent::Question), &found(Decision::Answer, 1));
    play(&mut c, &said("没用", Intent::Unresolved), &found(Decision::Answer, 1));
    assert_eq!((c.state, c.failed_rounds), (State::Queued, 1));
    assert_eq!(c.handoff.map(|handoff| handoff.reason), Some(HandoffReason::Vip));
}

#[test]
fn a_refused_case_is_never_shown_again_for_the_same_need() {
    let mut c = begin(Tier::Standard);
    play(&mut c, &said("磁盘满了怎么办", Intent::Question), &found(Decision::Answer, 1));
    let (effects, _) = play(&mut c, &said("没用", Intent::Unresolved), &found(Decision::Answer, 1));
    let again = play(&mut c, &said("磁盘满了咋清理", Intent::Question), &found(Decision::Answer, 1)).0;
    for effect in effects.iter().chain(&again) {
        let shown = match effect {
            Effect::Say(Say::Answer { candidate, .. }) => vec![candidate.id.clone()],
            Effect::Say(Say::Choices { choices, .. }) => {
                choices.iter().filter_map(|c| c.case_id.clone()).collect()
            }
            _ => Vec::new(),
        };
        assert!(shown.iter().all(|id| id.as_str() != "case-1"), "{effect:?}");
    }
}

#[test]
fn after_people_resolved_it_a_new_failure_counts_from_one() {
    let mut c = begin(Tier::Standard);
    let find = found(Decision::Miss, 1);
    for text in ["叽里", "咕噜", "哗啦"] {
        play(&mut c, &said(text, Intent::Question), &find);
    }
    assert_eq!(c.state, State::Queued);
    play(&mut c, &Event::AgentTook { agent: "li".into() }, &find);
    play(&mut c, &Event::AgentResolved, &find);
    assert_eq!((c.state, c.failed_rounds, c.handoff.is_none()), (State::Resolved, 0, true));
    let (effects, _) = play(&mut c, &said("另一个问题，域名怎么备案", Intent::Question), &find);
    assert_eq!((c.state, c.failed_rounds), (State::Idle, 1));
    assert!(speaks(&effects));
}

#[test]
fn the_bot_speaks_again_after_the_agent_gave_it_back() {
    let mut c = begin(Tier::Standard);
    let find = found(Decision::Answer, 1);
    play(&mut c, &Event::HumanWanted, &find);
    play(&mut c, &Event::AgentTook { agent: "li".into() }, &find);
    assert!(!speaks(&play(&mut c, &said("在看了吗", Intent::Question), &find).0));
    play(&mut c, &Event::AgentReturned, &find);
    assert!(speaks(&play(&mut c, &said("磁盘满了怎么办", Intent::Question), &find).0));
}

#[test]
fn a_stale_choice_can_still_be_tapped() {
    let mut c = begin(Tier::Standard);
    play(&mut c, &said("磁盘", Intent::Question), &found(Decision::Choose, 1));
    let id = c.offer.as_ref().unwrap().choices[1].id.clone();
    play(&mut c, &said("另外问下域名怎么备案", Intent::Question), &found(Decision::Answer, 20));
    let (effects, _) = play(&mut c, &Event::Chose { choice: id }, &found(Decision::Answer, 1));
    assert!(
        matches!(&effects[..], [Effect::Say(Say::Answer { candidate, .. })] if candidate.id.as_str() == "case-2")
    );
}

fn tree_first() -> Event {
    let mut candidates = candidates(1, 4, 0.9);
    candidates[0].id = CaseId::parse("diagnosis/ssh").unwrap();
    candidates[0].title = "一步步排查：连不上".to_owned();
    Event::Found { decision: Decision::Answer, candidates }
}

/// What a conversation says, and where it stands after the last of it.
fn walk(says: &[(&str, Intent)]) -> (Conversation, Vec<Effect>) {
    let mut c = begin(Tier::Standard);
    let mut last = Vec::new();
    for (text, intent) in says {
        last = play(&mut c, &said(text, *intent), &tree_first()).0;
    }
    (c, last)
}

fn step_asked(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::Say(Say::Step { text, .. }) => Some(text.as_str()),
        _ => None,
    })
}

const CONNECT: (&str, Intent) = ("服务器连不上", Intent::Question);

#[test]
fn a_case_that_is_a_tree_is_asked_step_by_step() {
    let (c, effects) = walk(&[CONNECT]);
    assert_eq!((c.state, step_asked(&effects)), (State::Clarifying, Some("看端口")));
    let (c, effects) = walk(&[CONNECT, ("2", Intent::Choose)]);
    assert_eq!((c.state, step_asked(&effects), c.failed_rounds), (State::Clarifying, Some("看登录"), 0));
    assert_eq!((c.findings[0].about.as_str(), c.findings[0].seen.as_str()), ("22 端口", "通"));
    let (c, effects) = walk(&[CONNECT, ("超时了", Intent::ProvideInfo)]);
    assert!(matches!(&effects[..], [Effect::Say(Say::Remedy { related, .. })] if related.len() == 1));
    assert_eq!((c.state, c.findings.len()), (State::Answered, 1));
    let (c, effects) = walk(&[CONNECT, ("1", Intent::Choose), ("1", Intent::Choose)]);
    assert!(
        matches!(&effects[..], [Effect::Say(Say::Answer { candidate, .. })] if candidate.id.as_str() == "case-9")
    );
    assert_eq!(c.state, State::Answered);
}

#[test]
fn a_tree_may_end_with_people_who_read_what_was_found() {
    let (c, effects) = walk(&[CONNECT, ("通", Intent::Chitchat), ("看不懂", Intent::Question)]);
    assert_eq!((c.state, c.suspected.as_deref()), (State::Queued, Some("网络不通。")));
    assert!(effects.iter().any(|e| matches!(e, Effect::Say(Say::Suspected(_)))));
    let seen: Vec<&str> = c.findings.iter().map(|finding| finding.seen.as_str()).collect();
    assert_eq!(seen, ["通", "不确定"]);
    assert_eq!(c.handoff.unwrap().reason, HandoffReason::UserRequest);
}

#[test]
fn one_may_go_back_and_tap_old_options() {
    let (mut c, effects) = walk(&[CONNECT, ("2", Intent::Choose), ("上一步", Intent::Question)]);
    assert_eq!((step_asked(&effects), c.findings.len()), (Some("看端口"), 0));
    let again = play(&mut c, &Event::Chose { choice: "2-2".into() }, &tree_first()).0;
    assert_eq!(
        again,
        Vec::from([Effect::Say(Say::Text(super::say::Line::ChoiceGone))]),
        "that step was taken back"
    );
    let login = play(&mut c, &Event::Chose { choice: "1-2".into() }, &tree_first()).0;
    assert_eq!(step_asked(&login), Some("看登录"));
    let port = play(&mut c, &Event::Chose { choice: "1-1".into() }, &tree_first()).0;
    assert!(matches!(&port[..], [Effect::Say(Say::Remedy { .. })]), "{port:?}");
    assert_eq!(c.findings.len(), 1);
    let back = play(&mut c, &said("返回", Intent::Question), &tree_first()).0;
    assert_eq!((step_asked(&back), c.state), (Some("看端口"), State::Clarifying));
    let first = play(&mut c, &said("返回", Intent::Question), &tree_first()).0;
    assert_eq!(step_asked(&first), Some("看端口"));
}

#[test]
fn what_fits_nothing_is_asked_once_more_and_then_is_a_message_of_its_own() {
    let (c, effects) = walk(&[CONNECT, ("Redis 内存满了", Intent::Question)]);
    assert_eq!((c.state, step_asked(&effects)), (State::Clarifying, Some("看端口")));
    let (c, effects) =
        walk(&[CONNECT, ("Redis 内存满了", Intent::Question), ("Redis 内存满了", Intent::Question)]);
    assert!(step_asked(&effects).is_none() && speaks(&effects), "{effects:?}");
    assert_ne!(c.state, State::Clarifying);
    let mut c = walk(&[CONNECT, ("2", Intent::Choose)]).0;
    let other = play(&mut c, &said("另外问下发票怎么开", Intent::Question), &found(Decision::Answer, 20)).0;
    assert!(matches!(&other[..], [.., Effect::Say(Say::Answer { .. })]), "{other:?}");
    assert_eq!(c.findings.len(), 1, "what was found stays known");
    let resumed = play(&mut c, &said("继续排查", Intent::Question), &tree_first()).0;
    assert_eq!(step_asked(&resumed), Some("看登录"));
}

#[test]
fn a_tree_is_left_for_people_for_good_news_and_for_a_refusal() {
    let (c, _) = walk(&[CONNECT, ("转人工", Intent::AskHuman)]);
    assert_eq!(c.state, State::Queued);
    let (c, _) = walk(&[CONNECT, ("好了，解决了", Intent::Resolved)]);
    assert_eq!(c.state, State::Resolved);
    let (c, effects) = walk(&[CONNECT, ("没用", Intent::Unresolved)]);
    assert_eq!((c.state, c.failed_rounds), (State::Choosing, 1), "{effects:?}");
    let (c, _) = walk(&[CONNECT, ("谢谢", Intent::Thanks), ("2", Intent::Choose)]);
    assert_eq!(c.findings.len(), 1, "thanks leave the step open");
}

#[test]
fn a_remedy_is_judged_like_an_answer() {
    let (mut c, _) = walk(&[CONNECT, ("1", Intent::Choose)]);
    let turn = c.turn;
    let (effects, _) = play(&mut c, &Event::Judged { turn, helpful: true }, &tree_first());
    assert!(matches!(&effects[0], Effect::Verdict { case_id, .. } if case_id.as_str() == "diagnosis/ssh"));
    assert_eq!(c.state, State::Resolved);
}

#[test]
fn a_case_without_a_tree_is_an_answer_wherever_it_lies() {
    let mut find = tree_first();
    if let Event::Found { candidates, .. } = &mut find {
        candidates[0].id = CaseId::parse("diagnosis/notes").unwrap();
    }
    let mut c = begin(Tier::Standard);
    let (effects, _) = play(&mut c, &said("服务器连不上", Intent::Question), &find);
    assert!(matches!(&effects[..], [.., Effect::Say(Say::Answer { .. })]), "{effects:?}");
    assert_eq!(c.state, State::Answered);
}

fn event() -> impl Strategy<Value = Event> {
    let words = prop_oneof![
        Just("磁盘满了怎么办".to_owned()),
        Just("那 Windows 呢".to_owned()),
        Just("没用".to_owned()),
        Just("2".to_owned()),
        Just("都不是".to_owned()),
        Just("不用转了".to_owned()),
        Just("好的".to_owned()),
        Just("确认删除".to_owned()),
        Just("另外问下怎么备案".to_owned()),
        Just("上一步".to_owned()),
        Just("不确定".to_owned()),
        Just("1".to_owned()),
        "\\PC{0,12}",
    ];
    let severity = prop::option::of(prop::sample::select(vec![Severity::P0, Severity::P1, Severity::P2]));
    let sentiment = prop::sample::select(vec![Sentiment::Positive, Sentiment::Neutral, Sentiment::Angry]);
    let speech = (words, prop::sample::select(INTENTS.to_vec()), sentiment, severity)
        .prop_map(|(text, intent, sentiment, severity)| said_as(&text, intent, sentiment, severity));
    prop_oneof![
        8 => speech,
        1 => (1u32..9, 1usize..7).prop_map(|(turn, n)| Event::Chose { choice: format!("{turn}-{n}") }),
        1 => (1u32..9, any::<bool>()).prop_map(|(turn, helpful)| Event::Judged { turn, helpful }),
        1 => Just(Event::HumanWanted),
        1 => (0u8..9).prop_map(|stars| Event::Rated { stars }),
        1 => Just(Event::Attached { name: "a.log".into() }),
        1 => Just(Event::AgentTook { agent: "li".into() }),
        1 => Just(Event::AgentLost),
        1 => Just(Event::AgentReturned),
        1 => Just(Event::AgentResolved),
        1 => Just(Event::WentIdle),
        1 => Just(Event::TicketTimeout { ticket_id: TicketId::parse("T1").unwrap(), queue: "q".into() }),
    ]
}

fn finding() -> impl Strategy<Value = Event> {
    let decision =
        prop::sample::select(vec![Decision::Answer, Decision::Choose, Decision::Clarify, Decision::Miss]);
    let any =
        (decision, 1usize..12, 0usize..9, 0f32..1.0).prop_map(|(decision, first, count, confidence)| {
            Event::Found { decision, candidates: candidates(first, count, confidence) }
        });
    prop_oneof![4 => any, 1 => Just(tree_first())]
}

proptest! {
    #[test]
    fn any_events_keep_the_rules(
        platinum in any::<bool>(),
        script in prop::collection::vec((event(), finding()), 0..40),
    ) {
        let tier = if platinum { Tier::Platinum } else { Tier::Standard };
        let mut c = begin(tier);
        let mut played = Vec::new();
        for (event, find) in &script {
            let before = c.clone();
            let (effects, events) = play(&mut c, event, find);
            played.extend(events);
            prop_assert!(c.failed_rounds <= 3);
            prop_assert!(c.failed_rounds < 3 || c.state != State::Choosing && c.state != State::Answered);
            if before.state == State::WithAgent && event.is_inbound() {
                prop_assert!(!speaks(&effects), "{event:?} {effects:?}");
                prop_assert_eq!(c.state, State::WithAgent);
            }
            prop_assert_eq!(c.handoff.is_some(), matches!(c.state, State::Queued | State::WithAgent));
            prop_assert!(c.turn >= before.turn && c.turn <= before.turn + 1);
            if !event.is_inbound() {
                prop_assert_eq!(c.turn, before.turn);
            }
        }
        // The same events give the same conversation, also after it was written down in between.
        let mut again = begin(tier);
        for event in &played {
            step(&mut again, event, 0);
            let json = serde_json::to_string(&again).unwrap();
            again = serde_json::from_str(&json).unwrap();
        }
        prop_assert_eq!(&again, &c);
        // From everywhere there is a way to a human.
        if c.state != State::WithAgent {
            play(&mut c, &Event::HumanWanted, &finding_nothing());
            prop_assert_eq!(c.state, State::Queued);
        }
    }

    #[test]
    fn what_people_of_the_service_do_twice_changes_nothing_twice(
        script in prop::collection::vec((event(), finding()), 0..20),
    ) {
        let mut c = begin(Tier::Standard);
        for (event, find) in &script {
            play(&mut c, event, find);
            if !event.is_inbound() {
                let before = c.clone();
                let (effects, _) = play(&mut c, event, find);
                prop_assert_eq!(&c, &before);
                prop_assert!(!speaks(&effects));
            }
        }
    }
}

fn finding_nothing() -> Event {
    Event::Found { decision: Decision::Miss, candidates: Vec::new() }
}
