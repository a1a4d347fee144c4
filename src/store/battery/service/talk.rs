//! Conversations, turns, transcripts.

use super::*;
use crate::store::battery::Fixture;
use crate::store::error::StoreError;
use crate::store::service::{AttachmentRow, ServiceStore, TicketFilter};

pub async fn nothing_is_there_yet(f: impl Fixture) {
    let store = f.store();
    assert_eq!(store.conversation(&cid("a")).await.unwrap(), None);
    assert_eq!(store.turn_of_client_message(&cid("a"), "m1").await.unwrap(), None);
    assert_eq!(store.turns(&cid("a")).await.unwrap(), []);
    assert_eq!(store.messages(&cid("a"), 0, 10).await.unwrap(), []);
    assert_eq!(store.latest_conversation(&uid("u"), "widget").await.unwrap(), None);
    assert_eq!(store.conversations_due(i64::MAX, 10).await.unwrap(), []);
    assert_eq!(store.ticket(&tid("T1")).await.unwrap(), None);
    assert_eq!(store.tickets(&TicketFilter::default()).await.unwrap(), []);
    assert_eq!(store.last_ticket("T").await.unwrap(), None);
    assert_eq!(store.outbox_due(i64::MAX, 10).await.unwrap(), []);
    assert_eq!(store.account("小王").await.unwrap(), None);
    assert_eq!(store.attachment("f").await.unwrap(), None);
    assert_eq!(store.audit(0, 10).await.unwrap(), []);
    assert_eq!(store.counts().await.unwrap(), Default::default());
    store.save(Vec::new()).await.unwrap();
    store.save(vec![Save::default()]).await.unwrap();
}

pub async fn a_save_comes_back_whole(f: impl Fixture) {
    let store = f.store();
    let row = ConversationRow { wake_at: Some(9_000), ..of_user("a", "u") };
    let turn_without = TurnRow { client_message_id: None, ..turn(2) };
    let whole = Save { unanswered: vec![asked_in_vain("a", 1)], ..said(row.clone(), 1) };
    let second = Save { turn: Some(turn_without.clone()), ..said(row.clone(), 2) };
    store.save(vec![whole, second]).await.unwrap();
    assert_eq!(store.conversation(&row.id).await.unwrap().as_ref(), Some(&row));
    assert_eq!(store.turns(&row.id).await.unwrap(), [turn(1), turn_without]);
    assert_eq!(store.turn_of_client_message(&row.id, "m1").await.unwrap(), Some(turn(1)));
    assert_eq!(store.turn_of_client_message(&row.id, "m2").await.unwrap(), None);
    let lines = store.messages(&row.id, 0, 10).await.unwrap();
    assert_eq!(lines, (1..=4).map(line).collect::<Vec<_>>());
    assert_eq!(store.unanswered(10).await.unwrap(), [asked_in_vain("a", 1)]);
}

pub async fn the_last_save_of_a_conversation_counts(f: impl Fixture) {
    let store = f.store();
    let first = of_user("a", "u");
    let second = ConversationRow {
        user_id: Some(uid("v")),
        channel: "wechat".to_owned(),
        state: "answered".to_owned(),
        token_hash: vec![7; 32],
        created_at: 5,
        updated_at: 6,
        wake_at: Some(7),
        body: "{}".to_owned(),
        ..first.clone()
    };
    store.save(vec![said(first.clone(), 1)]).await.unwrap();
    store.save(vec![said(first.clone(), 2), said(second.clone(), 3)]).await.unwrap();
    assert_eq!(store.conversation(&first.id).await.unwrap(), Some(second.clone()));
    assert_eq!(store.latest_conversation(&uid("u"), "widget").await.unwrap(), None);
    assert_eq!(store.latest_conversation(&uid("v"), "wechat").await.unwrap(), Some(second));
    assert_eq!(store.turns(&first.id).await.unwrap().len(), 3);
    store.save(vec![said(first.clone(), 4)]).await.unwrap();
    assert_eq!(store.conversation(&first.id).await.unwrap(), Some(first), "back, without the time to wake");
    assert_eq!(store.conversations_due(i64::MAX, 10).await.unwrap(), []);
}

