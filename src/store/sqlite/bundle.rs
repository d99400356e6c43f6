//! Statements that are sent together.
//!
//! Every statement that is sent alone costs a trip to the thread that works for the connection, and under load a trip
//! waits for a processor (measured: up to 0.4 ms). What a busy writer writes is nearly always of the same few shapes, so a
//! shape that keeps coming back gets one text with all its statements, which is prepared once and costs one trip. A rare
//! shape is not worth preparing: its statements, which are prepared already, go one by one.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::statement::text_of;
use crate::store::write::cell::Cell;

/// How a transaction begins. It and its end are statements of our own: when the disk is full SQLite rolls back by itself,
/// and the driver, which counts transactions, would take none after it for ever.
pub const BEGIN: &str = "BEGIN IMMEDIATE";
/// How often a shape must have come before it gets a text of its own.
const SEEN_MIN: u32 = 8;
/// How many shapes have one at most.
pub const BUNDLES_MAX: usize = 48;
/// How many shapes are remembered at most.
const SHAPES_MAX: usize = 1024;

/// A statement by its place and how many rows it takes, with the rows.
#[derive(Debug)]
pub struct Part {
    /// The place of the statement.
    pub place: usize,
    /// How many rows it takes.
    pub rows: usize,
    /// How many columns a row has.
    pub columns: usize,
    /// The rows, flat; what is missing at the end is nothing.
    pub cells: Vec<Cell>,
}

/// The shapes that came, and the texts of those that came often.
#[derive(Debug, Default)]
pub struct Bundles {
    shapes: HashMap<(bool, Vec<(usize, usize)>), Shape>,
    texts: usize,
}

#[derive(Debug)]
enum Shape {
    Seen(u32),
    Bundled(Arc<str>),
}

impl Bundles {
    /// Sends the parts, in their order, after the beginning of their transaction if that is still to come.
    pub async fn send(
        &mut self,
        connection: &mut SqliteConnection,
        begins: bool,
        parts: Vec<Part>,
    ) -> Result<(), sqlx::Error> {
        if let Some(text) = self.text(begins, &parts) {
            let mut query = sqlx::query(AssertSqlSafe(text));
            for part in parts {
                let nothing = (part.rows * part.columns).saturating_sub(part.cells.len());
                // Every parameter is bound: the next statement's come right after this one's.
                for cell in part.cells.into_iter().chain(std::iter::repeat_n(Cell::Null, nothing)) {
                    query = query.bind(cell);
                }
            }
            return query.execute(connection).await.map(drop);
        }
        if begins {
            sqlx::query(BEGIN).execute(&mut *connection).await?;
        }
        for part in parts {
            let mut query = sqlx::query(text_of(part.place, part.rows));
            for cell in part.cells {
                query = query.bind(cell);
            }
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// The text of all parts together, if their shape is worth one.
    fn text(&mut self, begins: bool, parts: &[Part]) -> Option<Arc<str>> {
        if parts.len() + usize::from(begins) < 2 {
            return None;
        }
        let shape = (begins, parts.iter().map(|part| (part.place, part.rows)).collect());
        if self.shapes.len() >= SHAPES_MAX && !self.shapes.contains_key(&shape) {
            self.shapes.retain(|_, shape| matches!(shape, Shape::Bundled(_)));
        }
        let known = self.shapes.entry(shape).or_insert(Shape::Seen(0));
        match known {
            Shape::Bundled(text) => Some(Arc::clone(text)),
            Shape::Seen(times) if *times < SEEN_MIN || self.texts >= BUNDLES_MAX => {
                *times = times.saturating_add(1);
                None
            }
            Shape::Seen(_) => {
                let texts = parts.iter().map(|part| text_of(part.place, part.rows));
                let texts: Vec<&str> = begins.then_some(BEGIN).into_iter().chain(texts).collect();
                let text: Arc<str> = texts.join(";\n").into();
                self.texts += 1;
                *known = Shape::Bundled(Arc::clone(&text));
                Some(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(rows: usize) -> Vec<Part> {
        [0, 1].map(|place| Part { place, rows, columns: 1, cells: Vec::new() }).into()
    }

    #[test]
    fn a_shape_gets_a_text_of_its_own_when_it_keeps_coming_back() {
        let mut bundles = Bundles::default();
        let texts: Vec<bool> = (0..=SEEN_MIN).map(|_| bundles.text(false, &parts(1)).is_some()).collect();
        assert_eq!(texts.iter().position(|bundled| *bundled), Some(SEEN_MIN as usize));
        assert!(bundles.text(false, &parts(8)).is_none(), "another shape");
        let text = bundles.text(false, &parts(1)).unwrap();
        assert_eq!(text.matches("INSERT").count(), 2);
        let begun = (0..=SEEN_MIN).filter_map(|_| bundles.text(true, &parts(1))).last().unwrap();
        assert_eq!(*begun, format!("{BEGIN};\n{text}"));
    }

    #[test]
    fn one_statement_alone_needs_no_bundle() {
        let mut bundles = Bundles::default();
        let alone = || parts(1).into_iter().take(1).collect::<Vec<_>>();
        assert!((0..100).all(|_| bundles.text(false, &alone()).is_none()));
    }
}
