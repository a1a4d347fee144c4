use serde_json::json;

use crate::program::{folder, run, shared};

#[test]
fn the_shipped_knowledge_base_has_no_findings() {
    let ran = run(shared(), &["kb", "check", "--json"]).done();
    let summary = ran.json().pop().unwrap();
    assert_eq!((&summary["errors"], &summary["warnings"]), (&json!(0), &json!(0)), "{}", ran.out);
    assert!(summary["cases"].as_u64().unwrap() >= 60);
}

#[test]
fn findings_have_file_and_line() {
    let topic = "# 主题\n\n## 怎么重启\n\n看[这里](no-such.md)。\n";
    let home = folder(&[
        ("kb/a/topic.md", topic.as_bytes()),
        ("kb/words/terms.txt", b"ok\nterm\tmany\n"),
        ("kb/words/outage.txt", "全站 +\n".as_bytes()),
    ]);
    let ran = run(home.path(), &["kb", "check"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.out.contains("kb/a/topic.md:5: 错误: "), "{}", ran.out);
    assert!(ran.out.contains("kb/words/terms.txt:2: 错误: "), "{}", ran.out);
    assert!(ran.out.contains("kb/words/outage.txt:1: 错误: "), "{}", ran.out);
    assert!(ran.out.contains("警告: "), "{}", ran.out);
    let json = run(home.path(), &["kb", "check", "--json"]).json();
    assert!(
        json.iter().any(|f| f["file"] == "kb/words/terms.txt" && f["line"] == 2 && f["severity"] == "error")
    );
    run(home.path(), &["kb", "check", "--kb", "elsewhere"]).failed(&["elsewhere"]);
}
