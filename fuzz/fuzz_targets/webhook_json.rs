//! JSON of WeCom's bots and customer service and of DingTalk: callbacks, frames of both long connections, pages.
//!
//! Holds: nothing panics; keys stay within what is stored; what is kept reads back as it was; a bot says the same of a message
//! whether it came in an envelope or not; what frames are answered with is JSON.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use yunzhu_fuzz::channel::Arrival;
use yunzhu_fuzz::channel::dingtalk::{self, receive, stream};
use yunzhu_fuzz::channel::tencent::envelope::Envelope;
use yunzhu_fuzz::channel::wecom::bot_message::{self, BotCall};
use yunzhu_fuzz::channel::wecom::{bot, kf_page, link};
use yunzhu_fuzz::privacy::secret::Secret;

const TOKEN: &str = "token";
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const NAME: &str = "云助";
const AT: &str = "1760000000";
const NONCE: &str = "nonce";
const NOW_MS: i64 = 1_760_000_000_000;

struct Accounts {
    envelope: Envelope,
    bot: bot::Bot,
    dingtalk: dingtalk::Options,
}

static ACCOUNTS: LazyLock<Accounts> = LazyLock::new(|| {
    let secret = |text: &str| Secret::from(text.to_owned());
    let options =
        bot::Options { token: secret(TOKEN), encoding_aes_key: secret(KEY), name: Some(NAME.to_owned()) };
    Accounts {
        envelope: Envelope::new(secret(TOKEN), &secret(KEY), String::new()).expect("a key"),
        bot: bot::Bot::new(&options).expect("a key"),
        dingtalk: dingtalk::Options {
            app_key: "dingkey".to_owned(),
            app_secret: secret("x"),
            robot_code: "dingkey".to_owned(),
            api_base: dingtalk::API_BASE.to_owned(),
        },
    }
});

fuzz_target!(|data: &[u8]| {
    let accounts = &*ACCOUNTS;
    let Ok(text) = std::str::from_utf8(data) else { return };
    let said = receive::decode(&accounts.dingtalk, text, NOW_MS);
    said.iter().for_each(check);
    frame(accounts, &stream::read(text));
    for name in [None, Some(NAME)] {
        if let Ok(link::Frame::Arrival(arrival)) = link::read(text, name, NOW_MS) {
            check(&arrival);
        }
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    kf_page::Page::read(&value).arrivals.iter().for_each(check);
    if let Some(gate) = stream::opened(&value) {
        assert!(gate.address().contains("ticket="));
    }
    bot(accounts, text, &value);
});

fn bot(accounts: &Accounts, text: &str, value: &Value) {
    let _ = bot_message::read(value, None, NOW_MS);
    let bare = bot_message::read(value, Some(NAME), NOW_MS);
    if let Ok(BotCall::Arrival(arrival)) = &bare {
        check(arrival);
    }
    let sealed = accounts.envelope.seal(text, AT, NONCE, [7; 16]);
    let body = serde_json::json!({ "encrypt": sealed.encrypt }).to_string();
    let query = format!("msg_signature={}&timestamp={AT}&nonce={NONCE}", sealed.signature);
    assert_eq!(accounts.bot.receive(&query, body.as_bytes(), NOW_MS), bare);
}

fn frame(accounts: &Accounts, frame: &stream::Frame) {
    let answer = match frame {
        stream::Frame::Message { id, data } => {
            receive::decode(&accounts.dingtalk, data, NOW_MS).iter().for_each(check);
            stream::taken(id)
        }
        stream::Frame::Disconnect { id, data } | stream::Frame::System { id, data } => stream::echo(id, data),
        stream::Frame::Other { id } => stream::nobody(id),
        stream::Frame::Unreadable => return,
    };
    assert!(serde_json::from_str::<Value>(&answer).is_ok());
}

fn check(arrival: &Arrival) {
    assert!(!arrival.key.is_empty() && arrival.key.len() <= 200);
    assert!(!arrival.target.user.is_empty());
    let (_, written) = arrival.written();
    assert_eq!(serde_json::from_str::<Arrival>(&written).ok().as_ref(), Some(arrival));
}
