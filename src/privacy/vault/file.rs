//! The vault's key file: made whole or not at all, and readable by its owner alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::VaultError;
use crate::privacy::token::token;

/// Makes the file with one key in it. Where another process was faster, its file stays.
pub(super) fn make(file: &Path, key: &str) -> Result<(), VaultError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A name of its own, linked when it is on the disk: nobody ever reads half a key.
    let half = folder.join(format!(".vault-{}", &token()?[..8]));
    let made = fs::create_dir_all(folder)
        .and_then(|()| write(&half, key))
        .and_then(|()| fs::hard_link(&half, file))
        .and_then(|()| settle(folder));
    // Absent where it could not even be written.
    let _ = fs::remove_file(&half);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(VaultError::File { file: file.to_owned(), doing: "made", reason: error.to_string() })
        }
        _ => Ok(()),
    }
}

/// Reads the file, unless others may as well.
pub(super) fn read(file: &Path) -> Result<String, VaultError> {
    let error = |error: io::Error| VaultError::File {
        file: file.to_owned(),
        doing: "read",
        reason: error.to_string(),
    };
    refuse_exposed(file, &fs::metadata(file).map_err(error)?)?;
    fs::read_to_string(file).map_err(error)
}

fn write(half: &Path, key: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(half)?;
    writeln!(out, "{key}")?;
    out.sync_all()
}

/// The name of a new file lasts when its folder is on the disk as well.
fn settle(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(unix)]
fn refuse_exposed(file: &Path, metadata: &fs::Metadata) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::Exposed { file: file.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_exposed(_file: &Path, _metadata: &fs::Metadata) -> Result<(), VaultError> {
    Ok(())
}
