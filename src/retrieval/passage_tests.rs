//! Passages of texts as they stand in answers, and what must hold for any text.

use proptest::prelude::*;

use crate::analyzer::words::Words;

use super::*;

fn analyzer() -> &'static Analyzer {
    static ANALYZER: std::sync::OnceLock<Analyzer> = std::sync::OnceLock::new();
    ANALYZER.get_or_init(|| Analyzer::new(Words::default()))
}

fn of(body: &str, words: &[&str], most_chars: usize) -> Passage {
    let wanted = Wanted::new(words.iter().enumerate().map(|(i, word)| (*word, i, 1.0)));
    passage(body, analyzer(), &wanted, most_chars)
}

fn filler(chars: usize) -> String {
    "这里讲别的事情。".chars().cycle().take(chars).collect()
}

#[test]
fn a_body_that_fits_is_whole() {
    let whole = of("\n# a\n\nb\n", &["b"], 100);
    assert_eq!((whole.text.as_str(), whole.cut_before, whole.cut_after), ("\n# a\n\nb\n", false, false));
}

#[test]
fn the_section_that_answers_comes_with_its_heading_and_steps() {
    let other = filler(150);
    let body = format!(
        "概述。{other}\n\n## Windows 实例\n\n{other}\n\n## Linux 实例\n\n操作步骤：\n\n1. 登录控制台。\n   ```sh\n   ssh root@host\n\n   exit\n   ```\n2. 重启 sshd。\n\n## 其他\n\n{other}\n"
    );
    let found = of(&body, &["linux", "重启"], 200);
    assert!(found.text.starts_with("## Linux 实例\n\n操作步骤：\n\n1. 登录控制台。"), "{}", found.text);
    assert!(found.text.ends_with("2. 重启 sshd。"), "{}", found.text);
    assert!(found.cut_before && found.cut_after);
}

#[test]
fn of_a_numbered_list_too_long_whole_steps_stay_with_their_numbers() {
    let steps: String = (1..=20).map(|n| format!("{n}. 第{n}步{}\n", filler(30))).collect();
    let body = format!("请按以下步骤操作：\n\n{steps}");
    let body = body.replace("第15步", "安装 nginx");
    let found = of(&body, &["nginx"], 120);
    assert!(found.text.starts_with("…\n\n"), "{}", found.text);
    assert!(found.text.contains("\n15. 安装 nginx"), "{}", found.text);
    assert!(found.cut_before && found.cut_after);
    let first = of(&body, &[], 120);
    assert!(first.text.starts_with("请按以下步骤操作：\n\n1. "), "{}", first.text);
}

#[test]
fn a_long_fence_shows_the_lines_that_are_wanted_and_is_closed() {
    let code: String = (0..100).map(|n| format!("line {n}\n")).collect();
    let body = format!("说明\n\n````yaml\n{code}needle here\n{code}````\n\n完");
    let found = of(&body, &["needl"], 120);
    assert!(found.text.starts_with("````yaml\n"), "{}", found.text);
    assert!(found.text.contains("\nneedle here\n"), "{}", found.text);
    assert!(found.text.ends_with("\n````"), "{}", found.text);
    assert!(found.text.chars().count() <= 120);
}

#[test]
fn a_long_table_shows_its_head_and_the_row_that_is_wanted() {
    let rows: String = (0..60).map(|n| format!("| E-{n} | 错误 {n} |\n")).collect();
    let body = format!("错误码：\n\n| 错误码 | 说明 |\n|---|---|\n{rows}| ORA-00942 | 表不存在 |\n{rows}");
    let found = of(&body, &["ora-00942"], 100);
    assert!(found.text.starts_with("| 错误码 | 说明 |\n|---|---|\n"), "{}", found.text);
    assert!(found.text.contains("| ORA-00942 | 表不存在 |"), "{}", found.text);
    assert!(found.text.chars().count() <= 100);
}

#[test]
fn a_fence_within_a_step_too_long_is_closed_where_it_is_cut() {
    let code: String = (0..50).map(|n| format!("   run {n}\n")).collect();
    let body = format!("1. 执行：\n   ```\n{code}   ```\n2. 完成\n");
    let found = of(&body, &["run"], 60);
    assert!(found.text.ends_with("\n   ```"), "{}", found.text);
    assert!(found.text.chars().count() <= 60);
}

#[test]
fn one_endless_line_is_cut_at_a_sentence() {
    let found = of(&"磁盘满了会怎样。请清理。".repeat(100), &["清理"], 50);
    assert!(found.text.ends_with('。') && found.text.chars().count() <= 50, "{}", found.text);
}

#[test]
fn questions_of_which_nothing_is_here_get_the_beginning() {
    let body = format!("开头一段。\n\n{}\n\n{}", filler(100), filler(100));
    let found = of(&body, &["nothing"], 50);
    assert_eq!((found.text.as_str(), found.cut_before, found.cut_after), ("开头一段。", false, true));
}

fn markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("# 标题\n\n".to_owned()),
        Just("## 二级\n".to_owned()),
        Just("步骤如下：\n\n".to_owned()),
        Just(
            "1. 第一步\n2. 第二步 nginx\n   - 子项\n\n     ```\n     code\n     ```\n3. 第三步\n\n"
                .to_owned()
        ),
        Just("- a\n- b 重启\n\n".to_owned()),
        Just("```sh\necho nginx\n\necho 2\n```\n".to_owned()),
        Just("> ~~~\n> 引用 code\n> ~~~\n\n".to_owned()),
        Just("| a | b |\n|---|---|\n| 1 | nginx |\n| 2 | 3 |\n\n".to_owned()),
        Just("<div>\nhtml\n</div>\n\n".to_owned()),
        Just("```\nnever closed\n".to_owned()),
        Just("    indented\n\n---\n\n[a]: http://x\n".to_owned()),
        "[a-z一-十 ]{0,60}。?\n\n?",
        "[ \\n\\r\\t>*`~|#.0-9-]{0,12}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_gives_whole_lines_within_the_limit(body in markdown(), most in 0usize..160) {
        // A lone carriage return, which no editor of this century writes, may be cut at; see below.
        let body = body.replace('\r', "\n");
        let found = of(&body, &["nginx", "重启"], most);
        prop_assert!(found.text.chars().count() <= most, "{:?}", found.text);
        let lines: HashSet<&str> = body.lines().map(str::trim_end).collect();
        for line in found.text.lines().map(str::trim_end) {
            let fence = line.trim_start_matches([' ', '>', '\t']);
            let added = line == "…" || fence.chars().all(|c| c == '`') || fence.chars().all(|c| c == '~');
            let head = || body.lines().any(|l| l.chars().count() > most && l.starts_with(line));
            prop_assert!(added || lines.contains(line) || head(), "{line:?} in {:?}", found.text);
        }
    }

    #[test]
    fn any_line_ends_keep_the_limit(body in markdown(), most in 0usize..160) {
        prop_assert!(of(&body, &["nginx", "重启"], most).text.chars().count() <= most);
    }
}
