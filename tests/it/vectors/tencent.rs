//! Recorded and library-made messages of Tencent's platforms: what is right is read, what is forged is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use yunzhu::channel::tencent::envelope::{Envelope, Key};
use yunzhu::channel::tencent::query::Query;
use yunzhu::channel::tencent::xml;
use yunzhu::channel::wechat::{self, Mode};
use yunzhu::channel::wecom::bot_message::BotCall;
use yunzhu::channel::wecom::{app, bot, kf};
use yunzhu::channel::{Arrival, Refused, Said};
use yunzhu::privacy::secret::Secret;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/channels/vectors.json");

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_default()
}

fn secret(vector: &Value, field: &str) -> Secret {
    text(vector, field).to_owned().into()
}

fn refusal(vector: &Value) -> Option<Refused> {
    match vector["expect"]["reason"].as_str()? {
        "bad_signature" => Some(Refused::BadSignature),
        "decrypt_failed" => Some(Refused::Undecryptable),
        "receiveid_mismatch" => Some(Refused::WrongReceiver),
        other => panic!("{other}"),
    }
}

fn wechat(vector: &Value) -> wechat::Account {
    wechat::Account::new(&wechat::Options {
        app_id: text(vector, "receiveid").to_owned(),
        app_secret: "secret".to_owned().into(),
        token: secret(vector, "token"),
        encoding_aes_key: vector["encoding_aes_key"].as_str().map(|key| key.to_owned().into()),
        api_base: wechat::API_BASE.to_owned(),
        mode: Mode::Service,
    })
    .unwrap()
}

fn app(vector: &Value) -> app::App {
    app::App::new(&app::Options {
        corp_id: text(vector, "receiveid").to_owned(),
        agent_id: 1_000_002,
        secret: "secret".to_owned().into(),
        token: secret(vector, "token"),
        encoding_aes_key: secret(vector, "encoding_aes_key"),
        api_base: String::new(),
    })
    .unwrap()
}

fn kf(vector: &Value) -> kf::Kf {
    kf::Kf::new(&kf::Options {
        corp_id: text(vector, "receiveid").to_owned(),
        secret: "secret".to_owned().into(),
        token: secret(vector, "token"),
        encoding_aes_key: secret(vector, "encoding_aes_key"),
        api_base: String::new(),
    })
    .unwrap()
}

fn bot(vector: &Value) -> bot::Bot {
    let (token, encoding_aes_key) = (secret(vector, "token"), secret(vector, "encoding_aes_key"));
    bot::Bot::new(&bot::Options { token, encoding_aes_key, name: None }).unwrap()
}

fn envelope(vector: &Value) -> Envelope {
    let key = secret(vector, "encoding_aes_key");
    Envelope::new(secret(vector, "token"), &key, text(vector, "receiveid").to_owned()).unwrap()
}

/// The message inside, by the envelope alone, is what the libraries saw.
fn check_plaintext(vector: &Value) {
    let Some(wanted) = vector["expect"]["plaintext"].as_str() else { return };
    let query = Query::parse(text(vector, "query"));
    let get = |name| query.get(name).unwrap();
    let encrypt = match serde_json::from_str::<Value>(text(vector, "body")) {
        Ok(body) => text(&body, "encrypt").to_owned(),
        Err(_) => xml::read(text(vector, "body").as_bytes()).unwrap().get("Encrypt").unwrap().to_owned(),
    };
    let open = envelope(vector).open(get("msg_signature"), get("timestamp"), get("nonce"), &encrypt);
    assert_eq!(open.as_deref(), Ok(wanted), "{}", vector["id"]);
    if wanted.starts_with('<') {
        check_fields(vector, wanted);
    }
}

fn check_fields(vector: &Value, document: &str) {
    let root = xml::read(document.as_bytes()).unwrap();
    for (name, wanted) in vector["expect"]["parsed"].as_object().unwrap() {
        if !wanted.is_object() {
            assert_eq!(root.get(name), wanted.as_str(), "{} {name}", vector["id"]);
        }
    }
}

fn check_arrival(vector: &Value, arrival: &Arrival) {
    let parsed = &vector["expect"]["parsed"];
    if parsed.is_null() {
        return;
    }
    let id = &vector["id"];
    assert_eq!(arrival.target.user, text(parsed, "FromUserName"), "{id}");
    assert_eq!(arrival.at.to_string(), format!("{}000", text(parsed, "CreateTime")), "{id}");
    let said = &arrival.said;
    let right = match (text(parsed, "MsgType"), text(parsed, "Event")) {
        ("text", _) if parsed["bizmsgmenuid"].is_string() => {
            matches!(said, Said::Choice { id, .. } if id == text(parsed, "bizmsgmenuid"))
        }
        ("text", _) => matches!(said, Said::Text { text: words } if words == text(parsed, "Content")),
        ("image" | "voice" | "video", _) => matches!(said, Said::Files { files, .. } if files.len() == 1),
        ("event", "subscribe" | "SCAN" | "enter_agent") => matches!(said, Said::Entered { .. }),
        ("event", "unsubscribe") => *said == Said::Left,
        ("event", "CLICK" | "click" | "template_card_event") => {
            matches!(said, Said::Choice { id, .. } if id == text(parsed, "EventKey"))
        }
        ("event", event) => matches!(said, Said::Passing { kind } if kind == event),
        _ => matches!(said, Said::Unsupported { .. }),
    };
    assert!(right, "{id}: {said:?}");
}

