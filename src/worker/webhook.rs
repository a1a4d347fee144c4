//! Messages that leave by a signed webhook: alerts today.
//!
//! The receiver checks `X-Yunzhu-Signature` against its own HMAC-SHA256 of timestamp, a dot and the body, refuses
//! timestamps that are old, and forgets a second message of the same `X-Yunzhu-Id`: what was not confirmed is sent again.
//! Any address is allowed, also inside the own network: administrators choose it, and that is where such receivers are.

use std::sync::Once;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, StatusCode};
use sha2::Sha256;

use crate::privacy::secret::Secret;

/// A receiver that takes longer has not received.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Seconds between tries: short at first, for a restart of the receiver; about 24 hours together, for a lost day.
const PAUSES: [u64; 11] = [10, 30, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 28_800];

/// Where messages go, ready to send.
#[derive(Clone, Debug)]
pub struct Webhook {
    url: Secret,
    secret: Secret,
    client: Client,
}

/// Why a message was not delivered. Never shows the address, which may hold a key, nor the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryError {
    /// Whether it may go better later.
    pub retry: bool,
    /// What happened, and what to do.
    pub reason: String,
}

impl Webhook {
    /// A webhook to a `http://` or `https://` address, which signs with this secret.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(url: String, secret: Secret) -> Result<Self, DeliveryError> {
        Self::with(url, secret, client(TIMEOUT))
    }

    fn with(url: String, secret: Secret, client: ClientBuilder) -> Result<Self, DeliveryError> {
        let client = client.build().map_err(|error| DeliveryError {
            retry: false,
            reason: format!(
                "no connection can be made: {}; check the certificates of the system",
                causes(&error)
            ),
        })?;
        Ok(Self { url: url.into(), secret, client })
    }

    /// Sends a message that is JSON text. `id` is the same at every try; `now` are seconds since 1970.
    ///
    /// # Errors
    /// It was not taken; the error says whether to try again.
    pub async fn deliver(&self, id: &str, body: &str, now: i64) -> Result<(), DeliveryError> {
        let sent = self
            .client
            .post(self.url.expose())
            .header(CONTENT_TYPE, "application/json")
            .header("X-Yunzhu-Id", id)
            .header("X-Yunzhu-Timestamp", now)
            .header("X-Yunzhu-Signature", signature(&self.secret, now, body))
            .body(body.to_owned())
            .send();
        match sent.await {
            Ok(response) => judge(response.status()),
            Err(error) => Err(unreached(error)),
        }
    }
}

/// How long to wait before the next try, after so many; `None`: give up.
pub fn next_try(attempts: u32) -> Option<Duration> {
    let at = usize::try_from(attempts).ok()?.saturating_sub(1);
    PAUSES.get(at).copied().map(Duration::from_secs)
}

fn client(timeout: Duration) -> ClientBuilder {
    static PROVIDER: Once = Once::new();
    // Fails where another one was installed before, which is as good.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Client::builder()
        .timeout(timeout)
        // A signed message is for the address that was chosen, and for no other.
        .redirect(Policy::none())
        .user_agent(concat!("yunzhu/", env!("CARGO_PKG_VERSION")))
}

