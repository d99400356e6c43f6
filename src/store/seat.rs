//! The replicas that use one open database: which one this is, and what it tells the others.
//!
//! The lock file keeps every other process out, so there is more than one replica only where a process opens several on
//! purpose, as tests of several replicas do. With one alone nothing is told to anybody.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::broadcast;

use crate::clock::{Clock as _, SystemClock};
use crate::domain::ReplicaId;
use crate::store::commit::Commit;
use crate::store::rows::Change;

/// How many words may wait for a listener; one that is behind is told so, and looks at everything.
const WORDS_MAX: usize = 64;

/// The id of a replica, which changes when it comes back after having been declared dead.
#[derive(Debug)]
pub struct Seat(Mutex<ReplicaId>);

impl Seat {
    /// A replica that never was before.
    pub fn new() -> Self {
        Self(Mutex::new(fresh()))
    }

    /// Its id.
    pub fn replica(&self) -> ReplicaId {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives it a new id.
    pub fn renew(&self) -> ReplicaId {
        let replica = fresh();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = replica;
        replica
    }
}

fn fresh() -> ReplicaId {
    ReplicaId::generate(SystemClock.now())
}

/// Everybody who uses the database.
#[derive(Debug)]
pub struct Neighbours {
    others: AtomicUsize,
    words: broadcast::Sender<Change>,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self { others: AtomicUsize::new(0), words: broadcast::Sender::new(WORDS_MAX) }
    }
}

impl Neighbours {
    /// One more replica uses it.
    pub fn join(&self) {
        self.others.fetch_add(1, Ordering::SeqCst);
    }

    /// What is said from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.words.subscribe()
    }

    /// What others should hear about a commit once it is on disk.
    pub fn of_interest(&self, commit: &Commit) -> Vec<Change> {
        if self.others.load(Ordering::SeqCst) == 0 { Vec::new() } else { commit.changes() }
    }

    /// Tells everybody.
    pub fn tell(&self, changes: Vec<Change>) {
        for change in changes {
            // An error means that nobody listens.
            self.words.send(change).unwrap_or_default();
        }
    }
}
