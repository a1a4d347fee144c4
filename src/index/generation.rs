//! The index folder: generations side by side, of which `CURRENT` names the one in use.
//!
//! A rebuild goes into a folder of its own and is then swapped in by a rename, so a reader always finds a whole index
//! and is never waited for. Writers take turns by a lock on `LOCK`, which ends with their process.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tantivy::Index;

use super::associations::ASSOCIATIONS;
use super::latent::{DIMENSIONS, LATENT, VECTORS};
use super::schema;
use super::writer::{CARDS, Commit, IndexError, ROWS, TERMS};

const CURRENT: &str = "CURRENT";
const LOCK: &str = "LOCK";
/// Begins the name of every generation's folder; a number of six digits or more follows.
const PREFIX: &str = "g-";
/// How often a writer that waits looks again.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes that are written to ask the disk whether it is full: more than one block of any file system.
const PROBE: usize = 1 << 20;

/// The index folder. Opens nothing until asked.
#[derive(Clone, Debug)]
pub struct Generations {
    folder: PathBuf,
}

/// What the generation in use says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its folder.
    pub folder: PathBuf,
    /// Its last commit.
    pub commit: Commit,
    /// Cases that can be found.
    pub cases: u64,
}

impl Generations {
    /// The generations in a folder, which need not exist.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The folder of the generation in use; `None` where there is no index.
    ///
    /// # Errors
    /// [`IndexError::Broken`] where `CURRENT` names nothing that is there.
    pub fn current(&self) -> Result<Option<PathBuf>, IndexError> {
        let name = match fs::read_to_string(self.folder.join(CURRENT)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            name => name.map_err(|error| self.io(error))?,
        };
        let name = name.trim();
        let folder = self.folder.join(name);
        match number(name) {
            Some(_) if folder.is_dir() => Ok(Some(folder)),
            _ => Err(self.broken(format!("{CURRENT} names {name:?}, which is not there"))),
        }
    }

    /// What the generation in use says of itself, at the cost of a few small files; `None` where there is no index.
    ///
    /// # Errors
    /// [`IndexError::Broken`] where it is of another version, was never finished, or files are missing or cut short.
    pub fn state(&self) -> Result<Option<State>, IndexError> {
        self.open(|folder| self.state_of(folder))
    }

    fn state_of(&self, folder: &Path) -> Result<State, IndexError> {
        let index = Index::open_in_dir(folder).map_err(|error| self.broken(error.to_string()))?;
        let metas = index.load_metas().map_err(|error| self.broken(error.to_string()))?;
        let payload = metas.payload.as_deref().ok_or_else(|| self.broken("it was never finished".into()))?;
        let commit: Commit = serde_json::from_str(payload).map_err(|error| self.broken(error.to_string()))?;
        if commit.version != schema::VERSION {
            let (found, written) = (commit.version, schema::VERSION);
            return Err(self.broken(format!("it has version {found}, this program writes {written}")));
        }
        let files = [
            (CARDS, commit.cards),
            (TERMS, commit.terms * 8),
            (ROWS, commit.rows * 8),
            (VECTORS, commit.rows * DIMENSIONS as u64),
            (ASSOCIATIONS, 1),
            (LATENT, 1),
        ];
        for (name, length) in files {
            let found = fs::metadata(folder.join(name)).map_or(0, |file| file.len());
            if found < length {
                return Err(self.broken(format!("{name} is missing or cut short")));
            }
        }
        let cases = metas.segments.iter().map(|segment| u64::from(segment.num_docs())).sum();
        Ok(State { folder: folder.to_owned(), commit, cases })
    }

    /// Reads the inverted lists and the stored cases from end to end, and compares them with their checksums.
    ///
    /// # Errors
    /// [`IndexError::Broken`] where a file is missing or damaged.
    pub fn verify(&self) -> Result<(), IndexError> {
        let Some(folder) = self.current()? else { return Ok(()) };
        let index = Index::open_in_dir(folder).map_err(|error| self.broken(error.to_string()))?;
        let damaged = index.validate_checksum().map_err(|error| self.broken(error.to_string()))?;
        match damaged.into_iter().min() {
            Some(file) => Err(self.broken(format!("{} is damaged", file.display()))),
            None => Ok(()),
        }
    }

    /// Opens the generation in use; looks again where it was swapped for another meanwhile. `None`: there is no index.
    ///
    /// # Errors
    /// What `open` says of a generation that is still in use.
    pub fn open<T, E: From<IndexError>>(&self, open: impl Fn(&Path) -> Result<T, E>) -> Result<Option<T>, E> {
        loop {
            let Some(folder) = self.current()? else { return Ok(None) };
            match open(&folder) {
                Err(_) if self.current().is_ok_and(|now| now.as_ref() != Some(&folder)) => {}
                opened => return opened.map(Some),
            }
        }
    }

