//! The accounts of all platforms that are set up, by the name of their sink.

use std::sync::Arc;

use crate::channel::bells::Bells;
use crate::channel::call::Download;
use crate::channel::dingtalk::stream_state::State;
use crate::channel::wecom::bot_reply::{self, Progress};
use crate::channel::wecom::kf_client::ServiceState;
use crate::channel::wecom::{app, app_client, bot, bot_client, kf, kf_client, link_send};
use crate::channel::{Handle, Hope, Place, Target, Undelivered, dingtalk, wechat};
use crate::message::part::Part;

/// What an account is called in the store, in metrics and on the command line.
pub const WECHAT: &str = "wechat";
/// The AI bot of WeCom.
pub const WECOM_BOT: &str = "wecom-bot";
/// The self-built app of WeCom.
pub const WECOM_APP: &str = "wecom-app";
/// Customer service in WeChat.
pub const WECOM_KF: &str = "wecom-kf";
/// The robot of DingTalk.
pub const DINGTALK: &str = "dingtalk";
/// All of them.
pub const ALL: [&str; 5] = [WECHAT, WECOM_BOT, WECOM_APP, WECOM_KF, DINGTALK];

/// What the platform says of a stream that has ended.
const STREAM_OVER: &str = "846608";

/// All accounts.
#[derive(Debug, Default)]
pub struct Accounts {
    /// WeChat: what decodes, and what sends.
    pub wechat: Option<(wechat::Account, wechat::client::Client)>,
    /// Whether choices go to WeChat as menu messages.
    pub wechat_menu: bool,
    /// The AI bot of WeCom, by one of its two ways.
    pub wecom_bot: Option<WecomBot>,
    /// The app of WeCom: what decodes, and what sends.
    pub wecom_app: Option<(app::App, app_client::Client)>,
    /// Whether people read the app in WeChat, which shows no Markdown.
    pub wecom_app_in_wechat: bool,
    /// Customer service in WeChat: what decodes, and what sends.
    pub wecom_kf: Option<(kf::Kf, kf_client::Client)>,
    /// Whether a handoff of customer service goes to the people of WeCom.
    pub wecom_kf_transfer: bool,
    /// The robot of DingTalk.
    pub dingtalk: Option<dingtalk::client::Client>,
    /// How the connection of ours is by which its messages come; absent where they come by calls.
    pub dingtalk_stream: Option<Arc<State>>,
    /// That there is something to fetch from customer service.
    pub bells: Bells,
}

/// The AI bot of WeCom.
#[derive(Debug)]
pub enum WecomBot {
    /// It calls.
    Callback(bot::Bot, bot_client::Client),
    /// A connection of ours.
    Link(link_send::Link, bot_client::Client),
}

/// One message that is to leave.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// Unique for ever: where the platform tells repeated messages apart, it is told by this.
    pub id: &'a str,
    /// Who.
    pub target: &'a Target,
    /// What an answer may use besides.
    pub handle: &'a Handle,
    /// What.
    pub part: &'a Part,
    /// What a verdict on it names; absent where none is asked for.
    pub judged: Option<&'a str>,
    /// Whether people of the service take over with it.
    pub handed_over: bool,
    /// Whether it was tried before: then the platform may have it.
    pub again: bool,
}

/// What sending has left of the handle, where it has used something of it up.
type Sent = Result<Option<Handle>, Undelivered>;

