//! `yunzhu serve`

use std::net::SocketAddr;

use clap::Args;
use tokio::sync::watch;

use super::{Run, Status, options};
use crate::http::serve::serve;
use crate::http::site::Slot;
use crate::worker;

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
        let mut options = crate::http::options::Options::default();
        options.limits.exempt_loopback = true;
        options.uploads = run.app.folders().data.join("uploads");
        options.bind = self.listen.unwrap_or(options.bind);
        let slot = Slot::new();
        let (stop, stopped) = watch::channel(false);
        let work = async {
            let engine = run.engine(self.sync.sync()).await?;
            let service = run
                .app
                .service(
                    engine,
                    &crate::app::ServiceOptions {
                        idle: std::time::Duration::from_secs(1800),
                        vault_keys: None,
                        vault_key_file: None,
                        webhook: false,
                    },
                )
                .await?;
            slot.fill(service.clone());
            run.terminal.say(run.texts.serve_ready.as_str());
            let working = worker::run(service.clone(), None, stopped.clone());
            tokio::join!(working, run.app.follow(&service, stopped.clone()));
            anyhow::Ok(())
        };
        let says = |address: SocketAddr| {
            run.terminal.say(&run.texts.serve_listening.fill(&[("address", &address)]));
        };
        let serving = async {
            let served = serve(options, slot.clone(), says, interrupted()).await;
            stop.send_replace(true);
            served
        };
        let (served, worked) = tokio::join!(serving, work);
        served?;
        worked?;
        Ok(Status::Done)
    }
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
