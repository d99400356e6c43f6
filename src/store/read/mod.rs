//! Reads: one file a port, written once for every database.
//!
//! The databases agree on the few words of SQL that reads need, so a statement and what its columns mean stand here, and
//! a database says only how it runs one ([`Reader`]) and how its rows are looked into ([`Columns`]). Where a database has
//! to be told how to go about it, a statement has a [`Text`] for each. This must not know how a row was written.

mod agents;
mod approvals;
mod claims;
mod decode;
mod inbox;
mod outbox;
mod playbooks;
mod read_model;
mod run_log;
mod upkeep;

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{Digest, ReplicaId};
use crate::store::commit::CommitError;
use crate::store::ports::{Read, ReadError};
use crate::store::rows::QueuedMessage;

use super::write::cell::Cell;
use super::write::prepared::subject_key;

pub use claims::{
    claim, claimed_run, exists, has_replica, late_replies, late_reply_count, quarantined_runs, runs_in_hand,
};
pub use decode::{Columns, Decoder};

/// A database whose reads are these.
pub trait Database: Sync {
    /// What runs its reads.
    type Readers: Reader;

    /// What runs its reads.
    fn readers(&self) -> &Self::Readers;
    /// Who reads: some questions are about what is one's own.
    fn replica(&self) -> ReplicaId;
    /// Where a row with this key can be.
    fn place_of(&self, key: &Key<'_>) -> Read<Place>;
    /// [`Outbox::claim_messages`](crate::store::Outbox::claim_messages): who sends what is known in another way by every
    /// database.
    fn take_messages(
        &self,
        now: Timestamp,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<QueuedMessage>, CommitError>> + Send;
    /// [`Outbox::next_message`](crate::store::Outbox::next_message).
    fn next_free_message(&self) -> impl Future<Output = Read<Option<Timestamp>>> + Send;
}

/// A key that comes from outside, by which a row is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key<'a> {
    /// An alert, by the first eight bytes of its identity.
    Alert([u8; 8]),
    /// A delivery, by its source and its id.
    Delivery(&'a str, &'a str),
    /// An open incident.
    Incident(&'a str),
}

impl Key<'_> {
    /// The key of the alert with that identity.
    pub fn alert(dedup: &Digest) -> Self {
        Self::of_alert(dedup.as_bytes())
    }

    /// The same, of its bytes.
    pub fn of_alert(dedup: &[u8; 32]) -> Self {
        Self::Alert(dedup.first_chunk().copied().unwrap_or_default())
    }
}

/// Where a row with a key can be.
#[derive(Clone, Debug)]
pub enum Place {
    /// Wherever the index says.
    Anywhere,
    /// Only in these eras, a JSON list.
    In(Cell),
    /// There is none.
    Nowhere,
}

/// What runs a read. It sees committed data only, on a connection that can't write.
pub trait Reader: Sync {
    /// One row.
    type Row: Columns + Send + Sync + 'static;

    /// All rows of a query; an error is why the database did not answer.
    fn fetch(&self, query: Query) -> impl Future<Output = Result<Vec<Self::Row>, String>> + Send;
}

/// A statement; parameters are `$1`, `$2` and so on.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// What SQLite is asked.
    pub sqlite: &'static str,
    /// What PostgreSQL is asked.
    pub postgres: &'static str,
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// A statement with its parameters.
#[derive(Clone, Debug)]
pub struct Query {
    /// The statement.
    pub text: Text,
    /// Its parameters; none of them is null.
    pub parameters: Vec<Cell>,
}

/// A statement with its parameters.
pub fn query<const N: usize>(text: impl Into<Text>, parameters: [Cell; N]) -> Query {
    Query { text: text.into(), parameters: parameters.into() }
}

/// A statement about the row with a key; nothing where it is known that there is none. If the database keeps eras, they
/// are the last parameter.
pub fn keyed<const N: usize>(
    database: &impl Database,
    key: &Key<'_>,
    text: Text,
    parameters: [Cell; N],
) -> Read<Option<Query>> {
    let mut query = query(text, parameters);
    match database.place_of(key)? {
        Place::Anywhere => {}
        Place::In(eras) => query.parameters.push(eras),
        Place::Nowhere => return Ok(None),
    }
    Ok(Some(query))
}

/// The one row, decoded, if there is one.
pub async fn one<R: Reader, T>(
    readers: &R,
    what: &'static str,
    query: Query,
    decode: impl FnOnce(&Decoder<'_>) -> Read<T> + Send,
) -> Read<Option<T>> {
    let rows = readers.fetch(query).await.map_err(|reason| ReadError::Unavailable { what, reason })?;
    rows.first().map(|row| decode(&Decoder::new(row, what))).transpose()
}

/// All rows, decoded.
pub async fn all<R: Reader, T>(
    readers: &R,
    what: &'static str,
    query: Query,
    decode: impl Fn(&Decoder<'_>) -> Read<T> + Send,
) -> Read<Vec<T>> {
    let rows = readers.fetch(query).await.map_err(|reason| ReadError::Unavailable { what, reason })?;
    rows.iter().map(|row| decode(&Decoder::new(row, what))).collect()
}

/// All rows that can be understood; the others are logged and passed over, so that one damaged row stops no other.
pub async fn understood<R: Reader, T>(
    readers: &R,
    what: &'static str,
    query: Query,
    decode: impl Fn(&Decoder<'_>) -> Read<T> + Send,
) -> Read<Vec<T>> {
    let rows = readers.fetch(query).await.map_err(|reason| ReadError::Unavailable { what, reason })?;
    let decoded = rows.iter().map(|row| decode(&Decoder::new(row, what)));
    Ok(decoded.filter_map(passed_over).collect())
}

/// What could be understood; what could not is logged.
pub fn passed_over<T>(decoded: Read<T>) -> Option<T> {
    decoded.inspect_err(|error| tracing::error!(%error, "a damaged row is passed over")).ok()
}

/// A limit as a parameter.
pub fn limited(limit: u32) -> Cell {
    Cell::Integer(i64::from(limit))
}
