//! Conversations written down, played through the service over the small knowledge base of `tests/data/kb`.
//!
//! Each file of `tests/transcripts` holds conversations, one JSON object a line:
//! `{"name", "purpose", "user"?, "context"?, "turns": [step, …]}`. A step is one of
//! - `{"user": "words", "client_message_id"?, "expect"}`: the person says something;
//! - `{"choose": N, "expect"}`: taps the N-th choice of the last turn that had choices;
//! - `{"feedback": true|false, "expect"}`: judges the last answer; `{"button": "human", "expect"}`; `{"stars": N, "expect"}`;
//! - `{"agent": "take"|"say"|"wait"|"return"|"resolve", "text"?, "expect"?}`: what the agent does;
//! - `{"later_minutes": N, "expect"?}`: time passes and what is due is done; `{"restart": true}`: the process ends and starts.
//!
//! `expect` may name: state, failed_rounds, handoff, handoff_reason, priority, reply_type (some reply has it), silent (no
//! reply), case (the answer's case), case_offered, text_has (a list of words, each in some reply), text_lacks, refused (the
//! message is not taken).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use yunzhu::app::{App, Folders};
use yunzhu::desk::policy::Policy;
use yunzhu::engine::{Account, AgentAction, Inbound, NewConversation, Parts, Role, Service};
use yunzhu::id::{AgentName, ConversationId, TicketId};
use yunzhu::privacy::password;
use yunzhu::privacy::vault::Vault;
use yunzhu::store::service::{AccountRow, ServiceStore};
use yunzhu::store::sqlite::SqliteStore;

/// A Tuesday, 11 o'clock in China.
const BEGINNING: i64 = 1_795_489_200_000;
/// As many as show that the dialogue is covered.
const AT_LEAST: usize = 120;

/// A service over a knowledge base, with an agent.
pub struct Stage {
    home: tempfile::TempDir,
    kb: PathBuf,
    now: Arc<AtomicI64>,
    store: SqliteStore,
    /// The service.
    pub service: Service,
    /// The agent.
    pub agent: Account,
}

impl Stage {
    /// A new one over the shipped knowledge base, in a folder of its own.
    pub async fn set() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self::over(home, Path::new(env!("CARGO_MANIFEST_DIR")).join("kb")).await
    }

    /// Over a small knowledge base that stays as it is, so that conversations are about the dialogue and not about the newest
    /// case; with the shipped guided diagnoses.
    async fn small() -> Self {
        let home = tempfile::tempdir().unwrap();
        let (kb, project) = (home.path().join("kb"), Path::new(env!("CARGO_MANIFEST_DIR")));
        copy(&project.join("tests/data/kb"), &kb);
        copy(&project.join("kb/diagnosis"), &kb.join("diagnosis"));
        Self::over(home, kb).await
    }

    async fn over(home: tempfile::TempDir, kb: PathBuf) -> Self {
        let now = Arc::new(AtomicI64::new(BEGINNING));
        let store = SqliteStore::open(&home.path().join("data")).await.unwrap();
        let account = AccountRow {
            name: "li".to_owned(),
            role: "operator".to_owned(),
            password_hash: password::hash("a long enough word").unwrap(),
            disabled: false,
            created_at: 0,
            body: "{}".to_owned(),
        };
        store.put_account(&account).await.unwrap();
        let agent = Account { name: AgentName::parse("li").unwrap(), role: Role::Operator };
        let service = start(home.path(), &kb, &now, &store).await;
        Self { home, kb, now, store, service, agent }
    }

    async fn restart(&mut self) {
        self.service = start(self.home.path(), &self.kb, &self.now, &self.store).await;
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

async fn start(home: &Path, kb: &Path, now: &Arc<AtomicI64>, store: &SqliteStore) -> Service {
    let app = App::new(Folders { kb: kb.to_owned(), index: home.join("index"), data: home.join("data") });
    let engine = app.engine(&mut |_| {}).await.unwrap();
    let now = now.clone();
    let parts = Parts {
        store: store.clone(),
        engine,
        policy: Policy::shipped().unwrap(),
        vault: Vault::from_key([7; 32]),
        attachments: home.join("data/attachments"),
        idle_ms: 30 * 60_000,
        alerts: Vec::new(),
        sinks: Default::default(),
        public_url: None,
        clock: Arc::new(move || now.load(Ordering::Relaxed)),
    };
    Service::start(parts).await.unwrap()
}

/// One conversation under way.
struct Play<'a> {
    stage: &'a mut Stage,
    id: ConversationId,
    /// The turn before, as JSON.
    turn: Value,
    choices: Vec<Value>,
    ticket: Option<TicketId>,
}

