//! What every store must do, written once. An engine implements [`Fixture`] and says `battery!(ItsFixture)`.

use std::time::{Duration, SystemTime};

use super::Store;
use super::change::Seq;
use super::channel::ChannelStore;
use super::error::StoreError;
use super::service::ServiceStore;
use super::source::{PutSummary, Removal, RunState, SourceName};
use super::sync::{BATCH, Feed, SyncSummary, sync_source};
use crate::id::CaseId;
use crate::kb::case::Case;

pub mod model;
pub mod service;

/// A store of one engine with nothing in it, gone when dropped.
pub trait Fixture: Sized {
    type Store: Store + ServiceStore + ChannelStore + Clone + 'static;
    async fn fresh() -> Self;
    fn store(&self) -> &Self::Store;
    /// As a new process would find it.
    async fn reopened(self) -> Self;
}

/// One test for each function of the battery; a function that is not listed here is reported as unused.
macro_rules! battery {
    ($fixture:ty) => {
        battery!(
            $fixture, crate::store::battery: a_new_store_is_empty, what_was_put_comes_back,
            syncing_again_changes_nothing,
            a_changed_case_keeps_its_earlier_version, what_the_source_lost_is_removed, keep_removes_nothing,
            a_removed_case_can_come_back, a_case_moves_to_the_source_that_put_it_last, sources_do_not_touch_each_other,
            the_first_of_two_with_one_id_stays, a_later_run_takes_over, an_unfinished_run_is_completed_by_the_next,
            changes_come_in_pages, of_each_case_only_the_latest_change_comes, any_text_is_kept, ids_are_compared_exactly,
            a_feed_is_synced_in_batches, a_feed_that_breaks_off_removes_nothing, readers_see_whole_batches,
            two_sources_sync_at_once, everything_is_there_after_reopening
        );
        battery!(
            $fixture, crate::store::battery::service::talk: nothing_is_there_yet, a_save_comes_back_whole,
            the_last_save_of_a_conversation_counts, a_turn_is_saved_once, a_client_message_is_answered_once,
            a_line_is_saved_once, a_batch_with_a_turn_twice_is_refused, a_turn_needs_its_conversation,
            a_transcript_comes_in_pages, the_latest_conversation_of_a_person, conversations_wake_in_order,
            unanswered_questions_come_newest_first, attachments_are_remembered, any_text_can_be_said,
            many_save_at_once, readers_see_whole_saves, what_was_saved_is_there_after_reopening, states_are_counted
        );
        battery!(
            $fixture, crate::store::battery::service::work: tickets_come_back_newest_first, tickets_are_filtered,
            tickets_come_in_pages, tickets_wake_in_order, the_last_ticket_of_a_day, incidents_stay_while_they_are_open,
            the_outbox_gives_what_is_due, what_has_left_never_leaves_again, what_fails_is_tried_again_or_given_up,
            tickets_and_outbox_are_counted
        );
        battery!(
            $fixture, crate::store::battery::service::reach: an_arrival_is_known_from_the_first_time_on,
            an_answer_that_was_fetched_does_not_leave, an_answer_that_nobody_fetched_leaves_before_the_rest,
            what_was_held_back_leaves_in_order, what_is_known_of_an_address, cursors_are_remembered
        );
        battery!(
            $fixture, crate::store::battery::service::people: accounts_come_back, a_session_ends,
            ended_sessions_are_cleared_away, a_disabled_account_has_no_session, a_new_password_ends_the_sessions,
            the_audit_log_is_chained, what_was_erased_stays_so, an_erased_person_is_gone, erasing_removes_what_a_visitor_became,
            an_erased_conversation_is_gone, erasing_nobody_removes_nothing_and_is_remembered
        );
        #[test]
        fn any_sequence_of_syncs_does_as_the_model() {
            crate::store::battery::model::any_sequence_of_syncs_does_as_the_model::<$fixture>();
        }
        #[test]
        fn any_sequence_of_saves_does_as_the_model() {
            crate::store::battery::service::model::any_sequence_of_saves_does_as_the_model::<$fixture>();
        }
    };
    ($fixture:ty, $module:path: $($name:ident),*) => {
        $(#[tokio::test]
        async fn $name() {
            use $module as functions;
            functions::$name(<$fixture as crate::store::battery::Fixture>::fresh().await).await;
        })*
    };
}
pub(super) use battery;

pub fn case(id: &str, body: &str) -> Case {
    serde_json::from_value(serde_json::json!({"id": id, "title": format!("{id} 的问题"), "body": body}))
        .unwrap()
}

pub fn source(name: &str) -> SourceName {
    SourceName::parse(name).unwrap()
}

