//! Calls of chat platforms: verified, decoded, saved, acknowledged. No platform waits for an answer longer than it allows.
//!
//! Whatever is refused is told 403 and nothing else: what was wrong with it stands in the log, so that nobody learns from the
//! answers how to forge a call.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::channel::accounts::{DINGTALK, WECHAT, WECOM_APP, WECOM_BOT, WECOM_KF, WecomBot};
use crate::channel::wechat::Mode;
use crate::channel::wechat::receive::Received;
use crate::channel::wechat::reply::NOTHING;
use crate::channel::wecom::bot::Bot;
use crate::channel::wecom::bot_message::BotCall;
use crate::channel::wecom::bot_reply::{self, Progress};
use crate::channel::{Arrival, Refused, Said, wechat};
use crate::engine::{Delivery, Outgoing, Service};
use crate::message::part::Part;
use crate::store::channel::Known;

use super::problem::{Kind, Problem};
use super::site::Site;

/// Largest call, in bytes.
pub(super) const LARGEST: usize = 1 << 20;
/// WeChat drops a call after five seconds: so long one waits for the answer.
const WECHAT_PATIENCE: Duration = Duration::from_millis(4500);
/// From here on the call is dropped, so that WeChat calls again.
const WECHAT_DROPPED: Duration = Duration::from_millis(5500);
/// A bot's first call is answered at once where nothing is ready by then: WeCom asks again.
const BOT_PATIENCE: Duration = Duration::from_millis(1500);
/// WeChat calls this often with one message.
const WECHAT_TRIES: u32 = 3;
/// Messages whose calls are counted at once, and for how long.
const COUNTED: usize = 10_000;
const COUNTED_FOR: Duration = Duration::from_secs(60);

/// The routes.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/webhooks/wechat", get(wechat_handshake).post(wechat_call))
        .route("/webhooks/wecom", get(wecom_app_handshake).post(wecom_app_call))
        .route("/webhooks/wecom/kf", get(wecom_kf_handshake).post(wecom_kf_call))
        .route("/webhooks/wecom/bot", get(wecom_bot_handshake).post(wecom_bot_call))
        .route("/webhooks/dingtalk", axum::routing::post(dingtalk_call))
        .layer(DefaultBodyLimit::max(LARGEST))
}

/// How often a message has come while its answer was not ready.
#[derive(Default)]
pub(super) struct Tries(Mutex<HashMap<String, (u32, Instant)>>);

impl Tries {
    fn count(&self, key: &str) -> u32 {
        let mut tries = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if tries.len() >= COUNTED {
            tries.retain(|_, (_, since)| since.elapsed() < COUNTED_FOR);
        }
        let (count, _) = tries.entry(key.to_owned()).or_insert((0, Instant::now()));
        *count += 1;
        *count
    }
}

async fn wechat_handshake(State(site): State<Site>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let (account, _) = site.accounts().wechat.as_ref().ok_or_else(nobody)?;
    echo(&site, WECHAT, account.handshake(&query.unwrap_or_default()))
}

async fn wecom_app_handshake(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (app, _) = site.accounts().wecom_app.as_ref().ok_or_else(nobody)?;
    echo(&site, WECOM_APP, app.handshake(&query.unwrap_or_default()))
}

async fn wecom_kf_handshake(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (kf, _) = site.accounts().wecom_kf.as_ref().ok_or_else(nobody)?;
    echo(&site, WECOM_KF, kf.handshake(&query.unwrap_or_default()))
}

async fn wecom_bot_handshake(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    echo(&site, WECOM_BOT, bot(&site)?.handshake(&query.unwrap_or_default()))
}

/// The answer of a check of the address: bare text.
fn echo(site: &Site, account: &'static str, answer: Result<String, Refused>) -> Result<Response, Problem> {
    let text = answer.map_err(|refused| refusal(site, account, refused))?;
    tracing::info!(account, "the platform has checked the address of its calls");
    Ok(plain(text))
}

