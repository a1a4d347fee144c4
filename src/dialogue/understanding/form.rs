//! The form of a message in which cues are looked for: folded, dialect words in their standard form, in units.
//!
//! A unit is one Chinese character, one word of other letters, a mark that says something (`?`, `!`, an emoji), a break
//! between clauses, or a placeholder for what is an instance and not a word: ids, addresses, versions, numbers.

use crate::analyzer::normalize::fold;

/// Units of a message that are looked at, from its beginning and from its end: what it is for is said there, and a
/// pasted log between them only costs time.
const BEGINNING: usize = 400;
const END: usize = 100;

/// A break between clauses.
pub const BREAK: &str = "|";

/// What sort of unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A Chinese character, or one of a script without spaces.
    Character,
    /// A word of letters, or a short number.
    Word,
    /// `?` or `!`.
    Mark,
    /// An emoji or another symbol.
    Symbol,
    /// [`BREAK`].
    Break,
    /// Something named by what it is, such as `<ip>`.
    Named,
}

/// One unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its text in the folded form, or its name.
    pub text: Box<str>,
    /// What it is.
    pub sort: Sort,
}

/// A message in units.
#[derive(Debug, Default)]
pub struct Form {
    /// The units, in order; never two breaks in a row, none at either end.
    pub units: Vec<Unit>,
    /// How many `!` there were, of any width.
    pub shouts: usize,
    /// How many `?` there were.
    pub asks: usize,
}

impl Form {
    /// The form of a message. Total: any text has one, an empty text an empty one.
    pub fn of(text: &str) -> Self {
        let folded = standard(&fold(text));
        let mut form = Self::default();
        let mut rest = folded.as_str();
        let mut spaced = false;
        while let Some(c) = rest.chars().next() {
            let taken = match c {
                c if c.is_whitespace() => {
                    if c == '\n' {
                        form.push(BREAK, Sort::Break);
                    }
                    c.len_utf8()
                }
                c if is_word(c) => form.push_word(rest),
                c => form.push_sign(c, spaced),
            };
            spaced = c.is_whitespace();
            rest = &rest[taken..];
        }
        form.trim();
        form
    }

    /// Takes the word that the text begins with; returns its length.
    fn push_word(&mut self, rest: &str) -> usize {
        let end = rest.find(|c: char| !continues_word(c)).unwrap_or(rest.len());
        let word = rest[..end].trim_end_matches(['.', '-', '_', ':', '/', '\'', '@', '%', '#']);
        let length = word.len().max(1);
        match name_of(&rest[..length]) {
            Some(name) => self.push(name, Sort::Named),
            None => {
                for part in rest[..length].split(['-', '_', ':', '/', '.', '@', '#']) {
                    if !part.is_empty() {
                        self.push(part, Sort::Word);
                    }
                }
            }
        }
        length
    }

    fn push_sign(&mut self, c: char, spaced: bool) -> usize {
        let mut buffer = [0; 4];
        let text: &str = c.encode_utf8(&mut buffer);
        match c {
            '?' => {
                self.asks += 1;
                self.push_once("?", Sort::Mark);
            }
            '!' => {
                self.shouts += 1;
                self.push_once("!", Sort::Mark);
            }
            c if is_character(c) => {
                // People who type without punctuation put a space where a clause ends.
                let after_character = self.units.last().is_some_and(|unit| unit.sort == Sort::Character);
                if spaced && after_character {
                    self.push(BREAK, Sort::Break);
                }
                self.push(text, Sort::Character);
            }
            '\u{fe0f}' | '\u{200d}' | '\u{1f3fb}'..='\u{1f3ff}' => {}
            '\u{2300}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => {
                self.push(text, Sort::Symbol);
            }
            _ => self.push(BREAK, Sort::Break),
        }
        c.len_utf8()
    }

    fn push_once(&mut self, text: &str, sort: Sort) {
        if self.units.last().is_none_or(|last| &*last.text != text) {
            self.push(text, sort);
        }
    }

    fn push(&mut self, text: &str, sort: Sort) {
        let breaks = |unit: Option<&Unit>| unit.is_none_or(|unit| unit.sort == Sort::Break);
        if sort == Sort::Break && breaks(self.units.last()) {
            return;
        }
        self.units.push(Unit { text: text.into(), sort });
    }

    fn trim(&mut self) {
        while self.units.last().is_some_and(|unit| unit.sort == Sort::Break) {
            self.units.pop();
        }
        if self.units.len() > BEGINNING + END {
            self.units.drain(BEGINNING..self.units.len() - END);
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || (c.is_alphabetic() && !is_character(c))
}

fn continues_word(c: char) -> bool {
    is_word(c) || matches!(c, '.' | '-' | '_' | ':' | '/' | '\'' | '@' | '%' | '*' | '#')
}

fn is_character(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

/// What a word is where it is no word: its name.
fn name_of(word: &str) -> Option<&'static str> {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let dots = word.bytes().filter(|&b| b == b'.').count();
    if word.contains("://") || word.starts_with("www.") {
        return Some("<url>");
    }
    if word.contains('*') && digits >= 4 {
        return Some("<masked>");
    }
    if word.contains('@') && dots > 0 && letters > 0 {
        return Some("<email>");
    }
    if digits == 0 {
        return None;
    }
    if letters == 0 && word.ends_with('%') {
        return Some("<percent>");
    }
    if letters == 0 && dots == 3 {
        return Some("<ip>");
    }
    if letters == 0 && dots > 0 {
        return Some("<version>");
    }
    if word.contains('-') && letters + digits >= 8 && is_id(word) {
        return Some(if word.len() >= 32 { "<request>" } else { "<id>" });
    }
    if letters == 0 && !word.contains('/') {
        return number(word);
    }
    (word.len() >= 16 && digits >= 4 && word.bytes().all(|b| b.is_ascii_alphanumeric())).then_some("<id>")
}

/// Whether a word with hyphens is an id: its last part mixes letters and digits.
fn is_id(word: &str) -> bool {
    let last = word.rsplit('-').next().unwrap_or(word);
    last.len() >= 5 && last.bytes().any(|b| b.is_ascii_digit())
}

fn number(word: &str) -> Option<&'static str> {
    let word = word.trim_start_matches('#');
    match word.len() {
        0..=2 => None,
        3 if matches!(word.as_bytes()[0], b'4' | b'5') => Some("<status>"),
        3 | 4 => Some("<number>"),
        5..=7 => Some("<digits>"),
        _ => Some("<long>"),
    }
}

