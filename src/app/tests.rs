//! The program over small folders, up to a killed process and a full disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{App, AppError, Event, Folders, Imported, Rebuild, Synced, Updated};
use crate::id::CaseId;
use crate::index::generation::Generations;
use crate::index::writer::{CARDS, IndexError};
use crate::message::Severity;
use crate::retrieval::search::Context;

mod backup;
mod disk;
mod killed;

/// The program over folders of its own, gone when dropped.
struct Place {
    folder: TempDir,
    app: App,
    events: Vec<Event>,
}

fn app(folder: &Path) -> App {
    let below = |name: &str| folder.join(name);
    App::new(Folders { kb: below("kb"), index: below("index"), data: below("data") })
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { app: app(folder.path()), folder, events: Vec::new() }
    }

    /// As a new process would find it.
    fn again(self) -> Self {
        Self { app: app(self.folder.path()), folder: self.folder, events: Vec::new() }
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    async fn try_import(&mut self, paths: &[PathBuf]) -> Result<Imported, AppError> {
        self.events.clear();
        self.app.import(paths, SystemTime::UNIX_EPOCH, &mut |event| self.events.push(event)).await
    }

    async fn import(&mut self, path: &Path) -> Imported {
        self.try_import(&[path.to_owned()]).await.unwrap()
    }

    async fn sync_kb(&mut self) -> Synced {
        self.events.clear();
        self.app.sync_kb(SystemTime::UNIX_EPOCH, &mut |event| self.events.push(event)).await.unwrap()
    }

    async fn update(&mut self, rebuild: Rebuild) -> Updated {
        self.events.clear();
        self.app.update_index(rebuild, &mut |event| self.events.push(event)).await.unwrap()
    }

    fn body(&self, id: &str) -> Option<String> {
        let engine = self.app.engine_as_is().unwrap();
        engine.case(&CaseId::parse(id).unwrap()).unwrap().map(|case| case.body)
    }

    /// What was said in words, progress left out.
    fn said(&self) -> Vec<String> {
        let said = self.events.iter().filter_map(|event| match event {
            Event::Progress { .. } => None,
            Event::Bad(bad) => Some(bad.to_string()),
            Event::Duplicate { id, of, kind, .. } => Some(format!("{id} {kind:?} {of}")),
            Event::Message(text) => Some(text.clone()),
        });
        let folder = format!("{}/", self.folder.path().display());
        said.map(|line| line.replace(&folder, "")).collect()
    }

    fn generation(&self) -> PathBuf {
        Generations::new(&self.app.folders().index).current().unwrap().unwrap()
    }
}

fn line(id: usize, body: &str) -> String {
    format!(
        "{{\"id\": \"c{id}\", \"title\": \"第{id}个问题怎么办\", \"body\": \"{body}\", \"product\": \"p{}\"}}\n",
        id % 7
    )
}

fn lines(ids: impl Iterator<Item = usize>) -> String {
    ids.map(|id| line(id, &format!("重启第{id}台云服务器, 再看日志 E{id}"))).collect()
}

#[tokio::test]
async fn an_import_is_found_and_a_second_one_changes_nothing() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..40));
    let first = place.import(&file).await;
    assert_eq!((first.added, first.bad, first.indexed.changed, first.indexed.cases), (40, 0, 40, 40));
    assert_eq!(first.indexed.rebuilt.as_deref(), Some("there is none yet"));
    let engine = place.app.engine_as_is().unwrap();
    let found = engine.search("第17个问题怎么办 E17", &Context::default(), 3).unwrap();
    assert_eq!(found.hits[0].id.as_str(), "c17");

    let second = place.import(&file).await;
    assert_eq!((second.added, second.changed, second.unchanged), (0, 0, 40));
    assert_eq!(second.indexed, Updated { changed: 0, cases: 40, rebuilt: None });
}

#[tokio::test]
async fn what_changed_in_a_file_is_followed() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..40));
    place.import(&file).await;
    let before = place.app.engine_as_is().unwrap();

    place.write("cases.jsonl", &(lines(0..3) + &line(3, "新的回答") + &lines(4..38) + &lines(50..51)));
    let done = place.import(&file).await;
    assert_eq!((done.added, done.changed, done.unchanged, done.removed), (1, 1, 37, 2));
    assert_eq!(done.indexed, Updated { changed: 4, cases: 39, rebuilt: None });
    assert_eq!(place.body("c3").unwrap(), "新的回答");
    assert!(place.body("c50").is_some());
    assert_eq!(place.body("c39"), None);
    assert_eq!(before.cases(), 40, "what was open stays as it was");
    assert!(before.case(&CaseId::parse("c39").unwrap()).unwrap().is_some());
}

