//! `yunzhu backup FILE` and `yunzhu restore FILE`

use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use clap::Args;
use serde_json::json;

use crate::app::Replace;

use super::progress::{MOST_SHOWN, Patience, Reporter};
use super::terminal::Ink;
use super::{Run, Status};

/// 备份数据库和附件,不用停服务
#[derive(Args)]
#[command(after_help = "\
FILE 是一个文件:用 zstd 压缩的 SQLite 数据库,附件的内容也在里面。写完整了才会换掉旧的同名备份。
知识库目录 kb/、索引和配置不在里面:kb/ 请用版本管理,索引可以重建。
加密原文的密钥也不在里面,请另外保管:没有它,恢复后看不到被遮盖的原文。
备份里有客户的对话。清除某人的数据,不会清除已有备份里的;恢复旧备份后要再清除一次。

示例:
  yunzhu backup /backup/yunzhu.zst")]
pub struct Backup {
    /// 备份文件
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// 从备份恢复数据库和附件
#[derive(Args)]
#[command(after_help = "\
先停服务。动手之前会整个检查备份:不完整、不是本程序的、版本更新的,都不恢复,原来的数据不动。
数据目录里已有数据库时要加 --replace:原来的数据库和附件移到 before-日期-时间 目录里保留。
索引会发现数据库换了,下次启动时重建。

示例:
  yunzhu restore /backup/yunzhu.zst
  yunzhu restore /backup/yunzhu.zst --replace")]
pub struct Restore {
    /// 备份文件
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// 换掉现有的数据库(保留在带日期的目录里)
    #[arg(long)]
    replace: bool,
}

impl Backup {
    /// Makes a backup and says what is in it.
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let begun = Instant::now();
        let mut reporter = Reporter::new(run, Patience::AWhile, MOST_SHOWN);
        let saved = run.app.backup(&self.file, &mut |event| reporter.hear(event)).await;
        reporter.end();
        let saved = saved?;
        let mut out = run.terminal.stdout();
        if run.json {
            let record = json!({
                "file": self.file,
                "bytes": saved.bytes,
                "attachments": saved.attachments,
                "missing_attachments": saved.missing,
                "took_ms": begun.elapsed().as_millis() as u64,
            });
            writeln!(out, "{record}")?;
        } else {
            let (size, took) = (size(saved.bytes), format!("{:.1} s", begun.elapsed().as_secs_f64()));
            let values: [(&str, &dyn Display); 3] =
                [("file", &self.file.display()), ("size", &size), ("took", &took)];
            writeln!(out, "{}", run.texts.backup_done.fill(&values))?;
            if saved.attachments > 0 {
                writeln!(out, "{}", run.texts.backup_attachments.fill(&[("count", &saved.attachments)]))?;
            }
            if saved.missing > 0 {
                let line = run.texts.backup_missing.fill(&[("count", &saved.missing)]);
                writeln!(out, "{}", run.terminal.out.paint(Ink::Warning, &line))?;
            }
        }
        out.flush()?;
        Ok(Status::Done)
    }
}

impl Restore {
    /// Brings a backup back and says where what was there lies now.
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let replace = if self.replace { Replace::SetAside } else { Replace::Refuse };
        let mut reporter = Reporter::new(run, Patience::AWhile, MOST_SHOWN);
        let restored =
            run.app.restore(&self.file, replace, SystemTime::now(), &mut |event| reporter.hear(event)).await;
        reporter.end();
        let restored = restored?;
        let mut out = run.terminal.stdout();
        if run.json {
            let record = json!({
                "file": self.file,
                "attachments": restored.attachments,
                "kept_aside": restored.aside,
            });
            writeln!(out, "{record}")?;
        } else {
            let values: [(&str, &dyn Display); 2] =
                [("file", &self.file.display()), ("count", &restored.attachments)];
            writeln!(out, "{}", run.texts.restore_done.fill(&values))?;
            if let Some(aside) = &restored.aside {
                writeln!(out, "{}", run.texts.restore_aside.fill(&[("folder", &aside.display())]))?;
            }
            writeln!(out, "{}", run.texts.restore_next.as_str())?;
        }
        out.flush()?;
        Ok(Status::Done)
    }
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_rounded() {
        let said: Vec<_> = [0, 1_540, 12_345_678, 9_870_000_000].into_iter().map(size).collect();
        assert_eq!(said, ["0.0 kB", "1.5 kB", "12.3 MB", "9.87 GB"]);
    }
}
