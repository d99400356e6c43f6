//! Rows for upkeep: columns one by one, because a row that is damaged in one of them must still be named and told of.

use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row as _, Sqlite, ValueRef as _};
use uuid::Uuid;

use crate::store::ports::{Read, ReadError};

use super::super::SqliteStore;
use super::super::cell::Cell;

/// All rows of a statement.
pub async fn rows<const N: usize>(
    store: &SqliteStore,
    what: &'static str,
    text: &'static str,
    parameters: [Cell; N],
) -> Read<Vec<SqliteRow>> {
    type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;
    let query: Query = parameters.into_iter().fold(sqlx::query(text), Query::bind);
    let rows = query.fetch_all(store.readers()).await;
    rows.map_err(|error| ReadError::Unavailable { what, reason: error.to_string() })
}

/// The columns of a row; what can't be read is told with its column.
pub struct Columns<'a>(pub &'a SqliteRow);

impl Columns<'_> {
    fn get<T>(&self, column: &str) -> Result<T, String>
    where
        T: for<'r> sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>,
    {
        self.0.try_get(column).map_err(|error| format!("column `{column}`: {error}"))
    }

    /// A number.
    pub fn integer(&self, column: &str) -> Result<i64, String> {
        self.get(column)
    }

    /// A count.
    pub fn count(&self, column: &str) -> Result<u64, String> {
        u64::try_from(self.integer(column)?).map_err(|error| format!("column `{column}`: {error}"))
    }

    /// A text.
    pub fn text(&self, column: &str) -> Result<String, String> {
        self.get(column)
    }

    /// Bytes.
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, String> {
        self.get(column)
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
        let same = match expected {
            Cell::Null => self.0.try_get_raw(column).is_ok_and(|value| value.is_null()),
            Cell::Integer(number) => self.get::<Option<i64>>(column).is_ok_and(|stored| stored == Some(*number)),
            Cell::Text(text) => self.get::<Option<String>>(column).is_ok_and(|stored| stored.as_deref() == Some(text)),
            Cell::Id(id) => self.is_bytes(column, id),
            Cell::Digest(digest) => self.is_bytes(column, digest),
            Cell::Bytes(bytes) => self.is_bytes(column, bytes),
        };
        (!same).then(|| format!("column `{column}` does not repeat what the row says"))
    }

    fn is_bytes(&self, column: &str, expected: &[u8]) -> bool {
        self.get::<Option<Vec<u8>>>(column).is_ok_and(|stored| stored.as_deref() == Some(expected))
    }
}
