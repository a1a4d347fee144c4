//! Menus as text, for where nothing can be tapped.

use crate::message::part::MenuItem;

/// Head, numbered items and tail, a line each. Somebody who answers with the number has chosen.
pub fn numbered(head: &str, items: &[MenuItem], tail: &str) -> String {
    let items = items.iter().enumerate().map(|(at, item)| format!("{}. {}", at + 1, item.label));
    let lines = std::iter::once(head.to_owned()).chain(items).chain(std::iter::once(tail.to_owned()));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_becomes_lines() {
        let item = |label: &str| MenuItem { id: "a".to_owned(), label: label.to_owned() };
        assert_eq!(numbered("选一个", &[item("甲"), item("乙")], ""), "选一个\n1. 甲\n2. 乙");
        assert_eq!(numbered("", &[], "x"), "x");
    }
}
