//! Cards with buttons (`button_interaction`), for applications and bots.

use serde_json::{Value, json};

use crate::channel::wecom::platform_id;
use crate::message::part::MenuItem;

/// Most buttons on a card.
pub const MAX_BUTTONS: usize = 6;
/// Longest title that is shown whole, in characters.
const MAX_TITLE: usize = 26;
/// Longest id of a card, in bytes.
const MAX_ID: usize = 128;

/// A card with a button for each item, whose tap comes back as the item's id. `id` is unique among the cards of the account.
/// `None` where it cannot be a card: no items or more than [`MAX_BUTTONS`], or nothing above them.
pub fn buttons(head: &str, items: &[MenuItem], tail: &str, id: &str) -> Option<Value> {
    if items.is_empty() || items.len() > MAX_BUTTONS || head.trim().is_empty() {
        return None;
    }
    let list: Vec<Value> =
        items.iter().map(|item| json!({ "text": item.label, "style": 1, "key": item.id })).collect();
    let (title, text) = match head.char_indices().nth(MAX_TITLE) {
        None => (head.to_owned(), tail.to_owned()),
        Some((end, _)) => {
            let start = head.split_at_checked(end).map_or(head, |(start, _)| start);
            (format!("{start}…"), [head, tail].join("\n").trim_end().to_owned())
        }
    };
    let mut card = json!({
        "card_type": "button_interaction",
        "main_title": { "title": title },
        "button_list": list,
        "task_id": platform_id(id, MAX_ID),
    });
    if !text.is_empty() {
        card["sub_title_text"] = text.into();
    }
    Some(card)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_becomes_a_card_where_it_fits() {
        let items = |count: usize| vec![MenuItem { id: "opt_2".to_owned(), label: "乙".to_owned() }; count];
        let card = buttons("选一个", &items(1), "", "t-1").unwrap().to_string();
        let wanted = r#"{"card_type":"button_interaction","main_title":{"title":"选一个"},"button_list":[{"text":"乙","style":1,"key":"opt_2"}],"task_id":"t-1"}"#;
        assert_eq!(card, wanted);
        let long = "长".repeat(27);
        let card = buttons(&long, &items(6), "尾", "a b").unwrap();
        assert_eq!(card["main_title"]["title"], format!("{}…", "长".repeat(26)));
        assert_eq!(card["sub_title_text"], format!("{long}\n尾"));
        for none in
            [buttons("a", &[], "", "t"), buttons("a", &items(7), "", "t"), buttons(" ", &items(1), "", "t")]
        {
            assert_eq!(none, None);
        }
    }
}
