//! First stage: the cases whose combined field matches best, by BM25 over tantivy's inverted lists.
//!
//! Term at a time into one accumulator per case: a long question has dozens of terms and 160 candidates are wanted,
//! which leaves block-max pruning little to skip, while adding up whole blocks of a list is a tight loop. It also lets
//! the ways to say one thing count once, by the best of them, which a sum of term queries cannot do.
//! BM25: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009.

use std::sync::Arc;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::schema::{IndexRecordOption, Term};
use tantivy::{DocAddress, InvertedIndexReader, SegmentReader, TERMINATED};

use crate::index::reader::Reader;

use super::question::Question;

/// BM25's two numbers.
#[derive(Clone, Copy, Debug)]
pub struct Bm25 {
    /// How soon repeating a term stops to count.
    pub k1: f32,
    /// How much long cases are held back.
    pub b: f32,
}

/// A case that may answer.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Where it is in tantivy.
    pub address: DocAddress,
    /// Its row in the side files.
    pub row: u64,
    /// Its BM25 score.
    pub score: f32,
}

/// Memory that is kept from question to question.
#[derive(Default)]
pub struct Scratch {
    sums: Vec<f32>,
    best: Vec<f32>,
    touched: Vec<u32>,
}

/// How many postings are added up for a question at most, all segments together. The most telling words come first, so
/// what is left out are common words, which the second stage still sees on the cards. Bounds the time of long questions.
const MOST_POSTINGS: u64 = 110_000;

/// One way of one concept, found in the index.
struct List {
    concept: usize,
    /// What one match counts, before saturation.
    value: f32,
    /// Where its list is in each segment.
    infos: Vec<Option<TermInfo>>,
    cases: u64,
}

/// The `limit` best candidates, best first, and the idf of each concept's ways.
///
/// # Errors
/// The inverted lists cannot be read.
pub fn candidates(
    reader: &Reader,
    question: &Question,
    bm25: Bm25,
    limit: usize,
    scratch: &mut Scratch,
) -> tantivy::Result<(Vec<Candidate>, Vec<Vec<f32>>)> {
    let inverted = inverted(reader)?;
    let (lists, idfs) = lists(reader, &inverted, question)?;
    let groups = most_telling(lists, question.concepts.len());
    let impacts = impacts(reader, &inverted, bm25);
    let mut found = Vec::with_capacity(limit * 2);
    for (number, segment) in reader.searcher().segment_readers().iter().enumerate() {
        let lengths = reader.lengths(number);
        let frame = Frame { inverted: &inverted[number], lengths, impacts: &impacts, bm25, number };
        frame.score(&groups, segment.max_doc() as usize, scratch)?;
        collect(segment, number as u32, limit, &scratch.sums, &mut found)?;
    }
    found.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.address.cmp(&b.address)));
    found.truncate(limit);
    Ok((found, idfs))
}

/// The idf of each concept's ways; 0 for a term that no case has.
pub(super) fn idfs(reader: &Reader, question: &Question) -> tantivy::Result<Vec<Vec<f32>>> {
    lists(reader, &inverted(reader)?, question).map(|(_, idfs)| idfs)
}

type Inverted = Vec<Arc<InvertedIndexReader>>;

fn inverted(reader: &Reader) -> tantivy::Result<Inverted> {
    let segments = reader.searcher().segment_readers();
    segments.iter().map(|segment| segment.inverted_index(reader.fields().text)).collect()
}

/// What a match counts for a term that stands once, twice, … in a case of each length, before its value.
struct Impacts {
    norms: [f32; 256],
    few: [[f32; 256]; FEW],
}

/// Counts up to this are looked up instead of divided.
const FEW: usize = 8;

fn impacts(reader: &Reader, inverted: &Inverted, bm25: Bm25) -> Impacts {
    let tokens: u64 = inverted.iter().map(|i| i.total_num_tokens()).sum();
    let cases: u64 = reader.searcher().segment_readers().iter().map(|s| u64::from(s.max_doc())).sum();
    let average = (tokens as f32 / cases.max(1) as f32).max(1.0);
    let norms: [f32; 256] = std::array::from_fn(|id| {
        let length = FieldNormReader::id_to_fieldnorm(id as u8) as f32;
        bm25.k1 * (1.0 - bm25.b + bm25.b * length / average)
    });
    let few = std::array::from_fn(|count| norms.map(|norm| count as f32 / (count as f32 + norm)));
    Impacts { norms, few }
}

impl Impacts {
    #[inline]
    fn of(&self, count: u32, length: u8) -> f32 {
        match self.few.get(count as usize) {
            Some(few) => few[usize::from(length)],
            None => count as f32 / (count as f32 + self.norms[usize::from(length)]),
        }
    }
}

