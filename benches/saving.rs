//! How fast turns are saved and how large idle conversations are, for a person to read: `cargo bench --bench saving`.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use yunzhu::id::ConversationId;
use yunzhu::store::service::{ConversationRow, MessageRow, Save, ServiceStore, TurnRow};
use yunzhu::store::sqlite::SqliteStore;

const BATCH: usize = 64;
const IDLE: usize = 200_000;

/// Chinese JSON of about so many bytes.
fn json(bytes: usize) -> String {
    format!("{{\"text\": \"{}\", \"turn\": 3}}", "云服务器无法远程连接,".repeat(bytes / 31))
}

fn conversation(talk: usize, updated_at: i64, wake_at: i64, bytes: usize) -> ConversationRow {
    ConversationRow {
        id: id_of(talk),
        user_id: None,
        channel: "widget".to_owned(),
        state: if talk.is_multiple_of(2) { "answered" } else { "idle" }.to_owned(),
        token_hash: vec![7; 32],
        created_at: 1_000,
        updated_at,
        wake_at: Some(wake_at),
        body: json(bytes),
    }
}

fn id_of(talk: usize) -> ConversationId {
    ConversationId::parse(&format!("c-{talk:020}")).expect("an id")
}

fn line(seq: u64, bytes: usize, sealed: bool) -> MessageRow {
    MessageRow { seq, body: json(bytes), sealed: sealed.then(|| vec![5; 80]), at: 2_000 }
}

fn begun(talk: usize) -> Save {
    let conversation = conversation(talk, 1_000, 1_000_000 + talk as i64, 300);
    Save { conversation: Some(conversation), messages: vec![line(1, 250, false)], ..Save::default() }
}

/// A turn with a question and one or two lines of an answer.
fn answered(talk: usize, number: u32, now: i64) -> Save {
    let lines = 2 + u64::from(number % 2);
    let turn = TurnRow {
        number,
        client_message_id: Some(format!("0192-{number:030}")),
        event: json(300),
        response: json(1_500),
        at: now,
    };
    let first = 2 + u64::from(number) * 3;
    Save {
        conversation: Some(conversation(talk, now, now + 1_800_000, 700)),
        turn: Some(turn),
        messages: (0..lines).map(|k| line(first + k, 450, k == 0)).collect(),
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
        store.save(batch).await.expect("saved");
        slowest = slowest.max(one.elapsed());
        (saved, batches) = (saved + BATCH, batches + 1);
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = saved as f64 / seconds;
    let each = seconds / f64::from(batches) * 1e3;
    println!("{what}: {rate:.0} saves/s, {each:.2} ms a batch of {BATCH}, the slowest {slowest:?}");
}

async fn among_those_that_talk() {
    let folder = TempDir::new_in(".").expect("a folder");
    let store = SqliteStore::open(folder.path()).await.expect("a store");
    saves_a_second(&store, "64 conversations that are talking", |n| 1_000_000 + n % 64).await;
    saves_a_second(&store, "2,000 conversations that are talking", |n| 2_000_000 + n % 2_000).await;
}

async fn among_idle_ones() {
    let folder = TempDir::new_in(".").expect("a folder");
    let store = SqliteStore::open(folder.path()).await.expect("a store");
    let began = Instant::now();
    for first in (0..IDLE).step_by(1_000) {
        store.save((first..first + 1_000).map(begun).collect()).await.expect("saved");
    }
    println!("{IDLE} conversations begun in {:?}", began.elapsed());
    let (store, file) = (reopened(store, folder.path()).await, folder.path().join(SqliteStore::FILE));
    let size = std::fs::metadata(file).expect("the file").len();
    println!("{} bytes on disk for each idle conversation", size / IDLE as u64);
    saves_a_second(&store, "at random among 200,000", |n| (n * 7_919 + n / 64 * 104_729) % IDLE).await;
    let began = Instant::now();
    let counts = store.counts().await.expect("counts");
    println!("counts in {:?}: {counts:?}", began.elapsed());
    let began = Instant::now();
    store.messages(&id_of(7_919), 0, 100).await.expect("a transcript");
    println!("a transcript in {:?}", began.elapsed());
}

async fn reopened(store: SqliteStore, folder: &std::path::Path) -> SqliteStore {
    store.close().await;
    SqliteStore::open(folder).await.expect("a store")
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    // `cargo test --benches` only wants to know that it can be built.
    if std::env::args().any(|argument| argument == "--bench") {
        among_those_that_talk().await;
        among_idle_ones().await;
    }
}
