//! `yunzhu search QUESTION`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::hit::{Decision, Hit};
use crate::retrieval::search::{Context, Engine, Found, SearchError};

use super::options::{SyncOptions, question};
use super::terminal::{Ink, columns, cut, harmless, pad};
use super::{Run, Status, batch, why};

/// 排序后的案例,以及各自为什么命中
#[derive(Args)]
#[command(after_help = "\
--batch 的 FILE 每行一个 JSON 对象,如 {\"query\": \"...\", \"context\": {\"product\": \"ecs\"}},别的键不看;
- 表示标准输入。输出与输入逐行对应,总是 JSON。

示例:
  yunzhu search 云服务器 SSH 连不上
  yunzhu search \"备份失败\" --product rds --limit 3
  yunzhu search --json --batch questions.jsonl > found.jsonl")]
pub struct Search {
    /// 问题或现象;单独一个 - 表示从标准输入读
    #[arg(value_name = "QUESTION", required_unless_present = "batch")]
    question: Vec<String>,
    /// 提问所在的产品(代号)
    #[arg(long, value_name = "CODE")]
    product: Option<String>,
    /// 最多几个案例,1 到 200 [默认: 10]
    #[arg(long, value_name = "N", default_value_t = 10, hide_default_value = true,
        value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    /// 逐行检索一个文件里的问题
    #[arg(long, value_name = "FILE", conflicts_with = "question")]
    batch: Option<PathBuf>,
    #[command(flatten)]
    sync: SyncOptions,
}

impl Search {
    /// Searches for one question or for many.
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let context = Context { product: self.product };
        let limit = usize::from(self.limit);
        let text = match &self.batch {
            Some(_) => String::new(),
            None => question(&self.question)?,
        };
        let engine = run.engine(self.sync.sync()).await?;
        if let Some(file) = self.batch {
            return batch::run(run, &engine, &file, &context, limit);
        }
        let found = find(&engine, &text, &context, limit)?;
        let mut out = run.terminal.stdout();
        if run.json {
            batch::write(&mut out, &text, &found)?;
        } else {
            write!(out, "{}", page(run, &engine, &text, &found)?)?;
        }
        out.flush()?;
        Ok(Status::Done)
    }
}

/// Searches; of an empty question it is asked what it is about.
pub fn find(engine: &Engine, text: &str, context: &Context, limit: usize) -> Result<Found, SearchError> {
    match engine.search(text, context, limit) {
        Err(SearchError::Empty) => Ok(Found {
            decision: Decision::Clarify,
            confidence: 0.0,
            hits: Vec::new(),
            took: std::time::Duration::ZERO,
        }),
        found => found,
    }
}

/// A share as people read it.
pub fn percent(share: f32) -> String {
    format!("{:.0}%", share * 100.0)
}

fn page(run: &Run, engine: &Engine, text: &str, found: &Found) -> anyhow::Result<String> {
    let (texts, paper) = (&run.texts, run.terminal.out);
    if text.trim().is_empty() {
        return Ok(format!("{}\n", texts.clarify_empty));
    }
    let took = format!("{:.1} ms", found.took.as_secs_f64() * 1000.0);
    if found.hits.is_empty() {
        return Ok(format!("{}\n{}\n", texts.found_nothing.fill(&[("took", &took)]), texts.miss_next));
    }
    let decision = match found.decision {
        Decision::Answer => &texts.decided_answer,
        Decision::Choose => &texts.decided_choose,
        Decision::Clarify => &texts.decided_clarify,
        Decision::Miss => &texts.decided_miss,
    };
    let first = texts.found.fill(&[
        ("count", &found.hits.len()),
        ("decision", decision),
        ("share", &percent(found.confidence)),
        ("took", &took),
    ]);
    let mut page = format!("{}\n", paper.paint(Ink::Dim, &first));
    for (place, hit) in (1..).zip(&found.hits) {
        page += &entry(run, engine, text, place, hit)?;
    }
    Ok(page)
}

fn entry(run: &Run, engine: &Engine, text: &str, place: usize, hit: &Hit) -> anyhow::Result<String> {
    let paper = run.terminal.out;
    let case = engine.case(&hit.id)?;
    let product = case.as_ref().map_or(hit.product.as_str(), |case| match case.product_name.as_str() {
        "" => &hit.product,
        name => name,
    });
    let right = format!("{}  {:>4}", harmless(product), percent(hit.confidence));
    let number = format!("{place:>2}. ");
    let room = run.terminal.width.saturating_sub(number.len() + columns(&right) + 2).max(20);
    let title = pad(&cut(&harmless(&hit.title).replace('\n', " "), room), room);
    let mut entry = format!("\n{number}{}  {right}\n", paper.paint(Ink::Title, &title));
    entry += &format!("    {}\n", paper.paint(Ink::Dim, &harmless(hit.id.as_str())));
    for line in why::lines(&run.texts, run.terminal, &engine.explain(text, &hit.id)?) {
        entry += &format!("{line}\n");
    }
    Ok(entry)
}
