//! Rows for upkeep: columns one by one, because a row that is damaged in one of them must still be named and told of.

use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::store::ports::{Read, ReadError};
use crate::store::read::{Cell, Columns, Database, Reader, Text, query};

/// A row of a database.
pub type RowOf<D> = <<D as Database>::Readers as Reader>::Row;

/// All rows of a statement.
pub async fn rows<D: Database, const N: usize>(
    store: &D,
    what: &'static str,
    text: impl Into<Text>,
    parameters: [Cell; N],
) -> Read<Vec<RowOf<D>>> {
    let rows = store.readers().fetch(query(text, parameters)).await;
    rows.map_err(|reason| ReadError::Unavailable { what, reason })
}

/// The columns of a row; what can't be read is told with its column.
pub struct Fields<'a>(pub &'a dyn Columns);

impl Fields<'_> {
    /// A number.
    pub fn integer(&self, column: &str) -> Result<i64, String> {
        there(column, self.0.integer(column))
    }

    /// A count.
    pub fn count(&self, column: &str) -> Result<u64, String> {
        u64::try_from(self.integer(column)?).map_err(|error| format!("column `{column}`: {error}"))
    }

    /// A text.
    pub fn text(&self, column: &str) -> Result<String, String> {
        there(column, self.0.text(column)).map(str::to_owned)
    }

    /// Bytes.
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, String> {
        there(column, self.0.bytes(column)).map(<[u8]>::to_vec)
    }

    /// An id.
    pub fn id(&self, column: &str) -> Result<Uuid, String> {
        Uuid::from_slice(&self.bytes(column)?).map_err(|error| format!("column `{column}`: {error}"))
    }

    /// A value that is kept as JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, String> {
        serde_json::from_str(&self.text(column)?).map_err(|error| format!("column `{column}`: {error}"))
    }

    /// What is said if a column does not have this value.
    pub fn other_than(&self, column: &str, expected: &Cell) -> Option<String> {
        let is_bytes = |expected: &[u8]| self.0.bytes(column).is_ok_and(|stored| stored == Some(expected));
        let same = match expected {
            Cell::Null => {
                let integer = self.0.integer(column).is_ok_and(|stored| stored.is_none());
                let text = self.0.text(column).is_ok_and(|stored| stored.is_none());
                integer || text || self.0.bytes(column).is_ok_and(|stored| stored.is_none())
            }
            Cell::Integer(number) => self.0.integer(column).is_ok_and(|stored| stored == Some(*number)),
            Cell::Text(text) => self.0.text(column).is_ok_and(|stored| stored == Some(&**text)),
            Cell::Id(id) => is_bytes(id),
            Cell::Digest(digest) => is_bytes(digest),
            Cell::Bytes(bytes) => is_bytes(bytes),
        };
        (!same).then(|| format!("column `{column}` does not repeat what the row says"))
    }
}

fn there<T>(column: &str, value: Result<Option<T>, String>) -> Result<T, String> {
    value
        .map_err(|reason| format!("column `{column}`: {reason}"))?
        .ok_or_else(|| format!("column `{column}`: nothing is there"))
}
