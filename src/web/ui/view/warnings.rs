//! What was NOT contained, in red: nobody may let an agent go, or rest, on a containment that was never seen.

use serde_json::Value;

use crate::approval::Case;
use crate::domain::{Attempt, StepRecord, StepState, Verdict};

use super::super::text::line;
use super::steps::what;

/// Warnings that a page lists.
const WARNINGS_MAX: usize = 8;

pub(super) fn not_contained(case: &Case) -> Vec<String> {
    let agent = line(&case.run.agent.name, 80);
    let mut warnings: Vec<String> = Vec::new();
    for (path, record) in &case.run.steps {
        if let Some(why) = fault(record) {
            // What the gate knows of a hold has a sentence of its own below.
            let detail = record.detail.as_deref().filter(|_| record.hold.is_none() || case.gate_seen_at.is_some());
            let detail = detail.map(|detail| format!(" ({})", line(detail, 140))).unwrap_or_default();
            warnings.push(format!("{}: {why}{detail}.", what(case, path)));
        }
    }
    let pauses = case.run.steps.values().any(|record| record.hold.is_some() && record.state == StepState::Unproven);
    if case.gate_seen_at.is_none() && (pauses || plans_a_hold(case)) {
        warnings.push(format!("The gate has never seen {agent}: pausing will not stop it."));
    }
    let left = warnings.len().saturating_sub(WARNINGS_MAX);
    warnings.truncate(WARNINGS_MAX);
    if left > 0 {
        warnings.push(format!("And {left} more: standdown runs show {}", case.run.id));
    }
    warnings
}

fn fault(record: &StepRecord) -> Option<String> {
    match (&record.state, record.verdict) {
        (StepState::Doing(Attempt::NeedsOperator { reason, .. }), _) => {
            Some(format!("nobody knows whether it was done; a person must say: {}", line(reason, 120)))
        }
        (StepState::UndoFailed { reason }, _) => Some(format!("undoing it failed: {}", line(reason, 120))),
        (StepState::Failed { reason }, _) => Some(format!("it FAILED: {}", line(reason, 120))),
        // What was undone on purpose is no longer meant to be contained.
        (StepState::Undone, _) => None,
        (_, Some(Verdict::Regressed)) => Some("it was contained, and was found undone".to_owned()),
        (_, Some(Verdict::Failed)) => Some("it FAILED".to_owned()),
        (StepState::Unproven, _) | (_, Some(Verdict::Unproven)) => {
            Some("it is not proven: nobody saw an effect".to_owned())
        }
        (_, Some(Verdict::Contained | Verdict::AlreadyDone) | None) => None,
    }
}

fn plans_a_hold(case: &Case) -> bool {
    let steps = case.approval.plan.body.get("steps").and_then(Value::as_array);
    steps.into_iter().flatten().any(|step| {
        let action = step.get("action").and_then(Value::as_str).unwrap_or_default();
        action == "agent.pause" || action == "agent.retire" || action == "agent.restrict"
    })
}
