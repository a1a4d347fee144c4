//! `yunzhu eval FILE`

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use crate::eval::figures::{Figures, TOPS};
use crate::eval::questions::Labelled;
use crate::eval::titles::Titles;
use crate::eval::{learn, measure, questions, titles};

use crate::retrieval::search::{Engine, SearchError};

use super::options::SyncOptions;
use super::progress::{MOST_SHOWN, Patience, Progress};
use super::terminal::{Ink, harmless, pad};
use super::{Run, Status};

/// 用带标注的提问衡量检索和判断
#[derive(Args)]
#[command(after_help = "\
FILE 每行一个 JSON 对象:query,gold(案例 id、id 的列表,或 null 表示没有案例能回答),可有 context 和 kind。
有 kind 而没有 gold 的行,算作没有案例能回答。

示例:
  yunzhu eval questions.jsonl
  yunzhu eval questions.jsonl --titles 1000 --json
  yunzhu eval questions.jsonl unanswerable.jsonl --cross-validate
  yunzhu eval questions.jsonl unanswerable.jsonl --learn src/retrieval/ranking.json")]
pub struct Eval {
    /// 带标注的提问,可再压缩为 .gz .zst
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// 另抽 N 个案例,用它们的标题原样提问
    #[arg(long, value_name = "N")]
    titles: Option<u32>,
    /// 交叉验证:每个提问都由没有见过它的模型来评判
    #[arg(long, conflicts_with_all = ["titles", "learn"])]
    cross_validate: bool,
    /// 从这些提问重新学习排序和置信度,写入 MODEL(JSON);重新编译后生效
    #[arg(long, value_name = "MODEL", conflicts_with = "titles")]
    learn: Option<PathBuf>,
    #[command(flatten)]
    sync: SyncOptions,
}

impl Eval {
    /// Measures and prints the figures.
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let questions = questions::read_all(&self.files)?;
        for bad in questions.bad.iter().take(MOST_SHOWN as usize) {
            run.terminal.say(&run.terminal.err.paint(Ink::Error, &harmless(&bad.to_string())));
        }
        if !questions.bad.is_empty() {
            run.terminal.say(&run.texts.eval_bad.fill(&[("count", &questions.bad.len())]));
        }
        if questions.good.is_empty() {
            bail!(run.texts.eval_none.fill(&[("file", &self.files[0].display())]));
        }
        let engine = run.engine(self.sync.sync()).await?;
        let mut progress = Progress::new(run.terminal, Patience::AWhile);
        let total = questions.good.len() as u64;
        let what = run.texts.eval_progress.as_str();
        if let Some(model) = &self.learn {
            let learned = learn::learn(&learned_from(&engine, &questions.good)?);
            let text = serde_json::to_string_pretty(&learned)? + "\n";
            std::fs::write(model, text)
                .with_context(|| run.texts.eval_cannot_write.fill(&[("file", &model.display())]))?;
            return Ok(Status::Done);
        }
        let figures = if self.cross_validate {
            learn::cross_validated(&learned_from(&engine, &questions.good)?)
        } else {
            measure(&engine, &questions.good, &mut |done| progress.set(what, done, total))?
        };
        let what = run.texts.eval_titles_progress.as_str();
        let titles = match self.titles {
            Some(count) => Some(titles::measure(&engine, count as usize, &mut |done| {
                progress.set(what, done, u64::from(count));
            })?),
            None => None,
        };
        progress.clear();
        if figures.unknown_gold > 0 {
            run.terminal.say(&run.texts.eval_unknown.fill(&[("count", &figures.unknown_gold)]));
        }
        let mut out = run.terminal.stdout();
        match run.json {
            true => writeln!(out, "{}", record(&figures, titles, engine.cases()))?,
            false => write!(out, "{}", table(run, &figures, titles)?)?,
        }
        out.flush()?;
        Ok(if questions.bad.is_empty() { Status::Done } else { Status::Bad })
    }
}

fn learned_from(engine: &Engine, questions: &[Labelled]) -> Result<Vec<learn::Example>, SearchError> {
    let mut examples = learn::examples(engine, questions)?;
    examples.extend(learn::title_examples(engine)?);
    Ok(examples)
}

