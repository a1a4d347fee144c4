//! Ways to ask that two cases share: a question in those words could be answered by either.

use std::collections::HashMap;

use super::Severity;
use crate::analyzer::normalize::fold;
use crate::id::CaseId;
use crate::kb::case::Case;
use crate::kb::read::Place;

/// The ways to ask so far, folded, each with the case that has it and where that stands.
#[derive(Default)]
pub struct Asked(HashMap<String, (CaseId, Place)>);

impl Asked {
    /// Remembers the title and the ways of a case; tells those that are known.
    pub fn check(&mut self, case: &Case, place: &Place) -> Vec<(Severity, String)> {
        let mut found = Vec::new();
        for way in std::iter::once(&case.title).chain(&case.questions) {
            let key = key(way);
            if key.is_empty() {
                continue;
            }
            match self.0.get(&key) {
                None => drop(self.0.insert(key, (case.id.clone(), place.clone()))),
                Some((id, _)) if *id == case.id => {
                    found.push((Severity::Warning, format!("the way to ask {way:?} stands here twice")));
                }
                Some((id, first)) => {
                    let message = format!("the way to ask {way:?} is also one of {id}, in {first}");
                    found.push((Severity::Error, message));
                }
            }
        }
        found
    }
}

/// Letters and digits alone: width, case, script and punctuation make no difference.
fn key(way: &str) -> String {
    let folded = fold(way);
    // Signs alone, such as `$?`, are compared as they are.
    match folded.chars().filter(|c| c.is_alphanumeric()).collect::<String>() {
        letters if letters.is_empty() => folded,
        letters => letters,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_words_are_found_whatever_their_form() {
        let case = |id: &str, title: &str, questions: &[&str]| -> Case {
            serde_json::from_value(json!({"id": id, "title": title, "questions": questions, "body": "b"}))
                .unwrap()
        };
        let place = Place { file: "t.md".to_owned(), line: Some(7) };
        let mut asked = Asked::default();
        assert_eq!(asked.check(&case("a", "SSH 连不上", &["登不上去"]), &place), []);
        let found = asked.check(&case("b", "別的", &["ｓｓｈ连不上？", "别的"]), &place);
        assert_eq!(found.len(), 2);
        assert!(found[0].0 == Severity::Error && found[0].1.contains("one of a, in t.md:7"), "{found:?}");
        assert!(found[1].0 == Severity::Warning && found[1].1.contains("twice"), "{found:?}");
    }
}
