//! What each platform can show, and how replies get there.

use std::sync::Arc;

use crate::channel::accounts::{Accounts, DINGTALK, WECHAT, WECOM_APP, WECOM_BOT, WECOM_KF, WecomBot};
use crate::channel::wechat::Mode;
use crate::engine::{Sink, Sinks, Ways};
use crate::message::ChannelKind;
use crate::message::part::{Caps, Markdown};

/// Text of WeChat and WeCom messages, in bytes: 2,048 is what was measured and documented; some are kept back.
const TENCENT_TEXT: usize = 2_000;
/// Content of a bot of WeCom, in bytes: 20,480 are documented.
const BOT_TEXT: usize = 20_000;
/// Text of a DingTalk message, in bytes: its JSON has at most 15,000 in groups.
const DINGTALK_TEXT: usize = 6_000;

/// The ways out of the accounts that are set up.
pub fn sinks(accounts: &Arc<Accounts>) -> Sinks {
    accounts.names().into_iter().filter_map(|name| Some((name.to_owned(), sink(accounts, name)?))).collect()
}

fn sink(accounts: &Accounts, name: &str) -> Option<Sink> {
    let plain = |anchors, max_parts, menu| Caps {
        markdown: Markdown::None { anchors },
        max_bytes: TENCENT_TEXT,
        max_parts,
        menu,
    };
    let sink = match name {
        WECHAT => {
            let (account, _) = accounts.wechat.as_ref()?;
            let menu = if accounts.wechat_menu { 10 } else { 0 };
            let (caps, ways) = match account.mode() {
                // One leaves at once, and five more may follow: two are kept back for what comes later.
                Mode::Service => (plain(true, 4, menu), Ways::AnswerThenPush),
                Mode::PassiveOnly => (plain(true, 1, 0), Ways::AnswerOnly),
            };
            Sink { channel: ChannelKind::Wechat, caps, ways }
        }
        WECOM_BOT => {
            let ways = match accounts.wecom_bot.as_ref()? {
                WecomBot::Callback(..) => Ways::WholeAnswerOrPush,
                WecomBot::Link(..) => Ways::Push,
            };
            let caps = Caps { markdown: Markdown::Full, max_bytes: BOT_TEXT, max_parts: 1, menu: 0 };
            Sink { channel: ChannelKind::Wecom, caps, ways }
        }
        WECOM_APP => {
            let caps = match accounts.wecom_app_in_wechat {
                true => plain(true, 4, 0),
                // Neither tables nor code blocks.
                false => {
                    Caps { markdown: Markdown::Dingtalk, max_bytes: TENCENT_TEXT, max_parts: 4, menu: 6 }
                }
            };
            Sink { channel: ChannelKind::Wecom, caps, ways: Ways::Push }
        }
        WECOM_KF => Sink { channel: ChannelKind::Wechat, caps: plain(false, 3, 10), ways: Ways::Push },
        DINGTALK => {
            let caps = Caps { markdown: Markdown::Dingtalk, max_bytes: DINGTALK_TEXT, max_parts: 3, menu: 0 };
            Sink { channel: ChannelKind::Dingtalk, caps, ways: Ways::Push }
        }
        _ => return None,
    };
    Some(sink)
}
