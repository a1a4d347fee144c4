//! Cards: for each case, what ranking needs and no more: names to show, and its terms in order, as numbers.
//!
//! Cards stand in one append-only file. A card is: its length, one byte of the kinds of question that the title asks,
//! eight bytes of a number for its document, the texts (id, product, title, each with its length), then for each [`Section`] the length in bytes and the terms. A term is its number shifted
//! left by one, with the low bit set where it begins a new position; number 0 stands between phrases. All numbers are
//! LEB128.

use crate::id::CaseId;

/// The parts of a case that ranking tells apart, in the order in which they stand on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The title.
    Title,
    /// Other ways to ask.
    Questions,
    /// The document's title.
    Document,
    /// Product name, category and tags.
    Names,
    /// The answer.
    Body,
}

/// How many sections there are.
pub const SECTIONS: usize = 5;

/// Positions of the body that the card holds; what comes later is found but counts less.
pub const BODY_POSITIONS: u32 = 160;

/// Appends a number in LEB128.
pub fn put_number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Takes a number in LEB128 off the front; 0 where the bytes have ended, so that a torn card reads as an empty one.
#[inline]
pub fn take_number(bytes: &mut &[u8]) -> u32 {
    // Nearly every number takes one, two or three bytes.
    match **bytes {
        [a, ..] if a < 0x80 => {
            *bytes = &bytes[1..];
            u32::from(a)
        }
        [a, b, ..] if b < 0x80 => {
            *bytes = &bytes[2..];
            u32::from(a & 0x7f) | u32::from(b) << 7
        }
        [a, b, c, ..] if c < 0x80 => {
            *bytes = &bytes[3..];
            u32::from(a & 0x7f) | u32::from(b & 0x7f) << 7 | u32::from(c) << 14
        }
        _ => take_long_number(bytes),
    }
}

#[cold]
fn take_long_number(bytes: &mut &[u8]) -> u32 {
    let (mut n, mut shift) = (0u64, 0);
    while let Some((&b, rest)) = bytes.split_first() {
        *bytes = rest;
        n |= u64::from(b & 0x7f) << shift;
        if b < 0x80 {
            break;
        }
        shift = (shift + 7) & 63;
    }
    n as u32
}

fn take_bytes<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let length = (take_number(bytes) as usize).min(bytes.len());
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

/// The fixed part of a card: what ranking asks of every candidate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// Kinds of question that the title asks, as [`crate::analyzer::asking::kinds`] tells.
    pub asks: u8,
    /// A number for the document of the product; cases of one document share it.
    pub document: u64,
    id: &'a [u8],
    product: &'a [u8],
    title: &'a [u8],
}

impl<'a> Head<'a> {
    /// The head of a card about to be written.
    pub fn new(id: &'a str, product: &'a str, title: &'a str, document: u64, asks: u8) -> Self {
        Self { asks, document, id: id.as_bytes(), product: product.as_bytes(), title: title.as_bytes() }
    }

    /// The case's id.
    pub fn id(&self) -> &'a str {
        text(self.id)
    }

    /// Its product code, as bytes: for comparing.
    pub fn product_bytes(&self) -> &'a [u8] {
        self.product
    }

    /// Its product code.
    pub fn product(&self) -> &'a str {
        text(self.product)
    }

    /// Its title.
    pub fn title(&self) -> &'a str {
        text(self.title)
    }

    fn take(bytes: &mut &'a [u8]) -> Self {
        let Some((&asks, rest)) = bytes.split_first() else { return Self::default() };
        let Some((document, rest)) = rest.split_first_chunk::<8>() else { return Self::default() };
        *bytes = rest;
        Self {
            asks,
            document: u64::from_le_bytes(*document),
            id: take_bytes(bytes),
            product: take_bytes(bytes),
            title: take_bytes(bytes),
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("")
}

/// A card being written.
#[derive(Default)]
pub struct CardBuilder {
    bytes: Vec<u8>,
    section: Vec<u8>,
}

impl CardBuilder {
    /// A card with its head.
    pub fn new(head: Head<'_>) -> Self {
        let mut bytes = Vec::with_capacity(1024);
        bytes.push(head.asks);
        bytes.extend_from_slice(&head.document.to_le_bytes());
        for text in [head.id, head.product, head.title] {
            put_number(&mut bytes, text.len() as u64);
            bytes.extend_from_slice(text);
        }
        Self { bytes, section: Vec::with_capacity(1024) }
    }

    /// Adds a term of the current section.
    pub fn term(&mut self, number: u32, new_position: bool) {
        put_number(&mut self.section, u64::from(number) << 1 | u64::from(new_position));
    }

    /// Ends the current section; called [`SECTIONS`] times.
    pub fn end_section(&mut self) {
        put_number(&mut self.bytes, self.section.len() as u64);
        self.bytes.append(&mut self.section);
    }

    /// The card with its own length before it.
    pub fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 4);
        put_number(&mut out, self.bytes.len() as u64);
        out.extend(self.bytes);
        out
    }
}

/// A card read where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Card<'a> {
    /// What it says in words.
    pub head: Head<'a>,
    sections: &'a [u8],
}

impl<'a> Card<'a> {
    /// The card at an offset. Never panics; bytes that are no card read as an empty one.
    pub fn at(bytes: &'a [u8], offset: u64) -> Self {
        let mut rest = usize::try_from(offset).ok().and_then(|o| bytes.get(o..)).unwrap_or(&[]);
        let mut card = take_bytes(&mut rest);
        let head = Head::take(&mut card);
        Self { head, sections: card }
    }

    /// The case's id; `None` for a torn card.
    pub fn id(&self) -> Option<CaseId> {
        CaseId::parse(self.head.id())
    }

    /// Every section's terms in order: `(number, begins a new position)`.
    #[inline]
    pub fn sections(&self) -> [Terms<'a>; SECTIONS] {
        let mut rest = self.sections;
        std::array::from_fn(|_| Terms(take_bytes(&mut rest)))
    }
}

/// The terms of one section.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms<'a>(&'a [u8]);

impl Terms<'_> {
    /// Whether there are no more terms.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The terms up to the end of the phrase, which are taken off.
    pub fn next_phrase(&mut self) -> Self {
        let whole = self.0;
        loop {
            let before = self.0.len();
            match self.next() {
                None | Some((0, _)) => return Self(&whole[..whole.len() - before]),
                Some(_) => {}
            }
        }
    }
}

impl Iterator for Terms<'_> {
    type Item = (u32, bool);

    #[inline]
    fn next(&mut self) -> Option<(u32, bool)> {
        if self.0.is_empty() {
            return None;
        }
        let n = take_number(&mut self.0);
        Some((n >> 1, n & 1 == 1))
    }
}