fn id(id: &str) -> CaseId {
    CaseId::parse(id).unwrap()
}

/// A day as the caller's clock would give it.
pub fn day(number: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * number)
}

/// A whole sync of these cases, (id, body) each.
async fn sync(
    store: &impl Store,
    name: &str,
    today: u64,
    cases: &[(&str, &str)],
    end: Removal,
) -> SyncSummary {
    let run = store.begin_sync(&source(name), day(today)).await.unwrap();
    let cases = cases.iter().map(|(id, body)| case(id, body)).collect();
    let put = store.put(&run, cases).await.unwrap();
    SyncSummary { put, removed: store.finish_sync(run, end).await.unwrap() }
}

async fn body(store: &impl Store, name: &str) -> Option<String> {
    store.case(&id(name)).await.unwrap().map(|case| case.body)
}

async fn state(store: &impl Store, name: &str) -> RunState {
    let sources = store.sources().await.unwrap();
    sources.iter().find(|listed| listed.name == source(name)).unwrap().state
}

pub async fn a_new_store_is_empty(f: impl Fixture) {
    let store = f.store();
    assert_eq!(store.count().await.unwrap(), 0);
    assert_eq!(store.last_seq().await.unwrap(), Seq::START);
    assert_eq!(store.changes_after(Seq::START, 10).await.unwrap(), []);
    assert_eq!(store.sources().await.unwrap(), []);
    assert_eq!(store.case(&id("a")).await.unwrap(), None);
    assert_eq!(store.revisions(&id("a")).await.unwrap(), []);
}

pub async fn what_was_put_comes_back(f: impl Fixture) {
    let store = f.store();
    let done = sync(store, "kb", 1, &[("a", "甲"), ("b", "乙")], Removal::Gone).await;
    assert_eq!(done, SyncSummary { put: PutSummary { added: 2, ..PutSummary::default() }, removed: 0 });
    assert_eq!(store.case(&id("a")).await.unwrap(), Some(case("a", "甲")));
    assert_eq!(store.count().await.unwrap(), 2);
    let changes = store.changes_after(Seq::START, 10).await.unwrap();
    assert_eq!(
        changes.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(),
        ["a", "b"],
        "in the order of the source"
    );
    assert_eq!(changes[1].case, Some(case("b", "乙")));
    assert_eq!(store.last_seq().await.unwrap(), changes[1].seq);
    let listed = &store.sources().await.unwrap()[0];
    assert_eq!((listed.last_run, listed.state, listed.cases), (day(1), RunState::Complete, 2));
}

pub async fn syncing_again_changes_nothing(f: impl Fixture) {
    let store = f.store();
    sync(store, "kb", 1, &[("a", "甲"), ("b", "乙")], Removal::Gone).await;
    let before = store.last_seq().await.unwrap();
    let done = sync(store, "kb", 2, &[("b", "乙"), ("a", "甲")], Removal::Gone).await;
    assert_eq!(done, SyncSummary { put: PutSummary { unchanged: 2, ..PutSummary::default() }, removed: 0 });
    assert_eq!(store.last_seq().await.unwrap(), before);
    assert_eq!(store.revisions(&id("a")).await.unwrap(), []);
    assert_eq!(store.sources().await.unwrap()[0].last_run, day(2));
}

pub async fn a_changed_case_keeps_its_earlier_version(f: impl Fixture) {
    let store = f.store();
    sync(store, "kb", 1, &[("a", "甲"), ("b", "乙")], Removal::Gone).await;
    let before = store.last_seq().await.unwrap();
    let done = sync(store, "kb", 2, &[("a", "甲二"), ("b", "乙")], Removal::Gone).await;
    assert_eq!((done.put.changed, done.put.unchanged), (1, 1));
    sync(store, "kb", 3, &[("a", "甲三"), ("b", "乙")], Removal::Gone).await;
    assert_eq!(body(store, "a").await.unwrap(), "甲三");
    let kept = store.revisions(&id("a")).await.unwrap();
    let kept: Vec<_> =
        kept.iter().map(|r| (r.number, r.updated_at, r.replaced_at, r.case.body.as_str())).collect();
    assert_eq!(kept, [(1, day(1), day(2), "甲"), (2, day(2), day(3), "甲二")]);
    let changes = store.changes_after(before, 10).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].case, Some(case("a", "甲三")));
}

