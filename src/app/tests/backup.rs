//! A backup is made while everything goes on, and comes back whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{Place, app, line, lines};
use crate::app::{App, AppError, BackupError, Rebuild, Replace, Restored};
use crate::id::ConversationId;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::service::{
    AttachmentRow, AuditEntry, ConversationRow, MessageRow, Save, ServiceStore, TurnRow,
};
use crate::store::sqlite::SqliteStore;

fn id(id: &str) -> ConversationId {
    ConversationId::parse(id).unwrap()
}

fn said(conversation: &str, number: u32) -> Save {
    Save {
        conversation: Some(ConversationRow {
            id: id(conversation),
            user_id: None,
            channel: "widget".to_owned(),
            state: "idle".to_owned(),
            token_hash: vec![1; 32],
            created_at: 1,
            updated_at: 1,
            wake_at: None,
            body: "{}".to_owned(),
        }),
        turn: Some(TurnRow {
            number,
            client_message_id: None,
            response: "{}".to_owned(),
            event: "{}".to_owned(),
            at: 1,
        }),
        messages: vec![MessageRow { seq: number.into(), body: "{}".to_owned(), sealed: None, at: 1 }],
        audit: vec![AuditEntry {
            at: 1,
            actor: "system".to_owned(),
            action: "turn.saved".to_owned(),
            subject: number.to_string(),
            details: "{}".to_owned(),
        }],
        ..Save::default()
    }
}

async fn attach(app: &App, name: &str, bytes: Option<&[u8]>) {
    let row = AttachmentRow {
        id: name.to_owned(),
        conversation_id: id("c"),
        name: "截图.png".to_owned(),
        media_type: "image/png".to_owned(),
        size: 3,
        created_at: 1,
    };
    app.store().await.unwrap().put_attachment(&row).await.unwrap();
    let folder = app.data().join(SqliteStore::ATTACHMENTS);
    fs::create_dir_all(&folder).unwrap();
    if let Some(bytes) = bytes {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

impl Place {
    /// As a new process would find it, with no connection left open by the old one.
    async fn stopped(self) -> Self {
        self.app.store().await.unwrap().clone().close().await;
        self.again()
    }

    fn backup_file(&self) -> PathBuf {
        self.folder.path().join("backup.zst")
    }

    async fn restore(&self, replace: Replace) -> Result<Restored, AppError> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_600_000);
        self.app.restore(&self.backup_file(), replace, now, &mut |_| {}).await
    }
}

/// Every file below the folder with its bytes.
fn everything(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => drop(found.insert(entry.path(), fs::read(entry.path()).unwrap())),
            }
        }
    }
    found
}

#[tokio::test]
async fn a_backup_brings_everything_back() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..10));
    place.import(&file).await;
    let store = place.app.store().await.unwrap();
    store.save(vec![said("c", 1), said("c", 2)]).await.unwrap();
    attach(&place.app, "f1", Some(b"png")).await;
    attach(&place.app, "f2", None).await;
    let saved = place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap();
    assert_eq!((saved.attachments, saved.missing), (1, 1));
    assert_eq!(saved.bytes, fs::metadata(place.backup_file()).unwrap().len());
    let mut names = fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names.any(|name| name.to_string_lossy().starts_with('.')), "nothing is left over");

    store.save(vec![said("c", 3), said("later", 1)]).await.unwrap();
    fs::write(place.app.data().join("attachments/f1"), "other").unwrap();
    let place = place.stopped().await;
    let restored = place.restore(Replace::SetAside).await.unwrap();
    let aside = place.app.data().join("before-20261125-094640");
    assert_eq!(restored, Restored { attachments: 1, aside: Some(aside.clone()) });

    let store = place.app.store().await.unwrap();
    assert_eq!(store.turns(&id("c")).await.unwrap().len(), 2);
    assert_eq!(store.conversation(&id("later")).await.unwrap(), None);
    assert_eq!(store.count().await.unwrap(), 10);
    assert_eq!(fs::read(place.app.data().join("attachments/f1")).unwrap(), b"png");
    assert_eq!(place.app.verify_audit(None).await.unwrap().unwrap().count, 2);
    let kept = SqliteStore::open(&aside).await.unwrap();
    assert_eq!(kept.turns(&id("c")).await.unwrap().len(), 3, "what was there is kept");
    assert_eq!(fs::read(aside.join("attachments/f1")).unwrap(), b"other");
}

