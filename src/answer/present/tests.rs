use super::*;
use crate::id::{CaseId, TicketId};
use proptest::prelude::*;

const ANCHORS: Markdown = Markdown::None { anchors: true };
const BARE: Markdown = Markdown::None { anchors: false };

fn words() -> Words {
    Words {
        choose: "回复序号即可选择。".to_owned(),
        more: "查看完整回答:".to_owned(),
        omitted: "内容较长,其余部分已省略。".to_owned(),
        source: "来源:".to_owned(),
        verdict: String::new(),
    }
}

fn caps(markdown: Markdown, max_bytes: usize, max_parts: usize, menu: usize) -> Caps {
    Caps { markdown, max_bytes, max_parts, menu }
}

fn answer(text: &str) -> Reply {
    let source = "https://help.example.cn/disk".to_owned();
    let case_id = CaseId::parse("disk").unwrap();
    Reply::Answer {
        text: text.to_owned(), case_id, title: "磁盘扩容".to_owned(), source, confidence: 0.9
    }
}

fn some_choices(labels: &[&str]) -> Reply {
    let choice = |(at, label): (usize, &&str)| Choice {
        id: format!("c{at}"),
        label: (*label).to_owned(),
        case_id: CaseId::parse("x"),
        value: None,
    };
    Reply::Choices {
        text: "您想问的是:".to_owned(),
        choices: labels.iter().enumerate().map(choice).collect(),
    }
}

fn text(text: &str) -> Reply {
    Reply::Text { text: text.to_owned() }
}

/// Parts as text: what kind each is, and what stands in it.
fn shown(parts: &[Part]) -> String {
    let one = |part: &Part| match part {
        Part::Text { text } => format!("[text]\n{text}\n"),
        Part::Markdown { title, text } => format!("[markdown {title}]\n{text}\n"),
        Part::Menu { head, items, tail } => {
            let items: String = items.iter().map(|item| format!("({}) {}\n", item.id, item.label)).collect();
            format!("[menu]\n{head}\n{items}{tail}")
        }
    };
    parts.iter().map(one).collect()
}

fn texts(parts: &[Part]) -> Vec<String> {
    let one = |part: &Part| match part {
        Part::Text { text } | Part::Markdown { text, .. } => text.clone(),
        Part::Menu { head, items, .. } => items.iter().fold(head.clone(), |text, item| text + &item.label),
    };
    parts.iter().map(one).collect()
}

const RICH: &str = "### 步骤\n\n1. 打开**控制台**,看`a<b`:\n   - 甲\n   - 乙\n2. 执行:\n\n   ```bash\n   ls *_x   # 看\n   \
                    ```\n3. 见[文档](https://a.cn/x?a=1&b=2)<br>和[坏](javascript:x)\n\n|名|值|\n|-|-|\n|a|1|\n|b|\
                    `2|3`|\n\n> 注意 <b>备份</b>\n";

#[test]
fn rich_text_is_shown_in_each_dialect() {
    let golden = [
        (
            ANCHORS,
            "[text]\n步骤\n\n1. 打开控制台,看a<b:\n   · 甲\n   · 乙\n2. 执行:\nls *_x   # 看\n3. 见<a \
             href=\"https://a.cn/x?a=1&b=2\">文档</a>\n   和坏\n\n名: a\n值: 1\n\n名: b\n值: `2\n\n> 注意 \
             <b>备份</b>\n\n来源: <a href=\"https://help.example.cn/disk\">磁盘扩容</a>\n",
        ),
        (
            BARE,
            "[text]\n步骤\n\n1. 打开控制台,看a<b:\n   · 甲\n   · 乙\n2. 执行:\nls *_x   # 看\n3. 见文档 \
             (https://a.cn/x?a=1&b=2)\n   和坏\n\n名: a\n值: 1\n\n名: b\n值: `2\n\n> 注意 <b>备份</b>\n\n来源: \
             磁盘扩容 (https://help.example.cn/disk)\n",
        ),
        (
            Markdown::Dingtalk,
            "[markdown 磁盘扩容]\n### 步骤\n\n1. 打开**控制台**,看a\\<b:\n   - 甲\n   - 乙\n2. 执行:\n\n   ls \\*\\_x   \
             # 看  \n3. 见[文档](https://a.cn/x?a=1&b=2)  \n   和坏\n\n名: a  \n值: 1  \n\n名: b  \n值: \\`2  \n\n> 注意 \
             \\<b>备份\\</b>\n\n来源: [磁盘扩容](https://help.example.cn/disk)\n",
        ),
        (
            Markdown::Full,
            "[markdown 磁盘扩容]\n### 步骤\n\n1. 打开**控制台**,看`a<b`:\n   - 甲\n   - 乙\n2. 执行:\n\n   \
             ```bash\n   ls *_x   # 看\n   ```\n3. 见[文档](https://a.cn/x?a=1&b=2)  \n   和坏\n\n| 名 | 值 |\n| --- | \
             --- |\n| a | 1 |\n| b | \\`2 |\n\n> 注意 \\<b>备份\\</b>\n\n来源: \
             [磁盘扩容](https://help.example.cn/disk)\n",
        ),
    ];
    for (markdown, expected) in golden {
        let parts = present(&[answer(RICH)], &caps(markdown, 4000, 5, 0), &words(), None);
        assert_eq!(shown(&parts), expected, "{markdown:?}");
    }
}

