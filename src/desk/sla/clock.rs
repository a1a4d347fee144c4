//! One promise: its target, the time that has gone, and the instants at which its marks are due.

use serde::{Deserialize, Serialize};

use super::super::calendar::Calendar;
use super::ClockView;

/// The share that is all of it.
const WHOLE: u8 = 100;

/// Runs, stands, or has been met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Clock {
    target_ms: i64,
    /// What had gone when it last began to run.
    spent_ms: i64,
    /// Since when it runs.
    since: Option<i64>,
    met_at: Option<i64>,
    /// By share, from the smallest; the last is the whole.
    marks: Vec<Mark>,
}

/// A share of the target at which something is said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Mark {
    share: u8,
    told: bool,
    /// When it is due, while the clock runs and it was not told.
    due: Option<i64>,
}

impl Clock {
    /// A clock that stands at nothing.
    pub fn new(target_ms: i64, warn_at: &[u8]) -> Self {
        let marks =
            warn_at.iter().chain([&WHOLE]).map(|share| Mark { share: *share, told: false, due: None });
        Self { target_ms, spent_ms: 0, since: None, met_at: None, marks: marks.collect() }
    }

    /// It runs from `now` on.
    pub fn run(&mut self, calendar: &Calendar, now: i64) {
        if self.met_at.is_some() || self.since.is_some() {
            return;
        }
        self.since = Some(now);
        let (target, spent) = (self.target_ms, self.spent_ms);
        for mark in self.marks.iter_mut().filter(|mark| !mark.told) {
            mark.due = Some(calendar.add_working(now, share_of(target, mark.share) - spent));
        }
    }

    /// It stands from `now` on.
    pub fn stand(&mut self, calendar: &Calendar, now: i64) {
        self.spent_ms = self.spent(calendar, now);
        self.since = None;
        self.marks.iter_mut().for_each(|mark| mark.due = None);
    }

    /// The promise is met, late or not.
    pub fn meet(&mut self, calendar: &Calendar, now: i64) {
        if self.met_at.is_none() {
            self.stand(calendar, now);
            self.met_at = Some(now);
        }
    }

    /// The promise was not met after all; gives when it seemed to be.
    pub fn unmeet(&mut self) -> Option<i64> {
        self.met_at.take()
    }

    /// Another target for a clock that stands. What was told stays told where it has still gone.
    pub fn retarget(&mut self, target_ms: i64, warn_at: &[u8]) {
        let told: Vec<u8> = self.marks.iter().filter(|mark| mark.told).map(|mark| mark.share).collect();
        let mut clock = Self::new(target_ms, warn_at);
        for mark in &mut clock.marks {
            mark.told = told.contains(&mark.share) && self.spent_ms >= share_of(target_ms, mark.share);
        }
        (self.target_ms, self.marks) = (target_ms, clock.marks);
    }

    /// The marks that were due until now, as share and instant; they are told from now on.
    pub fn take_due(&mut self, now: i64) -> Vec<(u8, i64)> {
        let mut due = Vec::new();
        for mark in &mut self.marks {
            if let Some(at) = mark.due.take_if(|at| *at <= now) {
                mark.told = true;
                due.push((mark.share, at));
            }
        }
        due
    }

    /// When the next mark is due.
    pub fn next_due(&self) -> Option<i64> {
        self.marks.iter().filter_map(|mark| mark.due).min()
    }

    pub fn is_running(&self) -> bool {
        self.since.is_some()
    }

    pub fn met_at(&self) -> Option<i64> {
        self.met_at
    }

    pub fn view(&self, calendar: &Calendar, now: i64) -> ClockView {
        let spent = self.spent(calendar, now);
        let whole = self.marks.last();
        ClockView {
            target_s: self.target_ms / 1000,
            spent_s: spent / 1000,
            left_s: (self.target_ms - spent).div_euclid(1000),
            due_at: self.since.and(whole.and_then(|mark| mark.due)),
            met_at: self.met_at,
            breached: spent >= self.target_ms,
        }
    }

    fn spent(&self, calendar: &Calendar, now: i64) -> i64 {
        self.spent_ms + self.since.map_or(0, |since| calendar.working_between(since, now))
    }
}

fn share_of(target_ms: i64, share: u8) -> i64 {
    target_ms * i64::from(share) / i64::from(WHOLE)
}
