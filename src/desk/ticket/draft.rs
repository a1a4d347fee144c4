//! A ticket from a dialogue: what was said is put in order, so that nobody has to ask again.

use std::collections::BTreeMap;

use super::super::label::language_of;
use super::super::policy::Policy;
use super::super::problem::{Problem, Problems};
use super::super::sla::Sla;
use super::{Actor, CaseShown, Change, HistoryEntry, Moment, MomentKind, Status, Ticket};
use crate::id::{ConversationId, TicketId};
use crate::message::{Author, ChannelKind, HandoffReason, Person, Severity};

/// Longest need, in letters: one line of a list.
const LONGEST_NEED: usize = 120;
/// Longest symptom or moment, in letters.
const LONGEST_LINE: usize = 500;
/// How many symptoms, excerpts and moments a ticket begins with; the transcript has the rest.
const LINES_KEPT: usize = 20;
/// How many lines of the person are read, the latest: what somebody pastes without end must not hold up the handoff.
const LINES_READ: usize = 200;

/// What is known when a conversation goes to a human. Texts are masked.
#[derive(Clone, Debug)]
pub struct DraftInput {
    /// The number of the ticket.
    pub id: TicketId,
    /// Now.
    pub at: i64,
    /// Why it goes to a human.
    pub reason: HandoffReason,
    /// The conversation.
    pub conversation_id: Option<ConversationId>,
    /// Where the person is reached.
    pub channel: ChannelKind,
    /// Who.
    pub person: Person,
    /// Whether they are marked as VIP.
    pub vip: bool,
    /// How bad it is, where that was understood.
    pub severity: Option<Severity>,
    /// What is wanted, in the words of the last question.
    pub need: String,
    /// What was said, in order.
    pub said: Vec<Said>,
    /// Code of the product.
    pub product: Option<String>,
    /// Name of the product.
    pub product_name: Option<String>,
    /// Facts by slot.
    pub facts: BTreeMap<String, String>,
    /// Cases that were shown.
    pub cases: Vec<CaseShown>,
    /// How the person speaks.
    pub sentiment: Option<String>,
    /// Whether an alert was raised.
    pub alert: bool,
}

/// One line of the dialogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: i64,
    /// Who.
    pub author: Author,
    /// What.
    pub text: String,
}

impl DraftInput {
    /// Nothing is known but that it goes to a human.
    pub fn new(id: TicketId, at: i64, reason: HandoffReason) -> Self {
        Self {
            id,
            at,
            reason,
            conversation_id: None,
            channel: ChannelKind::default(),
            person: Person::default(),
            vip: false,
            severity: None,
            need: String::new(),
            said: Vec::new(),
            product: None,
            product_name: None,
            facts: BTreeMap::new(),
            cases: Vec::new(),
            sentiment: None,
            alert: false,
        }
    }

    /// The person's own lines, the latest of them.
    fn lines(&self) -> impl Iterator<Item = (i64, &str)> {
        let own = self.said.iter().rev().filter(|said| said.author == Author::User);
        let lines = own.flat_map(|said| said.text.lines().rev().map(|line| (said.at, line.trim())));
        let latest: Vec<(i64, &str)> = lines.filter(|(_, line)| !line.is_empty()).take(LINES_READ).collect();
        latest.into_iter().rev()
    }

    /// Words by which the problem is classified.
    fn words(&self) -> String {
        let lines = self.lines().map(|(_, line)| line);
        let facts = self.facts.values().map(String::as_str);
        std::iter::once(self.need.as_str()).chain(lines).chain(facts).collect::<Vec<_>>().join("\n")
    }

    /// Trouble that has been reported as urgent is P0; a complaint is not left lying with the everyday ones.
    fn priority(&self) -> Severity {
        let understood = self.severity.unwrap_or(Severity::P2);
        match self.reason {
            HandoffReason::Urgent => Severity::P0,
            HandoffReason::Complaint => understood.min(Severity::P1),
            _ => understood,
        }
    }
}

