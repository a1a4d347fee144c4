//! What a linear model sees of a message: its n-grams, its cues, pairs of cues in a clause, and its shape.
//!
//! A feature is named by its parts; the learner keeps the names, the program only their hashes.

use super::cue::{Cue, Cues};
use super::form::{Form, Sort, Unit};

/// How much the features of a group count together, so that a long message does not shout down its cues.
const NGRAMS: f32 = 2.0;
const CUES: f32 = 3.0;
const PAIRS: f32 = 2.0;
const SHAPE: f32 = 1.0;
/// Cues after a cue with which it makes a pair.
const PARTNERS: usize = 3;

/// Takes features: the parts of the name, and the group.
pub type Emit<'a> = &'a mut dyn FnMut(&[&str], Group);

/// Which features belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Units in a row.
    Ngram,
    /// One cue.
    Cue,
    /// Two cues in a clause.
    Pair,
    /// Length, marks.
    Shape,
}

/// All groups.
pub const GROUPS: [Group; 4] = [Group::Ngram, Group::Cue, Group::Pair, Group::Shape];

impl Group {
    /// What each of `count` features of the group weighs.
    pub fn value(self, count: usize) -> f32 {
        let (sum, free) = match self {
            Self::Ngram => (NGRAMS, 4.0),
            Self::Cue => (CUES, 6.0),
            Self::Pair => (PAIRS, 4.0),
            Self::Shape => (SHAPE, 4.0),
        };
        // A group with few features keeps the weight of each.
        sum / (count as f32).max(free).sqrt()
    }
}

/// All features of a message, some perhaps twice.
pub fn features(form: &Form, cues: &Cues, emit: Emit<'_>) {
    ngrams(&form.units, emit);
    let found = cues.find(form);
    for (place, cue) in found.iter().enumerate() {
        single(form, cues, &found, place, emit);
        pairs(cues, cue, &found[place + 1..], emit);
    }
    shape(form, &found, emit);
}

fn ngrams(units: &[Unit], emit: Emit<'_>) {
    let text = |at: usize| match at {
        0 => "^",
        at => units.get(at - 1).map_or("$", |unit| &unit.text),
    };
    for at in 1..=units.len() {
        emit(&["1", text(at)], Group::Ngram);
    }
    for at in 0..=units.len() {
        emit(&["2", text(at), text(at + 1)], Group::Ngram);
        if at < units.len() {
            emit(&["3", text(at), text(at + 1), text(at + 2)], Group::Ngram);
        }
    }
}

fn single(form: &Form, cues: &Cues, found: &[Cue<'_>], place: usize, emit: Emit<'_>) {
    let cue = &found[place];
    let whole = found.len() == 1 && cue.end - cue.start + 1 >= form.units.len();
    for &class in cue.classes {
        let name = cues.name(class);
        emit(&[if cue.negated { "not " } else { "cue " }, name], Group::Cue);
        if place == 0 && cue.start <= 2 {
            emit(&["first ", name], Group::Cue);
        }
        if place + 1 == found.len() && cue.end + 2 >= form.units.len() {
            emit(&["last ", name], Group::Cue);
        }
        if whole {
            emit(&["whole ", name], Group::Cue);
        }
    }
}

fn pairs(cues: &Cues, cue: &Cue<'_>, after: &[Cue<'_>], emit: Emit<'_>) {
    for (distance, other) in after.iter().take(PARTNERS).enumerate() {
        let kind = match (other.clause == cue.clause, distance) {
            (true, 0) => ">",
            (true, _) => ">>",
            (false, 0) => "|",
            (false, _) => return,
        };
        for (&one, &two) in cue.classes.iter().flat_map(|one| other.classes.iter().map(move |two| (one, two)))
        {
            emit(&["pair ", cues.name(one), kind, cues.name(two)], Group::Pair);
        }
    }
}

fn shape(form: &Form, found: &[Cue<'_>], emit: Emit<'_>) {
    let units = &form.units;
    let length = match units.len() {
        0..=2 => "2",
        3..=4 => "4",
        5..=7 => "7",
        8..=11 => "11",
        12..=17 => "17",
        18..=30 => "30",
        _ => "long",
    };
    emit(&["length ", length], Group::Shape);
    if form.shouts > 0 {
        emit(&["shouts ", if form.shouts > 1 { "many" } else { "one" }], Group::Shape);
    }
    if form.asks > 0 {
        emit(&["asks ", if form.asks > 1 { "many" } else { "one" }], Group::Shape);
    }
    let mut all = |sort: Sort, name: &str| {
        if !units.is_empty() && units.iter().all(|unit| unit.sort == sort) {
            emit(&["only ", name], Group::Shape);
        }
    };
    all(Sort::Symbol, "symbols");
    all(Sort::Word, "words");
    all(Sort::Named, "names");
    let covered: usize = found.iter().map(|cue| cue.end - cue.start).sum();
    let share = (covered * 4).checked_div(units.len()).unwrap_or(0).min(4);
    emit(&["covered ", ["0", "1", "2", "3", "4"][share]], Group::Shape);
    let babble = units.iter().filter(|unit| is_babble(unit)).count();
    if babble * 5 >= units.len() * 2 && babble >= 3 {
        emit(&["babble"], Group::Shape);
    }
}

/// Whether a character is made to write sounds: almost all with the mouth radical are (咕噜, 嘟嘟, 吧唧).
fn is_babble(unit: &Unit) -> bool {
    let mut chars = unit.text.chars();
    matches!(chars.next(), Some('\u{53e8}'..='\u{53f9}' | '\u{5410}'..='\u{565f}'))
        && !matches!(
            &*unit.text,
            "哪" | "员"
                | "吗"
                | "呢"
                | "吧"
                | "和"
                | "后"
                | "向"
                | "告"
                | "呀"
                | "命"
                | "品"
                | "响"
                | "商"
                | "啥"
                | "吃"
                | "问"
                | "否"
                | "启"
                | "听"
                | "哈"
                | "呵"
                | "嗯"
                | "哦"
                | "喂"
                | "嘛"
                | "呼"
                | "唤"
                | "啊"
                | "味"
                | "周"
                | "售"
                | "喜"
                | "嗨"
                | "嘻"
                | "嘿"
                | "同"
                | "名"
                | "君"
                | "含"
                | "哎"
                | "唉"
                | "哭"
                | "善"
        )
}

/// A hash of the parts of a name: FNV-1a, the same on every machine.
pub fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
