//! One transaction: guards are judged, histories numbered, rows written with one statement per kind.

use std::collections::HashMap;
use std::time::Instant;

use sqlx::sqlite::SqliteConnection;

use crate::domain::Digest;
use crate::store::commit::CommitError;

use super::cell::Cell;
use super::guards::World;
use super::prepared::Prepared;
use super::statement::{STATEMENTS, Statement, Target, text_for};
use super::stats::Spent;

/// What became of each commit of a batch, in order.
pub type Verdicts = Vec<Result<(), CommitError>>;

/// The rows of a batch, flat, by target.
struct Gathered(Vec<Vec<Cell>>);

/// Applies a batch. On an error nothing of it was written, and the connection is as before.
///
/// The transaction is begun and ended by statements of our own: when the disk is full SQLite rolls back by itself, and the
/// driver, which counts transactions, would take none after it for ever.
pub async fn apply(
    connection: &mut SqliteConnection,
    batch: &[&Prepared],
    spent: &mut Spent,
) -> Result<Verdicts, sqlx::Error> {
    let start = Instant::now();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    spent.look_up += start.elapsed();
    let applied = within(connection, batch, spent).await;
    if applied.is_err()
        && let Err(error) = sqlx::query("ROLLBACK").execute(connection).await
    {
        // Usually SQLite has done so already.
        tracing::debug!(store.error = %error, "there was nothing to roll back");
    }
    applied
}

/// Applies a batch within a transaction that was begun, and ends it.
async fn within(
    connection: &mut SqliteConnection,
    batch: &[&Prepared],
    spent: &mut Spent,
) -> Result<Verdicts, sqlx::Error> {
    let start = Instant::now();
    let mut world = World::look_up(connection, batch).await?;
    spent.look_up += start.elapsed();

    let start = Instant::now();
    let mut verdicts = Vec::with_capacity(batch.len());
    let mut admitted = Vec::with_capacity(batch.len());
    for commit in batch {
        let verdict = world.admit(commit).map_err(CommitError::Conflict);
        if verdict.is_ok() {
            admitted.push(*commit);
        }
        verdicts.push(verdict);
    }
    let gathered = Gathered::from(&admitted, world);
    spent.gather += start.elapsed();

    let start = Instant::now();
    gathered.write(connection).await?;
    spent.write += start.elapsed();

    let start = Instant::now();
    sqlx::query("COMMIT").execute(connection).await?;
    spent.commit += start.elapsed();
    spent.rows += admitted.iter().map(|commit| commit.row_count() as u64).sum::<u64>();
    Ok(verdicts)
}

impl Gathered {
    fn from(admitted: &[&Prepared], mut world: World) -> Self {
        let mut gathered = Self(STATEMENTS.iter().map(|_| Vec::new()).collect());
        for commit in admitted {
            for (target, cells) in &commit.rows {
                gathered.cells(*target).extend_from_slice(cells);
            }
            for event in &commit.events {
                let (last_seq, prev_hash) = world.heads.get(&event.subject).copied().unwrap_or((0, Digest::ZERO));
                let seq = last_seq + 1;
                let hash = event.link.hash(&prev_hash, seq);
                gathered.cells(Target::Events).extend([
                    Cell::bytes(&event.subject),
                    Cell::count(seq),
                    event.at.clone(),
                    event.actor.clone(),
                    Cell::text(event.kind),
                    event.body.clone(),
                    Cell::from(&prev_hash),
                    Cell::from(&hash),
                ]);
                world.heads.insert(event.subject.clone(), (seq, hash));
            }
        }
        gathered
    }

    fn cells(&mut self, target: Target) -> &mut Vec<Cell> {
        let index = target as usize;
        if self.0.len() <= index {
            self.0.resize_with(index + 1, Vec::new);
        }
        #[expect(clippy::indexing_slicing, reason = "the list was made long enough just above")]
        &mut self.0[index]
    }

    async fn write(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for (statement, cells) in STATEMENTS.iter().zip(self.0) {
            if cells.is_empty() {
                continue;
            }
            let cells = if statement.counted { added_up(&cells, statement) } else { cells };
            write_rows(connection, statement, cells).await?;
        }
        Ok(())
    }
}

async fn write_rows(
    connection: &mut SqliteConnection,
    statement: &Statement,
    cells: Vec<Cell>,
) -> Result<(), sqlx::Error> {
    let mut left = cells.len() / statement.columns;
    let mut cells = cells.into_iter();
    while left > 0 {
        let Some((text, length)) = text_for(statement.target, left) else { break };
        let taken = left.min(length);
        let mut query = sqlx::query(text);
        for cell in cells.by_ref().take(taken * statement.columns) {
            query = query.bind(cell);
        }
        query.execute(&mut *connection).await?;
        left -= taken;
    }
    Ok(())
}

/// One row for every first column: the second columns are added up, of the others the last stands. An `UPDATE ... FROM`
/// would take only one of several rows for the same target.
fn added_up(cells: &[Cell], statement: &Statement) -> Vec<Cell> {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for row in cells.chunks(statement.columns) {
        let key = match row.first() {
            Some(Cell::Id(id)) => id.to_vec(),
            Some(Cell::Digest(digest)) => digest.to_vec(),
            _ => Vec::new(),
        };
        let mut row = row.to_vec();
        if let Some(earlier) = places.get(&key).and_then(|place| rows.get_mut(*place)) {
            if let (Some(Cell::Integer(sum)), Some(Cell::Integer(more))) = (earlier.get(1), row.get_mut(1)) {
                *more = more.saturating_add(*sum);
            }
            *earlier = row;
        } else {
            places.insert(key, rows.len());
            rows.push(row);
        }
    }
    rows.into_iter().flatten().collect()
}
