//! Where people are: `[wechat]`, `[wecom_bot]`, `[wecom_app]`, `[wecom_kf]`, `[dingtalk]`, `[robots]`, `[channels]`, `[widget]`.
//!
//! A section of a platform is in use where a key without a default is set; what it then still needs is an error that names it.

mod layer;

pub use layer::{
    ChannelsLayer, DingtalkLayer, RobotsLayer, WechatLayer, WecomAppLayer, WecomBotLayer, WecomKfLayer,
    WidgetLayer,
};

use super::options::{Origin, Wrong};
use crate::privacy::secret::Secret;
pub(super) use layer::Layers;

/// Everything about channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels {
    /// An official account of WeChat.
    pub wechat: Option<Wechat>,
    /// An AI bot of WeCom.
    pub wecom_bot: Option<WecomBot>,
    /// A self-built app of WeCom.
    pub wecom_app: Option<WecomApp>,
    /// Customer service in WeChat.
    pub wecom_kf: Option<WecomKf>,
    /// A robot of DingTalk.
    pub dingtalk: Option<Dingtalk>,
    /// Robots that hear alerts.
    pub robots: Robots,
    /// Hosts besides the platforms' own that addresses from them may name.
    pub allowed_hosts: Vec<String>,
    /// What was not dealt with for so many minutes before a restart is not answered any more.
    pub fresh_minutes: u64,
    /// The window in pages of others.
    pub widget: Widget,
}

/// An official account of WeChat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wechat {
    /// AppID.
    pub app_id: String,
    /// AppSecret; absent where the account has no API.
    pub app_secret: Option<Secret>,
    /// Token.
    pub token: Secret,
    /// EncodingAESKey; absent: plain mode.
    pub encoding_aes_key: Option<Secret>,
    /// Whether answers leave in answers to WeChat's own calls only.
    pub passive_only: bool,
    /// Whether choices are menu messages.
    pub menu: bool,
    /// Where the API is.
    pub api_base: String,
}

/// An AI bot of WeCom, by one of its two ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WecomBot {
    /// WeCom calls.
    Callback {
        /// Token.
        token: Secret,
        /// EncodingAESKey.
        encoding_aes_key: Secret,
    },
    /// A connection of ours.
    Link {
        /// Bot id.
        bot_id: String,
        /// Secret.
        secret: Secret,
        /// Where it goes.
        connect_url: String,
    },
}

/// A self-built app of WeCom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WecomApp {
    /// CorpID.
    pub corp_id: String,
    /// AgentId.
    pub agent_id: u64,
    /// Secret.
    pub secret: Secret,
    /// Token.
    pub token: Secret,
    /// EncodingAESKey.
    pub encoding_aes_key: Secret,
    /// Whether people read it in WeChat.
    pub wechat_plugin: bool,
    /// Where the API is.
    pub api_base: String,
}

/// Customer service in WeChat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WecomKf {
    /// CorpID.
    pub corp_id: String,
    /// Secret.
    pub secret: Secret,
    /// Token.
    pub token: Secret,
    /// EncodingAESKey.
    pub encoding_aes_key: Secret,
    /// Whether a handoff goes to the people of WeCom.
    pub transfer: bool,
    /// Where the API is.
    pub api_base: String,
}

/// A robot of DingTalk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dingtalk {
    /// AppKey.
    pub app_key: String,
    /// AppSecret.
    pub app_secret: Secret,
    /// Code of the robot.
    pub robot_code: String,
    /// Whether messages come by a connection of ours.
    pub stream: bool,
    /// Where the API is.
    pub api_base: String,
}

/// Robots of groups that hear alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Robots {
    /// Webhook of a DingTalk robot, and what its messages are signed with.
    pub dingtalk: Option<(Secret, Option<Secret>)>,
    /// Webhook of a WeCom robot.
    pub wecom: Option<Secret>,
}

/// The window in pages of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widget {
    /// What it calls this site.
    pub site: String,
    /// What proofs of identity are signed with.
    pub identity_secret: Option<Secret>,
    /// Whether nobody may talk without one.
    pub identity_required: bool,
    /// Pages that may show it; empty: those of this service only.
    pub frame_origins: Vec<Origin>,
}

/// Checked, with defaults.
pub(super) fn channels(layers: Layers) -> Result<Channels, Wrong> {
    Ok(Channels {
        wechat: wechat(layers.wechat)?,
        wecom_bot: wecom_bot(layers.wecom_bot)?,
        wecom_app: wecom_app(layers.wecom_app)?,
        wecom_kf: wecom_kf(layers.wecom_kf)?,
        dingtalk: dingtalk(layers.dingtalk)?,
        robots: robots(layers.robots)?,
        allowed_hosts: layers.channels.allowed_hosts.unwrap_or_default(),
        fresh_minutes: layers.channels.fresh_minutes.unwrap_or(10),
        widget: widget(layers.widget)?,
    })
}

