//! Backups: the database and the attachments in one file, made while the service runs, and brought back.
//!
//! The file is a SQLite database, compressed with zstd: a copy of the store, with the bytes of the attachments in a table
//! of their own. What is derived (index, note of the knowledge base) is not in it. The key of the originals is not in it
//! either: who finds the file must not be able to read them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::{App, AppError, Event, Stage, Watch, knowledge};
use crate::store::error::StoreError;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::backup::{Copy, Hold};

mod packing;

use packing::{Progress, may_be_written, pack, unpack};

/// How often it is looked how far the copy is.
const LOOK: Duration = Duration::from_millis(100);

/// What was saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Size of the backup in bytes.
    pub bytes: u64,
    /// Attachments in it.
    pub attachments: u64,
    /// Attachments that the database knows and whose files are not there.
    pub missing: u64,
}

/// What was brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Attachments that were brought back.
    pub attachments: u64,
    /// Where the database and the attachments of before lie now, where there were any.
    pub aside: Option<PathBuf>,
}

/// What to do with a database that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Leave it and do nothing.
    Refuse,
    /// Keep it in a dated folder.
    SetAside,
}

/// Why there is no backup, or why it was not brought back. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No database.
    #[error("there is no database in {}: name the data folder with --data", .0.display())]
    Nothing(PathBuf),
    /// The file that was to be written is something else.
    #[error("{} is there and is no backup: choose another name, or move it away", .0.display())]
    Occupied(PathBuf),
    /// The file is no backup.
    #[error("{} is not a backup of this program", .0.display())]
    Foreign(PathBuf),
    /// The file ends too soon, or its checksum is wrong.
    #[error("{} is damaged ({source}): take another backup", .path.display())]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// What was found.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is a database already.
    #[error("there is a database in {} already: add --replace to keep it aside and go on", .0.display())]
    There(PathBuf),
    /// A process has the database open.
    #[error("{} is in use: stop the server and every other command that uses it, and try again", .0.display())]
    InUse(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// See [`App::backup`].
pub(super) async fn save(app: &App, file: &Path, watch: &mut Watch<'_>) -> Result<Saved, AppError> {
    if !app.data().join(SqliteStore::FILE).is_file() {
        return Err(BackupError::Nothing(app.data().to_path_buf()).into());
    }
    if !may_be_written(file).map_err(at(file))? {
        return Err(BackupError::Occupied(file.to_path_buf()).into());
    }
    let copied = Temporary::beside(file, "database")?;
    let mut copy = copy(app, &copied.0, watch).await?;
    let mut saved = Saved::default();
    for id in copy.attachments().await? {
        match attachment_bytes(&app.data().join(SqliteStore::ATTACHMENTS), &id)? {
            Some(bytes) => {
                copy.put_bytes(&id, bytes).await?;
                saved.attachments += 1;
            }
            None => saved.missing += 1,
        }
    }
    copy.close().await?;
    let packed = Temporary::beside(file, "packed")?;
    let (from, to) = (copied.0.clone(), packed.0.clone());
    saved.bytes = watched(Stage::Packing, watch, move |progress| pack(&from, &to, progress)).await?;
    fs::rename(&packed.0, file).map_err(at(file))?;
    sync_folder(folder_of(file))?;
    Ok(saved)
}

/// Copies the database, and tells how far it is by the size of the copy.
async fn copy(app: &App, to: &Path, watch: &mut Watch<'_>) -> Result<Copy, AppError> {
    let store = app.store().await?;
    let total = store.size().await?;
    let copying = store.copy_to(to);
    tokio::pin!(copying);
    loop {
        tokio::select! {
            copied = &mut copying => return Ok(copied?),
            () = tokio::time::sleep(LOOK) => {
                let done = fs::metadata(to).map_or(0, |file| file.len()).min(total);
                watch(Event::Progress { what: Stage::Copying, done, total });
            }
        }
    }
}

/// See [`App::restore`].
pub(super) async fn restore(
    app: &App,
    file: &Path,
    (replace, now): (Replace, SystemTime),
    watch: &mut Watch<'_>,
) -> Result<Restored, AppError> {
    let data = app.data();
    let there = data.join(SqliteStore::FILE).try_exists().map_err(at(data))?;
    if there && replace == Replace::Refuse {
        return Err(BackupError::There(data.to_path_buf()).into());
    }
    fs::create_dir_all(data).map_err(at(data))?;
    let database = Temporary::beside(&data.join(SqliteStore::FILE), "restored")?;
    let (from, to) = (file.to_path_buf(), database.0.clone());
    watched(Stage::Unpacking, watch, move |progress| unpack(&from, &to, progress)).await?;
    let mut copy = Copy::open(&database.0).await.map_err(|error| of_backup(error, file))?;
    let files = TemporaryFolder::make(data.join("attachments.restored"))?;
    let attachments = unpack_attachments(&mut copy, &files.0).await?;
    copy.become_database().await?;
    sync_file(&database.0)?;

    let hold = hold(data).await?;
    let swapped = set_aside(data, now).and_then(|aside| swap(data, &database.0, &files.0).map(|()| aside));
    if let Some(hold) = hold {
        hold.release().await;
    }
    Ok(Restored { attachments, aside: swapped? })
}

/// A database that is damaged, or of another program, is nobody's.
async fn hold(data: &Path) -> Result<Option<Hold>, AppError> {
    match SqliteStore::hold(data).await {
        Ok(hold) => Ok(hold),
        Err(StoreError::Locked { path }) => Err(BackupError::InUse(path).into()),
        Err(StoreError::Damaged { .. } | StoreError::Foreign { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Puts what is there into a dated folder. The database stays in its place too until the new one takes it, so that at no
/// moment there is none, and a start would make an empty one.
fn set_aside(data: &Path, now: SystemTime) -> Result<Option<PathBuf>, BackupError> {
    let database = data.join(SqliteStore::FILE);
    // A journal is there only beside a database that could not be opened; the new one must not find it.
    let mut there = Vec::new();
    for end in ["", "-wal", "-shm", "-journal"] {
        there.push(format!("{}{end}", SqliteStore::FILE));
    }
    there.push(SqliteStore::ATTACHMENTS.to_owned());
    there.retain(|name| data.join(name).symlink_metadata().is_ok());
    if there.is_empty() {
        return Ok(None);
    }
    let aside = new_folder(data, now)?;
    for name in there {
        let (from, to) = (data.join(&name), aside.join(&name));
        if from != database || fs::hard_link(&from, &to).is_err() {
            match fs::rename(&from, &to) {
                // A connection that closes late takes its journal away itself.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                moved => moved.map_err(at(&from))?,
            }
        }
    }
    sync_folder(&aside)?;
    Ok(Some(aside))
}

fn new_folder(data: &Path, now: SystemTime) -> Result<PathBuf, BackupError> {
    let when = jiff::Timestamp::try_from(now).unwrap_or_default().strftime("%Y%m%d-%H%M%S").to_string();
    let mut folder = data.join(format!("before-{when}"));
    for number in 2.. {
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                folder = data.join(format!("before-{when}-{number}"));
            }
            made => return made.map(|()| folder.clone()).map_err(at(&folder)),
        }
    }
    Ok(folder)
}

fn swap(data: &Path, database: &Path, files: &Path) -> Result<(), BackupError> {
    // It tells of another database.
    let note = data.join(knowledge::NOTE);
    match fs::remove_file(&note) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&note)(error)),
        _ => {}
    }
    let attachments = data.join(SqliteStore::ATTACHMENTS);
    if !attachments.try_exists().map_err(at(&attachments))? {
        fs::rename(files, &attachments).map_err(at(&attachments))?;
    }
    let place = data.join(SqliteStore::FILE);
    fs::rename(database, &place).map_err(at(&place))?;
    sync_folder(data)
}

