//! Tickets, incidents, the outbox.

use super::*;
use crate::store::battery::Fixture;
use crate::store::service::{ServiceStore, TicketFilter};

async fn ids(store: &impl ServiceStore, filter: TicketFilter) -> Vec<String> {
    store.tickets(&filter).await.unwrap().iter().map(|ticket| ticket.id.to_string()).collect()
}

pub async fn tickets_come_back_newest_first(f: impl Fixture) {
    let store = f.store();
    let full = TicketRow {
        conversation_id: Some(cid("a")),
        user_id: Some(uid("u")),
        agent: Some("小王".to_owned()),
        wake_at: Some(7),
        ..opened("T20261120-000002")
    };
    let rows = vec![full.clone(), opened("T20261121-000001"), opened("T20261120-000001")];
    store.save(vec![tickets(rows)]).await.unwrap();
    assert_eq!(store.ticket(&full.id).await.unwrap(), Some(full.clone()));
    let all = ids(store, TicketFilter::default()).await;
    assert_eq!(all, ["T20261121-000001", "T20261120-000002", "T20261120-000001"]);
    let later = TicketRow { status: "resolved".to_owned(), agent: None, wake_at: None, ..full };
    store.save(vec![tickets(vec![later.clone()])]).await.unwrap();
    assert_eq!(store.ticket(&later.id).await.unwrap(), Some(later));
    assert_eq!(ids(store, TicketFilter::default()).await.len(), 3);
}

pub async fn tickets_are_filtered(f: impl Fixture) {
    let store = f.store();
    let rows = [
        TicketRow { status: "open".into(), queue: "ecs".into(), user_id: Some(uid("u")), ..opened("T1") },
        TicketRow { status: "taken".into(), queue: "ecs".into(), agent: Some("王".into()), ..opened("T2") },
        TicketRow { status: "closed".into(), queue: "rds".into(), user_id: Some(uid("u")), ..opened("T3") },
        TicketRow {
            status: "open".into(),
            queue: "rds".into(),
            conversation_id: Some(cid("a")),
            ..opened("T4")
        },
    ];
    store.save(vec![tickets(rows.to_vec())]).await.unwrap();
    let any = TicketFilter::default;
    let statuses = |statuses: &[&str]| statuses.iter().map(|&status| status.to_owned()).collect();
    let cases: [(TicketFilter, &[&str]); 9] = [
        (TicketFilter { statuses: statuses(&["open"]), ..any() }, &["T4", "T1"]),
        (TicketFilter { statuses: statuses(&["taken", "open"]), ..any() }, &["T4", "T2", "T1"]),
        (TicketFilter { statuses: statuses(&["none"]), ..any() }, &[]),
        (TicketFilter { queue: Some("ecs".to_owned()), ..any() }, &["T2", "T1"]),
        (TicketFilter { agent: Some("王".to_owned()), ..any() }, &["T2"]),
        (TicketFilter { user_id: Some(uid("u")), ..any() }, &["T3", "T1"]),
        (TicketFilter { conversation_id: Some(cid("a")), ..any() }, &["T4"]),
        (TicketFilter { statuses: statuses(&["open"]), queue: Some("rds".to_owned()), ..any() }, &["T4"]),
        (TicketFilter { user_id: Some(uid("u")), statuses: statuses(&["open", "x"]), ..any() }, &["T1"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(store, filter.clone()).await, expected, "{filter:?}");
    }
}

pub async fn tickets_come_in_pages(f: impl Fixture) {
    let store = f.store();
    let rows = (0..130).map(|n| opened(&format!("T20261120-{n:06}"))).collect();
    store.save(vec![tickets(rows)]).await.unwrap();
    let everything = ids(store, TicketFilter { limit: 1_000, ..TicketFilter::default() }).await;
    assert_eq!(everything.len(), 130);
    assert_eq!(ids(store, TicketFilter::default()).await, everything[..100]);
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page =
            store.tickets(&TicketFilter { before, limit: 50, ..TicketFilter::default() }).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id.clone());
        seen.extend(page.iter().map(|ticket| ticket.id.to_string()));
    }
    assert_eq!(seen, everything);
    let of_one_gone = TicketFilter { before: Some(tid("T20261120-000001x")), ..TicketFilter::default() };
    assert_eq!(ids(store, of_one_gone).await.len(), 2, "the place stays where the ticket is not there");
}

pub async fn tickets_wake_in_order(f: impl Fixture) {
    let store = f.store();
    let at = |id: &str, wake_at| TicketRow { wake_at, ..opened(id) };
    let rows = vec![at("T1", Some(30)), at("T2", Some(10)), at("T3", None), at("T4", Some(20))];
    store.save(vec![tickets(rows)]).await.unwrap();
    assert_eq!(store.tickets_due(9, 10).await.unwrap(), []);
    assert_eq!(store.tickets_due(20, 10).await.unwrap(), [at("T2", Some(10)), at("T4", Some(20))]);
    assert_eq!(store.tickets_due(i64::MAX, 1).await.unwrap(), [at("T2", Some(10))]);
    store.save(vec![tickets(vec![at("T2", None)])]).await.unwrap();
    assert_eq!(store.tickets_due(i64::MAX, 1).await.unwrap(), [at("T4", Some(20))]);
}