/// The database goes back, and then forward by as many changes as the index was ahead: the numbers fit, the cases do not.
#[tokio::test]
async fn the_index_notices_that_the_database_is_another() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..10));
    place.import(&file).await;
    place.write("kb/storage/disk.md", super::TOPIC);
    place.sync_kb().await;
    place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap();
    place.write("kb/storage/disk.md", &super::TOPIC.replace("旧日志", "临时文件"));
    place.sync_kb().await;
    place.write("cases.jsonl", &(lines(1..10) + &line(0, "改过")));
    place.import(&file).await;
    let ahead = place.app.store().await.unwrap().last_seq().await.unwrap();

    let mut place = place.stopped().await;
    place.restore(Replace::SetAside).await.unwrap();
    assert!(!place.sync_kb().await.as_before, "the note tells of the other database");
    place.write("cases.jsonl", &(lines(0..9) + &line(9, "换了")));
    let run = place.import(&file).await;
    assert_eq!(place.app.store().await.unwrap().last_seq().await.unwrap(), ahead);
    assert_eq!(run.indexed.rebuilt.as_deref(), Some("the one there was made from another database"));
    assert_eq!(place.body("c9").unwrap(), "换了");
    assert!(place.body("c0").unwrap().contains("重启第0台"));
    assert_eq!(place.update(Rebuild::IfNeeded).await.rebuilt, None);
}

#[tokio::test]
async fn a_backup_is_of_one_moment() {
    let place = Place::new();
    let store = place.app.store().await.unwrap().clone();
    store.save(vec![said("c", 1)]).await.unwrap();
    let saving = tokio::spawn(async move {
        for number in 2..=60 {
            store.save(vec![said("c", number), said("d", number - 1)]).await.unwrap();
        }
    });
    for round in 0..3 {
        place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap();
        let other = TempDir::new().unwrap();
        let there = app(other.path());
        there.restore(&place.backup_file(), Replace::Refuse, SystemTime::now(), &mut |_| {}).await.unwrap();
        let copy = there.store().await.unwrap();
        let turns = copy.turns(&id("c")).await.unwrap().len();
        assert_eq!(copy.messages(&id("c"), 0, 999).await.unwrap().len(), turns);
        assert_eq!(copy.turns(&id("d")).await.unwrap().len(), turns - 1, "round {round}");
        assert_eq!(there.verify_audit(None).await.unwrap().unwrap().count, turns as u64 * 2 - 1);
    }
    saving.await.unwrap();
}

#[tokio::test]
async fn what_is_there_is_left_alone_unless_asked() {
    let place = Place::new();
    place.app.store().await.unwrap().save(vec![said("c", 1)]).await.unwrap();
    place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap();
    let place = place.stopped().await;
    let before = everything(place.app.data());
    let error = place.restore(Replace::Refuse).await.unwrap_err();
    assert!(matches!(error, AppError::Backup(BackupError::There(_))), "{error:?}");
    assert_eq!(everything(place.app.data()), before);
}

