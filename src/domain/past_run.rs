//! A run that is over, as far as a later alert of its incident asks about it.

use jiff::Timestamp;

use super::action::Verdict;
use super::ids::RunId;
use super::run::{Outcome, Run, RunStatus};
use super::severity::Severity;

/// A run that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    /// Its id.
    pub id: RunId,
    /// How it ended.
    pub outcome: Outcome,
    /// What is known of its containment; `None` if it tried none.
    pub verdict: Option<Verdict>,
    /// The severity of the alert that started it.
    pub severity: Severity,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
}

impl PastRun {
    /// A run that is over; `None` while it is not.
    #[must_use]
    pub fn of(run: &Run) -> Option<Self> {
        let RunStatus::Finished(outcome) = run.status else { return None };
        Some(Self {
            id: run.id,
            outcome,
            verdict: run.containment().map(|(verdict, _)| verdict),
            severity: run.alert.severity,
            started_at: run.started_at,
            ended_at: run.ended_at.unwrap_or(run.started_at),
        })
    }
}
