//! `yunzhu serve`

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use tokio::sync::watch;

use super::channels::{Platforms, platforms};
use super::{Run, Status, options};
use crate::config::Settings;
use crate::http::identity::Identity;
use crate::http::options as http;
use crate::http::serve::serve;
use crate::http::site::Slot;
use crate::worker::{self, Webhook};

/// Of the time for a shutdown, what the store and the index need to close.
const LAST_SECOND: Duration = Duration::from_secs(1);

/// 启动服务:同步知识库、更新索引、打开网页和接口
#[derive(Args)]
#[command(after_help = "\
默认只在本机 127.0.0.1:8080 提供服务。打开浏览器访问 http://127.0.0.1:8080/ 即可对话,/desk 是坐席工作台。
第一个操作员用 `yunzhu user add 名字 --role operator` 创建。Ctrl-C 或 SIGTERM 在 10 秒内平稳退出。

示例:
  yunzhu serve
  yunzhu serve --listen 0.0.0.0:8443 --config /etc/yunzhu.toml")]
pub struct Serve {
    /// 监听的地址和端口 [默认: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    sync: options::SyncOptions,
}

impl Serve {
    pub async fn run(self, run: &Run) -> anyhow::Result<Status> {
        let mut options = http_options(&run.settings);
        options.bind = self.listen.unwrap_or(options.bind);
        let webhook = run.settings.alerts.webhook.clone();
        let webhook = webhook.map(|webhook| Webhook::new(webhook.url, webhook.secret)).transpose()?;
        let Platforms { accounts, connections, robots } = platforms(&run.settings)?;
        let mut parts = run.service_options();
        parts.alerts = webhook.iter().map(|_| "webhook".to_owned()).chain(robots.names()).collect();
        parts.sinks = worker::sinks(&accounts);
        let fresh = Duration::from_secs(run.settings.channels.fresh_minutes.saturating_mul(60));
        let patience = worker::Patience { fresh };
        let tools = worker::Tools { webhook, robots, accounts: accounts.clone(), connections, patience };
        // Before anything is touched that the service which has it relies on.
        run.app.claim().await?;
        let slot = Slot::with(accounts);
        let (stop, stopped) = watch::channel(false);
        let work = async {
            let engine = run.engine(self.sync.sync()).await?;
            let service = run.app.service(engine, &parts).await?;
            slot.fill(service.clone());
            run.terminal.say(run.texts.serve_ready.as_str());
            let working = worker::run(service.clone(), tools, stopped.clone());
            tokio::join!(working, run.app.follow(&service, stopped.clone()));
            anyhow::Ok(())
        };
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let says = |address: SocketAddr| {
            run.terminal.say(&run.texts.serve_listening.fill(&[("scheme", &scheme), ("address", &address)]));
        };
        let serving = serve(options, slot.clone(), says, interrupted());
        tokio::pin!(work, serving);
        tokio::select! {
            // It works until it is stopped: what ends before has failed, and there is nothing to serve.
            worked = &mut work => return worked.map(|()| Status::Done),
            served = &mut serving => served?,
        }
        stop.send_replace(true);
        // An index that is being built is whole whenever that ends, and is not waited for.
        if let Ok(worked) = tokio::time::timeout(LAST_SECOND, work).await {
            worked?;
        }
        Ok(Status::Done)
    }
}

/// What the settings say of the service over HTTP.
fn http_options(settings: &Settings) -> http::Options {
    let server = &settings.server;
    let mut options = http::Options {
        bind: server.listen,
        tls: server.tls.clone().map(|tls| http::Tls { certificate: tls.cert, key: tls.key }),
        allowed_origins: server.allowed_origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
        identity: settings.channels.widget.identity_secret.clone().map(|secret| Identity {
            secret,
            site: settings.channels.widget.site.clone(),
            required: settings.channels.widget.identity_required,
        }),
        frame_origins: settings.channels.widget.frame_origins.iter().map(|o| o.as_str().to_owned()).collect(),
        tls_in_front: server.tls_in_front,
        trusted_proxies: server.trusted_proxies.clone(),
        uploads: settings.folders.data.join("uploads"),
        ..http::Options::default()
    };
    options.limits.body = server.max_body_bytes;
    options.limits.attachment = server.max_attachment_bytes;
    options.limits.address = Some(http::Quota::new(server.requests_per_second, server.burst));
    let (a_second, at_once) =
        (server.messages_per_minute.div_ceil(60), server.messages_per_minute.div_ceil(6));
    options.limits.conversation = Some(http::Quota::new(a_second, at_once));
    options.limits.exempt_loopback = !server.limit_loopback;
    options.patience.shutdown = server.shutdown.saturating_sub(LAST_SECOND);
    options
}

/// Ends with Ctrl-C or, where there is such a thing, SIGTERM.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    _ = tokio::signal::ctrl_c().await;
}