fn lists(
    reader: &Reader,
    inverted: &Inverted,
    question: &Question,
) -> tantivy::Result<(Vec<List>, Vec<Vec<f32>>)> {
    let all = reader.cases() as f32;
    let mut lists = Vec::new();
    let mut idfs = Vec::with_capacity(question.concepts.len());
    for (concept, said) in question.concepts.iter().enumerate() {
        let mut of_ways: Vec<f32> = Vec::with_capacity(said.ways.len());
        for way in &said.ways {
            let term = Term::from_field_text(reader.fields().text, &way.term);
            let infos = inverted.iter().map(|i| i.get_term_info(&term)).collect::<Result<Vec<_>, _>>()?;
            let cases: u64 = infos.iter().flatten().map(|info| u64::from(info.doc_freq)).sum();
            let idf = if cases == 0 {
                0.0
            } else {
                (1.0 + (all - cases as f32 + 0.5).max(0.0) / (cases as f32 + 0.5)).ln()
            };
            of_ways.push(idf);
            if cases > 0 {
                // A synonym never counts for more than the word that was said would.
                let capped = if of_ways[0] > 0.0 { idf.min(of_ways[0]) } else { idf };
                lists.push(List { concept, value: said.weight * way.factor * capped, infos, cases });
            }
        }
        idfs.push(of_ways);
    }
    Ok((lists, idfs))
}

/// The lists by concept, the most telling concept first, as far as [`MOST_POSTINGS`] reaches.
fn most_telling(mut lists: Vec<List>, concepts: usize) -> Vec<Vec<List>> {
    lists.sort_by(|a, b| b.value.total_cmp(&a.value));
    let mut left = MOST_POSTINGS;
    let mut groups: Vec<Vec<List>> = (0..concepts).map(|_| Vec::new()).collect();
    for (taken, list) in lists.into_iter().enumerate() {
        // The first few always count, or a question of common words would find nothing.
        if list.cases > left && taken >= 3 {
            continue;
        }
        left = left.saturating_sub(list.cases);
        groups[list.concept].push(list);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// What scoring one segment needs.
struct Frame<'a> {
    inverted: &'a InvertedIndexReader,
    lengths: &'a [u8],
    impacts: &'a Impacts,
    bm25: Bm25,
    number: usize,
}

impl Frame<'_> {
    fn score(&self, groups: &[Vec<List>], cases: usize, scratch: &mut Scratch) -> tantivy::Result<()> {
        scratch.sums.clear();
        scratch.sums.resize(cases, 0.0);
        if scratch.best.len() < cases {
            scratch.best.resize(cases, 0.0);
        }
        for group in groups {
            let alone = group.len() == 1;
            for list in group {
                let Some(info) = &list.infos[self.number] else { continue };
                let mut postings =
                    self.inverted.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
                let value = list.value * (self.bm25.k1 + 1.0);
                if alone {
                    self.add(&mut postings, value, &mut scratch.sums);
                } else {
                    self.add_best(&mut postings, value, scratch);
                }
            }
            scratch.touched.drain(..).for_each(|doc| scratch.best[doc as usize] = 0.0);
        }
        Ok(())
    }

    fn add(&self, postings: &mut BlockSegmentPostings, value: f32, sums: &mut [f32]) {
        each(postings, |doc, count| sums[doc as usize] += value * self.saturated(doc, count));
    }

    /// Of several ways to say one thing, the best counts.
    fn add_best(&self, postings: &mut BlockSegmentPostings, value: f32, scratch: &mut Scratch) {
        let Scratch { sums, best, touched } = scratch;
        each(postings, |doc, count| {
            let score = value * self.saturated(doc, count);
            let before = &mut best[doc as usize];
            if score > *before {
                if *before == 0.0 {
                    touched.push(doc);
                }
                sums[doc as usize] += score - *before;
                *before = score;
            }
        });
    }

    #[inline]
    fn saturated(&self, doc: u32, count: u32) -> f32 {
        self.impacts.of(count, self.lengths[doc as usize])
    }
}

#[inline]
fn each(list: &mut BlockSegmentPostings, mut visit: impl FnMut(u32, u32)) {
    loop {
        let (docs, counts) = (list.docs(), list.freqs());
        if docs.is_empty() {
            return;
        }
        for (&doc, &count) in docs.iter().zip(counts) {
            if doc == TERMINATED {
                return;
            }
            visit(doc, count);
        }
        list.advance();
    }
}

/// The best of one segment: a threshold that rises as a small heap fills.
fn collect(
    segment: &SegmentReader,
    number: u32,
    limit: usize,
    sums: &[f32],
    found: &mut Vec<Candidate>,
) -> tantivy::Result<()> {
    let rows = segment.fast_fields().u64("row")?;
    let alive = segment.alive_bitset();
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(limit * 4);
    let mut floor = 0.0f32;
    for (doc, &score) in (0u32..).zip(sums.iter()) {
        if score > floor && alive.is_none_or(|a| a.is_alive(doc)) {
            best.push((score, doc));
            if best.len() == limit * 4 {
                best.select_nth_unstable_by(limit, |a, b| b.0.total_cmp(&a.0));
                best.truncate(limit);
                floor = best.iter().map(|b| b.0).fold(f32::MAX, f32::min);
            }
        }
    }
    best.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    best.truncate(limit);
    found.extend(best.into_iter().map(|(score, doc)| Candidate {
        address: DocAddress::new(number, doc),
        row: rows.first(doc).unwrap_or(u64::MAX),
        score,
    }));
    Ok(())
}