/// What a receiver checks: `sha256=` and the hex of HMAC-SHA256 over timestamp, a dot and the body.
fn signature(secret: &Secret, now: i64, body: &str) -> String {
    // A key of any length is taken; were it not, the empty signature would be refused by the receiver.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{now}.").as_bytes());
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

fn judge(status: StatusCode) -> Result<(), DeliveryError> {
    if status.is_success() {
        return Ok(());
    }
    let busy = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    let retry = status.is_server_error() || busy.contains(&status);
    let advice = if retry { "it is tried again" } else { "check alerts.webhook_url and the receiver" };
    Err(DeliveryError { retry, reason: format!("the webhook answered {status}; {advice}") })
}

fn unreached(error: reqwest::Error) -> DeliveryError {
    let retry = !error.is_builder();
    let error = error.without_url();
    let what = match () {
        () if error.is_timeout() => "did not answer in time".to_owned(),
        () if error.is_builder() => format!("has no usable address: {}", causes(&error)),
        () => format!("was not reached: {}", causes(&error)),
    };
    DeliveryError { retry, reason: format!("the webhook {what}") }
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

    fn webhook(url: String, timeout: Duration) -> Webhook {
        let client = client(timeout).no_proxy();
        Webhook::with(url, "s3cret".to_owned().into(), client).unwrap()
    }

    /// Delivers to a receiver that answers with a status line, and gives what it received.
    async fn deliver_to(answer: &str) -> (Result<(), DeliveryError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhook = webhook(format!("http://{}/alerts?key=hush", listener.local_addr().unwrap()), TIMEOUT);
        let receive = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut request, mut part) = (String::new(), [0; 4096]);
            while !request.ends_with('}') {
                let read = stream.read(&mut part).await.unwrap();
                request.push_str(std::str::from_utf8(&part[..read]).unwrap());
            }
            let head = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n");
            stream
                .write_all(format!("{head}location: http://127.0.0.1:9/\r\n\r\n").as_bytes())
                .await
                .unwrap();
            request
        };
        tokio::join!(webhook.deliver("a-1", "{\"a\":\"宕机\"}", 1_763_700_000), receive)
    }

    #[tokio::test]
    async fn a_message_arrives_signed() {
        let (delivered, request) = deliver_to("204 No Content").await;
        assert_eq!(delivered, Ok(()));
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let head = head.to_lowercase();
        assert_eq!(body, "{\"a\":\"宕机\"}");
        for line in ["post /alerts?key=hush http/1.1", "x-yunzhu-id: a-1", "x-yunzhu-timestamp: 1763700000"] {
            assert!(head.contains(line), "{line}: {head}");
        }
        assert!(head.contains("content-type: application/json"), "{head}");
        let signed = head.lines().find_map(|line| line.strip_prefix("x-yunzhu-signature: sha256=")).unwrap();
        assert_eq!(format!("sha256={signed}"), signature(&"s3cret".to_owned().into(), 1_763_700_000, body));
    }

    #[test]
    fn the_signature_is_hmac_sha256() {
        // `printf '1.{}' | openssl dgst -sha256 -hmac key`
        let signed = signature(&"key".to_owned().into(), 1, "{}");
        assert_eq!(signed, "sha256=1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224");
    }

    #[tokio::test]
    async fn what_failed_is_tried_again_only_where_that_may_help() {
        for (answer, retry) in [
            ("500 Internal Server Error", true),
            ("503 Service Unavailable", true),
            ("429 Too Many Requests", true),
            ("400 Bad Request", false),
            ("401 Unauthorized", false),
            ("410 Gone", false),
            ("302 Found", false),
        ] {
            let error = deliver_to(answer).await.0.unwrap_err();
            assert_eq!(error.retry, retry, "{answer}");
            assert!(error.reason.contains(&answer[..3]) && !error.reason.contains("hush"), "{error}");
        }
    }

    #[tokio::test]
    async fn nobody_there_and_nobody_answering_are_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/?key=hush", listener.local_addr().unwrap());
        // Accepted by the system, answered by nobody.
        let silent = webhook(url.clone(), Duration::from_millis(50)).deliver("a", "{}", 0).await.unwrap_err();
        assert!(silent.retry && silent.reason.contains("in time"), "{silent}");
        drop(listener);
        let refused = webhook(url, TIMEOUT).deliver("a", "{}", 0).await.unwrap_err();
        assert!(refused.retry && refused.reason.contains("not reached"), "{refused}");
        let bad = webhook("http://".to_owned(), TIMEOUT).deliver("a", "{}", 0).await.unwrap_err();
        assert!(!bad.retry, "{bad}");
        for error in [silent, refused, bad] {
            assert!(!error.reason.contains("hush") && !error.reason.contains("127.0.0.1"), "{error}");
        }
        let shown = format!("{:?}", webhook("http://a.example/?key=hush".to_owned(), TIMEOUT));
        assert!(!shown.contains("hush") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn it_gives_up_after_about_a_day() {
        let pauses: Vec<Duration> = (1..).map_while(next_try).collect();
        let total: Duration = pauses.iter().sum();
        assert!(pauses.is_sorted() && pauses[0] <= Duration::from_secs(15));
        assert!((23 * 3600..=25 * 3600).contains(&total.as_secs()), "{total:?}");
        assert_eq!((next_try(0), next_try(u32::MAX)), (Some(pauses[0]), None));
    }
}