impl Play<'_> {
    async fn step(&mut self, step: &Value) -> Result<(), String> {
        let inbound = match step {
            step if step["user"].is_string() => Some(Inbound::Text(text(&step["user"]))),
            step if step["choose"].is_u64() => Some(Inbound::Choice(self.choice(&step["choose"])?)),
            step if step["feedback"].is_boolean() => {
                let turn = u32::try_from(self.turn["turn"].as_u64().unwrap_or(0)).unwrap();
                Some(Inbound::Feedback { turn, helpful: step["feedback"] == true, comment: None })
            }
            step if step["button"] == "human" => Some(Inbound::Handoff { reason: None }),
            step if step["stars"].is_u64() => {
                let stars = u8::try_from(step["stars"].as_u64().unwrap_or(0)).unwrap();
                Some(Inbound::Rating { response: Some(stars), resolution: Some(stars), communication: None })
            }
            _ => None,
        };
        let lines_before = self.lines().await;
        match inbound {
            Some(inbound) => {
                let name = step["client_message_id"].as_str().map(str::to_owned);
                match self.stage.service.turn(&self.id, inbound, name).await {
                    Ok(turn) => self.turn = serde_json::to_value(turn).unwrap(),
                    Err(_) if step["expect"]["refused"] == true => return Ok(()),
                    Err(error) => return Err(error.to_string()),
                }
            }
            None => self.behind_the_scenes(step, lines_before).await?,
        }
        for reply in self.turn["replies"].as_array().unwrap() {
            if let Some(choices) = reply["choices"].as_array().filter(|choices| !choices.is_empty()) {
                self.choices = choices.clone();
            }
        }
        if let Some(ticket) = self.turn["handoff"]["ticket_id"].as_str() {
            self.ticket = TicketId::parse(ticket);
        }
        differences(&self.turn, &step["expect"])
    }

    fn choice(&self, number: &Value) -> Result<String, String> {
        let at = number.as_u64().unwrap_or(0) as usize;
        let choice =
            at.checked_sub(1).and_then(|at| self.choices.get(at)).ok_or("there is no such choice")?;
        Ok(text(&choice["id"]))
    }

    async fn lines(&self) -> usize {
        self.stage.service.messages(&self.id, 0, 500).await.unwrap().len()
    }

    /// What agents and time do; the state afterwards takes the place of the turn.
    async fn behind_the_scenes(&mut self, step: &Value, lines_before: usize) -> Result<(), String> {
        let service = &self.stage.service;
        if let Some(minutes) = step["later_minutes"].as_i64() {
            self.stage.now.fetch_add(minutes * 60_000, Ordering::Relaxed);
            service.sweep().await.map_err(|error| error.to_string())?;
        } else if step["restart"] == true {
            self.stage.restart().await;
        } else if let Some(what) = step["agent"].as_str() {
            service.heartbeat(&self.stage.agent.name, true).await.map_err(|error| error.to_string())?;
            let action = match what {
                "take" => AgentAction::Take,
                "say" => AgentAction::Say { text: text(&step["text"]) },
                "wait" => AgentAction::WaitForCustomer,
                "return" => AgentAction::ReturnToBot,
                "resolve" => AgentAction::Resolve { solution: Some("done".to_owned()) },
                other => return Err(format!("an agent cannot {other}")),
            };
            let ticket = self.ticket.as_ref().ok_or("there is no ticket")?;
            service.act(&self.stage.agent, ticket, action).await.map_err(|error| error.to_string())?;
        } else {
            return Err(format!("no such step: {step}"));
        }
        let view = self.stage.service.conversation(&self.id).await.map_err(|error| error.to_string())?;
        let lines = self.stage.service.messages(&self.id, 0, 500).await.unwrap();
        let said: Vec<Value> =
            lines[lines_before..].iter().map(|line| serde_json::to_value(&line.body).unwrap()).collect();
        let mut turn = serde_json::to_value(view).unwrap();
        turn["replies"] = Value::Array(said);
        self.turn = turn;
        Ok(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn differences(turn: &Value, expect: &Value) -> Result<(), String> {
    let replies = turn["replies"].as_array().unwrap();
    let words: Vec<String> = replies.iter().map(|reply| reply.to_string()).collect();
    let offered = || replies.iter().filter_map(|reply| reply["choices"].as_array()).flatten();
    for (key, want) in expect.as_object().into_iter().flatten() {
        let fits = match key.as_str() {
            "state" | "failed_rounds" | "priority" => turn[key] == *want,
            "handoff" => turn["handoff"].is_object() == (*want == true),
            "handoff_reason" => turn["handoff"]["reason"] == *want,
            "reply_type" => replies.iter().any(|reply| reply["type"] == *want),
            "silent" => replies.is_empty() == (*want == true),
            "case" => replies.iter().any(|reply| reply["case_id"] == *want),
            "case_offered" => offered().any(|choice| choice["case_id"] == *want),
            "text_has" => list(want).iter().all(|part| words.iter().any(|said| said.contains(part))),
            "text_lacks" => list(want).iter().all(|part| words.iter().all(|said| !said.contains(part))),
            other => return Err(format!("nothing can be expected of {other}")),
        };
        if !fits {
            let mut seen = turn.clone();
            seen["replies"] = json!(
                words.iter().map(|said| said.chars().take(160).collect::<String>()).collect::<Vec<_>>()
            );
            return Err(format!("expected {key} {want}, seen {seen}"));
        }
    }
    Ok(())
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(parts) => parts.iter().map(text).collect(),
        part => vec![text(part)],
    }
}

async fn play(stage: &mut Stage, script: &Value) -> Result<(), String> {
    let part = |key: &str| script.get(key).cloned().unwrap_or_else(|| json!({}));
    let new: NewConversation =
        serde_json::from_value(json!({"user": part("user"), "context": part("context")}))
            .map_err(|error| error.to_string())?;
    let id = stage.service.open_conversation(new).await.map_err(|error| error.to_string())?.conversation_id;
    let mut play = Play { stage, id, turn: json!({"replies": []}), choices: Vec::new(), ticket: None };
    for (n, step) in script["turns"].as_array().ok_or("no turns")?.iter().enumerate() {
        play.step(step).await.map_err(|error| format!("step {}: {error}", n + 1))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transcript_goes_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut stage = Stage::small().await;
    let (mut played, mut wrong) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let script: Value =
                serde_json::from_str(line).unwrap_or_else(|e| panic!("{}:{}: {e}", file.display(), n + 1));
            played += 1;
            if let Err(error) = play(&mut stage, &script).await {
                wrong.push(format!(
                    "{}:{} {}: {error}",
                    file.file_name().unwrap().to_string_lossy(),
                    n + 1,
                    script["name"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {played} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(played >= AT_LEAST, "only {played} transcripts");
}
