//! Text to terms, purely: normalization, identifiers, words, stop words, synonyms, homophones.
//!
//! Never reads files or the clock: dictionaries come in as text. The same [`Analyzer`] cuts cases and questions, so
//! that what is written one way in both is found. Start at [`Analyzer::terms`].

pub mod asking;
pub mod homophone;
pub mod identifier;
pub mod normalize;
pub mod script;
pub mod segment;
pub mod synonym;
pub mod words;

use unicode_segmentation::UnicodeSegmentation;

use identifier::{MAX_TOKEN, Piece};
use script::{Run, Script};
use segment::Segmenter;
use words::Words;

/// What a term is, which decides how much it can weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A Chinese word of the dictionary, or a single character that belongs to none.
    Word,
    /// A word inside a longer one, or a pair of single characters.
    Piece,
    /// An English word or a number.
    Latin,
    /// An identifier with connectors or humps, whole.
    Identifier,
    /// A part of an identifier.
    Part,
}

/// One term of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term<'a> {
    /// The term, folded.
    pub text: &'a str,
    /// Which word of the text it is or begins at; pieces share the position of their whole.
    pub position: u32,
    /// What it is.
    pub kind: Kind,
}

/// Cuts text into terms. Immutable and shared; a changed dictionary makes a new one.
pub struct Analyzer {
    segmenter: Segmenter,
    words: Words,
}

impl Analyzer {
    /// An analyzer over the given word files.
    pub fn new(words: Words) -> Self {
        let segmenter = Segmenter::new(words.terms.iter().map(|t| (t.text.as_str(), t.frequency)));
        Self { segmenter, words }
    }

    /// The words it was made from.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// Every term of the text in order of position, to `emit`. Returns how many positions the text takes.
    ///
    /// Total: any text is cut, and every letter and digit of it is in some term, but for tokens over
    /// [`MAX_TOKEN`] bytes, of which only the parts that fit are kept.
    pub fn terms(&self, text: &str, emit: &mut dyn FnMut(Term<'_>)) -> u32 {
        let mut unified = String::with_capacity(text.len());
        normalize::unify_into(text, &mut unified);
        let mut position = 0;
        let mut chain = Chain::default();
        for run in script::runs(&unified) {
            if let Some(whole) = chain.push(&unified, run) {
                emit_chain(whole, position, emit);
            }
            chain.begin_if_new(run);
            position += self.run(&unified[run.start..run.end], run.script, position, emit);
        }
        if let Some(whole) = chain.finish(&unified) {
            emit_chain(whole, position, emit);
        }
        position
    }

    fn run(&self, run: &str, script: Script, base: u32, emit: &mut dyn FnMut(Term<'_>)) -> u32 {
        match script {
            Script::Han => self.segmenter.words(run, &mut |word| {
                let kind = if word.partial { Kind::Piece } else { Kind::Word };
                emit(Term { text: word.text, position: base + word.position, kind });
            }),
            Script::Ascii => {
                let whole = if identifier::is_plain(run) { Kind::Latin } else { Kind::Identifier };
                identifier::pieces(run, &mut |text, piece, part| {
                    let kind = match piece {
                        Piece::Whole => whole,
                        Piece::Joined => Kind::Identifier,
                        Piece::Part => Kind::Part,
                    };
                    emit(Term { text, position: base + part, kind });
                })
            }
            Script::Other => other_words(run, base, emit),
        }
    }
}

/// Words of other scripts by UAX 29; case folded, because only ASCII and Chinese were folded before.
fn other_words(run: &str, base: u32, emit: &mut dyn FnMut(Term<'_>)) -> u32 {
    let folded = normalize::fold(run);
    let mut position = 0;
    // By our own notion of a letter, not the table's: the two may know different versions of Unicode.
    for word in folded.split_word_bounds().filter(|word| word.chars().any(char::is_alphanumeric)) {
        for piece in char_chunks(word, MAX_TOKEN) {
            emit(Term { text: piece, position: base + position, kind: Kind::Latin });
            position += 1;
        }
    }
    position.max(1)
}

/// The text in pieces of at most `max` bytes, cut between characters.
fn char_chunks(text: &str, max: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(max);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

fn emit_chain(whole: &str, position: u32, emit: &mut dyn FnMut(Term<'_>)) {
    let folded = normalize::fold(whole);
    emit(Term { text: &folded, position: position.saturating_sub(1), kind: Kind::Identifier });
}

/// Collects runs that single connectors join across scripts, such as `传感器-温度-TH01`: a name, kept whole as well.
#[derive(Default)]
struct Chain {
    start: usize,
    end: usize,
    joined: bool,
    han: bool,
}

impl Chain {
    /// Adds a run. Where the run does not continue the chain, the chain so far is returned if it is a name.
    fn push<'a>(&mut self, text: &'a str, run: Run) -> Option<&'a str> {
        let gap = &text[self.end.min(run.start)..run.start];
        if self.end > self.start && matches!(gap, "-" | "_") {
            self.end = run.end;
            self.joined = true;
            self.han |= run.script == Script::Han;
            return None;
        }
        self.finish(text)
    }

    fn begin_if_new(&mut self, run: Run) {
        if self.end <= self.start {
            *self = Self { start: run.start, end: run.end, joined: false, han: run.script == Script::Han };
        }
    }

    fn finish<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let chain = std::mem::take(self);
        let whole = text.get(chain.start..chain.end)?;
        (chain.joined && chain.han && whole.len() <= MAX_TOKEN).then_some(whole)
    }
}

impl Analyzer {
    /// Whether a folded term never decides a match: a stop word, or politeness.
    pub fn is_stop(&self, term: &str) -> bool {
        self.words.stop.contains(term)
    }
}

#[cfg(test)]
mod tests;
