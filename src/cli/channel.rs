//! `yunzhu channel`

use std::io::Write;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::app::Letter;
use crate::channel::accounts::{ALL, DINGTALK, WECHAT, WECOM_APP, WECOM_BOT, WECOM_KF};
use crate::channel::call::Caller;
use crate::config::channels::{Channels, WecomBot};
use crate::texts::Text;

use super::channels::{Platforms, platforms};
use super::terminal::Ink;
use super::{Run, Status};

/// Clocks that are further apart, in seconds, make signatures and tokens fail.
const CLOCKS_APART: i64 = 60;
/// Longest wait for an answer of our own address.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where to read on.
const GUIDES: &str = "docs/channels";

/// 聊天渠道:检查配置,处理没有送达的消息
#[derive(Args)]
pub struct Channel {
    #[command(subcommand)]
    command: ChannelCommand,
}

#[derive(Subcommand)]
enum ChannelCommand {
    /// 列出配置了哪些渠道,回调地址是什么
    List,
    /// 检查一个渠道:配置、能否连上、凭据、回调地址、时钟
    #[command(after_help = "\
不写名字就检查所有配置了的渠道。每项一行,出问题的那行写着去哪里改;有问题时退出状态为 1。
名字: wechat, wecom-bot, wecom-app, wecom-kf, dingtalk

示例:
  yunzhu channel check
  yunzhu channel check wechat")]
    Check {
        /// 渠道的名字
        #[arg(value_name = "NAME", value_parser = ALL)]
        name: Option<String>,
    },
    /// 列出放弃了的消息:重试多次仍然送不出去
    Dead,
    /// 把放弃了的消息再送一次;服务在运行时几秒内就会送
    Resend {
        /// 消息的编号,`channel dead` 列出的;写 all 表示全部
        #[arg(value_name = "ID")]
        id: String,
    },
}

impl Channel {
    /// Does it.
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        match self.command {
            ChannelCommand::List => list(run),
            ChannelCommand::Check { name } => check(run, name.as_deref()).await,
            ChannelCommand::Dead => dead(run).await,
            ChannelCommand::Resend { id } => resend(run, &id).await,
        }
    }
}

fn list(run: &Run) -> anyhow::Result<Status> {
    let Platforms { accounts, robots, .. } = platforms(&run.settings)?;
    let mut out = run.terminal.stdout();
    for name in accounts.names() {
        let url = callback(run, name);
        if run.json {
            writeln!(out, "{}", json!({"channel": name, "callback": url}))?;
            continue;
        }
        match url {
            Some(url) => writeln!(out, "{name}\t{url}")?,
            None => writeln!(out, "{name}\t{}", run.texts.channel_connects.as_str())?,
        }
    }
    for name in robots.names() {
        match run.json {
            true => writeln!(out, "{}", json!({"robot": name}))?,
            false => writeln!(out, "{name}\t{}", run.texts.channel_alerts.as_str())?,
        }
    }
    if accounts.names().is_empty() && robots.names().is_empty() && !run.json {
        run.terminal.say(&run.texts.channel_none.fill(&[("guides", &GUIDES)]));
    }
    out.flush()?;
    Ok(Status::Done)
}

/// Where the platform calls; `None` where yunzhu connects by itself.
fn callback(run: &Run, name: &str) -> Option<String> {
    let channels = &run.settings.channels;
    let path = match name {
        WECHAT => "/webhooks/wechat",
        WECOM_APP => "/webhooks/wecom",
        WECOM_KF => "/webhooks/wecom/kf",
        WECOM_BOT if matches!(channels.wecom_bot, Some(WecomBot::Callback { .. })) => "/webhooks/wecom/bot",
        DINGTALK if channels.dingtalk.as_ref().is_some_and(|robot| !robot.stream) => "/webhooks/dingtalk",
        _ => return None,
    };
    let base = run.settings.server.public_url.as_deref().unwrap_or("https://…");
    Some(format!("{base}{path}"))
}

/// One thing that was looked at: which channel, what, and what is wrong with it.
struct Finding {
    what: &'static str,
    wrong: Option<String>,
}

async fn check(run: &Run, name: Option<&str>) -> anyhow::Result<Status> {
    let Platforms { accounts, .. } = platforms(&run.settings)?;
    let there = accounts.names();
    let names: Vec<&str> = match name {
        Some(name) => ALL.into_iter().filter(|known| *known == name).collect(),
        None => there.clone(),
    };
    let mut out = run.terminal.stdout();
    let mut is_fine = true;
    if names.is_empty() && !run.json {
        run.terminal.say(&run.texts.channel_none.fill(&[("guides", &GUIDES)]));
    }
    for name in names {
        let mut findings = Vec::new();
        if there.contains(&name) {
            findings.push(Finding { what: "settings", wrong: risks(run, name) });
            let now = now_ms();
            if has_credentials(run, name) {
                let taken = accounts.check(name, now).await;
                findings.push(Finding { what: "credentials", wrong: taken.err().map(|error| error.reason) });
            }
            findings.extend(clock(run, name).await.map(|wrong| Finding { what: "clock", wrong }));
            if callback(run, name).is_some() {
                findings.push(Finding { what: "callback", wrong: reachable(run, name).await });
            }
        } else {
            let section = name.replace('-', "_");
            let wrong = run.texts.channel_not_set.fill(&[
                ("section", &section),
                ("guides", &GUIDES),
                ("name", &name),
            ]);
            findings.push(Finding { what: "settings", wrong: Some(wrong) });
        }
        for Finding { what, wrong } in findings {
            is_fine &= wrong.is_none();
            if run.json {
                writeln!(
                    out,
                    "{}",
                    json!({"channel": name, "check": what, "ok": wrong.is_none(), "wrong": wrong})
                )?;
                continue;
            }
            let label = label(run, what);
            match wrong {
                None => writeln!(out, "{} {name} {label}", run.terminal.out.paint(Ink::Good, "✓"))?,
                Some(wrong) => {
                    writeln!(out, "{} {name} {label}: {wrong}", run.terminal.out.paint(Ink::Error, "✗"))?;
                }
            }
        }
    }
    out.flush()?;
    Ok(if is_fine { Status::Done } else { Status::Bad })
}

