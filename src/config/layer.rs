//! One place that settings come from: each may be set there or not.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::channels::{
    ChannelsLayer, DingtalkLayer, Layers, RobotsLayer, WechatLayer, WecomAppLayer, WecomBotLayer,
    WecomKfLayer, WidgetLayer,
};
use super::section::{AlertsLayer, ConversationLayer, LogLayer, PrivacyLayer, ServerLayer};
use super::{ConfigError, Language};
use crate::privacy::secret::Secret;

/// Every key outside of sections, as the file spells it; the environment spells it in capitals after `YUNZHU_`.
const TOP_KEYS: [&str; 4] = ["kb", "index", "data", "language"];
/// Every section with its keys; the environment spells `YUNZHU_SERVER_LISTEN`.
const SECTIONS: [(&str, &[&str]); 13] = [
    ("server", ServerLayer::KEYS),
    ("conversation", ConversationLayer::KEYS),
    ("alerts", AlertsLayer::KEYS),
    ("wechat", WechatLayer::KEYS),
    ("wecom_bot", WecomBotLayer::KEYS),
    ("wecom_app", WecomAppLayer::KEYS),
    ("wecom_kf", WecomKfLayer::KEYS),
    ("dingtalk", DingtalkLayer::KEYS),
    ("robots", RobotsLayer::KEYS),
    ("channels", ChannelsLayer::KEYS),
    ("widget", WidgetLayer::KEYS),
    ("privacy", PrivacyLayer::KEYS),
    ("log", LogLayer::KEYS),
];

/// Every key with its section, which is empty outside of sections.
pub fn keys() -> impl Iterator<Item = (&'static str, &'static str)> {
    let inner = SECTIONS.iter().flat_map(|(section, keys)| keys.iter().map(move |key| (*section, *key)));
    TOP_KEYS.iter().map(|key| ("", *key)).chain(inner)
}

const PREFIX: &str = "YUNZHU_";

/// What one place says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Folder of the knowledge base.
    pub kb: Option<PathBuf>,
    /// Folder of the index.
    pub index: Option<PathBuf>,
    /// Folder of the database.
    pub data: Option<PathBuf>,
    /// Language of what is said to people.
    pub language: Option<Language>,
    /// How the service is reached.
    #[serde(default)]
    pub server: ServerLayer,
    /// When a conversation is over.
    #[serde(default)]
    pub conversation: ConversationLayer,
    /// Who hears of an outage.
    #[serde(default)]
    pub alerts: AlertsLayer,
    /// An official account of WeChat.
    #[serde(default)]
    pub wechat: WechatLayer,
    /// An AI bot of WeCom.
    #[serde(default)]
    pub wecom_bot: WecomBotLayer,
    /// A self-built app of WeCom.
    #[serde(default)]
    pub wecom_app: WecomAppLayer,
    /// Customer service in WeChat.
    #[serde(default)]
    pub wecom_kf: WecomKfLayer,
    /// A robot of DingTalk.
    #[serde(default)]
    pub dingtalk: DingtalkLayer,
    /// Robots that hear alerts.
    #[serde(default)]
    pub robots: RobotsLayer,
    /// What holds for all channels.
    #[serde(default)]
    pub channels: ChannelsLayer,
    /// The window in pages of others.
    #[serde(default)]
    pub widget: WidgetLayer,
    /// What is kept.
    #[serde(default)]
    pub privacy: PrivacyLayer,
    /// What is logged.
    #[serde(default)]
    pub log: LogLayer,
}

impl Layer {
    /// This, and what it leaves open from the other.
    pub fn over(self, other: Self) -> Self {
        Self {
            kb: self.kb.or(other.kb),
            index: self.index.or(other.index),
            data: self.data.or(other.data),
            language: self.language.or(other.language),
            server: self.server.over(other.server),
            conversation: self.conversation.over(other.conversation),
            alerts: self.alerts.over(other.alerts),
            wechat: self.wechat.over(other.wechat),
            wecom_bot: self.wecom_bot.over(other.wecom_bot),
            wecom_app: self.wecom_app.over(other.wecom_app),
            wecom_kf: self.wecom_kf.over(other.wecom_kf),
            dingtalk: self.dingtalk.over(other.dingtalk),
            robots: self.robots.over(other.robots),
            channels: self.channels.over(other.channels),
            widget: self.widget.over(other.widget),
            privacy: self.privacy.over(other.privacy),
            log: self.log.over(other.log),
        }
    }

    /// The sections about channels.
    pub(super) fn channels(&mut self) -> Layers {
        Layers {
            wechat: std::mem::take(&mut self.wechat),
            wecom_bot: std::mem::take(&mut self.wecom_bot),
            wecom_app: std::mem::take(&mut self.wecom_app),
            wecom_kf: std::mem::take(&mut self.wecom_kf),
            dingtalk: std::mem::take(&mut self.dingtalk),
            robots: std::mem::take(&mut self.robots),
            channels: std::mem::take(&mut self.channels),
            widget: std::mem::take(&mut self.widget),
        }
    }

    fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let Self { kb, index, data, server, privacy, .. } = self;
        let all = [kb, index, data, &mut server.tls_cert, &mut server.tls_key, &mut privacy.vault_key_file];
        all.into_iter().flatten()
    }

    /// Sets a key of a section from the environment, `server_listen`; `None` where there is no such key.
    fn set(&mut self, key: &str, text: &str) -> Option<Result<(), String>> {
        // Some sections have an underscore in their name.
        let (section, key) = SECTIONS.iter().find_map(|(section, keys)| {
            let key = key.strip_prefix(section)?.strip_prefix('_')?;
            keys.contains(&key).then_some((*section, key))
        })?;
        match section {
            "server" => self.server.set(key, text),
            "conversation" => self.conversation.set(key, text),
            "alerts" => self.alerts.set(key, text),
            "wechat" => self.wechat.set(key, text),
            "wecom_bot" => self.wecom_bot.set(key, text),
            "wecom_app" => self.wecom_app.set(key, text),
            "wecom_kf" => self.wecom_kf.set(key, text),
            "dingtalk" => self.dingtalk.set(key, text),
            "robots" => self.robots.set(key, text),
            "channels" => self.channels.set(key, text),
            "widget" => self.widget.set(key, text),
            "privacy" => self.privacy.set(key, text),
            "log" => self.log.set(key, text),
            _ => None,
        }
    }
}

/// What a file says. Its relative paths start at its own folder, so that it means the same wherever it is used.
pub fn from_file(file: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| ConfigError::Unreadable { file: file.to_owned(), reason: error.to_string() })?;
    let mut layer: Layer = toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let reason = error.message().replace('\n', " ");
        ConfigError::File { file: file.to_owned(), line, reason }
    })?;
    let home = file.parent().unwrap_or(Path::new(""));
    layer.paths().for_each(|path| *path = home.join(&*path));
    Ok(layer)
}

/// What the environment says.
#[derive(Default)]
pub struct Environment {
    /// Settings from `YUNZHU_*`.
    pub layer: Layer,
    /// `YUNZHU_CONFIG`: which file to read.
    pub config: Option<PathBuf>,
    /// `YUNZHU_VAULT_KEY`: keys of the vault, which no file of settings holds.
    pub vault_key: Option<Secret>,
    /// The language of the locale.
    pub locale: Option<Language>,
}

/// Reads the environment; a variable that is set to nothing is not set.
pub fn from_environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Environment, ConfigError> {
    let mut environment = Environment::default();
    let mut locale: [Option<OsString>; 3] = Default::default();
    for (name, value) in variables.filter(|(_, value)| !value.is_empty()) {
        let Some(name) = name.to_str() else { continue };
        match name.strip_prefix(PREFIX) {
            Some(key) => set(&mut environment, key, value)?,
            None => {
                if let Some(at) = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().position(|&known| known == name) {
                    locale[at] = Some(value);
                }
            }
        }
    }
    let locale = locale.into_iter().flatten().next();
    environment.locale = locale.as_ref().and_then(|value| Language::of_locale(value.to_str()?));
    Ok(environment)
}

fn set(environment: &mut Environment, key: &str, value: OsString) -> Result<(), ConfigError> {
    let error = |reason| ConfigError::Environment { variable: format!("{PREFIX}{key}"), reason };
    let layer = &mut environment.layer;
    match key {
        "KB" => layer.kb = Some(value.into()),
        "INDEX" => layer.index = Some(value.into()),
        "DATA" => layer.data = Some(value.into()),
        "LANGUAGE" => layer.language = Some(value.to_string_lossy().parse().map_err(error)?),
        "CONFIG" => environment.config = Some(value.into()),
        "VAULT_KEY" => environment.vault_key = Some(value.to_string_lossy().into_owned().into()),
        // Kubernetes sets these in every container beside a service that is called yunzhu.
        _ if key.starts_with("SERVICE_") || key == "PORT" || key.starts_with("PORT_") => {}
        _ => match layer.set(&key.to_lowercase(), &value.to_string_lossy()) {
            Some(set) => set.map_err(error)?,
            None => return Err(error(format!("unknown setting, known are {}", variables()))),
        },
    }
    Ok(())
}

fn variables() -> String {
    let keys = keys().map(|(section, key)| match section {
        "" => key.to_uppercase(),
        section => format!("{section}_{key}").to_uppercase(),
    });
    let all = keys.chain(["VAULT_KEY".to_owned(), "CONFIG".to_owned()]);
    all.map(|key| format!("{PREFIX}{key}")).collect::<Vec<_>>().join(", ")
}
