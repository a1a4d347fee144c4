use serde_json::json;

use crate::program::{folder, run, run_with};

#[test]
fn an_account_is_made_listed_and_shut() {
    let home = folder(&[]);
    let add = ["user", "add", "li", "--role", "agent", "--skills", "ecs,rds", "--capacity", "5", "--json"];
    let added = run_with(home.path(), &add, b"correct horse battery\n").done();
    assert_eq!(added.json(), [json!({"done": "added", "name": "li"})]);
    run_with(home.path(), &add, b"correct horse battery\n").failed(&["li", "already"]);
    run(home.path(), &["user", "disable", "li"]).done();
    let listed = run(home.path(), &["user", "list", "--json"]).done();
    let account = &listed.json()[0];
    assert_eq!(account["skills"], json!(["ecs", "rds"]));
    assert_eq!((&account["capacity"], &account["disabled"]), (&json!(5), &json!(true)));
    assert!(!listed.out.contains("argon2") && !listed.out.contains("password"), "{}", listed.out);
    run(home.path(), &["user", "enable", "li"]).done();
    let list = run(home.path(), &["user", "list"]).done().out;
    assert!(list.contains("li") && list.contains("ecs,rds") && !list.contains("已停用"), "{list}");
}

#[test]
fn passwords_that_cannot_be_used_are_told_without_being_shown() {
    let home = folder(&[]);
    let add = ["user", "add", "wang", "--role", "operator", "--password-stdin"];
    for (password, why) in [("hush", "at least 10"), ("", "at least 10"), ("wang-2026-hush", "name")] {
        let ran = run_with(home.path(), &add, password.as_bytes());
        ran.failed(&[why]);
        assert!(!ran.err.contains("hush"), "{ran:?}");
    }
    run(home.path(), &["user", "password", "wang"]).failed(&["no account wang"]);
    assert!(run(home.path(), &["user", "list"]).done().out.contains("user add"));
    assert_eq!(run(home.path(), &["user", "add", "x", "--role", "king"]).status, 2);
}
