//! What only a file on a disk can suffer, and what only SQL can show.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;

use crate::store::Store;
use crate::store::audit::{Flaw, verify};
use crate::store::battery::service::{
    asked_in_vain, cid, conversation, entry, leave, leaving, line, of_user, opened, said, tickets, turn, uid,
};
use crate::store::battery::{case, day, source};
use crate::store::change::Seq;
use crate::store::error::StoreError;
use crate::store::service::{
    AttachmentRow, AuditEntry, ConversationRow, MessageRow, OutboxRow, Save, ServiceStore, TicketRow, TurnRow,
};
use crate::store::source::Removal;
use crate::store::sqlite::{SqliteStore, open};

async fn fresh() -> (TempDir, SqliteStore) {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path()).await.unwrap();
    (folder, store)
}

async fn raw(folder: &TempDir) -> SqliteConnection {
    let file = folder.path().join(SqliteStore::FILE);
    SqliteConnectOptions::new().filename(file).create_if_missing(true).connect().await.unwrap()
}

async fn tamper(folder: &TempDir, sql: &'static str) -> Result<(), sqlx::Error> {
    let mut connection = raw(folder).await;
    let done = sqlx::raw_sql(sql).execute(&mut connection).await.map(drop);
    connection.close().await.unwrap();
    done
}

#[tokio::test]
async fn a_full_disk_is_named_and_nothing_is_half_saved() {
    let (_folder, store) = fresh().await;
    store.save(vec![said(conversation("a"), 1)]).await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&store.writer).await.unwrap();
    let large = |number| {
        let lines = (0..200)
            .map(|seq| MessageRow { body: "长".repeat(500), ..line(u64::from(number) * 1_000 + seq) });
        Save { messages: lines.collect(), ..said(conversation("a"), number) }
    };
    let error = store.save(vec![said(conversation("b"), 1), large(2)]).await.unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert_eq!(store.conversation(&cid("b")).await.unwrap(), None);
    assert_eq!(store.turns(&cid("a")).await.unwrap(), [turn(1)]);
    sqlx::raw_sql("PRAGMA max_page_count = 1000000").execute(&store.writer).await.unwrap();
    store.save(vec![said(conversation("b"), 1), large(2)]).await.unwrap();
    assert_eq!(store.messages(&cid("a"), 0, 999).await.unwrap().len(), 202);
}