async fn wechat_call(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let (account, _) = site.accounts().wechat.as_ref().ok_or_else(nobody)?;
    let came = Instant::now();
    let received = account.receive(&query.unwrap_or_default(), &body);
    let received = received.map_err(|refused| refusal(&site, WECHAT, refused))?;
    let service = site.service()?;
    let said_by_person = is_answered(&received.arrival.said);
    let key = received.arrival.key.clone();
    let known = take_in(&service, WECHAT, &received.arrival, Waits::Yes).await?;
    if !said_by_person {
        return Ok(plain(NOTHING.to_owned()));
    }
    let known = match known {
        None | Some(Known::Due) => service.dealt_with(WECHAT, &key, WECHAT_PATIENCE).await?,
        known => known,
    };
    match known {
        Some(Known::Answered(told) | Known::Done(Some(told))) => {
            given(&service, WECHAT, &key);
            Ok(passive(account, &received, &words(&told)))
        }
        Some(Known::Due) if account.mode() == Mode::PassiveOnly => {
            if site.tries.count(&key) < WECHAT_TRIES {
                // Whatever is said now is lost: the call is dropped, and comes again.
                tokio::time::sleep(WECHAT_DROPPED.saturating_sub(came.elapsed())).await;
                return Ok(plain(NOTHING.to_owned()));
            }
            Ok(passive(account, &received, &service.still_thinking()))
        }
        Some(Known::Due) => {
            // Told that it was taken, WeChat does not call again.
            service.unwaited(WECHAT, &key);
            Ok(plain(NOTHING.to_owned()))
        }
        _ => Ok(plain(NOTHING.to_owned())),
    }
}

fn passive(account: &wechat::Account, received: &Received, text: &str) -> Response {
    let (nonce, random) = (random_hex(), random_bytes());
    xml(account.reply(received, text, now_s(), &nonce, random))
}

async fn wecom_app_call(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let (app, _) = site.accounts().wecom_app.as_ref().ok_or_else(nobody)?;
    let arrival = app.receive(&query.unwrap_or_default(), &body);
    let arrival = arrival.map_err(|refused| refusal(&site, WECOM_APP, refused))?;
    take_in(&site.service()?, WECOM_APP, &arrival, Waits::No).await?;
    // An empty answer says nothing.
    Ok(plain(String::new()))
}

async fn wecom_kf_call(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let (kf, _) = site.accounts().wecom_kf.as_ref().ok_or_else(nobody)?;
    let bell = kf.receive(&query.unwrap_or_default(), &body);
    if let Some(bell) = bell.map_err(|refused| refusal(&site, WECOM_KF, refused))? {
        // Where it is not heard, the next one is: what it rang for is fetched by where one was.
        site.accounts().bells.ring(bell);
    }
    Ok(plain(NOTHING.to_owned()))
}

async fn wecom_bot_call(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let bot = bot(&site)?;
    let query = query.unwrap_or_default();
    let call = bot.receive(&query, &body, now_ms());
    let call = call.map_err(|refused| refusal(&site, WECOM_BOT, refused))?;
    let service = site.service()?;
    let (stream, key) = match &call {
        BotCall::Arrival(arrival) => {
            take_in(&service, WECOM_BOT, arrival, Waits::Yes).await?;
            if !is_answered(&arrival.said) && !matches!(arrival.said, Said::Entered { .. }) {
                return Ok(plain(String::new()));
            }
            (arrival.key.clone(), arrival.key.clone())
        }
        // The stream is called by the arrival that it answers.
        BotCall::Refresh { stream_id, .. } => (stream_id.clone(), stream_id.clone()),
        BotCall::Replaced => return Ok(plain(String::new())),
    };
    let entered = matches!(&call, BotCall::Arrival(arrival) if matches!(arrival.said, Said::Entered { .. }));
    let told = match service.dealt_with(WECOM_BOT, &key, BOT_PATIENCE).await? {
        Some(Known::Answered(told) | Known::Done(Some(told))) => Some(told),
        Some(Known::Due) => None,
        // Nothing is said to it.
        Some(Known::Done(None)) | None if entered => return Ok(plain(String::new())),
        Some(Known::Done(None)) | None => Some(String::new()),
    };
    let answer = match told {
        Some(told) => {
            given(&service, WECOM_BOT, &key);
            let text = words(&told);
            let judged = serde_json::from_str::<Outgoing>(&told).ok().filter(|told| told.judged);
            let feedback = judged.map(|told| format!("{key}/{}", told.turn));
            match entered {
                true => bot_reply::welcome(&text),
                false => bot_reply::stream(&stream, Progress::Done, &text, feedback.as_deref()),
            }
        }
        None if entered => return Ok(plain(String::new())),
        None => bot_reply::stream(&stream, Progress::More, "", None),
    };
    Ok(json(bot.seal(&answer, now_s(), &random_hex(), random_bytes())))
}

