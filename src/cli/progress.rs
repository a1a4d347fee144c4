//! What people see while a job runs: progress bars on a terminal, reports of bad records, messages.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::{Event, Stage};
use crate::kb::duplicate::Kind;
use crate::texts::Texts;

use super::Run;
use super::terminal::{Ink, Terminal, harmless};

/// Bad records, and duplicates, that are shown one by one unless all are asked for.
pub const MOST_SHOWN: u64 = 20;
/// A job that is done by then needs no bar.
const AWHILE: Duration = Duration::from_secs(2);

/// When a bar is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// From the beginning.
    None,
    /// Only when it takes longer than two seconds.
    AWhile,
}

/// A progress bar on standard error, on a terminal only.
pub struct Progress {
    terminal: Terminal,
    bar: Option<ProgressBar>,
    what: String,
    shown_from: Instant,
}

impl Progress {
    /// No bar yet.
    pub fn new(terminal: Terminal, patience: Patience) -> Self {
        let wait = if patience == Patience::None { Duration::ZERO } else { AWHILE };
        Self { terminal, bar: None, what: String::new(), shown_from: Instant::now() + wait }
    }

    /// How far it is.
    pub fn set(&mut self, what: &str, done: u64, total: u64) {
        if !self.terminal.watched || Instant::now() < self.shown_from {
            return;
        }
        if self.what != what {
            self.clear();
            what.clone_into(&mut self.what);
        }
        let bar = self.bar.get_or_insert_with(|| bar(what, total));
        bar.set_length(total);
        bar.set_position(done);
    }

    /// Says a line above the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.terminal.say(line)),
            None => self.terminal.say(line),
        }
    }

    /// Takes the bar away.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn bar(what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template("{msg} [{wide_bar}] {percent:>3}% {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
    bar.set_message(what.to_owned());
    bar
}

/// Tells people of the events of a job.
pub struct Reporter<'a> {
    texts: &'a Texts,
    terminal: Terminal,
    progress: Progress,
    most: u64,
    bad: u64,
    duplicates: u64,
}

impl<'a> Reporter<'a> {
    /// Shows at most `most` bad records, and as many duplicates.
    pub fn new(run: &'a Run, patience: Patience, most: u64) -> Self {
        let progress = Progress::new(run.terminal, patience);
        Self { texts: &run.texts, terminal: run.terminal, progress, most, bad: 0, duplicates: 0 }
    }

    /// Takes one event.
    pub fn hear(&mut self, event: Event) {
        match event {
            Event::Progress { what, done, total } => {
                let what = match what {
                    Stage::Reading => &self.texts.stage_reading,
                    Stage::Indexing => &self.texts.stage_indexing,
                    Stage::Copying => &self.texts.stage_copying,
                    Stage::Packing => &self.texts.stage_packing,
                    Stage::Unpacking => &self.texts.stage_unpacking,
                };
                self.progress.set(what.as_str(), done, total);
            }
            Event::Message(message) => self.progress.say(&harmless(&message)),
            Event::Bad(bad) => {
                self.bad += 1;
                if self.bad <= self.most {
                    let line = self.terminal.err.paint(Ink::Error, &harmless(&bad.to_string()));
                    self.progress.say(&line);
                }
            }
            Event::Duplicate { place, id, of, kind } => {
                self.duplicates += 1;
                if self.duplicates <= self.most {
                    let line = match kind {
                        Kind::Exact => {
                            self.texts.duplicate_exact.fill(&[("place", &place), ("id", &id), ("of", &of)])
                        }
                        Kind::Near(similarity) => self.texts.duplicate_near.fill(&[
                            ("place", &place),
                            ("id", &id),
                            ("of", &of),
                            ("share", &format!("{similarity:.2}")),
                        ]),
                    };
                    self.progress.say(&self.terminal.err.paint(Ink::Warning, &harmless(&line)));
                }
            }
        }
    }

    /// Takes the bar away and says how much was not shown.
    pub fn end(mut self) {
        self.progress.clear();
        let more = |count: u64| count.saturating_sub(self.most);
        if more(self.bad) > 0 {
            self.terminal.say(&self.texts.more_bad.fill(&[("count", &more(self.bad))]));
        }
        if more(self.duplicates) > 0 {
            self.terminal.say(&self.texts.more_duplicates.fill(&[("count", &more(self.duplicates))]));
        }
    }
}
