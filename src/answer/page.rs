//! An answer as HTML for the page that a "whole answer" link leads to. Safe whatever the Markdown holds.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// The HTML of a Markdown text, to be put into the body of a page.
///
/// Raw HTML is shown as text, links lead to `http`, `https` and `mailto` only, and images are links: the page loads nothing
/// from elsewhere.
pub fn html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut open: Vec<Open> = Vec::new();
    let events = Parser::new_ext(markdown, options).filter_map(|event| safe(event, &mut open));
    let mut page = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut page, events);
    page
}

/// What is around the event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// A link that is written.
    Link,
    /// A link or image of which the words are written alone.
    Words,
}

fn safe<'a>(event: Event<'a>, open: &mut Vec<Open>) -> Option<Event<'a>> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        // These would need more of the page than it has.
        Event::InlineMath(text) | Event::DisplayMath(text) => Some(Event::Code(text)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            let within = open.contains(&Open::Link);
            let address = address(&dest_url).filter(|_| !within);
            open.push(if address.is_some() { Open::Link } else { Open::Words });
            address.map(|url| {
                let tag = format!(r#"<a href="{url}" rel="noopener noreferrer nofollow" target="_blank">"#);
                Event::InlineHtml(CowStr::from(tag))
            })
        }
        Event::End(TagEnd::Link | TagEnd::Image) => match open.pop() {
            Some(Open::Link) => Some(Event::InlineHtml(CowStr::Borrowed("</a>"))),
            Some(Open::Words) | None => None,
        },
        other => Some(other),
    }
}

/// An address for an attribute in double quotes; `None` where it is none that may be opened.
fn address(url: &str) -> Option<String> {
    let url: String = url.chars().filter(|c| !c.is_control()).collect();
    let url = url.trim();
    let scheme = url.split_once(':')?.0.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https" | "mailto") {
        return None;
    }
    let mut escaped = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("%22"),
            '\'' => escaped.push_str("%27"),
            '<' => escaped.push_str("%3C"),
            '>' => escaped.push_str("%3E"),
            '`' => escaped.push_str("%60"),
            ' ' => escaped.push_str("%20"),
            c => escaped.push(c),
        }
    }
    Some(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html() {
        let page = html(
            "# 标题\n\n1. **a**\n2. `b < c`\n\n|x|y|\n|-|-|\n|1|2|\n\n- [x] done\n\n[t](https://a.cn/?x=1&y=2)",
        );
        for piece in [
            "<h1>标题</h1>",
            "<strong>a</strong>",
            "<code>b &lt; c</code>",
            "<td>2</td>",
            r#"<a href="https://a.cn/?x=1&amp;y=2" rel="noopener noreferrer nofollow" target="_blank">t</a>"#,
        ] {
            assert!(page.contains(piece), "{piece}: {page}");
        }
    }

    #[test]
    fn nothing_that_runs_gets_through() {
        let attempts = [
            "<script>alert(1)</script>",
            "</script><script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "a <b onclick=x>b</b> c",
            "[a](javascript:alert(1))",
            "[a](JaVaScRiPt:alert(1))",
            "[a](java\tscript:alert(1))",
            "[a](<java&#10;script:alert(1)>)",
            "[a](&#106;avascript:alert(1))",
            "[a](\u{1}javascript:alert(1))",
            "[a](data:text/html;base64,PHNjcmlwdD4=)",
            "[a](vbscript:x)",
            "![a](javascript:alert(1))",
            "![a\"onerror=\"x](https://a.cn/\"onerror=\"x)",
            "[a](https://a.cn/\"onmouseover=\"alert(1))",
            "[a](<https://a.cn/?\" onmouseover=alert(1) x=\">)",
            "[a](https://a.cn \"t\\\" onclick=x\")",
            "<https://a.cn/\"onclick=x>",
            "<javascript:alert(1)>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "```\"><script>alert(1)</script>\nx\n```",
            "| a |\n|---|\n| <svg onload=x> |",
            "[![a](https://a.cn/i.png)](javascript:x)",
        ];
        let tags = [
            "a ", "/a", "p", "/p", "pre", "/pre", "code", "/code", "table", "/table", "thead", "/thead",
            "tbody", "/tbody", "tr", "/tr", "th", "/th", "td", "/td",
        ];
        for attempt in attempts {
            let page = html(attempt);
            for tag in page.split('<').skip(1) {
                let name = tags.iter().find(|name| tag.starts_with(**name));
                assert!(name.is_some(), "{attempt}: {page}");
                let inside = tag.split('>').next().unwrap_or("");
                let attributes: Vec<&str> = inside.split('"').step_by(2).map(str::trim).collect();
                for attribute in attributes.iter().skip(1) {
                    assert!(["", "rel=", "target="].contains(attribute), "{attempt}: {page}");
                }
                assert!(
                    !inside.to_lowercase().contains("javascript:") && !inside.contains("href=\"data"),
                    "{page}"
                );
            }
        }
    }

    #[test]
    fn images_are_links_and_links_in_links_are_words() {
        let page = html("![图](https://a.cn/i.png) [![徽章](https://a.cn/b.svg)](https://b.cn)");
        assert!(
            !page.contains("<img") && page.matches("<a ").count() == 2 && page.matches("</a>").count() == 2,
            "{page}"
        );
        assert!(page.contains(">图</a>") && page.contains(">徽章</a>"), "{page}");
    }
}
