//! Readers: files of any supported format to cases, one at a time, so that memory does not grow with the file.
//!
//! Start at [`read_path`]. A record that is no case is reported with its place and skipped; only a file that cannot be
//! read on at all is a [`ReadError`].

mod encoding;
mod folder;
mod input;
mod json;
mod lines;
mod table;
mod text_table;
mod workbook;

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::kb::case::Case;

pub use folder::read_kb;
pub(crate) use folder::{is_topic, read_text, walk};
pub use lines::{Line, Lines};

/// Longest line, row or document that is held in memory; what is longer is reported and skipped.
pub const MAX_RECORD: usize = 16 << 20;

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the caller named it; with the sheet where a workbook has several.
    pub file: String,
    /// Line counted from 1, or the row of a workbook; `None` where the whole file is meant.
    pub line: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// A record that is no case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// Where it stands.
    pub place: Place,
    /// Why it was skipped, in one line.
    pub reason: String,
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// One record: a case, or why it is none.
#[derive(Clone, Debug)]
pub enum Record {
    /// A case.
    Case(Box<Case>),
    /// No case; the reading goes on after it.
    Bad(BadRecord),
}

/// How far the reading is, in bytes as they lie on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes taken in so far.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

/// What a reader hands over for each record.
#[derive(Clone, Debug)]
pub struct Read {
    /// The record.
    pub record: Record,
    /// Where it stands.
    pub place: Place,
    /// How far the reading is.
    pub progress: Progress,
}

/// Takes the records; `Break` ends the reading.
pub type Sink<'a> = dyn FnMut(Read) -> ControlFlow<()> + 'a;

/// What a finished reading amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Cases handed over.
    pub cases: u64,
    /// Bad records handed over.
    pub bad: u64,
    /// Documents and sections without any text of their own, left out.
    pub empty: u64,
    /// The sink ended the reading before its end.
    pub stopped: bool,
}

/// Why a path cannot be read on; records before that point were handed over.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing is there.
    #[error("{} does not exist: check the path", .0.display())]
    Missing(PathBuf),
    /// The system refuses.
    #[error("{} cannot be read: {reason}; check its permissions", .path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// No reader for this name.
    #[error(
        "{} is of no known kind: give .jsonl, .ndjson, .json, .csv, .tsv (each also as .zst or .gz), .xlsx, .md \
         or a folder of Markdown documents", .0.display()
    )]
    UnknownKind(PathBuf),
    /// The content breaks off or is damaged.
    #[error("{} is cut off or damaged after line {line}: {reason}; copy it again from its origin", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Last line that was read whole.
        line: u64,
        /// What the decoder says.
        reason: String,
    },
    /// The content is whole but not of the expected shape.
    #[error("{}: {reason}; {advice}", .path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// What to do.
        advice: String,
    },
}

/// Reads all cases of a file or of a folder of Markdown documents, in order.
pub fn read_path(path: &Path, sink: &mut Sink<'_>) -> Result<Outcome, ReadError> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if metadata.is_dir() {
        return folder::read_folder(path, sink);
    }
    if !metadata.is_file() {
        return Err(ReadError::Unreadable {
            path: path.to_owned(),
            reason: "it is no regular file".to_owned(),
        });
    }
    let mut desk = Desk::new(path.display().to_string(), sink);
    desk.progress.total = metadata.len();
    match Kind::of(path).ok_or_else(|| ReadError::UnknownKind(path.to_owned()))? {
        Kind::Json => json::read(path, &mut desk)?,
        Kind::Table { delimiter } => text_table::read(path, delimiter, &mut desk)?,
        Kind::Workbook => workbook::read(path, &mut desk)?,
        Kind::Markdown => folder::read_single(path, &mut desk)?,
    }
    Ok(desk.outcome)
}

enum Kind {
    Json,
    Table { delimiter: u8 },
    Workbook,
    Markdown,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        let plain = name.strip_suffix(".zst").or_else(|| name.strip_suffix(".gz"));
        let packed = plain.is_some();
        match plain.unwrap_or(&name).rsplit_once('.')?.1 {
            "jsonl" | "ndjson" | "json" => Some(Self::Json),
            "csv" => Some(Self::Table { delimiter: b',' }),
            "tsv" => Some(Self::Table { delimiter: b'\t' }),
            "xlsx" if !packed => Some(Self::Workbook),
            "md" | "markdown" if !packed => Some(Self::Markdown),
            _ => None,
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> ReadError {
    match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::Missing(path.to_owned()),
        _ => ReadError::Unreadable { path: path.to_owned(), reason: error.to_string() },
    }
}

/// File name alone: what a case is traced to must not depend on where the program was started.
fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Where readers hand in their records: counts them and gives them a place.
struct Desk<'a, 'b> {
    file: String,
    progress: Progress,
    outcome: Outcome,
    sink: &'a mut Sink<'b>,
}

impl<'a, 'b> Desk<'a, 'b> {
    fn new(file: String, sink: &'a mut Sink<'b>) -> Self {
        Self { file, progress: Progress::default(), outcome: Outcome::default(), sink }
    }

    /// Hands over one record; `Break` where the caller wants no more.
    fn hand(&mut self, line: Option<u64>, result: Result<Case, String>) -> ControlFlow<()> {
        let place = Place { file: self.file.clone(), line };
        let record = match result {
            Ok(case) => {
                self.outcome.cases += 1;
                Record::Case(Box::new(case))
            }
            Err(reason) => {
                self.outcome.bad += 1;
                Record::Bad(BadRecord { place: place.clone(), reason })
            }
        };
        let flow = (self.sink)(Read { record, place, progress: self.progress });
        self.outcome.stopped = flow.is_break();
        flow
    }
}

#[cfg(test)]
mod tests;
