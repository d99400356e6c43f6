//! What the writer did and where its time went.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::store::commit::CommitError;

use super::Verdicts;

/// What the writer did since it was started.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriterStats {
    /// Commits that were applied.
    pub commits: u64,
    /// Commits that lost against a guard.
    pub conflicts: u64,
    /// Commits that the database did not take.
    pub failures: u64,
    /// Transactions.
    pub batches: u64,
    /// Where the time of the batches went.
    pub spent: Spent,
}

/// Where the time of batches went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Rows that were written.
    pub rows: u64,
    /// Encoding commits, on the callers' threads.
    pub prepare: Duration,
    /// Beginning the transaction and looking up what guards and histories ask.
    pub look_up: Duration,
    /// Judging guards, hashing and gathering rows.
    pub gather: Duration,
    /// The statements.
    pub write: Duration,
    /// Making it durable.
    pub commit: Duration,
    /// Telling the callers.
    pub answer: Duration,
    /// Copying the write-ahead log into the database, as far as the writer waits for it.
    pub checkpoint: Duration,
}

/// The numbers as they are shared between the writer and whoever asks.
#[derive(Debug, Default)]
pub struct SharedStats(Mutex<WriterStats>);

impl SharedStats {
    /// The numbers now.
    pub fn read(&self) -> WriterStats {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the numbers.
    pub fn update(&self, change: impl FnOnce(&mut WriterStats)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl SharedStats {
    /// Counts what became of a batch.
    pub fn count(&self, verdicts: &Verdicts, spent: &Spent) {
        self.update(|stats| {
            stats.batches += 1;
            for verdict in verdicts {
                match verdict {
                    Ok(()) => stats.commits += 1,
                    Err(CommitError::Conflict(_)) => stats.conflicts += 1,
                    Err(_) => stats.failures += 1,
                }
            }
            stats.spent.add(spent);
        });
    }
}

impl Spent {
    /// Adds another batch's.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.prepare += other.prepare;
        self.look_up += other.look_up;
        self.gather += other.gather;
        self.write += other.write;
        self.commit += other.commit;
        self.answer += other.answer;
        self.checkpoint += other.checkpoint;
    }
}
