use std::fs;

use serde_json::json;

use crate::program::{folder, run};

const LINES: &str = "{\"id\": \"a-1\", \"title\": \"打印机报错 PPR-9087\", \"body\": \"换硒鼓。\", \"product\": \"prn\"}\n\
    {\"id\": \"a-2\", \"title\": \"登陆后台白屏\", \"body\": \"清缓存后再登录。\"}\n";

#[test]
fn cases_of_every_kind_of_file_are_found() {
    let gbk: &[u8] = b"title,body\n\xb4\xc5\xc5\xcc\xc2\xfa\xc1\xcb\xd4\xf5\xc3\xb4\xb0\xec,\xc7\xe5\xc0\xed\xc8\xd5\xd6\xbe\n";
    let home = folder(&[
        ("cases.jsonl", LINES.as_bytes()),
        ("gbk.csv", gbk),
        ("docs/guide/vpn.md", "# VPN 指南\n\n## VPN 隧道断开怎么恢复\n\n重启 IPsec 连接。\n".as_bytes()),
    ]);
    let ran = run(home.path(), &["import", "--json", "cases.jsonl", "gbk.csv", "docs"]).done();
    let summary = &ran.json()[0];
    assert_eq!((&summary["added"], &summary["bad"], &summary["cases"]), (&json!(4), &json!(0), &json!(4)));
    for (question, title) in [
        ("PPR-9087", "打印机报错 PPR-9087"),
        ("磁盘满了", "磁盘满了怎么办"),
        ("VPN 隧道断开", "VPN 隧道断开怎么恢复"),
    ] {
        let found = run(home.path(), &["search", "--json", question]).done();
        assert_eq!(found.json()[0]["hits"][0]["title"], title);
    }
}

#[test]
fn importing_again_changes_what_changed() {
    let home = folder(&[("cases.jsonl", LINES.as_bytes())]);
    let import = || run(home.path(), &["import", "--json", "cases.jsonl"]).done().json().remove(0);
    assert_eq!(import()["added"], 2);
    assert_eq!(import()["unchanged"], 2);
    let one = "{\"id\": \"a-1\", \"title\": \"打印机报错 PPR-9087\", \"body\": \"换纸。\"}\n";
    fs::write(home.path().join("cases.jsonl"), one).unwrap();
    let again = import();
    assert_eq!((&again["changed"], &again["removed"], &again["cases"]), (&json!(1), &json!(1), &json!(1)));
    let page = run(home.path(), &["import", "cases.jsonl"]).done().out;
    assert!(page.contains("未变 1") && page.contains("1 个案例"), "{page}");
}

#[test]
fn bad_records_are_told_and_the_good_ones_go_in() {
    let bad = "{\"title\": \"无正文\"}\n{broken\n".repeat(15);
    let home = folder(&[("cases.jsonl", format!("{bad}{LINES}").as_bytes())]);
    let ran = run(home.path(), &["import", "cases.jsonl"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.out.contains("新增 2") && ran.out.contains("坏记录 30"), "{}", ran.out);
    assert!(ran.err.contains("cases.jsonl:1: `body` is missing"), "{}", ran.err);
    assert!(ran.err.contains("cases.jsonl:20: ") && !ran.err.contains("cases.jsonl:21: "), "{}", ran.err);
    assert!(ran.err.contains("另有 10 条"), "{}", ran.err);
    let all = run(home.path(), &["import", "--all-errors", "cases.jsonl"]);
    assert!(all.err.contains("cases.jsonl:30: "), "{}", all.err);
}

#[test]
fn the_same_content_is_told() {
    let twice = "{\"id\": \"b\", \"title\": \"登陆後台白屏\", \"body\": \"清緩存後再登錄\"}\n";
    let home = folder(&[("cases.jsonl", format!("{LINES}{twice}").as_bytes())]);
    let ran = run(home.path(), &["import", "cases.jsonl"]).done();
    assert!(ran.err.contains("cases.jsonl:3: b 与 a-2 内容相同"), "{}", ran.err);
    assert!(ran.out.contains("完全相同 1"), "{}", ran.out);
}