/// The ticket of a dialogue: new, in no queue yet, with its clocks running.
pub fn draft(policy: &Policy, input: DraftInput) -> Ticket {
    let (priority, problem) = (input.priority(), classify(&policy.problems, &input));
    let said_region = input.person.region.as_deref().or(input.facts.get("region").map(String::as_str));
    let region = policy.hours.region_of(said_region).code.clone();
    let skill = policy.routing.skill_for(&problem.kind.code, &problem.category.code);
    let mut skills = vec![skill, problem.category.code.clone()];
    skills.dedup();
    Ticket {
        status: Status::New,
        priority,
        priority_label: policy.sla.label(priority).clone(),
        need: need(&input),
        symptoms: symptoms(&policy.problems, &input),
        timeline: timeline(&policy.problems, &input),
        log_excerpts: logs(&policy.problems, &input),
        objective: objective(&policy.problems, &input),
        missing: policy.problems.missing(&problem.kind.code, &problem.impact.code, &input.facts),
        queue: policy.routing.queue_for(&skills[0], input.person.tier, input.vip, &region),
        skills,
        language: language_of(input.person.locale.as_deref()),
        sla: Sla::start(policy, priority, input.person.tier, Some(&region), input.at),
        region,
        agent: None,
        queued_at: None,
        returned: false,
        alert: input.alert || priority == Severity::P0,
        incident: None,
        solution: None,
        notes: Vec::new(),
        rating: None,
        history: vec![HistoryEntry { at: input.at, by: Actor::Bot, change: Change::Opened }],
        created_at: input.at,
        updated_at: input.at,
        kind: problem.kind,
        impact: problem.impact,
        category: problem.category,
        root_causes: problem.root_causes,
        id: input.id,
        conversation_id: input.conversation_id,
        channel: input.channel,
        person: input.person,
        vip: input.vip,
        reason: input.reason,
        product: input.product,
        product_name: input.product_name,
        facts: input.facts,
        cases: input.cases,
        sentiment: input.sentiment,
    }
}

/// By product and words; what the reason of the handoff says weighs more than they do.
fn classify(problems: &Problems, input: &DraftInput) -> Problem {
    let mut problem =
        problems.classify(input.product.as_deref(), input.product_name.as_deref(), &input.words());
    let by_reason = match input.reason {
        HandoffReason::Complaint => problems.kind("complaint"),
        HandoffReason::Urgent if !problems.is_trouble(&input.words()) => problems.kind("outage"),
        _ => None,
    };
    problem.kind = by_reason.cloned().unwrap_or(problem.kind);
    problem
}

/// What is wanted, in one line; the last thing said where that is not known.
fn need(input: &DraftInput) -> String {
    let last = || input.lines().last().map(|(_, line)| line).unwrap_or_default();
    let need = if input.need.trim().is_empty() { last() } else { &input.need };
    cut(need.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST_NEED)
}

/// What the person said of the trouble, each once.
fn symptoms(problems: &Problems, input: &DraftInput) -> Vec<String> {
    let lines = input.lines().map(|(_, line)| line).filter(|line| problems.is_trouble(line));
    let error = input.facts.get("error").map(String::as_str);
    let mut symptoms: Vec<String> = Vec::new();
    for line in lines.chain(error) {
        let line = cut(line.to_owned(), LONGEST_LINE);
        if !symptoms.iter().any(|known| known.contains(&line)) && symptoms.len() < LINES_KEPT {
            symptoms.push(line);
        }
    }
    symptoms
}

fn logs(problems: &Problems, input: &DraftInput) -> Vec<String> {
    let lines = input.lines().map(|(_, line)| line).filter(|line| problems.is_log(line));
    lines.take(LINES_KEPT).map(|line| cut(line.to_owned(), LONGEST_LINE)).collect()
}

fn objective(problems: &Problems, input: &DraftInput) -> Option<String> {
    let said = || input.lines().map(|(_, line)| line).find(|line| problems.is_objective(line));
    let objective = input.facts.get("objective").map(String::as_str).or_else(said)?;
    Some(cut(objective.to_owned(), LONGEST_LINE))
}

/// When it broke, what was said and tried, what was shown, and that it went to a human.
fn timeline(problems: &Problems, input: &DraftInput) -> Vec<Moment> {
    let since = input.facts.get("since");
    let since = since.map(|text| Moment { at: None, what: MomentKind::Since, text: text.clone() });
    let said = input.lines().filter_map(|(at, line)| {
        let what = match (problems.is_attempt(line), problems.is_trouble(line)) {
            (true, _) => MomentKind::Tried,
            (false, true) => MomentKind::Said,
            (false, false) => return None,
        };
        Some(Moment { at: Some(at), what, text: cut(line.to_owned(), LONGEST_LINE) })
    });
    let shown = input.cases.iter().map(|case| Moment {
        at: Some(case.at),
        what: MomentKind::Shown,
        text: cut(case.title.clone(), LONGEST_LINE),
    });
    let mut moments: Vec<Moment> = said.chain(shown).collect();
    moments.sort_by_key(|moment| moment.at);
    // The latest say most of where it stands now.
    let moments = moments.split_off(moments.len().saturating_sub(LINES_KEPT));
    let end = Moment { at: Some(input.at), what: MomentKind::HandedOver, text: String::new() };
    since.into_iter().chain(moments).chain([end]).collect()
}

/// At most so many letters; what is cut is seen to be.
fn cut(text: String, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
