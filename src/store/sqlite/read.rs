//! How SQLite runs the reads that every database shares.

use sqlx::Row as _;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteRow;

use crate::store::read::{Columns, Database, Query, Reader};

use super::SqliteStore;

impl Database for SqliteStore {
    type Readers = SqlitePool;

    fn readers(&self) -> &SqlitePool {
        &self.0.readers
    }
}

impl Reader for SqlitePool {
    type Row = SqliteRow;

    async fn fetch(&self, query: Query) -> Result<Vec<SqliteRow>, String> {
        let statement = sqlx::query(query.text.sqlite);
        let statement = query.parameters.into_iter().fold(statement, sqlx::query::Query::bind);
        statement.fetch_all(self).await.map_err(|error| error.to_string())
    }
}

impl Columns for SqliteRow {
    fn integer(&self, column: &str) -> Result<Option<i64>, String> {
        self.try_get(column).map_err(|error| error.to_string())
    }

    fn text(&self, column: &str) -> Result<Option<&str>, String> {
        self.try_get(column).map_err(|error| error.to_string())
    }

    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, String> {
        self.try_get(column).map_err(|error| error.to_string())
    }
}
