//! One table on its way, row by row: however many rows it has, few are in memory.

use std::pin::pin;

use futures_util::TryStreamExt;
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::{RelocateError, tables};
use crate::database::Cell;
use crate::error::with_cause;

/// What rows come to, in whatever order: their number, and the sum of their hashes. Rows of a table
/// differ, so that no two of them can stand for each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub rows: u64,
    hashes: [u64; 4],
}

impl Sum {
    fn add(&mut self, row: &[Cell]) {
        let mut hash = Sha256::new();
        for cell in row {
            hash.update(cell.kind());
            match cell {
                Cell::Null => {}
                Cell::Integer(number) => hash.update(number.to_be_bytes()),
                Cell::Text(text) => with_length(&mut hash, text.as_bytes()),
                Cell::Bytes(bytes) => with_length(&mut hash, bytes),
            }
        }
        let hash = hash.finalize();
        let (words, _) = hash.as_slice().as_chunks::<8>();
        for (sum, word) in self.hashes.iter_mut().zip(words) {
            *sum = sum.wrapping_add(u64::from_be_bytes(*word));
        }
        self.rows += 1;
    }
}

/// Where one value ends and the next one begins shows in the hash.
fn with_length(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(bytes.len().to_be_bytes());
    hash.update(bytes);
}

/// How many rows the table has in the file.
pub(super) fn count(source: &Connection, table: &str) -> Result<u64, RelocateError> {
    let count = format!("SELECT count(*) FROM [{table}]");
    let rows: i64 = source.query_row(&count, [], |row| row.get(0))?;
    Ok(u64::try_from(rows).unwrap_or_default())
}

/// Sends all rows of a table.
pub(super) async fn send(
    source: &Connection,
    target: &Client,
    table: &'static str,
) -> Result<Sum, RelocateError> {
    let columns = tables::columns(target, table).await?;
    let (list, types) = (quoted(&columns), types(target, table, &columns).await?);
    let failed =
        |error: tokio_postgres::Error| RelocateError::Table { table, why: with_cause(&error) };
    let copy = format!("COPY {table} ({list}) FROM STDIN BINARY");
    let sink = target.copy_in(&copy).await.map_err(failed)?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    // In brackets a name is always one; in quotes SQLite would take an unknown one for a text.
    let names: Vec<String> = columns.iter().map(|name| format!("[{name}]")).collect();
    let mut statement = source.prepare(&format!("SELECT {} FROM [{table}]", names.join(", ")))?;
    let mut rows = statement.query([])?;
    let mut sum = Sum::default();
    while let Some(row) = rows.next()? {
        let cells: Vec<Cell> =
            (0..columns.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?;
        sum.add(&cells);
        let values: Vec<&(dyn ToSql + Sync)> = cells.iter().map(|cell| cell as _).collect();
        writer.as_mut().write(&values).await.map_err(failed)?;
    }
    writer.finish().await.map_err(failed)?;
    Ok(sum)
}

/// What has arrived, as the server gives it back.
pub(super) async fn read_back(target: &Client, table: &'static str) -> Result<Sum, RelocateError> {
    let columns = tables::columns(target, table).await?;
    let select = format!("SELECT {} FROM {table}", quoted(&columns));
    let nothing: [&(dyn ToSql + Sync); 0] = [];
    let mut rows = pin!(target.query_raw(&select, nothing).await?);
    let mut sum = Sum::default();
    while let Some(row) = rows.try_next().await? {
        let cells: Vec<Cell<'static>> =
            (0..columns.len()).map(|at| row.try_get(at)).collect::<Result<_, _>>()?;
        sum.add(&cells);
    }
    Ok(sum)
}

async fn types(
    target: &Client,
    table: &str,
    columns: &[String],
) -> Result<Vec<Type>, RelocateError> {
    let select = format!("SELECT {} FROM {table}", quoted(columns));
    let prepared = target.prepare(&select).await?;
    Ok(prepared.columns().iter().map(|column| column.type_().clone()).collect())
}

fn quoted(columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(", ")
}
