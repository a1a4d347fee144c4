//! Chinese words: jieba with the user dictionary, and pairs of characters where the dictionary knows no word.

use jieba_rs::Jieba;

/// Cuts runs of simplified Chinese into words.
pub struct Segmenter {
    jieba: Jieba,
}

/// One word of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// The word.
    pub text: &'a str,
    /// Which word of the run it is, or begins at.
    pub position: u32,
    /// Whether it is a piece of a longer word, or a pair of characters that the dictionary left alone.
    pub partial: bool,
}

impl Segmenter {
    /// The general dictionary with `terms` on top; a term's frequency is worked out so that it is kept whole.
    pub fn new<'a>(terms: impl Iterator<Item = (&'a str, Option<usize>)>) -> Self {
        let mut jieba = Jieba::new();
        for (term, frequency) in terms {
            jieba.add_word(term, frequency, None);
        }
        Self { jieba }
    }

    /// The words of one run in order, longest first where they overlap. Returns how many positions the run takes.
    ///
    /// No hidden Markov model: it guesses differently in different sentences, and a word that is cut one way in the
    /// case and another way in the question is lost. Single characters side by side are paired instead.
    pub fn words<'a>(&self, run: &'a str, emit: &mut dyn FnMut(Word<'a>)) -> u32 {
        let mut position = 0;
        let mut single: Option<usize> = None;
        for token in self.jieba.cut(run, false) {
            let start = token.word.as_ptr() as usize - run.as_ptr() as usize;
            let chars = token.word.chars().count();
            if chars > 1 {
                single = None;
                emit(Word { text: token.word, position, partial: false });
                if chars > 2 {
                    self.pieces(token.word, position, emit);
                }
            } else {
                if let Some(before) = single {
                    emit(Word {
                        text: &run[before..start + token.word.len()],
                        position: position - 1,
                        partial: true,
                    });
                }
                emit(Word { text: token.word, position, partial: false });
                single = Some(start);
            }
            position += 1;
        }
        position
    }

    /// Dictionary words inside a longer word: 负载均衡 holds 负载 and 均衡.
    fn pieces<'a>(&self, word: &'a str, position: u32, emit: &mut dyn FnMut(Word<'a>)) {
        let mut bounds = [0usize; 33];
        let mut n = 0;
        for (i, _) in word.char_indices().take(32) {
            bounds[n] = i;
            n += 1;
        }
        bounds[n] = word.len();
        for length in [2, 3] {
            for i in 0..(n + 1).saturating_sub(length) {
                let piece = &word[bounds[i]..bounds[i + length]];
                if length < n && self.jieba.has_word(piece) {
                    emit(Word { text: piece, position, partial: true });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_of_the_user_dictionary_stays_whole_and_its_pieces_are_found() {
        let segmenter = Segmenter::new([("弹性公网", None)].into_iter());
        let mut seen = Vec::new();
        segmenter.words("弹性公网和安全", &mut |w| seen.push((w.text, w.partial)));
        assert!(seen.contains(&("弹性公网", false)), "{seen:?}");
        assert!(seen.contains(&("弹性", true)), "{seen:?}");
    }
}
