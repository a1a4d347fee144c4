//! Many values in one statement. Every statement is a trip to the connection's thread, so statements are few and large:
//! ids and numbers go in as one JSON array, rows as one INSERT of many.

use std::fmt::Write as _;

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::store::record::ContentHash;
use crate::store::source::SyncRun;

/// Rows of one INSERT. More saves nothing measurable.
const ROWS: usize = 100;

/// A case that is to be written, ready for its row.
pub struct Row {
    pub id: String,
    pub hash: ContentHash,
    pub revision: i64,
    pub record: Vec<u8>,
}

/// Inserts the rows, numbered from the one after `last`.
pub async fn insert(
    tx: &mut SqliteConnection,
    run: &SyncRun,
    last: i64,
    rows: Vec<Row>,
) -> Result<(), sqlx::Error> {
    let mut rows = (last + 1..).zip(rows).peekable();
    while rows.peek().is_some() {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO cases (seq, id, source_id, revision, updated_at, content_hash, record) ",
        );
        let mut taken = 0;
        query.push_values(rows.by_ref().take(ROWS), |mut values, (seq, row)| {
            taken += 1;
            values.push_bind(seq).push_bind(row.id).push_bind(run.source_id).push_bind(row.revision);
            values.push_bind(run.now).push_bind(row.hash.to_vec()).push_bind(row.record);
        });
        // The last, shorter statement of a batch is not worth a place among the prepared ones.
        query.build().persistent(taken == ROWS).execute(&mut *tx).await?;
    }
    Ok(())
}

/// `[1,2]`, for `json_each`.
pub fn json_numbers(numbers: &[i64]) -> String {
    let mut json = String::with_capacity(numbers.len() * 8 + 2);
    for (at, number) in numbers.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(json, "{}{number}", if at == 0 { '[' } else { ',' });
    }
    if json.is_empty() { "[]".to_owned() } else { json + "]" }
}

/// `["a","b"]`, for `json_each`.
pub fn json_strings<'a>(strings: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(strings).to_string()
}
