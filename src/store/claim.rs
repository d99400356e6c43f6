//! Who may change a run: claims of replicas, and what comes of a claim that was lost.
//!
//! A replica owns a run under an epoch, a number that rises whenever the run gets another owner. Whoever performs for a
//! run writes under [`Guard::Claim`](super::Guard::Claim), which the database judges inside the commit; so a claim that
//! was read a moment ago and is no longer true can't do harm. This knows the shapes only; [`Claims`](super::Claims) says
//! how they change.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{ReplicaId, Run, RunId, StepPath};

/// A replica's right to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who may perform for the run; nobody after a graceful stop, until somebody takes it over.
    pub owner: Option<ReplicaId>,
    /// Rises with every new owner; 1 for the replica that started the run.
    pub epoch: u64,
    /// How often it was taken over from an owner that died with a call of it under way, since it last got anywhere.
    pub takeovers: u32,
    /// Why nobody touches it until a person releases it.
    pub quarantined: Option<String>,
}

/// A run with the claim to it, read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedRun {
    /// The run.
    pub run: Run,
    /// The claim.
    pub claim: Claim,
}

/// A run that was just taken over by this replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The run.
    pub run: RunId,
    /// The epoch under which it is ours from now on.
    pub epoch: u64,
    /// How often that happened since it last got anywhere, this time included if its owner died.
    pub takeovers: u32,
}

/// Whether others still count on this replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Our row stands; our claims are good for another lease.
    Stands,
    /// We were declared dead, and others may have our runs: we stop acting, and come back under a new id.
    Removed,
}

/// A run that is not touched until a person releases it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The run.
    pub run: RunId,
    /// Why.
    pub reason: String,
}

/// What a replica heard of a call after it had lost its claim to the run, or after the attempt had moved on. It changes
/// nothing in the run; people see it beside the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateReply {
    /// The run.
    pub run: RunId,
    /// The step that the call was for.
    pub step: StepPath,
    /// Which try, counted from 1.
    pub attempt: u32,
    /// The epoch under which the call was made.
    pub epoch: u64,
    /// Who heard it.
    pub replica: ReplicaId,
    /// When it was heard.
    pub at: Timestamp,
    /// The name of the fact that it would have been, e.g. `attempt_ended`.
    pub kind: String,
    /// The fact that it would have been; no secret.
    pub outcome: Value,
}