#[tokio::test]
async fn many_changes_rebuild_the_index_and_open_readers_keep_theirs() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..20));
    place.import(&file).await;
    let (old, before) = (place.generation(), place.app.engine_as_is().unwrap());
    place.write("cases.jsonl", &lines(10..30));
    let done = place.import(&file).await;
    assert_eq!(done.indexed.rebuilt.as_deref(), Some("20 changes are many for 20 cases"));
    assert_eq!(done.indexed.cases, 20);
    assert!(!old.exists() && place.generation() != old);
    let found = before.search("第3个问题怎么办 E3", &Context::default(), 3).unwrap();
    assert_eq!(found.hits[0].id.as_str(), "c3");
}

#[tokio::test]
async fn bad_records_are_told_and_the_rest_is_kept() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..5));
    place.import(&file).await;
    let twice = line(1, "又一个");
    place.write(
        "cases.jsonl",
        &(lines(1..2) + "{\"title\": \n" + &twice + "{\"title\": \"空\"}\n" + &lines(7..8)),
    );
    let done = place.import(&file).await;
    assert_eq!((done.added, done.unchanged, done.removed, done.bad, done.repeated), (1, 1, 0, 2, 1));
    assert!(done.kept_because_of_bad);
    assert_eq!(done.indexed.cases, 6);
    let said = place.said();
    assert!(said[0].starts_with("cases.jsonl:2: "), "{said:?}");
    assert_eq!(said[1], "cases.jsonl:3: the id c1 was used before, at cases.jsonl:1; the first one counts");
    assert!(said[2].starts_with("cases.jsonl:4: "), "{said:?}");

    place.write("cases.jsonl", &lines(1..2));
    let done = place.import(&file).await;
    assert_eq!((done.removed, done.kept_because_of_bad, done.indexed.cases), (5, false, 1));
}

#[tokio::test]
async fn a_file_that_moved_takes_its_cases_along() {
    let mut place = Place::new();
    let (old, new) = (place.write("old/c.jsonl", &lines(0..5)), place.write("new/c.jsonl", &lines(0..5)));
    place.import(&old).await;
    let done = place.import(&new).await;
    assert_eq!((done.moved, done.indexed.changed), (5, 0));
    place.write("old/c.jsonl", "");
    assert_eq!((place.import(&old).await.removed, place.body("c0").is_some()), (0, true));
    // The same ids in two files of one import: the first file has them, every time.
    for moved in [5, 0] {
        place.write("old/c.jsonl", &lines(0..5));
        let done = place.try_import(&[old.clone(), new.clone()]).await.unwrap();
        assert_eq!((done.moved, done.repeated, done.indexed.changed), (moved, 5, 0));
    }
}

