//! Runs as this process committed them last, kept while it performs for them.
//!
//! A run that a worker goes on with need not be read again: it is as this process left it, or the guards of the next commit
//! (its version, and the claim under its epoch) say that it is not. So what stands here is never trusted, only tried: a
//! conflict forgets it, and the store is read. (By a profile, reading and decoding a run at each of its events took a
//! quarter of what the whole run cost.)

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::RunId;
use crate::store::ClaimedRun;

/// How many runs are kept at most; a state takes a few kilobytes.
const KNOWN_MAX: usize = 4096;

/// The runs.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<RunId, ClaimedRun>>);

impl Known {
    /// Takes a run out: it is about to change.
    pub fn take(&self, run: RunId) -> Option<ClaimedRun> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&run)
    }

    /// Keeps a run, in the place of any other if there is no room.
    pub fn keep(&self, stored: ClaimedRun) {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.len() >= KNOWN_MAX
            && let Some(other) = runs.keys().next().copied()
        {
            runs.remove(&other);
        }
        runs.insert(stored.run.id, stored);
    }
}
