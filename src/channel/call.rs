//! Calls to the platforms: JSON, files, and which addresses from outside may be called.
//!
//! Tokens stand in the addresses of some platforms: no error here shows an address. Redirects are not followed, since a
//! token or a message is for the host that was meant and for no other.

mod file_name;

use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use reqwest::multipart::{Form, Part};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::Value;

use crate::channel::{Hope, Undelivered};
use file_name::file_name;

/// A platform that takes longer has not answered.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A file takes longer, as do slow lines.
const FILE_TIMEOUT: Duration = Duration::from_secs(60);
const NOT_ALLOWED: &str = "the platform named an address that is not one of its own; if it is right, add its host to the \
                           extra hosts in the settings";
/// Longest JSON answer that is read, in bytes.
const MAX_JSON: usize = 1 << 20;
/// Hosts below which a platform may name an address, leading dot included. COS is apart: anybody has buckets there.
const PLATFORMS: [&str; 2] = [".dingtalk.com", ".weixin.qq.com"];

/// Calls platforms. Cheap to clone; one for all accounts.
#[derive(Clone, Debug)]
pub struct Caller {
    client: Client,
    extra_hosts: Arc<[String]>,
}

/// A file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// As the server says, without parameters and in lower case; empty where it does not say.
    pub media_type: String,
    /// The content.
    pub bytes: Vec<u8>,
    /// The name that the server gives, without folders and control characters.
    pub name: Option<String>,
}

/// Why a call came to nothing. Never shows the address or what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CallError {
    /// What a caller can act on.
    pub kind: CallFault,
    /// In one line.
    pub reason: String,
}

/// What went wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFault {
    /// No connection, or it broke.
    Unreached,
    /// No answer in time.
    Timeout,
    /// An HTTP status, and no JSON with it that would say more.
    Status(u16),
    /// More bytes than the limit.
    TooLarge,
    /// Not JSON, or not a request that can be made.
    Unreadable,
    /// The address is not one of the platform's.
    NotAllowed,
}

