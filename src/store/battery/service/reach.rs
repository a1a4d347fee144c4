//! Chat platforms: arrivals and the answers to them, addresses with quotas, the order in which messages leave, cursors.

use super::*;
use crate::store::battery::Fixture;
use crate::store::channel::{AddressRow, ArrivalDone, ArrivalRow, ChannelStore, Known, told_id};
use crate::store::service::{HELD_BACK, ServiceStore};

const WECHAT: &str = "wechat";

fn arrival(key: &str) -> ArrivalRow {
    let (account, address) = (WECHAT.to_owned(), "李".to_owned());
    ArrivalRow { account, key: key.to_owned(), address, body: vec![0, 1, 0xff], created_at: 5_000 }
}

fn came(keys: &[&str]) -> Save {
    Save { arrivals: keys.iter().map(|key| arrival(key)).collect(), ..Save::default() }
}

fn done(key: &str, response: Option<&str>) -> ArrivalDone {
    ArrivalDone { account: WECHAT.to_owned(), key: key.to_owned(), response: response.map(str::to_owned) }
}

fn given(key: &str) -> Save {
    Save { arrivals_given: vec![(WECHAT.to_owned(), key.to_owned())], ..Save::default() }
}

fn address(left: Option<u32>) -> AddressRow {
    AddressRow {
        account: WECHAT.to_owned(),
        address: "李".to_owned(),
        conversation_id: Some(cid("a")),
        user_id: Some(uid("u")),
        handle: vec![7, 8],
        quota_left: left,
        quota_until: left.map(|_| 90_000),
        updated_at: 5_000,
    }
}

/// A row that belongs to the conversation and the sink of [`address`].
fn to_li(id: &str, due_at: i64) -> OutboxRow {
    OutboxRow { sink: WECHAT.to_owned(), conversation_id: Some(cid("a")), ..leaving(id, due_at) }
}

async fn due(store: &impl ServiceStore, now: i64) -> Vec<String> {
    store.outbox_due(now, 10).await.unwrap().into_iter().map(|row| row.id).collect()
}

async fn left(store: &impl ChannelStore) -> Option<u32> {
    store.address(WECHAT, "李").await.unwrap().unwrap().quota_left
}

pub async fn an_arrival_is_known_from_the_first_time_on(f: impl Fixture) {
    let store = f.store();
    assert_eq!(store.arrival(WECHAT, "k1").await.unwrap(), None);
    store.save(vec![came(&["k1", "k2"])]).await.unwrap();
    store
        .save(vec![Save { arrivals: vec![ArrivalRow { body: vec![9], ..arrival("k1") }], ..Save::default() }])
        .await
        .unwrap();
    assert_eq!(store.arrival(WECHAT, "k1").await.unwrap(), Some(Known::Due));
    assert_eq!(store.arrival("wecom-app", "k1").await.unwrap(), None, "keys are those of one account");
    assert_eq!(store.arrivals_due(10).await.unwrap(), [arrival("k1"), arrival("k2")], "the first stays");
    let dealt_with = vec![done("k1", Some("答")), done("k2", None)];
    store.save(vec![Save { arrivals_done: dealt_with, ..Save::default() }]).await.unwrap();
    assert_eq!(store.arrivals_due(10).await.unwrap(), []);
    assert_eq!(store.arrival(WECHAT, "k1").await.unwrap(), Some(Known::Answered("答".to_owned())));
    assert_eq!(store.arrival(WECHAT, "k2").await.unwrap(), Some(Known::Done(None)));
    let f = f.reopened().await;
    store_knows(f.store()).await;
}

async fn store_knows(store: &(impl ServiceStore + ChannelStore)) {
    assert_eq!(store.arrival(WECHAT, "k1").await.unwrap(), Some(Known::Answered("答".to_owned())));
    store.save(vec![given("k1")]).await.unwrap();
    assert_eq!(store.arrival(WECHAT, "k1").await.unwrap(), Some(Known::Done(Some("答".to_owned()))));
    assert_eq!(store.forget_arrivals(5_000, 10).await.unwrap(), 0, "they are not older");
    assert_eq!(store.forget_arrivals(5_001, 10).await.unwrap(), 2);
    assert_eq!(store.arrival(WECHAT, "k1").await.unwrap(), None);
}

/// An arrival whose answer waits to be fetched, with a message behind it.
async fn told(store: &impl ServiceStore) {
    let outbox = vec![to_li(&told_id(WECHAT, "k1"), 11_000), to_li("then", 5_700)];
    let talk = Save {
        outbox,
        arrivals_done: vec![done("k1", Some("答"))],
        addresses: vec![address(Some(3))],
        ..said(of_user("a", "u"), 1)
    };
    store.save(vec![came(&["k1"])]).await.unwrap();
    store.save(vec![talk]).await.unwrap();
}

