//! Writes one generation of the index: cards and numbers first, then tantivy's commit that counts them.
//!
//! What stands in the side files past the last commit is left from a crash and cut off when the writer opens.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::schema::Term;
use tantivy::{Index, IndexSettings, IndexWriter, TantivyDocument};

use crate::analyzer::normalize::fold;
use crate::analyzer::{Analyzer, asking};
use crate::id::CaseId;
use crate::kb::case::Case;

use super::associations::{ASSOCIATIONS, Associations};
use super::card::{Card, CardBuilder, Head};
use super::cutting::{CutChange, Numbered, cut_in_threads};
use super::latent::{DIMENSIONS, LATENT, Latent, VECTORS};
use super::map::map;
use super::prepare::{Prepared, term_hash};
use super::schema::{self, CutTerms, Fields, TOKENIZER};

/// Name of the file of cards.
pub const CARDS: &str = "cards.dat";
/// Name of the file of term hashes; a term's number is its place in it, from 1.
pub const TERMS: &str = "terms.dat";

/// Name of the file of rows: for each, where its card begins, 8 bytes.
pub const ROWS: &str = "rows.dat";

/// Memory that tantivy may fill before it writes a segment, in bytes.
const WRITER_BUDGET: usize = 48 << 20;

/// What a commit says of itself; stands in tantivy's commit payload.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct Commit {
    /// [`schema::VERSION`] at the time.
    pub version: u32,
    /// Fingerprint of the word files that cut the cases.
    pub words: String,
    /// The store's change sequence up to which this index follows.
    pub seq: i64,
    /// Bytes of the card file that count.
    pub cards: u64,
    /// Terms of the term file that count.
    pub terms: u64,
    /// Rows written, those replaced since included.
    pub rows: u64,
    /// Product codes and their names.
    pub products: BTreeMap<String, String>,
    /// Which store this index follows; a sequence means nothing in another one.
    #[serde(default)]
    pub store: String,
}

/// Why the index could not be written.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Another process writes to this index.
    #[error(
        "another process is writing to the index in {0}: wait until it is done, or use another --index folder"
    )]
    Locked(String),
    /// No space is left.
    #[error(
        "no space is left on the disk of the index in {0}: make room and try again; the index in use stays as it was"
    )]
    DiskFull(String),
    /// A file cannot be read or written.
    #[error("the index in {folder} cannot be read or written: {source}")]
    Io {
        /// The index folder.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
    /// tantivy refused.
    #[error("the index in {folder} is unusable: {reason}; rebuild it with `yunzhu index --rebuild`")]
    Broken {
        /// The index folder.
        folder: String,
        /// What is wrong.
        reason: String,
    },
}

/// A change of one case.
#[derive(Clone, Debug)]
pub enum Change {
    /// The case is new or changed.
    Put(Box<Case>),
    /// The case is gone.
    Remove(CaseId),
}

/// The writer of one generation.
pub struct Writer {
    folder: String,
    index: Index,
    tantivy: IndexWriter,
    fields: Fields,
    cards: BufWriter<File>,
    terms: BufWriter<File>,
    numbers: HashMap<u64, u32>,
    rows: BufWriter<File>,
    vectors: BufWriter<File>,
    learned: Option<(Associations, Latent)>,
    path: PathBuf,
    commit: Commit,
    fresh: bool,
}

impl Writer {
    /// A writer for the generation in `folder`, made if there is none. `words` is the fingerprint of the word files.
    ///
    /// # Errors
    /// Another writer has it, or files cannot be read or written.
    pub fn open(folder: &Path, words: &str) -> Result<Self, IndexError> {
        let name = folder.display().to_string();
        let io = |source| IndexError::Io { folder: name.clone(), source };
        std::fs::create_dir_all(folder).map_err(io)?;
        let index = open_or_create(folder).map_err(|e| broken(&name, e))?;
        let tantivy = index.writer_with_num_threads(1, WRITER_BUDGET).map_err(|e| broken(&name, e))?;
        let payload = index.load_metas().map_err(|e| broken(&name, e))?.payload;
        let fresh = payload.is_none();
        let commit = match payload {
            Some(text) => serde_json::from_str(&text)
                .map_err(|e| IndexError::Broken { folder: name.clone(), reason: e.to_string() })?,
            None => Commit { version: schema::VERSION, words: words.to_owned(), ..Commit::default() },
        };
        let cards = append_to(&folder.join(CARDS), commit.cards).map_err(io)?;
        let terms = append_to(&folder.join(TERMS), commit.terms * 8).map_err(io)?;
        let rows = append_to(&folder.join(ROWS), commit.rows * 8).map_err(io)?;
        let vectors = append_to(&folder.join(VECTORS), commit.rows * DIMENSIONS as u64).map_err(io)?;
        let learned = if fresh { None } else { Some(load_learned(folder).map_err(io)?) };
        let numbers = read_numbers(&folder.join(TERMS), commit.terms).map_err(io)?;
        let numbers = numbers.into_iter().zip(1..).collect();
        let (_, fields) = schema::schema();
        Ok(Self {
            folder: name,
            index,
            tantivy,
            fields,
            cards,
            terms,
            numbers,
            commit,
            fresh,
            rows,
            vectors,
            learned,
            path: folder.to_owned(),
        })
    }

