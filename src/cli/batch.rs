//! `yunzhu search --batch FILE`: many questions, one line of JSON for each, in order.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use crate::eval::questions::parse_query;
use crate::hit::{Decision, Hit};
use crate::kb::read::{BadRecord, Line, Lines, Place};
use crate::retrieval::search::{Context, Engine, Found};

use super::progress::{Patience, Progress};
use super::search::find;
use super::terminal::{Ink, harmless};
use super::{Run, Status};

/// What is said of one question.
#[derive(Serialize)]
struct Answer<'a> {
    query: &'a str,
    decision: Decision,
    confidence: f32,
    took_us: u64,
    hits: &'a [Hit],
}

/// Searches for every line of the file. A line that is no question gets a line that says so, and a report on stderr.
pub fn run(
    run: &Run,
    engine: &Engine,
    file: &Path,
    context: &Context,
    limit: usize,
) -> anyhow::Result<Status> {
    let stdin = file == Path::new("-");
    let size = if stdin { 0 } else { std::fs::metadata(file).map_or(0, |metadata| metadata.len()) };
    let mut lines = if stdin { Lines::stdin()? } else { Lines::open(file)? };
    let mut out = run.terminal.stdout();
    let mut progress = Progress::new(run.terminal, Patience::AWhile);
    let (mut total, mut bad) = (0u64, 0u64);
    while let Some((number, line)) = lines.take_line()? {
        total += 1;
        let parsed = match line {
            Line::Text(text) => parse_query(text),
            Line::Bad(reason) => Err(reason),
        };
        match parsed {
            Ok((query, own)) => {
                let context = if own.product.is_some() { &own } else { context };
                write(&mut out, &query, &find(engine, &query, context, limit)?)?;
            }
            Err(reason) => {
                bad += 1;
                line_of(&mut out, &json!({"query": null, "error": reason}))?;
                let place = Place { file: file.display().to_string(), line: Some(number) };
                let report = harmless(&BadRecord { place, reason }.to_string());
                progress.say(&run.terminal.err.paint(Ink::Error, &report));
            }
        }
        progress.set(run.texts.batch_progress.as_str(), lines.taken(), size);
    }
    out.flush()?;
    progress.clear();
    if bad == 0 {
        return Ok(Status::Done);
    }
    run.terminal.say(&run.texts.batch_bad.fill(&[("bad", &bad), ("total", &total)]));
    Ok(Status::Bad)
}

/// Writes what was found as one line of JSON.
pub fn write(out: &mut impl Write, query: &str, found: &Found) -> io::Result<()> {
    let took_us = u64::try_from(found.took.as_micros()).unwrap_or(u64::MAX);
    let Found { decision, confidence, ref hits, .. } = *found;
    line_of(out, &Answer { query, decision, confidence, took_us, hits })
}

/// One object as one line, written at once: what waits in the buffer is always whole lines.
fn line_of(out: &mut impl Write, object: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(object)?;
    line.push(b'\n');
    out.write_all(&line)
}