impl Accounts {
    /// Names of the accounts that are set up.
    pub fn names(&self) -> Vec<&'static str> {
        let there = [
            self.wechat.is_some(),
            self.wecom_bot.is_some(),
            self.wecom_app.is_some(),
            self.wecom_kf.is_some(),
            self.dingtalk.is_some(),
        ];
        ALL.into_iter().zip(there).filter_map(|(name, there)| there.then_some(name)).collect()
    }

    /// Connections of ours, and whether they stand.
    pub fn connections(&self) -> Vec<(&'static str, bool)> {
        let bot = match &self.wecom_bot {
            Some(WecomBot::Link(link, _)) => Some((WECOM_BOT, link.is_connected())),
            Some(WecomBot::Callback(..)) | None => None,
        };
        let stream = self.dingtalk_stream.as_ref().map(|state| (DINGTALK, state.is_connected()));
        bot.into_iter().chain(stream).collect()
    }

    /// Sends; `now_ms` are Unix milliseconds. Gives what the handle has become where sending has used something of it up.
    ///
    /// # Errors
    /// It was not taken; the error says whether to try again.
    pub async fn send(&self, account: &str, sending: Sending<'_>, now_ms: i64) -> Sent {
        let Sending { id, target, handle, part, .. } = sending;
        match account {
            WECHAT => match &self.wechat {
                Some((_, client)) => client.send(target, part, now_ms).await.map(|()| None),
                None => Err(unknown(account)),
            },
            WECOM_BOT => match &self.wecom_bot {
                Some(WecomBot::Callback(_, client)) => by_response_url(client, sending).await,
                Some(WecomBot::Link(link, _)) => by_link(link, sending).await,
                None => Err(unknown(account)),
            },
            WECOM_APP => match &self.wecom_app {
                Some((_, client)) => client.send(target, part, id, now_ms).await.map(|()| None),
                None => Err(unknown(account)),
            },
            WECOM_KF => match &self.wecom_kf {
                Some((_, client)) => self.by_kf(client, sending, now_ms).await,
                None => Err(unknown(account)),
            },
            DINGTALK => match &self.dingtalk {
                Some(client) => client.send(target, handle, part, now_ms).await.map(|()| None),
                None => Err(unknown(account)),
            },
            _ => Err(unknown(account)),
        }
    }

    /// Customer service may send only while a session is nobody's or the API's.
    async fn by_kf(&self, client: &kf_client::Client, sending: Sending<'_>, now_ms: i64) -> Sent {
        let Sending { id, target, handle, part, .. } = sending;
        let mut left = None;
        let welcomed = match &handle.welcome {
            Some(code) => {
                left = Some(Handle { welcome: None, ..handle.clone() });
                client.welcome(code, part, id, now_ms).await.is_ok()
            }
            None => false,
        };
        if !welcomed && let Err(refused) = client.send(target, part, id, now_ms).await {
            let refused_for_good = !matches!(refused.hope, Hope::Later(_));
            match refused_for_good.then_some(client.state(target, now_ms)) {
                Some(state) => match state.await {
                    Ok(ServiceState::Ended) => {
                        let reason =
                            "the session has ended: it goes on when the customer writes again".to_owned();
                        return Err(Undelivered { hope: Hope::Quota, reason });
                    }
                    Ok(ServiceState::New) => {
                        client.hand_over(target, ServiceState::Assistant, None, now_ms).await?;
                        client.send(target, part, id, now_ms).await?;
                    }
                    Ok(ServiceState::Waiting | ServiceState::Agent) => {
                        let reason =
                            "the session is with the people of WeCom: yunzhu may not speak in it".to_owned();
                        return Err(Undelivered { hope: Hope::Never, reason });
                    }
                    Ok(ServiceState::Assistant) | Err(_) => return Err(refused),
                },
                None => return Err(refused),
            }
        }
        if sending.handed_over && self.wecom_kf_transfer {
            client.hand_over(target, ServiceState::Waiting, None, now_ms).await?;
        }
        Ok(left)
    }

    /// Fetches a file of at most so many bytes.
    ///
    /// # Errors
    /// It cannot be had, or is larger.
    pub async fn fetch(
        &self,
        account: &str,
        place: &Place,
        limit: usize,
        now_ms: i64,
    ) -> Result<Download, Undelivered> {
        match (account, place, self) {
            (WECHAT, Place::Media { id }, Self { wechat: Some((_, client)), .. }) => {
                client.fetch(id, limit, now_ms).await
            }
            (WECOM_APP, Place::Media { id }, Self { wecom_app: Some((_, client)), .. }) => {
                client.fetch(id, limit, now_ms).await
            }
            (WECOM_KF, Place::Media { id }, Self { wecom_kf: Some((_, client)), .. }) => {
                client.fetch(id, limit, now_ms).await
            }
            (DINGTALK, Place::Media { id }, Self { dingtalk: Some(client), .. }) => {
                client.fetch(id, limit, now_ms).await
            }
            (WECOM_BOT, place, Self { wecom_bot: Some(bot), .. }) => {
                let (WecomBot::Callback(_, client) | WecomBot::Link(_, client)) = bot;
                client.fetch(place, limit).await
            }
            _ => Err(unknown(account)),
        }
    }

    /// Whether the platform takes the account's id and secret.
    ///
    /// # Errors
    /// What it says against them.
    pub async fn check(&self, account: &str, now_ms: i64) -> Result<(), Undelivered> {
        match (account, self) {
            (WECHAT, Self { wechat: Some((_, client)), .. }) => client.check(now_ms).await,
            (WECOM_APP, Self { wecom_app: Some((_, client)), .. }) => client.check(now_ms).await,
            (WECOM_KF, Self { wecom_kf: Some((_, client)), .. }) => client.check(now_ms).await,
            (DINGTALK, Self { dingtalk: Some(client), .. }) => client.check(now_ms).await,
            _ => Ok(()),
        }
    }
}

/// The address of an arrival is good for one call.
async fn by_response_url(client: &bot_client::Client, sending: Sending<'_>) -> Sent {
    let Sending { id, target, handle, part, .. } = sending;
    let Some(url) = &handle.url else {
        let reason = "WeCom gives the bot one late answer to each message, and that is spent".to_owned();
        return Err(Undelivered { hope: Hope::Quota, reason });
    };
    client.respond(url, target, part, id).await?;
    Ok(Some(Handle { url: None, ..handle.clone() }))
}

/// The first part answers the message, the others are sent on their own.
async fn by_link(link: &link_send::Link, sending: Sending<'_>) -> Sent {
    let Sending { id, target, handle, part, judged, .. } = sending;
    let text = match part {
        Part::Text { text } | Part::Markdown { text, .. } => Some(text),
        Part::Menu { .. } => None,
    };
    if let (Some(entered), Some(text)) = (&handle.welcome, text) {
        link.welcome(entered, text).await?;
        return Ok(Some(Handle { welcome: None, ..handle.clone() }));
    }
    let (Some(request), Some(text)) = (&handle.request, text) else {
        return link.send_part(target, part, id).await.map(|()| None);
    };
    let left = Some(Handle { request: None, ..handle.clone() });
    match link.reply(request, bot_reply::stream(id, Progress::Done, text, judged)).await {
        Ok(()) => Ok(left),
        // What was said to the end before cannot be said again: the platform has it, and only its word of that was lost.
        Err(Undelivered { reason, .. }) if sending.again && reason.contains(STREAM_OVER) => Ok(left),
        // The time in which a message may be answered is over: then it is something new.
        Err(Undelivered { hope: Hope::Never, .. }) => link.send_part(target, part, id).await.map(|()| left),
        Err(later) => Err(later),
    }
}

fn unknown(account: &str) -> Undelivered {
    let reason = format!("{account} is not set up any more: put its section back into the settings");
    Undelivered { hope: Hope::Never, reason }
}
