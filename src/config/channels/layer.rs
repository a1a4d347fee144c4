//! The sections about channels as the file spells them.

use serde::Deserialize;

use crate::config::options::Origin;
use crate::config::section::section;
use crate::privacy::secret::Secret;

section! {
    /// `[wechat]`: an official account.
    WechatLayer {
        /// AppID.
        app_id: String,
        /// AppSecret.
        app_secret: Secret,
        /// Token of the server configuration.
        token: Secret,
        /// EncodingAESKey of the server configuration.
        encoding_aes_key: Secret,
        /// Whether the account has no customer-service messages (personal and uncertified ones).
        passive_only: bool,
        /// Whether choices are sent as menu messages (certified accounts only).
        menu: bool,
        /// Where the platform's API is.
        api_base: String,
    }
}

section! {
    /// `[wecom_bot]`: an AI bot.
    WecomBotLayer {
        /// Token of the callback.
        token: Secret,
        /// EncodingAESKey of the callback.
        encoding_aes_key: Secret,
        /// Bot id of the long connection.
        bot_id: String,
        /// Secret of the long connection.
        secret: Secret,
        /// Where the long connection goes.
        connect_url: String,
    }
}

section! {
    /// `[wecom_app]`: a self-built app.
    WecomAppLayer {
        /// CorpID.
        corp_id: String,
        /// AgentId.
        agent_id: u64,
        /// Secret.
        secret: Secret,
        /// Token of the callback.
        token: Secret,
        /// EncodingAESKey of the callback.
        encoding_aes_key: Secret,
        /// Whether people read it in WeChat, which shows no Markdown.
        wechat_plugin: bool,
        /// Where the platform's API is.
        api_base: String,
    }
}

section! {
    /// `[wecom_kf]`: customer service in WeChat.
    WecomKfLayer {
        /// CorpID.
        corp_id: String,
        /// Secret.
        secret: Secret,
        /// Token of the callback.
        token: Secret,
        /// EncodingAESKey of the callback.
        encoding_aes_key: Secret,
        /// Whether a handoff goes to the people of WeCom and not to the desk.
        transfer: bool,
        /// Where the platform's API is.
        api_base: String,
    }
}

section! {
    /// `[dingtalk]`: a robot of an internal app.
    DingtalkLayer {
        /// AppKey, also called Client ID.
        app_key: String,
        /// AppSecret, also called Client Secret.
        app_secret: Secret,
        /// Code of the robot.
        robot_code: String,
        /// Whether messages come by a connection of ours (Stream) and not by calls of theirs.
        stream: bool,
        /// Where the platform's API is.
        api_base: String,
    }
}

section! {
    /// `[robots]`: robots of groups that hear alerts.
    RobotsLayer {
        /// Webhook of a DingTalk robot.
        dingtalk_url: Secret,
        /// What its messages are signed with.
        dingtalk_secret: Secret,
        /// Webhook of a WeCom robot.
        wecom_url: Secret,
    }
}

section! {
    /// `[channels]`: what holds for all of them.
    ChannelsLayer {
        /// Hosts besides the platforms' own that addresses from them may name.
        allowed_hosts: Vec<String>,
        /// Minutes after which what was not dealt with before a restart is not answered any more.
        fresh_minutes: u64,
    }
}

section! {
    /// `[widget]`: the window in pages of others.
    WidgetLayer {
        /// What the widget calls this site.
        site: String,
        /// What proofs of identity are signed with.
        identity_secret: Secret,
        /// Whether nobody may talk without a proof of identity.
        identity_required: bool,
        /// Pages that may show the window.
        frame_origins: Vec<Origin>,
    }
}

/// The layers of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    pub wechat: WechatLayer,
    pub wecom_bot: WecomBotLayer,
    pub wecom_app: WecomAppLayer,
    pub wecom_kf: WecomKfLayer,
    pub dingtalk: DingtalkLayer,
    pub robots: RobotsLayer,
    pub channels: ChannelsLayer,
    pub widget: WidgetLayer,
}
