//! One source on its way from its files into the store.
//!
//! Three stages at once, with short queues between them: a thread reads, a thread compares each case with those before
//! it, and the store saves. Whichever stops, the queues close and the others stop too.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::{AppError, Event, Imported, Stage, Watch};
use crate::id::CaseId;
use crate::kb::duplicate::{Duplicates, Kind};
use crate::kb::read::{BadRecord, Outcome, Place, Progress, Read, ReadError, Record, Sink};
use crate::store::Store;
use crate::store::source::{Removal, SourceName};
use crate::store::sync::{Feed, SyncSummary, sync_source};

/// Records between two stages: enough that neither waits for the other's hiccups, some hundred kilobytes as a rule.
const QUEUE: usize = 128;
/// Time between two reports of progress: as often as an eye follows.
const REPORT: Duration = Duration::from_millis(50);

/// Reads a path into a sink.
pub(super) type ReadFn = fn(&Path, &mut Sink<'_>) -> Result<Outcome, ReadError>;

/// Compares every case of an import with those before it, over all of its sources.
#[derive(Default)]
pub(super) struct Intake {
    places: HashMap<CaseId, (u32, Option<u64>)>,
    files: Vec<String>,
    duplicates: Duplicates,
    pub counts: Imported,
}

enum Message {
    Read(Box<Read>),
    End(Result<Outcome, ReadError>),
}

/// Where a stage hands things on.
struct Outlets {
    feed: mpsc::Sender<Feed>,
    events: mpsc::Sender<Event>,
    /// Told when there is something to save.
    begun: Option<oneshot::Sender<()>>,
}

/// Brings the store to what `path` has. Returns why reading it ended early, where it did; what came before is saved.
pub(super) async fn take_in(
    store: &impl Store,
    source: &SourceName,
    (path, read): (&Path, ReadFn),
    now: SystemTime,
    intake: &mut Intake,
    watch: &mut Watch<'_>,
) -> Result<Option<ReadError>, AppError> {
    let (records, raw) = sync_channel(QUEUE);
    let (feed, cases) = mpsc::channel(QUEUE);
    let (events, mut heard) = mpsc::channel(QUEUE);
    let (begun, first) = oneshot::channel();
    let path = path.to_owned();
    let mut own = std::mem::take(intake);
    let reading = spawn_blocking(move || read_all(&path, read, &records));
    let outlets = Outlets { feed, events, begun: Some(begun) };
    let sifting = spawn_blocking(move || {
        let ended = own.sift(&raw, outlets);
        (own, ended)
    });
    let saving = async move {
        match first.await {
            Ok(()) => sync_source(store, source, now, cases).await,
            // Nothing at all was read: the source stays as it was.
            Err(_) => Ok(SyncSummary::default()),
        }
    };
    let watching = async {
        while let Some(event) = heard.recv().await {
            watch(event);
        }
    };
    let (saved, ()) = tokio::join!(saving, watching);
    let (own, ended) = sifting.await?;
    *intake = own;
    reading.await?;
    intake.counts.add(saved?);
    Ok(ended)
}

fn read_all(path: &Path, read: ReadFn, records: &SyncSender<Message>) {
    let outcome = read(path, &mut |record| match records.send(Message::Read(Box::new(record))) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    });
    // Nobody listens any more: then nobody wants to know.
    let _ = records.send(Message::End(outcome));
}

impl Intake {
    /// Takes every record; returns early where nobody wants more.
    fn sift(&mut self, raw: &Receiver<Message>, mut out: Outlets) -> Option<ReadError> {
        let bad_before = self.counts.bad;
        let mut reported = None;
        let mut progress = Progress::default();
        for message in raw {
            let read = match message {
                Message::Read(read) => *read,
                Message::End(Ok(outcome)) => {
                    out.report(Progress { done: progress.total, ..progress });
                    let whole = self.counts.bad == bad_before && !outcome.stopped;
                    self.end(&mut out, if whole { Removal::Gone } else { Removal::Keep });
                    return None;
                }
                Message::End(Err(error)) => {
                    // Nothing begun is nothing to end.
                    if out.begun.is_none() {
                        self.end(&mut out, Removal::Keep);
                    }
                    return Some(error);
                }
            };
            out.begin();
            progress = read.progress;
            if reported.is_none_or(|last: Instant| last.elapsed() >= REPORT) {
                reported = Some(Instant::now());
                out.report(progress);
            }
            if self.take(read, &out).is_break() {
                return None;
            }
        }
        None
    }

    fn end(&mut self, out: &mut Outlets, removal: Removal) {
        out.begin();
        self.counts.kept_because_of_bad |= removal == Removal::Keep;
        // A store that has failed says so itself.
        let _ = out.feed.blocking_send(Feed::End(removal));
    }

    fn take(&mut self, read: Read, out: &Outlets) -> ControlFlow<()> {
        let case = match read.record {
            Record::Bad(bad) => {
                self.counts.bad += 1;
                out.tell(Event::Bad(bad));
                return ControlFlow::Continue(());
            }
            Record::Case(case) => case,
        };
        if let Some(first) = self.remember(&case.id, &read.place) {
            self.counts.repeated += 1;
            let reason = format!("the id {} was used before, at {first}; the first one counts", case.id);
            out.tell(Event::Bad(BadRecord { place: read.place, reason }));
            return ControlFlow::Continue(());
        }
        if let Some(duplicate) = self.duplicates.add(&case) {
            match duplicate.kind {
                Kind::Exact => self.counts.exact_duplicates += 1,
                Kind::Near(_) => self.counts.near_duplicates += 1,
            }
            let (id, of, kind) = (case.id.clone(), duplicate.of, duplicate.kind);
            out.tell(Event::Duplicate { place: read.place, id, of, kind });
        }
        match out.feed.blocking_send(Feed::Case(case)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Notes where an id stands; gives the place where it stood before.
    fn remember(&mut self, id: &CaseId, place: &Place) -> Option<Place> {
        if let Some(&(file, line)) = self.places.get(id) {
            return Some(Place { file: self.files[file as usize].clone(), line });
        }
        if self.files.last() != Some(&place.file) {
            self.files.push(place.file.clone());
        }
        // More files than that do not fit in memory.
        self.places.insert(id.clone(), (self.files.len() as u32 - 1, place.line));
        None
    }
}

impl Outlets {
    fn begin(&mut self) {
        if let Some(begun) = self.begun.take() {
            // Nobody there: the next send to the feed shows it.
            let _ = begun.send(());
        }
    }

    fn report(&self, Progress { done, total }: Progress) {
        self.tell(Event::Progress { what: Stage::Reading, done, total });
    }

    fn tell(&self, event: Event) {
        let _ = self.events.blocking_send(event);
    }
}
