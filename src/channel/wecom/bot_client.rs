//! What a bot of WeCom calls: the address for one late answer, and files.

use crate::channel::call::{CallFault, Caller, Download};
use crate::channel::cgi::refusal;
use crate::channel::tencent::envelope::Key;
use crate::channel::wecom::bot::decrypt_file;
use crate::channel::wecom::bot_reply;
use crate::channel::{Hope, Place, Target, Undelivered};
use crate::message::part::Part;

/// Calls for one bot.
#[derive(Clone, Debug)]
pub struct Client {
    caller: Caller,
    key: Option<Key>,
}

impl Client {
    /// A client; `key` is that of the callback, absent on the long connection, where each file brings its own.
    pub fn new(caller: Caller, key: Option<Key>) -> Self {
        Self { caller, key }
    }

    /// Answers at the `response_url` of an arrival, which is good for one call within an hour. `id` is new for each card;
    /// groups take no cards here and get numbered text.
    ///
    /// # Errors
    /// It was not taken. There is no hope where the platform has answered: the address is spent.
    pub async fn respond(
        &self,
        url: &str,
        target: &Target,
        part: &Part,
        id: &str,
    ) -> Result<(), Undelivered> {
        let url = self.caller.allowed(url)?;
        let body = if target.group { bot_reply::plain_part(part) } else { bot_reply::part(part, id) };
        let (status, answer) = self.caller.post_json(url.as_str(), &[], &body).await?;
        match answer["errcode"].as_i64().unwrap_or_default() {
            0 if (200..300).contains(&status) => Ok(()),
            0 => {
                let hope = if status >= 500 { Hope::Later(None) } else { Hope::Never };
                Err(Undelivered { hope, reason: format!("the platform answered HTTP {status}") })
            }
            code => Err(refusal(code, answer["errmsg"].as_str().unwrap_or_default())),
        }
    }

    /// A file that a message brought, decrypted, of at most so many bytes; the platform keeps it for five minutes.
    ///
    /// # Errors
    /// It cannot be had, is larger, or cannot be decrypted.
    pub async fn fetch(&self, place: &Place, limit_bytes: usize) -> Result<Download, Undelivered> {
        let never = |reason: &str| Undelivered { hope: Hope::Never, reason: reason.to_owned() };
        let Place::Address { url, key } = place else {
            return Err(never("a bot's files are at addresses"));
        };
        let url = self.caller.allowed(url)?;
        let file =
            self.caller.download(url.as_str(), limit_bytes).await.map_err(|error| match error.kind {
                CallFault::Status(403 | 404) => {
                    never("the file is not there any more: it is kept for five minutes")
                }
                _ => error.into(),
            })?;
        let own = match key {
            Some(key) => Some(Key::parse(key).map_err(|_| never("the file's key cannot be read"))?),
            None => self.key.clone(),
        };
        let Some(key) = own else { return Ok(file) };
        let bytes = decrypt_file(&key, file.bytes).map_err(|_| never("the file cannot be decrypted"))?;
        Ok(Download { bytes, ..file })
    }
}