fn micros(time: Option<Duration>) -> Option<u64> {
    time.map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

fn titles_share(titles: Titles) -> Option<f64> {
    (titles.asked > 0).then(|| titles.first as f64 / titles.asked as f64)
}

fn record(figures: &Figures, titles: Option<Titles>, cases: u64) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("cases", json!(cases));
    put("questions", json!(figures.questions()));
    put("answerable", json!(figures.answerable()));
    for (top, share) in TOPS.iter().zip(figures.hit_at()) {
        put(&format!("hit@{top}"), json!(share));
    }
    put("mrr@10", json!(figures.mrr()));
    put("decisions", json!(figures.decisions()));
    put("coverage", json!(figures.coverage()));
    put("precision", json!(figures.precision()));
    put("refusals", json!(figures.refusals()));
    let by_kind: Map<String, Value> =
        figures.refusals_by_kind().map(|(kind, _, share)| (kind.to_owned(), json!(share))).collect();
    put("refusals_by_kind", Value::Object(by_kind));
    put("product", json!(figures.products()));
    put("ece", json!(figures.calibration_error()));
    put("took_us_median", json!(micros(figures.latency(0.5))));
    put("took_us_p99", json!(micros(figures.latency(0.99))));
    put("questions_per_second", json!(figures.per_second()));
    put("unknown_gold", json!(figures.unknown_gold));
    if let Some(titles) = titles {
        put("titles", json!({"asked": titles.asked, "hit@1": titles_share(titles)}));
    }
    Value::Object(object)
}

/// Columns of the names.
const NAMES: usize = 38;

fn table(run: &Run, figures: &Figures, titles: Option<Titles>) -> Result<String, std::fmt::Error> {
    let (texts, paper) = (&run.texts, run.terminal.out);
    let share = |share: Option<f64>| share.map_or(texts.nothing.to_string(), |share| format!("{share:.4}"));
    let time = |time| micros(time).map_or(texts.nothing.to_string(), |time| format!("{time} µs"));
    let mut page = String::new();
    let mut row = |name: &str, value: &str| match value {
        "" => writeln!(page, "{name}"),
        _ => writeln!(page, "{}{value:>10}", pad(name, NAMES)),
    };
    let heading = |text: &str| paper.paint(Ink::Title, text);
    row(texts.eval_questions.as_str(), &figures.questions().to_string())?;
    if figures.answerable() > 0 {
        row(&heading(&texts.eval_retrieval.fill(&[("count", &figures.answerable())])), "")?;
        for (top, value) in TOPS.iter().zip(figures.hit_at()) {
            row(&format!("  hit@{top}"), &share(value))?;
        }
        row("  MRR@10", &share(figures.mrr()))?;
        if figures.products().is_some() {
            row(&format!("  {}", texts.eval_product), &share(figures.products()))?;
        }
    }
    let decisions = figures.decisions();
    row(&heading(texts.eval_decisions.as_str()), "")?;
    let counts = [
        (&texts.decided_answer, decisions.answer),
        (&texts.decided_choose, decisions.choose),
        (&texts.decided_clarify, decisions.clarify),
        (&texts.decided_miss, decisions.miss),
    ];
    for (name, count) in counts {
        row(&format!("  {name}"), &count.to_string())?;
    }
    row(&format!("  {}", texts.eval_coverage), &share(figures.coverage()))?;
    row(&format!("  {}", texts.eval_precision), &share(figures.precision()))?;
    if figures.refusals().is_some() {
        row(&format!("  {}", texts.eval_refusals), &share(figures.refusals()))?;
    }
    for (kind, count, value) in figures.refusals_by_kind() {
        row(&format!("    {} ({count})", harmless(kind)), &share(value))?;
    }
    row(&format!("  {}", texts.eval_ece), &share(figures.calibration_error()))?;
    row(&heading(texts.eval_latency.as_str()), "")?;
    row(&format!("  {}", texts.eval_median), &time(figures.latency(0.5)))?;
    row(&format!("  {}", texts.eval_p99), &time(figures.latency(0.99)))?;
    let rate = figures.per_second().map_or(texts.nothing.to_string(), |rate| format!("{rate:.0}"));
    row(&format!("  {}", texts.eval_rate), &rate)?;
    if let Some(titles) = titles {
        row(&heading(&texts.eval_titles.fill(&[("count", &titles.asked)])), "")?;
        row("  hit@1", &share(titles_share(titles)))?;
    }
    Ok(page)
}
