//! The attempts that this process makes now, each under the epoch of its run. What is under way in the store and not claimed here was lost.
//!
//! A claim is taken before the commit that puts an attempt under way, under the lock of its run, and is let go under the
//! same lock by the commit that records the result. So recovery, which looks under that lock, can never take an attempt
//! for lost that somebody here is about to make.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

use crate::domain::{ReplicaId, Run, RunId, StepPath};
use crate::machine::{Call, Phase, attempt_of};

/// What is claimed: an attempt of a step, or a later look at it, which may go on beside an attempt. What was claimed
/// under an earlier epoch of the run is no claim to what is under way now, and neither is an attempt to do a step, whose
/// worker still waits to say how it ended, one to undo it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    run: RunId,
    path: StepPath,
    /// The idempotency key (of doing or undoing, in this generation) and which try it is.
    attempt: (String, u32),
    later_look: bool,
    epoch: u64,
}

/// Everything that this process has claimed.
#[derive(Clone, Default)]
pub(super) struct Live(Arc<Mutex<HashSet<Key>>>);

/// A call that is ours to make, as long as this lives.
pub(super) struct Claim {
    live: Live,
    key: Key,
    replica: ReplicaId,
}

/// A committed call with everything that its worker needs.
pub(super) struct Job {
    pub call: Call,
    pub claim: Claim,
    /// A free worker, if one was found in the commit.
    pub permit: Option<OwnedSemaphorePermit>,
}

impl Live {
    /// Claims a call under an epoch of its run; `None` if somebody here makes it already.
    pub fn claim(&self, call: &Call, epoch: u64, replica: ReplicaId) -> Option<Claim> {
        let later_look = call.phase == Phase::Recheck;
        let key = Key {
            run: call.run,
            path: call.path.clone(),
            attempt: (call.key.clone(), call.attempt),
            later_look,
            epoch,
        };
        let fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        fresh.then(|| Claim { live: self.clone(), key, replica })
    }

    /// Whether somebody here makes the attempt that this step is at, under this epoch.
    pub fn has_attempt(&self, run: &Run, path: &StepPath, epoch: u64) -> bool {
        let Some(attempt) = attempt_of(run, path) else { return false };
        let key = Key { run: run.id, path: path.clone(), attempt, later_look: false, epoch };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }
}

impl Claim {
    /// The epoch of the run under which the call is made.
    pub const fn epoch(&self) -> u64 {
        self.key.epoch
    }

    /// Who this replica was when the call was claimed.
    pub const fn replica(&self) -> ReplicaId {
        self.replica
    }

    /// Whether the run has gone on to another attempt of the step than the one that is claimed: what is heard of that one
    /// says nothing of it.
    pub fn is_outdated(&self, run: &Run) -> bool {
        let now = attempt_of(run, &self.key.path);
        !self.key.later_look && now.is_some_and(|now| now != self.key.attempt)
    }

    /// Whether the call is one of what is claimed.
    pub fn covers(&self, call: &Call) -> bool {
        self.key.run == call.run
            && self.key.path == call.path
            && (&self.key.attempt.0, self.key.attempt.1) == (&call.key, call.attempt)
            && self.key.later_look == (call.phase == Phase::Recheck)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.live.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
