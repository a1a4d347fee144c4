//! How fast text is cut into terms.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use yunzhu::analyzer::Analyzer;

mod generated;
mod material;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("analyzer");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    let words = material::words();
    group.bench_function("open", |bench| bench.iter(|| Analyzer::new(words.clone())));
    let analyzer = Analyzer::new(words.clone());
    for material in material::materials(2_000) {
        let texts: Vec<String> = material.cases.into_iter().take(2_000).map(|case| case.body).collect();
        group.throughput(Throughput::Bytes(texts.iter().map(|text| text.len() as u64).sum()));
        group.bench_function(format!("cut/{}", material.name), |bench| {
            bench.iter(|| texts.iter().map(|text| count(&analyzer, text)).sum::<usize>());
        });
    }
    group.finish();
    criterion.final_summary();
}

fn count(analyzer: &Analyzer, text: &str) -> usize {
    let mut terms = 0;
    analyzer.terms(text, &mut |term| {
        black_box(term);
        terms += 1;
    });
    terms
}