pub async fn an_answer_that_was_fetched_does_not_leave(f: impl Fixture) {
    let store = f.store();
    told(store).await;
    assert_eq!(due(store, 10_999).await, [""; 0], "what was said after it waits");
    store.save(vec![given("k1")]).await.unwrap();
    assert_eq!(due(store, 10_999).await, ["then"]);
    assert_eq!(left(store).await, Some(3), "an answer to a call is not one of the quota");
    assert!(!store.take_arrival_back(WECHAT, "k1").await.unwrap(), "the platform has it");
    store.outbox_done("then").await.unwrap();
    assert_eq!(left(store).await, Some(2));
}

pub async fn an_answer_that_nobody_fetched_leaves_before_the_rest(f: impl Fixture) {
    let store = f.store();
    told(store).await;
    assert_eq!(due(store, 11_000).await, [told_id(WECHAT, "k1"), "then".to_owned()]);
    for _ in 0..2 {
        assert!(store.take_arrival_back(WECHAT, "k1").await.unwrap());
        assert_eq!(store.arrival(WECHAT, "k1").await.unwrap(), Some(Known::Done(None)));
    }
    store.save(vec![given("k1")]).await.unwrap();
    assert_eq!(due(store, 11_000).await.len(), 2, "a call that comes now was given nothing");
    store.outbox_done(&told_id(WECHAT, "k1")).await.unwrap();
    assert_eq!((due(store, 11_000).await, left(store).await), (vec!["then".to_owned()], Some(2)));
    assert!(store.take_arrival_back(WECHAT, "unknown").await.unwrap(), "nobody is told it twice");
}

pub async fn what_was_held_back_leaves_in_order(f: impl Fixture) {
    let store = f.store();
    let rows = vec![to_li("old", HELD_BACK), to_li("a", 10), to_li("b", 20), to_li("later", 99_000)];
    store
        .save(vec![Save { outbox: rows, addresses: vec![address(None)], ..said(conversation("a"), 1) }])
        .await
        .unwrap();
    store.outbox_failed("a", Some(HELD_BACK), "quota").await.unwrap();
    assert_eq!(due(store, 50).await, [""; 0], "nothing overtakes");
    assert_eq!(store.outbox_of(&cid("a")).await.unwrap().len(), 4);
    assert_eq!(store.outbox_release(&cid("a"), 0, 60).await.unwrap(), 2);
    assert_eq!(due(store, 60).await, ["old", "a", "b"], "in the order in which it was said");
    store.outbox_failed("old", Some(HELD_BACK), "quota").await.unwrap();
    assert_eq!(store.outbox_release(&cid("a"), 1_001, 70).await.unwrap(), 1, "too old to be said");
    assert_eq!(due(store, 70).await, ["a", "b"]);
    assert_eq!(store.outbox_dead(10).await.unwrap().len(), 1);
    assert_eq!(store.outbox_again(Some("old"), 80).await.unwrap(), 1);
    assert_eq!(due(store, 80).await, ["old", "a", "b"]);
}

pub async fn what_is_known_of_an_address(f: impl Fixture) {
    let store = f.store();
    store.save(vec![Save { addresses: vec![address(Some(5))], ..said(of_user("a", "u"), 1) }]).await.unwrap();
    assert_eq!(store.address(WECHAT, "李").await.unwrap(), Some(address(Some(5))));
    assert_eq!(store.address_of(&cid("a")).await.unwrap(), Some(address(Some(5))));
    assert_eq!(store.address("wecom-app", "李").await.unwrap(), None);
    let used = AddressRow { handle: vec![], quota_left: Some(4), ..address(Some(5)) };
    store.put_address(&used).await.unwrap();
    assert_eq!(store.address_of(&cid("a")).await.unwrap(), Some(used));
    assert_eq!(store.address_of(&cid("b")).await.unwrap(), None);
}

pub async fn cursors_are_remembered(f: impl Fixture) {
    let store = f.store();
    assert_eq!(store.cursor("wecom-kf", "kf1").await.unwrap(), None);
    for (name, value) in [("kf1", "甲"), ("kf2", "乙"), ("kf1", "丙"), ("x", "")] {
        store.put_cursor("wecom-kf", name, value).await.unwrap();
    }
    assert_eq!(store.cursor("wecom-kf", "kf1").await.unwrap().as_deref(), Some("丙"));
    assert_eq!(store.cursors("wecom-kf", "kf").await.unwrap(), ["kf1", "kf2"]);
    assert_eq!(store.cursors("wechat", "").await.unwrap(), [""; 0]);
}