async fn dingtalk_call(
    State(site): State<Site>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let client = site.accounts().dingtalk.as_ref().filter(|_| site.accounts().dingtalk_stream.is_none());
    let client = client.ok_or_else(nobody)?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let arrival = crate::channel::dingtalk::receive::receive(
        client.options(),
        header("timestamp"),
        header("sign"),
        &body,
        now_ms(),
    );
    let arrival = arrival.map_err(|refused| refusal(&site, DINGTALK, refused))?;
    take_in(&site.service()?, DINGTALK, &arrival, Waits::No).await?;
    Ok(json(crate::channel::dingtalk::reply::empty().to_string()))
}

/// Whether the call stays open for what is to be told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    Yes,
    No,
}

async fn take_in(
    service: &Service,
    account: &'static str,
    arrival: &Arrival,
    waits: Waits,
) -> Result<Option<Known>, Problem> {
    let (address, body) = arrival.written();
    let (account, key, at) = (account.to_owned(), arrival.key.clone(), now_ms());
    let delivery = Delivery { account, key, address, body, at, waits: waits == Waits::Yes };
    Ok(service.take_in(delivery).await?)
}

/// Whether people expect an answer to it.
fn is_answered(said: &Said) -> bool {
    matches!(
        said,
        Said::Text { .. }
            | Said::Choice { .. }
            | Said::Files { .. }
            | Said::Entered { .. }
            | Said::Unsupported { .. }
    )
}

/// The words of what a platform is told.
fn words(told: &str) -> String {
    match serde_json::from_str(told) {
        Ok(Outgoing { part: Part::Text { text } | Part::Markdown { text, .. }, .. }) => text,
        Ok(Outgoing { part: Part::Menu { head, items, tail }, .. }) => {
            crate::channel::numbered::numbered(&head, &items, &tail)
        }
        Err(_) => String::new(),
    }
}

/// Notes that the platform has its answer, beside the answer itself: nobody waits for the note.
fn given(service: &Service, account: &'static str, key: &str) {
    let (service, key) = (service.clone(), key.to_owned());
    tokio::spawn(async move {
        if let Err(error) = service.given(account, &key).await {
            tracing::warn!(account, key, %error, "that an answer was given is not noted; it may come twice");
        }
    });
}

fn bot(site: &Site) -> Result<&Bot, Problem> {
    match &site.accounts().wecom_bot {
        Some(WecomBot::Callback(bot, _)) => Ok(bot),
        Some(WecomBot::Link(..)) | None => Err(nobody()),
    }
}

fn nobody() -> Problem {
    Problem::not_found("this channel is not set up here")
}

fn refusal(site: &Site, account: &'static str, refused: Refused) -> Problem {
    tracing::warn!(account, reason = %refused, "a call was refused");
    if let Ok(service) = site.service() {
        service.figures().arrived(account, "refused");
    }
    Problem::new(Kind::Forbidden, "the call is not accepted")
}

fn plain(text: String) -> Response {
    (StatusCode::OK, [(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

fn xml(text: String) -> Response {
    (StatusCode::OK, [(CONTENT_TYPE, "application/xml; charset=utf-8")], text).into_response()
}

fn json(text: String) -> Response {
    (StatusCode::OK, [(CONTENT_TYPE, "application/json; charset=utf-8")], text).into_response()
}

fn random_bytes() -> [u8; 16] {
    let mut random = [0; 16];
    // Without randomness the block in front of a sealed message is known, which tells nobody anything.
    _ = getrandom::fill(&mut random);
    random
}

fn random_hex() -> String {
    format!("{:016x}", u128::from_ne_bytes(random_bytes()) as u64)
}

fn now_s() -> i64 {
    now_ms() / 1000
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
