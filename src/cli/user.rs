//! `yunzhu user`

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::app::{Listed, NewAccount, Profile};

use super::password::new_password;
use super::terminal::{Ink, harmless, pad};
use super::{Run, Status};

/// 账号:坐席和运营人员
#[derive(Args)]
pub struct User {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Subcommand)]
enum UserCommand {
    /// 新建账号
    #[command(after_help = "\
密码在终端上输入两次,不显示;不是终端时,从标准输入读一行。至少 10 个字符,不能含账号名。

示例:
  yunzhu user add wang --role operator
  yunzhu user add li --role agent --skills ecs,rds --languages zh-CN,en --capacity 5
  printf '%s' \"$PASSWORD\" | yunzhu user add zhang --role agent --password-stdin")]
    Add(Add),
    /// 列出全部账号
    #[command(after_help = "\
示例:
  yunzhu user list
  yunzhu user list --json")]
    List,
    /// 停用账号,并让它立即退出登录
    #[command(after_help = "\
示例:
  yunzhu user disable li")]
    Disable(Name),
    /// 重新启用账号
    #[command(after_help = "\
示例:
  yunzhu user enable li")]
    Enable(Name),
    /// 换一个密码,用旧密码登录的立即退出
    #[command(after_help = "\
示例:
  yunzhu user password li")]
    Password(Password),
}

#[derive(Args)]
struct Name {
    /// 账号名
    name: String,
}

#[derive(Args)]
struct Password {
    /// 账号名
    name: String,
    /// 从标准输入读一行密码
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Args)]
struct Add {
    /// 账号名
    name: String,
    /// 能做什么:agent 处理工单,operator 还能看全部、管一切
    #[arg(long)]
    role: Role,
    /// 擅长的产品或方向,用逗号隔开
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    skills: Vec<String>,
    /// 持有的认证,用逗号隔开
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    certificates: Vec<String>,
    /// 会说的语言,用逗号隔开,例如 zh-CN,en
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    languages: Vec<String>,
    /// 服务的地域,用逗号隔开,例如 cn-hangzhou
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    regions: Vec<String>,
    /// 同时接待几个会话
    #[arg(long, default_value_t = Profile::default().capacity, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    capacity: u32,
    /// 客户看到的名字 [默认: 账号名]
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    display_name: String,
    /// 从标准输入读一行密码
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Role {
    Agent,
    Operator,
}

impl Role {
    /// As accounts spell it.
    fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Operator => "operator",
        }
    }
}

impl User {
    /// Makes, lists or changes accounts.
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let (app, texts, now) = (&run.app, &run.texts, now());
        match self.command {
            UserCommand::Add(add) => {
                let (new, from_stdin) = add.account();
                let (name, role) = (new.name.clone(), new.role);
                app.add_account(new, new_password(run, from_stdin)?, now).await?;
                said(run, "added", &name, &texts.user_added.fill(&[("name", &name), ("role", &role)]))
            }
            UserCommand::List => list(run, &app.accounts().await?),
            UserCommand::Disable(Name { name }) => {
                app.disable_account(&name, now).await?;
                said(run, "disabled", &name, &texts.user_disabled.fill(&[("name", &name)]))
            }
            UserCommand::Enable(Name { name }) => {
                app.enable_account(&name, now).await?;
                said(run, "enabled", &name, &texts.user_enabled.fill(&[("name", &name)]))
            }
            UserCommand::Password(Password { name, password_stdin }) => {
                app.set_password(&name, new_password(run, password_stdin)?, now).await?;
                said(run, "password", &name, &texts.user_password_set.fill(&[("name", &name)]))
            }
        }
    }
}

impl Add {
    fn account(self) -> (NewAccount, bool) {
        let Self {
            name,
            role,
            skills,
            certificates,
            languages,
            regions,
            capacity,
            display_name,
            password_stdin,
        } = self;
        let profile = Profile { skills, certificates, languages, regions, capacity, display_name };
        (NewAccount { name, role: role.word(), profile }, password_stdin)
    }
}

fn said(run: &Run, done: &str, name: &str, sentence: &str) -> anyhow::Result<Status> {
    let mut out = run.terminal.stdout();
    if run.json {
        writeln!(out, "{}", json!({"done": done, "name": name}))?;
    } else {
        writeln!(out, "{}", run.terminal.out.paint(Ink::Good, sentence))?;
    }
    out.flush()?;
    Ok(Status::Done)
}

fn list(run: &Run, accounts: &[Listed]) -> anyhow::Result<Status> {
    let mut out = run.terminal.stdout();
    for account in accounts {
        if run.json {
            writeln!(out, "{}", json!(account))?;
        } else {
            writeln!(out, "{}", line(run, account))?;
        }
    }
    if accounts.is_empty() && !run.json {
        writeln!(out, "{}", run.texts.user_none)?;
    }
    out.flush()?;
    Ok(Status::Done)
}

/// Name, role, whether it is shut, and what it can do.
fn line(run: &Run, account: &Listed) -> String {
    let Profile { skills, certificates, languages, regions, capacity, .. } = &account.profile;
    let lists = [skills, certificates, languages, regions];
    let known: Vec<String> =
        lists.iter().filter(|list| !list.is_empty()).map(|list| list.join(",")).collect();
    let facts = run.terminal.out.paint(Ink::Dim, &harmless(&format!("×{capacity} {}", known.join(" · "))));
    let state = if account.disabled { run.texts.user_is_disabled.as_str() } else { "" };
    format!("{} {} {state} {facts}", pad(&harmless(&account.name), 16), pad(&account.role, 8))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