#[test]
fn replies_of_one_turn_are_one_part_where_they_fit() {
    let ticket_id = TicketId::parse("T1").unwrap();
    let handoff = Reply::Handoff {
        text: "已转人工。".to_owned(),
        ticket_id,
        queue_position: None,
        expected_wait_s: None,
    };
    let parts =
        present(&[text("收到*您*。\n请稍等。"), handoff], &caps(Markdown::Full, 2048, 3, 6), &words(), None);
    assert_eq!(shown(&parts), "[text]\n收到*您*。\n请稍等。\n\n已转人工。\n");
}

#[test]
fn choices_are_a_menu_where_it_is_large_enough_else_numbered() {
    let replies = [text("没有找到。"), some_choices(&["磁盘\n扩容", "快照", "都不是"])];
    let numbered =
        "[text]\n没有找到。\n\n您想问的是:\n1. 磁盘 扩容\n2. 快照\n3. 都不是\n回复序号即可选择。\n";
    for (menu, expected) in [
        (3, "[menu]\n没有找到。\n\n您想问的是:\n(c0) 1. 磁盘 扩容\n(c1) 2. 快照\n(c2) 3. 都不是\n"),
        (2, numbered),
        (0, numbered),
    ] {
        let parts = present(&replies, &caps(ANCHORS, 2048, 3, menu), &words(), None);
        assert_eq!(shown(&parts), expected);
    }
    let parts =
        present(&[answer("做。"), replies[1].clone()], &caps(Markdown::Full, 2048, 3, 6), &words(), None);
    let expected = "[markdown 磁盘扩容]\n做。\n\n来源: [磁盘扩容](https://help.example.cn/disk)\n[menu]\n您想问的是:\n(c0) \
                    1. 磁盘 扩容\n(c1) 2. 快照\n(c2) 3. 都不是\n";
    assert_eq!(shown(&parts), expected);
}

#[test]
fn a_menu_above_which_the_answer_has_no_place_is_numbered_in_the_only_part() {
    let replies = [answer(&"很长的回答。".repeat(100)), some_choices(&["一", "二"])];
    let parts = present(&replies, &caps(ANCHORS, 2048, 1, 10), &words(), None);
    let [Part::Text { text }] = &parts[..] else { panic!("{parts:?}") };
    assert!(text.ends_with("您想问的是:\n1. 一\n2. 二\n回复序号即可选择。"), "{text}");
}

#[test]
fn only_the_last_choices_are_numbered() {
    let replies = [some_choices(&["甲"]), some_choices(&["乙", "丙"])];
    let parts = present(&replies, &caps(BARE, 2048, 3, 0), &words(), None);
    assert_eq!(shown(&parts), "[text]\n您想问的是:\n· 甲\n\n您想问的是:\n1. 乙\n2. 丙\n回复序号即可选择。\n");
}

