use std::fs;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;
use yunzhu::app::{App, Folders};
use yunzhu::desk::policy::Policy;
use yunzhu::engine::{Parts, Service};
use yunzhu::http::options::Options;
use yunzhu::http::router::router;
use yunzhu::http::site::Slot;
use yunzhu::privacy::password;
use yunzhu::privacy::vault::Vault;
use yunzhu::store::service::{AccountRow, ServiceStore};
use yunzhu::store::sqlite::SqliteStore;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It is a problem with this status and the last word of this type, which says nothing of the inside.
    #[track_caller]
    pub fn problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:yunzhu:problem:{kind}"), "{self:?}");
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{self:?}");
        for inside in ["src/", ".rs", "SELECT", "/tmp", "panicked", "sqlx"] {
            assert!(!self.body.contains(inside), "{inside}: {self:?}");
        }
        problem
    }
}

/// A router over a service that is not open yet.
pub fn closed(options: Options) -> Router {
    let (_, closing) = watch::channel(false);
    router(options, Slot::new(), closing)
}

/// One request.
pub async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
}

/// A request with these headers.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let builder = Request::builder().method(method).uri(path);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(body.into()).unwrap()
}

/// A request without more.
pub async fn get(router: &Router, path: &str) -> Answer {
    ask(router, request("GET", path, &[], "")).await
}

/// A request with JSON.
pub async fn post(router: &Router, path: &str, body: &str) -> Answer {
    ask(router, request("POST", path, &[("content-type", "application/json")], body.to_owned())).await
}

const TOPIC: &str = "\
# 磁盘

## 磁盘满了怎么清理

先用 `df -h` 看哪个分区满了，再清理 `/var/log` 下的旧日志。

## 数据盘怎么扩容

在控制台扩容后，执行 `growpart` 和 `resize2fs` 扩展分区。

## 证书过期了怎么续费

在证书控制台续费，下载新证书并替换，重启网关。
";

/// An open service over folders of its own.
pub struct World {
    pub router: Router,
    pub slot: Slot,
    store: SqliteStore,
    _closing: watch::Sender<bool>,
    _folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(mut options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("kb/servers")).unwrap();
        fs::write(at("kb/servers/disk.md"), TOPIC).unwrap();
        options.uploads = at("data/uploads");
        let app = App::new(Folders { kb: at("kb"), index: at("index"), data: at("data") });
        let engine = app.engine(&mut |_| {}).await.unwrap();
        let store = SqliteStore::open(&at("data")).await.unwrap();
        let parts = Parts {
            store: store.clone(),
            engine,
            policy: Policy::shipped().unwrap(),
            vault: Vault::from_key([7; 32]),
            attachments: at("data/attachments"),
            idle_ms: 1_800_000,
            alerts: Vec::new(),
            sinks: Default::default(),
            public_url: None,
            // A Tuesday, 11 o'clock in China.
            clock: Arc::new(|| 1_795_489_200_000),
        };
        let (service, slot) = (Service::start(parts).await.unwrap(), Slot::new());
        slot.fill(service);
        let (closing, ends) = watch::channel(false);
        let router = router(options, slot.clone(), ends);
        Self { router, slot, store, _closing: closing, _folder: folder }
    }

    /// A conversation: its address and its token.
    pub async fn open(&self) -> (String, String) {
        let opened = post(&self.router, "/api/v1/conversations", "{}").await;
        assert_eq!(opened.status, 201, "{opened:?}");
        let opened = opened.json();
        let id = opened["conversation_id"].as_str().unwrap();
        (format!("/api/v1/conversations/{id}"), opened["token"].as_str().unwrap().to_owned())
    }

    /// A request with JSON and a token.
    pub async fn with_token(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        ask(&self.router, request(method, path, &headers, body.to_owned())).await
    }

    /// Somebody who may sign in with `PASSWORD`.
    pub async fn account(&self, name: &str, role: &str) {
        let account = AccountRow {
            name: name.to_owned(),
            role: role.to_owned(),
            password_hash: password::hash(PASSWORD).unwrap(),
            disabled: false,
            created_at: 0,
            body: "{}".to_owned(),
        };
        self.store.put_account(&account).await.unwrap();
    }

    /// An account that has signed in: the token of its session.
    pub async fn session(&self, name: &str, role: &str) -> String {
        self.account(name, role).await;
        let body = json!({"name": name, "password": PASSWORD}).to_string();
        let answer = post(&self.router, "/api/v1/sessions", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }
}

/// What every account of these tests signs in with.
pub const PASSWORD: &str = "a long enough word";
