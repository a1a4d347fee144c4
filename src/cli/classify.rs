//! `yunzhu classify TEXT`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::dialogue::understanding::labels::{INTENTS, severity_name};
use crate::dialogue::understanding::{Understander, shipped_cues};
use crate::eval::utterances::labelled::{Utterance, parse_text, read_all};
use crate::eval::utterances::learn::learn;
use crate::eval::utterances::measure::{Score, cross_validated, measure};
use crate::kb::read::{BadRecord, Line, Lines, Place};

use super::options::question;
use super::progress::{MOST_SHOWN, Patience, Progress};
use super::search::percent;
use super::terminal::{Ink, harmless, pad};
use super::{Run, Status};

/// 判断一句话的意图、情绪和严重程度
#[derive(Args)]
#[command(after_help = "\
--batch 的 FILE 每行一个 JSON 对象,如 {\"text\": \"转人工\"},别的键不看;- 表示标准输入。输出与输入逐行对应,总是 JSON。
--labelled 的 FILE 每行还要有 intent、sentiment、severity。

示例:
  yunzhu classify 线上全挂了
  yunzhu classify --json --batch messages.jsonl > understood.jsonl
  yunzhu classify --labelled messages.jsonl
  yunzhu classify --labelled messages.jsonl --learn src/dialogue/understanding/model.json")]
pub struct Classify {
    /// 一句话;单独一个 - 表示从标准输入读
    #[arg(value_name = "TEXT", required_unless_present_any = ["batch", "labelled"])]
    text: Vec<String>,
    /// 逐行判断一个文件里的话
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    batch: Option<PathBuf>,
    /// 用带标注的话衡量;可以给多次
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "batch"])]
    labelled: Vec<PathBuf>,
    /// 交叉验证:每句话都由没有见过它的模型来判断
    #[arg(long, requires = "labelled")]
    cross_validate: bool,
    /// 从这些话重新学习,写入 MODEL(JSON);重新编译后生效
    #[arg(long, value_name = "MODEL", requires = "labelled", conflicts_with = "cross_validate")]
    learn: Option<PathBuf>,
}

impl Classify {
    /// Understands one message or many, or measures how well.
    pub fn run(self, run: &Run) -> anyhow::Result<Status> {
        if !self.labelled.is_empty() {
            return self.labelled(run);
        }
        let (understander, _) = run.app.understander()?;
        if let Some(file) = self.batch {
            return batch(run, &understander, &file);
        }
        let text = question(&self.text)?;
        let mut out = run.terminal.stdout();
        match run.json {
            true => line_of(&mut out, &record(&understander, &text))?,
            false => write!(out, "{}", page(run, &understander, &text))?,
        }
        out.flush()?;
        Ok(Status::Done)
    }

    fn labelled(&self, run: &Run) -> anyhow::Result<Status> {
        let read = read_all(&self.labelled)?;
        for bad in read.bad.iter().take(MOST_SHOWN as usize) {
            run.terminal.say(&run.terminal.err.paint(Ink::Error, &harmless(&bad.to_string())));
        }
        if !read.bad.is_empty() {
            run.terminal.say(&run.texts.eval_bad.fill(&[("count", &read.bad.len())]));
        }
        if read.good.is_empty() {
            bail!(run.texts.classify_none.fill(&[("file", &self.labelled[0].display())]));
        }
        let status = if read.bad.is_empty() { Status::Done } else { Status::Bad };
        if let Some(model) = &self.learn {
            let utterances: Vec<&Utterance> = read.good.iter().collect();
            let learned = learn(&utterances, &shipped_cues()?);
            std::fs::write(model, serde_json::to_string_pretty(&learned)? + "\n")
                .with_context(|| run.texts.eval_cannot_write.fill(&[("file", &model.display())]))?;
            return Ok(status);
        }
        let score = match self.cross_validate {
            true => cross_validated(&read.good)?,
            false => measure(&run.app.understander()?.0, &read.good),
        };
        let mut out = run.terminal.stdout();
        match run.json {
            true => line_of(&mut out, &figures(&score))?,
            false => write!(out, "{}", table(run, &score))?,
        }
        out.flush()?;
        Ok(status)
    }
}

