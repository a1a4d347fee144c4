use serde_json::json;

use crate::program::{folder, run, run_with, shared};

#[test]
fn ranked_cases_for_people() {
    let ran = run(shared(), &["search", "SSH 连不上 Linux 服务器", "--limit", "3"]).done();
    assert!(ran.out.contains(" 1. ") && ran.out.contains(" 3. ") && !ran.out.contains(" 4. "), "{}", ran.out);
    assert!(ran.out.contains("servers/remote-linux#ssh-cannot-connect") && ran.out.contains("云服务器"));
    assert!(ran.out.contains("命中 ssh[标题、"), "{}", ran.out);
}

#[test]
fn a_line_for_each_question_in_order() {
    let questions = [
        r#"{"query": "SSH 连不上", "context": {"product": "ecs", "page": "x"}, "more": [1]}"#,
        r#"{"query": "网站打不开"}"#,
        r#"{"query": "a:b AND (", "context": null}"#,
        r#"{"query": ""}"#,
    ];
    let input = questions.join("\n") + "\n";
    let home = folder(&[("q.jsonl", input.as_bytes())]);
    let file = home.path().join("q.jsonl");
    let ran = run(shared(), &["search", "--json", "--limit", "2", "--batch", file.to_str().unwrap()]).done();
    let lines = ran.json();
    assert_eq!(ran.err, "");
    assert_eq!(lines.len(), 4);
    let first = lines[0].as_object().unwrap();
    assert_eq!(first.keys().collect::<Vec<_>>(), ["query", "decision", "confidence", "took_us", "hits"]);
    let hit = first["hits"][0].as_object().unwrap();
    assert_eq!(hit.keys().collect::<Vec<_>>(), ["id", "product", "title", "score", "confidence"]);
    assert_eq!(first["hits"].as_array().unwrap().len(), 2);
    assert_eq!(hit["confidence"], first["confidence"]);
    assert!(first["took_us"].as_u64().unwrap() > 0);
    assert_eq!(lines[1]["query"], "网站打不开");
    assert_eq!((&lines[3]["decision"], &lines[3]["hits"]), (&json!("clarify"), &json!([])));

    let piped = run_with(shared(), &["search", "--limit", "2", "--batch", "-"], input.as_bytes()).done();
    assert_eq!(piped.json()[0]["hits"], lines[0]["hits"]);
}

#[test]
fn a_bad_line_keeps_the_order_and_is_reported() {
    let input = "{\"query\": \"SSH\"}\n{broken\n\n{\"query\": 7}\n{\"query\": \"DNS\"}";
    let ran = run_with(shared(), &["search", "--json", "--no-sync", "--batch", "-"], input.as_bytes());
    let lines = ran.json();
    assert_eq!((ran.status, lines.len()), (1, 5), "{ran:?}");
    for bad in &lines[1..4] {
        assert!(bad["query"].is_null() && bad["error"].is_string(), "{bad}");
    }
    assert_eq!(lines[4]["query"], "DNS");
    for place in ["-:2: ", "-:3: ", "-:4: "] {
        assert!(ran.err.contains(place), "{}", ran.err);
    }
}

#[test]
fn the_product_on_whose_page_it_is_asked_counts() {
    let input = b"{\"query\": \"\xe6\x80\x8e\xe4\xb9\x88\xe9\x87\x8d\xe5\x90\xaf\"}\n";
    let ask = |product: &str| {
        let arguments = ["search", "--no-sync", "--product", product, "--batch", "-"];
        run_with(shared(), &arguments, input).done().json()[0]["hits"].clone()
    };
    assert_ne!(ask("ecs"), ask("rds"));
}