impl Caller {
    /// A caller that also takes addresses from outside with these hosts: `host` or `host:port`.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(extra_hosts: &[String]) -> Result<Self, Undelivered> {
        let client = builder().build().map_err(|error| Undelivered {
            hope: Hope::Never,
            reason: format!("no connection can be made: {}; check the system's certificates", causes(&error)),
        })?;
        let extra_hosts = extra_hosts.iter().map(|host| host.trim().to_ascii_lowercase()).collect();
        Ok(Self { client, extra_hosts })
    }

    /// What time it is there, in seconds since 1970, by the `Date` of an answer.
    ///
    /// # Errors
    /// No answer.
    pub async fn date(&self, url: &str) -> Result<Option<i64>, CallError> {
        let answer = self.client.head(url).send().await.map_err(unreached)?;
        let date = answer.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
        Ok(date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|at| at.timestamp().as_second()))
    }

    /// GET; gives the status and the JSON, which is null where the body is empty.
    ///
    /// # Errors
    /// No answer, or one that is not JSON of at most 1 MiB.
    pub async fn get_json(&self, url: &str, headers: &[(&str, &str)]) -> Result<(u16, Value), CallError> {
        json(with(self.client.get(url), headers)).await
    }

    /// POST of JSON in UTF-8 without `\u` escapes, which WeChat would show as they are; gives what [`Self::get_json`] gives.
    ///
    /// # Errors
    /// As [`Self::get_json`].
    pub async fn post_json(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<(u16, Value), CallError> {
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json; charset=utf-8");
        json(with(request, headers).body(body.to_string())).await
    }

    /// PUT of JSON, as [`Self::post_json`].
    ///
    /// # Errors
    /// As [`Self::get_json`].
    pub async fn put_json(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<(u16, Value), CallError> {
        let request = self.client.put(url).header(CONTENT_TYPE, "application/json; charset=utf-8");
        json(with(request, headers).body(body.to_string())).await
    }

    /// A file of at most so many bytes. An address from outside goes through [`Self::allowed`] first.
    ///
    /// # Errors
    /// No answer, a status other than 2xx (redirects too), or a file that is larger.
    pub async fn download(&self, url: &str, limit_bytes: usize) -> Result<Download, CallError> {
        let response = self.client.get(url).timeout(FILE_TIMEOUT).send().await.map_err(unreached)?;
        if !response.status().is_success() {
            return Err(bad_status(response.status().as_u16()));
        }
        let text =
            |name| response.headers().get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
        let media_type = text(CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default();
        let media_type = media_type.trim().to_ascii_lowercase();
        let name = text(CONTENT_DISPOSITION).and_then(file_name);
        let bytes = body(response, limit_bytes).await?;
        Ok(Download { media_type, bytes, name })
    }

    /// POST of a file as `multipart/form-data`; gives what [`Self::get_json`] gives.
    ///
    /// # Errors
    /// As [`Self::get_json`], and where the media type is none.
    pub async fn upload(
        &self,
        url: &str,
        field: &str,
        file_name: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(u16, Value), CallError> {
        let part =
            Part::bytes(bytes).file_name(file_name.to_owned()).mime_str(media_type).map_err(unreached)?;
        let form = Form::new().part(field.to_owned(), part);
        json(self.client.post(url).timeout(FILE_TIMEOUT).multipart(form)).await
    }

    /// An address that came from outside, if it may be called: https or wss at a platform's host, or anything http-like
    /// at a host of the settings. Without that, a forged message could make the server call into its own network.
    ///
    /// # Errors
    /// It is no address, or another host.
    pub fn allowed(&self, url: &str) -> Result<Url, CallError> {
        let refused = || CallError { kind: CallFault::NotAllowed, reason: NOT_ALLOWED.to_owned() };
        let parsed = Url::parse(url).map_err(|_| refused())?;
        let host = parsed.host_str().ok_or_else(refused)?;
        let named = !parsed.username().is_empty() || parsed.password().is_some();
        let ours = matches!(parsed.scheme(), "https" | "wss") && parsed.port().is_none() && is_platform(host);
        let extra =
            matches!(parsed.scheme(), "https" | "wss" | "http" | "ws") && self.is_extra(host, &parsed);
        if named || !(ours || extra) {
            return Err(refused());
        }
        Ok(parsed)
    }

    fn is_extra(&self, host: &str, url: &Url) -> bool {
        let named = |port: u16| self.extra_hosts.contains(&format!("{host}:{port}"));
        let plain = url.port().is_none() && self.extra_hosts.iter().any(|extra| extra == host);
        plain || url.port_or_known_default().is_some_and(named)
    }
}

impl From<CallError> for Undelivered {
    fn from(error: CallError) -> Self {
        let hope = match error.kind {
            CallFault::Unreached | CallFault::Timeout | CallFault::Unreadable => Hope::Later(None),
            CallFault::Status(408 | 425 | 429 | 500..) => Hope::Later(None),
            CallFault::Status(_) | CallFault::TooLarge | CallFault::NotAllowed => Hope::Never,
        };
        Self { hope, reason: error.reason }
    }
}

/// Makes ring do the cryptography of TLS for the whole process; before the first connection.
pub(crate) fn install_provider() {
    static PROVIDER: Once = Once::new();
    // Fails where another one was installed before, which is as good.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

fn builder() -> reqwest::ClientBuilder {
    install_provider();
    Client::builder()
        .timeout(TIMEOUT)
        .redirect(Policy::none())
        .user_agent(concat!("yunzhu/", env!("CARGO_PKG_VERSION")))
}

fn is_platform(host: &str) -> bool {
    let bucket = host.ends_with(".myqcloud.com") && host.contains(".cos.");
    // Where DingTalk keeps the files that people send to robots; other buckets are anybody's.
    let files =
        host.starts_with("wukong-file-im-") && host.contains(".oss-") && host.ends_with(".aliyuncs.com");
    bucket || files || PLATFORMS.iter().any(|suffix| host.ends_with(suffix))
}

fn with(mut request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
}

async fn json(request: RequestBuilder) -> Result<(u16, Value), CallError> {
    let response = request.send().await.map_err(unreached)?;
    let status = response.status();
    let bytes = body(response, MAX_JSON).await?;
    if bytes.is_empty() && status.is_success() {
        return Ok((status.as_u16(), Value::Null));
    }
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok((status.as_u16(), value)),
        Err(_) if status.is_success() => Err(CallError {
            kind: CallFault::Unreadable,
            reason: "the platform's answer is not JSON".to_owned(),
        }),
        Err(_) => Err(bad_status(status.as_u16())),
    }
}

async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, CallError> {
    let too_large = || CallError {
        kind: CallFault::TooLarge,
        reason: format!("the platform's answer has more than {limit} bytes"),
    };
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreached)? {
        if bytes.len() + chunk.len() > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn bad_status(status: u16) -> CallError {
    CallError { kind: CallFault::Status(status), reason: format!("the platform answered HTTP {status}") }
}

fn unreached(error: reqwest::Error) -> CallError {
    let error = error.without_url();
    let (kind, reason) = match () {
        () if error.is_timeout() => (CallFault::Timeout, "the platform did not answer in time".to_owned()),
        () if error.is_builder() => (
            CallFault::Unreadable,
            "the request to the platform cannot be made: check the address".to_owned(),
        ),
        () => (CallFault::Unreached, format!("the platform was not reached: {}", causes(&error))),
    };
    CallError { kind, reason }
}

/// The last cause says what the system said.
fn causes(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers one request with these bytes, and gives what it read.
    async fn answering(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 65536];
            let mut read = 0;
            // The head and the body may come apart; what is sent here ends with a brace, a boundary or an empty line.
            while !matches!(
                &buffer[..read],
                [.., b'}'] | [.., b'-', b'-', b'\r', b'\n'] | [.., b'\n', b'\r', b'\n']
            ) {
                let count = stream.read(&mut buffer[read..]).await.unwrap();
                assert!(count > 0);
                read += count;
                if buffer[..read].starts_with(b"POST") && buffer[..read].ends_with(b"\r\n\r\n") {
                    let count = stream.read(&mut buffer[read..]).await.unwrap();
                    read += count;
                }
            }
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
            String::from_utf8_lossy(&buffer[..read]).into_owned()
        });
        (base, served)
    }

    fn caller() -> Caller {
        Caller::new(&[]).unwrap()
    }

    #[tokio::test]
    async fn json_goes_and_comes() {
        let (base, served) =
            answering(b"HTTP/1.1 400 Bad\r\ncontent-length: 15\r\n\r\n{\"errcode\": 40}").await;
        let body = serde_json::json!({ "content": "你好" });
        let answer =
            caller().post_json(&format!("{base}/a?access_token=T"), &[("x-a", "1")], &body).await.unwrap();
        assert_eq!(answer, (400, serde_json::json!({ "errcode": 40 })));
        let request = served.await.unwrap();
        assert!(request.ends_with("{\"content\":\"你好\"}") && request.contains("x-a: 1"), "{request}");
    }

    #[tokio::test]
    async fn a_bad_answer_has_a_kind_and_shows_no_address() {
        let cases: [(&'static [u8], CallFault); 4] = [
            (b"HTTP/1.1 502 Bad\r\ncontent-length: 6\r\n\r\n<html>", CallFault::Status(502)),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>", CallFault::Unreadable),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n", CallFault::TooLarge),
            (
                b"HTTP/1.1 302 F\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
                CallFault::Status(302),
            ),
        ];
        for (answer, kind) in cases {
            let (base, _served) = answering(answer).await;
            let error = caller().get_json(&format!("{base}/a?secret=hush"), &[]).await.unwrap_err();
            assert_eq!(error.kind, kind);
            assert!(!error.reason.contains("hush") && !error.reason.contains("127.0.0.1"), "{error}");
        }
        let nobody = caller().get_json("http://127.0.0.1:1/?secret=hush", &[]).await.unwrap_err();
        assert!(nobody.kind == CallFault::Unreached && !nobody.reason.contains("hush"), "{nobody}");
    }

    #[tokio::test]
    async fn a_file_comes_with_its_name_up_to_the_limit() {
        let file = b"HTTP/1.1 200 OK\r\ncontent-type: Image/PNG; a=b\r\ncontent-disposition: attachment; filename=\"../a.png\"\r\ncontent-length: 3\r\n\r\nPNG";
        let (base, _served) = answering(file).await;
        let got = caller().download(&base, 3).await.unwrap();
        assert_eq!(
            (got.media_type.as_str(), got.bytes.as_slice(), got.name.as_deref()),
            ("image/png", &b"PNG"[..], Some("a.png"))
        );
        let (base, _served) = answering(file).await;
        assert_eq!(caller().download(&base, 2).await.unwrap_err().kind, CallFault::TooLarge);
    }

    #[tokio::test]
    async fn a_file_goes_as_a_form() {
        let (base, served) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        caller().upload(&base, "media", "a.png", "image/png", b"PNG".to_vec()).await.unwrap();
        let request = served.await.unwrap();
        assert!(
            request.contains("name=\"media\"; filename=\"a.png\"") && request.contains("PNG"),
            "{request}"
        );
    }

    #[test]
    fn only_platforms_and_named_hosts_are_called() {
        let caller = Caller::new(&[
            "127.0.0.1:8080".to_owned(),
            "Proxy.example".to_owned(),
            "a.example:443".to_owned(),
        ])
        .unwrap();
        for good in [
            "https://oapi.dingtalk.com/robot/sendBySession?session=a",
            "wss://wss-open-connection.dingtalk.com/connect",
            "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=CODE",
            "https://ww-aibot-img-1.cos.ap-guangzhou.myqcloud.com/a?sign=b",
            "http://127.0.0.1:8080/a",
            "https://proxy.example/",
            "https://a.example/",
        ] {
            assert!(caller.allowed(good).is_ok(), "{good}");
        }
        for bad in [
            "http://oapi.dingtalk.com/a",
            "https://oapi.dingtalk.com:8443/a",
            "https://oapi.dingtalk.com@evil.example/a",
            "https://a:b@oapi.dingtalk.com/a",
            "https://evil-dingtalk.com/a",
            "https://oapi.dingtalk.com.evil.example/",
            "https://evil.myqcloud.com/",
            "http://127.0.0.1/a",
            "http://127.0.0.1:8081/a",
            "http://proxy.example:22/",
            "file:///etc/passwd",
            "https://169.254.169.254/",
            "",
        ] {
            assert_eq!(caller.allowed(bad).unwrap_err().kind, CallFault::NotAllowed, "{bad}");
        }
    }
}