fn check_message(vector: &Value) {
    let (query, body, id) = (text(vector, "query"), text(vector, "body").as_bytes(), &vector["id"]);
    let refusal = refusal(vector);
    match text(vector, "channel") {
        "wecom_aibot" => check_bot(vector, bot(vector).receive(query, body, 0).unwrap()),
        "wecom_kf" => {
            let bell = kf(vector).receive(query, body).unwrap().unwrap();
            assert_eq!(bell.open_kfid, text(&vector["expect"]["parsed"], "OpenKfId"));
            assert_eq!(bell.token.expose(), text(&vector["expect"]["parsed"], "Token"));
        }
        channel => {
            let received = match channel {
                "wechat_oa" => wechat(vector).receive(query, body).map(|received| received.arrival),
                _ => app(vector).receive(query, body),
            };
            assert_eq!(received.as_ref().err(), refusal.as_ref(), "{id}");
            if let Ok(arrival) = received {
                check_arrival(vector, &arrival);
            }
        }
    }
    if refusal.is_none() && vector["encoding_aes_key"].is_string() {
        check_plaintext(vector);
    } else if refusal.is_none() {
        check_fields(vector, text(vector, "body"));
    }
}

fn check_bot(vector: &Value, call: BotCall) {
    let parsed = &vector["expect"]["parsed"];
    let key = format!("m:{}", text(parsed, "msgid"));
    let arrival = match call {
        BotCall::Refresh { stream_id, key: of } => {
            assert_eq!((stream_id.as_str(), of), (text(&parsed["stream"], "id"), key));
            return;
        }
        BotCall::Arrival(arrival) => arrival,
        BotCall::Replaced => panic!("{}", vector["id"]),
    };
    assert_eq!((&arrival.key, arrival.target.user.as_str()), (&key, text(&parsed["from"], "userid")));
    let right = match text(&parsed["event"], "eventtype") {
        "enter_chat" => matches!(arrival.said, Said::Entered { .. }),
        "template_card_event" => matches!(&arrival.said, Said::Choice { id, .. } if id == "opt_2"),
        "feedback_event" => matches!(arrival.said, Said::Verdict { helpful: Some(false), .. }),
        _ => matches!(&arrival.said, Said::Text { text } if text.starts_with("年假怎么请")),
    };
    assert!(right, "{}", vector["id"]);
}

fn check_handshake(vector: &Value) {
    let query = text(vector, "query");
    let answer = match text(vector, "channel") {
        "wechat_oa" => wechat(vector).handshake(query),
        "wecom_aibot" => bot(vector).handshake(query),
        _ => app(vector).handshake(query),
    };
    match refusal(vector) {
        None => assert_eq!(answer.as_deref(), Ok(text(&vector["expect"], "body"))),
        Some(refused) => assert_eq!(answer, Err(refused)),
    }
}

fn check_reply(vector: &Value) {
    let random = text(vector, "random16").as_bytes().try_into().unwrap();
    let (timestamp, nonce, plain) =
        (text(vector, "timestamp"), text(vector, "nonce"), text(vector, "plaintext"));
    let sealed = envelope(vector).seal(plain, timestamp, nonce, random);
    let expect = &vector["expect"];
    let signature = expect["msg_signature"].as_str().or(expect["msgsignature"].as_str());
    assert_eq!(
        (sealed.encrypt.as_str(), Some(sealed.signature.as_str())),
        (text(expect, "encrypt"), signature)
    );
    if let Some(keys) = expect["envelope_keys"].as_array() {
        let body = bot(vector).seal(
            &serde_json::from_str(plain).unwrap(),
            timestamp.parse().unwrap(),
            nonce,
            random,
        );
        let body: Value = serde_json::from_str(&body).unwrap();
        let names: Vec<Value> = body.as_object().unwrap().keys().map(|key| key.as_str().into()).collect();
        assert!(names == *keys && body["timestamp"].is_number(), "{body}");
    }
}

fn check_media(vector: &Value) {
    let key = Key::parse(text(vector, "encoding_aes_key")).unwrap();
    let plain = bot::decrypt_file(&key, STANDARD.decode(text(vector, "ciphertext_b64")).unwrap()).unwrap();
    let hex: String = plain.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, text(&vector["expect"], "plaintext_hex"));
}

#[test]
fn every_vector_of_tencent_is_as_expected() {
    let Ok(file) = std::fs::read_to_string(FILE) else {
        println!("{FILE} is absent: nothing is checked");
        return;
    };
    let all: Value = serde_json::from_str(&file).unwrap();
    let mut count = 0;
    for vector in all["vectors"].as_array().unwrap() {
        let channel = text(vector, "channel");
        if !channel.starts_with("wechat") && !channel.starts_with("wecom") {
            continue;
        }
        count += 1;
        match text(vector, "kind") {
            "url_verify" => check_handshake(vector),
            "message" => check_message(vector),
            "reply_encrypt" => check_reply(vector),
            "media_decrypt" => check_media(vector),
            other => panic!("{other}"),
        }
    }
    println!("{count} vectors");
    assert!(count >= 57, "{count}");
}
