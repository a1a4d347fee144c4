//! How fast one question is answered, on one thread: each question in turn, so that no cache knows it.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use yunzhu::analyzer::Analyzer;
use yunzhu::retrieval::search::{Context, Engine};

mod generated;
mod material;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("search");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Elements(1));
    let words = material::words();
    let analyzer = Analyzer::new(words.clone());
    let (asked, context) = (generated::questions(256), Context::default());
    for material in material::materials(usize::MAX) {
        // The words of generated questions are rare in real cases, so there titles are asked.
        let titles = material.cases.iter().step_by(material.cases.len() / 256).map(|case| case.title.clone());
        let questions = if material.name == "corpus" { titles.collect() } else { asked.clone() };
        let folder = tempfile::tempdir().expect("a temporary folder");
        material::index(folder.path(), &analyzer, material.cases);
        let engine = Engine::open(folder.path(), words.clone()).expect("it was made just now");
        let mut turn = questions.iter().cycle();
        group.bench_function(material.name, |bench| {
            bench.iter(|| engine.search(turn.next().map_or("", String::as_str), &context, 10));
        });
    }
    group.finish();
    criterion.final_summary();
}
