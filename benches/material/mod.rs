//! What the benches measure over: word files of the project, generated cases, and the large corpus where it is there.

// Each bench takes of it what it needs.
#![allow(dead_code)]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use yunzhu::analyzer::Analyzer;
use yunzhu::analyzer::words::{WordFiles, Words};
use yunzhu::index::writer::{Change, Writer};
use yunzhu::kb::case::Case;
use yunzhu::kb::read::{Record, read_path};

use crate::generated;

/// Cases under a name.
pub struct Material {
    /// What they are called in the figures.
    pub name: &'static str,
    /// The cases.
    pub cases: Vec<Case>,
}

/// Generated cases, 2,000 and 20,000, and the first `most` of the large corpus. Tried without measuring, as tests do,
/// only the smallest.
pub fn materials(most: usize) -> Vec<Material> {
    let mut materials = vec![Material { name: "generated-2000", cases: generated::cases(2_000) }];
    if !std::env::args().any(|argument| argument == "--bench") {
        eprintln!("not measuring: only the 2,000 generated cases are tried");
        return materials;
    }
    materials.push(Material { name: "generated-20000", cases: generated::cases(20_000) });
    match corpus(most) {
        Some(cases) => materials.push(Material { name: "corpus", cases }),
        None => eprintln!("the large corpus is left out: there is no {CORPUS}"),
    }
    materials
}

/// Relative to the project, where cargo starts benches.
const CORPUS: &str = "../shared/corpus/cases.jsonl.zst";

fn corpus(most: usize) -> Option<Vec<Case>> {
    let path = Path::new(CORPUS);
    let mut cases = Vec::new();
    let mut sink = |read: yunzhu::kb::read::Read| {
        if let Record::Case(case) = read.record {
            cases.push(*case);
        }
        if cases.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    path.exists().then(|| read_path(path, &mut sink).expect("the corpus can be read"))?;
    Some(cases)
}

/// The word files of the project.
pub fn words() -> Words {
    let text = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("kb/words").join(name);
        fs::read_to_string(path).expect("the project has its word files")
    };
    let (terms, synonyms) = (text("terms.txt"), text("synonyms.txt"));
    let (stop, products) = (text("stop.txt"), text("products.txt"));
    Words::parse(WordFiles { terms: &terms, synonyms: &synonyms, stop: &stop, products: &products })
}

/// Indexes cases into an empty folder, as a rebuild does.
pub fn index(folder: &Path, analyzer: &Analyzer, cases: Vec<Case>) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut writer = Writer::open(folder, "bench").expect("a temporary folder can be written");
    let mut changes = cases.into_iter().map(|case| Change::Put(Box::new(case)));
    writer.write(analyzer, &mut changes, threads, &|_| {}).expect("a temporary folder can be written");
    writer.commit(1).expect("a temporary folder can be written");
    writer.merge().expect("a temporary folder can be written");
}