pub async fn what_the_source_lost_is_removed(f: impl Fixture) {
    let store = f.store();
    sync(store, "kb", 1, &[("a", "甲"), ("b", "乙"), ("c", "丙")], Removal::Gone).await;
    let before = store.last_seq().await.unwrap();
    let done = sync(store, "kb", 2, &[("b", "乙")], Removal::Gone).await;
    assert_eq!((done.put.unchanged, done.removed), (1, 2));
    assert_eq!((store.count().await.unwrap(), body(store, "a").await), (1, None));
    let changes = store.changes_after(before, 10).await.unwrap();
    assert_eq!(
        changes.iter().map(|c| (c.id.as_str(), c.case.is_none())).collect::<Vec<_>>(),
        [("a", true), ("c", true)]
    );
    assert_eq!(store.last_seq().await.unwrap(), changes[1].seq);
    let kept = store.revisions(&id("a")).await.unwrap();
    assert_eq!((kept.len(), kept[0].replaced_at, kept[0].case.body.as_str()), (1, day(2), "甲"));
    let again = sync(store, "kb", 3, &[("b", "乙")], Removal::Gone).await;
    assert_eq!(again.removed, 0, "what is removed is not removed again");
}

pub async fn keep_removes_nothing(f: impl Fixture) {
    let store = f.store();
    sync(store, "kb", 1, &[("a", "甲"), ("b", "乙")], Removal::Gone).await;
    let done = sync(store, "kb", 2, &[("b", "乙二")], Removal::Keep).await;
    assert_eq!((done.put.changed, done.removed, store.count().await.unwrap()), (1, 0, 2));
    assert_eq!(state(store, "kb").await, RunState::Partial);
}

pub async fn a_removed_case_can_come_back(f: impl Fixture) {
    let store = f.store();
    sync(store, "kb", 1, &[("a", "甲")], Removal::Gone).await;
    sync(store, "kb", 2, &[], Removal::Gone).await;
    let removed = store.last_seq().await.unwrap();
    let done = sync(store, "other", 3, &[("a", "甲")], Removal::Gone).await;
    assert_eq!(done.put, PutSummary { added: 1, ..PutSummary::default() });
    assert_eq!(body(store, "a").await.unwrap(), "甲");
    assert!(store.last_seq().await.unwrap() > removed);
    sync(store, "other", 4, &[("a", "新")], Removal::Gone).await;
    let numbers: Vec<_> = store.revisions(&id("a")).await.unwrap().iter().map(|r| r.number).collect();
    assert_eq!(numbers, [1, 2]);
}

pub async fn a_case_moves_to_the_source_that_put_it_last(f: impl Fixture) {
    let store = f.store();
    sync(store, "old", 1, &[("a", "甲"), ("b", "乙"), ("c", "丙")], Removal::Gone).await;
    let before = store.last_seq().await.unwrap();
    let done = sync(store, "new", 2, &[("a", "甲"), ("b", "乙二")], Removal::Gone).await;
    assert_eq!(done.put, PutSummary { moved: 2, ..PutSummary::default() });
    assert_eq!(store.count().await.unwrap(), 3);
    let changes = store.changes_after(before, 10).await.unwrap();
    assert_eq!(changes.len(), 1, "another owner alone changes nothing that a follower sees");
    assert_eq!(changes[0].id, id("b"));
    let done = sync(store, "old", 3, &[], Removal::Gone).await;
    assert_eq!(done.removed, 1, "only what is still its own");
    assert_eq!(body(store, "a").await.unwrap(), "甲");
    let cases: Vec<_> =
        store.sources().await.unwrap().iter().map(|s| (s.name.to_string(), s.cases)).collect();
    assert_eq!(cases, [("new".to_owned(), 2), ("old".to_owned(), 0)]);
}

pub async fn sources_do_not_touch_each_other(f: impl Fixture) {
    let store = f.store();
    sync(store, "one", 1, &[("a", "甲")], Removal::Gone).await;
    let done = sync(store, "two", 2, &[("b", "乙")], Removal::Gone).await;
    assert_eq!((done.removed, store.count().await.unwrap()), (0, 2));
}

pub async fn the_first_of_two_with_one_id_stays(f: impl Fixture) {
    let store = f.store();
    for (added, unchanged) in [(1, 0), (0, 1)] {
        let run = store.begin_sync(&source("kb"), day(1)).await.unwrap();
        let put = store.put(&run, vec![case("a", "先"), case("a", "后")]).await.unwrap();
        assert_eq!(put, PutSummary { added, unchanged, repeated: 1, ..PutSummary::default() });
        let put = store.put(&run, vec![case("a", "再")]).await.unwrap();
        assert_eq!(put, PutSummary { repeated: 1, ..PutSummary::default() });
        store.finish_sync(run, Removal::Gone).await.unwrap();
        assert_eq!(body(store, "a").await.unwrap(), "先");
    }
}

