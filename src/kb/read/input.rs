//! Bytes of a file, unpacked, with a count of how many were taken from disk.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use super::{ReadError, unreadable};

/// An opened file: its content unpacked, and a counter of the bytes taken from disk.
pub struct Input {
    /// The content, unpacked.
    pub content: Box<dyn BufRead>,
    /// Bytes taken from disk so far.
    pub taken: Rc<Cell<u64>>,
}

/// Opens a file; names ending in `.zst` or `.gz` are unpacked on the way.
pub fn open(path: &Path) -> Result<Input, ReadError> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let taken = Rc::new(Cell::new(0));
    let counted = BufReader::with_capacity(1 << 16, Counted { file, taken: Rc::clone(&taken) });
    let name = path.to_string_lossy().to_lowercase();
    let content: Box<dyn BufRead> = if name.ends_with(".zst") {
        let decoder =
            zstd::stream::read::Decoder::with_buffer(counted).map_err(|error| unreadable(path, &error))?;
        Box::new(BufReader::with_capacity(1 << 17, decoder))
    } else if name.ends_with(".gz") {
        Box::new(BufReader::with_capacity(1 << 17, MultiGzDecoder::new(counted)))
    } else {
        Box::new(counted)
    };
    Ok(Input { content, taken })
}

struct Counted {
    file: File,
    taken: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.taken.set(self.taken.get() + count as u64);
        Ok(count)
    }
}
