use crate::program::{run, run_with, shared};

#[test]
fn the_shipped_knowledge_base_answers() {
    let ran = run(shared(), &["ask", "--json", "SSH 连不上 Linux 服务器怎么办"]).done();
    let reply = &ran.json()[0];
    assert_eq!(reply["query"], "SSH 连不上 Linux 服务器怎么办");
    assert_eq!(reply["decision"], "answer", "{reply}");
    assert_eq!(reply["answer"]["id"], "servers/remote-linux#ssh-cannot-connect");
    assert_eq!(reply["answer"]["product"], "ecs");
    assert!(reply["answer"]["text"].as_str().unwrap().contains("安全组"), "{reply}");
    assert!(reply["confidence"].as_f64().unwrap() <= 1.0 && reply["took_us"].is_u64());
    assert_eq!(reply["choices"].as_array().unwrap().len(), 0);

    let page = run(shared(), &["ask", "SSH", "连不上", "Linux", "服务器怎么办"]).done().out;
    assert!(page.starts_with("SSH 连不上 Linux 服务器怎么办\n"), "{page}");
    assert!(page.contains("云服务器") && page.contains("置信度") && page.contains("来源"), "{page}");
}

#[test]
fn what_is_not_known_is_said_openly() {
    let ran = run(shared(), &["ask", "--json", "红烧肉怎么做才好吃"]).done();
    let reply = &ran.json()[0];
    assert_ne!(reply["decision"], "answer", "{reply}");
    assert!(reply["answer"].is_null());
}

#[test]
fn nothing_asked_is_asked_back() {
    for empty in ["", " \u{3000}\t", "\n"] {
        let ran = run(shared(), &["ask", "--json", empty]).done();
        assert_eq!(ran.json()[0]["decision"], "clarify");
        assert!(run(shared(), &["ask", empty]).done().out.contains("还没有写问题"));
    }
}

#[test]
fn any_text_can_be_asked() {
    for text in ["🎉🎉🎉", "a:b AND (", "\" OR 1=1 --", "-- -h", "?*[^", "\u{202e}x\u{1}", "٣"] {
        let ran = run(shared(), &["ask", "--no-sync", "--", text]).done();
        assert!(!ran.out.is_empty(), "{text}");
    }
    let long = "云服务器连不上,".repeat(100_000 / 8);
    let ran = run_with(shared(), &["ask", "--no-sync", "--json", "-"], long.as_bytes()).done();
    assert_eq!(ran.json()[0]["query"].as_str().unwrap().chars().count(), 100_000);
    run_with(shared(), &["ask", "--no-sync", "-"], b"\xff\xfe\x00broken").done();
}
