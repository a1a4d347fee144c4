//! Customer service by the API: fetching messages, sending, and who has a session.

use serde_json::{Value, json};

use crate::channel::call::{Caller, Download};
use crate::channel::cgi::{Cgi, Grant};
use crate::channel::numbered::numbered;
use crate::channel::wecom::kf::Options;
use crate::channel::wecom::kf_page::Page;
use crate::channel::wecom::platform_id;
use crate::channel::{Hope, Target, Undelivered};
use crate::message::part::Part;
use crate::privacy::secret::Secret;

/// Messages of a page: the platform gives up to 1000, which may be more bytes than are read at once.
const PAGE: u32 = 200;
/// Most things to tap in a menu.
const MAX_MENU: usize = 10;
/// Longest id of a message, in bytes.
const MAX_ID: usize = 32;

/// Fetches and sends for one corporation's customer service.
#[derive(Debug)]
pub struct Client(Cgi);

/// Who has a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Nobody yet.
    New,
    /// The API: the only state besides [`Self::New`] in which it may send.
    Assistant,
    /// They wait for an agent.
    Waiting,
    /// An agent.
    Agent,
    /// It has ended, or has not begun.
    Ended,
}

impl Client {
    /// A client with these settings.
    pub fn new(caller: Caller, options: &Options) -> Self {
        let grant = Grant::Wecom { corp_id: options.corp_id.clone(), secret: options.secret.clone() };
        Self(Cgi::new(caller, &options.api_base, grant))
    }

    /// A page of an account's messages after the cursor, which is empty only for the first of all; `token` is the bell's.
    ///
    /// # Errors
    /// No answer, or none that allows it.
    pub async fn sync(
        &self,
        cursor: &str,
        token: Option<&Secret>,
        open_kfid: &str,
        now_ms: i64,
    ) -> Result<Page, Undelivered> {
        let mut body = json!({ "cursor": cursor, "limit": PAGE, "voice_format": 0, "open_kfid": open_kfid });
        if let Some(token) = token {
            body["token"] = token.expose().into();
        }
        self.0.post("/cgi-bin/kf/sync_msg", &body, now_ms).await.map(|answer| Page::read(&answer))
    }

    /// Sends one message; `id` is the same at every try, and the platform takes it once. A menu of more than ten items
    /// becomes numbered text.
    ///
    /// # Errors
    /// It was not taken; the error says whether to try again.
    pub async fn send(&self, target: &Target, part: &Part, id: &str, now_ms: i64) -> Result<(), Undelivered> {
        let mut body = message(part);
        body["touser"] = target.user.as_str().into();
        body["open_kfid"] = account(target)?.into();
        body["msgid"] = platform_id(id, MAX_ID).into();
        self.0.post("/cgi-bin/kf/send_msg", &body, now_ms).await.map(drop)
    }

    /// Greets with the code of an arrival, once and within 20 seconds.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn welcome(&self, code: &str, part: &Part, id: &str, now_ms: i64) -> Result<(), Undelivered> {
        let mut body = message(part);
        body["code"] = code.into();
        body["msgid"] = platform_id(id, MAX_ID).into();
        self.0.post("/cgi-bin/kf/send_msg_on_event", &body, now_ms).await.map(drop)
    }

    /// Who has a session.
    ///
    /// # Errors
    /// No answer, or one that is not understood.
    pub async fn state(&self, target: &Target, now_ms: i64) -> Result<ServiceState, Undelivered> {
        let body = json!({ "open_kfid": account(target)?, "external_userid": target.user });
        let answer = self.0.post("/cgi-bin/kf/service_state/get", &body, now_ms).await?;
        ServiceState::read(&answer["service_state"]).ok_or_else(|| Undelivered {
            hope: Hope::Later(None),
            reason: "the platform gave a state of the session that is not known".to_owned(),
        })
    }

    /// Gives a session to somebody else. With [`ServiceState::Agent`] an agent is named.
    ///
    /// # Errors
    /// The platform does not allow this change.
    pub async fn hand_over(
        &self,
        target: &Target,
        to: ServiceState,
        agent: Option<&str>,
        now_ms: i64,
    ) -> Result<(), Undelivered> {
        let account = account(target)?;
        let mut body =
            json!({ "open_kfid": account, "external_userid": target.user, "service_state": to.number() });
        if let Some(agent) = agent {
            body["servicer_userid"] = agent.into();
        }
        self.0.post("/cgi-bin/kf/service_state/trans", &body, now_ms).await.map(drop)
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
        self.0.download("/cgi-bin/media/get", ("media_id", media_id), limit_bytes, now_ms).await
    }

    /// Whether the platform takes id and secret.
    ///
    /// # Errors
    /// What it says against them.
    pub async fn check(&self, now_ms: i64) -> Result<(), Undelivered> {
        self.0.check(now_ms).await
    }
}

impl ServiceState {
    fn read(value: &Value) -> Option<Self> {
        [Self::New, Self::Assistant, Self::Waiting, Self::Agent, Self::Ended]
            .into_iter()
            .find(|state| value.as_i64() == Some(state.number()))
    }

    fn number(self) -> i64 {
        match self {
            Self::New => 0,
            Self::Assistant => 1,
            Self::Waiting => 2,
            Self::Agent => 3,
            Self::Ended => 4,
        }
    }
}

fn account(target: &Target) -> Result<&str, Undelivered> {
    target.chat.as_deref().ok_or_else(|| Undelivered {
        hope: Hope::Never,
        reason: "no customer-service account (open_kfid) is known for this person".to_owned(),
    })
}

fn message(part: &Part) -> Value {
    let text = |text: &str| json!({ "msgtype": "text", "text": { "content": text } });
    match part {
        // There is no Markdown: a text that was made for it is sent as it is.
        Part::Text { text: words } | Part::Markdown { text: words, .. } => text(words),
        Part::Menu { head, items, tail } if items.is_empty() || items.len() > MAX_MENU => {
            text(&numbered(head, items, tail))
        }
        Part::Menu { head, items, tail } => {
            let click =
                |id: &str, label: &str| json!({ "type": "click", "click": { "id": id, "content": label } });
            let list: Vec<Value> = items.iter().map(|item| click(&item.id, &item.label)).collect();
            let mut menu = json!({ "head_content": head, "list": list });
            if !tail.is_empty() {
                menu["tail_content"] = tail.as_str().into();
            }
            json!({ "msgtype": "msgmenu", "msgmenu": menu })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::part::MenuItem;

    #[test]
    fn messages_have_the_shape_of_the_manual() {
        let items = [MenuItem { id: "101".to_owned(), label: "满意".to_owned() }];
        let menu = |count: usize| Part::Menu {
            head: "请选择".to_owned(),
            items: items.iter().cycle().take(count).cloned().collect(),
            tail: "谢谢".to_owned(),
        };
        let wanted = r#"{"msgtype":"msgmenu","msgmenu":{"head_content":"请选择","list":[{"type":"click","click":{"id":"101","content":"满意"}}],"tail_content":"谢谢"}}"#;
        assert_eq!(message(&menu(1)).to_string(), wanted);
        assert_eq!(message(&menu(11))["msgtype"], "text");
    }

    #[test]
    fn states_have_the_numbers_of_the_manual() {
        for number in 0..5 {
            assert_eq!(ServiceState::read(&json!(number)).unwrap().number(), number);
        }
        assert_eq!(ServiceState::read(&json!(5)), None);
    }
}
