//! A step of a run: where it stands, and what is known of it. Data that only one state has lives in that state.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::Verdict;
use super::approval::{ApprovalCause, Decision};
use super::ids::{ApprovalId, HoldId, RunId};
use super::path::StepPath;

/// One try at doing or undoing a step. `number` counts from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// May begin as soon as a worker is free.
    Ready {
        /// Which try.
        number: u32,
    },
    /// The state before the change is being read: the snapshot and the baseline of the probe. Only reads, so that a
    /// crash here leaves no doubt.
    Preparing {
        /// Which try.
        number: u32,
        /// Since when.
        since: Timestamp,
    },
    /// The call is being made, or was when the process died.
    Running {
        /// Which try.
        number: u32,
        /// Since when.
        since: Timestamp,
    },
    /// The next try begins at `until`.
    Backoff {
        /// The try that failed.
        number: u32,
        /// When the next begins.
        until: Timestamp,
        /// Why the last one failed.
        reason: String,
    },
    /// It is unknown whether the call was applied, and nobody has been asked yet.
    InDoubt {
        /// Which try.
        number: u32,
        /// Why it is in doubt.
        reason: String,
    },
    /// The target is being asked whether the call was applied.
    Checking {
        /// Which try.
        number: u32,
        /// Since when.
        since: Timestamp,
    },
    /// The call was applied; its effect is being looked for.
    Proving {
        /// Which try.
        number: u32,
        /// When the call was applied.
        applied_at: Timestamp,
        /// When looking ends.
        until: Timestamp,
    },
    /// Only a person can say what happened.
    NeedsOperator {
        /// Which try.
        number: u32,
        /// Why.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
}

impl Attempt {
    /// Whether a change may have been made by it, and nobody knows yet.
    #[must_use]
    pub const fn may_be_applied(&self) -> bool {
        match self {
            Self::Running { .. }
            | Self::InDoubt { .. }
            | Self::Checking { .. }
            | Self::Proving { .. }
            | Self::NeedsOperator { .. } => true,
            Self::Ready { .. } | Self::Preparing { .. } | Self::Backoff { .. } => false,
        }
    }

    /// Which try this is, counted from 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        match self {
            Self::Ready { number }
            | Self::Preparing { number, .. }
            | Self::Running { number, .. }
            | Self::Backoff { number, .. }
            | Self::InDoubt { number, .. }
            | Self::Checking { number, .. }
            | Self::Proving { number, .. }
            | Self::NeedsOperator { number, .. } => *number,
        }
    }
}

/// What a step waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// A decision of people.
    Approval {
        /// The request, kept in the run.
        id: ApprovalId,
    },
    /// A time.
    Timer {
        /// When it goes on.
        until: Timestamp,
    },
    /// Other steps that it undoes.
    Child {
        /// Those steps.
        paths: Vec<StepPath>,
    },
    /// An alert of another source: what it does is more than one source may cause.
    Corroboration {
        /// When it is given up.
        until: Timestamp,
    },
    /// The run that it started.
    Run {
        /// That run.
        run: RunId,
        /// When it is no longer waited for; that run is stopped then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// The items that it goes through: steps of their own at `step[index]`.
    Items {
        /// How many were found and are not gone through.
        left_out: u32,
    },
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Its turn has not come.
    Pending,
    /// Something must happen first.
    Waiting(Waiting),
    /// It is being done.
    Doing(Attempt),
    /// Done. A containing step is here only with the flip seen, or when it declares no probe.
    Succeeded,
    /// Answered well, effect not seen. Counts as failure for `on_failure`, as applied for undo.
    Unproven,
    /// Not applied, and it is known that it was not.
    Failed {
        /// Why.
        reason: String,
    },
    /// People (or silence) said no to it.
    Rejected,
    /// Its condition did not hold.
    Skipped {
        /// Which condition, and how it came out.
        reason: String,
    },
    /// The run ended before its turn.
    Cancelled,
    /// It is being undone.
    Undoing(Attempt),
    /// It was undone.
    Undone,
    /// Undoing it failed.
    UndoFailed {
        /// Why.
        reason: String,
    },
}

