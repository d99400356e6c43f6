//! One request to a worker: perform one phase of one attempt of a step outside of this process.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::event::{CallOutcome, Proof};
use crate::domain::step::Baseline;
use crate::domain::{ActionName, Alert, Protection, RunId, StepPath};

/// Whether a step is being done or undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Done.
    Do,
    /// Undone.
    Undo,
}

impl Direction {
    /// The word in the idempotency key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Do => "do",
            Self::Undo => "undo",
        }
    }
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Read the snapshot and the baseline of the probe; changes nothing.
    Prepare,
    /// Make the change.
    Send,
    /// Ask the target whether a call in doubt was applied; changes nothing.
    Check,
    /// Look for the effect until the time is over; changes nothing.
    Prove {
        /// When looking ends.
        until: Timestamp,
    },
    /// Look once whether the effect still stands; changes nothing.
    Recheck,
}

/// One request to a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The run.
    pub run: RunId,
    /// The step.
    pub path: StepPath,
    /// Do or undo.
    pub direction: Direction,
    /// What for.
    pub phase: Phase,
    /// The verb.
    pub action: ActionName,
    /// Its parameters as rendered and pinned. A secret is `{"$secret": "<reference>"}`.
    pub parameters: Value,
    /// The idempotency key: the same for every attempt of this step, direction and generation.
    pub key: String,
    /// Which try, counted from 1.
    pub attempt: u32,
    /// How long one exchange with the target may take.
    pub timeout: Duration,
    /// What may be done when nobody knows whether it was applied.
    pub protection: Protection,
    /// What undo restores, if a snapshot was taken.
    pub snapshot: Option<Value>,
    /// What conditions and messages may know of the run: agent, incident, run and step as text.
    pub about: About,
}

impl Call {
    /// Whether sending it twice does no more than sending it once.
    #[must_use]
    pub const fn may_be_sent_again(&self) -> bool {
        match self.protection {
            Protection::Read | Protection::Idempotent | Protection::Keyed => true,
            Protection::Verifiable | Protection::None => false,
        }
    }
}

/// Of which run a call is, for evidence and logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The agent's id.
    pub agent: String,
    /// The incident's id.
    pub incident: String,
    /// The alert, as evidence keeps it.
    pub alert: Arc<Alert>,
}

/// What a call brought.
#[derive(Clone, Debug, PartialEq)]
pub enum CallResult {
    /// Of [`Phase::Prepare`]. A snapshot or baseline that could not be read is `Ended(NotSent)` if the action needs it.
    Prepared {
        /// What the probe saw; `None` if the action has none.
        baseline: Option<Baseline>,
        /// What undo restores; `None` if the action takes none.
        snapshot: Option<Value>,
    },
    /// Of [`Phase::Send`], and of a [`Phase::Prepare`] that failed.
    Ended(CallOutcome),
    /// Of [`Phase::Check`].
    Checked {
        /// `None` if the target could not say.
        applied: Option<bool>,
        /// What it answered; no secret.
        detail: String,
    },
    /// Of [`Phase::Prove`] and [`Phase::Recheck`].
    Proved(Proof),
}
