//! `yunzhu chat`: the whole dialogue in the terminal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use clap::Args;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use super::search::percent;
use super::terminal::{Ink, harmless};
use super::{Run, Status, markdown};
use crate::engine::{Inbound, NewConversation, Service};
use crate::id::ConversationId;
use crate::message::{ChannelKind, Page, Person, Reply, State, Turn};

/// 在终端里多轮对话:按编号选、说“没用”、“转人工”都可以
#[derive(Args)]
#[command(
    after_help = "输入 /quit 或按 Ctrl-D 退出。管道输入时,每行一句。\n\n示例:\n  yunzhu chat\n  yunzhu chat --product ecs\n  printf '服务器登不上\\n1\\n' | yunzhu chat --json"
)]
pub struct Chat {
    /// 从哪个产品的页面问(产品代码)
    #[arg(long, value_name = "CODE")]
    product: Option<String>,
}

/// Lines of earlier sessions that can be brought back.
const HISTORY: usize = 500;
/// Name of the file in the data folder.
const HISTORY_FILE: &str = "chat.history";

impl Chat {
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let service = run.service().await?;
        self.talk(run, &service).await?;
        Ok(Status::Done)
    }

    async fn talk(&self, run: &Run, service: &Service) -> anyhow::Result<()> {
        let user = Person { locale: Some(run.settings.language.tag().to_owned()), ..Person::default() };
        let context = Page { product: self.product.clone(), page: None };
        let new = NewConversation { channel: ChannelKind::Cli, user, context };
        let opened = service.open_conversation(new).await?;
        let talk = Talk { run, service, id: opened.conversation_id };
        if !run.json {
            talk.show(&opened.replies)?;
        }
        match std::io::stdin().is_terminal() && !run.json {
            true => talk.with_person().await,
            false => talk.with_pipe().await,
        }
    }
}

struct Talk<'a> {
    run: &'a Run,
    service: &'a Service,
    id: ConversationId,
}

impl Talk<'_> {
    /// Line editing and history.
    async fn with_person(&self) -> anyhow::Result<()> {
        let config = Config::builder().max_history_size(HISTORY)?.history_ignore_dups(true)?.build();
        let mut editor: Editor<(), FileHistory> = Editor::with_config(config)?;
        let file = self.run.app.folders().data.join(HISTORY_FILE);
        // None yet at the first time.
        _ = editor.load_history(&file);
        let prompt = self.run.texts.chat_prompt.as_str().to_owned();
        loop {
            // Waiting for a key holds a thread: not one of those that work.
            let (line, back) = tokio::task::spawn_blocking({
                let prompt = prompt.clone();
                move || (editor.readline(&prompt), editor)
            })
            .await?;
            editor = back;
            match line {
                Ok(line) if line.trim() == "/quit" => break,
                Ok(line) if line.trim().is_empty() => {}
                Ok(line) => {
                    _ = editor.add_history_entry(line.as_str());
                    let turn = self.say(line).await?;
                    self.show(&turn.replies)?;
                    self.wait_for_people(&turn).await?;
                }
                Err(ReadlineError::Eof | ReadlineError::Interrupted) => break,
                Err(error) => return Err(error.into()),
            }
        }
        // Questions may hold what is private: the file is for its owner alone.
        if editor.save_history(&file).is_ok() {
            only_for_owner(&file);
        }
        Ok(())
    }

    /// One line, one message; with `--json` one turn a line.
    async fn with_pipe(&self) -> anyhow::Result<()> {
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            if !self.run.json {
                println!("{}{line}", self.run.texts.chat_prompt);
            }
            let turn = self.say(line).await?;
            match self.run.json {
                true => println!("{}", serde_json::to_string(&turn)?),
                false => self.show(&turn.replies)?,
            }
        }
        Ok(())
    }

    async fn say(&self, line: String) -> anyhow::Result<Turn> {
        Ok(self.service.turn(&self.id, Inbound::Text(line), None).await?)
    }

    /// In a terminal no engineer can answer: says where the case went.
    async fn wait_for_people(&self, turn: &Turn) -> anyhow::Result<()> {
        if turn.state == State::Queued
            && turn.replies.iter().any(|reply| matches!(reply, Reply::Handoff { .. }))
        {
            self.run.terminal.say(self.run.texts.chat_queued.as_str());
        }
        Ok(())
    }

    fn show(&self, replies: &[Reply]) -> anyhow::Result<()> {
        for reply in replies {
            match reply {
                Reply::Answer { text, title, source, confidence, .. } => {
                    let (texts, paper) = (&self.run.texts, self.run.terminal.out);
                    println!("\n{}\n", paper.paint(Ink::Title, &harmless(title)));
                    println!("{}\n", markdown::render(text, paper).trim_end());
                    let share = texts.confidence.fill(&[("share", &percent(*confidence))]);
                    let about = format!("{} {} · {share}", texts.source, harmless(source));
                    println!("{}\n", paper.paint(Ink::Dim, &about));
                }
                Reply::Choices { text, choices } | Reply::Clarify { text, choices, .. } => {
                    println!("{text}");
                    for (n, choice) in choices.iter().enumerate() {
                        println!("  {}. {}", n + 1, choice.label);
                    }
                }
                Reply::Text { text } | Reply::Notice { text } | Reply::Handoff { text, .. } => {
                    println!("{text}")
                }
            }
        }
        std::io::stdout().flush()?;
        Ok(())
    }
}

#[cfg(unix)]
fn only_for_owner(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    _ = std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600));
}

#[cfg(not(unix))]
fn only_for_owner(_: &std::path::Path) {}