/// Understands every line of the file. A line that is none gets a line that says so, and a report on stderr.
fn batch(run: &Run, understander: &Understander, file: &Path) -> anyhow::Result<Status> {
    let stdin = file == Path::new("-");
    let size = if stdin { 0 } else { std::fs::metadata(file).map_or(0, |metadata| metadata.len()) };
    let mut lines = if stdin { Lines::stdin()? } else { Lines::open(file)? };
    let mut out = run.terminal.stdout();
    let mut progress = Progress::new(run.terminal, Patience::AWhile);
    let (mut total, mut bad) = (0u64, 0u64);
    while let Some((number, line)) = lines.take_line()? {
        total += 1;
        let parsed = match line {
            Line::Text(line) => parse_text(line),
            Line::Bad(reason) => Err(reason),
        };
        match parsed {
            Ok(text) => line_of(&mut out, &record(understander, &text))?,
            Err(reason) => {
                bad += 1;
                line_of(&mut out, &json!({"text": null, "error": reason}))?;
                let place = Place { file: file.display().to_string(), line: Some(number) };
                let report = harmless(&BadRecord { place, reason }.to_string());
                progress.say(&run.terminal.err.paint(Ink::Error, &report));
            }
        }
        progress.set(run.texts.classify_progress.as_str(), lines.taken(), size);
    }
    out.flush()?;
    progress.clear();
    if bad == 0 {
        return Ok(Status::Done);
    }
    run.terminal.say(&run.texts.batch_bad.fill(&[("bad", &bad), ("total", &total)]));
    Ok(Status::Bad)
}

fn record(understander: &Understander, text: &str) -> Value {
    let found = understander.understand(text);
    let mut record = json!({
        "text": text,
        "intent": found.intent,
        "sentiment": found.sentiment,
        "severity": severity_name(found.severity),
        "confidence": found.intent_confidence,
    });
    if !found.slots.is_empty() {
        record["slots"] = json!(found.slots);
    }
    record
}

/// One object as one line, written at once: what waits in the buffer is always whole lines.
fn line_of(out: &mut impl Write, object: &Value) -> io::Result<()> {
    out.write_all((object.to_string() + "\n").as_bytes())
}

/// Columns of the names.
const NAMES: usize = 16;

fn page(run: &Run, understander: &Understander, text: &str) -> String {
    let texts = &run.texts;
    let found = understander.understand(text);
    let sure = texts.confidence.fill(&[("share", &percent(found.intent_confidence))]);
    let mut page = format!("{}{}  {sure}\n", pad(texts.classify_intent.as_str(), NAMES), found.intent.name());
    page += &format!("{}{}\n", pad(texts.classify_sentiment.as_str(), NAMES), found.sentiment.name());
    page += &format!("{}{}\n", pad(texts.classify_severity.as_str(), NAMES), severity_name(found.severity));
    for (slot, fact) in &found.slots {
        let name = json!(slot);
        let name = format!("  {}", name.as_str().unwrap_or_default());
        page += &format!("{}{}\n", pad(&name, NAMES), harmless(fact));
    }
    page
}

fn figures(score: &Score) -> Value {
    let by_intent: serde_json::Map<String, Value> = INTENTS
        .iter()
        .zip(score.by_intent)
        .map(|(intent, [all, right, wrongly])| {
            (intent.name().to_owned(), json!({"messages": all, "right": right, "wrongly": wrongly}))
        })
        .collect();
    json!({
        "messages": score.messages,
        "intent": score.share(score.intents),
        "sentiment": score.share(score.sentiments),
        "severity": score.share(score.severities),
        "by_intent": by_intent,
    })
}

fn table(run: &Run, score: &Score) -> String {
    let (texts, paper) = (&run.texts, run.terminal.out);
    let mut page = format!("{}\n", texts.classify_messages.fill(&[("count", &score.messages)]));
    let shares = [
        (&texts.classify_intent, score.intents),
        (&texts.classify_sentiment, score.sentiments),
        (&texts.classify_severity, score.severities),
    ];
    for (name, right) in shares {
        let share = score.share(right).map_or(texts.nothing.to_string(), |share| format!("{share:.4}"));
        page += &format!("  {}{share}\n", pad(name.as_str(), NAMES));
    }
    page += &format!("{}\n", paper.paint(Ink::Title, texts.classify_by_intent.as_str()));
    for (intent, [all, right, wrongly]) in INTENTS.iter().zip(score.by_intent) {
        page += &format!("  {}{right:>4}/{all:<5}{wrongly:>4}\n", pad(intent.name(), NAMES));
    }
    page
}
