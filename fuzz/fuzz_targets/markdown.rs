//! Answers as chat platforms and the page of the whole answer show them.
//!
//! The first four bytes say what the platform can show; the rest is text, parted by `\x1e`: answer, title, source, lead, labels.
//! Holds: nothing panics; no more and no longer parts than are allowed, none empty; no HTML and no address but http and https
//! gets through; anchors are ours and closed; the page holds no tag, attribute or scheme that could run.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};
use yunzhu_fuzz::answer::page;
use yunzhu_fuzz::answer::present::{Words, present};
use yunzhu_fuzz::id::CaseId;
use yunzhu_fuzz::message::part::{Caps, Markdown, Part};
use yunzhu_fuzz::message::{Choice, Reply};

const MORE: &str = "https://a.cn/answers/x?y=1";

fuzz_target!(|data: &[u8]| {
    let Some((&[kind, bytes, parts, menu], rest)) = data.split_first_chunk::<4>() else { return };
    let text = String::from_utf8_lossy(rest);
    let mut fields = text.split('\u{1e}').map(str::to_owned);
    let mut next = || fields.next().unwrap_or_default();
    let (answer, title, source, lead) = (next(), next(), next(), next());
    let labels: Vec<String> = fields.take(8).collect();

    check_page(&page::html(&answer));
    let caps = Caps {
        markdown: match kind % 4 {
            0 => Markdown::None { anchors: false },
            1 => Markdown::None { anchors: true },
            2 => Markdown::Dingtalk,
            _ => Markdown::Full,
        },
        max_bytes: usize::from(bytes) * 16,
        max_parts: usize::from(parts % 6),
        menu: usize::from(menu % 8),
    };
    let more = (menu & 8 == 0).then_some(MORE);
    let shown = present(&replies(answer, title, source, lead, labels), &caps, &words(menu), more);
    assert!(shown.len() <= caps.max_parts, "too many parts");
    shown.iter().for_each(|part| check_part(part, &caps));
});

fn replies(answer: String, title: String, source: String, lead: String, labels: Vec<String>) -> Vec<Reply> {
    let case_id = CaseId::parse("c").expect("an id");
    let mut replies = vec![Reply::Answer { text: answer, case_id, title, source, confidence: 0.9 }];
    if !lead.is_empty() || !labels.is_empty() {
        let choice =
            |(at, label): (usize, String)| Choice { id: at.to_string(), label, case_id: None, value: None };
        replies.push(Reply::Choices {
            text: lead,
            choices: labels.into_iter().enumerate().map(choice).collect(),
        });
    }
    replies
}

fn words(menu: u8) -> Words {
    if menu & 16 == 0 {
        return Words::default();
    }
    Words {
        choose: "回复序号即可选择。".to_owned(),
        more: "查看完整回答：".to_owned(),
        omitted: "其余部分已省略。".to_owned(),
        source: "来源：".to_owned(),
        verdict: "没有解决就回复“没用”。".to_owned(),
    }
}

fn check_part(part: &Part, caps: &Caps) {
    match part {
        Part::Text { text } => {
            check_length(text, caps);
            if caps.markdown == (Markdown::None { anchors: true }) {
                check_anchors(text);
            }
        }
        Part::Markdown { title, text } => {
            check_length(text, caps);
            assert!(!title.trim().is_empty() && title.chars().count() <= 20, "title");
            check_markdown(text);
        }
        Part::Menu { head, items, tail } => {
            let labels: usize = items.iter().map(|item| item.label.len()).sum();
            assert!(items.len() <= caps.menu && head.len() + labels + tail.len() <= caps.max_bytes, "menu");
            assert!(items.iter().all(|item| item.label.len() <= 128), "label");
        }
    }
}

fn check_length(text: &str, caps: &Caps) {
    assert!(!text.trim().is_empty(), "empty part");
    assert!(text.len() <= caps.max_bytes, "{} bytes where {} are allowed", text.len(), caps.max_bytes);
}

fn check_anchors(text: &str) {
    let mut open = false;
    for tag in text.split('<').skip(1) {
        let Some(name) = tag.strip_prefix("/a").or_else(|| tag.strip_prefix('a')) else { continue };
        if name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            continue;
        }
        let opens = tag.starts_with('a');
        assert!(opens != open, "anchors: {text}");
        assert!(
            !opens || web(name.strip_prefix(" href=\"").unwrap_or_default()),
            "an anchor of others: {text}"
        );
        open = opens;
    }
    assert!(!open, "an anchor stays open: {text}");
}

fn check_markdown(text: &str) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => panic!("HTML {html:?} in {text}"),
            // An address of mail opens nothing by itself.
            Event::Start(Tag::Link { link_type: LinkType::Email, .. }) => {}
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                assert!(web(&dest_url), "a link to {dest_url:?} in {text}");
            }
            _ => {}
        }
    }
}

fn web(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https"))
}

fn check_page(page: &str) {
    assert!(!page.to_lowercase().contains("<script"), "{page}");
    for tag in page.split('<').skip(1) {
        let Some((inside, text)) = tag.split_once('>') else { panic!("a tag stays open: {page}") };
        assert!(!text.contains('>'), "{page}");
        let name = inside.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        assert!(TAGS.contains(&name), "<{name}> in {page}");
        // Outside quotes stand names and `=`; inside values.
        for (at, piece) in inside.split('"').enumerate() {
            match at % 2 {
                0 if at > 0 => assert!(is_attribute(piece), "{piece:?} in {page}"),
                0 => assert!(
                    is_attribute(piece.strip_prefix(name).unwrap_or("")) || inside.starts_with('/'),
                    "{page}"
                ),
                _ => {}
            }
        }
        if let Some(value) = inside.strip_prefix("a href=\"") {
            let scheme = value.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
            assert!(matches!(scheme.as_deref(), Some("http" | "https" | "mailto")), "{value:?} in {page}");
        }
    }
}

fn is_attribute(piece: &str) -> bool {
    let name = piece.trim().trim_end_matches('/').trim_end();
    ["", "href=", "rel=", "target=", "class=", "start=", "style=", "disabled=", "type=", "checked="]
        .contains(&name)
}

const TAGS: [&str; 32] = [
    "a",
    "p",
    "pre",
    "code",
    "em",
    "strong",
    "del",
    "blockquote",
    "ol",
    "ul",
    "li",
    "hr",
    "br",
    "input",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "div",
    "dl",
    "dt",
    "dd",
    "sup",
    "sub",
];
