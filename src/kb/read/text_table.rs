//! CSV and TSV.
//!
//! The end of a row is looked for here and its cells are split by the csv crate: so a quote that is never closed costs
//! its own row and not the rest of the file, and no row grows beyond [`MAX_RECORD`].

use std::collections::VecDeque;
use std::path::Path;

use super::lines::{Line, Lines};
use super::table::Header;
use super::{Desk, MAX_RECORD, ReadError, file_name};

/// Reads a header row and then one case a row.
pub fn read(path: &Path, delimiter: u8, desk: &mut Desk<'_, '_>) -> Result<(), ReadError> {
    let source = file_name(path);
    let mut rows = Rows { lines: Lines::open(path)?, delimiter, again: VecDeque::new() };
    let Some(header) = rows.next()? else { return Ok(()) };
    let header = header.1.and_then(|names| Header::parse(&names)).map_err(|reason| ReadError::Shape {
        path: path.to_owned(),
        reason,
        advice: "name the columns in the first line".to_owned(),
    })?;
    while let Some((number, row)) = rows.next()? {
        let result = row.and_then(|cells| match cells.len() {
            count if count == header.width() => header.case(cells, &source),
            count => Err(format!(
                "the row has {count} fields, the header has {}: columns are shifted",
                header.width()
            )),
        });
        desk.progress.done = rows.lines.taken();
        if desk.hand(Some(number), result).is_break() {
            break;
        }
    }
    Ok(())
}

/// A line and its number; an error says why the line cannot be taken.
type NumberedLine = (u64, Result<String, String>);
/// The cells of a row, or why there are none.
type Row = Result<Vec<String>, String>;

struct Rows {
    lines: Lines,
    delimiter: u8,
    /// Lines taken back from a row that never ended.
    again: VecDeque<NumberedLine>,
}

impl Rows {
    /// The next row that is not blank, and the line it starts in.
    fn next(&mut self) -> Result<Option<(u64, Row)>, ReadError> {
        loop {
            match self.line()? {
                None => return Ok(None),
                Some((number, Err(reason))) => return Ok(Some((number, Err(reason)))),
                Some((_, Ok(line))) if line.trim().is_empty() => {}
                Some((number, Ok(line))) => return Ok(Some((number, self.row(number, line)?))),
            }
        }
    }

    fn line(&mut self) -> Result<Option<NumberedLine>, ReadError> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        Ok(self.lines.take_line()?.map(|(number, line)| match line {
            Line::Text(text) => (number, Ok(text.to_owned())),
            Line::Bad(reason) => (number, Err(reason)),
        }))
    }

    /// The row that starts with this line, taking further lines while a quote is open.
    fn row(&mut self, start: u64, first: String) -> Result<Row, ReadError> {
        let mut quotes = Quotes { delimiter: self.delimiter, state: State::CellStart };
        quotes.feed(&first);
        let mut size = first.len();
        let mut text = first;
        let mut held: VecDeque<NumberedLine> = VecDeque::new();
        while quotes.is_open() {
            // One line is at most as long as a record, so twice that is held at the worst.
            let next = if size <= MAX_RECORD { self.line()? } else { None };
            let Some((number, line)) = next else { return Ok(self.unclosed(start, held)) };
            if let Ok(line) = &line {
                text.push('\n');
                text.push_str(line);
                size += line.len() + 1;
                quotes.feed(line);
            }
            let broken = line.is_err();
            held.push_back((number, line));
            if broken {
                return Ok(self.unclosed(start, held));
            }
        }
        Ok(split(&text, self.delimiter))
    }

    fn unclosed(&mut self, start: u64, mut held: VecDeque<NumberedLine>) -> Row {
        held.append(&mut self.again);
        self.again = held;
        Err(format!(
            "a quote opened in line {start} is never closed; the row is skipped and the next line read"
        ))
    }
}

fn split(text: &str, delimiter: u8) -> Row {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(text.len().clamp(1, 1 << 16))
        .from_reader(text.as_bytes());
    let mut row = csv::StringRecord::new();
    reader.read_record(&mut row).map_err(|error| error.to_string())?;
    Ok(row.iter().map(str::to_owned).collect())
}

/// Follows quotes as the csv crate does: they count at the start of a cell only, doubled inside they are text.
struct Quotes {
    delimiter: u8,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: its end, or the first of a pair.
    QuoteSeen,
}

impl Quotes {
    fn feed(&mut self, line: &str) {
        for &byte in line.as_bytes() {
            self.state = match (self.state, byte) {
                (State::CellStart | State::QuoteSeen, b'"') => State::Quoted,
                (State::Quoted, b'"') => State::QuoteSeen,
                (State::Quoted, _) => State::Quoted,
                (_, byte) if byte == self.delimiter => State::CellStart,
                _ => State::Plain,
            };
        }
    }

    fn is_open(&self) -> bool {
        self.state == State::Quoted
    }
}
