//! Reads one generation of the index: an unchanging view of the last commit.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::Path;

use memmap2::Mmap;
use tantivy::schema::{IndexRecordOption, Term, Value};
use tantivy::{
    DocAddress, DocSet, Index, ReloadPolicy, Searcher, SegmentReader, TERMINATED, TantivyDocument,
};

use crate::id::CaseId;

use crate::kb::case::Case;

use super::associations::Associations;
use super::card::Card;
use super::latent::{DIMENSIONS, Latent, VECTORS};
use super::map::map;
use super::prepare::term_hash;
use super::schema::{self, CutTerms, Fields, TOKENIZER};
use super::writer::{CARDS, Commit, IndexError, ROWS, TERMS, load_learned, read_numbers};

/// Everything from the first Chinese character on, as the term dictionary sorts it.
const FIRST_HAN: &[u8] = "\u{3400}".as_bytes();

/// Term hashes are already hashes.
#[derive(Clone, Copy, Default)]
pub struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |h, &b| h << 8 | u64::from(b));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// A view of the index as of one commit. Cheap to keep; searches on it are not disturbed by writers.
pub struct Reader {
    searcher: Searcher,
    fields: Fields,
    cards: Mmap,
    numbers: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
    offsets: Mmap,
    vectors: Mmap,
    associations: Associations,
    latent: Latent,
    lengths: Vec<Vec<u8>>,
    commit: Commit,
}

impl Reader {
    /// Opens the last commit of the generation in `folder`.
    ///
    /// # Errors
    /// [`IndexError::Broken`] where there is no whole index of this version.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        let name = folder.display().to_string();
        let broken = |reason: String| IndexError::Broken { folder: name.clone(), reason };
        let index = Index::open_in_dir(folder).map_err(|e| broken(e.to_string()))?;
        index.tokenizers().register(TOKENIZER, CutTerms::default());
        // Before the commit is read: where a writer commits in between, the side files then reach too far, not too short.
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
        let reader: tantivy::IndexReader =
            reader.map_err(|e: tantivy::TantivyError| broken(e.to_string()))?;
        let payload = index.load_metas().map_err(|e| broken(e.to_string()))?.payload;
        let payload = payload.ok_or_else(|| broken("nothing was ever committed to it".into()))?;
        let commit: Commit = serde_json::from_str(&payload).map_err(|e| broken(e.to_string()))?;
        if commit.version != schema::VERSION {
            return Err(broken(format!(
                "it has version {}, this program writes {}",
                commit.version,
                schema::VERSION
            )));
        }
        let cards = map(&folder.join(CARDS), commit.cards).map_err(|e| broken(e.to_string()))?;
        let offsets = map(&folder.join(ROWS), commit.rows * 8).map_err(|e| broken(e.to_string()))?;
        let vectors =
            map(&folder.join(VECTORS), commit.rows * DIMENSIONS as u64).map_err(|e| broken(e.to_string()))?;
        let hashes = read_numbers(&folder.join(TERMS), commit.terms).map_err(|e| broken(e.to_string()))?;
        let mut numbers = HashMap::with_capacity_and_hasher(hashes.len(), BuildHasherDefault::default());
        numbers.extend(hashes.into_iter().zip(1..));
        let (associations, latent) = load_learned(folder).map_err(|e| broken(e.to_string()))?;
        let (_, fields) = schema::schema();
        let searcher = reader.searcher();
        let lengths = lengths(&searcher, fields).map_err(|e| broken(e.to_string()))?;
        Ok(Self { searcher, lengths, fields, cards, offsets, vectors, numbers, associations, latent, commit })
    }

    /// What the commit says of itself.
    pub fn commit(&self) -> &Commit {
        &self.commit
    }

    /// What the cases teach.
    pub fn associations(&self) -> &Associations {
        &self.associations
    }

    /// The length of every case of a segment, as tantivy's one-byte code; unpacked once, for the tight loop.
    pub fn lengths(&self, segment: usize) -> &[u8] {
        self.lengths.get(segment).map_or(&[], Vec::as_slice)
    }

    /// tantivy's view, for the inverted lists.
    pub fn searcher(&self) -> &Searcher {
        &self.searcher
    }

    /// The fields of the schema.
    pub fn fields(&self) -> Fields {
        self.fields
    }

    /// How many cases there are.
    pub fn cases(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// The number under which a term stands on cards; `None` where no card has it.
    pub fn number(&self, term: &str) -> Option<u32> {
        self.numbers.get(&term_hash(term)).copied()
    }

    /// The card of a row; an empty one where there is no such row.
    #[inline]
    pub fn card(&self, row: u64) -> Card<'_> {
        let offset = usize::try_from(row).ok().and_then(|row| self.offsets.as_chunks::<8>().0.get(row));
        Card::at(&self.cards, offset.map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes)))
    }

    /// The latent vector of a row's case.
    #[inline]
    pub fn vector(&self, row: u64) -> [i8; DIMENSIONS] {
        let vector =
            usize::try_from(row).ok().and_then(|row| self.vectors.as_chunks::<DIMENSIONS>().0.get(row));
        vector.map_or([0; DIMENSIONS], |bytes| bytes.map(u8::cast_signed))
    }

    /// The vectors of terms.
    pub fn latent(&self) -> &Latent {
        &self.latent
    }

    /// Every Chinese term of two characters or more, with how many cases have it.
    ///
    /// # Errors
    /// The term dictionary cannot be read.
    pub fn chinese_words(&self, mut emit: impl FnMut(&str, u32)) -> tantivy::Result<()> {
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(self.fields.text)?;
            let mut terms = inverted.terms().range().ge(FIRST_HAN).into_stream()?;
            while let Some((term, info)) = terms.next() {
                if let Ok(term) = std::str::from_utf8(term) {
                    emit(term, info.doc_freq);
                }
            }
        }
        Ok(())
    }

    /// Where a case is.
    ///
    /// # Errors
    /// The inverted lists cannot be read.
    pub fn find(&self, id: &CaseId) -> tantivy::Result<Option<DocAddress>> {
        let term = Term::from_field_text(self.fields.id, id.as_str());
        for (number, segment) in (0u32..).zip(self.searcher.segment_readers()) {
            let list =
                segment.inverted_index(self.fields.id)?.read_postings(&term, IndexRecordOption::Basic)?;
            let Some(mut list) = list else { continue };
            while list.doc() != TERMINATED {
                if !segment.is_deleted(list.doc()) {
                    return Ok(Some(DocAddress::new(number, list.doc())));
                }
                list.advance();
            }
        }
        Ok(None)
    }

    /// The whole case at an address.
    pub fn case(&self, address: DocAddress) -> Option<Case> {
        let document: TantivyDocument = self.searcher.doc(address).ok()?;
        let record = document.get_first(self.fields.record)?;
        serde_json::from_slice(record.as_bytes()?).ok()
    }
}

fn lengths(searcher: &Searcher, fields: Fields) -> tantivy::Result<Vec<Vec<u8>>> {
    let of = |segment: &SegmentReader| {
        let norms = segment.get_fieldnorms_reader(fields.text)?;
        Ok((0..segment.max_doc()).map(|doc| norms.fieldnorm_id(doc)).collect())
    };
    searcher.segment_readers().iter().map(of).collect()
}