pub async fn the_last_ticket_of_a_day(f: impl Fixture) {
    let store = f.store();
    let numbers = ["T20261119-000007", "T20261120-000009", "T20261120-000010", "T20261121-000001"];
    store.save(vec![tickets(numbers.iter().map(|id| opened(id)).collect())]).await.unwrap();
    assert_eq!(store.last_ticket("T20261120-").await.unwrap(), Some(tid("T20261120-000010")));
    assert_eq!(store.last_ticket("T20261119-").await.unwrap(), Some(tid("T20261119-000007")));
    assert_eq!(store.last_ticket("T20261118-").await.unwrap(), None);
    let outgrown = vec![opened("T20261120-999999"), opened("T20261120-1000000")];
    store.save(vec![tickets(outgrown)]).await.unwrap();
    assert_eq!(store.last_ticket("T20261120-").await.unwrap(), Some(tid("T20261120-1000000")));
    let of_user = TicketRow { user_id: Some(uid("u")), ..opened("T20261120-1000001") };
    store.save(vec![tickets(vec![of_user.clone()])]).await.unwrap();
    store.erase_user(&uid("u"), entry("user.erased", "u")).await.unwrap();
    assert_eq!(store.last_ticket("T20261120-").await.unwrap(), Some(of_user.id), "no number is given twice");
}

pub async fn incidents_stay_while_they_are_open(f: impl Fixture) {
    let store = f.store();
    let rows = vec![
        incident("i2", "acknowledged", None),
        incident("i1", "open", Some(5)),
        incident("i3", "closed", None),
        incident("i4", "closed", Some(9)),
    ];
    store.save(vec![Save { incidents: rows.clone(), ..Save::default() }]).await.unwrap();
    let open = [rows[1].clone(), rows[0].clone(), rows[3].clone()];
    assert_eq!(store.open_incidents().await.unwrap(), open);
    let closed = incident("i1", "closed", None);
    store.save(vec![Save { incidents: vec![closed], ..Save::default() }]).await.unwrap();
    assert_eq!(store.open_incidents().await.unwrap(), open[1..]);
}

async fn due(store: &impl ServiceStore, now: i64) -> Vec<String> {
    store.outbox_due(now, 10).await.unwrap().into_iter().map(|row| row.id).collect()
}

pub async fn the_outbox_gives_what_is_due(f: impl Fixture) {
    let store = f.store();
    let whole = OutboxRow {
        conversation_id: Some(cid("a")),
        attempts: 2,
        error: Some("5xx".into()),
        ..leaving("c", 30)
    };
    store.save(vec![leave(vec![whole.clone(), leaving("a", 10), leaving("b", 20)])]).await.unwrap();
    assert_eq!(due(store, 9).await, [""; 0]);
    assert_eq!(due(store, 20).await, ["a", "b"]);
    assert_eq!(due(store, i64::MAX).await, ["c", "a", "b"], "in the order in which they were saved");
    assert_eq!(store.outbox_due(i64::MAX, 1).await.unwrap(), [whole]);
}

pub async fn what_has_left_never_leaves_again(f: impl Fixture) {
    let store = f.store();
    store.save(vec![leave(vec![leaving("a", 10), leaving("b", 20)])]).await.unwrap();
    let other = OutboxRow { body: "另一个".to_owned(), ..leaving("b", 5) };
    store.save(vec![leave(vec![other])]).await.unwrap();
    assert_eq!(
        store.outbox_due(99, 10).await.unwrap(),
        [leaving("a", 10), leaving("b", 20)],
        "the first stays"
    );
    store.outbox_done("a").await.unwrap();
    store.outbox_done("unknown").await.unwrap();
    assert_eq!(due(store, 99).await, ["b"]);
    store.save(vec![leave(vec![leaving("a", 10)])]).await.unwrap();
    store.outbox_failed("a", Some(1), "late").await.unwrap();
    store.outbox_failed("a", None, "late").await.unwrap();
    assert_eq!(due(store, 99).await, ["b"]);
    assert_eq!(store.outbox_dead(10).await.unwrap(), []);
}

pub async fn what_fails_is_tried_again_or_given_up(f: impl Fixture) {
    let store = f.store();
    store.save(vec![leave(vec![leaving("a", 10), leaving("b", 20)])]).await.unwrap();
    store.outbox_failed("a", Some(50), "no answer").await.unwrap();
    assert_eq!(due(store, 49).await, ["b"]);
    let again =
        OutboxRow { due_at: 50, attempts: 1, error: Some("no answer".to_owned()), ..leaving("a", 10) };
    assert_eq!(store.outbox_due(50, 10).await.unwrap()[0], again);
    store.outbox_failed("a", None, "gone").await.unwrap();
    assert_eq!(due(store, i64::MAX).await, ["b"]);
    let dead = OutboxRow { attempts: 2, error: Some("gone".to_owned()), ..again };
    assert_eq!(store.outbox_dead(10).await.unwrap(), [dead]);
    store.outbox_failed("a", Some(60), "once more").await.unwrap();
    assert_eq!(due(store, 60).await, ["a", "b"], "what was given up can be brought back");
}

pub async fn tickets_and_outbox_are_counted(f: impl Fixture) {
    let store = f.store();
    let rows = vec![opened("T1"), opened("T2"), TicketRow { status: "closed".to_owned(), ..opened("T3") }];
    store
        .save(vec![tickets(rows), leave(vec![leaving("a", 1), leaving("b", 1), leaving("c", 1)])])
        .await
        .unwrap();
    store.outbox_done("a").await.unwrap();
    store.outbox_failed("b", None, "gone").await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.tickets, [("closed".to_owned(), 1), ("open".to_owned(), 2)]);
    assert_eq!((counts.outbox, counts.dead), (1, 1));
    store.save(vec![tickets(vec![TicketRow { status: "closed".to_owned(), ..opened("T1") }])]).await.unwrap();
    assert_eq!(store.counts().await.unwrap().tickets, [("closed".to_owned(), 2), ("open".to_owned(), 1)]);
}