impl StepState {
    /// Every word of [`StepState::as_str`], in the order of the states.
    pub const NAMES: [&'static str; 12] = [
        "pending",
        "waiting",
        "doing",
        "succeeded",
        "unproven",
        "failed",
        "rejected",
        "skipped",
        "cancelled",
        "undoing",
        "undone",
        "undo_failed",
    ];

    /// The word as conditions, logs and timelines use it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waiting(_) => "waiting",
            Self::Doing(_) => "doing",
            Self::Succeeded => "succeeded",
            Self::Unproven => "unproven",
            Self::Failed { .. } => "failed",
            Self::Rejected => "rejected",
            Self::Skipped { .. } => "skipped",
            Self::Cancelled => "cancelled",
            Self::Undoing(_) => "undoing",
            Self::Undone => "undone",
            Self::UndoFailed { .. } => "undo_failed",
        }
    }

    /// Whether nothing more happens to the step by itself.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        match self {
            Self::Pending | Self::Waiting(_) | Self::Doing(_) | Self::Undoing(_) => false,
            Self::Succeeded
            | Self::Unproven
            | Self::Failed { .. }
            | Self::Rejected
            | Self::Skipped { .. }
            | Self::Cancelled
            | Self::Undone
            | Self::UndoFailed { .. } => true,
        }
    }

    /// Whether the step counts as failed for `on_failure`. A rejection is a decision, not a failure.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        match self {
            Self::Failed { .. } | Self::Unproven | Self::UndoFailed { .. } => true,
            Self::Pending
            | Self::Waiting(_)
            | Self::Doing(_)
            | Self::Succeeded
            | Self::Rejected
            | Self::Skipped { .. }
            | Self::Cancelled
            | Self::Undoing(_)
            | Self::Undone => false,
        }
    }
}

/// What was seen of the target before the step changed anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Whether the probe saw the thing working: without it, no flip can be seen.
    pub live: bool,
    /// What the probe answered, for people; no secret.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// A step of a run with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Where it stands.
    pub state: StepState,
    /// Part of the idempotency key; a new one only on a person's order.
    pub generation: u32,
    /// Whether an earlier try of the call may have been applied: then a refusal of a later one proves nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubted: bool,
    /// Whether it may act: budget, trust and protection have been asked, or people have approved.
    pub authorized: bool,
    /// For one of the items that a step goes through: the item, frozen when the step's turn came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Value>,
    /// Its parameters as rendered; secrets as references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// What the probe saw before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// The state that undo restores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Value>,
    /// What the action answered (at most 16 KiB), for conditions and templates.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub output: Value,
    /// For a containing step: what is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// When the flip was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contained_at: Option<Timestamp>,
    /// What was decided, if it asked people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The last request to people that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalId>,
    /// Why it asks people, from the moment when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<ApprovalCause>,
    /// The limit that stopped it, or the run that it started, and about which nobody answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<ApprovalCause>,
    /// The hold that it placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldId>,
    /// One line for people on how it stands; no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When its turn came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl StepRecord {
    /// A step whose turn has not come.
    #[must_use]
    pub const fn pending() -> Self {
        Self {
            state: StepState::Pending,
            generation: 1,
            doubted: false,
            authorized: false,
            item: None,
            params: None,
            baseline: None,
            snapshot: None,
            output: Value::Null,
            verdict: None,
            contained_at: None,
            decision: None,
            approval: None,
            asks: None,
            unanswered: None,
            hold: None,
            detail: None,
            started_at: None,
            ended_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_states_in_their_order() {
        let attempt = || Attempt::Ready { number: 1 };
        let reason = String::new;
        let states = [
            StepState::Pending,
            StepState::Waiting(Waiting::Timer { until: Timestamp::UNIX_EPOCH }),
            StepState::Doing(attempt()),
            StepState::Succeeded,
            StepState::Unproven,
            StepState::Failed { reason: reason() },
            StepState::Rejected,
            StepState::Skipped { reason: reason() },
            StepState::Cancelled,
            StepState::Undoing(attempt()),
            StepState::Undone,
            StepState::UndoFailed { reason: reason() },
        ];
        assert_eq!(states.map(|state| state.as_str()), StepState::NAMES);
    }
}
