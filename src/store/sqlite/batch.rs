//! One transaction: guards are judged, histories numbered, rows written with one statement per kind.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use sqlx::sqlite::SqliteConnection;

use super::bundle::{Bundles, Part};
use super::eras::Eras;
use super::look_up::look_up;
use super::recall::Recall;
use super::statement::{STATEMENT_COUNT, Statement, all, length_for};
use crate::store::read::Key;
use crate::store::write::Verdicts;
use crate::store::write::cell::Cell;
use crate::store::write::prepared::Prepared;
use crate::store::write::stats::Spent;
use crate::store::write::target::Target;
use crate::store::write::world::World;

/// The rows of a batch, flat, by statement.
struct Gathered([Vec<Cell>; STATEMENT_COUNT]);

/// The places of statements: new runs and incidents have the first, then come the targets in their order.
const NEW_RUNS: usize = 0;
const NEW_INCIDENTS: usize = 1;
const FIRST_TARGET: usize = 2;

/// What the writer remembers from one transaction to the next.
#[derive(Debug)]
pub struct Memory {
    /// The shapes of what it wrote.
    pub bundles: Bundles,
    /// What it wrote of runs and incidents.
    pub recall: Recall,
    /// Where the keys are that come from outside.
    pub eras: Arc<Eras>,
}

/// Adds a batch to the transaction, which it begins if it has to ask or write something and it was not `begun` before.
pub async fn add(
    connection: &mut SqliteConnection,
    batch: &[&Prepared],
    begun: &mut bool,
    memory: &mut Memory,
    spent: &mut Spent,
) -> Result<Verdicts, sqlx::Error> {
    let start = Instant::now();
    let mut world = look_up(connection, batch, begun, memory).await?;
    let Memory { bundles, recall, eras } = memory;
    spent.look_up += start.elapsed();

    let start = Instant::now();
    let (verdicts, admitted) = world.judge(batch);
    let gathered = Gathered::from(&admitted, &mut world, eras);
    recall.learn(&admitted, &world);
    spent.gather += start.elapsed();

    let start = Instant::now();
    let parts = gathered.parts();
    if !parts.is_empty() {
        bundles.send(connection, !*begun, parts).await?;
        *begun = true;
    }
    spent.write += start.elapsed();
    spent.rows += admitted.iter().map(|commit| commit.row_count() as u64).sum::<u64>();
    Ok(verdicts)
}

/// Makes what was added durable.
pub async fn commit(connection: &mut SqliteConnection, spent: &mut Spent) -> Result<(), sqlx::Error> {
    let start = Instant::now();
    sqlx::query("COMMIT").execute(connection).await?;
    spent.commit += start.elapsed();
    Ok(())
}

/// Takes everything back that was added since the transaction was opened.
pub async fn roll_back(connection: &mut SqliteConnection, memory: &mut Memory) {
    memory.recall.clear();
    // A row that could not go in has rolled everything back already; then there is nothing left to roll back.
    if let Err(error) = sqlx::query("ROLLBACK").execute(connection).await {
        tracing::debug!(store.error = %error, "no transaction was left to roll back");
    }
}

impl Gathered {
    fn from(admitted: &[&Prepared], world: &mut World, eras: &Eras) -> Self {
        let mut gathered = Self(std::array::from_fn(|_| Vec::new()));
        for commit in admitted {
            for (target, cells) in &commit.rows {
                let place = match (target, cells.first()) {
                    (Target::Runs, Some(Cell::Id(id))) if commit.founds_run(id) => NEW_RUNS,
                    (Target::Incidents, Some(Cell::Id(id))) if commit.founds_incident(id) => NEW_INCIDENTS,
                    _ => FIRST_TARGET + *target as usize,
                };
                gathered.add(place, *target, cells, eras);
            }
            for event in &commit.events {
                gathered.cells(FIRST_TARGET + Target::Events as usize).extend(world.chain(event));
            }
        }
        gathered
    }

    /// Adds a row. One that is found by a key from outside gets its era, and one that goes is sought in every era in
    /// which it may be.
    fn add(&mut self, place: usize, target: Target, cells: &[Cell], eras: &Eras) {
        let rows = self.cells(place);
        match (target, cells) {
            (Target::Alerts, [_, _, Cell::Digest(dedup), ..]) => {
                rows.extend_from_slice(cells);
                rows.push(Cell::Integer(eras.put(&Key::of_alert(dedup))));
            }
            (Target::Deliveries, [Cell::Text(source), Cell::Text(delivery), ..]) => {
                rows.extend_from_slice(cells);
                rows.push(Cell::Integer(eras.put(&Key::Delivery(source, delivery))));
            }
            (Target::Incidents, [_, _, Cell::Text(key), open, ..]) => {
                let is_open = matches!(open, Cell::Integer(1));
                rows.extend_from_slice(cells);
                rows.push(Cell::Integer(if is_open { eras.put(&Key::Incident(key)) } else { eras.now() }));
            }
            (Target::DeliveriesRetired, [Cell::Text(source), Cell::Text(delivery)]) => {
                eras.forget_some();
                for era in eras.of(&Key::Delivery(source, delivery)) {
                    rows.extend_from_slice(cells);
                    rows.push(Cell::Integer(era));
                }
            }
            (Target::AlertsRetired | Target::IncidentsRetired, _) => {
                eras.forget_some();
                rows.extend_from_slice(cells);
            }
            _ => rows.extend_from_slice(cells),
        }
    }

    fn cells(&mut self, place: usize) -> &mut Vec<Cell> {
        #[expect(clippy::indexing_slicing, reason = "there is a list for every statement, and every target is one")]
        &mut self.0[place]
    }

    /// The statements with their rows, in the order in which they are written.
    fn parts(self) -> Vec<Part> {
        let mut parts = Vec::new();
        for (place, (statement, cells)) in all().zip(self.0).enumerate() {
            let cells = if statement.counted { added_up(&cells, statement) } else { cells };
            let mut left = cells.len() / statement.columns;
            let mut cells = cells.into_iter();
            while left > 0 {
                let rows = length_for(left);
                let taken = left.min(rows);
                let cells = cells.by_ref().take(taken * statement.columns).collect();
                parts.push(Part { place, rows, columns: statement.columns, cells });
                left -= taken;
            }
        }
        parts
    }
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
