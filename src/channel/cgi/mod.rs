//! Calls below `/cgi-bin/` of Tencent's APIs: JSON with an access token in the address.
//!
//! A token that the platform refuses is fetched anew once, and the call made once more: another program with the same secret
//! may have ended it.

mod errcode;

use std::pin::Pin;

use reqwest::Url;
use serde_json::{Value, json};

use crate::channel::call::{CallError, CallFault, Caller, Download};
use crate::channel::token::Token;
use crate::channel::{Hope, Undelivered};
use crate::privacy::secret::Secret;
pub use errcode::refusal;

/// Seconds that a token lasts where the platform does not say.
const TOKEN_LIFE: u64 = 7200;
/// Longest error of a platform in place of a file, in bytes: anything longer is a file.
const MAX_ERROR: usize = 4096;

/// One account's way into the API.
#[derive(Debug)]
pub struct Cgi {
    caller: Caller,
    base: String,
    grant: Grant,
    token: Token,
}

/// What an access token is given for.
#[derive(Clone, Debug)]
pub enum Grant {
    /// A WeChat account.
    Wechat {
        /// AppID.
        app_id: String,
        /// AppSecret.
        secret: Secret,
    },
    /// An application of WeCom.
    Wecom {
        /// CorpID.
        corp_id: String,
        /// Secret of the application.
        secret: Secret,
    },
}

/// A call under way. Boxed: a closure that is async has a type that cannot be sent to another thread.
type Called<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

impl Cgi {
    /// A way in at this base address, such as `https://api.weixin.qq.com`.
    pub fn new(caller: Caller, base: &str, grant: Grant) -> Self {
        Self { caller, base: base.trim_end_matches('/').to_owned(), grant, token: Token::default() }
    }

