//! Why a case was found, in one or two lines for people.

use crate::retrieval::explain::{Explanation, Field, Match, Way};
use crate::texts::{Text, Texts};

use super::terminal::{Ink, Terminal, columns, cut, harmless};

/// Columns by which the lines are set in.
const INDENT: usize = 4;

/// What the case says of the question, and what it does not; each one line that fits the terminal.
pub fn lines(texts: &Texts, terminal: Terminal, explanation: &Explanation) -> Vec<String> {
    let matched: Vec<String> = explanation.matches.iter().map(|found| word(texts, found)).collect();
    let missing: Vec<String> = explanation.missing.iter().map(|word| harmless(word)).collect();
    let kinds = [(Ink::Good, &texts.matched, matched), (Ink::Warning, &texts.missing, missing)];
    let line = |(ink, name, words): (Ink, &Text, Vec<String>)| {
        let room = terminal.width.saturating_sub(INDENT + columns(name.as_str()) + 1);
        let words = cut(&words.join("  "), room);
        format!("{:INDENT$}{} {words}", "", terminal.out.paint(ink, name.as_str()))
    };
    kinds.into_iter().filter(|(_, _, words)| !words.is_empty()).map(line).collect()
}

fn word(texts: &Texts, found: &Match) -> String {
    let typed = harmless(&found.typed);
    let fields = found.fields.iter().map(|&field| name(texts, field));
    let fields = fields.collect::<Vec<_>>().join(texts.comma.as_str());
    match found.way {
        Way::Itself => format!("{typed}[{fields}]"),
        Way::Synonym => format!("{typed}≈{}[{}; {fields}]", harmless(&found.found), texts.way_synonym),
        Way::Sound => format!("{typed}≈{}[{}; {fields}]", harmless(&found.found), texts.way_sound),
    }
}

fn name(texts: &Texts, field: Field) -> &str {
    match field {
        Field::Title => &texts.field_title,
        Field::Questions => &texts.field_questions,
        Field::Document => &texts.field_document,
        Field::Names => &texts.field_names,
        Field::Body => &texts.field_body,
    }
    .as_str()
}
