//! What is sent to DingTalk: bodies for the session's address and for the API. Pure.

use serde_json::{Value, json};

use crate::channel::Target;
use crate::channel::numbered::numbered;
use crate::message::part::Part;

/// The body for a `sessionWebhook`. In a group it names the person, who then sees it as meant for them.
pub fn session(part: &Part, target: &Target) -> Value {
    let named = target.group && is_staff(&target.user);
    let mention = |gap: &str| if named { format!("@{}{gap}", target.user) } else { String::new() };
    let mut body = match part {
        Part::Text { text } => json!({"msgtype": "text", "text": {"content": mention(" ") + text}}),
        Part::Markdown { title, text } => {
            let text = mention("\n\n") + text;
            json!({"msgtype": "markdown", "markdown": {"title": title, "text": text}})
        }
        Part::Menu { head, items, tail } => {
            let content = mention(" ") + &numbered(head, items, tail);
            json!({"msgtype": "text", "text": {"content": content}})
        }
    };
    if named {
        body["at"] = json!({"atUserIds": [target.user]});
    }
    body
}

/// The body for `/v1.0/robot/oToMessages/batchSend`: to one person.
pub fn direct(part: &Part, robot_code: &str, user: &str) -> Value {
    let (key, param) = sample(part);
    json!({"robotCode": robot_code, "userIds": [user], "msgKey": key, "msgParam": param.to_string()})
}

/// The body for `/v1.0/robot/groupMessages/send`: to a group.
pub fn group(part: &Part, robot_code: &str, chat: &str) -> Value {
    let (key, param) = sample(part);
    json!({"robotCode": robot_code, "openConversationId": chat, "msgKey": key, "msgParam": param.to_string()})
}

/// What a callback is answered with: the answer comes by another way.
pub fn empty() -> Value {
    json!({"msgtype": "empty"})
}

/// Whether a person is known by a staff id, which alone can be named and written to by the API.
pub fn is_staff(user: &str) -> bool {
    !user.is_empty() && !user.starts_with("$:")
}

fn sample(part: &Part) -> (&'static str, Value) {
    match part {
        Part::Text { text } => ("sampleText", json!({"content": text})),
        Part::Markdown { title, text } => ("sampleMarkdown", json!({"title": title, "text": text})),
        // Buttons of DingTalk open addresses and bring nothing back: what is to be chosen has a number.
        Part::Menu { head, items, tail } => ("sampleText", json!({"content": numbered(head, items, tail)})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::part::MenuItem;

    fn target(user: &str, chat: Option<&str>) -> Target {
        Target { user: user.to_owned(), chat: chat.map(str::to_owned), group: chat.is_some() }
    }

    fn markdown() -> Part {
        Part::Markdown { title: "答复".to_owned(), text: "**年假** 走 OA".to_owned() }
    }

    #[test]
    fn a_session_takes_text_and_markdown_and_groups_a_name() {
        let text = Part::Text { text: "收到:年假怎么请".to_owned() };
        assert_eq!(
            session(&text, &target("u1", None)),
            json!({"msgtype": "text", "text": {"content": "收到:年假怎么请"}})
        );
        assert_eq!(
            session(&markdown(), &target("u1", Some("cid"))),
            json!({"msgtype": "markdown", "markdown": {"title": "答复", "text": "@u1\n\n**年假** 走 OA"}, "at": {"atUserIds": ["u1"]}})
        );
        let outsider = session(&text, &target("$:LWCP_v1:$x", Some("cid")));
        assert_eq!(outsider, json!({"msgtype": "text", "text": {"content": "收到:年假怎么请"}}));
    }

    #[test]
    fn the_api_takes_json_in_json() {
        let body = direct(&markdown(), "ding1", "u1");
        let param = body["msgParam"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        assert_eq!(param, Some(json!({"title": "答复", "text": "**年假** 走 OA"})));
        assert_eq!((&body["userIds"], &body["msgKey"]), (&json!(["u1"]), &json!("sampleMarkdown")));
        let body = group(&Part::Text { text: "好".to_owned() }, "ding1", "cid");
        let expected = json!({
            "robotCode": "ding1", "openConversationId": "cid", "msgKey": "sampleText", "msgParam": "{\"content\":\"好\"}",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_menu_is_numbered_text() {
        let item = |label: &str| MenuItem { id: "x".to_owned(), label: label.to_owned() };
        let menu =
            Part::Menu {
                head: "请选:".to_owned(), items: vec![item("甲"), item("乙")], tail: String::new()
            };
        assert_eq!(session(&menu, &target("u", None))["text"]["content"], "请选:\n1. 甲\n2. 乙");
    }
}
