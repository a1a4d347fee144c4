//! Messages of an application that leave by the API.

use serde_json::{Value, json};

use crate::channel::call::{Caller, Download};
use crate::channel::cgi::{Cgi, Grant};
use crate::channel::numbered::numbered;
use crate::channel::wecom::app::Options;
use crate::channel::wecom::card;
use crate::channel::{Hope, Target, Undelivered};
use crate::message::part::Part;

/// Sends for one application.
#[derive(Debug)]
pub struct Client {
    cgi: Cgi,
    agent_id: u64,
}

impl Client {
    /// A client with these settings.
    pub fn new(caller: Caller, options: &Options) -> Self {
        let grant = Grant::Wecom { corp_id: options.corp_id.clone(), secret: options.secret.clone() };
        Self { cgi: Cgi::new(caller, &options.api_base, grant), agent_id: options.agent_id }
    }

    /// Sends one message; `id` is the same at every try. A menu of more than six items becomes numbered text.
    ///
    /// # Errors
    /// It was not taken; the error says whether to try again.
    pub async fn send(&self, target: &Target, part: &Part, id: &str, now_ms: i64) -> Result<(), Undelivered> {
        let message = message(self.agent_id, target, part, id);
        let answer = self.cgi.post("/cgi-bin/message/send", &message, now_ms).await?;
        // The platform answers errcode 0 where only this person cannot be reached, and there is no other.
        match answer["invaliduser"].as_str().unwrap_or_default() {
            "" => Ok(()),
            _ => {
                let reason = "they are not among those who may use the application".to_owned();
                Err(Undelivered { hope: Hope::Never, reason })
            }
        }
    }

    /// A file that a message brought, of at most so many bytes.
    ///
    /// # Errors
    /// It cannot be had, or is larger.
    pub async fn fetch(
        &self,
        media_id: &str,
        limit_bytes: usize,
        now_ms: i64,
    ) -> Result<Download, Undelivered> {
        self.cgi.download("/cgi-bin/media/get", ("media_id", media_id), limit_bytes, now_ms).await
    }

    /// Whether the platform takes id and secret.
    ///
    /// # Errors
    /// What it says against them.
    pub async fn check(&self, now_ms: i64) -> Result<(), Undelivered> {
        self.cgi.check(now_ms).await
    }
}

fn message(agent_id: u64, target: &Target, part: &Part, id: &str) -> Value {
    let (kind, content) = match part {
        Part::Text { text } => ("text", json!({ "content": text })),
        Part::Markdown { text, .. } => ("markdown", json!({ "content": text })),
        Part::Menu { head, items, tail } => match card::buttons(head, items, tail, id) {
            Some(card) => ("template_card", card),
            None => ("text", json!({ "content": numbered(head, items, tail) })),
        },
    };
    let mut message = json!({ "touser": target.user, "msgtype": kind, "agentid": agent_id });
    message[kind] = content;
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_shape_of_the_manual() {
        let target = Target { user: "zhangsan".to_owned(), ..Target::default() };
        let markdown = Part::Markdown { title: "t".to_owned(), text: "**hi**".to_owned() };
        let wanted =
            r#"{"touser":"zhangsan","msgtype":"markdown","agentid":7,"markdown":{"content":"**hi**"}}"#;
        assert_eq!(message(7, &target, &markdown, "1").to_string(), wanted);
        let menu = Part::Menu { head: "选".to_owned(), items: Vec::new(), tail: String::new() };
        assert_eq!(message(7, &target, &menu, "1")["text"]["content"], "选");
    }
}