async fn unpack_attachments(copy: &mut Copy, folder: &Path) -> Result<u64, AppError> {
    let mut count = 0;
    for id in copy.packed().await? {
        if !is_file_name(&id) {
            continue;
        }
        let path = folder.join(&id);
        let bytes = copy.bytes(&id).await?;
        let written = fs::File::create(&path).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        });
        written.map_err(at(&path))?;
        count += 1;
    }
    Ok(count)
}

/// The bytes of an attachment; `None` where it has no file.
fn attachment_bytes(folder: &Path, id: &str) -> Result<Option<Vec<u8>>, BackupError> {
    let path = folder.join(id);
    match fs::read(&path) {
        _ if !is_file_name(id) => Ok(None),
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(&path)(error)),
    }
}

/// Whether it names a file in the folder that it is joined to, and not one elsewhere.
fn is_file_name(id: &str) -> bool {
    !id.contains(['/', '\\', '\0']) && !matches!(id, "" | "." | "..")
}

/// Runs work on a thread of its own and tells how far it is.
async fn watched<T: Send + 'static>(
    what: Stage,
    watch: &mut Watch<'_>,
    work: impl FnOnce(&Progress) -> Result<T, BackupError> + Send + 'static,
) -> Result<T, AppError> {
    let (progress, mut heard) = mpsc::channel(8);
    let working = spawn_blocking(move || work(&progress));
    while let Some((done, total)) = heard.recv().await {
        watch(Event::Progress { what, done, total });
    }
    Ok(working.await??)
}

/// A file that only its owner may read, gone when dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn beside(file: &Path, what: &str) -> Result<Self, BackupError> {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = folder_of(file).join(format!(".{name}.{what}-{}", std::process::id()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(at(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Where it was moved to its place there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}

/// A folder that is gone when dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn make(path: PathBuf) -> Result<Self, BackupError> {
        // One that was left by a run that was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).map_err(at(&path))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn sync_file(path: &Path) -> Result<(), BackupError> {
    fs::File::open(path).and_then(|file| file.sync_all()).map_err(at(path))
}

/// Makes new names in a folder last through a power cut, where the system can do that.
fn sync_folder(path: &Path) -> Result<(), BackupError> {
    if cfg!(unix) { sync_file(path) } else { Ok(()) }
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError + '_ {
    |source| BackupError::File { path: path.to_path_buf(), source }
}

/// What the store says of the unpacked file, said of the backup.
fn of_backup(error: StoreError, file: &Path) -> AppError {
    let path = file.to_path_buf();
    match error {
        StoreError::Foreign { .. } => BackupError::Foreign(path).into(),
        StoreError::Damaged { source, .. } => BackupError::Damaged { path, source }.into(),
        StoreError::Newer { found, known, .. } => StoreError::Newer { path, found, known }.into(),
        other => other.into(),
    }
}