pub async fn a_later_run_takes_over(f: impl Fixture) {
    let store = f.store();
    let first = store.begin_sync(&source("kb"), day(1)).await.unwrap();
    let second = store.begin_sync(&source("kb"), day(2)).await.unwrap();
    let late = store.put(&first, vec![case("a", "甲")]).await;
    assert!(matches!(late, Err(StoreError::Superseded { .. })), "{late:?}");
    store.put(&second, vec![case("b", "乙")]).await.unwrap();
    let late = store.finish_sync(first, Removal::Gone).await;
    assert!(matches!(late, Err(StoreError::Superseded { .. })), "{late:?}");
    store.finish_sync(second, Removal::Gone).await.unwrap();
    assert_eq!((body(store, "a").await, store.count().await.unwrap()), (None, 1));
}

pub async fn an_unfinished_run_is_completed_by_the_next(f: impl Fixture) {
    let store = f.store();
    sync(store, "kb", 1, &[("a", "甲"), ("b", "乙"), ("c", "丙")], Removal::Gone).await;
    let run = store.begin_sync(&source("kb"), day(2)).await.unwrap();
    store.put(&run, vec![case("b", "乙二"), case("a", "甲")]).await.unwrap();
    drop(run);
    assert_eq!(state(store, "kb").await, RunState::Running);
    assert_eq!(store.count().await.unwrap(), 3);
    let done = sync(store, "kb", 3, &[("b", "乙二")], Removal::Gone).await;
    assert_eq!((done.put.unchanged, done.removed), (1, 2), "what the unfinished run saw does not count");
    assert_eq!(state(store, "kb").await, RunState::Complete);
}

pub async fn changes_come_in_pages(f: impl Fixture) {
    let store = f.store();
    let names: Vec<_> = (0..10).map(|n| format!("c{n}")).collect();
    let cases: Vec<_> = names.iter().map(|name| (name.as_str(), "体")).collect();
    sync(store, "kb", 1, &cases, Removal::Gone).await;
    sync(store, "kb", 2, &cases[2..], Removal::Gone).await;
    let all = store.changes_after(Seq::START, usize::MAX).await.unwrap();
    assert!(all.is_sorted_by(|a, b| a.seq < b.seq));
    let (mut pages, mut at) = (Vec::new(), Seq::START);
    loop {
        let page = store.changes_after(at, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        at = last.seq;
        pages.extend(page);
    }
    assert_eq!(pages, all);
    assert_eq!((pages.len(), at), (10, store.last_seq().await.unwrap()));
    assert_eq!(store.changes_after(Seq::new(u64::MAX), 3).await.unwrap(), []);
    assert_eq!(store.changes_after(Seq::START, 0).await.unwrap(), []);
}

pub async fn of_each_case_only_the_latest_change_comes(f: impl Fixture) {
    let store = f.store();
    for (today, text) in ["一", "二", "三"].into_iter().enumerate() {
        sync(store, "kb", today as u64, &[("a", text)], Removal::Gone).await;
    }
    let changes = store.changes_after(Seq::START, 10).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].case, Some(case("a", "三")));
}

pub async fn any_text_is_kept(f: impl Fixture) {
    let store = f.store();
    let long = "很长的正文\n".repeat(60_000).trim_end().to_owned();
    let mut odd = case("a'b\"c;--[]{}%_\\ 甲🙂", "\0\u{1}\u{7f}\u{fffd}👩‍👩‍👧‍👦'); DROP TABLE cases; --");
    odd.extra.insert("键".to_owned(), serde_json::json!({"嵌套": [1.5, null, {"": true}]}));
    odd.updated_at = Some("2024-02-29T00:00:00+08:00".to_owned());
    let run = store.begin_sync(&source("a'b\"c 甲🙂"), day(1)).await.unwrap();
    store.put(&run, vec![odd.clone(), case("long", &long)]).await.unwrap();
    let put = store.put(&run, Vec::new()).await.unwrap();
    assert_eq!(put, PutSummary::default());
    store.finish_sync(run, Removal::Gone).await.unwrap();
    assert_eq!(store.case(&odd.id).await.unwrap().as_ref(), Some(&odd));
    assert_eq!(body(store, "long").await.unwrap(), long);
    assert_eq!(store.changes_after(Seq::START, 1).await.unwrap()[0].case, Some(odd));
    assert_eq!(store.sources().await.unwrap()[0].name, source("a'b\"c 甲🙂"));
}