#[tokio::test]
async fn a_database_in_use_is_not_replaced() {
    let place = Place::new();
    let server = SqliteStore::open(place.app.data()).await.unwrap();
    server.save(vec![said("c", 1)]).await.unwrap();
    place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap();
    server.save(vec![said("c", 2)]).await.unwrap();
    let place = place.stopped().await;
    let error = place.restore(Replace::SetAside).await.unwrap_err();
    assert!(matches!(error, AppError::Backup(BackupError::InUse(_))), "{error:?}");
    server.save(vec![said("c", 3)]).await.unwrap();
    assert_eq!(server.turns(&id("c")).await.unwrap().len(), 3, "it goes on as if nothing had been asked");
    let names = fs::read_dir(place.app.data()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.map(|name| name.into_string().unwrap()).all(|name| name.starts_with(SqliteStore::FILE)));
    server.close().await;
    place.restore(Replace::SetAside).await.unwrap();
    assert_eq!(place.app.store().await.unwrap().turns(&id("c")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_bad_backup_is_refused_before_anything_is_touched() {
    let place = Place::new();
    place.app.store().await.unwrap().save(vec![said("c", 1)]).await.unwrap();
    place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap();
    let place = place.stopped().await;
    let whole = fs::read(place.backup_file()).unwrap();
    let before = everything(place.app.data());
    let mut bent = whole.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 0x10;
    let packed = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    let damaged = |error: &AppError| matches!(error, AppError::Backup(BackupError::Damaged { .. }));
    let stranger = |error: &AppError| matches!(error, AppError::Backup(BackupError::Foreign(_)));
    type Says<'a> = &'a dyn Fn(&AppError) -> bool;
    let cases: [(&str, Vec<u8>, Says<'_>); 6] = [
        ("cut off", whole[..whole.len() - 5].to_vec(), &damaged),
        ("bent", bent, &damaged),
        ("empty", Vec::new(), &stranger),
        ("no backup", b"id,title,body\n".to_vec(), &stranger),
        ("packed text", packed(&b"id,title,body\n".repeat(500)), &stranger),
        ("nothing packed", packed(b""), &stranger),
    ];
    for (what, bytes, says) in cases {
        fs::write(place.backup_file(), bytes).unwrap();
        let error = place.restore(Replace::SetAside).await.unwrap_err();
        assert!(says(&error), "{what}: {error:?}");
        assert!(error.to_string().contains("backup.zst"), "{error}");
        assert_eq!(everything(place.app.data()), before, "{what}");
    }
    fs::remove_file(place.backup_file()).unwrap();
    assert!(place.restore(Replace::SetAside).await.unwrap_err().to_string().contains("backup.zst"));
}

#[tokio::test]
async fn a_backup_of_a_newer_version_is_refused() {
    let place = Place::new();
    let mut newer =
        place.app.store().await.unwrap().copy_to(&place.folder.path().join("n.db")).await.unwrap();
    newer.pretend_newer().await;
    newer.close().await.unwrap();
    let bytes = fs::read(place.folder.path().join("n.db")).unwrap();
    fs::write(place.backup_file(), zstd::encode_all(&bytes[..], 1).unwrap()).unwrap();
    let place = place.stopped().await;
    let error = place.restore(Replace::SetAside).await.unwrap_err();
    assert!(matches!(&error, AppError::Store(StoreError::Newer { found: 9999, .. })), "{error:?}");
    assert!(error.to_string().contains("backup.zst"), "{error}");
}

#[tokio::test]
async fn a_damaged_database_can_be_replaced() {
    let place = Place::new();
    place.app.store().await.unwrap().save(vec![said("c", 1)]).await.unwrap();
    place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap();
    let place = place.stopped().await;
    let database = place.app.data().join(SqliteStore::FILE);
    fs::write(&database, "no database at all".repeat(100)).unwrap();
    fs::write(place.app.data().join("yunzhu.db-wal"), "a journal of another time").unwrap();
    let aside = place.restore(Replace::SetAside).await.unwrap().aside.unwrap();
    assert_eq!(place.app.store().await.unwrap().turns(&id("c")).await.unwrap().len(), 1);
    // Twice in one second.
    let place = place.stopped().await;
    let again = place.restore(Replace::SetAside).await.unwrap().aside.unwrap();
    assert_ne!(aside, again);
}

#[tokio::test]
async fn a_backup_replaces_only_a_backup() {
    let place = Place::new();
    let nothing = place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap_err();
    assert!(matches!(nothing, AppError::Backup(BackupError::Nothing(_))), "{nothing:?}");
    assert!(!place.app.data().exists(), "looking makes nothing");
    place.app.store().await.unwrap().save(vec![said("c", 1)]).await.unwrap();
    fs::write(place.backup_file(), "a letter").unwrap();
    let error = place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap_err();
    assert!(matches!(error, AppError::Backup(BackupError::Occupied(_))), "{error:?}");
    assert_eq!(fs::read_to_string(place.backup_file()).unwrap(), "a letter");
    fs::remove_file(place.backup_file()).unwrap();
    for _ in 0..2 {
        place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap();
    }
    let nowhere = place.folder.path().join("no/such/folder/b.zst");
    let error = place.app.backup(&nowhere, &mut |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_a_backup() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.app.store().await.unwrap().save(vec![said("c", 1)]).await.unwrap();
    place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap();
    let mode = fs::metadata(place.backup_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn an_audit_log_is_verified_against_what_was_noted() {
    let place = Place::new();
    let store = place.app.store().await.unwrap();
    store.save((1..=3).map(|number| said("c", number)).collect()).await.unwrap();
    let noted = place.app.verify_audit(None).await.unwrap().unwrap();
    store.save(vec![said("c", 4)]).await.unwrap();
    assert_eq!(place.app.verify_audit(Some(noted)).await.unwrap().unwrap().count, 4);
    let mut other = noted;
    other.hash[0] ^= 1;
    assert_eq!(place.app.verify_audit(Some(other)).await.unwrap().unwrap_err().number, 3);
    other.count = 9;
    assert_eq!(place.app.verify_audit(Some(other)).await.unwrap().unwrap_err().number, 5);
}

#[tokio::test]
async fn attachments_that_no_database_knows_are_kept_too() {
    let place = Place::new();
    place.app.store().await.unwrap().save(vec![said("c", 1)]).await.unwrap();
    attach(&place.app, "f1", Some(b"png")).await;
    place.app.backup(&place.backup_file(), &mut |_| {}).await.unwrap();
    let place = place.stopped().await;
    fs::remove_file(place.app.data().join(SqliteStore::FILE)).unwrap();
    fs::write(place.app.data().join("attachments/f1"), "other").unwrap();
    let aside = place.restore(Replace::Refuse).await.unwrap().aside.unwrap();
    assert_eq!(fs::read(place.app.data().join("attachments/f1")).unwrap(), b"png");
    assert_eq!(fs::read(aside.join("attachments/f1")).unwrap(), b"other");
}
