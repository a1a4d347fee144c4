//! XML of WeChat and WeCom: as it comes, and as the message within an envelope.
//!
//! Holds: nothing panics; keys stay within what is stored; an account says the same of a message whether it came plain or sealed;
//! a reply reads back as what was said.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use yunzhu_fuzz::channel::Arrival;
use yunzhu_fuzz::channel::tencent::envelope::{Envelope, signature};
use yunzhu_fuzz::channel::tencent::query::Query;
use yunzhu_fuzz::channel::tencent::xml::{self, Value};
use yunzhu_fuzz::channel::wechat;
use yunzhu_fuzz::channel::wecom::{app, kf};
use yunzhu_fuzz::privacy::secret::Secret;

const TOKEN: &str = "token";
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const ID: &str = "id";
const AT: &str = "1760000000";
const NONCE: &str = "nonce";
const RANDOM: [u8; 16] = [7; 16];

struct Accounts {
    envelope: Envelope,
    plain: wechat::Account,
    sealed: wechat::Account,
    app: app::App,
    kf: kf::Kf,
}

static ACCOUNTS: LazyLock<Accounts> = LazyLock::new(|| {
    let secret = |text: &str| Secret::from(text.to_owned());
    let wechat = |encoding_aes_key: Option<Secret>| wechat::Options {
        app_id: ID.to_owned(),
        app_secret: secret("x"),
        token: secret(TOKEN),
        encoding_aes_key,
        api_base: wechat::API_BASE.to_owned(),
        mode: wechat::Mode::Service,
    };
    let app = app::Options {
        corp_id: ID.to_owned(),
        agent_id: 1,
        secret: secret("x"),
        token: secret(TOKEN),
        encoding_aes_key: secret(KEY),
        api_base: String::new(),
    };
    let kf = kf::Options {
        corp_id: ID.to_owned(),
        secret: secret("x"),
        token: secret(TOKEN),
        encoding_aes_key: secret(KEY),
        api_base: String::new(),
    };
    Accounts {
        envelope: Envelope::new(secret(TOKEN), &secret(KEY), ID.to_owned()).expect("a key"),
        plain: wechat::Account::new(&wechat(None)).expect("no key is needed"),
        sealed: wechat::Account::new(&wechat(Some(secret(KEY)))).expect("a key"),
        app: app::App::new(&app).expect("a key"),
        kf: kf::Kf::new(&kf).expect("a key"),
    }
});

fuzz_target!(|data: &[u8]| {
    let accounts = &*ACCOUNTS;
    let text = String::from_utf8_lossy(data);
    let _ = accounts.sealed.receive(&text, data);
    let _ = Query::parse(&text).base64("echostr");
    if xml::read(data).is_err() {
        return;
    }
    let query = format!("signature={}&timestamp={AT}&nonce={NONCE}", signature(&[TOKEN, AT, NONCE]));
    let plain = accounts.plain.receive(&query, data);

    let sealed = accounts.envelope.seal(&text, AT, NONCE, RANDOM);
    let body = xml::write(&[("Encrypt", Value::Text(&sealed.encrypt))]);
    let query = format!("msg_signature={}&timestamp={AT}&nonce={NONCE}", sealed.signature);
    let opened = accounts.sealed.receive(&query, body.as_bytes());
    let app = accounts.app.receive(&query, body.as_bytes());
    let _ = accounts.kf.receive(&query, body.as_bytes());

    assert_eq!(
        plain.as_ref().map(|received| &received.arrival),
        opened.as_ref().map(|received| &received.arrival)
    );
    for arrival in [opened.as_ref().ok().map(|received| &received.arrival), app.as_ref().ok()] {
        arrival.into_iter().for_each(check);
    }
    if let Ok(received) = plain {
        let said = received.to.as_str();
        let reply = accounts.plain.reply(&received, said, 1, NONCE, RANDOM);
        let read = xml::read(reply.as_bytes()).expect("what we write is XML");
        assert_eq!(visible(read.get("Content").unwrap_or_default()), visible(said));
    }
});

/// What XML cannot hold comes in within CDATA, and does not leave.
fn visible(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    kept.collect::<String>().trim().to_owned()
}

fn check(arrival: &Arrival) {
    assert!(!arrival.key.is_empty() && arrival.key.len() <= 200);
    assert!(!arrival.target.user.is_empty());
    let (_, written) = arrival.written();
    assert_eq!(serde_json::from_str::<Arrival>(&written).ok().as_ref(), Some(arrival));
}