#[test]
fn long_labels_are_cut_in_menus_only() {
    let long = "很".repeat(50);
    let replies = [some_choices(&[&long])];
    let menu = present(&replies, &caps(BARE, 2048, 3, 1), &words(), None);
    let [Part::Menu { items, .. }] = &menu[..] else { panic!("{menu:?}") };
    assert_eq!((items[0].label.chars().count(), items[0].label.ends_with('…')), (40, true));
    assert!(texts(&present(&replies, &caps(BARE, 2048, 3, 0), &words(), None))[0].contains(&long));
}

#[test]
fn what_does_not_fit_is_linked_or_said_to_be_left_out() {
    let long = "第一句话在这里。第二句话在这里!\n\n".repeat(60);
    let url = "https://kf.example.cn/a/1";
    for (markdown, more, end) in [
        (ANCHORS, Some(url), format!("<a href=\"{url}\">查看完整回答</a>")),
        (BARE, Some(url), format!("查看完整回答: {url}")),
        (Markdown::Dingtalk, Some(url), format!("[查看完整回答]({url})")),
        (Markdown::Full, None, "内容较长,其余部分已省略。".to_owned()),
    ] {
        let parts = texts(&present(&[answer(&long)], &caps(markdown, 300, 2, 0), &words(), more));
        assert_eq!(parts.len(), 2, "{markdown:?}");
        assert!(parts[1].ends_with(&end) && parts.iter().all(|part| part.len() <= 300), "{parts:?}");
        assert!(parts[0].ends_with(['。', '!']), "{parts:?}");
        let replies = [answer(&long), some_choices(&["甲", "乙"])];
        let parts = texts(&present(&replies, &caps(markdown, 300, 2, 0), &words(), more));
        assert!(
            parts[1].contains(&end) && parts[1].contains("2. 乙") && parts[1].ends_with("即可选择。"),
            "{parts:?}"
        );
    }
}

#[test]
fn a_fence_and_the_head_of_a_table_are_opened_again() {
    let code = format!("```sh\n{}```\n", "echo 一二三四五\n".repeat(20));
    let parts = texts(&present(&[answer(&code)], &caps(Markdown::Full, 128, 20, 0), &words(), None));
    let coded = parts.iter().filter(|part| part.contains("echo"));
    assert!(parts.len() > 3);
    for part in coded {
        assert!(part.starts_with("```sh\necho") && part.matches("```").count() == 2, "{part}");
    }
    let table = format!("| 列 | 值 |\n|-|-|\n{}", "| 一二三 | 四五六 |\n".repeat(20));
    let parts = texts(&present(&[answer(&table)], &caps(Markdown::Full, 128, 20, 0), &words(), None));
    for part in parts.iter().filter(|part| part.contains("一二三")) {
        assert!(
            part.starts_with("| 列 | 值 |\n| --- | --- |\n|") && part.matches("---").count() == 2,
            "{part}"
        );
    }
}

#[test]
fn marks_are_closed_and_opened_again_where_a_text_must_be_cut_within_them() {
    let bold = format!("**{}**", "字".repeat(60));
    let parts = texts(&present(&[answer(&bold)], &caps(Markdown::Full, 80, 20, 0), &words(), None));
    assert!(parts.len() > 2 && parts[0].starts_with("**字") && parts[0].ends_with("字**"), "{parts:?}");
    let near = format!("{}[文档](https://a.cn/{})。", "字".repeat(20), "x".repeat(20));
    let parts = texts(&present(&[answer(&near)], &caps(Markdown::Full, 80, 20, 0), &words(), None));
    assert_eq!(parts[1].split('\n').next(), Some("[文档](https://a.cn/xxxxxxxxxxxxxxxxxxxx)。"), "{parts:?}");
    let near = format!("{}https://a.cn/{} 看", "字".repeat(20), "x".repeat(20));
    let parts = texts(&present(&[text(&near)], &caps(BARE, 80, 20, 0), &words(), None));
    assert_eq!(parts[1], "https://a.cn/xxxxxxxxxxxxxxxxxxxx 看", "{parts:?}");
}

#[test]
fn nothing_said_is_nothing_sent() {
    assert!(present(&[], &caps(BARE, 2048, 3, 3), &words(), None).is_empty());
    assert!(present(&[text(" \n")], &caps(BARE, 2048, 3, 3), &words(), None).is_empty());
    assert!(present(&[text("a")], &caps(BARE, 2048, 0, 3), &words(), None).is_empty());
    // An answer without a text is at least its title.
    let parts = present(&[answer("<!-- x -->")], &caps(BARE, 2048, 3, 3), &Words::default(), None);
    assert_eq!(shown(&parts), "[text]\n磁盘扩容\n");
}

