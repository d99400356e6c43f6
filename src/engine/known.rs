//! Runs as this process committed them last, kept while it performs for them.
//!
//! A run that a worker goes on with need not be read again: it is as this process left it, or the guards of the next commit
//! (its version, and the claim under its epoch) say that it is not. So what stands here is never trusted, only tried: a
//! conflict, a fact that somebody else says of the run, or an event that does not fit forgets it, and the store is read.
//! (By a profile, reading and decoding a run at each of its events took a quarter of what the whole run cost.)

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::domain::{Run, RunId};
use crate::store::ClaimedRun;

/// How many runs are kept at most.
const KNOWN_MAX: usize = 2048;
/// About how much of what targets answered and steps were given a run may carry to be kept, in bytes; most have a few
/// hundred. Larger runs are read each time, so that memory stays bounded.
const KEPT_BYTES_MAX: usize = 16 * 1024;

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
        if bytes_carried(&stored.run) > KEPT_BYTES_MAX {
            return;
        }
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.len() >= KNOWN_MAX
            && let Some(other) = runs.keys().next().copied()
        {
            runs.remove(&other);
        }
        runs.insert(stored.run.id, stored);
    }
}

/// About how much the values in a run take, in bytes.
fn bytes_carried(run: &Run) -> usize {
    let of_steps = run.steps.values().map(|record| {
        bytes(&record.output)
            + record.params.as_ref().map_or(0, bytes)
            + record.snapshot.as_ref().map_or(0, bytes)
            + record.detail.as_ref().map_or(0, String::len)
    });
    of_steps.sum()
}

fn bytes(value: &Value) -> usize {
    const VALUE: usize = 32;
    VALUE
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(bytes).sum(),
            Value::Object(entries) => entries.iter().map(|(name, inner)| name.len() + bytes(inner)).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}
