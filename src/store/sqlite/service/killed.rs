//! The process is killed while it saves: every save that it said was done is there and whole, and no other is half there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::store::audit::verify;
use crate::store::battery::service::{cid, conversation, entry, leaving, line, said};
use crate::store::service::{Save, ServiceStore};
use crate::store::sqlite::SqliteStore;

const FOLDER: &str = "YUNZHU_TEST_KILLED_SAVE_IN";
const TALKS: u32 = 8;

/// Turn `number` of each conversation, as one batch.
fn batch(number: u32) -> Vec<Save> {
    let save = |talk: u32| {
        let id = format!("c{talk}");
        Save {
            outbox: vec![leaving(&format!("{id}/{number}"), 1)],
            audit: vec![entry("turn.saved", &id)],
            ..said(conversation(&id), number)
        }
    };
    (0..TALKS).map(save).collect()
}

/// Not a test of its own: the process that gets killed.
#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = SqliteStore::open(Path::new(&folder)).await.unwrap();
    let first = store.turns(&cid("c0")).await.unwrap().len() as u32 + 1;
    for number in first.. {
        store.save(batch(number)).await.unwrap();
        writeln!(std::io::stderr(), "\nsaved {number}").unwrap();
    }
}

fn spawn_child(folder: &Path) -> Child {
    let name = concat!(module_path!(), "::child").split_once("::").unwrap().1;
    Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lets it save some, then kills it at any moment. Returns the last that it said was saved.
fn kill_later(mut child: Child, after: Duration) -> u32 {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let number = |line: &str| line.strip_prefix("saved ").and_then(|number| number.parse::<u32>().ok());
    let mut last = lines.by_ref().find_map(|line| number(&line.unwrap())).expect("the child ended too soon");
    let began = Instant::now();
    let killer = std::thread::spawn(move || {
        std::thread::park_timeout(after.saturating_sub(began.elapsed()));
        child.kill().unwrap(); // SIGKILL
        assert!(!child.wait().unwrap().success());
    });
    // What it said before it died is in the pipe. The last line may be cut off: then it was not said.
    for line in lines.map_while(Result::ok) {
        last = number(&line).unwrap_or(last);
    }
    killer.join().unwrap();
    last
}

#[tokio::test]
async fn a_killed_process_has_saved_what_it_said() {
    let folder = TempDir::new().unwrap();
    let mut acknowledged = 0;
    for round in 0..6_u64 {
        // Odd, so that the moment falls anywhere in a commit.
        let last = kill_later(spawn_child(folder.path()), Duration::from_micros(1_000 + round * 3_717));
        assert!(last > acknowledged, "it went on after the last time");
        let store = SqliteStore::open(folder.path()).await.unwrap();
        acknowledged = check(&store, last).await;
        store.close().await;
    }
}

/// All turns to the last acknowledged one, or the one after that, are there and whole in every conversation.
async fn check(store: &SqliteStore, last: u32) -> u32 {
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&store.readers).await.unwrap();
    assert_eq!(sound, "ok");
    let there = store.turns(&cid("c0")).await.unwrap().len() as u32;
    assert!(there == last || there == last + 1, "{there} turns, {last} acknowledged");
    for talk in 0..TALKS {
        let id = cid(&format!("c{talk}"));
        let expected: Vec<_> =
            (1..=there).map(|number| said(conversation("x"), number).turn.unwrap()).collect();
        assert_eq!(store.turns(&id).await.unwrap(), expected);
        let lines = store.messages(&id, 0, u32::MAX).await.unwrap();
        assert_eq!(lines, (1..=u64::from(there) * 2).map(line).collect::<Vec<_>>());
    }
    assert_eq!(store.counts().await.unwrap().outbox, u64::from(there * TALKS));
    let log = store.audit(0, u32::MAX).await.unwrap();
    assert_eq!(verify(&log, &store.audit_head().await.unwrap()), Ok(u64::from(there * TALKS)));
    there
}
