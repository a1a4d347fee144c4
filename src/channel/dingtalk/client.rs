//! Sends to DingTalk and fetches files from it.
//!
//! While the address of a session lives, answers leave by it: it needs no token and, unlike calls of the API, does not use up
//! the organisation's monthly number of calls.

use serde_json::{Value, json};

use crate::channel::call::{Caller, Download};
use crate::channel::token::Token;
use crate::channel::{Handle, Hope, Target, Undelivered};
use crate::message::part::Part;
use crate::privacy::secret::Secret;

use super::{Options, fault, reply};

/// An address that ends within so many milliseconds is not used any more.
const MARGIN_MS: i64 = 10_000;
/// Codes with which a session's address says that it is called too often.
const TOO_OFTEN: [i64; 3] = [90_018, 130_101, 410_100];

/// One robot on the network.
#[derive(Debug)]
pub struct Client {
    options: Options,
    caller: Caller,
    token: Token,
}

impl Client {
    /// A client of a robot.
    pub fn new(options: Options, caller: Caller) -> Self {
        Self { options, caller, token: Token::default() }
    }

    /// The settings.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Sends one part: by the session's address while it lives, else by the API.
    ///
    /// # Errors
    /// It was not taken. What may have been taken before the connection broke is not sent by the other way: it would come twice.
    pub async fn send(
        &self,
        target: &Target,
        handle: &Handle,
        part: &Part,
        now_ms: i64,
    ) -> Result<(), Undelivered> {
        let lives = handle.url_until.is_none_or(|until| now_ms.saturating_add(MARGIN_MS) < until);
        let session = handle.url.as_deref().filter(|_| lives).and_then(|url| self.caller.allowed(url).ok());
        let Some(url) = session else { return self.send_by_api(target, part, now_ms).await };
        let (status, answer) =
            self.caller.post_json(url.as_str(), &[], &reply::session(part, target)).await?;
        match fault::errcode(&answer) {
            None if (200..300).contains(&status) => Ok(()),
            Some(code) if TOO_OFTEN.contains(&code) => Err(fault::refused(429, &answer)),
            None if status == 429 || status >= 500 => Err(fault::refused(status, &answer)),
            // The session is over, or does not take this kind of message.
            _ => self.send_by_api(target, part, now_ms).await,
        }
    }

    /// A file that somebody sent, by its download code; at most so many bytes.
    ///
    /// # Errors
    /// The code is too old, the application may not read files, or the file is larger.
    pub async fn fetch(&self, code: &str, limit_bytes: usize, now_ms: i64) -> Result<Download, Undelivered> {
        let body = json!({"downloadCode": code, "robotCode": self.options.robot_code});
        let answer = self.call("/v1.0/robot/messageFiles/download", &body, now_ms).await?;
        let url = answer.get("downloadUrl").and_then(Value::as_str).ok_or_else(|| Undelivered {
            hope: Hope::Never,
            reason: "DingTalk names no address for the file: it is too old, or 企业内机器人发送消息权限 is missing"
                .to_owned(),
        })?;
        // Addresses of files come with http, and work with https.
        let secure = url.strip_prefix("http://").map(|rest| format!("https://{rest}"));
        let url = match (self.caller.allowed(url), secure) {
            (Err(_), Some(secure)) => self.caller.allowed(&secure)?,
            (allowed, _) => allowed?,
        };
        Ok(self.caller.download(url.as_str(), limit_bytes).await?)
    }

    /// Whether the settings are right: fetches an access token.
    ///
    /// # Errors
    /// What is wrong with them.
    pub async fn check(&self, now_ms: i64) -> Result<(), Undelivered> {
        self.access_token(now_ms).await.map(drop)
    }

    async fn send_by_api(&self, target: &Target, part: &Part, now_ms: i64) -> Result<(), Undelivered> {
        let robot = &self.options.robot_code;
        if let Some(chat) = target.chat.as_deref().filter(|_| target.group) {
            let body = reply::group(part, robot, chat);
            return self.call("/v1.0/robot/groupMessages/send", &body, now_ms).await.map(drop);
        }
        if !reply::is_staff(&target.user) {
            let reason =
                "the session is over, and DingTalk takes no later message for people without a staff id"
                    .to_owned();
            return Err(Undelivered { hope: Hope::Quota, reason });
        }
        let body = reply::direct(part, robot, &target.user);
        let answer = self.call("/v1.0/robot/oToMessages/batchSend", &body, now_ms).await?;
        taken_by(&target.user, &answer)
    }

    /// A call of the API. A token that is refused is fetched anew, once.
    async fn call(&self, path: &str, body: &Value, now_ms: i64) -> Result<Value, Undelivered> {
        let url = format!("{}{path}", self.options.api_base);
        let mut token = self.access_token(now_ms).await?;
        let mut answer = self.post(&url, &token, body).await?;
        if !is_success(answer.0) && fault::is_about_token(answer.0, &answer.1) {
            self.token.forget(&token).await;
            token = self.access_token(now_ms).await?;
            answer = self.post(&url, &token, body).await?;
        }
        let (status, answer) = answer;
        if is_success(status) { Ok(answer) } else { Err(fault::refused(status, &answer)) }
    }

    async fn post(&self, url: &str, token: &Secret, body: &Value) -> Result<(u16, Value), Undelivered> {
        let headers = [("x-acs-dingtalk-access-token", token.expose())];
        Ok(self.caller.post_json(url, &headers, body).await?)
    }

    async fn access_token(&self, now_ms: i64) -> Result<Secret, Undelivered> {
        let fetch = async {
            let url = format!("{}/v1.0/oauth2/accessToken", self.options.api_base);
            let secret = self.options.app_secret.expose();
            let body = json!({"appKey": self.options.app_key, "appSecret": secret});
            let (status, answer) = self.caller.post_json(&url, &[], &body).await?;
            let token = answer.get("accessToken").and_then(Value::as_str).filter(|token| !token.is_empty());
            let Some(token) = token.filter(|_| is_success(status)) else {
                return Err(fault::unknown(status, &answer));
            };
            let seconds = answer.get("expireIn").and_then(Value::as_u64).unwrap_or(7200);
            Ok((Secret::from(token.to_owned()), seconds))
        };
        self.token.get(now_ms, fetch).await
    }
}

/// The API answers 200 also where the one person was refused.
fn taken_by(user: &str, answer: &Value) -> Result<(), Undelivered> {
    let names = |key: &str| {
        let listed = answer.get(key).and_then(Value::as_array);
        listed.is_some_and(|list| list.iter().any(|name| name.as_str() == Some(user)))
    };
    match () {
        () if names("flowControlledStaffIdList") => Err(fault::refused(429, answer)),
        () if names("invalidStaffIdList") => Err(Undelivered {
            hope: Hope::Never,
            reason: "the person has left the organisation, or the application is not visible to them"
                .to_owned(),
        }),
        () => Ok(()),
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

#[cfg(test)]
mod tests;
