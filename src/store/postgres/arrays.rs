//! Rows of a batch as one array a column, which is how a statement takes them.

use std::borrow::Cow;
use std::collections::HashMap;

use sqlx::Postgres;
use sqlx::postgres::PgArguments;

use crate::store::write::cell::Cell;

use super::cell::storable;
use super::statement::{Kind, Repeats, Statement};

/// A row of a batch.
pub type Row = Vec<Cell>;

/// One column of all rows.
enum Column<'a> {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<Cow<'a, str>>>),
    Bytes(Vec<Option<&'a [u8]>>),
}

impl<'a> Column<'a> {
    fn of(rows: &'a [Row], index: usize, kind: Kind) -> Self {
        let cells = rows.iter().map(|row| row.get(index).unwrap_or(&Cell::Null));
        match kind {
            Kind::Number => Self::Numbers(cells.map(number).collect()),
            Kind::Text => Self::Texts(cells.map(text).collect()),
            Kind::Bytes => Self::Bytes(cells.map(bytes).collect()),
        }
    }
}

fn number(cell: &Cell) -> Option<i64> {
    if let Cell::Integer(number) = cell { Some(*number) } else { None }
}

fn text(cell: &Cell) -> Option<Cow<'_, str>> {
    if let Cell::Text(text) = cell { Some(storable(text)) } else { None }
}

fn bytes(cell: &Cell) -> Option<&[u8]> {
    match cell {
        Cell::Id(id) => Some(id),
        Cell::Digest(digest) => Some(digest),
        Cell::Bytes(bytes) => Some(bytes),
        Cell::Null | Cell::Integer(_) | Cell::Text(_) => None,
    }
}

/// The statement with these rows.
pub fn bound(statement: &'static Statement, rows: &[Row]) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    let mut query = sqlx::query(statement.text);
    for (index, kind) in statement.columns.iter().enumerate() {
        query = match Column::of(rows, index, *kind) {
            Column::Numbers(numbers) => query.bind(numbers),
            Column::Texts(texts) => {
                query.bind(texts.into_iter().map(|text| text.map(Cow::into_owned)).collect::<Vec<_>>())
            }
            Column::Bytes(bytes) => {
                query.bind(bytes.into_iter().map(|bytes| bytes.map(<[u8]>::to_vec)).collect::<Vec<_>>())
            }
        };
    }
    query
}

/// The rows as they go into one statement after another: no two of the same key in one, where that would do harm.
pub fn rounds(rows: Vec<Row>, repeats: Repeats) -> Vec<Vec<Row>> {
    match repeats {
        Repeats::Kept => vec![rows],
        Repeats::Last => vec![merged(rows, |_, _| {})],
        Repeats::Counted => vec![merged(rows, add)],
        Repeats::Rounds => {
            let mut rounds: Vec<Vec<Row>> = Vec::new();
            let mut seen: HashMap<Vec<u8>, usize> = HashMap::new();
            for row in rows {
                let round = seen.entry(key(&row)).and_modify(|round| *round += 1).or_default();
                if rounds.len() <= *round {
                    rounds.push(Vec::new());
                }
                if let Some(round) = rounds.get_mut(*round) {
                    round.push(row);
                }
            }
            rounds
        }
    }
}

/// One row for every first column, in the place of the first: the last, after `keep` took over what must stay.
fn merged(rows: Vec<Row>, keep: impl Fn(&Row, &mut Row)) -> Vec<Row> {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::with_capacity(rows.len());
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    for mut row in rows {
        let place = *places.entry(key(&row)).or_insert(kept.len());
        if let Some(earlier) = kept.get_mut(place) {
            keep(earlier, &mut row);
            *earlier = row;
        } else {
            kept.push(row);
        }
    }
    kept
}

fn add(earlier: &Row, row: &mut Row) {
    if let (Some(Cell::Integer(sum)), Some(Cell::Integer(more))) = (earlier.get(1), row.get_mut(1)) {
        *more = more.saturating_add(*sum);
    }
}

fn key(row: &Row) -> Vec<u8> {
    match row.first() {
        Some(Cell::Text(text)) => text.as_bytes().to_vec(),
        Some(cell) => bytes(cell).unwrap_or_default().to_vec(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, number: i64) -> Row {
        vec![Cell::text(key), Cell::Integer(number)]
    }

    fn numbers(rounds: &[Vec<Row>]) -> Vec<Vec<i64>> {
        rounds.iter().map(|rows| rows.iter().map(|row| number(&row[1]).unwrap()).collect()).collect()
    }

    #[test]
    fn rows_of_one_key_never_meet_where_that_would_do_harm() {
        let rows = || vec![row("a", 1), row("b", 2), row("a", 4), row("a", 8)];
        assert_eq!(numbers(&rounds(rows(), Repeats::Kept)), [vec![1, 2, 4, 8]]);
        assert_eq!(numbers(&rounds(rows(), Repeats::Last)), [vec![8, 2]]);
        assert_eq!(numbers(&rounds(rows(), Repeats::Counted)), [vec![13, 2]]);
        assert_eq!(numbers(&rounds(rows(), Repeats::Rounds)), [vec![1, 2], vec![4], vec![8]]);
    }
}
