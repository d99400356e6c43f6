//! Columns as domain values, and what is said when they can't be.

use std::fmt::Display;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::Digest;
use crate::store::ports::{Read, ReadError};

/// What a row of any database gives by the name of a column. An error says why it can't.
pub trait Columns {
    /// A number.
    fn integer(&self, column: &str) -> Result<Option<i64>, String>;
    /// A text.
    fn text(&self, column: &str) -> Result<Option<&str>, String>;
    /// Bytes.
    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, String>;
}

/// One row, with what it is for the error.
pub struct Decoder<'a> {
    row: &'a dyn Columns,
    what: &'static str,
}

impl<'a> Decoder<'a> {
    /// A row of `what`.
    pub fn new(row: &'a dyn Columns, what: &'static str) -> Self {
        Self { row, what }
    }

    fn damaged(&self, column: &str, reason: impl Display) -> ReadError {
        let id = self.row.bytes("id").ok().flatten().and_then(|id| Uuid::from_slice(id).ok());
        let id = id.map_or_else(|| "with that key".to_owned(), |id| id.to_string());
        ReadError::Damaged { what: self.what, id, reason: format!("column `{column}`: {reason}") }
    }

    /// What must be there.
    fn there<T>(&self, column: &str, value: Result<Option<T>, String>) -> Read<T> {
        match value {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(self.damaged(column, "nothing is there")),
            Err(reason) => Err(self.damaged(column, reason)),
        }
    }

    fn integer(&self, column: &str) -> Read<i64> {
        self.there(column, self.row.integer(column))
    }

    fn slice(&self, column: &str) -> Read<&'a [u8]> {
        self.there(column, self.row.bytes(column))
    }

    /// A text.
    pub fn text(&self, column: &str) -> Read<String> {
        self.there(column, self.row.text(column)).map(str::to_owned)
    }

    /// A text that may be missing.
    pub fn optional_text(&self, column: &str) -> Read<Option<String>> {
        let text = self.row.text(column).map_err(|reason| self.damaged(column, reason))?;
        Ok(text.map(str::to_owned))
    }

    /// A name or another text that has to be parsed.
    pub fn parse<T: std::str::FromStr<Err: Display>>(&self, column: &str) -> Read<T> {
        self.there(column, self.row.text(column))?.parse().map_err(|error| self.damaged(column, error))
    }

    /// A count.
    pub fn count(&self, column: &str) -> Read<u64> {
        u64::try_from(self.integer(column)?).map_err(|error| self.damaged(column, error))
    }

    /// A small count.
    pub fn small_count(&self, column: &str) -> Read<u32> {
        u32::try_from(self.integer(column)?).map_err(|error| self.damaged(column, error))
    }

    /// A yes or no.
    pub fn flag(&self, column: &str) -> Read<bool> {
        Ok(self.integer(column)? != 0)
    }

    /// A time.
    pub fn time(&self, column: &str) -> Read<Timestamp> {
        Timestamp::from_microsecond(self.integer(column)?).map_err(|error| self.damaged(column, error))
    }

    /// A time that may be missing.
    pub fn optional_time(&self, column: &str) -> Read<Option<Timestamp>> {
        let microseconds = self.row.integer(column).map_err(|reason| self.damaged(column, reason))?;
        microseconds.map(Timestamp::from_microsecond).transpose().map_err(|error| self.damaged(column, error))
    }

    /// An id.
    pub fn id<T: From<Uuid>>(&self, column: &str) -> Read<T> {
        Uuid::from_slice(self.slice(column)?).map(T::from).map_err(|error| self.damaged(column, error))
    }

    /// An id that may be missing.
    pub fn optional_id<T: From<Uuid>>(&self, column: &str) -> Read<Option<T>> {
        let bytes = self.row.bytes(column).map_err(|reason| self.damaged(column, reason))?;
        let id = bytes.map(Uuid::from_slice).transpose();
        id.map(|id| id.map(T::from)).map_err(|error| self.damaged(column, error))
    }

    /// A digest.
    pub fn digest(&self, column: &str) -> Read<Digest> {
        Digest::from_slice(self.slice(column)?).ok_or_else(|| self.damaged(column, "a digest has 32 bytes"))
    }

    /// Bytes.
    pub fn bytes(&self, column: &str) -> Read<Vec<u8>> {
        self.slice(column).map(<[u8]>::to_vec)
    }

    /// A word that stands for a value.
    pub fn word<T: DeserializeOwned>(&self, column: &str) -> Read<T> {
        let word = self.text(column)?;
        serde_json::from_value(Value::String(word)).map_err(|error| self.damaged(column, error))
    }

    /// A word that stands for a value and may be missing.
    pub fn optional_word<T: DeserializeOwned>(&self, column: &str) -> Read<Option<T>> {
        let word = self.optional_text(column)?;
        let value = word.map(|word| serde_json::from_value(Value::String(word))).transpose();
        value.map_err(|error| self.damaged(column, error))
    }

    /// A value that is kept as JSON and may be missing.
    pub fn optional_json<T: DeserializeOwned>(&self, column: &str) -> Read<Option<T>> {
        let text = self.row.text(column).map_err(|reason| self.damaged(column, reason))?;
        text.map(serde_json::from_str).transpose().map_err(|error| self.damaged(column, error))
    }

    /// A value that is kept as JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Read<T> {
        let text = self.there(column, self.row.text(column))?;
        serde_json::from_str(text).map_err(|error| self.damaged(column, error))
    }
}
