use std::process::Stdio;

use crate::program::{command, folder, run, shared};

const COMMANDS: &[&[&str]] = &[
    &["serve"],
    &["ask"],
    &["chat"],
    &["search"],
    &["import"],
    &["index"],
    &["kb"],
    &["kb", "check"],
    &["eval"],
    &["classify"],
    &["backup"],
    &["restore"],
    &["audit"],
    &["audit", "verify"],
    &["completions"],
    &["user"],
    &["user", "add"],
    &["user", "list"],
    &["user", "disable"],
    &["user", "enable"],
    &["user", "password"],
];

#[test]
fn every_command_has_a_help_page_with_examples() {
    let home = folder(&[]);
    let all = run(home.path(), &["--help"]).done().out;
    for path in COMMANDS {
        let page = run(home.path(), &[*path, &["--help"][..]].concat()).done().out;
        assert!(page.contains("用法: yunzhu") && page.contains("--json"), "{page}");
        let has_none = [["kb"], ["audit"], ["user"]].iter().any(|group| *path == group.as_slice());
        assert!(page.contains("示例") || has_none, "{path:?}: {page}");
        assert!(all.contains(path[0]));
    }
    assert!(!all.contains("Options:") && !all.contains("Print help"), "{all}");
    assert!(run(home.path(), &["--version"]).done().out.starts_with("yunzhu 0."));
}

#[test]
fn wrong_usage_is_status_2() {
    let home = folder(&[]);
    let wrong: [&[&str]; 9] = [
        &[],
        &["frobnicate"],
        &["ask"],
        &["search"],
        &["search", "q", "--limit", "0"],
        &["search", "q", "--batch", "f"],
        &["import"],
        &["index", "--language", "fr"],
        &["completions", "teletype"],
    ];
    for arguments in wrong {
        let ran = run(home.path(), arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {ran:?}");
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{arguments:?}");
    }
}

#[test]
fn completions_for_every_shell() {
    let home = folder(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(home.path(), &["completions", shell]).done().out;
        assert!(script.contains("yunzhu") && script.contains("batch"), "{shell}");
    }
}

#[test]
fn settings_that_make_no_sense_are_told_with_their_place() {
    let home = folder(&[("yunzhu.toml", b"# mine\nkbb = 'x'\n"), ("other.toml", b"language = 7\n")]);
    run(home.path(), &["index"]).failed(&["yunzhu.toml:2:", "`kbb`", "`index`"]);
    run(home.path(), &["index", "--config", "other.toml"]).failed(&["other.toml:1:"]);
    run(home.path(), &["index", "--config", "none.toml"]).failed(&["none.toml"]);
    let ran = command(home.path()).env("YUNZHU_INDX", "x").args(["index", "--config", "/dev/null"]).output();
    crate::program::ran(ran.unwrap()).failed(&["YUNZHU_INDX", "YUNZHU_INDEX"]);
}

#[test]
fn no_colours_but_on_a_terminal() {
    for arguments in [&["search", "SSH 连不上"][..], &["ask", "SSH 连不上"], &["kb", "check"]] {
        let ran = run(shared(), arguments).done();
        assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), "{ran:?}");
    }
}

#[test]
fn people_are_spoken_to_in_their_language() {
    let english = run(shared(), &["ask", "", "--language", "en"]).done().out;
    let chinese = run(shared(), &["ask", ""]).done().out;
    assert!(english.contains("no question yet") && chinese.contains("还没有写问题"), "{english} {chinese}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let questions = "{\"query\": \"服务器连不上\"}\n".repeat(2000);
    let home = folder(&[("q.jsonl", questions.as_bytes())]);
    let file = home.path().join("q.jsonl");
    let mut child = command(shared())
        .args(["search", "--no-sync", "--batch", file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = crate::program::ran(child.wait_with_output().unwrap());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
}
