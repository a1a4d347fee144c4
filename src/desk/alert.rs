//! Alerts: many reports of one outage become one incident, and an incident climbs a ladder until somebody takes it.

use serde::{Deserialize, Serialize};

use super::error::DeskError;
use super::label::{Label, Named};
use super::policy::Policy;
use super::span;
use super::ticket::Actor;
use crate::id::{AgentName, TicketId};

const FILE: &str = "alerts.toml";
/// How many words of reports an incident keeps: enough to see what is meant.
const WORDS_KEPT: usize = 5;
/// How many tickets an incident keeps by number; later ones are only counted.
const TICKETS_KEPT: usize = 200;

/// The ladder and what counts as one outage.
#[derive(Clone, Debug)]
pub struct AlertPolicy {
    window_ms: i64,
    reopen_within_ms: i64,
    major_reports: u32,
    same: Vec<Part>,
    /// At least one, rising in time.
    ladder: Vec<(Named, i64)>,
}

/// By what reports are taken for one outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Product,
    Region,
    Kind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    window: String,
    reopen_within: String,
    major_reports: u32,
    same: Vec<Part>,
    ladder: Vec<WrittenStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStep {
    code: String,
    label: Label,
    after: String,
}

/// Somebody says that something is down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// When.
    pub at: i64,
    /// Code of the product, where it is known.
    pub product: Option<String>,
    /// Region, as it was said or as the page knows it.
    pub region: Option<String>,
    /// Kind of alert, such as `outage` or `breach`.
    pub kind: String,
    /// The ticket that came of it.
    pub ticket: Option<TicketId>,
    /// Masked words.
    pub text: String,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// Nobody has taken it: the ladder runs.
    Open,
    /// Somebody works on it: the ladder has stopped.
    Acknowledged,
    /// It is over.
    Closed,
}

impl IncidentStatus {
    /// Its public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was counted.
    Joined,
    /// The incident was over and is not: the ladder begins again.
    Reopened,
}

/// One outage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: String,
    /// What reports are matched by.
    pub fingerprint: String,
    /// Where it stands.
    pub status: IncidentStatus,
    /// When it was first reported.
    pub opened_at: i64,
    /// How often it was reported.
    pub reports: u32,
    /// Who took it, and when.
    pub acknowledged: Option<Deed>,
    /// Who ended it, and when.
    pub closed: Option<Deed>,
    /// How often it was reported again after its end.
    pub reopened: u32,
    /// What is known of it.
    pub facts: AlertFacts,
    /// The steps that are still to be climbed, each with the instant at which it is due.
    steps: Vec<Step>,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Step {
    level: u8,
    role: Named,
    due_at: i64,
}

/// Somebody is to be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Unique for ever: incident, how often it was reopened, level.
    pub id: String,
    /// The incident.
    pub incident: String,
    /// From 1, the lowest.
    pub level: u8,
    /// Who.
    pub role: Named,
    /// When it was due.
    pub due_at: i64,
    /// What is known.
    pub facts: AlertFacts,
}

/// What is known of an incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertFacts {
    /// Code of the product.
    pub product: Option<String>,
    /// Region, by its code where that is known.
    pub region: Option<String>,
    /// Kind of alert.
    pub kind: String,
    /// How often it was reported.
    pub reports: u32,
    /// First report.
    pub first_at: i64,
    /// Last report.
    pub last_at: i64,
    /// Tickets that came of it, as far as they are kept.
    pub tickets: Vec<TicketId>,
    /// Some of the reports, masked.
    pub words: Vec<String>,
}

impl AlertPolicy {
    /// From the text of `alerts.toml`.
    pub fn parse(text: &str) -> Result<Self, DeskError> {
        let file: File = toml::from_str(text).map_err(|error| DeskError::unreadable(FILE, text, &error))?;
        let read = |step: WrittenStep| {
            let after = span::parse(FILE, &format!("ladder {}.after", step.code), &step.after)?;
            Ok((Named { code: step.code, label: step.label }, after))
        };
        let ladder = file.ladder.into_iter().map(read).collect::<Result<Vec<(Named, i64)>, DeskError>>()?;
        if ladder.is_empty() || ladder.len() > usize::from(u8::MAX) {
            return Err(DeskError::unusable(FILE, "ladder", "needs at least one step, and at most 255"));
        }
        if !ladder.windows(2).all(|pair| pair[0].1 <= pair[1].1) {
            return Err(DeskError::unusable(FILE, "ladder", "must be in the order of its times"));
        }
        Ok(Self {
            window_ms: span::parse(FILE, "window", &file.window)?,
            reopen_within_ms: span::parse(FILE, "reopen_within", &file.reopen_within)?,
            major_reports: file.major_reports.max(1),
            same: file.same,
            ladder,
        })
    }

    fn steps(&self, from: i64) -> Vec<Step> {
        let steps = (1u8..).zip(&self.ladder);
        let step = |(level, (role, after)): (u8, &(Named, i64))| Step {
            level,
            role: role.clone(),
            due_at: from.saturating_add(*after),
        };
        steps.map(step).collect()
    }
}