#[tokio::test]
async fn another_writer_is_named_and_nothing_is_half_saved() {
    let (folder, first) = fresh().await;
    first.save(vec![said(conversation("a"), 1)]).await.unwrap();
    let store = open::open(folder.path(), Duration::from_millis(50)).await.unwrap();
    let mut other = raw(&folder).await;
    sqlx::raw_sql("BEGIN IMMEDIATE; DELETE FROM tallies;").execute(&mut other).await.unwrap();
    let error = store.save(vec![said(conversation("a"), 2), said(conversation("b"), 1)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert!(error.to_string().contains("disk that is slow"), "{error}");
    assert_eq!(store.turns(&cid("a")).await.unwrap(), [turn(1)], "reading goes on");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    store.save(vec![said(conversation("a"), 2), said(conversation("b"), 1)]).await.unwrap();
    assert_eq!(store.counts().await.unwrap().conversations, [("idle".to_owned(), 2)]);
}

/// A row of each kind, with the mark in every text that can hold one.
fn marked(user: usize, number: u32, mark: &str) -> Save {
    let (id, who) = (format!("{mark}-c{user}"), format!("{mark}-u{}", user % 60));
    // Grows from turn to turn, so that rows move from page to page.
    let body = format!("{mark} {}", "补充".repeat(30 * number as usize + user % 17));
    let row = ConversationRow { body: body.clone(), token_hash: mark.into(), ..of_user(&id, &who) };
    Save {
        turn: Some(TurnRow {
            client_message_id: Some(format!("{mark}-m{number}")),
            event: body.clone(),
            response: body.clone(),
            ..turn(number)
        }),
        messages: vec![MessageRow {
            body: body.clone(),
            sealed: Some(mark.into()),
            ..line(u64::from(number))
        }],
        tickets: vec![TicketRow {
            conversation_id: Some(cid(&id)),
            user_id: Some(uid(&who)),
            body: body.clone(),
            agent: Some(mark.to_owned()),
            ..opened(&format!("T{user}"))
        }],
        outbox: vec![OutboxRow {
            conversation_id: Some(cid(&id)),
            body: body.clone(),
            error: Some(body),
            ..leaving(&format!("{mark}-{user}/{number}"), 1)
        }],
        unanswered: vec![asked_in_vain(&id, number)],
        ..said(row, number)
    }
}

fn found(folder: &Path, mark: &str) -> Vec<String> {
    let holds = |file: &std::fs::DirEntry| {
        let bytes = std::fs::read(file.path()).unwrap();
        bytes.windows(mark.len()).any(|window| window == mark.as_bytes())
    };
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(holds);
    files.map(|file| file.file_name().into_string().unwrap()).collect()
}

/// With `secure_delete` alone some bytes stay here, in pages that were split.
#[tokio::test]
async fn no_byte_of_an_erased_person_stays_in_the_files() {
    let (folder, store) = fresh().await;
    for number in 1..=4 {
        // Each time in another order, so that pages are split in their middles.
        let users = (0..300).map(|k| k * [1, 7, 11, 13][number as usize - 1] % 300);
        let saves = users.map(|user| marked(user, number, if user % 15 == 0 { "秘密甲" } else { "秘密乙" }));
        store.save(saves.collect()).await.unwrap();
    }
    let file = AttachmentRow {
        id: "秘密甲-file".to_owned(),
        conversation_id: cid("秘密甲-c0"),
        name: "秘密甲".to_owned(),
        media_type: "image/png".to_owned(),
        size: 1,
        created_at: 1,
    };
    store.put_attachment(&file).await.unwrap();
    for user in (0..300).step_by(15) {
        store.outbox_done(&format!("秘密甲-{user}/1")).await.unwrap();
    }
    assert!(!found(folder.path(), "秘密甲").is_empty());
    for user in [0, 15, 30, 45] {
        let told = AuditEntry { subject: format!("u{user}"), ..entry("user.erased", "") };
        let erased = store.erase_user(&uid(&format!("秘密甲-u{user}")), told).await.unwrap();
        assert!(erased.settled);
        assert_eq!((erased.messages, erased.outbox, erased.tickets), (20, 20, 5));
    }
    assert_eq!(found(folder.path(), "秘密甲"), [""; 0]);
    assert!(!found(folder.path(), "秘密乙").is_empty(), "those of others stay");
    assert_eq!(store.turns(&cid("秘密乙-c1")).await.unwrap().len(), 4);
    assert!(store.settle().await.unwrap());
}

#[tokio::test]
async fn a_reader_holds_up_settling_and_not_erasing() {
    let (folder, first) = fresh().await;
    first.save(vec![marked(1, 1, "秘密甲")]).await.unwrap();
    let store = open::open(folder.path(), Duration::from_millis(50)).await.unwrap();
    let mut reader = raw(&folder).await;
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM turns;").execute(&mut reader).await.unwrap();
    let erased = store.erase_user(&uid("秘密甲-u1"), entry("user.erased", "u1")).await.unwrap();
    assert_eq!((erased.settled, erased.conversations), (false, 1));
    assert_eq!(store.conversation(&cid("秘密甲-c1")).await.unwrap(), None);
    assert!(!store.settle().await.unwrap());
    sqlx::raw_sql("ROLLBACK").execute(&mut reader).await.unwrap();
    assert!(store.settle().await.unwrap());
    assert_eq!(found(folder.path(), "秘密甲"), [""; 0]);
}

#[tokio::test]
async fn sql_cannot_bend_the_audit_log() {
    let (folder, store) = fresh().await;
    let entries = (0..5).map(|n| entry("a.b", &n.to_string())).collect();
    store.save(vec![Save { audit: entries, ..Save::default() }]).await.unwrap();
    for sql in [
        "UPDATE audit SET actor = 'x' WHERE number = 2",
        "DELETE FROM audit WHERE number = 5",
        "DELETE FROM audit_head",
        "INSERT INTO audit VALUES (9, 1, 'x', 'x', 'x', 'x', x'00')",
        "INSERT OR REPLACE INTO audit VALUES (2, 1, 'x', 'x', 'x', 'x', x'00')",
    ] {
        let error = tamper(&folder, sql).await.unwrap_err().to_string();
        assert!(error.contains("audit log"), "{sql}: {error}");
    }
    let rows = store.audit(0, 99).await.unwrap();
    assert_eq!(verify(&rows, &store.audit_head().await.unwrap()), Ok(5));
}

#[tokio::test]
async fn who_gets_around_the_triggers_is_found() {
    for (sql, number, why) in [
        ("UPDATE audit SET actor = 'x' WHERE number = 2", 2, Flaw::Changed),
        ("DELETE FROM audit WHERE number = 3", 3, Flaw::Missing),
        ("DELETE FROM audit WHERE number > 3", 4, Flaw::Missing),
        ("UPDATE audit_head SET count = 4", 4, Flaw::Head),
    ] {
        let (folder, store) = fresh().await;
        let entries = (0..5).map(|n| entry("a.b", &n.to_string())).collect();
        store.save(vec![Save { audit: entries, ..Save::default() }]).await.unwrap();
        tamper(&folder, "DROP TRIGGER audit_unchanged; DROP TRIGGER audit_kept").await.unwrap();
        tamper(&folder, sql).await.unwrap();
        let broken =
            verify(&store.audit(0, 99).await.unwrap(), &store.audit_head().await.unwrap()).unwrap_err();
        assert_eq!((broken.number, broken.why), (number, why), "{sql}");
    }
}

/// The tables as the first two migrations made them, filled by the program of then.
#[tokio::test]
async fn a_database_of_the_version_before_is_brought_up_to_date() {
    let folder = TempDir::new().unwrap();
    let mut old = raw(&folder).await;
    let then = sqlx::migrate::Migrator::with_migrations(open::MIGRATIONS.iter().take(2).cloned().collect());
    then.run_direct(None, &mut old, false).await.unwrap();
    let record = crate::store::record::Encoder::new().unwrap().encode(&case("a", "旧")).unwrap();
    sqlx::raw_sql("INSERT INTO sources VALUES (1, 'kb', 1, 86400000, 'complete')")
        .execute(&mut old)
        .await
        .unwrap();
    sqlx::query("INSERT INTO cases VALUES (1, 'a', 1, 1, 86400000, ?1, ?2)")
        .bind(case("a", "旧").content_hash().to_vec())
        .bind(record)
        .execute(&mut old)
        .await
        .unwrap();
    let identity: String =
        sqlx::query_scalar("SELECT identity FROM store").fetch_one(&mut old).await.unwrap();
    old.close().await.unwrap();

    let store = SqliteStore::open(folder.path()).await.unwrap();
    assert_eq!(store.identity().await.unwrap(), identity);
    let changes = store.changes_after(Seq::START, 9).await.unwrap();
    assert_eq!(changes.into_iter().map(|change| change.case).collect::<Vec<_>>(), [Some(case("a", "旧"))]);
    let run = store.begin_sync(&source("kb"), day(2)).await.unwrap();
    assert_eq!(store.put(&run, vec![case("a", "旧")]).await.unwrap().unchanged, 1);
    store.finish_sync(run, Removal::Gone).await.unwrap();
    store.save(vec![said(conversation("a"), 1)]).await.unwrap();
    assert_eq!(store.turns(&cid("a")).await.unwrap(), [turn(1)]);
}

/// Each query for what is due, or of one person, finds its rows by an index.
#[tokio::test]
async fn what_is_looked_for_has_an_index() {
    let (_folder, store) = fresh().await;
    for (sql, index) in [
        (
            "SELECT id FROM conversations WHERE wake_at <= 1 ORDER BY wake_at, conversation",
            "conversations_due",
        ),
        (
            "SELECT id FROM conversations WHERE user_id = 'a' AND channel = 'b' ORDER BY created_at DESC",
            "by_user",
        ),
        ("SELECT id FROM tickets WHERE wake_at <= 1 ORDER BY wake_at, ticket LIMIT 1", "tickets_due"),
        ("SELECT id FROM tickets WHERE status = 'a' ORDER BY id DESC LIMIT 1", "tickets_by_status"),
        (
            "SELECT id FROM tickets WHERE queue = 'a' AND status = 'b' ORDER BY id DESC LIMIT 1",
            "tickets_by_queue",
        ),
        ("SELECT id FROM tickets WHERE agent = 'a' ORDER BY id DESC LIMIT 1", "tickets_by_agent"),
        ("SELECT id FROM outbox WHERE status = 'due' AND due_at <= 1 ORDER BY due_at, entry", "outbox_due"),
        ("SELECT id FROM outbox WHERE status = 'dead' ORDER BY created_at DESC, entry DESC", "outbox_dead"),
        ("SELECT id FROM incidents WHERE status <> 'closed' OR wake_at IS NOT NULL", "incidents_open"),
    ] {
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                .fetch_all(&store.readers)
                .await
                .unwrap();
        let plan: Vec<_> = plan.into_iter().map(|(.., step)| step).collect();
        assert!(plan[0].contains(index) && plan.len() == 1, "{sql}: {plan:?}");
    }
    store.save(vec![tickets(vec![opened("T1")]), leave(vec![leaving("a", 1)])]).await.unwrap();
}
