//! Accounts, sessions, the audit log, erasure.

use super::*;
use crate::store::audit::verify;
use crate::store::battery::Fixture;
use crate::store::error::StoreError;
use crate::store::service::{AccountRow, AttachmentRow, Erased, ServiceStore, SessionRow, TicketFilter};

fn account(name: &str) -> AccountRow {
    AccountRow {
        name: name.to_owned(),
        role: "agent".to_owned(),
        password_hash: "$argon2id$v=19$one".to_owned(),
        disabled: false,
        created_at: 5,
        body: "{\"技能\": [\"ecs\"]}".to_owned(),
    }
}

fn session(token: u8, account: &str, expires_at: i64) -> SessionRow {
    SessionRow { token_hash: vec![token; 32], account: account.to_owned(), expires_at }
}

pub async fn accounts_come_back(f: impl Fixture) {
    let store = f.store();
    store.put_account(&account("王")).await.unwrap();
    store.put_account(&account("李")).await.unwrap();
    assert_eq!(store.account("王").await.unwrap(), Some(account("王")));
    let other = AccountRow { role: "operator".into(), disabled: true, body: "{}".into(), ..account("王") };
    store.put_account(&other).await.unwrap();
    assert_eq!(store.account("王").await.unwrap().as_ref(), Some(&other));
    assert_eq!(store.accounts().await.unwrap(), [account("李"), other], "by name");
    assert_eq!(store.account("Wang").await.unwrap(), None);
}

pub async fn a_session_ends(f: impl Fixture) {
    let store = f.store();
    store.put_account(&account("王")).await.unwrap();
    store.put_session(&session(1, "王", 100), 0).await.unwrap();
    store.put_session(&session(2, "王", 200), 0).await.unwrap();
    store.put_session(&session(3, "nobody", 200), 0).await.unwrap();
    let found = store.session(&[1; 32], 99).await.unwrap();
    assert_eq!(found, Some((session(1, "王", 100), account("王"))));
    assert_eq!(store.session(&[1; 32], 100).await.unwrap(), None, "its time is over");
    assert_eq!(store.session(&[3; 32], 0).await.unwrap(), None);
    assert_eq!(store.session(&[9; 32], 0).await.unwrap(), None);
    store.end_session(&[2; 32]).await.unwrap();
    store.end_session(&[2; 32]).await.unwrap();
    assert_eq!(store.session(&[2; 32], 0).await.unwrap(), None);
    assert!(store.session(&[1; 32], 0).await.unwrap().is_some());
}

pub async fn ended_sessions_are_cleared_away(f: impl Fixture) {
    let store = f.store();
    store.put_account(&account("王")).await.unwrap();
    store.put_session(&session(1, "王", 100), 0).await.unwrap();
    store.put_session(&session(2, "王", 200), 100).await.unwrap();
    assert_eq!(store.session(&[1; 32], 0).await.unwrap(), None, "not even for a clock that went back");
    assert!(store.session(&[2; 32], 0).await.unwrap().is_some());
}

pub async fn a_disabled_account_has_no_session(f: impl Fixture) {
    let store = f.store();
    store.put_account(&account("王")).await.unwrap();
    store.put_session(&session(1, "王", 100), 0).await.unwrap();
    store.put_account(&AccountRow { disabled: true, ..account("王") }).await.unwrap();
    assert_eq!(store.session(&[1; 32], 0).await.unwrap(), None);
    store.put_session(&session(2, "王", 100), 0).await.unwrap();
    assert_eq!(store.session(&[2; 32], 0).await.unwrap(), None);
    store.put_account(&account("王")).await.unwrap();
    assert_eq!(store.session(&[1; 32], 0).await.unwrap(), None, "who comes back signs in again");
}

pub async fn a_new_password_ends_the_sessions(f: impl Fixture) {
    let store = f.store();
    store.put_account(&account("王")).await.unwrap();
    store.put_account(&account("李")).await.unwrap();
    store.put_session(&session(1, "王", 100), 0).await.unwrap();
    store.put_session(&session(2, "李", 100), 0).await.unwrap();
    store.put_account(&AccountRow { body: "{}".to_owned(), ..account("王") }).await.unwrap();
    assert!(store.session(&[1; 32], 0).await.unwrap().is_some(), "another skill does not");
    store
        .put_account(&AccountRow { password_hash: "$argon2id$two".to_owned(), ..account("王") })
        .await
        .unwrap();
    assert_eq!(store.session(&[1; 32], 0).await.unwrap(), None);
    assert!(store.session(&[2; 32], 0).await.unwrap().is_some());
}