    /// Notes which store the changes come from; counts from the next commit on.
    pub fn follow(&mut self, store: &str) {
        store.clone_into(&mut self.commit.store);
    }

    /// What the last commit says.
    pub fn committed(&self) -> &Commit {
        &self.commit
    }

    /// Writes changes, each case at most once in the sequence. Cuts cases in `threads` threads; `done` is told how many
    /// changes have been written so far.
    ///
    /// # Errors
    /// Files cannot be written. What was written since the last commit does not count then.
    pub fn write(
        &mut self,
        analyzer: &Analyzer,
        changes: &mut (dyn Iterator<Item = Change> + Send),
        threads: usize,
        done: &dyn Fn(u64),
    ) -> Result<(), IndexError> {
        let (cut_in, cut_out) = sync_channel::<Numbered<CutChange>>(threads * 2);
        std::thread::scope(|scope| {
            cut_in_threads(scope, analyzer, changes, threads, cut_in);
            // Batches are written in the order they came in, whichever thread was faster: the same cases give the same
            // index.
            let (mut next, mut early, mut written) = (0, BTreeMap::new(), 0);
            for (number, batch) in cut_out {
                early.insert(number, batch);
                while let Some(batch) = early.remove(&next) {
                    next += 1;
                    written += batch.len() as u64;
                    for change in batch {
                        self.one(change)?;
                    }
                    done(written);
                }
            }
            Ok(())
        })
    }

    fn one(&mut self, change: CutChange) -> Result<(), IndexError> {
        match change {
            CutChange::Remove(id) => {
                self.tantivy.delete_term(Term::from_field_text(self.fields.id, id.as_str()));
                Ok(())
            }
            CutChange::Put(prepared) => self.put(*prepared),
        }
    }

    fn put(&mut self, prepared: Prepared) -> Result<(), IndexError> {
        self.write_row(&prepared).map_err(|source| IndexError::Io { folder: self.folder.clone(), source })?;
        let Prepared { case, text, record, .. } = prepared;
        if !case.product.is_empty() {
            self.commit.products.entry(case.product).or_insert(case.product_name);
        }
        let mut document = TantivyDocument::default();
        document.add_text(self.fields.id, case.id.as_str());
        document.add_text(self.fields.text, &text);
        document.add_u64(self.fields.row, self.commit.rows);
        document.add_bytes(self.fields.record, &record);
        if !self.fresh {
            self.tantivy.delete_term(Term::from_field_text(self.fields.id, case.id.as_str()));
        }
        self.tantivy.add_document(document).map_err(|e| broken(&self.folder, e))?;
        self.commit.rows += 1;
        Ok(())
    }

    fn write_row(&mut self, prepared: &Prepared) -> io::Result<()> {
        let case = &prepared.case;
        let document = term_hash(&case.product) ^ term_hash(&case.document).rotate_left(1);
        let asks = asking::kinds(&fold(&case.title));
        let head = Head::new(case.id.as_str(), &case.product, &case.title, document, asks);
        let mut card = CardBuilder::new(head);
        for section in &prepared.sections {
            for term in section {
                let number = if term.hash == 0 { 0 } else { self.number(term.hash)? };
                card.term(number, term.new_position);
            }
            card.end_section();
        }
        let bytes = card.finish();
        self.rows.write_all(&self.commit.cards.to_le_bytes())?;
        self.cards.write_all(&bytes)?;
        if let Some((associations, latent)) = &self.learned {
            let vector = latent.of_card(Card::at(&bytes, 0), associations);
            self.vectors.write_all(&vector.map(i8::cast_unsigned))?;
        }
        self.commit.cards += bytes.len() as u64;
        Ok(())
    }

    fn number(&mut self, hash: u64) -> io::Result<u32> {
        if let Some(&number) = self.numbers.get(&hash) {
            return Ok(number);
        }
        self.terms.write_all(&hash.to_le_bytes())?;
        self.commit.terms += 1;
        let number = u32::try_from(self.commit.terms).map_err(io::Error::other)?;
        self.numbers.insert(hash, number);
        Ok(number)
    }

