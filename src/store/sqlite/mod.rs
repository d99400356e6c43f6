//! The store in one SQLite file: one writer, several readers, everything acknowledged is on disk.
//!
//! The write-ahead log lets readers go on while the writer writes; `synchronous=FULL` makes every commit survive a loss
//! of power. Nothing outside this room knows SQL or sqlx.

mod batch;
mod cell;
mod decode;
mod encode;
mod guards;
mod lock;
mod open;
mod prepared;
mod read;
mod statement;
mod stats;
mod upkeep;
mod writer;

use std::sync::Arc;
use std::time::Instant;

use sqlx::SqlitePool;

use crate::store::commit::{Commit, CommitError};
use crate::store::ports::Writer;

pub use open::{open, open_for_reading, path_of};
pub use prepared::RUN_STATE_BYTES_MAX;
pub use stats::{Spent, WriterStats};
pub use upkeep::{StagedRestore, backup, migrate, schema};

use prepared::Prepared;
use writer::WriterHandle;

/// An open SQLite database. Clones share it.
#[derive(Clone, Debug)]
pub struct SqliteStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    writer: WriterHandle,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Finishes what is queued, copies the write-ahead log into the database, closes it and releases its lock.
    pub async fn close(&self) {
        self.0.readers.close().await;
        self.0.writer.close().await;
    }

    /// What the writer did and where its time went.
    #[must_use]
    pub fn writer_stats(&self) -> WriterStats {
        self.0.writer.stats().read()
    }

    /// How many commits wait for the writer.
    #[must_use]
    pub fn queue_length(&self) -> usize {
        self.0.writer.queue_length()
    }

    fn readers(&self) -> &SqlitePool {
        &self.0.readers
    }
}

impl Writer for SqliteStore {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let start = Instant::now();
        let prepared = Prepared::new(commit)?;
        self.0.writer.stats().update(|stats| stats.spent.prepare += start.elapsed());
        self.0.writer.commit(prepared).await
    }
}
