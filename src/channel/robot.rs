//! Robots of groups as sinks: notices go out, nothing comes in.
//!
//! The address of such a robot holds its key: whoever knows it can write to the group. It is shown nowhere. Both platforms take 20
//! messages a minute and DingTalk is silent for ten minutes after the 21st, so that we stop before.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::channel::call::Caller;
use crate::channel::dingtalk::sign::sign;
use crate::channel::dingtalk::stream::percent;
use crate::channel::{Hope, Undelivered};
use crate::privacy::secret::Secret;

/// Messages in a window.
const MOST: usize = 20;
/// The window, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// So long DingTalk takes nothing after too many.
const BLOCKED: Duration = Duration::from_secs(600);
/// Longest text of DingTalk, in bytes; the whole body may have 20,000.
const DINGTALK_BYTES: usize = 15_000;
/// Longest Markdown of WeCom, in bytes.
const WECOM_MARKDOWN_BYTES: usize = 4096;
/// Longest plain text of WeCom, in bytes.
const WECOM_TEXT_BYTES: usize = 2048;

/// What a group is told. What is too long for the platform is cut with an ellipsis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about; also what a notification shows.
    pub title: String,
    /// The text.
    pub text: String,
    /// How the text is written.
    pub form: Form,
}

/// How a notice is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Plain text.
    Text,
    /// Markdown of the platform.
    Markdown,
}

/// 自定义机器人 of a DingTalk group.
#[derive(Debug)]
pub struct DingtalkRobot {
    url: Secret,
    secret: Option<Secret>,
    caller: Caller,
    limiter: Mutex<Limiter>,
}

/// 群机器人 (消息推送) of a WeCom group.
#[derive(Debug)]
pub struct WecomRobot {
    url: Secret,
    caller: Caller,
    limiter: Mutex<Limiter>,
}

impl DingtalkRobot {
    /// A robot by its address (`…/robot/send?access_token=…`), and its secret (`SEC…`) where 加签 is on.
    pub fn new(url: Secret, secret: Option<Secret>, caller: Caller) -> Self {
        Self { url, secret, caller, limiter: Mutex::default() }
    }

    /// Tells the group.
    ///
    /// # Errors
    /// It was not taken, or there were too many within a minute.
    pub async fn send(&self, notice: &Notice, now_ms: i64) -> Result<(), Undelivered> {
        reserve(&self.limiter, now_ms)?;
        let body = dingtalk_body(notice);
        let (status, answer) = self.caller.post_json(&self.address(now_ms), &[], &body).await?;
        judged(status, &answer, dingtalk_fault)
    }

    fn address(&self, now_ms: i64) -> String {
        let url = self.url.expose();
        let Some(secret) = &self.secret else { return url.to_owned() };
        let signed = percent(&sign(&now_ms.to_string(), secret));
        let mark = if url.contains('?') { '&' } else { '?' };
        format!("{url}{mark}timestamp={now_ms}&sign={signed}")
    }
}

impl WecomRobot {
    /// A robot by its address (`…/cgi-bin/webhook/send?key=…`).
    pub fn new(url: Secret, caller: Caller) -> Self {
        Self { url, caller, limiter: Mutex::default() }
    }

    /// Tells the group.
    ///
    /// # Errors
    /// It was not taken, or there were too many within a minute.
    pub async fn send(&self, notice: &Notice, now_ms: i64) -> Result<(), Undelivered> {
        reserve(&self.limiter, now_ms)?;
        let (status, answer) = self.caller.post_json(self.url.expose(), &[], &wecom_body(notice)).await?;
        judged(status, &answer, wecom_fault)
    }
}

/// How many messages left within the last minute. Pure.
#[derive(Debug, Default)]
pub struct Limiter(VecDeque<i64>);

impl Limiter {
    /// Takes a place at `now_ms`.
    ///
    /// # Errors
    /// There is none; so long it takes until there is one.
    pub fn take(&mut self, now_ms: i64) -> Result<(), Duration> {
        // A clock that was set back would keep places for ever.
        self.0.retain(|at| (0..WINDOW_MS).contains(&now_ms.saturating_sub(*at)));
        if self.0.len() < MOST {
            self.0.push_back(now_ms);
            return Ok(());
        }
        let oldest = self.0.front().copied().unwrap_or(now_ms);
        let wait = WINDOW_MS.saturating_sub(now_ms.saturating_sub(oldest));
        Err(Duration::from_millis(wait.unsigned_abs()))
    }
}

