use std::fs;
use std::path::Path;

use serde_json::json;
use yunzhu::store::service::{AuditEntry, Save, ServiceStore};
use yunzhu::store::sqlite::SqliteStore;

use crate::program::{folder, run};

const CASES: &str = "{\"id\": \"a\", \"title\": \"磁盘满了怎么办\", \"body\": \"删掉旧日志。\"}\n";
const OTHERS: &str = "{\"id\": \"b\", \"title\": \"密码忘了怎么办\", \"body\": \"在控制台重置密码。\"}\n";

#[test]
fn a_backup_is_made_and_brought_back() {
    let home = folder(&[("cases.jsonl", CASES.as_bytes())]);
    run(home.path(), &["import", "cases.jsonl"]).done();
    let said = run(home.path(), &["backup", "b.zst"]).done();
    assert!(said.out.contains("已备份到 b.zst"), "{said:?}");
    let again = run(home.path(), &["backup", "b.zst", "--json"]).done().json();
    assert_eq!(again[0]["bytes"], fs::metadata(home.path().join("b.zst")).unwrap().len());

    fs::write(home.path().join("cases.jsonl"), OTHERS).unwrap();
    run(home.path(), &["import", "cases.jsonl"]).done();
    run(home.path(), &["restore", "b.zst"]).failed(&["data", "--replace"]);
    let restored = run(home.path(), &["restore", "b.zst", "--replace", "--json"]).done().json();
    let aside = restored[0]["kept_aside"].as_str().unwrap();
    assert!(home.path().join(aside).join("yunzhu.db").is_file(), "{aside}");
    let hits = run(home.path(), &["search", "磁盘满了怎么办", "--json"]).done().json();
    assert_eq!(hits[0]["hits"][0]["id"], "a", "{hits:?}");
    assert_eq!(hits[0]["hits"].as_array().unwrap().len(), 1);

    let elsewhere = ["restore", "b.zst", "--data", "other", "--language", "en"];
    let said = run(home.path(), &elsewhere).done().out;
    assert!(said.contains("b.zst is restored") && !said.contains("before"), "{said}");
}

#[test]
fn what_is_no_backup_is_refused_in_one_line() {
    let home = folder(&[("letter.txt", "尊敬的客户".as_bytes())]);
    run(home.path(), &["backup", "b.zst"]).failed(&["data", "no database"]);
    run(home.path(), &["restore", "letter.txt"]).failed(&["letter.txt", "not a backup"]);
    run(home.path(), &["restore", "none.zst"]).failed(&["none.zst"]);
    assert!(!home.path().join("data/yunzhu.db").exists());
}

fn log(home: &Path, entries: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&home.join("data")).await.unwrap();
        let entry = |at| AuditEntry {
            at,
            actor: "小王".to_owned(),
            action: "original.shown".to_owned(),
            subject: format!("c{at}"),
            details: "{}".to_owned(),
        };
        let audit = (1..=entries).map(entry).collect();
        store.save(vec![Save { audit, ..Save::default() }]).await.unwrap();
        store.close().await;
    });
}

#[test]
fn the_audit_log_is_verified() {
    let home = folder(&[]);
    run(home.path(), &["audit", "verify"]).failed(&["data", "no database"]);
    log(home.path(), 3);
    let whole = run(home.path(), &["audit", "verify", "--json"]).done().json();
    assert_eq!((&whole[0]["whole"], &whole[0]["entries"]), (&json!(true), &json!(3)));
    let noted = format!("3:{}", whole[0]["hash"].as_str().unwrap());
    let said = run(home.path(), &["audit", "verify"]).done().out;
    assert!(said.contains("3 条") && said.contains(&noted), "{said}");
    log(home.path(), 2);
    run(home.path(), &["audit", "verify", "--noted", &noted]).done();
    let other = format!("3:{}", "0".repeat(64));
    let broken = run(home.path(), &["audit", "verify", "--noted", &other]);
    assert_eq!(broken.status, 1);
    assert!(broken.out.contains("第 3 条"), "{broken:?}");
    assert_eq!(run(home.path(), &["audit", "verify", "--noted", "3:xyz"]).status, 2);

    // Bytes of the file, as somebody would change them who knows no SQL.
    let file = home.path().join("data/yunzhu.db");
    let bytes = fs::read(&file).unwrap();
    let (from, to) = ("original.shownc3".as_bytes(), "original.shownc9".as_bytes());
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    let mut bent = bytes;
    bent[at..at + to.len()].copy_from_slice(to);
    fs::write(&file, bent).unwrap();
    let broken = run(home.path(), &["audit", "verify", "--json"]);
    assert_eq!(broken.status, 1);
    assert_eq!(broken.json()[0], json!({"whole": false, "entry": 3, "why": "changed"}));
}
