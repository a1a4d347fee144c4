//! Lines of a text file as UTF-8, each with its number, none held that is longer than [`MAX_RECORD`].

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::encoding::{Encoding, FromUtf16, UTF8_MARK, utf16_by_mark};
use super::{MAX_RECORD, ReadError, input};

/// One line.
pub enum Line<'a> {
    /// Its text, without the line break.
    Text(&'a str),
    /// Why it cannot be taken.
    Bad(String),
}

/// Reads a file line by line.
pub struct Lines {
    path: PathBuf,
    input: Box<dyn BufRead>,
    taken: Rc<Cell<u64>>,
    utf16: bool,
    encoding: Encoding,
    number: u64,
    bytes: Vec<u8>,
    text: String,
}

impl Lines {
    /// Opens the file and looks at its mark.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        Self::begin(path, input::open(path)?)
    }

    /// Reads standard input, which messages call `-`.
    pub fn stdin() -> Result<Self, ReadError> {
        let content = Box::new(BufReader::with_capacity(1 << 16, io::stdin()));
        Self::begin(Path::new("-"), input::Input { content, taken: Rc::default() })
    }

    fn begin(path: &Path, input: input::Input) -> Result<Self, ReadError> {
        let input::Input { mut content, taken } = input;
        let damaged = |error: io::Error| ReadError::Damaged {
            path: path.to_owned(),
            line: 0,
            reason: error.to_string(),
        };
        let mut start = Vec::new();
        content.by_ref().take(3).read_to_end(&mut start).map_err(damaged)?;
        let mut encoding = Encoding::Open;
        let decoder = utf16_by_mark(&start);
        let utf16 = decoder.is_some();
        let input: Box<dyn BufRead> = if let Some(decoder) = decoder {
            Box::new(BufReader::new(FromUtf16::new(Box::new(put_back(&start[2..], content)), decoder)))
        } else if start == UTF8_MARK {
            encoding = Encoding::Utf8;
            content
        } else {
            Box::new(put_back(&start, content))
        };
        let path = path.to_owned();
        Ok(Self { path, input, taken, utf16, encoding, number: 0, bytes: Vec::new(), text: String::new() })
    }

    /// The next line and its number; `None` at the end.
    pub fn take_line(&mut self) -> Result<Option<(u64, Line<'_>)>, ReadError> {
        let length = self.fill().map_err(|error| ReadError::Damaged {
            path: self.path.clone(),
            line: self.number,
            reason: error.to_string(),
        })?;
        let Some(length) = length else { return Ok(None) };
        self.number += 1;
        if length > self.bytes.len() as u64 {
            let reason = format!("the line is {length} bytes long, at most {MAX_RECORD} are taken");
            return Ok(Some((self.number, Line::Bad(reason))));
        }
        Ok(Some((self.number, self.decode())))
    }

    /// Bytes taken from disk so far.
    pub fn taken(&self) -> u64 {
        self.taken.get()
    }

    fn decode(&mut self) -> Line<'_> {
        match self.encoding.judge(&self.bytes) {
            Ok(encoding) => self.encoding = encoding,
            Err(reason) => return Line::Bad(format!("the line {reason}")),
        }
        self.text.clear();
        self.encoding.decode(&self.bytes, &mut self.text);
        if self.utf16 && self.text.contains('\u{FFFD}') {
            return Line::Bad("the line is not valid UTF-16".to_owned());
        }
        Line::Text(&self.text)
    }

    /// Takes one line into `bytes`, as far as it fits, and returns its whole length; `None` at the end of the file.
    fn fill(&mut self) -> io::Result<Option<u64>> {
        self.bytes.clear();
        // One huge line must not keep its memory for the rest of the file.
        self.bytes.shrink_to(1 << 20);
        let mut length = 0;
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                return Ok((length > 0).then_some(length));
            }
            let end = find_newline(available);
            let part = &available[..end.unwrap_or(available.len())];
            length += part.len() as u64;
            if length <= MAX_RECORD as u64 {
                self.bytes.extend_from_slice(part);
            }
            let consumed = part.len() + usize::from(end.is_some());
            self.input.consume(consumed);
            if end.is_some() {
                return Ok(Some(self.without_return(length)));
            }
        }
    }

    fn without_return(&mut self, length: u64) -> u64 {
        if length == self.bytes.len() as u64 && self.bytes.last() == Some(&b'\r') {
            self.bytes.pop();
            return length - 1;
        }
        length
    }
}

fn find_newline(bytes: &[u8]) -> Option<usize> {
    // Chunks of a fixed size are compared many bytes at a time; a plain search is not.
    const CHUNK: usize = 64;
    let mut at = 0;
    for chunk in bytes.chunks(CHUNK) {
        if chunk.iter().fold(false, |found, &byte| found | (byte == b'\n')) {
            return chunk.iter().position(|&byte| byte == b'\n').map(|offset| at + offset);
        }
        at += chunk.len();
    }
    None
}

fn put_back(start: &[u8], rest: Box<dyn BufRead>) -> Chain<Cursor<Vec<u8>>, Box<dyn BufRead>> {
    Cursor::new(start.to_vec()).chain(rest)
}
