//! Many rows as one JSON text, for `json_each`: one statement a table, whatever the number of rows.

use std::fmt::Write as _;

/// Rows on their way into one statement: `[[…],[…]]`.
pub struct Rows {
    json: String,
    count: usize,
}

/// One row on its way: columns in order, then [`Row::end`].
pub struct Row<'a> {
    json: &'a mut String,
}

impl Rows {
    /// No rows yet.
    pub fn new() -> Self {
        Self { json: "[".to_owned(), count: 0 }
    }

    /// One more row.
    pub fn row(&mut self) -> Row<'_> {
        self.json.push_str(if self.count == 0 { "[" } else { ",[" });
        self.count += 1;
        Row { json: &mut self.json }
    }

    /// How many rows there are.
    pub fn count(&self) -> u64 {
        self.count as u64
    }

    /// The text, or `None` where there are no rows.
    pub fn finish(mut self) -> Option<String> {
        self.json.push(']');
        (self.count > 0).then_some(self.json)
    }
}

impl Row<'_> {
    pub fn text(self, text: &str) -> Self {
        quote(self.json, text);
        self.next()
    }

    pub fn number(self, number: i64) -> Self {
        // Writing to a String cannot fail.
        let _ = write!(self.json, "{number}");
        self.next()
    }

    /// As hexadecimal digits, which the statement turns back with `unhex`.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.json.push('"');
        self.json.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
        self.json.push('"');
        self.next()
    }

    pub fn text_if(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    pub fn number_if(self, number: Option<i64>) -> Self {
        match number {
            Some(number) => self.number(number),
            None => self.null(),
        }
    }

    pub fn bytes_if(self, bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some(bytes) => self.bytes(bytes),
            None => self.null(),
        }
    }

    pub fn end(self) {
        // In place of the comma after the last column.
        self.json.pop();
        self.json.push(']');
    }

    fn null(self) -> Self {
        self.json.push_str("null");
        self.next()
    }

    fn next(self) -> Self {
        self.json.push(',');
        self
    }
}

fn digit(nibble: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(nibble)])
}

/// The text as a JSON string. Whole stretches are copied at once: most of a body needs no escape but its quotes.
fn quote(json: &mut String, text: &str) {
    json.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        json.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            byte @ (b'"' | b'\\') => json.extend(['\\', char::from(byte)]),
            byte => {
                let _ = write!(json, "\\u{byte:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    json.push_str(rest);
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_json() {
        let mut rows = Rows::new();
        let odd: String = (0..0x90).filter_map(char::from_u32).chain("云\"\\🙂".chars()).collect();
        rows.row().text(&odd).number(-7).bytes(&[0, 0xab, 0xff]).end();
        rows.row().text_if(None).number_if(None).bytes_if(None).end();
        let json: serde_json::Value = serde_json::from_str(&rows.finish().unwrap()).unwrap();
        assert_eq!(json, serde_json::json!([[odd, -7, "00abff"], [null, null, null]]));
        assert_eq!(Rows::new().finish(), None);
    }
}
