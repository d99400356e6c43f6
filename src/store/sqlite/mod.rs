//! The store in one SQLite file: one writer, several readers, everything acknowledged is on disk.
//!
//! The write-ahead log lets readers go on while the writer writes; `synchronous=FULL` makes every commit survive a loss
//! of power. Nothing outside this room knows SQL or sqlx.

mod batch;
mod bundle;
mod cell;
mod claims;
mod copier;
mod eras;
mod lock;
mod look_up;
mod open;
mod read;
mod readers;
mod recall;
mod sending;
mod statement;
mod upkeep;
mod writer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::ReplicaId;
use crate::store::commit::{Commit, CommitError};
use crate::store::ports::{Read, ReadError, Writer};
use crate::store::rows::Change;
use crate::store::seat::{Neighbours, Seat};

pub use open::{open, open_for_reading, path_of};
pub use upkeep::{StagedRestore, backup, migrate, schema};

use crate::store::write::prepared::Prepared;
use crate::store::write::stats::WriterStats;
use readers::Readers;
use statement::{all, text_of};
use writer::WriterHandle;

/// An open SQLite database, and the replica that uses it. Clones share both.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    inner: Arc<Inner>,
    seat: Arc<Seat>,
}

#[derive(Debug)]
struct Inner {
    writer: WriterHandle,
    readers: Readers,
    /// Where keys from outside are; nothing for a store that is only read, which is asked for none.
    eras: Option<Arc<eras::Eras>>,
    lease: Duration,
    neighbours: Neighbours,
    /// Messages that somebody is sending, until when. Memory is enough: nobody else has the database.
    sending: sending::Sending,
}

impl SqliteStore {
    /// Finishes what is queued, copies the write-ahead log into the database, closes it and releases its lock.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }

    /// What the writer did and where its time went.
    #[must_use]
    pub fn writer_stats(&self) -> WriterStats {
        self.inner.writer.stats().read()
    }

    /// How many commits wait for the writer.
    #[must_use]
    pub fn queue_length(&self) -> usize {
        self.inner.writer.queue_length()
    }

    /// Has SQLite prepare every statement that writes, in its shortest form.
    pub async fn check_statements(&self) -> Read<usize> {
        for (place, _) in all().enumerate() {
            let text = text_of(place, 1);
            let unavailable =
                |error| ReadError::Unavailable { what: "the statements", reason: format!("{error}: {text}") };
            self.inner.readers.prepare(text).await.map_err(unavailable)?;
        }
        Ok(all().count())
    }

    /// Who this is.
    #[must_use]
    pub fn replica(&self) -> ReplicaId {
        self.seat.replica()
    }

    /// How long it is believed to be alive after its last heartbeat.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.inner.lease
    }

    /// What other replicas of this process change.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::broadcast::Receiver<Change> {
        self.inner.neighbours.changes()
    }
}

impl Writer for SqliteStore {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let start = Instant::now();
        let changes = self.inner.neighbours.of_interest(&commit);
        let prepared = Prepared::new(commit, self.replica())?;
        self.inner.writer.stats().update(|stats| stats.spent.prepare += start.elapsed());
        self.inner.writer.commit(prepared).await?;
        self.inner.neighbours.tell(changes);
        Ok(())
    }
}