/// The batch with `bad` as its middle is refused for conversation `a`, and nothing of it is there.
async fn refused(store: &impl ServiceStore, bad: Save, what: &str) {
    let before =
        (store.conversation(&cid("a")).await.unwrap(), store.messages(&cid("a"), 0, 99).await.unwrap());
    let batch = vec![said(conversation("b"), 1), bad, said(conversation("c"), 1)];
    match store.save(batch).await {
        Err(StoreError::Conflict { conversation, what: said }) => {
            assert_eq!((conversation, said.as_str()), (cid("a"), what));
        }
        other => panic!("{other:?}"),
    }
    for id in ["b", "c"] {
        assert_eq!(store.conversation(&cid(id)).await.unwrap(), None);
        assert_eq!(store.turns(&cid(id)).await.unwrap(), []);
    }
    let after =
        (store.conversation(&cid("a")).await.unwrap(), store.messages(&cid("a"), 0, 99).await.unwrap());
    assert_eq!(after, before);
}

pub async fn a_turn_is_saved_once(f: impl Fixture) {
    f.store().save(vec![said(conversation("a"), 1)]).await.unwrap();
    let again = Save {
        conversation: Some(ConversationRow { state: "closed".to_owned(), ..conversation("a") }),
        turn: Some(TurnRow { client_message_id: None, ..turn(1) }),
        ..Save::default()
    };
    refused(f.store(), again, "turn 1").await;
    f.store().save(vec![said(conversation("a"), 2)]).await.unwrap();
}

pub async fn a_client_message_is_answered_once(f: impl Fixture) {
    f.store().save(vec![said(conversation("a"), 1), said(conversation("z"), 1)]).await.unwrap();
    let again = TurnRow { client_message_id: Some("m1".to_owned()), ..turn(2) };
    let again = Save { turn: Some(again), ..said(conversation("a"), 2) };
    refused(f.store(), again, "a turn for client message m1").await;
    assert_eq!(f.store().turn_of_client_message(&cid("a"), "m1").await.unwrap(), Some(turn(1)));
}

pub async fn a_line_is_saved_once(f: impl Fixture) {
    f.store().save(vec![said(conversation("a"), 1)]).await.unwrap();
    refused(f.store(), Save { messages: vec![line(3), line(2)], ..said(conversation("a"), 2) }, "line 2")
        .await;
}

pub async fn a_batch_with_a_turn_twice_is_refused(f: impl Fixture) {
    let twice = vec![said(conversation("a"), 1), said(conversation("b"), 1), said(conversation("a"), 1)];
    let error = f.store().save(twice).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Conflict { conversation, .. } if *conversation == cid("a")),
        "{error:?}"
    );
    assert_eq!(f.store().conversation(&cid("b")).await.unwrap(), None);
}

pub async fn a_turn_needs_its_conversation(f: impl Fixture) {
    let store = f.store();
    let homeless = [
        Save { conversation: None, ..said(conversation("a"), 1) },
        Save { messages: vec![line(1)], ..Save::default() },
        Save { unanswered: vec![asked_in_vain("a", 1)], ..Save::default() },
    ];
    for save in homeless {
        let error = store.save(vec![said(conversation("b"), 1), save]).await.unwrap_err();
        assert!(matches!(error, StoreError::Gone), "{error:?}");
        assert_eq!(store.conversation(&cid("b")).await.unwrap(), None);
    }
}

pub async fn a_transcript_comes_in_pages(f: impl Fixture) {
    let store = f.store();
    for number in 1..=5 {
        store.save(vec![said(conversation("a"), number), said(conversation("b"), number)]).await.unwrap();
    }
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let page = store.messages(&cid("a"), after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = last.seq;
        seen.extend(page);
    }
    assert_eq!(seen, (1..=10).map(line).collect::<Vec<_>>());
    assert_eq!(store.messages(&cid("a"), u64::MAX, 3).await.unwrap(), []);
    assert_eq!(store.messages(&cid("a"), 0, 0).await.unwrap(), []);
}

