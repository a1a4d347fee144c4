//! `yunzhu ask QUESTION`

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use crate::hit::{Decision, Hit};
use crate::kb::case::Case;
use crate::retrieval::passage::Passage;
use crate::retrieval::search::{Context, Engine, Found};

use super::options::{SyncOptions, question};
use super::search::{find, percent};
use super::terminal::{Ink, cut, harmless};
use super::{Run, Status, markdown};

/// Choices that are offered: as many as people read before they give up.
const MOST_CHOICES: usize = 5;
/// Characters of an answer: what fits on two screens.
const MOST_CHARS: usize = 1_600;

/// 直接给出答案,附来源和置信度
#[derive(Args)]
#[command(after_help = "\
把握足够时给出答案;不够时列出几条供选择,或反问缺少的信息;没有答案时如实说没有。

示例:
  yunzhu ask 云服务器登不上去了
  yunzhu ask \"ORA-00942 怎么解决\" --product rds
  cat question.txt | yunzhu ask -")]
pub struct Ask {
    /// 问题或现象;单独一个 - 表示从标准输入读
    #[arg(value_name = "QUESTION", required = true)]
    question: Vec<String>,
    /// 提问所在的产品(代号)
    #[arg(long, value_name = "CODE")]
    product: Option<String>,
    #[command(flatten)]
    sync: SyncOptions,
}

/// What is said in return.
struct Reply {
    found: Found,
    /// The case that answers and the part of its body that does; where it is sure enough.
    answer: Option<(Case, Passage)>,
}

impl Ask {
    /// Answers, or says why not.
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let text = question(&self.question)?;
        let engine = run.engine(self.sync.sync()).await?;
        let reply = reply(&engine, &text, &Context { product: self.product })?;
        let mut out = run.terminal.stdout();
        if run.json {
            writeln!(out, "{}", record(&text, &reply))?;
        } else {
            write!(out, "{}", page(run, &engine, &text, &reply)?)?;
        }
        out.flush()?;
        Ok(Status::Done)
    }
}

fn reply(engine: &Engine, text: &str, context: &Context) -> anyhow::Result<Reply> {
    let found = find(engine, text, context, MOST_CHOICES)?;
    let first = found.hits.first().filter(|_| found.decision == Decision::Answer);
    let case = first.map(|hit| engine.case(&hit.id)).transpose()?.flatten();
    let answer = case.map(|case| {
        let passage = engine.passage(text, &case, MOST_CHARS);
        (case, passage)
    });
    Ok(Reply { found, answer })
}

fn choices(found: &Found) -> &[Hit] {
    if found.decision == Decision::Choose { &found.hits } else { &[] }
}

fn record(text: &str, reply: &Reply) -> Value {
    let answer = reply.answer.as_ref().map(|(case, passage)| {
        json!({
            "id": case.id,
            "title": case.title,
            "product": case.product,
            "text": passage.text,
            "source": case.source,
        })
    });
    let choices: Vec<Value> = choices(&reply.found)
        .iter()
        .map(|hit| {
            json!({"id": hit.id, "title": hit.title, "product": hit.product, "confidence": hit.confidence})
        })
        .collect();
    json!({
        "query": text,
        "decision": reply.found.decision,
        "confidence": reply.found.confidence,
        "took_us": u64::try_from(reply.found.took.as_micros()).unwrap_or(u64::MAX),
        "answer": answer,
        "choices": choices,
    })
}

fn page(run: &Run, engine: &Engine, text: &str, reply: &Reply) -> anyhow::Result<String> {
    let texts = &run.texts;
    if text.trim().is_empty() {
        return Ok(format!("{}\n", texts.clarify_empty));
    }
    if let Some((case, passage)) = &reply.answer {
        return Ok(answer(run, case, passage, reply.found.confidence));
    }
    Ok(match reply.found.decision {
        Decision::Choose => choose(run, engine, &reply.found)?,
        Decision::Clarify => clarify(run, engine, &reply.found)?,
        // An answer without its case: it was removed while we looked.
        Decision::Miss | Decision::Answer => format!("{}\n{}\n", texts.miss, texts.miss_next),
    })
}

fn answer(run: &Run, case: &Case, passage: &Passage, confidence: f32) -> String {
    let (texts, paper) = (&run.texts, run.terminal.out);
    let mut lines = vec![paper.paint(Ink::Title, &harmless(&case.title)), String::new()];
    if passage.cut_before {
        lines.push(paper.paint(Ink::Dim, texts.cut_before.as_str()));
    }
    lines.push(markdown::render(&passage.text, paper).trim_end().to_owned());
    if passage.cut_after {
        lines.push(paper.paint(Ink::Dim, texts.cut_after.as_str()));
    }
    lines.push(String::new());
    let mut about = vec![product_name(case)];
    about.push(texts.confidence.fill(&[("share", &percent(confidence))]));
    if !case.source.is_empty() {
        about.push(format!("{} {}", texts.source, harmless(&case.source)));
    }
    about.retain(|part| !part.is_empty());
    lines.push(paper.paint(Ink::Dim, &about.join(" · ")));
    lines.push(String::new());
    lines.join("\n")
}

fn product_name(case: &Case) -> String {
    harmless(if case.product_name.is_empty() { &case.product } else { &case.product_name })
}

fn choose(run: &Run, engine: &Engine, found: &Found) -> anyhow::Result<String> {
    let (texts, paper) = (&run.texts, run.terminal.out);
    let mut page = format!("{}\n", texts.choose);
    for (place, hit) in (1..).zip(&found.hits) {
        let product = engine.case(&hit.id)?.map_or(String::new(), |case| product_name(&case));
        let title = cut(&harmless(&hit.title), run.terminal.width.saturating_sub(24).max(20));
        let about = [product, percent(hit.confidence)];
        let about = about.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        page +=
            &format!("  {place}. {}  {}\n", paper.paint(Ink::Title, &title), paper.paint(Ink::Dim, &about));
    }
    Ok(page + texts.choose_next.as_str() + "\n")
}

/// Asks back; where what was found belongs to several products, whether it is one of them.
fn clarify(run: &Run, engine: &Engine, found: &Found) -> anyhow::Result<String> {
    let mut products: Vec<String> = Vec::new();
    for hit in &found.hits {
        let name = engine.case(&hit.id)?.map_or(String::new(), |case| product_name(&case));
        if !name.is_empty() && !products.contains(&name) {
            products.push(name);
        }
    }
    let mut page = format!("{}\n", run.texts.clarify);
    if products.len() > 1 {
        page += &run.texts.clarify_product.fill(&[("products", &products.join(" / "))]);
        page += "\n";
    }
    Ok(page)
}
