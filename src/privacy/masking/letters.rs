//! A text as the letters that detectors look at: full width folded to ASCII, and where each letter stands.

use std::ops::Range;

/// The letters of a text. A place outside of it reads as NUL, so that detectors need no bounds.
pub(super) struct Letters<'a> {
    text: &'a str,
    folded: Vec<char>,
    starts: Vec<usize>,
}

impl<'a> Letters<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut folded = Vec::with_capacity(text.len());
        let mut starts = Vec::with_capacity(text.len() + 1);
        for (start, letter) in text.char_indices() {
            folded.push(fold(letter));
            starts.push(start);
        }
        starts.push(text.len());
        Self { text, folded, starts }
    }

    pub(super) fn len(&self) -> usize {
        self.folded.len()
    }

    /// The letter at a place.
    pub(super) fn get(&self, at: usize) -> char {
        self.folded.get(at).copied().unwrap_or('\0')
    }

    /// The letter before a place.
    pub(super) fn before(&self, at: usize) -> char {
        at.checked_sub(1).map_or('\0', |at| self.get(at))
    }

    /// The letters of a range, which ends with the text at the latest.
    pub(super) fn slice(&self, range: Range<usize>) -> &[char] {
        self.folded.get(range.start..range.end.min(self.len())).unwrap_or_default()
    }

    /// The letters from a place on.
    pub(super) fn from(&self, at: usize) -> &[char] {
        self.folded.get(at..).unwrap_or_default()
    }

    /// Where the letters for which `accept` holds end, from a place on, at most `most` of them.
    pub(super) fn run(&self, at: usize, most: usize, accept: impl Fn(char) -> bool) -> usize {
        at + self.from(at).iter().take(most).take_while(|&&letter| accept(letter)).count()
    }

    /// The text from a place on begins with this ASCII or Chinese text; ASCII in any case. `word` is in lower case.
    pub(super) fn says(&self, at: usize, word: &str) -> bool {
        let letters = self.from(at);
        let mut count = 0;
        word.chars().all(|expected| {
            count += 1;
            letters.get(count - 1).is_some_and(|letter| letter.to_ascii_lowercase() == expected)
        })
    }

    /// The text up to a place ends with this.
    pub(super) fn said_before(&self, at: usize, word: &str) -> bool {
        at.checked_sub(word.chars().count()).is_some_and(|start| self.says(start, word))
    }

    /// The four letters before a place are the mark of a mask.
    pub(super) fn masked_before(&self, at: usize) -> bool {
        self.before(at) == '*' && self.said_before(at, super::MASK)
    }

    /// The four letters from a place on are the mark of a mask.
    pub(super) fn masked_after(&self, at: usize) -> bool {
        self.says(at, super::MASK)
    }

    /// As it was written.
    pub(super) fn original(&self, range: Range<usize>) -> &'a str {
        &self.text[self.bytes(range)]
    }

    /// The same range in bytes of the text.
    pub(super) fn bytes(&self, range: Range<usize>) -> Range<usize> {
        let end = self.starts[range.end.min(self.len())];
        self.starts[range.start.min(self.len())].min(end)..end
    }

    /// Whether the letter at a place was written as a full-width punctuation mark, which ends what stands before it.
    pub(super) fn is_wide(&self, at: usize) -> bool {
        at < self.len() && self.text[self.starts[at]..].starts_with(|c: char| !c.is_ascii())
    }
}

/// ASCII letters, digits and the low line: what names are made of.
pub(super) fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn fold(letter: char) -> char {
    match letter {
        // Full-width forms stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
        '\u{3000}' | '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2018}' | '\u{2019}' => '\'',
        _ => letter,
    }
}