    /// Makes all that was written durable and visible, following the store up to `seq`.
    ///
    /// # Errors
    /// Files cannot be written; the commit before stays.
    pub fn commit(&mut self, seq: i64) -> Result<(), IndexError> {
        self.commit.seq = seq;
        let folder = self.folder.clone();
        let io = |source| IndexError::Io { folder: folder.clone(), source };
        for file in [&mut self.cards, &mut self.terms, &mut self.rows] {
            file.flush().map_err(io)?;
        }
        if self.learned.is_none() {
            self.learn().map_err(io)?;
        }
        for file in [&mut self.cards, &mut self.terms, &mut self.rows, &mut self.vectors] {
            file.flush().map_err(io)?;
            file.get_ref().sync_data().map_err(io)?;
        }
        let payload = serde_json::to_string(&self.commit).unwrap_or_default();
        let mut prepared = self.tantivy.prepare_commit().map_err(|e| broken(&self.folder, e))?;
        prepared.set_payload(&payload);
        prepared.commit().map_err(|e| broken(&self.folder, e))?;
        self.fresh = false;
        Ok(())
    }

    /// What the cases of a new generation teach, and their vectors, which need it.
    fn learn(&mut self) -> io::Result<()> {
        let cards = map(&self.path.join(CARDS), self.commit.cards)?;
        let offsets = read_numbers(&self.path.join(ROWS), self.commit.rows)?;
        let terms = u32::try_from(self.commit.terms).map_err(io::Error::other)?;
        let associations = Associations::learn(&cards, &offsets, terms);
        associations.save(&self.path.join(ASSOCIATIONS))?;
        let latent = Latent::learn(&cards, &offsets, &associations, terms);
        latent.save(&self.path.join(LATENT))?;
        for &offset in &offsets {
            let vector = latent.of_card(Card::at(&cards, offset), &associations);
            self.vectors.write_all(&vector.map(i8::cast_unsigned))?;
        }
        self.learned = Some((associations, latent));
        Ok(())
    }

    /// Merges all segments into one, which makes searching faster; worth it after a rebuild.
    ///
    /// # Errors
    /// Files cannot be written; the segments before stay.
    pub fn merge(mut self) -> Result<(), IndexError> {
        let segments = self.index.searchable_segment_ids().map_err(|e| broken(&self.folder, e))?;
        if segments.len() > 1 {
            self.tantivy.merge(&segments).wait().map_err(|e| broken(&self.folder, e))?;
        }
        self.tantivy.garbage_collect_files().wait().map_err(|e| broken(&self.folder, e))?;
        self.finish()
    }

    /// Waits for the merges of small segments that the commit has set off.
    ///
    /// # Errors
    /// Files cannot be written; what was committed stays.
    pub fn finish(self) -> Result<(), IndexError> {
        self.tantivy.wait_merging_threads().map_err(|e| broken(&self.folder, e))
    }
}

fn open_or_create(folder: &Path) -> tantivy::Result<Index> {
    let directory = MmapDirectory::open(folder)?;
    let index = if Index::exists(&directory)? {
        Index::open(directory)?
    } else {
        let (schema, _) = schema::schema();
        let settings = IndexSettings {
            docstore_compression: tantivy::store::Compressor::Zstd(tantivy::store::ZstdCompressor {
                compression_level: Some(10),
            }),
            docstore_blocksize: 524_288,
            ..IndexSettings::default()
        };
        Index::create(directory, schema, settings)?
    };
    index.tokenizers().register(TOKENIZER, CutTerms::default());
    Ok(index)
}

/// Opens a side file at the length that counts, cutting off what a crash left behind.
fn append_to(path: &Path, length: u64) -> io::Result<BufWriter<File>> {
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).read(true).open(path)?;
    if file.metadata()?.len() < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{} is cut short", path.display())));
    }
    file.set_len(length)?;
    file.seek(SeekFrom::End(0))?;
    Ok(BufWriter::with_capacity(1 << 18, file))
}

/// What was learned when the generation was made.
pub(super) fn load_learned(folder: &Path) -> io::Result<(Associations, Latent)> {
    Ok((Associations::load(&folder.join(ASSOCIATIONS))?, Latent::load(&folder.join(LATENT))?))
}

/// The first `count` numbers of a side file of 8 bytes each.
pub(super) fn read_numbers(path: &Path, count: u64) -> io::Result<Vec<u64>> {
    let bytes = std::fs::read(path)?;
    let numbers: Vec<u64> =
        bytes.as_chunks::<8>().0.iter().take(count as usize).map(|b| u64::from_le_bytes(*b)).collect();
    if (numbers.len() as u64) < count {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{} is cut short", path.display())));
    }
    Ok(numbers)
}

fn broken(folder: &str, error: tantivy::TantivyError) -> IndexError {
    use tantivy::TantivyError;
    let folder = folder.to_owned();
    match error {
        TantivyError::LockFailure(..) => IndexError::Locked(folder),
        TantivyError::IoError(e) => {
            IndexError::Io { folder, source: io::Error::new(e.kind(), e.to_string()) }
        }
        other => IndexError::Broken { folder, reason: other.to_string() },
    }
}
