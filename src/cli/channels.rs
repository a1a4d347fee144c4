//! The accounts of chat platforms, made from the settings.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::mpsc;

use crate::channel::accounts::{Accounts, WecomBot};
use crate::channel::call::Caller;
use crate::channel::dingtalk::stream_client::{Outside, Pace, Stream};
use crate::channel::robot::{DingtalkRobot, WecomRobot};
use crate::channel::wecom::link_client;
use crate::channel::{dingtalk, wechat, wecom};
use crate::config::Settings;
use crate::config::channels::{self, Channels};
use crate::privacy::secret::Secret;
use crate::worker::{Connections, Robots, WAITING};

/// What the settings say about chat platforms, ready to run.
pub struct Platforms {
    /// What decodes and sends.
    pub accounts: Arc<Accounts>,
    /// Connections of ours that are not open yet.
    pub connections: Connections,
    /// Robots that hear alerts.
    pub robots: Robots,
}

/// Makes all of it; nothing is called yet.
pub fn platforms(settings: &Settings) -> anyhow::Result<Platforms> {
    let channels = &settings.channels;
    let caller = Caller::new(&channels.allowed_hosts)?;
    let (mut accounts, mut connections) = (Accounts::default(), Connections::default());
    if let Some(options) = &channels.wechat {
        let options = wechat_options(options);
        let account = wechat::Account::new(&options).context("wechat.encoding_aes_key")?;
        accounts.wechat = Some((account, wechat::client::Client::new(caller.clone(), &options)));
        accounts.wechat_menu = channels.wechat.as_ref().is_some_and(|wechat| wechat.menu);
    }
    wecom_accounts(channels, &caller, &mut accounts, &mut connections)?;
    if let Some(options) = &channels.dingtalk {
        let robot = dingtalk::Options {
            app_key: options.app_key.clone(),
            app_secret: options.app_secret.clone(),
            robot_code: options.robot_code.clone(),
            api_base: options.api_base.clone(),
        };
        accounts.dingtalk = Some(dingtalk::client::Client::new(robot.clone(), caller.clone()));
        if options.stream {
            let (arrivals, waiting) = mpsc::channel(WAITING);
            let outside = Outside { now_ms, random };
            let stream = Stream::new(robot, caller.clone(), arrivals, Pace::default(), outside);
            accounts.dingtalk_stream = Some(stream.state());
            connections.dingtalk = Some((stream, waiting));
        }
    }
    let robots = robots(&channels.robots, &caller, settings.server.public_url.clone());
    Ok(Platforms { accounts: Arc::new(accounts), connections, robots })
}

fn wechat_options(options: &channels::Wechat) -> wechat::Options {
    wechat::Options {
        app_id: options.app_id.clone(),
        app_secret: options.app_secret.clone().unwrap_or_else(|| Secret::from(String::new())),
        token: options.token.clone(),
        encoding_aes_key: options.encoding_aes_key.clone(),
        api_base: options.api_base.clone(),
        mode: if options.passive_only { wechat::Mode::PassiveOnly } else { wechat::Mode::Service },
    }
}

fn wecom_accounts(
    channels: &Channels,
    caller: &Caller,
    accounts: &mut Accounts,
    connections: &mut Connections,
) -> anyhow::Result<()> {
    if let Some(app) = &channels.wecom_app {
        let options = wecom::app::Options {
            corp_id: app.corp_id.clone(),
            agent_id: app.agent_id,
            secret: app.secret.clone(),
            token: app.token.clone(),
            encoding_aes_key: app.encoding_aes_key.clone(),
            api_base: app.api_base.clone(),
        };
        let decodes = wecom::app::App::new(&options).context("wecom_app.encoding_aes_key")?;
        accounts.wecom_app = Some((decodes, wecom::app_client::Client::new(caller.clone(), &options)));
        accounts.wecom_app_in_wechat = app.wechat_plugin;
    }
    if let Some(kf) = &channels.wecom_kf {
        let options = wecom::kf::Options {
            corp_id: kf.corp_id.clone(),
            secret: kf.secret.clone(),
            token: kf.token.clone(),
            encoding_aes_key: kf.encoding_aes_key.clone(),
            api_base: kf.api_base.clone(),
        };
        let decodes = wecom::kf::Kf::new(&options).context("wecom_kf.encoding_aes_key")?;
        accounts.wecom_kf = Some((decodes, wecom::kf_client::Client::new(caller.clone(), &options)));
        accounts.wecom_kf_transfer = kf.transfer;
    }
    match &channels.wecom_bot {
        Some(channels::WecomBot::Callback { token, encoding_aes_key }) => {
            let (token, encoding_aes_key) = (token.clone(), encoding_aes_key.clone());
            let options = wecom::bot::Options { token, encoding_aes_key, name: None };
            let bot = wecom::bot::Bot::new(&options).context("wecom_bot.encoding_aes_key")?;
            let client = wecom::bot_client::Client::new(caller.clone(), Some(bot.key().clone()));
            accounts.wecom_bot = Some(WecomBot::Callback(bot, client));
        }
        Some(channels::WecomBot::Link { bot_id, secret, connect_url }) => {
            let (link, runner) = link_client::connection(link_client::Options {
                address: connect_url.clone(),
                bot_id: bot_id.clone(),
                secret: secret.clone(),
                name: None,
                pace: link_client::Pace::default(),
            });
            let client = wecom::bot_client::Client::new(caller.clone(), None);
            accounts.wecom_bot = Some(WecomBot::Link(link, client));
            connections.wecom_bot = Some(runner);
        }
        None => {}
    }
    Ok(())
}

fn robots(robots: &channels::Robots, caller: &Caller, public_url: Option<String>) -> Robots {
    let dingtalk = robots.dingtalk.clone();
    let dingtalk = dingtalk.map(|(url, secret)| Arc::new(DingtalkRobot::new(url, secret, caller.clone())));
    let wecom = robots.wecom.clone().map(|url| Arc::new(WecomRobot::new(url, caller.clone())));
    Robots { dingtalk, wecom, public_url }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

fn random() -> u32 {
    // Pauses that are the same everywhere are worse, and no harm.
    getrandom::u32().unwrap_or_default()
}
