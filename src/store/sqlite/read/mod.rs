//! Reads: one file a port. Each sees committed data only, on a connection that can't write.

mod agents;
mod approvals;
mod claims;
mod inbox;
mod outbox;
mod playbooks;
mod read_model;
mod run_log;
mod sending;

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Sqlite, SqlitePool};

use crate::store::ports::Read;

use super::cell::Cell;
use super::decode::{Decoder, unavailable};

pub(super) use claims::{
    claim, claimed_run, exists, has_replica, late_replies, late_reply_count, quarantined_runs, runs_in_hand,
};
pub(super) use sending::Sending;

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// A statement with its parameters.
fn query<const N: usize>(text: &'static str, parameters: [Cell; N]) -> Query {
    parameters.into_iter().fold(sqlx::query(text), Query::bind)
}

/// The one row, decoded, if there is one.
async fn one<T>(
    readers: &SqlitePool,
    what: &'static str,
    query: Query,
    decode: impl FnOnce(&Decoder<'_>) -> Read<T>,
) -> Read<Option<T>> {
    let row: Option<SqliteRow> = query.fetch_optional(readers).await.map_err(unavailable(what))?;
    row.map(|row| decode(&Decoder::new(&row, what))).transpose()
}

/// All rows, decoded.
async fn all<T>(
    readers: &SqlitePool,
    what: &'static str,
    query: Query,
    decode: impl Fn(&Decoder<'_>) -> Read<T>,
) -> Read<Vec<T>> {
    let rows: Vec<SqliteRow> = query.fetch_all(readers).await.map_err(unavailable(what))?;
    rows.iter().map(|row| decode(&Decoder::new(row, what))).collect()
}

fn limited(limit: u32) -> Cell {
    Cell::Integer(i64::from(limit))
}
