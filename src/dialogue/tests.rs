use proptest::prelude::*;

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
    (decision, 1usize..12, 0usize..9, 0f32..1.0).prop_map(|(decision, first, count, confidence)| {
        Event::Found { decision, candidates: candidates(first, count, confidence) }
    })
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
