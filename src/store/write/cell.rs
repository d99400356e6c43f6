//! A value on its way into a column.
//!
//! Callers make these on their own threads; the writer only hands them over. They are cheap to clone, so that a batch
//! that failed can be tried again commit by commit.

use std::sync::Arc;

use crate::domain::Digest;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// One value of one column.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number, a time in microseconds, or 0 and 1 for no and yes.
    Integer(i64),
    /// A text or JSON.
    Text(Arc<str>),
    /// The 16 bytes of an id.
    Id([u8; 16]),
    /// The 32 bytes of a digest.
    Digest([u8; 32]),
    /// Other bytes.
    Bytes(Arc<[u8]>),
}

impl Cell {
    /// A text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    /// A yes or no.
    pub fn flag(flag: bool) -> Self {
        Self::Integer(i64::from(flag))
    }

    /// A count or version; the store counts to 2^63.
    pub fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Bytes.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(Arc::from(bytes))
    }

    /// A free value as JSON.
    pub fn json(value: &Value) -> Self {
        Self::text(value.to_string())
    }

    /// A domain value as JSON. Every domain type has a JSON form; should one not, the column refuses the empty text.
    pub fn record(value: &impl Serialize) -> Self {
        serde_json::to_string(value).map_or(Self::Null, Self::text)
    }

    /// The length of a text or of bytes, in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) => 8,
            Self::Text(text) => text.len(),
            Self::Id(_) => 16,
            Self::Digest(_) => 32,
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Self::Integer(at.as_microsecond())
    }
}

impl From<&[u8; 16]> for Cell {
    fn from(id: &[u8; 16]) -> Self {
        Self::Id(*id)
    }
}

impl From<&Digest> for Cell {
    fn from(digest: &Digest) -> Self {
        Self::Digest(*digest.as_bytes())
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
