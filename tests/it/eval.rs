use crate::program::{folder, run, shared};

const QUESTIONS: &str = "\
{\"query\": \"SSH 连不上 Linux 服务器怎么办\", \"gold\": \"servers/remote-linux#ssh-cannot-connect\"}\n\
{\"query\": \"客服电话是多少\", \"gold\": [\"nothing\", \"account/support#hotline\"], \"context\": {\"product\": \"\"}}\n\
{\"query\": \"红烧肉怎么做\", \"gold\": null, \"kind\": \"out_of_domain\"}\n\
{\"query\": \"坏了\", \"kind\": \"vague\"}\n";

#[test]
fn figures_for_people_and_programs() {
    let home = folder(&[("q.jsonl", QUESTIONS.as_bytes())]);
    let file = home.path().join("q.jsonl");
    let ran = run(shared(), &["eval", "--json", "--titles", "20", file.to_str().unwrap()]).done();
    let figures = &ran.json()[0];
    assert_eq!((figures["questions"].as_u64(), figures["answerable"].as_u64()), (Some(4), Some(2)));
    assert_eq!(figures["hit@3"], 1.0, "{figures}");
    assert!(figures["mrr@10"].as_f64().unwrap() > 0.5, "{figures}");
    assert_eq!(figures["refusals_by_kind"]["vague"], 1.0, "{figures}");
    assert_eq!(figures["titles"]["asked"], 20);
    assert!(figures["titles"]["hit@1"].as_f64().unwrap() > 0.8, "{figures}");
    assert_eq!(figures["unknown_gold"], 1);
    assert!(figures["ece"].is_f64() && figures["took_us_p99"].is_u64());
    let page = run(shared(), &["eval", file.to_str().unwrap()]).done().out;
    assert!(page.contains("hit@50") && page.contains("out_of_domain (1)"), "{page}");
}

#[test]
fn bad_lines_are_told_with_their_place() {
    let home =
        folder(&[("q.jsonl", format!("{QUESTIONS}{{\"query\": \"x\"}}\n").as_bytes()), ("none.jsonl", b"")]);
    let file = home.path().join("q.jsonl");
    let ran = run(shared(), &["eval", "--no-sync", file.to_str().unwrap()]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("q.jsonl:5: `gold` is missing") && ran.out.contains("hit@1"), "{ran:?}");
    let none = home.path().join("none.jsonl");
    run(shared(), &["eval", none.to_str().unwrap()]).failed(&["none.jsonl"]);
}