pub async fn ids_are_compared_exactly(f: impl Fixture) {
    let store = f.store();
    let alike =
        [("case-1", "一"), ("CASE-1", "二"), ("case_1", "三"), ("１", "四"), ("1", "五"), ("01", "六")];
    let done = sync(store, "kb", 1, &alike, Removal::Gone).await;
    assert_eq!(done.put.added, 6);
    for (name, text) in alike {
        assert_eq!(body(store, name).await.as_deref(), Some(text));
    }
    assert_eq!(sync(store, "kb", 2, &alike, Removal::Gone).await.put.unchanged, 6);
}

async fn feed(store: &impl Store, cases: usize, end: Option<Removal>) -> SyncSummary {
    let (sender, receiver) = tokio::sync::mpsc::channel(64);
    let reader = std::thread::spawn(move || {
        for n in 0..cases {
            sender.blocking_send(Feed::Case(Box::new(case(&format!("c{n}"), "体")))).unwrap();
        }
        if let Some(end) = end {
            sender.blocking_send(Feed::End(end)).unwrap();
        }
    });
    let done = sync_source(store, &source("feed"), day(1), receiver).await.unwrap();
    reader.join().unwrap();
    done
}

pub async fn a_feed_is_synced_in_batches(f: impl Fixture) {
    let store = f.store();
    let all = 2 * BATCH + 7;
    let done = feed(store, all, Some(Removal::Gone)).await;
    assert_eq!((done.put.added, done.removed), (all as u64, 0));
    let done = feed(store, BATCH, Some(Removal::Gone)).await;
    assert_eq!((done.put.unchanged, done.removed), (BATCH as u64, (all - BATCH) as u64));
    assert_eq!(
        (store.count().await.unwrap(), state(store, "feed").await),
        (BATCH as u64, RunState::Complete)
    );
}

pub async fn a_feed_that_breaks_off_removes_nothing(f: impl Fixture) {
    let store = f.store();
    feed(store, 5, Some(Removal::Gone)).await;
    let done = feed(store, 3, None).await;
    assert_eq!((done.put.unchanged, done.removed, store.count().await.unwrap()), (3, 0, 5));
    assert_eq!(state(store, "feed").await, RunState::Partial);
}

pub async fn readers_see_whole_batches(f: impl Fixture) {
    const EACH: usize = 50;
    let store = f.store().clone();
    let writing = tokio::spawn(async move {
        let run = store.begin_sync(&source("kb"), day(1)).await.unwrap();
        for batch in 0..20 {
            let cases = (0..EACH).map(|n| case(&format!("c{batch}-{n}"), "体")).collect();
            store.put(&run, cases).await.unwrap();
        }
        store.finish_sync(run, Removal::Gone).await.unwrap();
    });
    while !writing.is_finished() {
        assert_eq!(f.store().count().await.unwrap() % EACH as u64, 0);
        let changes = f.store().changes_after(Seq::START, usize::MAX).await.unwrap();
        assert_eq!(changes.len() % EACH, 0);
    }
    writing.await.unwrap();
    assert_eq!(f.store().count().await.unwrap(), 20 * EACH as u64);
}

pub async fn two_sources_sync_at_once(f: impl Fixture) {
    let write = |name: &'static str| {
        let store = f.store().clone();
        tokio::spawn(async move {
            let run = store.begin_sync(&source(name), day(1)).await.unwrap();
            for batch in 0..10 {
                let cases = (0..10).map(|n| case(&format!("{name}{batch}-{n}"), "体")).collect();
                store.put(&run, cases).await.unwrap();
            }
            store.finish_sync(run, Removal::Gone).await.unwrap()
        })
    };
    let (one, two) = (write("one"), write("two"));
    assert_eq!((one.await.unwrap(), two.await.unwrap()), (0, 0));
    let changes = f.store().changes_after(Seq::START, usize::MAX).await.unwrap();
    assert_eq!(changes.len(), 200);
    assert!(changes.is_sorted_by(|a, b| a.seq < b.seq));
}

pub async fn everything_is_there_after_reopening(f: impl Fixture) {
    sync(f.store(), "kb", 1, &[("a", "甲"), ("b", "乙")], Removal::Gone).await;
    sync(f.store(), "kb", 2, &[("a", "甲二")], Removal::Gone).await;
    let before = f.store().changes_after(Seq::START, 10).await.unwrap();
    let f = f.reopened().await;
    assert_eq!(f.store().changes_after(Seq::START, 10).await.unwrap(), before);
    assert_eq!(f.store().revisions(&id("a")).await.unwrap().len(), 1);
    assert_eq!(sync(f.store(), "kb", 3, &[("a", "甲二")], Removal::Gone).await.put.unchanged, 1);
}