#[test]
fn the_way_to_say_whether_it_helped_stands_below_an_answer_without_choices() {
    let words = Words { verdict: "有帮助请回复“有用”。".to_owned(), ..words() };
    let below = |replies: &[Reply]| {
        texts(&present(replies, &caps(BARE, 2048, 3, 0), &words, None))[0].contains("有帮助")
    };
    assert!(
        below(&[answer("做。")]) && !below(&[text("好")]) && !below(&[answer("做。"), some_choices(&["甲"])])
    );
}

fn dialects() -> impl Strategy<Value = Markdown> {
    prop_oneof![Just(ANCHORS), Just(BARE), Just(Markdown::Dingtalk), Just(Markdown::Full)]
}

/// Markdown and what looks like it.
fn markdown_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[a-z ]{1,12}",
        8 => "[一-龥]{1,30}[。!,]?",
        1 => Just("🧑‍💻👍🏽".to_owned()),
        16 => prop::sample::select(vec![
            "\n", "\n\n", "  \n", "# ", "- ", "1. ", "> ", "```\n", "```rust\n", "~~~", "`", "``", "*", "**", "_", "~~", "[", "](",
            "](https://a.cn/b?c=d&e=(f))", ")", "![", "<a href=\"https://a.cn\">", "</a>", "<a", "<", ">", "&lt;", "&amp;a ", "|",
            "\n|a|b|\n|-|-|\n|", "<br>", "<div>\n", "<!--", "-->", "https://a.cn/b_c_d", "<https://a.cn>", "[x](javascript:y)",
            "    ", "---\n", "\\", "\t", "- [ ] ", "\r\n", "\u{0}",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// What a Markdown reader makes of the parts of an answer: its HTML and its code.
fn read_again(markdown: &str, max_bytes: usize) -> (Vec<String>, Vec<String>) {
    let parts = present(&[answer(markdown)], &caps(Markdown::Full, max_bytes, 9, 0), &Words::default(), None);
    let (mut html, mut code) = (Vec::new(), Vec::new());
    for text in texts(&parts) {
        for event in pulldown_cmark::Parser::new(&text) {
            match event {
                pulldown_cmark::Event::Html(text) | pulldown_cmark::Event::InlineHtml(text) => {
                    html.push(text.to_string())
                }
                pulldown_cmark::Event::Code(text) => code.push(text.to_string()),
                _ => {}
            }
        }
    }
    (html, code)
}

#[test]
fn code_stays_code_whatever_is_around_it() {
    let one = |code: &str| (Vec::new(), vec![code.to_owned()]);
    assert_eq!(read_again("\\\\`b<b>`", 999), one("b<b>"));
    let two = (Vec::new(), vec!["<b>".to_owned(), "<i>".to_owned()]);
    assert_eq!(read_again("`<b>`<!-- x -->`<i>`", 999), two);
    assert_eq!(read_again("`<b>`\u{3}`<i>`", 999), two);
    let deep = format!("{}`<b>`{}", "*a _a ".repeat(6), " a_ a*".repeat(6));
    assert_eq!(read_again(&deep, 999), (Vec::new(), Vec::new()));
    let (html, _) = read_again("```bash\n<b>\n<i>\n```", LEAST_BYTES + 4);
    assert_eq!(html, Vec::<String>::new());
    let (html, _) = read_again("````````````````````\n```````````````````\n<b>\n````````````````````", 60);
    assert_eq!(html, Vec::<String>::new());
}

#[test]
fn a_link_among_the_words_of_an_image_is_words() {
    let replies = [text("x"), answer("![a <https://b.cn> c](https://a.cn/i.png)")];
    let parts = present(&replies, &caps(ANCHORS, 999, 1, 0), &Words::default(), None);
    assert_eq!(shown(&parts), "[text]\nx\n\n<a href=\"https://a.cn/i.png\">a https://b.cn c</a>\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn parts_fit_and_leave_nothing_open(
        markdown in markdown_text(),
        plain in markdown_text(),
        labels in prop::collection::vec("[a-z一-龥<\n]{0,50}", 0..6),
        dialect in dialects(),
        max_bytes in 32_usize..600,
        max_parts in 1_usize..6,
        menu in 0_usize..8,
        linked: bool,
    ) {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let mut replies = vec![answer(&markdown), text(&plain)];
        replies.extend((!labels.is_empty()).then(|| some_choices(&labels)));
        let caps = caps(dialect, max_bytes, max_parts, menu);
        let more = linked.then_some("https://kf.example.cn/answer/abc");
        let parts = present(&replies, &caps, &words(), more);
        prop_assert_eq!(&parts, &present(&replies, &caps, &words(), more));
        prop_assert!(!parts.is_empty() && parts.len() <= max_parts, "{} parts", parts.len());
        for text in texts(&parts) {
            prop_assert!(text.len() <= max_bytes && !text.trim().is_empty(), "{} bytes: {text:?}", text.len());
        }
        for part in &parts {
            let Part::Text { text } = part else { continue };
            if dialect == ANCHORS {
                let opened = text.matches("<a href=\"").count();
                prop_assert_eq!(opened, text.matches("</a>").count(), "{}", text);
                prop_assert_eq!(text.matches("<a ").count(), opened, "{}", text);
            }
        }
    }

    #[test]
    fn all_that_fits_is_said(markdown in markdown_text(), dialect in dialects(), max_bytes in 100_usize..300) {
        // An address that is longer than a part is left out.
        let markdown = markdown.replace("https://a.cn/b_c_d", "");
        let whole = caps(dialect, 1_000_000, 1, 0);
        let cut = caps(dialect, max_bytes, 1000, 0);
        let said = |caps| texts(&present(&[answer(&markdown)], caps, &words(), None)).concat();
        let count = |text: String| text.chars().filter(|c| ('一'..='龥').contains(c)).count();
        let (whole, cut) = (count(said(&whole)), count(said(&cut)));
        // The head of a table and the language of a fence are said again.
        prop_assert!(cut >= whole, "{cut} of {whole}");
    }

    #[test]
    fn full_markdown_means_the_same_when_it_is_read_again(markdown in markdown_text()) {
        let roomy = Room { part: usize::MAX, last: usize::MAX, parts: 1 };
        let again = |text: &str| split::pack(&markdown::blocks(text, Dialect::Full), roomy).parts.concat();
        let letters = |text: &str| text.chars().filter(|c| ('一'..='龥').contains(c)).collect::<String>();
        let once = again(&markdown);
        prop_assert_eq!(letters(&again(&once)), letters(&once));
        let raw = pulldown_cmark::Parser::new_ext(&once, pulldown_cmark::Options::ENABLE_TABLES)
            .any(|event| matches!(event, pulldown_cmark::Event::Html(_) | pulldown_cmark::Event::InlineHtml(_)));
        prop_assert!(!raw, "HTML came through: {once:?}");
    }
}

#[test]
fn a_step_of_a_diagnosis_stands_above_its_options_without_its_markup() {
    let choice = |(at, label): (usize, &str)| Choice {
        id: format!("1-{}", at + 1),
        label: label.to_owned(),
        case_id: None,
        value: Some(label.to_owned()),
    };
    let step = Reply::Clarify {
        text: "一步步来。\n\n执行 `df -h`：\n\n```bash\ndf -h\n```".to_owned(),
        slot: DIAGNOSIS.to_owned(),
        choices: ["满了", "不确定"].into_iter().enumerate().map(choice).collect(),
    };
    let said = |caps| shown(&present(std::slice::from_ref(&step), &caps, &words(), None));
    let numbered = said(caps(ANCHORS, 2048, 5, 0));
    assert!(numbered.starts_with("[text]\n一步步来。") && !numbered.contains("```"), "{numbered}");
    assert!(numbered.contains("df -h") && numbered.contains("1. 满了\n2. 不确定"), "{numbered}");
    let menu = said(caps(ANCHORS, 2048, 5, 6));
    assert!(menu.contains("df -h") && menu.contains("回复序号即可选择。\n(1-1) 1. 满了"), "{menu}");
    let full = said(caps(Markdown::Full, 4096, 5, 0));
    assert!(full.starts_with("[markdown 一步步来") && full.contains("```"), "{full}");
}
