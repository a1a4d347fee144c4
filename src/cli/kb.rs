//! `yunzhu kb check`

use std::io::Write;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::kb::check::{Checked, Finding, Severity, Step, check};
use crate::kb::read::Place;

use super::progress::{Patience, Progress};
use super::terminal::{Ink, harmless};
use super::{Run, Status};

/// 知识库的维护
#[derive(Args)]
pub struct Kb {
    #[command(subcommand)]
    command: KbCommand,
}

#[derive(Subcommand)]
enum KbCommand {
    /// 检查知识库和词表:重复、缺少的小节、跑不了的命令、失效的引用、写错的行
    #[command(after_help = "\
每个问题报出文件和行号。有错误时退出状态为 1,只有警告时为 0。

示例:
  yunzhu kb check
  yunzhu kb check --kb ../docs-kb --json")]
    Check,
}

impl Kb {
    /// Checks the knowledge base and its word files.
    pub fn run(self, run: &Run) -> anyhow::Result<Status> {
        let KbCommand::Check = self.command;
        let root = &run.app.folders().kb;
        if !root.is_dir() {
            bail!(run.texts.check_no_kb.fill(&[("folder", &root.display())]));
        }
        let mut progress = Progress::new(run.terminal, Patience::AWhile);
        let checked = check(root, &mut |step, done, total| {
            let what = match step {
                Step::Cases | Step::Documents => &run.texts.stage_reading,
                Step::Commands => &run.texts.stage_commands,
            };
            progress.set(what.as_str(), done, total);
        });
        drop(progress);
        let mut checked = checked?;
        let (_, bad) = run.app.understander()?;
        for bad in bad {
            let file = root.join("words").join(bad.file).display().to_string();
            let place = Place { file, line: Some(bad.line as u64) };
            checked.findings.push(Finding { place, severity: Severity::Error, message: bad.reason });
        }
        if checked.unparsed > 0 {
            run.terminal.say(&run.texts.check_no_shell.fill(&[("count", &checked.unparsed)]));
        }
        report(run, &checked)
    }
}

fn report(run: &Run, checked: &Checked) -> anyhow::Result<Status> {
    let count = |severity| checked.findings.iter().filter(|f| f.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let mut out = run.terminal.stdout();
    for finding in &checked.findings {
        if run.json {
            writeln!(out, "{}", record(finding))?;
        } else {
            writeln!(out, "{}", line(run, finding))?;
        }
    }
    if run.json {
        writeln!(out, "{}", json!({"cases": checked.cases, "errors": errors, "warnings": warnings}))?;
    } else {
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("cases", &checked.cases), ("errors", &errors), ("warnings", &warnings)];
        let ink = match (errors, warnings) {
            (0, 0) => Ink::Good,
            (0, _) => Ink::Warning,
            _ => Ink::Error,
        };
        writeln!(out, "{}", run.terminal.out.paint(ink, &run.texts.check_done.fill(&values)))?;
    }
    out.flush()?;
    Ok(if errors > 0 { Status::Bad } else { Status::Done })
}

fn record(finding: &Finding) -> serde_json::Value {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "file": finding.place.file,
        "line": finding.place.line,
        "severity": severity,
        "message": finding.message,
    })
}

fn line(run: &Run, finding: &Finding) -> String {
    let (ink, word) = match finding.severity {
        Severity::Error => (Ink::Error, &run.texts.error),
        Severity::Warning => (Ink::Warning, &run.texts.warning),
    };
    let word = run.terminal.out.paint(ink, word.as_str());
    harmless_line(&finding.place.to_string()) + ": " + &word + ": " + &harmless_line(&finding.message)
}

fn harmless_line(text: &str) -> String {
    harmless(text).replace('\n', " ")
}