fn wechat(layer: WechatLayer) -> Result<Option<Wechat>, Wrong> {
    let passive_only = layer.passive_only.unwrap_or(false);
    let used = [layer.app_secret.is_some(), layer.token.is_some(), layer.encoding_aes_key.is_some()];
    if layer.app_id.is_none() && !used.contains(&true) {
        return Ok(None);
    }
    if layer.app_secret.is_none() && !passive_only {
        let reason = "is missing; without it only `passive_only = true` is possible".to_owned();
        return Err(("wechat.app_secret", reason));
    }
    Ok(Some(Wechat {
        app_id: text(layer.app_id, "wechat.app_id")?,
        app_secret: layer.app_secret,
        token: secret(layer.token, "wechat.token")?,
        encoding_aes_key: layer
            .encoding_aes_key
            .map(|key| aes_key(Some(key), "wechat.encoding_aes_key"))
            .transpose()?,
        passive_only,
        menu: layer.menu.unwrap_or(false),
        api_base: base(layer.api_base, "wechat.api_base", "https://api.weixin.qq.com")?,
    }))
}

fn wecom_bot(layer: WecomBotLayer) -> Result<Option<WecomBot>, Wrong> {
    let calls = layer.token.is_some() || layer.encoding_aes_key.is_some();
    let connects = layer.bot_id.is_some() || layer.secret.is_some();
    match (calls, connects) {
        (false, false) => Ok(None),
        (true, true) => {
            let reason = "cannot stand beside wecom_bot.token: a bot is reached by callback or by long connection, not both";
            Err(("wecom_bot.bot_id", reason.to_owned()))
        }
        (true, false) => Ok(Some(WecomBot::Callback {
            token: secret(layer.token, "wecom_bot.token")?,
            encoding_aes_key: aes_key(layer.encoding_aes_key, "wecom_bot.encoding_aes_key")?,
        })),
        (false, true) => Ok(Some(WecomBot::Link {
            bot_id: text(layer.bot_id, "wecom_bot.bot_id")?,
            secret: secret(layer.secret, "wecom_bot.secret")?,
            connect_url: layer.connect_url.unwrap_or_else(|| "wss://openws.work.weixin.qq.com".to_owned()),
        })),
    }
}

fn wecom_app(layer: WecomAppLayer) -> Result<Option<WecomApp>, Wrong> {
    let used = [layer.secret.is_some(), layer.token.is_some(), layer.encoding_aes_key.is_some()];
    if layer.corp_id.is_none() && !used.contains(&true) {
        return Ok(None);
    }
    Ok(Some(WecomApp {
        corp_id: text(layer.corp_id, "wecom_app.corp_id")?,
        agent_id: layer.agent_id.ok_or(("wecom_app.agent_id", MISSING.to_owned()))?,
        secret: secret(layer.secret, "wecom_app.secret")?,
        token: secret(layer.token, "wecom_app.token")?,
        encoding_aes_key: aes_key(layer.encoding_aes_key, "wecom_app.encoding_aes_key")?,
        wechat_plugin: layer.wechat_plugin.unwrap_or(false),
        api_base: base(layer.api_base, "wecom_app.api_base", "https://qyapi.weixin.qq.com")?,
    }))
}

fn wecom_kf(layer: WecomKfLayer) -> Result<Option<WecomKf>, Wrong> {
    let used = [layer.secret.is_some(), layer.token.is_some(), layer.encoding_aes_key.is_some()];
    if layer.corp_id.is_none() && !used.contains(&true) {
        return Ok(None);
    }
    Ok(Some(WecomKf {
        corp_id: text(layer.corp_id, "wecom_kf.corp_id")?,
        secret: secret(layer.secret, "wecom_kf.secret")?,
        token: secret(layer.token, "wecom_kf.token")?,
        encoding_aes_key: aes_key(layer.encoding_aes_key, "wecom_kf.encoding_aes_key")?,
        transfer: layer.transfer.unwrap_or(false),
        api_base: base(layer.api_base, "wecom_kf.api_base", "https://qyapi.weixin.qq.com")?,
    }))
}

fn dingtalk(layer: DingtalkLayer) -> Result<Option<Dingtalk>, Wrong> {
    if layer.app_key.is_none() && layer.app_secret.is_none() && layer.robot_code.is_none() {
        return Ok(None);
    }
    let app_key = text(layer.app_key, "dingtalk.app_key")?;
    Ok(Some(Dingtalk {
        // Of an internal app both are the same today.
        robot_code: layer.robot_code.unwrap_or_else(|| app_key.clone()),
        app_key,
        app_secret: secret(layer.app_secret, "dingtalk.app_secret")?,
        stream: layer.stream.unwrap_or(false),
        api_base: base(layer.api_base, "dingtalk.api_base", "https://api.dingtalk.com")?,
    }))
}

fn robots(layer: RobotsLayer) -> Result<Robots, Wrong> {
    if layer.dingtalk_url.is_none() && layer.dingtalk_secret.is_some() {
        return Err(("robots.dingtalk_url", MISSING.to_owned()));
    }
    Ok(Robots {
        dingtalk: layer.dingtalk_url.map(|url| (url, layer.dingtalk_secret)),
        wecom: layer.wecom_url,
    })
}