pub async fn the_audit_log_is_chained(f: impl Fixture) {
    let store = f.store();
    assert_eq!(verify(&[], &store.audit_head().await.unwrap()), Ok(0));
    for n in 0..4 {
        let entries = |of: &str| (0..3).map(|k| entry("a.b", &format!("{n}{of}{k}"))).collect();
        let batch = ["x", "y"].map(|of| Save { audit: entries(of), ..Save::default() });
        store.save(batch.to_vec()).await.unwrap();
    }
    let rows = store.audit(0, 1_000).await.unwrap();
    assert_eq!(verify(&rows, &store.audit_head().await.unwrap()), Ok(24));
    let subjects: Vec<_> = rows[..6].iter().map(|row| row.entry.subject.as_str()).collect();
    assert_eq!(subjects, ["0x0", "0x1", "0x2", "0y0", "0y1", "0y2"], "in the order of the saves");
    assert_eq!(store.audit(20, 3).await.unwrap(), rows[20..23]);
    assert_eq!(store.audit(24, 3).await.unwrap(), []);
}

/// All that one person leaves: two conversations, a ticket of each kind, something to send, a file.
async fn live(store: &impl ServiceStore, user: &str) {
    let (first, second) = (format!("{user}-1"), format!("{user}-2"));
    let saves = [(&first, 1), (&first, 2), (&second, 1)].map(|(id, number)| Save {
        unanswered: vec![asked_in_vain(id, number)],
        outbox: vec![OutboxRow {
            conversation_id: Some(cid(id)),
            ..leaving(&format!("{id}/{number}"), i64::from(number))
        }],
        ..said(of_user(id, user), number)
    });
    store.save(saves.to_vec()).await.unwrap();
    let rows = vec![
        TicketRow { user_id: Some(uid(user)), ..opened(&format!("T1-{user}")) },
        TicketRow { conversation_id: Some(cid(&first)), ..opened(&format!("T2-{user}")) },
        TicketRow {
            conversation_id: Some(cid(&second)),
            user_id: Some(uid(user)),
            ..opened(&format!("T3-{user}"))
        },
    ];
    store.save(vec![tickets(rows)]).await.unwrap();
    let file = AttachmentRow {
        id: format!("file-{user}"),
        conversation_id: cid(&first),
        name: "a.png".to_owned(),
        media_type: "image/png".to_owned(),
        size: 9,
        created_at: 7,
    };
    store.put_attachment(&file).await.unwrap();
}

async fn is_gone(store: &impl ServiceStore, user: &str) {
    for id in ["1", "2"].map(|n| cid(&format!("{user}-{n}"))) {
        assert_eq!(store.conversation(&id).await.unwrap(), None);
        assert_eq!(store.turns(&id).await.unwrap(), []);
        assert_eq!(store.turn_of_client_message(&id, "m1").await.unwrap(), None);
        assert_eq!(store.messages(&id, 0, 99).await.unwrap(), []);
        let of_it = TicketFilter { conversation_id: Some(id), ..TicketFilter::default() };
        assert_eq!(store.tickets(&of_it).await.unwrap(), []);
    }
    assert_eq!(store.latest_conversation(&uid(user), "widget").await.unwrap(), None);
    let of_them = TicketFilter { user_id: Some(uid(user)), ..TicketFilter::default() };
    assert_eq!(store.tickets(&of_them).await.unwrap(), []);
    assert_eq!(store.attachment(&format!("file-{user}")).await.unwrap(), None);
}

