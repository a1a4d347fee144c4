//! The command line: one file a command, this file the map.
//!
//! Turns arguments into calls of `app` and what comes back into text or JSON; decides nothing about cases. What a
//! program reads goes to stdout, what people should know besides goes to stderr. Exit status: 0 done, 1 failed with one
//! line on stderr, 2 wrong usage, 130 interrupted.

mod ask;
mod audit;
mod backup;
mod batch;
mod channel;
mod channels;
mod chat;
mod classify;
mod completions;
mod eval;
mod help;
mod import;
mod index;
mod kb;
mod logging;
mod markdown;
mod options;
mod password;
mod progress;
mod search;
mod serve;
mod terminal;
mod user;
mod why;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::app::{App, ServiceOptions};
use crate::config::{self, Log, LogLevel, Settings};
use crate::engine::Service;
use crate::retrieval::search::Engine;
use crate::texts::Texts;

use options::CommonOptions;
use progress::{Patience, Reporter};
use terminal::Terminal;

/// 云助:从十几万条运维案例里,找到能回答问题的那一条
#[derive(Parser)]
#[command(name = "yunzhu", version, max_term_width = 100, disable_help_subcommand = true, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    options: CommonOptions,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
示例:
  yunzhu ask 云服务器登不上去了
  yunzhu import cases.jsonl.zst faq.csv docs/
  yunzhu search \"SSH 连不上\" --product ecs

退出状态: 0 完成,1 失败(原因在 stderr),2 用法不对,130 被中断。";

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Ask(ask::Ask),
    Chat(chat::Chat),
    Search(search::Search),
    Import(import::Import),
    Index(index::Index),
    Kb(kb::Kb),
    Eval(eval::Eval),
    Classify(classify::Classify),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Audit(audit::Audit),
    Channel(channel::Channel),
    User(user::User),
    Completions(completions::Completions),
}

/// How a command ended, when it could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// All of it.
    Done,
    /// There was something wrong in the input, which was reported.
    Bad,
}

/// One run of the program: what every command needs.
struct Run {
    app: App,
    settings: Settings,
    texts: Texts,
    terminal: Terminal,
    json: bool,
}

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let parsed = help::command(Cli::command()).try_get_matches().and_then(|m| Cli::from_arg_matches(&m));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(wrong) => {
            // Fails where nobody reads; there is nobody to tell then.
            let _ = wrong.print();
            return ExitCode::from(u8::try_from(wrong.exit_code()).unwrap_or(2));
        }
    };
    match start(cli) {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::Bad) => ExitCode::FAILURE,
        Err(error) if terminal::nobody_reads(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "yunzhu: {}", terminal::one_line(&error));
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<Status> {
    if let Command::Completions(command) = cli.command {
        return command.run(help::command(Cli::command()));
    }
    let CommonOptions { config, layer, json } = cli.options;
    let settings = config::compose(config.as_deref(), std::env::vars_os(), layer.into())?;
    // People read what commands say, not what happens inside; a server is read by whoever watches it.
    let level = match cli.command {
        Command::Serve(_) => settings.log.level,
        _ => settings.log.level.min(LogLevel::Error),
    };
    logging::start(Log { level, ..settings.log })?;
    let (texts, terminal) = (Texts::of(settings.language)?, Terminal::of_process());
    let run = Run { app: App::new(settings.folders.clone()), settings, texts, terminal, json };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // A server ends in its own, graceful way.
    if !matches!(cli.command, Command::Serve(_)) {
        runtime.spawn(stop_when_interrupted(run.texts.interrupted.to_string()));
    }
    runtime.block_on(async {
        match cli.command {
            Command::Serve(command) => command.run(&run).await,
            Command::Ask(command) => command.run(&run).await,
            Command::Chat(command) => command.run(&run).await,
            Command::Search(command) => command.run(&run).await,
            Command::Import(command) => command.run(&run).await,
            Command::Index(command) => command.run(&run).await,
            Command::Kb(command) => command.run(&run),
            Command::Eval(command) => command.run(&run).await,
            Command::Classify(command) => command.run(&run),
            Command::Backup(command) => command.run(&run).await,
            Command::Restore(command) => command.run(&run).await,
            Command::Channel(command) => command.run(&run).await,
            Command::Audit(command) => command.run(&run).await,
            Command::User(command) => command.run(&run).await,
            Command::Completions(_) => Ok(Status::Done),
        }
    })
}

/// Ctrl-C ends the process at once: store and index are made to be whole however a process ends.
async fn stop_when_interrupted(said: String) {
    if tokio::signal::ctrl_c().await.is_ok() {
        let _ = writeln!(io::stderr(), "\n{said}");
        std::process::exit(130);
    }
}

impl Run {
    /// The service with what it needs, in this process alone.
    async fn service(&self) -> anyhow::Result<Service> {
        self.app.claim().await?;
        let engine = self.engine(options::Sync::First).await?;
        Ok(self.app.service(engine, &self.service_options()).await?)
    }

    /// What the settings say of the service.
    fn service_options(&self) -> ServiceOptions {
        let privacy = &self.settings.privacy;
        ServiceOptions {
            idle: self.settings.conversation.idle,
            vault_keys: privacy.vault_key.clone(),
            vault_key_file: privacy.vault_key_file.clone(),
            alerts: Vec::new(),
            sinks: Default::default(),
            public_url: self.settings.server.public_url.clone(),
        }
    }

    /// The engine: knowledge base synced and index brought up to date, or, as asked, as it is.
    async fn engine(&self, sync: options::Sync) -> anyhow::Result<Engine> {
        match sync {
            options::Sync::AsItIs => Ok(self.app.engine_as_is()?),
            options::Sync::First => {
                let mut reporter = Reporter::new(self, Patience::AWhile, progress::MOST_SHOWN);
                let engine = self.app.engine(&mut |event| reporter.hear(event)).await;
                reporter.end();
                Ok(engine?)
            }
        }
    }
}