#[tokio::test]
async fn duplicates_are_told_and_kept() {
    let mut place = Place::new();
    let a = r#"{"id": "a", "title": "雲伺服器 ＥＣＳ 连不上", "body": "看安全组"}"#;
    let b = r#"{"id": "b", "title": "云伺服器 ecs 连不上。", "body": "看安全组！"}"#;
    let (one, two) = (place.write("one.jsonl", a), place.write("two.jsonl", b));
    let done = place.try_import(&[one, two]).await.unwrap();
    assert_eq!((done.added, done.exact_duplicates, done.indexed.cases), (2, 1, 2));
    assert!(place.said().contains(&"b Exact a".to_owned()), "{:?}", place.said());
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_with_its_name_and_leaves_nothing() {
    let mut place = Place::new();
    let good = place.write("good.jsonl", &lines(0..2));
    let odd = place.write("notes.docx", "x");
    let missing = place.folder.path().join("missing.jsonl");
    let error = place.try_import(&[good.clone(), missing]).await.unwrap_err().to_string();
    assert!(error.contains("missing.jsonl does not exist"), "{error}");
    let error = place.try_import(std::slice::from_ref(&odd)).await.unwrap_err().to_string();
    assert!(error.contains("notes.docx is of no known kind"), "{error}");
    assert!(matches!(place.app.engine_as_is(), Err(AppError::NoIndex(_))));

    let done = place.try_import(&[odd, good]).await.unwrap();
    assert_eq!((done.added, done.bad, done.kept_because_of_bad), (2, 1, false));
    assert!(place.said()[0].starts_with("notes.docx: is of no known kind"), "{:?}", place.said());
}

#[tokio::test]
async fn a_file_that_breaks_off_gives_what_came_before() {
    let mut place = Place::new();
    let file = place.folder.path().join("cases.jsonl.zst");
    let whole = zstd::encode_all(lines(0..5000).as_bytes(), 3).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let done = place.import(&file).await;
    assert!(done.added > 0 && done.added < 5000 && done.kept_because_of_bad, "{done:?}");
    assert_eq!((done.bad, done.indexed.cases), (1, done.added));
    assert!(place.said().iter().any(|line| line.contains("cut off or damaged")), "{:?}", place.said());
}

const TOPIC: &str = "# 磁盘\n\n## 磁盘满了 {#full}\n问法:\n- 没有空间了\n\n删掉旧日志。\n\n## 扩容 {#grow}\n\n在控制台扩容。\n";

#[tokio::test]
async fn the_knowledge_base_is_synced_by_content() {
    let mut place = Place::new();
    assert_eq!(place.sync_kb().await, Synced { as_before: true, ..Synced::default() });
    place.write("kb/storage/disk.md", TOPIC);
    assert_eq!(place.sync_kb().await, Synced { added: 2, ..Synced::default() });
    let mut place = place.again();
    assert!(place.sync_kb().await.as_before);
    place.write("kb/words/stop.txt", "的\n");
    place.write("kb/README.md", "# 说明");
    assert!(place.sync_kb().await.as_before, "neither is a topic");

    place.write("kb/storage/disk.md", &TOPIC.replace("旧日志", "临时文件").replace("## 扩容 {#grow}", "###"));
    let done = place.sync_kb().await;
    assert_eq!((done.changed, done.removed), (1, 1));
    let engine = place.app.engine(&mut |_| {}).await.unwrap();
    assert_eq!(engine.cases(), 1);

    fs::remove_dir_all(place.folder.path().join("kb")).unwrap();
    assert!(place.sync_kb().await.as_before);
    assert!(place.said()[0].contains("the 1 cases of the knowledge base stay"), "{:?}", place.said());
}

#[tokio::test]
async fn bad_topics_are_told_at_every_sync_until_they_are_mended() {
    let mut place = Place::new();
    place.write("kb/storage/disk.md", TOPIC);
    fs::write(place.folder.path().join("kb/storage/odd.md"), b"\x81\x20\xff").unwrap();
    for _ in 0..2 {
        assert_eq!(place.sync_kb().await.bad, 1);
        assert!(place.said()[0].starts_with("kb/storage/odd.md: "), "{:?}", place.said());
    }
}

#[tokio::test]
async fn the_knowledge_base_comes_back_into_a_new_database() {
    let mut place = Place::new();
    place.write("kb/storage/disk.md", TOPIC);
    assert_eq!(place.app.engine(&mut |_| {}).await.unwrap().cases(), 2);
    for entry in fs::read_dir(place.folder.path().join("data")).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with("kb.synced") {
            fs::remove_file(path).unwrap();
        }
    }
    place = place.again();
    assert_eq!(place.sync_kb().await.added, 2);
    let why = place.update(Rebuild::IfNeeded).await.rebuilt.unwrap();
    assert_eq!(why, "the one there was made from another database");
}

#[tokio::test]
async fn words_that_cut_the_cases_rebuild_the_index_and_others_do_not() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..10));
    place.import(&file).await;
    place.write("kb/words/synonyms.txt", "云服务器 = ecs\nnonsense\n");
    place.write("kb/words/products.txt", "ecs\t云服务器\t云主机\n");
    assert_eq!(place.update(Rebuild::IfNeeded).await, Updated { changed: 0, cases: 10, rebuilt: None });
    assert!(place.said()[0].starts_with("kb/words/synonyms.txt:2: "), "{:?}", place.said());
    place.write("kb/words/terms.txt", "弹性公网\n");
    assert!(place.update(Rebuild::IfNeeded).await.rebuilt.unwrap().contains("terms.txt"));
    assert!(place.said().iter().any(|line| line.contains("the index is built from nothing: the words")));
    place.write("kb/words/terms.txt", "# 注释\n弹性公网\n");
    assert_eq!(place.update(Rebuild::IfNeeded).await.rebuilt, None);
}

#[tokio::test]
async fn an_empty_store_has_an_index_too() {
    let mut place = Place::new();
    assert_eq!(place.app.engine(&mut |_| {}).await.unwrap().cases(), 0);
    assert_eq!(place.update(Rebuild::Always).await.rebuilt.as_deref(), Some("it was asked for"));
}

/// A way to break the index: its name, what it does to the generation, and what is said of it.
type Damage = (&'static str, fn(&Path), &'static str);

const DAMAGE: [Damage; 7] = [
    ("an unfinished generation", |g| fs::write(g.join("../CURRENT"), "g-999999\n").unwrap(), "g-999999"),
    ("nonsense in CURRENT", |g| fs::write(g.join("../CURRENT"), "\u{0}").unwrap(), "which is not there"),
    ("no meta.json", |g| fs::remove_file(g.join("meta.json")).unwrap(), "cannot be used"),
    ("half a meta.json", |g| cut(&g.join("meta.json")), "cannot be used"),
    ("cards cut short", |g| cut(&g.join(CARDS)), "cards.dat is missing or cut short"),
    ("a segment with other bytes", |g| flip(&segment_file(g)), "is damaged"),
    (
        "another version",
        |g| replace(&g.join("meta.json"), "\\\"version\\\":", "\\\"version\\\":9"),
        "it has version 9",
    ),
];