pub async fn an_erased_person_is_gone(f: impl Fixture) {
    let store = f.store();
    live(store, "u").await;
    live(store, "v").await;
    store.outbox_failed("u-2/1", None, "gone").await.unwrap();
    let mut erased = store.erase_user(&uid("u"), entry("user.erased", "u")).await.unwrap();
    erased.conversation_ids.sort();
    erased.ticket_ids.sort();
    let expected = Erased {
        conversations: 2,
        messages: 6,
        tickets: 3,
        outbox: 3,
        unanswered: 3,
        attachments: vec!["file-u".to_owned()],
        conversation_ids: vec![cid("u-1"), cid("u-2")],
        ticket_ids: vec![tid("T1-u"), tid("T2-u"), tid("T3-u")],
        settled: true,
    };
    assert_eq!(erased, expected);
    is_gone(store, "u").await;
    assert_eq!(store.outbox_dead(9).await.unwrap(), []);
    assert_eq!(store.outbox_due(i64::MAX, 99).await.unwrap().len(), 3, "those of the other one");
    assert_eq!(store.unanswered(99).await.unwrap().len(), 3);
    assert_eq!(store.turns(&cid("v-1")).await.unwrap(), [turn(1), turn(2)]);
    assert_eq!(store.tickets(&TicketFilter::default()).await.unwrap().len(), 3);
    let log = store.audit(0, 99).await.unwrap();
    assert_eq!(verify(&log, &store.audit_head().await.unwrap()), Ok(1));
    assert_eq!(log[0].entry, entry("user.erased", "u"));
    let nothing = store.erase_user(&uid("u"), entry("user.erased", "u")).await.unwrap();
    assert_eq!(nothing, Erased { settled: true, ..Erased::default() });
}

pub async fn what_was_erased_stays_so(f: impl Fixture) {
    let store = f.store();
    live(store, "u").await;
    store.erase_user(&uid("u"), entry("user.erased", "u")).await.unwrap();
    let under_way = [
        said(of_user("u-1", "u"), 3),
        Save { conversation: Some(of_user("u-2", "u")), ..Save::default() },
        tickets(vec![TicketRow { user_id: Some(uid("u")), ..opened("T1-u") }]),
        tickets(vec![TicketRow { conversation_id: Some(cid("u-1")), ..opened("T9") }]),
        leave(vec![OutboxRow { conversation_id: Some(cid("u-1")), ..leaving("late", 1) }]),
    ];
    for save in under_way {
        let error = store.save(vec![said(conversation("other"), 1), save]).await.unwrap_err();
        assert!(matches!(error, StoreError::Gone), "{error:?}");
    }
    is_gone(store, "u").await;
    assert_eq!(store.conversation(&cid("other")).await.unwrap(), None);
    store.save(vec![said(of_user("u-3", "u"), 1)]).await.unwrap();
}

pub async fn erasing_removes_what_a_visitor_became(f: impl Fixture) {
    let store = f.store();
    store.save(vec![said(conversation("visit"), 1), said(of_user("others", "v"), 1)]).await.unwrap();
    let rows = ["visit", "others"].map(|id| TicketRow {
        conversation_id: Some(cid(id)),
        user_id: Some(uid("u")),
        ..opened(&format!("T-{id}"))
    });
    store.save(vec![tickets(rows.to_vec())]).await.unwrap();
    let erased = store.erase_user(&uid("u"), entry("user.erased", "u")).await.unwrap();
    assert_eq!(erased.conversation_ids, [cid("visit")], "a conversation of somebody else stays");
    assert_eq!(erased.tickets, 2);
    assert_eq!(store.turns(&cid("others")).await.unwrap(), [turn(1)]);
}

pub async fn an_erased_conversation_is_gone(f: impl Fixture) {
    let store = f.store();
    live(store, "u").await;
    let erased = store.erase_conversation(&cid("u-1"), entry("conversation.erased", "u-1")).await.unwrap();
    assert_eq!((erased.conversations, erased.messages, erased.tickets), (1, 4, 1));
    assert_eq!((erased.outbox, erased.unanswered, erased.attachments.len()), (2, 2, 1));
    assert_eq!(store.conversation(&cid("u-1")).await.unwrap(), None);
    assert_eq!(store.turns(&cid("u-2")).await.unwrap(), [turn(1)]);
    assert_eq!(store.tickets(&TicketFilter::default()).await.unwrap().len(), 2);
    store.erase_user(&uid("u"), entry("user.erased", "u")).await.unwrap();
    is_gone(store, "u").await;
}

pub async fn erasing_nobody_removes_nothing_and_is_remembered(f: impl Fixture) {
    let store = f.store();
    live(store, "u").await;
    let nothing = Erased { settled: true, ..Erased::default() };
    assert_eq!(store.erase_user(&uid("x"), entry("user.erased", "x")).await.unwrap(), nothing);
    assert_eq!(store.erase_conversation(&cid("x"), entry("c.erased", "x")).await.unwrap(), nothing);
    assert_eq!(store.audit_head().await.unwrap().count, 2);
    assert_eq!(store.turns(&cid("u-1")).await.unwrap().len(), 2);
}
