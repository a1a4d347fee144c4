//! How fast a new index is made: cutting, writing, learning, committing and merging.

use std::time::Duration;

use criterion::{BatchSize, Criterion, SamplingMode, Throughput};
use yunzhu::analyzer::Analyzer;

mod generated;
mod material;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("indexing");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_secs(3));
    let analyzer = Analyzer::new(material::words());
    for material in material::materials(5_000) {
        group.throughput(Throughput::Elements(material.cases.len() as u64));
        group.bench_function(material.name, |bench| {
            let empty = || (tempfile::tempdir().expect("a temporary folder"), material.cases.clone());
            let make = |(folder, cases): (tempfile::TempDir, _)| {
                material::index(folder.path(), &analyzer, cases);
                // Removing it is not measured.
                folder
            };
            bench.iter_batched(empty, make, BatchSize::PerIteration);
        });
    }
    group.finish();
    criterion.final_summary();
}
