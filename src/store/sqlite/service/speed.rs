//! How fast saving is and how large idle conversations are, for a person to read:
//! `cargo test --release --lib speed_ -- --ignored --nocapture --test-threads 1`.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::store::battery::service::{cid, conversation, line, turn};
use crate::store::service::{ConversationRow, MessageRow, Save, ServiceStore, TurnRow};
use crate::store::sqlite::SqliteStore;

const BATCH: usize = 64;
const IDLE: usize = 200_000;

/// Chinese JSON of about so many bytes.
fn json(bytes: usize) -> String {
    format!("{{\"text\": \"{}\", \"turn\": 3}}", "云服务器无法远程连接,".repeat(bytes / 31))
}

fn begun(talk: usize) -> Save {
    let row = ConversationRow {
        token_hash: vec![7; 32],
        wake_at: Some(1_000_000 + talk as i64),
        body: json(300),
        ..conversation(&format!("c-{talk:020}"))
    };
    Save {
        conversation: Some(row),
        messages: vec![MessageRow { body: json(250), ..line(1) }],
        ..Save::default()
    }
}

/// A turn with a question and one or two lines of an answer.
fn answered(talk: usize, number: u32, now: i64) -> Save {
    let row = ConversationRow {
        token_hash: vec![7; 32],
        state: if number.is_multiple_of(2) { "answered" } else { "idle" }.to_owned(),
        updated_at: now,
        wake_at: Some(now + 1_800_000),
        body: json(700),
        ..conversation(&format!("c-{talk:020}"))
    };
    let lines = 2 + u64::from(number % 2);
    Save {
        conversation: Some(row),
        turn: Some(TurnRow {
            client_message_id: Some(format!("0192-{number:030}")),
            event: json(300),
            response: json(1_500),
            ..turn(number)
        }),
        messages: (0..lines)
            .map(|k| {
                let seq = 2 + u64::from(number) * 3 + k;
                MessageRow { body: json(450), sealed: (k == 0).then(|| vec![5; 80]), ..line(seq) }
            })
            .collect(),
        ..Save::default()
    }
}

async fn saves_a_second(store: &SqliteStore, what: &str, talk_of: impl Fn(usize) -> usize) {
    let mut turns = std::collections::HashMap::<usize, u32>::new();
    let (began, mut saved, mut batches, mut slowest) = (Instant::now(), 0, 0, Duration::ZERO);
    while began.elapsed() < Duration::from_secs(4) {
        let batch = (0..BATCH).map(|k| {
            let talk = talk_of(saved + k);
            let number = turns.entry(talk).and_modify(|number| *number += 1).or_insert(1);
            answered(talk, *number, 2_000_000 + (saved + k) as i64)
        });
        let batch: Vec<_> = batch.collect();
        let one = Instant::now();
        store.save(batch).await.unwrap();
        slowest = slowest.max(one.elapsed());
        (saved, batches) = (saved + BATCH, batches + 1);
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = saved as f64 / seconds;
    let each = seconds / f64::from(batches) * 1e3;
    println!("{what}: {rate:.0} saves/s, {each:.2} ms a batch of {BATCH}, the slowest {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half a minute and asserts nothing"]
async fn speed_of_talking() {
    let folder = TempDir::new_in(std::env::current_dir().unwrap()).unwrap();
    let store = SqliteStore::open(folder.path()).await.unwrap();
    saves_a_second(&store, "64 conversations that are talking", |n| 1_000_000 + n % 64).await;
    saves_a_second(&store, "2,000 conversations that are talking", |n| 2_000_000 + n % 2_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half a minute and asserts nothing"]
async fn speed_among_idle_ones() {
    let folder = TempDir::new_in(std::env::current_dir().unwrap()).unwrap();
    let store = SqliteStore::open(folder.path()).await.unwrap();
    let began = Instant::now();
    for first in (0..IDLE).step_by(1_000) {
        store.save((first..first + 1_000).map(begun).collect()).await.unwrap();
    }
    println!("{IDLE} conversations begun in {:?}", began.elapsed());
    let (store, file) = (reopened(store, folder.path()).await, folder.path().join(SqliteStore::FILE));
    let size = std::fs::metadata(file).unwrap().len();
    println!("{} bytes on disk for each idle conversation", size / IDLE as u64);
    saves_a_second(&store, "at random among 200,000", |n| (n * 7_919 + n / 64 * 104_729) % IDLE).await;
    let began = Instant::now();
    let counts = store.counts().await.unwrap();
    println!("counts in {:?}: {counts:?}", began.elapsed());
    let began = Instant::now();
    store.messages(&cid(&format!("c-{:020}", 7_919)), 0, 100).await.unwrap();
    println!("a transcript in {:?}", began.elapsed());
}

async fn reopened(store: SqliteStore, folder: &std::path::Path) -> SqliteStore {
    store.close().await;
    SqliteStore::open(folder).await.unwrap()
}
