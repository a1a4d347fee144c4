//! A guided diagnosis: questions with what may be seen, each path ending in a remedy or with a human; no file in it.
//!
//! Start at [`Guide`]. It is valid by construction, also when it is deserialised: every path ends, and ends soon.

mod error;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::CaseId;

pub use error::GuideError;

/// The folder of the trees, with which the ids of their cases begin.
pub const FOLDER: &str = "diagnosis/";
/// The key under which a case carries its tree.
pub const KEY: &str = "guide";
/// More questions in a row than this nobody answers.
pub const MOST_DEEP: usize = 6;
/// More options than this are not taken in at one glance.
pub const MOST_OPTIONS: usize = 5;
/// Longest label in characters: what a menu of a chat platform shows.
pub const LONGEST_LABEL: usize = 20;
/// With what the label of the last option of every step begins: nobody must be stuck.
pub const UNSURE: &str = "不确定";
/// Longest text of a step or a remedy in bytes: what a chat platform shows in a message or two.
pub const LONGEST_TEXT: usize = 4_000;
/// More steps or ends than any tree that people can overlook.
pub const MOST_NODES: usize = 40;

/// Whether a case of this id may carry a tree.
pub fn may_guide(id: &CaseId) -> bool {
    id.as_str().starts_with(FOLDER)
}

/// A tree. Every option leads somewhere, everything can be reached, no path goes in a circle or is too long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Draft", into = "Draft")]
pub struct Guide {
    draft: Draft,
}

/// A tree as it is written down; nothing is checked yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The first step.
    pub start: String,
    /// Steps by name.
    pub steps: BTreeMap<String, Step>,
    /// Ends by name.
    pub ends: BTreeMap<String, DraftEnd>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is looked at, in a few words: heads the finding.
    pub about: String,
    /// What to do and what to look at, in Markdown.
    pub ask: String,
    /// What may be seen; the last is for who cannot tell.
    pub options: Vec<Seen>,
}

/// One thing that may be seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// In a few words.
    pub label: String,
    /// The step or end that it leads to.
    pub next: String,
}

/// An end as it is written down: a cause with its remedy, or why a human is needed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftEnd {
    /// What was found, in one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// What to do about it, in Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// A case that says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// What is suspected, where a human has to look at it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub handoff: String,
}

/// What an option leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node<'a> {
    /// Another question.
    Step(&'a Step),
    /// A cause and its remedy.
    Remedy {
        /// What was found.
        cause: &'a str,
        /// What to do.
        text: &'a str,
        /// Says more.
        case: Option<&'a str>,
    },
    /// A human, who is told what is suspected.
    Handoff {
        /// What is suspected.
        suspected: &'a str,
    },
}

impl TryFrom<Draft> for Guide {
    type Error = GuideError;

    fn try_from(draft: Draft) -> Result<Self, GuideError> {
        if draft.steps.len() > MOST_NODES || draft.ends.len() > MOST_NODES {
            return Err(GuideError::TooLarge);
        }
        draft.steps.iter().try_for_each(|(name, step)| step.check(name, &draft))?;
        draft.ends.iter().try_for_each(|(name, end)| end.check(name))?;
        if !draft.steps.contains_key(&draft.start) {
            return Err(GuideError::Nowhere { from: "start".to_owned(), to: draft.start });
        }
        let mut walk = Walk { draft: &draft, open: Vec::new(), depths: BTreeMap::new(), order: Vec::new() };
        walk.depth(&draft.start)?;
        let reached: BTreeSet<&str> = walk.order.iter().copied().collect();
        let mut all = draft.steps.keys().chain(draft.ends.keys());
        if let Some(name) = all.find(|name| !reached.contains(name.as_str())) {
            return Err(GuideError::Unreachable(name.clone()));
        }
        Ok(Self { draft })
    }
}

impl From<Guide> for Draft {
    fn from(guide: Guide) -> Self {
        guide.draft
    }
}

impl Guide {
    /// The name of the first step.
    pub fn start(&self) -> &str {
        &self.draft.start
    }

    /// A step by its name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.draft.steps.get(name)
    }

    /// A step or end by its name.
    pub fn node(&self, name: &str) -> Option<Node<'_>> {
        let end = || self.draft.ends.get(name).map(DraftEnd::node);
        self.draft.steps.get(name).map(Node::Step).or_else(end)
    }

    /// All that it can tell apart, in the order of its options.
    pub fn ends(&self) -> Vec<Node<'_>> {
        let mut walk =
            Walk { draft: &self.draft, open: Vec::new(), depths: BTreeMap::new(), order: Vec::new() };
        // It was walked through when it was made.
        let _ = walk.depth(&self.draft.start);
        walk.order.iter().filter_map(|name| self.draft.ends.get(*name)).map(DraftEnd::node).collect()
    }

    /// The cases that say more, with the ends that name them.
    pub fn cases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.draft.ends.iter().filter_map(|(name, end)| Some((name.as_str(), end.case.as_deref()?)))
    }
}

impl Step {
    fn check(&self, name: &str, draft: &Draft) -> Result<(), GuideError> {
        if draft.ends.contains_key(name) {
            return Err(GuideError::Twice(name.to_owned()));
        }
        fits(&self.about, name, "about")?;
        fits(&self.ask, name, "ask")?;
        if !(2..=MOST_OPTIONS).contains(&self.options.len()) {
            return Err(GuideError::Options(name.to_owned()));
        }
        for (at, Seen { label, next }) in self.options.iter().enumerate() {
            let length = label.trim().chars().count();
            let before = self.options.iter().take(at).any(|other| other.label == *label);
            if length == 0 || length > LONGEST_LABEL || before {
                return Err(GuideError::Label { at: name.to_owned(), label: label.clone() });
            }
            if !draft.steps.contains_key(next) && !draft.ends.contains_key(next) {
                return Err(GuideError::Nowhere { from: name.to_owned(), to: next.clone() });
            }
        }
        let unsure = self.options.last().is_some_and(|last| last.label.starts_with(UNSURE));
        if unsure { Ok(()) } else { Err(GuideError::Unsure(name.to_owned())) }
    }
}

