//! What a batch of cases means for the tables. Pure: what there is comes in, what is to be done comes out.

use std::collections::{HashMap, HashSet};

use crate::kb::case::Case;
use crate::store::record::ContentHash;
use crate::store::source::{PutSummary, SyncRun};

/// A case that is to be written, and what it takes the place of.
pub struct Fresh {
    pub case: Case,
    pub hash: ContentHash,
    pub revision: i64,
}

/// What the store has of an id.
#[derive(sqlx::FromRow)]
pub struct Known {
    pub id: String,
    pub seq: i64,
    pub source_id: i64,
    pub revision: i64,
    pub hash: Vec<u8>,
    pub removed: bool,
    pub seen: bool,
}

/// What a batch asks of the tables.
#[derive(Default)]
pub struct Plan {
    pub summary: PutSummary,
    pub fresh: Vec<Fresh>,
    /// Rows that give way to fresh ones.
    pub replaced: Vec<i64>,
    /// Rows that stay as they are; some only change their owner.
    pub kept: Vec<i64>,
    pub moved: Vec<i64>,
}

impl Plan {
    /// The plan for `cases`, where the store has `known`.
    pub fn of(run: &SyncRun, cases: Vec<(Case, ContentHash)>, known: &HashMap<String, Known>) -> Self {
        let mut plan = Self::default();
        let mut here = HashSet::with_capacity(cases.len());
        for (case, hash) in cases {
            let old = known.get(case.id.as_str());
            if !here.insert(case.id.clone()) || old.is_some_and(|old| old.seen) {
                plan.summary.repeated += 1;
                continue;
            }
            let live = old.filter(|old| !old.removed);
            let ours = live.is_some_and(|old| old.source_id == run.source_id);
            let same = live.is_some_and(|old| old.hash == hash);
            match (live, ours, same) {
                (None, ..) => plan.summary.added += 1,
                (Some(_), true, true) => plan.summary.unchanged += 1,
                (Some(_), true, false) => plan.summary.changed += 1,
                (Some(_), false, _) => plan.summary.moved += 1,
            }
            match old {
                Some(old) if same => {
                    plan.kept.push(old.seq);
                    plan.moved.extend((!ours).then_some(old.seq));
                }
                _ => {
                    plan.replaced.extend(old.map(|old| old.seq));
                    plan.fresh.push(Fresh { case, hash, revision: old.map_or(1, |old| old.revision + 1) });
                }
            }
        }
        plan
    }
}