pub async fn the_latest_conversation_of_a_person(f: impl Fixture) {
    let store = f.store();
    let at = |id: &str, user: &str, channel: &str, created_at| {
        let row = ConversationRow { channel: channel.to_owned(), created_at, ..of_user(id, user) };
        Save { conversation: Some(row), ..Save::default() }
    };
    let rows = [
        at("late", "u", "widget", 30),
        at("early", "u", "widget", 10),
        at("other channel", "u", "wechat", 40),
        at("other person", "v", "widget", 50),
    ];
    store.save(rows.to_vec()).await.unwrap();
    store.save(vec![said(conversation("nobody"), 1)]).await.unwrap();
    let latest = store.latest_conversation(&uid("u"), "widget").await.unwrap().unwrap();
    assert_eq!(latest.id, cid("late"));
    let latest = store.latest_conversation(&uid("u"), "wechat").await.unwrap().unwrap();
    assert_eq!(latest.id, cid("other channel"));
    assert_eq!(store.latest_conversation(&uid("u"), "cli").await.unwrap(), None);
    assert_eq!(store.latest_conversation(&uid("U"), "widget").await.unwrap(), None, "compared exactly");
}

pub async fn conversations_wake_in_order(f: impl Fixture) {
    let store = f.store();
    let at = |id: &str, wake_at| Save {
        conversation: Some(ConversationRow { wake_at, ..conversation(id) }),
        ..Save::default()
    };
    let rows = vec![at("c", Some(30)), at("a", Some(10)), at("never", None), at("b", Some(20))];
    store.save(rows).await.unwrap();
    let due = async |now, limit| {
        let due = store.conversations_due(now, limit).await.unwrap();
        due.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(due(9, 10).await, [""; 0]);
    assert_eq!(due(20, 10).await, ["a", "b"], "at its time it is due");
    assert_eq!(due(i64::MAX, 2).await, ["a", "b"]);
    store.save(vec![at("a", Some(25)), at("b", None)]).await.unwrap();
    assert_eq!(due(i64::MAX, 10).await, ["a", "c"]);
}

pub async fn unanswered_questions_come_newest_first(f: impl Fixture) {
    let store = f.store();
    for number in 1..=3 {
        let rows = vec![asked_in_vain("a", number)];
        store.save(vec![Save { unanswered: rows, ..said(conversation("a"), number) }]).await.unwrap();
    }
    let found = store.unanswered(2).await.unwrap();
    assert_eq!(found, [asked_in_vain("a", 3), asked_in_vain("a", 2)]);
}

pub async fn attachments_are_remembered(f: impl Fixture) {
    let store = f.store();
    let file = AttachmentRow {
        id: "f1".to_owned(),
        conversation_id: cid("a"),
        name: "截图 \"1\".png\n".to_owned(),
        media_type: "image/png".to_owned(),
        size: 50 << 20,
        created_at: 7,
    };
    let error = store.put_attachment(&file).await.unwrap_err();
    assert!(matches!(error, StoreError::Gone), "{error:?}");
    store.save(vec![said(conversation("a"), 1)]).await.unwrap();
    store.put_attachment(&file).await.unwrap();
    assert_eq!(store.attachment("f1").await.unwrap().as_ref(), Some(&file));
    let renamed = AttachmentRow { name: "b".to_owned(), ..file };
    store.put_attachment(&renamed).await.unwrap();
    assert_eq!(store.attachment("f1").await.unwrap(), Some(renamed));
}

pub async fn any_text_can_be_said(f: impl Fixture) {
    let store = f.store();
    let odd = "\0\u{1}\u{7f}\u{fffd}\\\"'👩‍👩‍👧‍👦\r\n\u{2028}'); DROP TABLE turns; -- ?1 :a $b {}[]";
    let long = "很长的一行\\\"\n".repeat(20_000);
    let row =
        ConversationRow {
            body: long.clone(), state: "a'b\"".to_owned(), ..of_user("c'\"甲🙂", "u'\"乙")
        };
    let all = Save {
        turn: Some(TurnRow {
            client_message_id: Some("m\\\"'甲".to_owned()),
            event: odd.to_owned(),
            response: long,
            ..turn(1)
        }),
        messages: vec![MessageRow { body: odd.to_owned(), sealed: Some((0..=255).collect()), ..line(1) }],
        tickets: vec![TicketRow { body: odd.to_owned(), queue: "队'列".to_owned(), ..opened("T'1") }],
        outbox: vec![OutboxRow { body: odd.to_owned(), error: Some(odd.to_owned()), ..leaving("o'1", 1) }],
        audit: vec![AuditEntry { details: odd.to_owned(), ..entry("a'b", "c\"d") }],
        ..said(row.clone(), 1)
    };
    store.save(vec![all.clone()]).await.unwrap();
    assert_eq!(store.conversation(&row.id).await.unwrap(), Some(row.clone()));
    assert_eq!(store.turns(&row.id).await.unwrap(), Vec::from_iter(all.turn));
    assert_eq!(store.messages(&row.id, 0, 9).await.unwrap(), all.messages);
    assert_eq!(store.ticket(&tid("T'1")).await.unwrap(), all.tickets.first().cloned());
    assert_eq!(store.outbox_due(1, 9).await.unwrap(), all.outbox);
    assert_eq!(store.audit(0, 9).await.unwrap()[0].entry, all.audit[0]);
}

pub async fn many_save_at_once(f: impl Fixture) {
    let saving = (0..8).map(|talk| {
        let store = f.store().clone();
        tokio::spawn(async move {
            for number in 1..=10 {
                let row = conversation(&format!("c{talk}"));
                let entry = entry("turn.saved", &format!("c{talk}/{number}"));
                store.save(vec![Save { audit: vec![entry], ..said(row, number) }]).await.unwrap();
            }
        })
    });
    for task in saving.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    for talk in 0..8 {
        let id = cid(&format!("c{talk}"));
        assert_eq!(f.store().turns(&id).await.unwrap(), (1..=10).map(turn).collect::<Vec<_>>());
        assert_eq!(f.store().messages(&id, 0, 99).await.unwrap().len(), 20);
    }
    assert_eq!(f.store().audit_head().await.unwrap().count, 80);
}

pub async fn readers_see_whole_saves(f: impl Fixture) {
    let store = f.store().clone();
    let writing = tokio::spawn(async move {
        for number in 1..=30 {
            let state = format!("s{number}");
            let row = |id| ConversationRow { state: state.clone(), ..conversation(id) };
            store.save(vec![said(row("a"), number), said(row("b"), number)]).await.unwrap();
        }
    });
    while !writing.is_finished() {
        let counts = f.store().counts().await.unwrap();
        assert!(counts.conversations.len() <= 1, "{counts:?}");
        let lines = f.store().messages(&cid("b"), 0, 99).await.unwrap().len();
        assert!(lines.is_multiple_of(2));
        assert!(f.store().turns(&cid("a")).await.unwrap().len() * 2 >= lines);
    }
    writing.await.unwrap();
    assert_eq!(f.store().counts().await.unwrap().conversations, [("s30".to_owned(), 2)]);
}

pub async fn what_was_saved_is_there_after_reopening(f: impl Fixture) {
    let row = of_user("a", "u");
    let whole = Save {
        tickets: vec![opened("T1")],
        outbox: vec![leaving("o1", 1)],
        audit: vec![entry("x.y", "z")],
        incidents: vec![incident("i1", "open", None)],
        ..said(row.clone(), 1)
    };
    f.store().save(vec![whole.clone()]).await.unwrap();
    let head = f.store().audit_head().await.unwrap();
    let f = f.reopened().await;
    let store = f.store();
    assert_eq!(store.conversation(&row.id).await.unwrap(), Some(row.clone()));
    assert_eq!(store.turns(&row.id).await.unwrap(), Vec::from_iter(whole.turn));
    assert_eq!(store.ticket(&tid("T1")).await.unwrap(), Some(opened("T1")));
    assert_eq!(store.outbox_due(1, 9).await.unwrap(), [leaving("o1", 1)]);
    assert_eq!(store.open_incidents().await.unwrap(), whole.incidents);
    assert_eq!(store.audit_head().await.unwrap(), head);
    store.save(vec![said(row, 2)]).await.unwrap();
}

pub async fn states_are_counted(f: impl Fixture) {
    let store = f.store();
    let in_state = |id: &str, state: &str| Save {
        conversation: Some(ConversationRow { state: state.to_owned(), ..of_user(id, id) }),
        ..Save::default()
    };
    let rows =
        vec![in_state("a", "idle"), in_state("b", "idle"), in_state("c", "queued"), in_state("d", "closed")];
    store.save(rows).await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.conversations, [("idle".to_owned(), 2), ("queued".to_owned(), 1)]);
    store
        .save(vec![in_state("a", "closed"), in_state("b", "queued"), in_state("c", "queued")])
        .await
        .unwrap();
    assert_eq!(store.counts().await.unwrap().conversations, [("queued".to_owned(), 2)]);
    store.erase_user(&uid("b"), entry("user.erased", "b")).await.unwrap();
    assert_eq!(store.counts().await.unwrap().conversations, [("queued".to_owned(), 1)]);
}
