//! The one place that maps a file into memory.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// The first `length` bytes of a file, mapped; pages are read when touched and shared between processes.
///
/// # Errors
/// The file cannot be opened or mapped, or is shorter than `length`.
pub fn map(path: &Path, length: u64) -> io::Result<Mmap> {
    let file = File::open(path)?;
    if file.metadata()?.len() < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "shorter than its index says"));
    }
    let length = usize::try_from(length).map_err(io::Error::other)?;
    // SAFETY: side files of the index are append-only while they exist; a writer never changes or cuts off bytes
    // that a commit has counted, and a rebuild goes to another folder. So the mapped bytes never change.
    unsafe { memmap2::MmapOptions::new().len(length).map(&file) }
}