    /// Becomes the only writer; waits up to `patience` for another one.
    ///
    /// # Errors
    /// [`IndexError::Locked`] where the other one is still at it then; else the folder cannot be made or written.
    pub fn lock(&self, patience: Duration) -> Result<WriteLock, IndexError> {
        fs::create_dir_all(&self.folder).map_err(|error| self.io(error))?;
        let options = File::options().create(true).truncate(false).write(true).open(self.folder.join(LOCK));
        let file = options.map_err(|error| self.io(error))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(WriteLock { generations: self.clone(), _file: file }),
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => std::thread::sleep(LOOK),
                Err(TryLockError::WouldBlock) => {
                    return Err(IndexError::Locked(self.folder.display().to_string()));
                }
                Err(TryLockError::Error(error)) => return Err(self.io(error)),
            }
        }
    }

    fn io(&self, source: io::Error) -> IndexError {
        let folder = self.folder.display().to_string();
        match source.kind() {
            io::ErrorKind::StorageFull => IndexError::DiskFull(folder),
            _ => IndexError::Io { folder, source },
        }
    }

    fn broken(&self, reason: String) -> IndexError {
        IndexError::Broken { folder: self.folder.display().to_string(), reason }
    }
}

/// The right to write to the index; ends when dropped, or with the process.
#[derive(Debug)]
pub struct WriteLock {
    generations: Generations,
    _file: File,
}

impl WriteLock {
    /// The name of a new generation's folder. What crashed rebuilds left behind is removed first.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub fn next(&self) -> Result<PathBuf, IndexError> {
        self.remove_others()?;
        // A broken CURRENT still names a number; a reader of that generation must not see another one in its place.
        let current = fs::read_to_string(self.generations.folder.join(CURRENT)).unwrap_or_default();
        let next = number(current.trim()).unwrap_or(0) + 1;
        let folder = self.generations.folder.join(format!("{PREFIX}{next:06}"));
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.generations.io(error)),
            _ => Ok(folder),
        }
    }

    /// Makes a finished generation the one in use and removes the one before; whoever has that open keeps it.
    ///
    /// # Errors
    /// Files cannot be written; the generation before stays in use.
    pub fn install(&self, folder: &Path) -> Result<(), IndexError> {
        self.swap(folder).map_err(|error| self.generations.io(error))?;
        self.remove_others()
    }

    fn swap(&self, folder: &Path) -> io::Result<()> {
        let root = &self.generations.folder;
        for entry in fs::read_dir(folder)? {
            File::open(entry?.path())?.sync_all()?;
        }
        File::open(folder)?.sync_all()?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let draft = root.join(format!("{CURRENT}.new"));
        let mut file = File::create(&draft)?;
        writeln!(file, "{name}")?;
        file.sync_all()?;
        fs::rename(&draft, root.join(CURRENT))?;
        File::open(root)?.sync_all()
    }

    /// Removes every generation but the one in use.
    fn remove_others(&self) -> Result<(), IndexError> {
        let current = match self.generations.current() {
            Err(IndexError::Broken { .. }) => None,
            current => current?,
        };
        let remove = || -> io::Result<()> {
            for entry in fs::read_dir(&self.generations.folder)? {
                let entry = entry?;
                let other = number(&entry.file_name().to_string_lossy()).is_some();
                if other && Some(entry.path()) != current {
                    fs::remove_dir_all(entry.path())?;
                }
            }
            Ok(())
        };
        remove().map_err(|error| self.generations.io(error))
    }

    /// The true cause of a failed write. tantivy says of a full disk only that a thread of its own has died, so the
    /// disk is asked.
    pub fn explain(&self, error: IndexError) -> IndexError {
        match error {
            IndexError::Io { source, .. } => self.generations.io(source),
            IndexError::Broken { .. } => match self.probe() {
                Err(cause) if cause.kind() == io::ErrorKind::StorageFull => self.generations.io(cause),
                _ => error,
            },
            other => other,
        }
    }

    fn probe(&self) -> io::Result<()> {
        let path = self.generations.folder.join("probe.tmp");
        let written = fs::write(&path, vec![1; PROBE]);
        fs::remove_file(&path)?;
        written
    }
}

/// The number in a generation's name.
fn number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?;
    (digits.len() >= 6 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}