impl Report {
    /// What it is matched by. What a report does not say makes no difference only to others that do not say it either.
    pub fn fingerprint(&self, policy: &Policy) -> String {
        let part = |part: &Part| match part {
            Part::Product => self.product.as_deref().unwrap_or("-").trim().to_lowercase(),
            Part::Region => self.region(policy).unwrap_or_else(|| "-".to_owned()),
            Part::Kind => self.kind.to_lowercase(),
        };
        policy.alerts.same.iter().map(part).collect::<Vec<_>>().join("|")
    }

    /// The region by its code, so that 杭州 and `cn-hangzhou` are one.
    fn region(&self, policy: &Policy) -> Option<String> {
        let said = self.region.as_deref()?.trim();
        Some(policy.hours.place(said).unwrap_or(said).to_lowercase())
    }
}

impl Incident {
    /// The first report of an outage.
    pub fn open(policy: &Policy, id: String, report: &Report) -> Self {
        let facts = AlertFacts {
            product: report.product.clone(),
            region: report.region(policy),
            kind: report.kind.clone(),
            first_at: report.at,
            last_at: report.at,
            ..AlertFacts::default()
        };
        let mut incident = Self {
            id,
            fingerprint: report.fingerprint(policy),
            status: IncidentStatus::Open,
            opened_at: report.at,
            reports: 0,
            acknowledged: None,
            closed: None,
            reopened: 0,
            facts,
            steps: policy.alerts.steps(report.at),
        };
        incident.count(report);
        incident
    }

    /// Whether a report is of this outage: the same fingerprint, and soon enough after the last one or after its end.
    pub fn takes(&self, policy: &Policy, report: &Report) -> bool {
        let within = match &self.closed {
            Some(Deed { at, .. }) => report.at.saturating_sub(*at) <= policy.alerts.reopen_within_ms,
            None => report.at.saturating_sub(self.facts.last_at) <= policy.alerts.window_ms,
        };
        within && self.fingerprint == report.fingerprint(policy)
    }

    /// One more report. The same ticket is counted once.
    pub fn report(&mut self, policy: &Policy, report: &Report) -> Taken {
        self.count(report);
        if self.status != IncidentStatus::Closed {
            return Taken::Joined;
        }
        (self.status, self.closed, self.acknowledged) = (IncidentStatus::Open, None, None);
        self.reopened = self.reopened.saturating_add(1);
        self.steps = policy.alerts.steps(report.at);
        Taken::Reopened
    }

    /// Somebody takes it: nobody further is told. `false` where it was not open.
    pub fn acknowledge(&mut self, by: AgentName, at: i64) -> bool {
        if self.status != IncidentStatus::Open {
            return false;
        }
        (self.status, self.acknowledged) =
            (IncidentStatus::Acknowledged, Some(Deed { by: Actor::Agent(by), at }));
        self.steps.clear();
        true
    }

    /// It is over. `false` where it was already.
    pub fn close(&mut self, by: Actor, at: i64) -> bool {
        if self.status == IncidentStatus::Closed {
            return false;
        }
        (self.status, self.closed) = (IncidentStatus::Closed, Some(Deed { by, at }));
        self.steps.clear();
        true
    }

    /// When the next one is to be told.
    pub fn next_wake(&self) -> Option<i64> {
        self.steps.iter().map(|step| step.due_at).min()
    }

    /// Who is to be told until now, from the lowest level up, each once however late this is called.
    pub fn advance(&mut self, now: i64) -> Vec<Alert> {
        let due = self.steps.extract_if(.., |step| step.due_at <= now).collect::<Vec<Step>>();
        due.into_iter().map(|step| self.alert(step)).collect()
    }

    /// Whether it is big: enough reports, and not over.
    pub fn is_major(&self, policy: &Policy) -> bool {
        self.status != IncidentStatus::Closed && self.reports >= policy.alerts.major_reports
    }

    fn alert(&self, step: Step) -> Alert {
        Alert {
            id: format!("{}-{}-{}", self.id, self.reopened, step.level),
            incident: self.id.clone(),
            level: step.level,
            role: step.role,
            due_at: step.due_at,
            facts: self.facts.clone(),
        }
    }

