//! Columns as domain values, and what is said when they can't be.

use std::fmt::Display;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::domain::Digest;
use crate::store::ports::{Read, ReadError};

/// One row, with what it is for the error.
pub struct Decoder<'a> {
    row: &'a SqliteRow,
    what: &'static str,
}

/// The error for a read that the database did not answer.
pub fn unavailable(what: &'static str) -> impl Fn(sqlx::Error) -> ReadError {
    move |error| ReadError::Unavailable { what, reason: error.to_string() }
}

impl<'a> Decoder<'a> {
    /// A row of `what`.
    pub fn new(row: &'a SqliteRow, what: &'static str) -> Self {
        Self { row, what }
    }

    fn damaged(&self, column: &str, reason: impl Display) -> ReadError {
        let id = self.row.try_get::<Vec<u8>, _>("id").ok().and_then(|id| Uuid::from_slice(&id).ok());
        let id = id.map_or_else(|| "with that key".to_owned(), |id| id.to_string());
        ReadError::Damaged { what: self.what, id, reason: format!("column `{column}`: {reason}") }
    }

    fn get<T>(&self, column: &str) -> Read<T>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.row.try_get(column).map_err(|error| self.damaged(column, error))
    }

    /// A text.
    pub fn text(&self, column: &str) -> Read<String> {
        self.get(column)
    }

    /// A text that may be missing.
    pub fn optional_text(&self, column: &str) -> Read<Option<String>> {
        self.get(column)
    }

    /// A name or another text that has to be parsed.
    pub fn parse<T: std::str::FromStr<Err: Display>>(&self, column: &str) -> Read<T> {
        self.text(column)?.parse().map_err(|error| self.damaged(column, error))
    }

    /// A count.
    pub fn count(&self, column: &str) -> Read<u64> {
        u64::try_from(self.get::<i64>(column)?).map_err(|error| self.damaged(column, error))
    }

    /// A small count.
    pub fn small_count(&self, column: &str) -> Read<u32> {
        u32::try_from(self.get::<i64>(column)?).map_err(|error| self.damaged(column, error))
    }

    /// A yes or no.
    pub fn flag(&self, column: &str) -> Read<bool> {
        Ok(self.get::<i64>(column)? != 0)
    }

    /// A time.
    pub fn time(&self, column: &str) -> Read<Timestamp> {
        Timestamp::from_microsecond(self.get(column)?).map_err(|error| self.damaged(column, error))
    }

    /// A time that may be missing.
    pub fn optional_time(&self, column: &str) -> Read<Option<Timestamp>> {
        let microseconds: Option<i64> = self.get(column)?;
        microseconds.map(Timestamp::from_microsecond).transpose().map_err(|error| self.damaged(column, error))
    }

    /// An id.
    pub fn id<T: From<Uuid>>(&self, column: &str) -> Read<T> {
        let bytes: Vec<u8> = self.get(column)?;
        Uuid::from_slice(&bytes).map(T::from).map_err(|error| self.damaged(column, error))
    }

    /// An id that may be missing.
    pub fn optional_id<T: From<Uuid>>(&self, column: &str) -> Read<Option<T>> {
        let bytes: Option<Vec<u8>> = self.get(column)?;
        let id = bytes.map(|bytes| Uuid::from_slice(&bytes)).transpose();
        id.map(|id| id.map(T::from)).map_err(|error| self.damaged(column, error))
    }

    /// A digest.
    pub fn digest(&self, column: &str) -> Read<Digest> {
        let bytes: Vec<u8> = self.get(column)?;
        Digest::from_slice(&bytes).ok_or_else(|| self.damaged(column, "a digest has 32 bytes"))
    }

    /// Bytes.
    pub fn bytes(&self, column: &str) -> Read<Vec<u8>> {
        self.get(column)
    }

    /// A value that is kept as JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Read<T> {
        let text: &str = self.row.try_get(column).map_err(|error| self.damaged(column, error))?;
        serde_json::from_str(text).map_err(|error| self.damaged(column, error))
    }
}
