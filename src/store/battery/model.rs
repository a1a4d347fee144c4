//! A store as one would write it on a napkin, and the property that the real ones do the same.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::{Fixture, case, day, source};
use crate::id::CaseId;
use crate::store::Store;
use crate::store::change::Seq;
use crate::store::source::{PutSummary, Removal};

/// One sync: which source, (id, content) of what it has, how many a batch, and how it ends (`None`: killed).
#[derive(Clone, Debug)]
struct Sync {
    source: u8,
    cases: Vec<(u8, u8)>,
    batch: usize,
    end: Option<Removal>,
}

#[derive(Default)]
struct Model {
    /// Owner and content of the cases that there are.
    live: BTreeMap<u8, (u8, u8)>,
    /// Earlier contents.
    earlier: BTreeMap<u8, Vec<u8>>,
}

impl Model {
    fn sync(&mut self, sync: &Sync) -> (PutSummary, u64) {
        let mut put = PutSummary::default();
        let mut seen = HashSet::new();
        for &(id, content) in &sync.cases {
            if !seen.insert(id) {
                put.repeated += 1;
                continue;
            }
            let old = self.live.insert(id, (sync.source, content));
            match old {
                None => put.added += 1,
                Some((owner, _)) if owner != sync.source => put.moved += 1,
                Some((_, old)) if old == content => put.unchanged += 1,
                Some(_) => put.changed += 1,
            }
            if let Some((_, old)) = old.filter(|&(_, old)| old != content) {
                self.earlier.entry(id).or_default().push(old);
            }
        }
        let gone: Vec<u8> = match sync.end {
            Some(Removal::Gone) => {
                let lost = |(id, (owner, _)): (&u8, &(u8, u8))| {
                    (*owner == sync.source && !seen.contains(id)).then_some(*id)
                };
                self.live.iter().filter_map(lost).collect()
            }
            Some(Removal::Keep) | None => Vec::new(),
        };
        for id in &gone {
            let (_, old) = self.live.remove(id).unwrap();
            self.earlier.entry(*id).or_default().push(old);
        }
        (put, gone.len() as u64)
    }
}

fn id(id: u8) -> CaseId {
    CaseId::parse(&format!("c{id}")).unwrap()
}

fn content(content: u8) -> String {
    format!("内容{content}")
}

fn syncs() -> impl Strategy<Value = Vec<Sync>> {
    let end = prop_oneof![4 => Just(Some(Removal::Gone)), 1 => Just(Some(Removal::Keep)), 1 => Just(None)];
    let sync = (0..3_u8, prop::collection::vec((0..10_u8, 0..3_u8), 0..12), 1..6_usize, end);
    let sync = sync.prop_map(|(source, cases, batch, end)| Sync { source, cases, batch, end });
    prop::collection::vec(sync, 1..8)
}

pub fn any_sequence_of_syncs_does_as_the_model<F: Fixture>() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    proptest!(ProptestConfig::with_cases(64), |(syncs in syncs())| {
        runtime.block_on(does_as_the_model::<F>(&syncs))?;
    });
}

async fn does_as_the_model<F: Fixture>(syncs: &[Sync]) -> Result<(), TestCaseError> {
    let fixture = F::fresh().await;
    let store = fixture.store();
    let mut model = Model::default();
    let (mut replica, mut at) = (BTreeMap::new(), Seq::START);
    for (today, sync) in syncs.iter().enumerate() {
        let expected = model.sync(sync);
        let run = store.begin_sync(&source(&format!("s{}", sync.source)), day(today as u64)).await.unwrap();
        let mut put = PutSummary::default();
        for batch in sync.cases.chunks(sync.batch) {
            let batch = batch.iter().map(|&(n, text)| case(id(n).as_str(), &content(text))).collect();
            put += store.put(&run, batch).await.unwrap();
        }
        let removed = match sync.end {
            Some(end) => store.finish_sync(run, end).await.unwrap(),
            None => 0,
        };
        prop_assert_eq!((put, removed), expected);
        at = follow(store, at, &mut replica).await?;
        prop_assert_eq!(at, store.last_seq().await.unwrap());
        let live: BTreeMap<_, _> = model.live.iter().map(|(&n, &(_, text))| (id(n), content(text))).collect();
        prop_assert_eq!(&replica, &live);
        prop_assert_eq!(store.count().await.unwrap(), live.len() as u64);
    }
    for n in 0..10 {
        let now = store.case(&id(n)).await.unwrap().map(|case| case.body);
        prop_assert_eq!(now, model.live.get(&n).map(|&(_, text)| content(text)));
        let earlier: Vec<_> =
            store.revisions(&id(n)).await.unwrap().into_iter().map(|r| (r.number, r.case.body)).collect();
        let expected = model.earlier.remove(&n).unwrap_or_default();
        let expected: Vec<_> = (1..).zip(expected.into_iter().map(content)).collect();
        prop_assert_eq!(earlier, expected);
    }
    Ok(())
}

/// What an index does: hears of every change once, in order.
async fn follow(
    store: &impl Store,
    mut at: Seq,
    replica: &mut BTreeMap<CaseId, String>,
) -> Result<Seq, TestCaseError> {
    loop {
        let page = store.changes_after(at, 3).await.unwrap();
        if page.is_empty() {
            return Ok(at);
        }
        for change in page {
            prop_assert!(change.seq > at);
            at = change.seq;
            match change.case {
                Some(case) => replica.insert(change.id, case.body),
                None => replica.remove(&change.id),
            };
        }
    }
}
