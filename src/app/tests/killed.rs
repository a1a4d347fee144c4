//! The process is killed while it imports and while it rebuilds: a rerun completes it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use super::{Place, Rebuild, app, lines};
use crate::app::{Event, Stage};

const FOLDER: &str = "YUNZHU_TEST_KILLED_IMPORT_IN";
const CASES: usize = 4000;

/// Not a test of its own: the process that gets killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let app = app(Path::new(&folder));
    let mut tell = |event| match event {
        Event::Progress { what: Stage::Reading, .. } => eprintln!("\nreading"),
        Event::Progress { what: Stage::Indexing, done, .. } if done > 500 => eprintln!("\nindexing"),
        Event::Message(_) => eprintln!("\nmessage"),
        _ => {}
    };
    let paths = [Path::new(&folder).join("cases.jsonl")];
    app.import(&paths, SystemTime::UNIX_EPOCH, &mut tell).await.unwrap();
    app.update_index(Rebuild::Always, &mut tell).await.unwrap();
    eprintln!("\ndone");
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

/// Kills the child when it has said `word` for the `time`th time.
fn kill_at(mut child: Child, word: &str, time: usize) {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = lines.map(|line| line.unwrap()).take_while(|line| line != "done").filter(|line| line == word);
    assert_eq!(said.take(time).count(), time, "the child ended too soon");
    child.kill().unwrap(); // SIGKILL
    assert!(!child.wait().unwrap().success());
}

#[tokio::test]
async fn a_killed_import_or_rebuild_is_completed_by_the_next() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..CASES));
    let moments = [("reading", 1), ("reading", 2), ("message", 1), ("indexing", 1), ("message", 2)];
    for (word, time) in moments {
        kill_at(spawn_child(place.folder.path()), word, time);
        place = place.again();
        // Whatever was reached is whole: there is no index, or one that can be used.
        if let Ok(engine) = place.app.engine_as_is() {
            assert_eq!(engine.cases(), CASES as u64);
        }
    }
    let done = place.import(&file).await;
    assert_eq!((done.added + done.unchanged, done.changed, done.removed), (CASES as u64, 0, 0));
    assert_eq!(done.indexed.cases, CASES as u64);
    assert!(place.body("c3999").is_some());
}