impl DraftEnd {
    fn check(&self, name: &str) -> Result<(), GuideError> {
        match (self.handoff.is_empty(), self.remedy.is_empty()) {
            (true, false) => {
                fits(&self.cause, name, "cause")?;
                fits(&self.remedy, name, "remedy")
            }
            (false, true) if self.cause.is_empty() && self.case.is_none() => {
                fits(&self.handoff, name, "handoff")
            }
            _ => Err(GuideError::Neither(name.to_owned())),
        }
    }

    fn node(&self) -> Node<'_> {
        match self.handoff.is_empty() {
            true => Node::Remedy { cause: &self.cause, text: &self.remedy, case: self.case.as_deref() },
            false => Node::Handoff { suspected: &self.handoff },
        }
    }
}

fn fits(text: &str, at: &str, key: &'static str) -> Result<(), GuideError> {
    match text.trim().is_empty() || text.len() > LONGEST_TEXT {
        true => Err(GuideError::Text { at: at.to_owned(), key }),
        false => Ok(()),
    }
}

/// A walk over all paths. No deeper than there are steps, which are few.
struct Walk<'a> {
    draft: &'a Draft,
    open: Vec<&'a str>,
    depths: BTreeMap<&'a str, usize>,
    order: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    /// How many questions follow at most, this one counted.
    fn depth(&mut self, name: &'a str) -> Result<usize, GuideError> {
        if self.open.contains(&name) {
            return Err(GuideError::Circle(name.to_owned()));
        }
        if let Some(depth) = self.depths.get(name) {
            return Ok(*depth);
        }
        self.order.push(name);
        let draft = self.draft;
        let Some(step) = draft.steps.get(name) else {
            self.depths.insert(name, 0);
            return Ok(0);
        };
        self.open.push(name);
        let mut deepest = 0;
        for option in &step.options {
            deepest = deepest.max(self.depth(&option.next)?);
        }
        self.open.pop();
        self.depths.insert(name, deepest + 1);
        if deepest + 1 > MOST_DEEP {
            return Err(GuideError::TooDeep(name.to_owned()));
        }
        Ok(deepest + 1)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn step(next: &[(&str, &str)]) -> Value {
        let options: Vec<Value> =
            next.iter().map(|(label, next)| json!({"label": label, "next": next})).collect();
        json!({"about": "端口", "ask": "看端口", "options": options})
    }

    fn tree() -> Value {
        json!({
            "start": "port",
            "steps": {"port": step(&[("通", "login"), ("不通", "group"), ("不确定", "human")]),
                "login": step(&[("能登录", "group"), ("不确定", "human")])},
            "ends": {"group": {"cause": "安全组没有放行", "remedy": "放行端口", "case": "a#b"},
                "human": {"handoff": "网络不通"}},
        })
    }

    fn wrong(change: impl FnOnce(&mut Value)) -> String {
        let mut tree = tree();
        change(&mut tree);
        serde_json::from_value::<Guide>(tree).unwrap_err().to_string()
    }

    #[test]
    fn a_tree_comes_back_as_it_was() {
        let guide: Guide = serde_json::from_value(tree()).unwrap();
        assert_eq!(serde_json::to_value(&guide).unwrap(), tree());
        assert_eq!(guide.ends().len(), 2);
        assert_eq!(guide.cases().collect::<Vec<_>>(), [("group", "a#b")]);
        assert!(matches!(guide.node("human"), Some(Node::Handoff { suspected: "网络不通" })));
        assert!(guide.node("nothing").is_none());
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        assert!(wrong(|t| t["start"] = json!("no")).contains("`start` leads to `no`"));
        let next = |t: &mut Value, to| t["steps"]["login"]["options"][0]["next"] = json!(to);
        assert!(wrong(|t| next(t, "no")).contains("`login` leads to `no`"));
        assert!(wrong(|t| next(t, "port")).contains("comes back"));
        assert!(wrong(|t| t["ends"]["spare"] = json!({"handoff": "x"})).contains("leads to `spare`"));
        assert!(wrong(|t| t["ends"]["port"] = json!({"handoff": "x"})).contains("a step and an end"));
        assert!(wrong(|t| t["ends"]["human"] = json!({})).contains("either"));
        assert!(wrong(|t| t["ends"]["group"]["cause"] = json!(" ")).contains("`cause`"));
        assert!(wrong(|t| t["steps"]["port"]["ask"] = json!("")).contains("`ask`"));
        assert!(wrong(|t| t["steps"]["port"]["options"][2]["label"] = json!("别的")).contains("不确定"));
        let label = |t: &mut Value, label: String| t["steps"]["port"]["options"][1]["label"] = json!(label);
        assert!(wrong(|t| label(t, "通".to_owned())).contains("only once"));
        assert!(wrong(|t| label(t, "通".repeat(21))).contains("characters"));
        assert!(wrong(|t| t["steps"]["login"] = step(&[("不确定", "human")])).contains("2 to 5"));
        let deep = |t: &mut Value| {
            for n in 0..7 {
                let (name, next) = (format!("s{n}"), format!("s{}", n + 1));
                t["steps"][name] = step(&[("是", if n == 6 { "human" } else { &next }), ("不确定", "human")]);
            }
            next(t, "s0");
        };
        assert!(wrong(deep).contains("more than 6"));
    }
}
