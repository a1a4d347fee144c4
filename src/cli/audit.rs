//! `yunzhu audit verify`

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::app::{AuditHead, Broken, Flaw};
use crate::texts::Text;

use super::terminal::Ink;
use super::{Run, Status};

/// 审计日志
#[derive(Args)]
pub struct Audit {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// 核对审计日志:有没有被改、被删、被截断
    #[command(after_help = "\
每条记录的哈希包含前一条的哈希,最后一条的序号和哈希另外保存。因此能发现:
改动、删除、插入、调换任何一条,以及截掉末尾。第一条不可信的序号会报出来,退出状态为 1。

不能发现:有数据库写权限的人改动之后,把其后所有哈希连同末尾一起重算;
以及一条操作从未写进日志。要防前者,请把每次输出的「序号:哈希」记在别处,核对时用 --noted 给出。

示例:
  yunzhu audit verify
  yunzhu audit verify --noted 1024:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    Verify {
        /// 以前记下的「序号:哈希」
        #[arg(long, value_name = "NUMBER:HASH", value_parser = noted)]
        noted: Option<AuditHead>,
    },
}

impl Audit {
    /// Verifies the log and says where it ends, or where it is broken.
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let AuditCommand::Verify { noted } = self.command;
        let verdict = run.app.verify_audit(noted).await?;
        let mut out = run.terminal.stdout();
        match &verdict {
            Ok(end) => say_whole(run, &mut out, end)?,
            Err(broken) => say_broken(run, &mut out, broken)?,
        }
        out.flush()?;
        Ok(if verdict.is_ok() { Status::Done } else { Status::Bad })
    }
}

fn say_whole(run: &Run, out: &mut impl Write, end: &AuditHead) -> std::io::Result<()> {
    let hash = hex(&end.hash);
    if run.json {
        return writeln!(out, "{}", json!({"whole": true, "entries": end.count, "hash": hash}));
    }
    if end.count == 0 {
        return writeln!(out, "{}", run.texts.audit_empty.as_str());
    }
    let whole = run.texts.audit_whole.fill(&[("count", &end.count)]);
    writeln!(out, "{}", run.terminal.out.paint(Ink::Good, &whole))?;
    writeln!(out, "{}", run.texts.audit_end.fill(&[("hash", &hash)]))?;
    writeln!(out, "{}", run.texts.audit_noted.fill(&[("count", &end.count), ("hash", &hash)]))
}

fn say_broken(run: &Run, out: &mut impl Write, broken: &Broken) -> std::io::Result<()> {
    let (name, why): (&str, &Text) = match broken.why {
        Flaw::Changed => ("changed", &run.texts.audit_changed),
        Flaw::Missing => ("missing", &run.texts.audit_missing),
        Flaw::Head => ("head", &run.texts.audit_head),
        Flaw::Noted => ("noted", &run.texts.audit_rewritten),
    };
    if run.json {
        return writeln!(out, "{}", json!({"whole": false, "entry": broken.number, "why": name}));
    }
    let line = run.texts.audit_broken.fill(&[("number", &broken.number), ("why", why)]);
    writeln!(out, "{}", run.terminal.out.paint(Ink::Error, &line))
}

/// `NUMBER:HASH`, as it was told.
fn noted(text: &str) -> Result<AuditHead, String> {
    let wrong = || format!("{text:?} is not a number and a hash, such as 1024:9f86…0a08");
    let (count, hash) = text.split_once(':').ok_or_else(wrong)?;
    let count = count.trim().parse().map_err(|_| wrong())?;
    let digits: Vec<u8> = hash.trim().chars().map_while(|c| c.to_digit(16)).map(|d| d as u8).collect();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    let whole = digits.len() == hash.trim().chars().count();
    let hash = bytes.try_into().ok().filter(|_| whole).ok_or_else(wrong)?;
    Ok(AuditHead { count, hash })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_can_be_given_back() {
        let head = AuditHead { count: 7, hash: std::array::from_fn(|n| n as u8 * 7) };
        assert_eq!(noted(&format!("7:{}", hex(&head.hash))), Ok(head));
        for wrong in ["", "7", "7:", ":00", "x:00", &format!("7:{}0", hex(&head.hash)), "7:云"] {
            assert!(noted(wrong).is_err(), "{wrong}");
        }
    }
}
