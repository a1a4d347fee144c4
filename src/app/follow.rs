//! The index follows the store: by the changes since its last commit, or all over again where that is better.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::writing::{Changes, Job, Kind, Page};
use super::{App, AppError, Event, Stage, Watch};
use crate::analyzer::words::Words;
use crate::index::generation::{Generations, State, WriteLock};
use crate::index::writer::{Change, IndexError};
use crate::store::Store;
use crate::store::change::Seq;
use crate::store::error::StoreError;
use crate::store::sqlite::SqliteStore;

/// Changes of one page: a few megabytes, and long enough that asking for it costs little.
const PAGE: usize = 500;
/// How long to wait for another process that writes: a small update is done by then.
const PATIENCE: Duration = Duration::from_secs(5);
/// Share of changed cases above which a rebuild takes less time than following, or nearly, and leaves a better index.
const MOST_CHANGED: f64 = 0.2;
/// Share of rows out of date above which the index is larger and slower than it should be.
const MOST_STALE: f64 = 0.3;

/// Whether to build the index from nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuild {
    /// Where there is none, where it cannot be used, or where following takes longer.
    IfNeeded,
    /// In any case.
    Always,
}

/// What became of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Updated {
    /// Cases written or removed.
    pub changed: u64,
    /// Cases that can be found now.
    pub cases: u64,
    /// Why it was built from nothing, a sentence; `None` where it was not.
    pub rebuilt: Option<String>,
}

/// How closely an index that looks whole is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// Sizes of files: next to no time.
    Look,
    /// Checksums too: reads all of it.
    Verify,
}

/// What the store has, when it was asked.
struct Target {
    identity: String,
    seq: Seq,
    cases: u64,
}

/// What is to be done.
enum Plan {
    Nothing(State),
    Follow(State),
    Rebuild(String),
}

/// Everything that decides what is to be done.
struct Follower<'a> {
    store: &'a SqliteStore,
    generations: Generations,
    words: Words,
    fingerprint: String,
    target: Target,
}

/// See [`App::update_index`].
pub(super) async fn update(
    app: &App,
    rebuild: Rebuild,
    care: Care,
    watch: &mut Watch<'_>,
) -> Result<Updated, AppError> {
    let follower = Follower::of(app, watch).await?;
    if rebuild == Rebuild::Always {
        return follower.act(Some("it was asked for".to_owned()), care, watch).await;
    }
    match follower.plan(care)? {
        // Needs no lock, so it never waits for one.
        Plan::Nothing(state) => Ok(Updated { changed: 0, cases: state.cases, rebuilt: None }),
        Plan::Follow(_) | Plan::Rebuild(_) => follower.act(None, care, watch).await,
    }
}

/// Builds the index from nothing for a reason that only its reader saw.
pub(super) async fn rebuild(app: &App, why: String, watch: &mut Watch<'_>) -> Result<Updated, AppError> {
    Follower::of(app, watch).await?.act(Some(why), Care::Look, watch).await
}

impl<'a> Follower<'a> {
    async fn of(app: &'a App, watch: &mut Watch<'_>) -> Result<Self, AppError> {
        let (words, fingerprint) = app.words()?;
        for bad in &words.bad {
            let (file, line, reason) = (app.folders().kb.join("words").join(bad.file), bad.line, &bad.reason);
            watch(Event::Message(format!("{}:{line}: {reason}; the line is left out", file.display())));
        }
        let store = app.store().await?;
        let target = Target {
            identity: store.identity().await?,
            seq: store.last_seq().await?,
            cases: store.count().await?,
        };
        Ok(Self { store, generations: app.generations(), words, fingerprint, target })
    }

    fn plan(&self, care: Care) -> Result<Plan, IndexError> {
        let state = self.generations.state().and_then(|state| {
            if care == Care::Verify {
                self.generations.verify()?;
            }
            Ok(state)
        });
        let state = match state {
            Ok(Some(state)) => state,
            Ok(None) => return Ok(Plan::Rebuild("there is none yet".to_owned())),
            Err(IndexError::Broken { reason, .. }) => {
                return Ok(Plan::Rebuild(format!("the one there cannot be used: {reason}")));
            }
            Err(error) => return Err(error),
        };
        Ok(match self.why_rebuild(&state) {
            Some(why) => Plan::Rebuild(why),
            None if state.commit.seq.unsigned_abs() == self.target.seq.get() => Plan::Nothing(state),
            None => Plan::Follow(state),
        })
    }

