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
mod open;
mod readers;
mod sending;
mod statement;
mod trouble;
mod writer;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::broadcast;

use crate::domain::ReplicaId;
use crate::store::backend::{OpenError, StoreOptions};
use crate::store::commit::{Commit, CommitError};
use crate::store::ports::Writer;
use crate::store::rows::Change;
use crate::store::seat::Seat;
use crate::store::sqlite::prepared::Prepared;
use crate::store::sqlite::stats::WriterStats;

pub use address::{AddressError, is_address};
pub use open::open;

use alone::Alone;
use connect::Connector;
use readers::Readers;
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
    changes: Arc<broadcast::Sender<Change>>,
    options: StoreOptions,
}

impl PostgresStore {
    /// Finishes what is queued and ends the connections.
    pub async fn close(&self) {
        self.inner.readers.close();
        self.inner.writer.close().await;
        self.inner.alone.close().await;
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

    /// What other replicas change.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.changes.subscribe()
    }

    /// Another replica over the same database, with connections of its own.
    pub async fn another_replica(&self) -> Result<Self, CommitError> {
        let other = open::start(Arc::clone(&self.inner.connector), &self.inner.options);
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