    fn count(&mut self, report: &Report) {
        let facts = &mut self.facts;
        facts.last_at = facts.last_at.max(report.at);
        if report.ticket.as_ref().is_some_and(|ticket| facts.tickets.contains(ticket)) {
            return;
        }
        self.reports = self.reports.saturating_add(1);
        facts.reports = self.reports;
        if facts.tickets.len() < TICKETS_KEPT {
            facts.tickets.extend(report.ticket.clone());
        }
        if facts.words.len() < WORDS_KEPT && !report.text.trim().is_empty() {
            facts.words.push(report.text.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn policy() -> Policy {
        Policy::shipped().unwrap()
    }

    fn report(at: i64, product: Option<&str>, region: Option<&str>, ticket: &str) -> Report {
        Report {
            at,
            product: product.map(str::to_owned),
            region: region.map(str::to_owned),
            kind: "outage".to_owned(),
            ticket: TicketId::parse(ticket),
            text: format!("宕机了 {ticket}"),
        }
    }

    fn levels(alerts: &[Alert]) -> Vec<(u8, &str, i64)> {
        alerts.iter().map(|alert| (alert.level, alert.role.code.as_str(), alert.due_at / MINUTE)).collect()
    }

    fn li() -> AgentName {
        AgentName::parse("li").unwrap()
    }

    #[test]
    fn the_ladder_is_climbed_step_by_step_and_each_step_once() {
        let policy = policy();
        let mut incident = Incident::open(&policy, "i1".to_owned(), &report(0, Some("ecs"), None, "T1"));
        assert_eq!(incident.next_wake(), Some(0));
        assert_eq!(levels(&incident.advance(0)), [(1, "on_duty", 0)]);
        assert_eq!((incident.advance(4 * MINUTE), incident.next_wake()), (vec![], Some(5 * MINUTE)));
        assert_eq!(levels(&incident.advance(5 * MINUTE)), [(2, "lead", 5)]);
        assert_eq!(incident.advance(-MINUTE), [], "a clock that goes back tells nobody twice");
        let mut restarted: Incident =
            serde_json::from_str(&serde_json::to_string(&incident).unwrap()).unwrap();
        assert_eq!(levels(&restarted.advance(i64::MAX)), [(3, "manager", 15)]);
        assert_eq!((restarted.advance(i64::MAX), restarted.next_wake()), (vec![], None));
    }

    #[test]
    fn late_is_still_everything_in_order() {
        let policy = policy();
        let mut incident = Incident::open(&policy, "i1".to_owned(), &report(0, None, None, "T1"));
        let alerts = incident.advance(60 * MINUTE);
        assert_eq!(levels(&alerts), [(1, "on_duty", 0), (2, "lead", 5), (3, "manager", 15)]);
        let ids: std::collections::BTreeSet<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn taken_stops_the_ladder_and_a_report_after_the_end_starts_it_again() {
        let policy = policy();
        let mut incident = Incident::open(&policy, "i1".to_owned(), &report(0, Some("ecs"), None, "T1"));
        let first = incident.advance(0);
        assert!(incident.acknowledge(li(), MINUTE) && !incident.acknowledge(li(), MINUTE));
        assert_eq!((incident.advance(i64::MAX), incident.next_wake()), (vec![], None));
        assert_eq!(incident.report(&policy, &report(2 * MINUTE, Some("ecs"), None, "T2")), Taken::Joined);
        assert_eq!(incident.advance(i64::MAX), [], "reports of what somebody works on wake nobody");
        assert!(incident.close(Actor::Agent(li()), 3 * MINUTE) && !incident.close(Actor::System, 4 * MINUTE));
        assert!(!incident.acknowledge(li(), 4 * MINUTE));
        let again = report(10 * MINUTE, Some("ecs"), None, "T3");
        assert!(incident.takes(&policy, &again));
        assert_eq!(incident.report(&policy, &again), Taken::Reopened);
        let second = incident.advance(10 * MINUTE);
        assert_eq!(levels(&second), [(1, "on_duty", 10)]);
        assert_ne!(first[0].id, second[0].id);
        assert!(incident.close(Actor::System, 11 * MINUTE));
        assert!(!incident.takes(&policy, &report(2 * 24 * 60 * MINUTE, Some("ecs"), None, "T4")));
    }

    #[test]
    fn many_reports_of_one_outage_are_one_incident() {
        let policy = policy();
        let mut incident =
            Incident::open(&policy, "i1".to_owned(), &report(0, Some("ecs"), Some("华北2"), "T1"));
        for (product, region, minute, same) in [
            (Some("ecs"), Some("cn-beijing"), 10, true),
            (Some("ECS"), Some("北京"), 30, true),
            (Some("ecs"), Some("cn-beijing"), 31, false),
            (Some("rds"), Some("cn-beijing"), 10, false),
            (Some("ecs"), Some("cn-shanghai"), 10, false),
            (None, Some("cn-beijing"), 10, false),
        ] {
            let other = report(minute * MINUTE, product, region, "T9");
            assert_eq!(incident.takes(&policy, &other), same, "{product:?} {region:?} {minute}");
        }
        assert!(!incident.is_major(&policy));
        for ticket in ["T1", "T2", "T2", "T3"] {
            incident.report(&policy, &report(MINUTE, Some("ecs"), Some("华北2"), ticket));
        }
        assert_eq!((incident.reports, incident.facts.tickets.len()), (3, 3), "a ticket counts once");
        assert!(incident.is_major(&policy));
        assert_eq!(incident.facts.region.as_deref(), Some("cn-beijing"));
        let many = (0..10_000).map(|n| report(MINUTE, Some("ecs"), None, &format!("T{n}")));
        many.for_each(|one| {
            incident.report(&policy, &one);
        });
        assert!(serde_json::to_string(&incident).unwrap().len() < 10_000, "it stays small");
    }

    #[test]
    fn a_ladder_out_of_order_is_refused() {
        let text = include_str!("../../kb/service/alerts.toml").replace("\"5m\"", "\"1h\"");
        assert!(AlertPolicy::parse(&text).unwrap_err().to_string().contains("order of its times"));
    }
}
