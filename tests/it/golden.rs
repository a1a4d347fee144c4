use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;
use yunzhu::analyzer::normalize::fold;
use yunzhu::app::{App, Event, Folders};
use yunzhu::eval::figures::Figures;
use yunzhu::eval::questions::{Labelled, read};
use yunzhu::eval::{DEPTH, measure};
use yunzhu::hit::Decision;
use yunzhu::retrieval::search::Engine;

/// One table of `tests/questions/floors.toml`: shares that must be reached.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    hit_at_1: f64,
    hit_at_3: f64,
    hit_at_10: f64,
    coverage: f64,
    precision: f64,
    refusals: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Floors {
    shipped: Floor,
    corpus: Floor,
}

#[test]
fn the_shipped_knowledge_base_holds_its_floor() {
    let home = tempfile::tempdir().unwrap();
    let engine = engine(home.path(), &project("kb"), &[]);
    let questions = labelled(&project("tests/questions/shipped.jsonl"));
    assert!(questions.iter().filter(|q| !q.gold.is_empty()).count() >= 120);
    for kind in ["out_of_domain", "near_domain", "vague"] {
        assert!(questions.iter().any(|q| q.gold.is_empty() && q.kind.as_deref() == Some(kind)), "{kind}");
    }
    show_misses(&engine, &questions);
    hold("shipped", &floors().shipped, &measure(&engine, &questions, &mut |_| {}).unwrap());
}

#[test]
fn the_questions_are_not_taken_from_the_cases() {
    let home = tempfile::tempdir().unwrap();
    let engine = engine(home.path(), &project("kb"), &[]);
    let bare = |text: &str| fold(text).chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
    for question in labelled(&project("tests/questions/shipped.jsonl")) {
        for gold in &question.gold {
            let case = engine.case(gold).unwrap().unwrap_or_else(|| panic!("there is no case {gold}"));
            let listed = case.questions.iter().chain([&case.title]);
            for way in listed {
                assert_ne!(bare(way), bare(&question.query), "{gold} lists this question");
            }
        }
    }
}

/// The large corpus is no part of the project and takes minutes, so it is measured where it is there and asked for.
#[test]
fn the_large_corpus_holds_its_floor() {
    let cases = Path::new("../shared/corpus/cases.jsonl.zst");
    let questions = Path::new("../shared/eval/questions_dev.jsonl");
    let why = if std::env::var("YUNZHU_CORPUS").as_deref() != Ok("1") {
        Some("YUNZHU_CORPUS=1 is not set".to_owned())
    } else {
        [cases, questions].iter().find(|path| !path.exists()).map(|path| format!("no {}", path.display()))
    };
    if let Some(why) = why {
        tell(&format!("the measurement on the large corpus is left out: {why}"));
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let engine = engine(home.path(), &project("kb"), &[cases.to_owned()]);
    assert!(engine.cases() > 100_000, "{} cases", engine.cases());
    let figures = measure(&engine, &labelled(questions), &mut |_| {}).unwrap();
    hold("corpus", &floors().corpus, &figures);
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn floors() -> Floors {
    toml::from_str(&fs::read_to_string(project("tests/questions/floors.toml")).unwrap()).unwrap()
}

fn labelled(file: &Path) -> Vec<Labelled> {
    let questions = read(file).unwrap();
    assert!(questions.bad.is_empty(), "{:?}", questions.bad);
    questions.good
}

/// The engine over a knowledge base and imported files, indexed in `home`.
fn engine(home: &Path, kb: &Path, imported: &[PathBuf]) -> Engine {
    let folders = Folders { kb: kb.to_owned(), index: home.join("index"), data: home.join("data") };
    let app = App::new(folders);
    let mut watch = |event| match event {
        Event::Bad(bad) => panic!("{bad}"),
        Event::Progress { .. } | Event::Duplicate { .. } | Event::Message(_) => {}
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if !imported.is_empty() {
            app.import(imported, SystemTime::now(), &mut watch).await.unwrap();
        }
        app.engine(&mut watch).await.unwrap()
    })
}

/// Every reached share against its floor, all of them shown.
fn hold(name: &str, floor: &Floor, figures: &Figures) {
    assert_eq!(figures.unknown_gold, 0, "{name}: gold that is no case");
    let [first, three, ten, _] = figures.hit_at();
    let rows = [
        ("hit@1", first, Some(floor.hit_at_1)),
        ("hit@3", three, Some(floor.hit_at_3)),
        ("hit@10", ten, Some(floor.hit_at_10)),
        ("coverage", figures.coverage(), Some(floor.coverage)),
        ("precision", figures.precision(), Some(floor.precision)),
        ("refusals", figures.refusals(), floor.refusals),
    ];
    let mut below = Vec::new();
    for (share, measured, floor) in rows {
        let (Some(measured), Some(floor)) = (measured, floor) else { continue };
        tell(&format!("{name}: {share} {measured:.4}, floor {floor}"));
        if measured < floor {
            below.push(share);
        }
    }
    assert!(below.is_empty(), "{name}: below the floor: {below:?}");
}

/// What was answered directly and wrongly, for whoever works on it.
fn show_misses(engine: &Engine, questions: &[Labelled]) {
    for question in questions {
        let found = engine.search(&question.query, &question.context, DEPTH).unwrap();
        let first = found.hits.first().map(|hit| &hit.id);
        let right = first.is_some_and(|first| question.gold.contains(first));
        if found.decision == Decision::Answer && !right {
            let (gold, sure) = (&question.gold, found.confidence);
            println!("wrong answer: {} -> {first:?} at {sure:.2}, wanted {gold:?}", question.query);
        }
    }
}

/// Past the capture of the test harness, so that a figure and what was left out are always seen.
fn tell(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}
