//! What a bot of WeCom says, by callback or long connection: the same JSON.

use serde_json::{Value, json};

use crate::channel::numbered::numbered;
use crate::channel::wecom::card;
use crate::message::part::Part;

/// Longest content of a stream or of Markdown, in bytes.
pub const MAX_CONTENT: usize = 20480;
/// The body of a callback's answer where nothing is said; it is not sealed.
pub const NOTHING: &str = "";
/// Longest id under which a verdict comes back, in bytes.
const MAX_FEEDBACK: usize = 256;

/// Whether more follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More follows, with the same stream id and the whole text so far.
    More,
    /// This is all of it.
    Done,
}

/// An answer that grows: the whole text so far, cut where it is longer than the platform takes. Under `feedback_id` people's
/// verdicts on it come back; it counts in the first part.
pub fn stream(id: &str, progress: Progress, content: &str, feedback_id: Option<&str>) -> Value {
    let content = cut(content, MAX_CONTENT);
    let mut stream = json!({ "id": id, "finish": progress == Progress::Done, "content": content });
    if let Some(feedback) = feedback_id.filter(|id| !id.is_empty() && id.len() <= MAX_FEEDBACK) {
        stream["feedback"] = json!({ "id": feedback });
    }
    json!({ "msgtype": "stream", "stream": stream })
}

/// A greeting, where somebody entered: the only plain text that a bot may answer with.
pub fn welcome(text: &str) -> Value {
    json!({ "msgtype": "text", "text": { "content": cut(text, MAX_CONTENT) } })
}

/// Markdown, for a `response_url` and for what is sent unasked.
pub fn markdown(text: &str) -> Value {
    json!({ "msgtype": "markdown", "markdown": { "content": cut(text, MAX_CONTENT) } })
}

/// A part as one message: a menu of at most six items is a card, whose `id` is new; anything else is Markdown.
pub fn part(part: &Part, id: &str) -> Value {
    match part {
        Part::Text { text } | Part::Markdown { text, .. } => markdown(text),
        Part::Menu { head, items, tail } => match card::buttons(head, items, tail, id) {
            Some(card) => json!({ "msgtype": "template_card", "template_card": card }),
            None => markdown(&numbered(head, items, tail)),
        },
    }
}

/// A part as one message without anything to tap, for where the platform takes no cards.
pub fn plain_part(part: &Part) -> Value {
    match part {
        Part::Text { text } | Part::Markdown { text, .. } => markdown(text),
        Part::Menu { head, items, tail } => markdown(&numbered(head, items, tail)),
    }
}

/// The end of a stream together with a card, which is how a callback gives a menu: a card may come once per message.
pub fn stream_with_menu(id: &str, content: &str, feedback_id: Option<&str>, menu: &Part) -> Value {
    let Part::Menu { head, items, tail } = menu else {
        return stream(id, Progress::Done, content, feedback_id);
    };
    let Some(card) = card::buttons(head, items, tail, id) else {
        let whole = [content, &numbered(head, items, tail)].join("\n\n");
        return stream(id, Progress::Done, whole.trim_start(), feedback_id);
    };
    let mut answer = stream(id, Progress::Done, content, feedback_id);
    answer["msgtype"] = "stream_with_template_card".into();
    answer["template_card"] = card;
    answer
}

/// The text up to so many bytes, never inside a character.
fn cut(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.split_at_checked(end).map_or(text, |(start, _)| start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::part::MenuItem;

    #[test]
    fn answers_have_the_shape_of_the_manual() {
        let growing = stream("S", Progress::More, "思考中…", None).to_string();
        assert_eq!(growing, r#"{"msgtype":"stream","stream":{"id":"S","finish":false,"content":"思考中…"}}"#);
        let done = stream("S", Progress::Done, "a", Some("fb"));
        assert_eq!(
            (&done["stream"]["finish"], &done["stream"]["feedback"]["id"]),
            (&json!(true), &json!("fb"))
        );
        assert_eq!(welcome("您好").to_string(), r#"{"msgtype":"text","text":{"content":"您好"}}"#);
        let long = stream("S", Progress::Done, &"长".repeat(9999), None);
        assert_eq!(long["stream"]["content"].as_str().unwrap().len(), 20478);
    }

    #[test]
    fn menus_are_cards_where_they_can_be() {
        let item = MenuItem { id: "a".to_owned(), label: "甲".to_owned() };
        let menu = |count: usize| Part::Menu {
            head: "选".to_owned(),
            items: vec![item.clone(); count],
            tail: String::new(),
        };
        assert_eq!(part(&menu(6), "t")["template_card"]["task_id"], "t");
        assert_eq!(part(&menu(7), "t")["msgtype"], "markdown");
        assert_eq!(plain_part(&menu(1))["markdown"]["content"], "选\n1. 甲");
        assert_eq!(stream_with_menu("S", "a", None, &menu(1))["msgtype"], "stream_with_template_card");
        assert_eq!(
            stream_with_menu("S", "a", None, &menu(7))["stream"]["content"].as_str().unwrap().lines().count(),
            10
        );
    }
}
