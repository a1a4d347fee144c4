use serde_json::json;

use crate::program::{folder, run, run_with};

#[test]
fn one_message_for_people_and_for_programs() {
    let home = folder(&[]);
    let ran = run(home.path(), &["classify", "线上全挂了,", "所有用户都打不开"]).done();
    assert!(
        ran.out.contains("urgent_outage") && ran.out.contains("P0") && ran.out.contains("意图"),
        "{}",
        ran.out
    );
    let ran = run(home.path(), &["classify", "--json", "机器在华北2,系统是 CentOS 7.9"]).done();
    let line = &ran.json()[0];
    let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
    assert_eq!(keys[..4], ["text", "intent", "sentiment", "severity"]);
    assert_eq!((&line["intent"], &line["severity"]), (&json!("provide_info"), &json!("none")));
    assert_eq!(line["slots"], json!({"system": "CentOS 7.9", "region": "cn-beijing"}));
}

#[test]
fn a_line_for_each_message_in_order() {
    let home = folder(&[]);
    let input = "{\"text\": \"我要投诉\", \"more\": 1}\n{broken\n\n{\"text\": 7}\n{\"text\": \"\"}\n{\"text\": \"转人工\"}";
    let ran = run_with(home.path(), &["classify", "--json", "--batch", "-"], input.as_bytes());
    let lines = ran.json();
    assert_eq!((ran.status, lines.len()), (1, 6), "{ran:?}");
    assert_eq!((&lines[0]["intent"], &lines[0]["text"]), (&json!("complaint"), &json!("我要投诉")));
    for bad in &lines[1..4] {
        assert!(bad["text"].is_null() && bad["error"].is_string(), "{bad}");
    }
    assert_eq!(lines[4]["intent"], "chitchat");
    assert_eq!(lines[5]["intent"], "ask_human");
    for place in ["-:2: ", "-:3: ", "-:4: "] {
        assert!(ran.err.contains(place), "{}", ran.err);
    }
}

#[test]
fn labelled_messages_are_measured_and_learned_from() {
    let line = |text: &str, intent: &str| {
        format!(
            "{{\"text\": \"{text}\", \"intent\": \"{intent}\", \"sentiment\": \"neutral\", \"severity\": \"none\"}}\n"
        )
    };
    let good = line("转人工客服", "ask_human")
        + &line("转人工服务", "ask_human")
        + &line("你好呀", "greeting")
        + &line("您好呀", "greeting");
    let home = folder(&[("good.jsonl", good.as_bytes()), ("bad.jsonl", b"{\"text\": \"x\"}\n")]);
    let ran = run(home.path(), &["classify", "--labelled", "good.jsonl", "--json"]).done();
    assert_eq!((&ran.json()[0]["messages"], &ran.json()[0]["intent"]), (&json!(4), &json!(1.0)));
    run(home.path(), &["classify", "--labelled", "good.jsonl", "--learn", "model.json"]).done();
    let model: serde_json::Value =
        serde_json::from_slice(&std::fs::read(home.path().join("model.json")).unwrap()).unwrap();
    assert!(!model["weights"].as_object().unwrap().is_empty());
    let ran = run(home.path(), &["classify", "--labelled", "bad.jsonl"]);
    assert!(ran.status == 1 && ran.err.contains("bad.jsonl:1: "), "{ran:?}");
}