fn widget(layer: WidgetLayer) -> Result<Widget, Wrong> {
    let identity_required = layer.identity_required.unwrap_or(false);
    match &layer.identity_secret {
        None if identity_required => {
            let reason = "is missing; widget.identity_required cannot be kept without it".to_owned();
            return Err(("widget.identity_secret", reason));
        }
        Some(secret) if secret.expose().len() < LEAST_SECRET => {
            let reason =
                format!("is too short; take {LEAST_SECRET} bytes or more, as `openssl rand -hex 32` gives");
            return Err(("widget.identity_secret", reason));
        }
        _ => {}
    }
    Ok(Widget {
        site: layer.site.unwrap_or_else(|| "console".to_owned()),
        identity_secret: layer.identity_secret,
        identity_required,
        frame_origins: layer.frame_origins.unwrap_or_default(),
    })
}

const MISSING: &str = "is missing; the section needs it";
/// RFC 7518, 3.2: a key of HS256 is as long as the hash.
const LEAST_SECRET: usize = 32;
/// Characters of an EncodingAESKey.
const AES_KEY: usize = 43;

fn text(value: Option<String>, key: &'static str) -> Result<String, Wrong> {
    value.filter(|text| !text.trim().is_empty()).ok_or((key, MISSING.to_owned()))
}

fn secret(value: Option<Secret>, key: &'static str) -> Result<Secret, Wrong> {
    value.filter(|secret| !secret.expose().is_empty()).ok_or((key, MISSING.to_owned()))
}

fn aes_key(value: Option<Secret>, key: &'static str) -> Result<Secret, Wrong> {
    let value = secret(value, key)?;
    let length = value.expose().chars().count();
    if length != AES_KEY {
        let reason = format!(
            "has {length} characters; an EncodingAESKey has {AES_KEY}: copy it again from the platform"
        );
        return Err((key, reason));
    }
    Ok(value)
}

/// An address without the slash at its end.
fn base(value: Option<String>, key: &'static str, default: &str) -> Result<String, Wrong> {
    let value = value.unwrap_or_else(|| default.to_owned());
    if !value.starts_with("https://") && !value.starts_with("http://") {
        return Err((key, "begins with neither https:// nor http://".to_owned()));
    }
    Ok(value.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret::from(text.to_owned()))
    }

    fn wrong(layers: Layers) -> &'static str {
        channels(layers).unwrap_err().0
    }

    #[test]
    fn nothing_is_set_up_where_nothing_is_set() {
        let channels = channels(Layers::default()).unwrap();
        assert_eq!((channels.wechat, channels.wecom_bot, channels.wecom_app), (None, None, None));
        assert_eq!((channels.wecom_kf, channels.dingtalk, channels.robots), (None, None, Robots::default()));
    }

    #[test]
    fn what_a_section_lacks_is_named() {
        let wechat = |layer| Layers { wechat: layer, ..Layers::default() };
        let half = WechatLayer { app_id: Some("wx1".to_owned()), ..WechatLayer::default() };
        assert_eq!(wrong(wechat(half.clone())), "wechat.app_secret");
        let passive = WechatLayer { passive_only: Some(true), ..half };
        assert_eq!(wrong(wechat(passive.clone())), "wechat.token");
        let short = WechatLayer { token: secret("t"), encoding_aes_key: secret("abc"), ..passive };
        assert_eq!(wrong(wechat(short)), "wechat.encoding_aes_key");
        let both =
            WecomBotLayer { token: secret("t"), bot_id: Some("b".to_owned()), ..WecomBotLayer::default() };
        assert_eq!(wrong(Layers { wecom_bot: both, ..Layers::default() }), "wecom_bot.bot_id");
        let robots = RobotsLayer { dingtalk_secret: secret("SEC"), ..RobotsLayer::default() };
        assert_eq!(wrong(Layers { robots, ..Layers::default() }), "robots.dingtalk_url");
        let widget = |identity_secret, identity_required| Layers {
            widget: WidgetLayer { identity_secret, identity_required, ..WidgetLayer::default() },
            ..Layers::default()
        };
        assert_eq!(wrong(widget(None, Some(true))), "widget.identity_secret");
        assert_eq!(wrong(widget(secret("short"), None)), "widget.identity_secret");
    }

    #[test]
    fn a_robot_of_dingtalk_is_called_as_its_app() {
        let dingtalk = DingtalkLayer {
            app_key: Some("ding1".to_owned()),
            app_secret: secret("s"),
            api_base: Some("http://127.0.0.1:1/".to_owned()),
            ..DingtalkLayer::default()
        };
        let robot = channels(Layers { dingtalk, ..Layers::default() }).unwrap().dingtalk.unwrap();
        assert_eq!((robot.robot_code.as_str(), robot.api_base.as_str()), ("ding1", "http://127.0.0.1:1"));
    }
}