/// Words of Cantonese in the written standard, longest first where one begins another.
const DIALECT: &[(&str, &str)] = &[
    ("唔该晒", "谢谢"),
    ("唔该", "谢谢"),
    ("唔使", "不用"),
    ("点解", "为什么"),
    ("点样", "怎么"),
    ("点搞", "怎么办"),
    ("而家", "现在"),
    ("依家", "现在"),
    ("边度", "哪里"),
    ("边个", "哪个"),
    ("系咪", "是不是"),
    ("几耐", "多久"),
    ("几多", "多少"),
    ("仲", "还"),
    ("得闲", "有空"),
    ("头先", "刚才"),
    ("啱啱", "刚刚"),
    ("死火", "糟了"),
    ("倾", "聊"),
    ("唔", "不"),
    ("嘅", "的"),
    ("咗", "了"),
    ("冇", "没"),
    ("喺", "在"),
    ("咁", "这么"),
    ("俾", "给"),
    ("畀", "给"),
    ("睇", "看"),
    ("揾", "找"),
    ("搵", "找"),
    ("拣", "选"),
    ("嘢", "事"),
    ("乜", "什么"),
    ("喇", "了"),
    ("啲", "些"),
    ("佢", "他"),
    ("冚", "全"),
    ("哋", "们"),
];

fn standard(folded: &str) -> String {
    let mut out = String::with_capacity(folded.len());
    let mut rest = folded;
    while let Some(c) = rest.chars().next() {
        let known =
            (c > '\u{2e80}').then(|| DIALECT.iter().find(|(from, _)| rest.starts_with(from))).flatten();
        match (known, c) {
            (Some((from, to)), _) => {
                out.push_str(to);
                rest = &rest[from.len()..];
                continue;
            }
            (None, '\u{2019}') => out.push('\''),
            (None, c) => out.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> Vec<String> {
        Form::of(text).units.iter().map(|unit| unit.text.to_string()).collect()
    }

    #[test]
    fn characters_words_and_marks() {
        assert_eq!(units("ECS 連不上！！急？"), ["ecs", "连", "不", "上", "!", "急", "?"]);
        assert_eq!(units("好了 谢谢。"), ["好", "了", "|", "谢", "谢"]);
        assert_eq!(units("I don’t know"), ["i", "don't", "know"]);
    }

    #[test]
    fn what_is_no_word_goes_by_its_name() {
        assert_eq!(units("ip 10.0.0.1"), ["ip", "<ip>"]);
        assert_eq!(units("i-bp1a9c3k7xw2m4d6e8f0 v1.20"), ["<id>", "v1", "20"]);
        assert_eq!(units("报 502"), ["报", "<status>"]);
        assert_eq!(units("138****6621"), ["<masked>"]);
    }

    #[test]
    fn cantonese_is_read_as_the_standard() {
        assert_eq!(units("唔該晒"), ["谢", "谢"]);
        assert_eq!(units("點解連唔到"), ["为", "什", "么", "连", "不", "到"]);
    }

    #[test]
    fn a_long_text_is_cut_in_the_middle() {
        assert_eq!(Form::of(&"错".repeat(100_000)).units.len(), BEGINNING + END);
        assert!(Form::of("。，、").units.is_empty());
    }
}
