//! `yunzhu index`

use std::io::Write;
use std::time::{Instant, SystemTime};

use clap::Args;
use serde_json::json;

use crate::app::{Rebuild, Synced, Updated};

use super::progress::{MOST_SHOWN, Patience, Reporter};
use super::{Run, Status};

/// 同步知识库,并让索引跟上
#[derive(Args)]
#[command(after_help = "\
索引由数据库生成,可以随时删掉重建。重建在旁边进行,完成后一次换上,期间检索不受影响。

示例:
  yunzhu index
  yunzhu index --rebuild")]
pub struct Index {
    /// 从头重建
    #[arg(long)]
    rebuild: bool,
}

impl Index {
    /// Brings the index up to date and says what was done.
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let begun = Instant::now();
        let rebuild = if self.rebuild { Rebuild::Always } else { Rebuild::IfNeeded };
        let mut reporter = Reporter::new(run, Patience::None, MOST_SHOWN);
        let synced = run.app.sync_kb(SystemTime::now(), &mut |event| reporter.hear(event)).await;
        let updated = match &synced {
            Ok(_) => Some(run.app.update_index(rebuild, &mut |event| reporter.hear(event)).await),
            Err(_) => None,
        };
        reporter.end();
        let synced = synced?;
        let updated = updated.transpose()?.unwrap_or_default();
        let mut out = run.terminal.stdout();
        if run.json {
            let took_ms = begun.elapsed().as_millis() as u64;
            let summary = json!({
                "changed": updated.changed,
                "cases": updated.cases,
                "rebuilt": updated.rebuilt,
                "bad": synced.bad,
                "took_ms": took_ms,
            });
            writeln!(out, "{summary}")?;
        } else {
            writeln!(out, "{}", synced_line(run, &synced))?;
            for line in lines(run, &updated) {
                writeln!(out, "{line}")?;
            }
        }
        out.flush()?;
        Ok(if synced.bad > 0 { Status::Bad } else { Status::Done })
    }
}

fn synced_line(run: &Run, synced: &Synced) -> String {
    if synced.as_before {
        return run.texts.kb_current.to_string();
    }
    run.texts.kb_synced.fill(&[
        ("added", &synced.added),
        ("changed", &synced.changed),
        ("unchanged", &synced.unchanged),
        ("removed", &synced.removed),
    ])
}

/// What became of the index, for people.
pub fn lines(run: &Run, updated: &Updated) -> [String; 2] {
    let texts = &run.texts;
    let what = match &updated.rebuilt {
        // Why was said as a message when it began.
        Some(_) => texts.index_rebuilt.to_string(),
        None if updated.changed > 0 => texts.index_changed.fill(&[("count", &updated.changed)]),
        None => texts.index_current.to_string(),
    };
    [what, texts.index_cases.fill(&[("count", &updated.cases)])]
}
