//! XLSX workbooks, sheet by sheet and row by row. Formulas count with the value that the workbook stores for them.

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::Path;

use calamine::{DataRef, Reader, Xlsx, XlsxError};

use super::table::Header;
use super::{Desk, ReadError, file_name, unreadable};

/// Widest row that is taken: beyond it lies stray formatting, not data.
const MAX_COLUMNS: usize = 1_000;

/// Reads every sheet that holds anything; its first row that is not blank names the columns.
pub fn read(path: &Path, desk: &mut Desk<'_, '_>) -> Result<(), ReadError> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut workbook = Xlsx::new(BufReader::new(file)).map_err(|error| broken(path, &error))?;
    let sheets = workbook.sheet_names();
    let (file, source) = (desk.file.clone(), file_name(path));
    let mut seen = 0;
    for (at, sheet) in sheets.iter().enumerate() {
        if sheets.len() > 1 {
            desk.file = format!("{file} ({sheet})");
        }
        desk.progress.done = desk.progress.total * at as u64 / sheets.len() as u64;
        let rows = match Rows::open(&mut workbook, sheet) {
            Ok(rows) => rows,
            // Charts have no cells.
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(error) => return Err(broken(path, &error)),
        };
        seen += 1;
        if read_sheet(rows, &source, desk).map_err(|error| broken(path, &error))?.is_break() {
            return Ok(());
        }
    }
    if seen == 0 {
        return Err(ReadError::Shape {
            path: path.to_owned(),
            reason: "the workbook has no sheet with cells".to_owned(),
            advice: "put the cases into a sheet with a header row".to_owned(),
        });
    }
    desk.progress.done = desk.progress.total;
    Ok(())
}

fn read_sheet(
    mut rows: Rows<'_>,
    source: &str,
    desk: &mut Desk<'_, '_>,
) -> Result<ControlFlow<()>, XlsxError> {
    let Some((number, names)) = rows.next()? else { return Ok(ControlFlow::Continue(())) };
    let names = names.into_iter().collect::<Result<Vec<_>, _>>();
    let header = match names.map_err(|error| format!("the header row holds the error {error}")) {
        Ok(names) => Header::parse(&names),
        Err(reason) => Err(reason),
    };
    let header = match header {
        Ok(header) => header,
        Err(reason) => return Ok(desk.hand(Some(number), Err(format!("the sheet is skipped: {reason}")))),
    };
    while let Some((number, cells)) = rows.next()? {
        let result = row_case(&header, cells, source);
        if desk.hand(Some(number), result).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn row_case(header: &Header, cells: Vec<Cell>, source: &str) -> Result<crate::kb::case::Case, String> {
    let mut texts = Vec::with_capacity(cells.len());
    for (column, cell) in cells.into_iter().enumerate() {
        texts.push(
            cell.map_err(|error| {
                format!("the cell under `{}` holds the error {error}", header.name(column))
            })?,
        );
    }
    if texts.len() > header.width() {
        return Err(format!("the row has {} cells, the header has {}", texts.len(), header.width()));
    }
    header.case(texts, source)
}

/// The text of a cell, or the error that it holds.
type Cell = Result<String, String>;
/// Row and column, from 0, and the cell.
type Placed = (u32, usize, Cell);

/// Cells come in order of row and column; blank rows are left out.
struct Rows<'a> {
    cells: calamine::XlsxCellReader<'a, BufReader<File>>,
    ahead: Option<Placed>,
    /// Asking for a cell after the last one is an error of the reader below.
    ended: bool,
}

impl<'a> Rows<'a> {
    fn open(workbook: &'a mut Xlsx<BufReader<File>>, sheet: &str) -> Result<Self, XlsxError> {
        Ok(Self { cells: workbook.worksheet_cells_reader(sheet)?, ahead: None, ended: false })
    }

    /// The next row that is not blank, with its number as the program that made it shows it.
    fn next(&mut self) -> Result<Option<(u64, Vec<Cell>)>, XlsxError> {
        let Some((row, column, cell)) = self.cell()? else { return Ok(None) };
        let mut cells = vec![Ok(String::new()); column];
        cells.push(cell);
        while let Some((next_row, column, cell)) = self.cell()? {
            if next_row != row {
                self.ahead = Some((next_row, column, cell));
                break;
            }
            // A hostile sheet may repeat or disorder its columns; the last value wins.
            if cells.len() <= column {
                cells.resize(column + 1, Ok(String::new()));
            }
            cells[column] = cell;
        }
        Ok(Some((u64::from(row) + 1, cells)))
    }

    fn cell(&mut self) -> Result<Option<Placed>, XlsxError> {
        if let Some(cell) = self.ahead.take() {
            return Ok(Some(cell));
        }
        while !self.ended {
            let Some(cell) = self.cells.next_cell()? else {
                self.ended = true;
                break;
            };
            let (row, column) = cell.get_position();
            let text = text_of(cell.get_value());
            let blank = text.as_ref().is_ok_and(|text| text.trim().is_empty());
            if !blank && (column as usize) < MAX_COLUMNS {
                return Ok(Some((row, column as usize, text)));
            }
        }
        Ok(None)
    }
}

fn text_of(value: &DataRef<'_>) -> Cell {
    Ok(match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(time) if time.is_datetime() => {
            // Excel keeps no zone; it is taken as UTC so that the time is whole.
            let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
        }
        DataRef::DateTime(time) => time.as_f64().to_string(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => return Err(error.to_string()),
    })
}

fn broken(path: &Path, error: &XlsxError) -> ReadError {
    ReadError::Shape {
        path: path.to_owned(),
        reason: format!("the workbook cannot be read: {error}"),
        advice: "open it, save it again as .xlsx without a password, and import that".to_owned(),
    }
}
