//! Options that several commands take.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::config::{Language, Layer};

/// Longest question that is read from standard input, in bytes.
const MOST_READ: u64 = 4 << 20;

/// Options of every command.
#[derive(Args)]
#[command(next_help_heading = "公共选项")]
pub struct CommonOptions {
    /// 配置文件,默认 yunzhu.toml(存在时)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub layer: LayerOptions,
    /// 给程序看的输出:stdout 每行一个 JSON 对象
    #[arg(long, global = true)]
    pub json: bool,
}

/// Settings that may be given as options.
#[derive(Args)]
#[command(next_help_heading = "公共选项")]
pub struct LayerOptions {
    /// 知识库目录 [默认: kb]
    #[arg(long, global = true, value_name = "DIR")]
    kb: Option<PathBuf>,
    /// 索引目录 [默认: index]
    #[arg(long, global = true, value_name = "DIR")]
    index: Option<PathBuf>,
    /// 数据目录 [默认: data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// 提示用的语言:zh-CN 或 en [默认: 跟随 LANG]
    #[arg(long, global = true, value_name = "LANG")]
    language: Option<Language>,
}

impl From<LayerOptions> for Layer {
    fn from(options: LayerOptions) -> Self {
        let LayerOptions { kb, index, data, language } = options;
        Self { kb, index, data, language, ..Self::default() }
    }
}

/// How up to date the index has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Knowledge base and index are brought up to date first.
    First,
    /// Whatever index there is.
    AsItIs,
}

/// Options of every command that searches.
#[derive(Args)]
pub struct SyncOptions {
    /// 直接用现有索引,不先同步知识库
    #[arg(long)]
    no_sync: bool,
}

impl SyncOptions {
    /// What was asked for.
    pub fn sync(&self) -> Sync {
        if self.no_sync { Sync::AsItIs } else { Sync::First }
    }
}

/// The question in the words of the command line; `-` alone stands for standard input.
pub fn question(words: &[String]) -> anyhow::Result<String> {
    if words != ["-"] {
        return Ok(words.join(" "));
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MOST_READ)
        .read_to_end(&mut bytes)
        .context("standard input cannot be read")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