fn cut(path: &Path) {
    let length = fs::metadata(path).unwrap().len();
    fs::File::options().write(true).open(path).unwrap().set_len(length / 2).unwrap();
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[3] ^= 0xff;
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::remove_file(path).unwrap();
    fs::write(path, text.replace(from, to)).unwrap();
}

fn segment_file(generation: &Path) -> PathBuf {
    let files = fs::read_dir(generation).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|e| e == "store")).max().unwrap()
}

#[tokio::test]
async fn a_damaged_index_is_rebuilt_and_says_why() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..10));
    place.import(&file).await;
    for (name, damage, why) in DAMAGE {
        damage(&place.generation());
        let done = place.update(Rebuild::IfNeeded).await;
        assert!(done.rebuilt.as_ref().is_some_and(|said| said.contains(why)), "{name}: {done:?}");
        assert_eq!((done.cases, place.body("c9").is_some()), (10, true), "{name}");
        assert!(place.said()[0].contains(why), "{name}: {:?}", place.said());
    }
}

#[tokio::test]
async fn damage_that_only_opening_shows_is_mended_for_the_engine() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..10));
    place.import(&file).await;
    fs::remove_file(segment_file(&place.generation())).unwrap();
    assert!(place.app.engine_as_is().is_err());
    let mut said = Vec::new();
    assert_eq!(place.app.engine(&mut |event| said.push(event)).await.unwrap().cases(), 10);
    assert!(said.iter().any(|event| matches!(event, Event::Message(text) if text.contains("damaged"))));
}

#[tokio::test]
async fn writers_take_turns_and_readers_do_not_wait() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..10));
    place.import(&file).await;
    let lock = Generations::new(&place.app.folders().index).lock(Duration::ZERO).unwrap();
    let second = Generations::new(&place.app.folders().index).lock(Duration::from_millis(60));
    let said = second.unwrap_err();
    assert!(matches!(said, IndexError::Locked(_)) && said.to_string().contains("another process is writing"));
    assert!(place.body("c1").is_some());
    let leftover = lock.next().unwrap();
    fs::create_dir_all(&leftover).unwrap();
    drop(lock);

    let (one, two) = (app(place.folder.path()), app(place.folder.path()));
    let (mut hear, mut hear_too) = (|_| {}, |_| {});
    let (one, two) = tokio::join!(
        one.update_index(Rebuild::Always, &mut hear),
        two.update_index(Rebuild::Always, &mut hear_too)
    );
    assert_eq!((one.unwrap().cases, two.unwrap().cases), (10, 10));
    let generations = fs::read_dir(&place.app.folders().index).unwrap();
    let generations = generations.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!((generations, place.body("c1").is_some()), (1, true), "what crashed rebuilds left is gone");
}

#[tokio::test]
async fn a_future_that_is_dropped_leaves_everything_whole() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..400));
    for polls in [1, 3, 10, 30] {
        let paths = [file.clone()];
        let mut hear = |_| {};
        let import = place.app.import(&paths, SystemTime::UNIX_EPOCH, &mut hear);
        let limit = Duration::from_millis(polls * 5);
        // A time limit is what Ctrl-C amounts to: the future is dropped wherever it stands.
        let _ = tokio::time::timeout(limit, import).await;
    }
    place = place.again();
    assert_eq!(place.import(&file).await.indexed.cases, 400);
}

/// Edges spawn these on other threads.
#[test]
fn its_futures_can_be_sent() {
    fn sendable<T: Send>(_: T) {}
    let (place, mut hear) = (Place::new(), |_| {});
    sendable(place.app.import(&[], SystemTime::UNIX_EPOCH, &mut hear));
    sendable(place.app.engine(&mut hear));
}

#[tokio::test]
async fn the_words_of_outages_come_from_the_knowledge_base_where_it_has_them() {
    let place = Place::new();
    let severity = |text: &str| place.app.understander().unwrap().0.understand(text).severity;
    assert_eq!(severity("现在全站打不开"), Some(Severity::P0), "the shipped words");
    assert_ne!(severity("龙卷风来了"), Some(Severity::P0));
    place.write("kb/words/outage.txt", "龙卷风来了\n全站 +\n");
    assert_eq!(severity("龙卷风来了"), Some(Severity::P0));
    let (_, bad) = place.app.understander().unwrap();
    assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2]);
}
