//! The store in a PostgreSQL database that several replicas may share.
//!
//! The server is one of a list of hosts: the one that takes writes. Every connection finds it by itself and is thrown away
//! when it no longer is, so that a restart of the server or a failover to a standby costs callers an honest refusal and
//! this process nothing. Nothing outside this room knows SQL or sqlx.

mod address;
mod alone;
mod announce;
mod arrays;
mod attempt;
mod batch;
mod cell;
mod claims;
mod connect;
mod listen;
mod look_up;
mod looks;
mod open;
mod readers;
mod sending;
mod statement;
mod trouble;
mod upkeep;
mod writer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{Executor as _, SqlSafeStr as _};
use tokio::sync::broadcast;

use crate::domain::ReplicaId;
use crate::store::backend::{OpenError, StoreOptions};
use crate::store::commit::{Commit, CommitError};
use crate::store::ports::{Read, ReadError, Writer};
use crate::store::rows::Change;
use crate::store::seat::Seat;
use crate::store::write::prepared::Prepared;
use crate::store::write::stats::WriterStats;

pub use address::{AddressError, has_password, is_address};
pub use open::open;
pub use upkeep::{migrate, open_for_reading, schema};

use alone::Alone;
use connect::{Connector, Purpose};
use looks::Looks;
use readers::Readers;
use statement::STATEMENTS;
use writer::WriterHandle;

/// An open PostgreSQL database, and the replica that uses it. Clones share both.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    inner: Arc<Inner>,
    seat: Arc<Seat>,
}

#[derive(Debug)]
struct Inner {
    connector: Arc<Connector>,
    writer: WriterHandle,
    readers: Readers,
    alone: Alone,
    /// Apart from the other transactions: a heartbeat must not wait for them.
    heart: Alone,
    looks: Looks,
    changes: Arc<broadcast::Sender<Change>>,
    options: StoreOptions,
}

impl PostgresStore {
    /// Finishes what is queued and ends the connections.
    pub async fn close(&self) {
        self.inner.readers.close();
        self.inner.writer.close().await;
        self.inner.alone.close().await;
        self.inner.heart.close().await;
    }

    /// What the writers did and where their time went.
    #[must_use]
    pub fn writer_stats(&self) -> WriterStats {
        self.inner.writer.stats().read()
    }

    /// How many commits wait for a writer.
    #[must_use]
    pub fn queue_length(&self) -> usize {
        self.inner.writer.queue_length()
    }

    /// Who this is.
    #[must_use]
    pub fn replica(&self) -> ReplicaId {
        self.seat.replica()
    }

    /// How long it is believed to be alive after its last heartbeat.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.inner.options.lease
    }

    /// What other replicas change.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.changes.subscribe()
    }

    /// Has the server prepare every statement that writes.
    pub async fn check_statements(&self) -> Read<usize> {
        let texts = STATEMENTS.iter().map(|statement| statement.text);
        let others = batch::MARKS.into_iter().chain(claims::STATEMENTS).chain(look_up::STATEMENTS);
        let texts: Vec<_> = texts.chain(others).chain(sending::STATEMENTS).chain([announce::TELL]).collect();
        let unavailable = |reason| ReadError::Unavailable { what: "the statements", reason };
        let connected = self.inner.connector.connect(Purpose::Other).await;
        let mut connection = connected.map_err(|trouble| unavailable(trouble.reason))?.connection;
        for text in &texts {
            let prepared = connection.prepare(text.into_sql_str()).await;
            prepared.map_err(|error| unavailable(format!("{error}: {text}")))?;
        }
        Ok(texts.len())
    }

    /// Another replica over the same database, with connections of its own.
    pub async fn another_replica(&self) -> Result<Self, CommitError> {
        let other = open::start(Arc::clone(&self.inner.connector), &self.inner.options).await;
        let other = other.map_err(|error: OpenError| CommitError::Unavailable(error.to_string()))?;
        other.join().await?;
        Ok(other)
    }
}

impl Writer for PostgresStore {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let start = Instant::now();
        let changes = commit.changes();
        let prepared = Prepared::new(commit, self.replica())?;
        self.inner.writer.stats().update(|stats| stats.spent.prepare += start.elapsed());
        self.inner.writer.commit(prepared, changes).await
    }
}
