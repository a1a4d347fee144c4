//! Parts that a case of a topic lacks.

use crate::kb::markdown::Parts;

/// What a case about a trouble has.
const TROUBLE: [&str; 6] = ["现象", "原因", "处理步骤", "验证", "预防", HANDOFF];
/// One of these tells a case about a trouble from any other.
const SIGNS: [&str; 2] = ["现象", "原因"];
/// Any other case has one of these.
const ANSWERS: [&str; 2] = ["回答", "处理步骤"];
/// Every case says when a human is better.
const HANDOFF: &str = "何时转人工";

/// What the case lacks, a sentence each.
pub fn check(case: &Parts) -> Vec<String> {
    let has = |part: &str| case.headings.iter().any(|heading| heading == part);
    let mut messages = Vec::new();
    let missing: Vec<&str> = match SIGNS.iter().any(|sign| has(sign)) {
        true => TROUBLE.into_iter().filter(|part| !has(part)).collect(),
        false => [HANDOFF].into_iter().filter(|part| !has(part)).collect(),
    };
    if !missing.is_empty() {
        messages.push(format!("the case lacks {}", missing.join(", ")));
    }
    if !SIGNS.iter().chain(&ANSWERS).any(|part| has(part)) {
        messages.push(format!("the case has neither {}", ANSWERS.join(" nor ")));
    }
    if !case.is_graded {
        messages.push("the case has no severity: write `级别: P2` (or P0, P1) below its 问法".to_owned());
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacks(headings: &[&str]) -> Vec<String> {
        let headings = headings.iter().map(|&heading| heading.to_owned()).collect();
        check(&Parts { line: 1, headings, is_graded: true })
    }

    #[test]
    fn a_trouble_has_six_parts_and_anything_else_two() {
        assert_eq!(lacks(&TROUBLE), Vec::<String>::new());
        assert_eq!(lacks(&["回答", "注意", HANDOFF]), Vec::<String>::new());
        assert_eq!(lacks(&["现象", "处理步骤", "验证"]), ["the case lacks 原因, 预防, 何时转人工"]);
        assert_eq!(lacks(&["处理步骤"]), ["the case lacks 何时转人工"]);
        assert_eq!(lacks(&["注意", HANDOFF]), ["the case has neither 回答 nor 处理步骤"]);
    }

    #[test]
    fn a_case_without_a_grade_is_told() {
        let ungraded =
            Parts { line: 1, headings: vec!["回答".to_owned(), HANDOFF.to_owned()], is_graded: false };
        assert!(check(&ungraded)[0].contains("no severity"));
    }
}