    fn why_rebuild(&self, state: &State) -> Option<String> {
        let (commit, target) = (&state.commit, &self.target);
        let followed = commit.seq.unsigned_abs();
        if commit.words != self.fingerprint {
            return Some(
                "the words in words/terms.txt or words/stop.txt have changed, and they cut the cases".into(),
            );
        }
        if commit.store != target.identity {
            return Some("the one there was made from another database".into());
        }
        if followed > target.seq.get() {
            return Some("the one there is ahead of the database, which must be an older copy".into());
        }
        let behind = target.seq.get() - followed;
        if behind == 0 {
            return (state.cases != target.cases)
                .then(|| format!("the one there has {} cases, the database {}", state.cases, target.cases));
        }
        if behind as f64 > state.cases as f64 * MOST_CHANGED {
            return Some(format!("{behind} changes are many for {} cases", state.cases));
        }
        let (rows, live) = (commit.rows + behind, target.cases);
        let stale = rows.saturating_sub(live);
        (stale as f64 > rows as f64 * MOST_STALE)
            .then(|| format!("{stale} of {rows} rows in the one there are out of date"))
    }

    /// Writes under the lock. What is to be done is decided again: another process may have done it meanwhile.
    async fn act(
        self,
        forced: Option<String>,
        care: Care,
        watch: &mut Watch<'_>,
    ) -> Result<Updated, AppError> {
        let generations = self.generations.clone();
        let lock = Arc::new(spawn_blocking(move || generations.lock(PATIENCE)).await??);
        let plan = forced.map_or_else(|| self.plan(care), |why| Ok(Plan::Rebuild(why)))?;
        match plan {
            Plan::Nothing(state) => Ok(Updated { changed: 0, cases: state.cases, rebuilt: None }),
            Plan::Follow(state) => match self.follow(&lock, &state, watch).await {
                Err(AppError::Index(IndexError::Broken { reason, .. })) => {
                    self.rebuild(&lock, format!("the one there cannot be used: {reason}"), watch).await
                }
                done => done,
            },
            Plan::Rebuild(why) => self.rebuild(&lock, why, watch).await,
        }
    }

    async fn follow(
        &self,
        lock: &Arc<WriteLock>,
        state: &State,
        watch: &mut Watch<'_>,
    ) -> Result<Updated, AppError> {
        let from = Seq::new(state.commit.seq.unsigned_abs());
        let job = self.job(lock, state.folder.clone(), Kind::Follow);
        let total = self.target.seq.get() - from.get();
        let changed = self.write(job, (from, total), watch).await?;
        self.updated(changed, None)
    }

    async fn rebuild(
        &self,
        lock: &Arc<WriteLock>,
        why: String,
        watch: &mut Watch<'_>,
    ) -> Result<Updated, AppError> {
        watch(Event::Message(format!("the index is built from nothing: {why}")));
        let job = self.job(lock, lock.next()?, Kind::Rebuild);
        let changed = self.write(job, (Seq::START, self.target.cases), watch).await?;
        self.updated(changed, Some(why))
    }

    fn updated(&self, changed: u64, rebuilt: Option<String>) -> Result<Updated, AppError> {
        let cases = self.generations.state()?.map_or(0, |state| state.cases);
        Ok(Updated { changed, cases, rebuilt })
    }

    fn job(&self, lock: &Arc<WriteLock>, folder: PathBuf, kind: Kind) -> Job {
        Job {
            lock: Arc::clone(lock),
            folder,
            kind,
            words: self.words.clone(),
            fingerprint: self.fingerprint.clone(),
            identity: self.target.identity.clone(),
            seq: i64::try_from(self.target.seq.get()).unwrap_or(i64::MAX),
        }
    }

    /// Reads the changes and writes them at the same time. Returns how many there were.
    async fn write(
        &self,
        job: Job,
        (from, total): (Seq, u64),
        watch: &mut Watch<'_>,
    ) -> Result<u64, AppError> {
        let (pages, changes) = mpsc::channel(1);
        let (progress, mut heard) = mpsc::channel(8);
        let writing = spawn_blocking(move || job.run(Changes::new(changes), &progress));
        let watching = async {
            while let Some(done) = heard.recv().await {
                watch(Event::Progress { what: Stage::Indexing, done, total });
            }
        };
        let (read, ()) = tokio::join!(self.read(from, pages), watching);
        let written = writing.await?;
        read?;
        // Cut off without an error of the store: the runtime is going down.
        written?.ok_or(AppError::Stopping)
    }

    /// Sends the changes after `from` up to the target, and then that they were all. What came after the target waits
    /// for the next update: a case that has moved on would come twice, and a new index would hold it twice.
    async fn read(&self, mut from: Seq, pages: mpsc::Sender<Page>) -> Result<(), StoreError> {
        while from < self.target.seq {
            let mut page = self.store.changes_after(from, PAGE).await?;
            let Some(last) = page.last() else { break };
            from = last.seq;
            page.retain(|change| change.seq <= self.target.seq);
            let page = page.into_iter().map(|change| match change.case {
                Some(case) => Change::Put(Box::new(case)),
                None => Change::Remove(change.id),
            });
            if pages.send(Page::Changes(page.collect())).await.is_err() {
                return Ok(()); // The writer has failed and says why.
            }
        }
        let _ = pages.send(Page::End).await;
        Ok(())
    }
}