fn reserve(limiter: &Mutex<Limiter>, now_ms: i64) -> Result<(), Undelivered> {
    let taken = limiter.lock().unwrap_or_else(PoisonError::into_inner).take(now_ms);
    taken.map_err(|wait| Undelivered {
        hope: Hope::Later(Some(wait)),
        reason: "20 messages a minute were sent to this group; it is sent later".to_owned(),
    })
}

fn dingtalk_body(notice: &Notice) -> Value {
    match notice.form {
        Form::Markdown => {
            let text = cut(&format!("### {}\n\n{}", notice.title, notice.text), DINGTALK_BYTES);
            json!({"msgtype": "markdown", "markdown": {"title": notice.title, "text": text}})
        }
        Form::Text => json!({"msgtype": "text", "text": {"content": cut(&lines(notice), DINGTALK_BYTES)}}),
    }
}

fn wecom_body(notice: &Notice) -> Value {
    match notice.form {
        Form::Markdown => {
            let content = cut(&format!("### {}\n{}", notice.title, notice.text), WECOM_MARKDOWN_BYTES);
            json!({"msgtype": "markdown", "markdown": {"content": content}})
        }
        Form::Text => json!({"msgtype": "text", "text": {"content": cut(&lines(notice), WECOM_TEXT_BYTES)}}),
    }
}

fn lines(notice: &Notice) -> String {
    [notice.title.trim(), notice.text.trim()].join("\n").trim().to_owned()
}

fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut end = bytes - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// Both answer `{"errcode": 0}` where it was taken.
fn judged(
    status: u16,
    answer: &Value,
    fault: fn(i64, &str) -> (Hope, &'static str),
) -> Result<(), Undelivered> {
    let code = answer.get("errcode").and_then(Value::as_i64);
    if code == Some(0) && (200..300).contains(&status) {
        return Ok(());
    }
    let says = answer.get("errmsg").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let (hope, advice) = match code {
        Some(code) => fault(code, &says),
        None if status == 429 || status >= 500 => (Hope::Later(None), "it has a problem; it is sent later"),
        None => (Hope::Never, "check the address of the robot"),
    };
    let code = code.map_or_else(|| format!("HTTP {status}"), |code| code.to_string());
    Err(Undelivered { hope, reason: format!("the group's robot answered {code}: {advice}") })
}

fn dingtalk_fault(code: i64, says: &str) -> (Hope, &'static str) {
    match code {
        310_000 if says.contains("keyword") || says.contains("关键词") => {
            (Hope::Never, "its 自定义关键词 do not occur in the message; remove them or turn on 加签 instead")
        }
        310_000 if says.contains("ip") && says.contains("white") || says.contains("白名单") => {
            (Hope::Never, "this server's address is not among its IP 地址(段)")
        }
        310_000 if says.contains("sign") || says.contains("timestamp") || says.contains("签名") => {
            (Hope::Never, "the signature is refused: check the secret (SEC…) of 加签 and this server's clock")
        }
        310_000 => (Hope::Never, "its 安全设置 refuse the message: check keywords, secret and IP addresses"),
        130_101 | 410_100 => {
            (Hope::Later(Some(BLOCKED)), "too many messages; DingTalk takes none for ten minutes")
        }
        90_018 => (Hope::Later(Some(Duration::from_secs(60))), "too many calls; it is sent later"),
        -1 => (Hope::Later(None), "DingTalk is busy; it is sent later"),
        300_001 | 300_005 | 400_013 | 400_101 | 400_102 | 400_105 => (
            Hope::Never,
            "the robot or its group is gone, or turned off: make a new one and change its address",
        ),
        _ => (Hope::Never, "DingTalk does not take it"),
    }
}

fn wecom_fault(code: i64, _: &str) -> (Hope, &'static str) {
    match code {
        45_009 | 45_033 => {
            (Hope::Later(Some(Duration::from_secs(60))), "more than 20 messages a minute; it is sent later")
        }
        -1 => (Hope::Later(None), "WeCom is busy; it is sent later"),
        93_000 | 93_008 | 93_017 | 40_014 => {
            (Hope::Never, "the key is wrong, or the robot was removed: make a new one and change its address")
        }
        40_058 | 44_004 => (Hope::Never, "WeCom cannot read the message"),
        _ => (Hope::Never, "WeCom does not take it"),
    }
}

#[cfg(test)]
mod tests;
