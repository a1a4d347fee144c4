//! The XML of WeChat and WeCom: small trees of names and texts, without attributes.
//!
//! No DTD, no entities but the five of XML, at most 1 MiB, 16 levels and 4096 elements: what a message needs, and nothing that
//! could make a parser read files or fill the memory.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use crate::channel::Refused;

/// Longest document, in bytes.
pub const MAX_LEN: usize = 1 << 20;
const MAX_DEPTH: usize = 16;
const MAX_ELEMENTS: usize = 4096;

/// An element and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name, as it is written.
    pub name: String,
    /// All text directly in it.
    pub text: String,
    /// All elements directly in it, in order.
    pub children: Vec<Self>,
}

/// What is written into an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Text, which becomes CDATA.
    Text(&'a str),
    /// A number, bare.
    Number(i64),
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of that child without space around it; `None` where it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// The same as a whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }
}

/// Reads a document; gives its root.
///
/// # Errors
/// It is not well-formed, or larger or cleverer than a message.
pub fn read(body: &[u8]) -> Result<Element, Refused> {
    if body.len() > MAX_LEN {
        return Err(Refused::Unreadable);
    }
    let text = std::str::from_utf8(body).map_err(|_| Refused::Unreadable)?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    // What is open; the first is no element, and the root ends up in it.
    let mut open = vec![Element::default()];
    let mut count = 0;
    loop {
        let event = reader.read_event().map_err(|_| Refused::Unreadable)?;
        let top = open.last_mut().ok_or(Refused::Unreadable)?;
        match event {
            Event::Start(tag) => open.push(element(tag.name().as_ref())),
            Event::Empty(tag) => top.children.push(element(tag.name().as_ref())),
            Event::End(_) => {
                let done = open.pop().ok_or(Refused::Unreadable)?;
                open.last_mut().ok_or(Refused::Unreadable)?.children.push(done);
                continue;
            }
            Event::Text(text) => top.text.push_str(&text.xml10_content()),
            Event::CData(text) => top.text.push_str(&text.into_inner()),
            Event::GeneralRef(entity) => top.text.push(character(&entity)?),
            Event::Comment(_) | Event::Decl(_) => continue,
            Event::DocType(_) | Event::PI(_) => return Err(Refused::Unreadable),
            Event::Eof => break,
        }
        count += 1;
        if open.len() > MAX_DEPTH || count > MAX_ELEMENTS * 4 {
            return Err(Refused::Unreadable);
        }
    }
    match open.as_mut_slice() {
        [outside] if outside.text.trim().is_empty() && outside.children.len() == 1 => {
            outside.children.pop().ok_or(Refused::Unreadable)
        }
        _ => Err(Refused::Unreadable),
    }
}

/// Writes `<xml>` with these elements.
pub fn write(fields: &[(&str, Value<'_>)]) -> String {
    let mut out = "<xml>".to_owned();
    for (name, value) in fields {
        match value {
            Value::Text(text) => {
                // Ends of CDATA in the text are divided between two of them; what XML cannot hold at all is left out.
                let text: String = text.chars().filter(|letter| is_xml(*letter)).collect();
                let text = text.replace("]]>", "]]]]><![CDATA[>");
                let _ = write!(out, "<{name}><![CDATA[{text}]]></{name}>");
            }
            Value::Number(number) => {
                let _ = write!(out, "<{name}>{number}</{name}>");
            }
        }
    }
    out.push_str("</xml>");
    out
}

fn element(name: &str) -> Element {
    Element { name: name.to_owned(), ..Element::default() }
}

fn character(entity: &BytesRef<'_>) -> Result<char, Refused> {
    if let Some(letter) = entity.resolve_char_ref().map_err(|_| Refused::Unreadable)? {
        return Some(letter).filter(|letter| is_xml(*letter)).ok_or(Refused::Unreadable);
    }
    match &**entity {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(Refused::Unreadable),
    }
}

/// Whether XML 1.0 can hold it.
fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read() {
        let root = read(
            "\u{feff}<?xml version=\"1.0\"?><!-- a --><xml>\n <A><![CDATA[a<b> ]]]]><![CDATA[> d]]></A> <B>1 &amp; &#50;</B>\
             <C/><D><E>x</E><E>y</E></D><F> 42 </F></xml>\n"
                .as_bytes(),
        )
        .unwrap();
        assert_eq!(
            (root.name.as_str(), root.get("A"), root.get("B")),
            ("xml", Some("a<b> ]]> d"), Some("1 & 2"))
        );
        assert_eq!(
            (root.get("C"), root.get("Z"), root.number("F"), root.number("A")),
            (None, None, Some(42), None)
        );
        let nested: Vec<&str> =
            root.child("D").unwrap().children.iter().map(|child| child.text.as_str()).collect();
        assert_eq!(nested, ["x", "y"]);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(17), "</a>".repeat(17));
        let many = format!("<x>{}</x>", "<a/>".repeat(20_000));
        let long = format!("<x>{}</x>", "a".repeat(MAX_LEN));
        for bad in [
            "",
            "text",
            "<xml>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>text",
            "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
            "<!DOCTYPE a><a/>",
            "<a>&nbsp;</a>",
            "<a>&#0;</a>",
            "<a>&#xffffffff;</a>",
            "<?php ?><a/>",
            deep.as_str(),
            many.as_str(),
            long.as_str(),
        ] {
            assert_eq!(read(bad.as_bytes()), Err(Refused::Unreadable), "{}", &bad[..bad.len().min(80)]);
        }
        assert_eq!(read(b"<a>\xff</a>"), Err(Refused::Unreadable));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = "a ]]> b ]]]]>> <c>&amp;\u{0}\u{b}\n😀";
        let written = write(&[("A", Value::Text(text)), ("B", Value::Number(-7))]);
        let root = read(written.as_bytes()).unwrap();
        assert_eq!((root.get("A"), root.number("B")), (Some("a ]]> b ]]]]>> <c>&amp;\n😀"), Some(-7)));
    }
}