fn label<'a>(run: &'a Run, what: &str) -> &'a Text {
    match what {
        "settings" => &run.texts.channel_settings,
        "credentials" => &run.texts.channel_credentials,
        "clock" => &run.texts.channel_clock,
        _ => &run.texts.channel_callback,
    }
}

/// What works and should not be left so.
fn risks(run: &Run, name: &str) -> Option<String> {
    let channels: &Channels = &run.settings.channels;
    match name {
        WECHAT if channels.wechat.as_ref().is_some_and(|wechat| wechat.encoding_aes_key.is_none()) => {
            Some(run.texts.channel_plain.as_str().to_owned())
        }
        _ => None,
    }
}

/// Whether there is something to sign in with that can be tried: a second connection of a bot would end the one that runs.
fn has_credentials(run: &Run, name: &str) -> bool {
    match name {
        WECHAT => run.settings.channels.wechat.as_ref().is_some_and(|wechat| wechat.app_secret.is_some()),
        WECOM_BOT => false,
        _ => true,
    }
}

/// What is wrong with the clocks; `None` where the platform's is not known.
async fn clock(run: &Run, name: &str) -> Option<Option<String>> {
    let channels = &run.settings.channels;
    let base = match name {
        WECHAT => &channels.wechat.as_ref()?.api_base,
        WECOM_APP => &channels.wecom_app.as_ref()?.api_base,
        WECOM_KF => &channels.wecom_kf.as_ref()?.api_base,
        DINGTALK => &channels.dingtalk.as_ref()?.api_base,
        _ => return None,
    };
    let caller = Caller::new(&channels.allowed_hosts).ok()?;
    // Where it cannot be reached, the credentials have said so.
    let theirs = caller.date(base).await.ok().flatten()?;
    let apart = theirs - now_ms() / 1000;
    let words = || run.texts.channel_clock_apart.fill(&[("seconds", &apart.abs())]);
    Some((apart.abs() > CLOCKS_APART).then(words))
}

/// Whether our own address leads here.
async fn reachable(run: &Run, name: &str) -> Option<String> {
    let Some(base) = run.settings.server.public_url.as_deref() else {
        return Some(run.texts.channel_no_url.as_str().to_owned());
    };
    if !base.starts_with("https://") && name != WECHAT {
        return Some(run.texts.channel_no_tls.fill(&[("url", &base)]));
    }
    let caller = Caller::new(&run.settings.channels.allowed_hosts).ok()?;
    let asked = tokio::time::timeout(PATIENCE, caller.get_json(&format!("{base}/readyz"), &[])).await;
    let url = callback(run, name).unwrap_or_default();
    match asked {
        Ok(Ok((200, _))) => None,
        Ok(Ok((status, _))) => {
            Some(run.texts.channel_bad_status.fill(&[("url", &base), ("status", &status)]))
        }
        Ok(Err(error)) => Some(run.texts.channel_unreached.fill(&[("url", &url), ("reason", &error.reason)])),
        Err(_) => Some(run.texts.channel_unreached.fill(&[("url", &url), ("reason", &"10 s")])),
    }
}

async fn dead(run: &Run) -> anyhow::Result<Status> {
    let letters = run.app.dead_letters().await?;
    let mut out = run.terminal.stdout();
    for Letter { id, sink, attempts, error, .. } in &letters {
        match run.json {
            true => {
                writeln!(out, "{}", json!({"id": id, "sink": sink, "attempts": attempts, "error": error}))?
            }
            false => writeln!(out, "{id}\t{sink}\t{attempts}\t{}", error.as_deref().unwrap_or_default())?,
        }
    }
    if letters.is_empty() && !run.json {
        run.terminal.say(run.texts.channel_no_dead.as_str());
    }
    out.flush()?;
    Ok(Status::Done)
}

async fn resend(run: &Run, id: &str) -> anyhow::Result<Status> {
    let count = run.app.resend((id != "all").then_some(id), now_ms()).await?;
    if count == 0 && id != "all" {
        anyhow::bail!("{}", run.texts.channel_no_letter.fill(&[("id", &id)]));
    }
    match run.json {
        true => writeln!(run.terminal.stdout(), "{}", json!({"resent": count}))?,
        false => run.terminal.say(&run.texts.channel_resent.fill(&[("count", &count)])),
    }
    Ok(Status::Done)
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
