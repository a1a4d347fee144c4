//! Tables, as a grid of Markdown or as lines that say of each cell what it is.

use super::block::{Block, Gap, Line, Run, Spelling};
use super::escape;

/// What stands in a cell.
pub type Cell = Vec<Run>;

/// Rows as Markdown; the head is written again in each part.
pub fn grid(rows: Vec<Vec<Cell>>) -> Vec<Block> {
    let mut rows = rows.into_iter();
    let Some(head) = rows.next().filter(|head| !head.is_empty()) else { return Vec::new() };
    let rule = format!("|{}", " --- |".repeat(head.len()));
    let open = vec![row(head).written(), rule];
    vec![Block { gap: Gap::Paragraph, open, close: None, lines: rows.map(row).collect(), ..Block::default() }]
}

/// A block a row, with a line `column: value` for each cell that is not empty.
pub fn lines(rows: Vec<Vec<Cell>>, tail: &'static str) -> Vec<Block> {
    let mut rows = rows.into_iter();
    let Some(head) = rows.next() else { return Vec::new() };
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        let runs = head.into_iter().reduce(|left, right| joined(left, " / ", right));
        let line = Line { runs: runs.unwrap_or_default(), tail, ..Line::default() };
        return vec![Block { lines: vec![line], ..Block::default() }];
    }
    let block = |cells: Vec<Cell>| {
        let mut lines = Vec::new();
        for (at, cell) in cells.into_iter().enumerate().filter(|(_, cell)| !is_blank(cell)) {
            let column = head.get(at).filter(|column| !is_blank(column)).cloned();
            let runs = column.map_or(cell.clone(), |column| joined(column, ": ", cell));
            lines.push(Line { runs, tail, ..Line::default() });
        }
        Block { lines, ..Block::default() }
    };
    rows.into_iter().map(block).filter(|block| !block.lines.is_empty()).collect()
}

fn row(cells: Vec<Cell>) -> Line {
    let exact = |text: &str| Run { spelling: Spelling::Exact, ..Run::words(text) };
    let mut runs = vec![exact("|")];
    for mut cell in cells {
        escape::markdown(&mut cell);
        runs.push(exact(" "));
        runs.extend(cell.into_iter().map(|run| Run { text: run.text.replace('|', "\\|"), ..run }));
        runs.push(exact(" |"));
    }
    Line { runs, ..Line::default() }
}

fn joined(left: Cell, between: &str, right: Cell) -> Cell {
    left.into_iter().chain([Run::words(between)]).chain(right).collect()
}

fn is_blank(cell: &Cell) -> bool {
    cell.iter().all(|run| run.text.trim().is_empty())
}
