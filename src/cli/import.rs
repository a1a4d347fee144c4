//! `yunzhu import PATH...`

use std::io::Write;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use clap::Args;
use serde_json::json;

use crate::app::Imported;

use super::progress::{MOST_SHOWN, Patience, Reporter};
use super::terminal::Ink;
use super::{Run, Status, index};

/// 导入案例:JSON lines、CSV/TSV、XLSX,或 Markdown 文档目录
#[derive(Args)]
#[command(after_help = "\
能读 .jsonl .ndjson .json .csv .tsv(可再压缩为 .gz .zst)、.xlsx、.md 和 Markdown 目录。
每个 PATH 是一个来源:再次导入时,改变的更新,来源里没有了的移除。
坏记录报出文件和行号后跳过,好的照常导入,退出状态为 1。

示例:
  yunzhu import cases.jsonl.zst
  yunzhu import faq.csv 产品手册.xlsx docs/")]
pub struct Import {
    /// 文件或目录
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// 列出全部坏记录,而不只是前 20 条
    #[arg(long)]
    all_errors: bool,
}

impl Import {
    /// Imports and says what came of it.
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let begun = Instant::now();
        let most = if self.all_errors { u64::MAX } else { MOST_SHOWN };
        let mut reporter = Reporter::new(run, Patience::None, most);
        let imported =
            run.app.import(&self.paths, SystemTime::now(), &mut |event| reporter.hear(event)).await;
        reporter.end();
        let imported = imported?;
        let mut out = run.terminal.stdout();
        if run.json {
            let took_ms = begun.elapsed().as_millis() as u64;
            writeln!(out, "{}", summary(&imported, took_ms))?;
        } else {
            let took = format!("{:.1} s", begun.elapsed().as_secs_f64());
            writeln!(out, "{}", run.texts.import_done.fill(&[("took", &took)]))?;
            for line in lines(run, &imported) {
                writeln!(out, "{line}")?;
            }
        }
        out.flush()?;
        Ok(if imported.bad > 0 { Status::Bad } else { Status::Done })
    }
}

fn summary(imported: &Imported, took_ms: u64) -> serde_json::Value {
    json!({
        "added": imported.added,
        "changed": imported.changed,
        "unchanged": imported.unchanged,
        "removed": imported.removed,
        "moved": imported.moved,
        "repeated": imported.repeated,
        "bad": imported.bad,
        "exact_duplicates": imported.exact_duplicates,
        "near_duplicates": imported.near_duplicates,
        "kept_because_of_bad": imported.kept_because_of_bad,
        "cases": imported.indexed.cases,
        "rebuilt": imported.indexed.rebuilt,
        "took_ms": took_ms,
    })
}

fn lines(run: &Run, imported: &Imported) -> Vec<String> {
    let texts = &run.texts;
    let counted = [
        ("added", imported.added),
        ("changed", imported.changed),
        ("unchanged", imported.unchanged),
        ("removed", imported.removed),
    ];
    let values = counted.each_ref().map(|(name, count)| (*name, count as &dyn std::fmt::Display));
    let mut lines = vec![texts.import_counts.fill(&values)];
    let mut where_any = |count: u64, line: String| {
        if count > 0 {
            lines.push(line);
        }
    };
    where_any(imported.moved, texts.import_moved.fill(&[("count", &imported.moved)]));
    where_any(imported.repeated, texts.import_repeated.fill(&[("count", &imported.repeated)]));
    let duplicates = [
        ("exact", &imported.exact_duplicates as &dyn std::fmt::Display),
        ("near", &imported.near_duplicates),
    ];
    where_any(
        imported.exact_duplicates + imported.near_duplicates,
        texts.import_duplicates.fill(&duplicates),
    );
    let bad = texts.import_bad.fill(&[("count", &imported.bad)]);
    where_any(imported.bad, run.terminal.out.paint(Ink::Error, &bad));
    where_any(u64::from(imported.kept_because_of_bad), texts.import_kept.to_string());
    lines.extend(index::lines(run, &imported.indexed));
    lines
}