    /// POST of JSON; gives the answer, whose errcode is 0 or absent.
    ///
    /// # Errors
    /// No answer, or an errcode; it says whether there is hope.
    pub async fn post<'a>(
        &'a self,
        path: &'a str,
        body: &'a Value,
        now_ms: i64,
    ) -> Result<Value, Undelivered> {
        let call = |token: Secret| -> Called<'_, Value> {
            Box::pin(async move {
                let url = self.url(path, &[("access_token", token.expose())])?;
                let (status, answer) = self.caller.post_json(&url, &[], body).await?;
                judged(status, answer)
            })
        };
        self.with_token(call, now_ms).await
    }

    /// A file of at most so many bytes.
    ///
    /// # Errors
    /// No answer, a file that is larger, or an errcode in its place.
    pub async fn download(
        &self,
        path: &str,
        parameter: (&str, &str),
        limit_bytes: usize,
        now_ms: i64,
    ) -> Result<Download, Undelivered> {
        let call = |token: Secret| -> Called<'_, Download> {
            Box::pin(async move {
                let url = self.url(path, &[("access_token", token.expose()), parameter])?;
                let file = self.caller.download(&url, limit_bytes).await?;
                error_in_place_of(&file).map_or(Ok(file), Err)
            })
        };
        self.with_token(call, now_ms).await
    }

    /// Fetches a token, if there is none: shows whether id, secret and the list of IP addresses are right.
    ///
    /// # Errors
    /// What the platform says against it.
    pub async fn check(&self, now_ms: i64) -> Result<(), Undelivered> {
        self.token.get(now_ms, self.fetch()).await.map(drop)
    }

    async fn with_token<'a, T>(
        &'a self,
        call: impl Fn(Secret) -> Called<'a, T>,
        now_ms: i64,
    ) -> Result<T, Undelivered> {
        let token = self.token.get(now_ms, self.fetch()).await?;
        match call(token.clone()).await {
            Err(Failure::Token(_)) => self.token.forget(&token).await,
            done => return done.map_err(Undelivered::from),
        }
        let token = self.token.get(now_ms, self.fetch()).await?;
        let again = call(token.clone()).await;
        if let Err(Failure::Token(_)) = &again {
            self.token.forget(&token).await;
        }
        again.map_err(Undelivered::from)
    }

    async fn fetch(&self) -> Result<(Secret, u64), Undelivered> {
        let (status, answer) = match &self.grant {
            Grant::Wechat { app_id, secret } => self.fetch_wechat(app_id, secret).await?,
            Grant::Wecom { corp_id, secret } => {
                let parameters = [("corpid", corp_id.as_str()), ("corpsecret", secret.expose())];
                self.caller.get_json(&self.url("/cgi-bin/gettoken", &parameters)?, &[]).await?
            }
        };
        let answer = match judged(status, answer) {
            Ok(answer) => answer,
            // Here 40001 is about the secret.
            Err(Failure::Token(error)) => return Err(Undelivered { hope: Hope::Never, ..error }),
            Err(failure) => return Err(failure.into()),
        };
        let Some(token) = answer["access_token"].as_str().filter(|token| !token.is_empty()) else {
            let reason = "the platform gave no access token".to_owned();
            return Err(Undelivered { hope: Hope::Later(None), reason });
        };
        Ok((token.to_owned().into(), answer["expires_in"].as_u64().unwrap_or(TOKEN_LIFE)))
    }

    /// The stable token, since a plain one ends those of other programs; the plain one where the account may not have it.
    async fn fetch_wechat(&self, app_id: &str, secret: &Secret) -> Result<(u16, Value), Undelivered> {
        let body = json!({
            "grant_type": "client_credential", "appid": app_id, "secret": secret.expose(), "force_refresh": false,
        });
        match self.caller.post_json(&self.url("/cgi-bin/stable_token", &[])?, &[], &body).await {
            Ok((404 | 405, _)) | Err(CallError { kind: CallFault::Status(404 | 405), .. }) => {}
            Ok((_, answer)) if matches!(answer["errcode"].as_i64(), Some(48001 | 40066)) => {}
            other => return Ok(other?),
        }
        let secret = ("secret", secret.expose());
        let parameters = [("grant_type", "client_credential"), ("appid", app_id), secret];
        Ok(self.caller.get_json(&self.url("/cgi-bin/token", &parameters)?, &[]).await?)
    }

    fn url(&self, path: &str, parameters: &[(&str, &str)]) -> Result<String, CallError> {
        let plain = format!("{}{path}", self.base);
        let url = if parameters.is_empty() {
            Url::parse(&plain)
        } else {
            Url::parse_with_params(&plain, parameters)
        };
        url.map(String::from).map_err(|_| CallError {
            kind: CallFault::NotAllowed,
            reason: "the API's base in the settings is no address: it looks like https://api.weixin.qq.com"
                .to_owned(),
        })
    }
}

/// What a call came to.
enum Failure {
    /// The token was refused.
    Token(Undelivered),
    /// Anything else.
    Other(Undelivered),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Other(error.into())
    }
}

impl From<Failure> for Undelivered {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Token(error) | Failure::Other(error) => error,
        }
    }
}

fn judged(status: u16, answer: Value) -> Result<Value, Failure> {
    let code = answer["errcode"].as_i64().unwrap_or_default();
    if code != 0 {
        let error = refusal(code, answer["errmsg"].as_str().unwrap_or_default());
        return Err(if is_about_token(code) { Failure::Token(error) } else { Failure::Other(error) });
    }
    if !(200..300).contains(&status) {
        let reason = format!("the platform answered HTTP {status}");
        return Err(CallError { kind: CallFault::Status(status), reason }.into());
    }
    Ok(answer)
}

fn is_about_token(code: i64) -> bool {
    matches!(code, 40001 | 40014 | 42001)
}

/// Where a file cannot be had, JSON comes with status 200, sometimes as text/plain.
fn error_in_place_of(file: &Download) -> Option<Failure> {
    let may_be = file.media_type.contains("json") || file.media_type.starts_with("text/");
    let small = may_be && file.bytes.len() <= MAX_ERROR;
    let answer: Value = small.then(|| serde_json::from_slice(&file.bytes).ok()).flatten()?;
    answer["errcode"].as_i64().filter(|code| *code != 0)?;
    judged(200, answer).err()
}
