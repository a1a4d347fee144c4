//! `yunzhu completions SHELL`

use std::io::Write;

use clap::Args;
use clap_complete::Shell;

use super::Status;

/// 生成 shell 补全脚本
#[derive(Args)]
#[command(after_help = "\
示例:
  yunzhu completions bash > ~/.local/share/bash-completion/completions/yunzhu
  yunzhu completions zsh > ~/.zfunc/_yunzhu
  yunzhu completions fish > ~/.config/fish/completions/yunzhu.fish")]
pub struct Completions {
    /// 哪种 shell
    shell: Shell,
}

impl Completions {
    /// Writes the script to standard output.
    pub fn run(self, mut command: clap::Command) -> anyhow::Result<Status> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "yunzhu", &mut script);
        let mut out = std::io::stdout().lock();
        out.write_all(&script)?;
        out.flush()?;
        Ok(Status::Done)
    }
}
