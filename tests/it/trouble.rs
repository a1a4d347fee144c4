use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use crate::program::{Ran, command, folder, ran, run, shared};

const CASE: &[u8] = "{\"id\": \"a\", \"title\": \"磁盘满了\", \"body\": \"清理日志。\"}\n".as_bytes();

#[test]
fn files_that_cannot_be_read() {
    let home = folder(&[
        ("list.json", b"[{\"title\": 1}]"),
        ("picture.png", b"x"),
        ("cut.jsonl.gz", &[0x1f, 0x8b, 8, 0]),
        ("broken.xlsx", b"PK\x03\x04 no workbook"),
    ]);
    for (path, said) in [
        ("missing.jsonl", "does not exist"),
        ("list.json", "one object a line"),
        ("picture.png", "known kind"),
        ("cut.jsonl.gz", "cut"),
        ("broken.xlsx", "broken.xlsx"),
    ] {
        let ran = run(home.path(), &["import", path]);
        assert_eq!(ran.status, 1, "{ran:?}");
        assert!(ran.err.contains(said) && ran.err.contains(path) && !ran.err.contains("panicked"), "{ran:?}");
    }
    run(shared(), &["search", "--batch", "/no/such.jsonl"]).failed(&["/no/such.jsonl"]);
    run(shared(), &["eval", "/no/such.jsonl"]).failed(&["/no/such.jsonl"]);
}

#[test]
fn no_index_says_how_to_make_one() {
    let home = folder(&[]);
    run(home.path(), &["ask", "--no-sync", "磁盘满了"]).failed(&["no index", "yunzhu import"]);
}

#[test]
fn an_index_of_another_version_or_damaged_is_made_anew() {
    let home = folder(&[("cases.jsonl", CASE)]);
    run(home.path(), &["import", "cases.jsonl"]).done();
    let index = home.path().join("index");
    let current = fs::read_to_string(index.join("CURRENT")).unwrap();
    let meta = index.join(current.trim()).join("meta.json");
    let text = fs::read_to_string(&meta).unwrap();
    let other = text.replace("\\\"version\\\":", "\\\"version\\\":9");
    assert_ne!(text, other);
    fs::write(&meta, other).unwrap();
    run(home.path(), &["ask", "--no-sync", "磁盘满了"]).failed(&["version", "--rebuild"]);
    let ran = run(home.path(), &["search", "--json", "磁盘满了"]).done();
    assert_eq!(ran.json()[0]["hits"][0]["id"], "a");
    assert!(!ran.err.is_empty(), "it says that the index was made anew");

    let current = fs::read_to_string(index.join("CURRENT")).unwrap();
    fs::write(index.join(current.trim()).join("meta.json"), "{").unwrap();
    let ran = run(home.path(), &["search", "--json", "磁盘满了"]).done();
    assert_eq!(ran.json()[0]["hits"][0]["id"], "a");
}

#[test]
fn folders_that_cannot_be_written() {
    // A file where the folder should be: also refused to root, whom permissions do not stop.
    let home = folder(&[("cases.jsonl", CASE), ("file", b"")]);
    run(home.path(), &["import", "cases.jsonl", "--data", "file/data"]).failed(&["file/data"]);
    run(home.path(), &["import", "cases.jsonl", "--index", "file/index"]).failed(&["file/index"]);
}

#[test]
fn formulas_count_with_the_value_that_is_stored() {
    let home = folder(&[("f.xlsx", include_bytes!("../data/formulas.xlsx"))]);
    let ran = run(home.path(), &["import", "f.xlsx", "--json"]);
    let summary = &ran.json()[0];
    assert_eq!((ran.status, &summary["added"], &summary["bad"]), (1, &json!(2), &json!(2)), "{ran:?}");
    // Saved without a value; and a formula that failed.
    assert!(ran.err.contains("f.xlsx:3: `title` is missing"), "{}", ran.err);
    assert!(ran.err.contains("f.xlsx:4: ") && ran.err.contains("#REF!"), "{}", ran.err);
    let asked = run(home.path(), &["search", "--json", "磁盘满了 先清理日志"]).done();
    assert_eq!(asked.json()[0]["hits"][0]["title"], "磁盘满了");
}

#[test]
fn a_line_of_200_megabytes_is_skipped() {
    const LENGTH: u64 = 200 << 20;
    let home = folder(&[("cases.jsonl", b"")]);
    let mut file = File::create(home.path().join("cases.jsonl")).unwrap();
    // A hole takes no room on the disk and reads as zeros.
    file.set_len(LENGTH).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(&[b"\n", CASE].concat()).unwrap();
    drop(file);
    let ran = run(home.path(), &["import", "cases.jsonl", "--json"]);
    let summary = &ran.json()[0];
    assert_eq!((ran.status, &summary["added"], &summary["bad"]), (1, &json!(1), &json!(1)), "{ran:?}");
    assert!(ran.err.contains(&format!("cases.jsonl:1: the line is {LENGTH} bytes long")), "{}", ran.err);
}

#[test]
fn shifted_columns_are_told_and_their_rows_skipped() {
    let rows = "编号,标题,答案\n1,磁盘满了,清理,日志\n2,端口不通\n3,\"证书,过期\",\"续签,\n再部署\"\n4,网页打不开,看解析\n";
    let home = folder(&[("t.csv", rows.as_bytes())]);
    let ran = run(home.path(), &["import", "t.csv", "--json"]);
    let summary = &ran.json()[0];
    assert_eq!((ran.status, &summary["added"], &summary["bad"]), (1, &json!(2), &json!(2)), "{ran:?}");
    assert!(ran.err.contains("t.csv:2: the row has 4 fields, the header has 3"), "{}", ran.err);
    assert!(ran.err.contains("t.csv:3: the row has 2 fields, the header has 3"), "{}", ran.err);
    let found = run(home.path(), &["search", "--json", "证书过期"]).done();
    assert_eq!(found.json()[0]["hits"][0]["id"], "3");
}

#[test]
fn two_processes_import_at_once_and_nothing_is_lost() {
    const EACH: usize = 1500;
    let lines = |name: &str| -> String {
        (0..EACH)
            .map(|i| format!("{{\"id\": \"{name}-{i}\", \"title\": \"{name}{i} 磁盘满了\", \"body\": \"清理第 {i} 个日志。\"}}\n"))
            .collect()
    };
    let home =
        folder(&[("left.jsonl", lines("left").as_bytes()), ("right.jsonl", lines("right").as_bytes())]);
    let files = ["left.jsonl", "right.jsonl"];
    let begin = |file: &str| {
        let mut import = command(home.path());
        import.args(["import", file]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = files.map(begin).map(|child| ran(child.wait_with_output().unwrap()));
    for (ended, file) in both.iter().zip(files) {
        if ended.status != 0 {
            ended.failed(&["another process"]);
            run(home.path(), &["import", file]).done();
        }
    }
    assert!(both.iter().any(|ended| ended.status == 0), "{both:?}");
    assert_eq!(cases(home.path()), 2 * EACH as u64);
    for name in ["left", "right"] {
        for i in [0, EACH / 2, EACH - 1] {
            let found = run(home.path(), &["search", "--json", &format!("{name}{i} 磁盘满了")]).done();
            assert_eq!(found.json()[0]["hits"][0]["id"], format!("{name}-{i}"));
        }
    }
}

/// How many cases an index that is up to date has.
fn cases(home: &Path) -> u64 {
    let ran: Ran = run(home, &["index", "--json"]).done();
    ran.json()[0]["cases"].as_u64().unwrap()
}
