//! The process is killed in the middle of a sync: only whole batches are there, and the next sync completes it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::SqliteStore;
use crate::kb::case::Case;
use crate::store::Store;
use crate::store::battery::{case, day, source};
use crate::store::change::Seq;
use crate::store::source::{Removal, RunState};

const BATCH: usize = 100;
const CASES: usize = 12 * BATCH;
const FOLDER: &str = "YUNZHU_TEST_KILLED_SYNC_IN";

/// What the source has in its first or second version; the second begins and ends one batch later.
fn cases(version: usize) -> impl Iterator<Item = Case> {
    let first = (version - 1) * BATCH;
    (first..first + CASES).map(move |n| case(&format!("c{n}"), &format!("第{version}版 {n} ").repeat(100)))
}

async fn sync(store: &SqliteStore, version: usize, after_batch: impl Fn(usize)) -> u64 {
    let run = store.begin_sync(&source("kb"), day(version as u64)).await.unwrap();
    let all: Vec<_> = cases(version).collect();
    for (number, batch) in all.chunks(BATCH).enumerate() {
        store.put(&run, batch.to_vec()).await.unwrap();
        after_batch(number);
    }
    store.finish_sync(run, Removal::Gone).await.unwrap()
}

/// Not a test of its own: the process that gets killed.
#[tokio::test]
async fn child() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let store = SqliteStore::open(Path::new(&folder)).await.unwrap();
        sync(&store, 2, |number| eprintln!("\nbatch {number}")).await;
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

/// Waits until the child has saved that batch, lets it go on until its journal grows where `in_commit`, and kills it.
fn kill_after(mut child: Child, batch: usize, in_commit: Option<&Path>) {
    let wanted = format!("batch {batch}");
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == wanted), "the child ended too soon");
    if let Some(journal) = in_commit {
        let size = || std::fs::metadata(journal).map(|file| (file.len(), file.modified().ok())).ok();
        let before = size();
        while size() == before {
            assert!(child.try_wait().unwrap().is_none(), "the child ended too soon");
        }
    }
    child.kill().unwrap(); // SIGKILL
    assert!(!child.wait().unwrap().success());
}

#[tokio::test]
async fn a_killed_sync_leaves_whole_batches_and_the_next_completes_it() {
    for (batch, in_commit) in [(0, false), (0, true), (3, false), (4, true), (6, true), (7, false)] {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(folder.path()).await.unwrap();
        sync(&store, 1, |_| {}).await;
        store.close().await;

        let journal = folder.path().join(format!("{}-wal", SqliteStore::FILE));
        kill_after(spawn_child(folder.path()), batch, in_commit.then_some(&journal));

        let store = SqliteStore::open(folder.path()).await.unwrap();
        check_whole(&store, batch + 1).await;
        let removed = sync(&store, 2, |_| {}).await;
        assert_eq!(removed, BATCH as u64);
        check_complete(&store).await;
    }
}

/// Every case is one of its versions, and the second one came in whole batches, at least `batches`.
async fn check_whole(store: &SqliteStore, batches: usize) {
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&store.readers).await.unwrap();
    assert_eq!(sound, "ok");
    assert_eq!(store.sources().await.unwrap()[0].state, RunState::Running);
    let (first, second): (Vec<_>, Vec<_>) = (cases(1).collect(), cases(2).collect());
    let mut new = 0;
    for change in store.changes_after(Seq::START, usize::MAX).await.unwrap() {
        let case = change.case.unwrap();
        match second.contains(&case) {
            true => new += 1,
            false => assert!(first.contains(&case), "{} is neither version", case.id),
        }
    }
    assert_eq!(new % BATCH, 0);
    assert!(new >= batches * BATCH, "{new} cases after {batches} batches");
}

async fn check_complete(store: &SqliteStore) {
    let mut there: Vec<_> = store
        .changes_after(Seq::START, usize::MAX)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|c| c.case)
        .collect();
    there.sort_by_key(|case| case.id.as_str()[1..].parse::<usize>().unwrap());
    assert_eq!(there, cases(2).collect::<Vec<_>>());
    assert_eq!(store.sources().await.unwrap()[0].state, RunState::Complete);
    for (n, old) in cases(1).enumerate().step_by(97) {
        let kept = store.revisions(&old.id).await.unwrap();
        assert_eq!((kept.len(), &kept[0].case), (1, &old), "version 1 of c{n}, once");
    }
}
