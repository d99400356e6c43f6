//! One transaction: locks, look-up, guards judged in memory, rows written with one statement per kind.
//!
//! `COMMIT` stands apart, because only there can it be unknown whether a batch was written. Every batch leaves its number
//! in the row of its writer; a writer whose connection broke looks there.

use std::time::Instant;

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use crate::store::write::Verdicts;
use crate::store::write::prepared::Prepared;
use crate::store::write::stats::Spent;
use crate::store::write::target::Target;
use crate::store::write::world::World;

use super::arrays::{Row, bound, rounds};
use super::look_up::{lock, look_up};
use super::statement::STATEMENTS;
use super::trouble::Trouble;

const MARK: &str = "INSERT INTO batches (writer, batch, at)
    VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
    ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, at = excluded.at";
/// It waits until whatever became of the batch is certain: its transaction has the row's lock until it is over.
const LAST: &str = "SELECT batch FROM batches WHERE writer = $1 FOR UPDATE";
/// Writers that were not heard of for a month are gone; their rows go too.
const PRUNE: &str = "DELETE FROM batches
    WHERE at < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - 2592000000000";

/// The statements of this file, for the test that prepares every statement.
pub const MARKS: [&str; 3] = [MARK, LAST, PRUNE];

/// The number of a writer or of a batch.
pub type Number = [u8; 16];

/// Writes a batch, all but `COMMIT`.
pub async fn write(
    connection: &mut PgConnection,
    batch: &[&Prepared],
    (writer, number): (Number, Number),
    spent: &mut Spent,
) -> Result<Verdicts, Trouble> {
    let start = Instant::now();
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
    lock(connection, batch).await?;
    let mut world = look_up(connection, batch).await?;
    spent.look_up += start.elapsed();

    let start = Instant::now();
    let (verdicts, admitted) = world.judge(batch);
    let rows = gathered(&admitted, world);
    spent.gather += start.elapsed();

    let start = Instant::now();
    for (statement, rows) in STATEMENTS.iter().zip(rows) {
        if rows.is_empty() {
            continue;
        }
        for round in rounds(rows, statement.repeats) {
            let written = bound(statement, &round).execute(&mut *connection).await;
            written.map_err(|error| Trouble::from(error).about(&format!("writing {:?}", statement.target)))?;
        }
    }
    sqlx::query(MARK).bind(writer.as_slice()).bind(number.as_slice()).execute(&mut *connection).await?;
    spent.write += start.elapsed();
    spent.rows += admitted.iter().map(|commit| commit.row_count() as u64).sum::<u64>();
    Ok(verdicts)
}

/// Makes a batch durable. After an error that costs the connection it is not known whether it is.
pub async fn commit(connection: &mut PgConnection, spent: &mut Spent) -> Result<(), Trouble> {
    let start = Instant::now();
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    spent.commit += start.elapsed();
    Ok(())
}

/// Makes the row of a writer, which a later batch only changes.
pub async fn enter(connection: &mut PgConnection, writer: Number, number: Number) -> Result<(), Trouble> {
    sqlx::query(MARK).bind(writer.as_slice()).bind(number.as_slice()).execute(connection).await?;
    Ok(())
}

/// Whether the batch with this number was committed.
pub async fn was_committed(connection: &mut PgConnection, writer: Number, number: Number) -> Result<bool, Trouble> {
    let row = sqlx::query(LAST).bind(writer.as_slice()).fetch_optional(connection).await?;
    let last = row.map(|row| row.try_get::<Vec<u8>, _>("batch")).transpose()?;
    Ok(last.is_some_and(|last| last == number))
}

/// Removes the rows of writers that are long gone.
pub async fn prune(connection: &mut PgConnection) -> Result<(), Trouble> {
    sqlx::query(PRUNE).execute(connection).await?;
    Ok(())
}

/// The rows of a batch by target; histories are numbered and chained.
fn gathered(admitted: &[&Prepared], mut world: World) -> Vec<Vec<Row>> {
    let mut gathered: Vec<Vec<Row>> = STATEMENTS.iter().map(|_| Vec::new()).collect();
    let mut put = |target: Target, row: Row| {
        if let Some(rows) = gathered.get_mut(target as usize) {
            rows.push(row);
        }
    };
    for commit in admitted {
        for (target, cells) in &commit.rows {
            put(*target, cells.clone());
        }
        for event in &commit.events {
            put(Target::Events, world.chain(event).into());
        }
    }
    gathered
}
