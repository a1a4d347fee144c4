//! Messages of an official account that leave by the customer-service API.

use serde_json::{Value, json};

use crate::channel::call::{Caller, Download};
use crate::channel::cgi::{Cgi, Grant};
use crate::channel::numbered::numbered;
use crate::channel::wechat::{Mode, Options};
use crate::channel::{Hope, Target, Undelivered};
use crate::message::part::Part;

/// Sends for one account.
#[derive(Debug)]
pub struct Client {
    cgi: Cgi,
    mode: Mode,
}

impl Client {
    /// A client with these settings.
    pub fn new(caller: Caller, options: &Options) -> Self {
        let grant = Grant::Wechat { app_id: options.app_id.clone(), secret: options.app_secret.clone() };
        Self { cgi: Cgi::new(caller, &options.api_base, grant), mode: options.mode }
    }

    /// Sends one message.
    ///
    /// # Errors
    /// It was not taken; the error says whether to try again.
    pub async fn send(&self, target: &Target, part: &Part, now_ms: i64) -> Result<(), Undelivered> {
        if self.mode == Mode::PassiveOnly {
            let reason = "this account can only answer directly (mode = passive_only)".to_owned();
            return Err(Undelivered { hope: Hope::Never, reason });
        }
        self.cgi.post("/cgi-bin/message/custom/send", &message(target, part), now_ms).await.map(drop)
    }

    /// A file that a message brought, of at most so many bytes.
    ///
    /// # Errors
    /// It cannot be had, or is larger; a video may only be had at an address that is not called.
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

fn message(target: &Target, part: &Part) -> Value {
    match part {
        // There is no Markdown: a text that was made for it is sent as it is.
        Part::Text { text } | Part::Markdown { text, .. } => {
            json!({ "touser": target.user, "msgtype": "text", "text": { "content": text } })
        }
        Part::Menu { head, items, tail } if items.is_empty() => {
            json!({ "touser": target.user, "msgtype": "text", "text": { "content": numbered(head, items, tail) } })
        }
        Part::Menu { head, items, tail } => {
            let list: Vec<Value> =
                items.iter().map(|item| json!({ "id": item.id, "content": item.label })).collect();
            let menu = json!({ "head_content": head, "list": list, "tail_content": tail });
            json!({ "touser": target.user, "msgtype": "msgmenu", "msgmenu": menu })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::part::MenuItem;

    #[test]
    fn messages_have_the_shape_of_the_manual() {
        let target = Target { user: "OPENID".to_owned(), ..Target::default() };
        let text = message(&target, &Part::Text { text: "你好".to_owned() });
        assert_eq!(text.to_string(), r#"{"touser":"OPENID","msgtype":"text","text":{"content":"你好"}}"#);
        let items = vec![MenuItem { id: "101".to_owned(), label: "满意".to_owned() }];
        let menu = message(&target, &Part::Menu { head: "a".to_owned(), items, tail: "b".to_owned() });
        let wanted = r#"{"head_content":"a","list":[{"id":"101","content":"满意"}],"tail_content":"b"}"#;
        assert_eq!(menu["msgmenu"].to_string(), wanted);
    }
}
