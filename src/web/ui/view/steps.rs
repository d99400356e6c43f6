//! What the run did so far, and what comes next, in the playbook's order.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::approval::Case;
use crate::domain::{StepPath, StepRecord, StepState, Verdict, Waiting};
use crate::engine::delivery::outlook::action;

use super::super::text::line;

/// Steps that a page lists of each kind.
const STEPS_MAX: usize = 12;

#[derive(Serialize)]
pub(super) struct StepLine {
    icon: &'static str,
    tone: &'static str,
    word: &'static str,
    what: String,
    detail: Option<String>,
}

#[derive(Serialize)]
pub(super) struct NextLine {
    what: String,
    condition: Option<String>,
}

/// A step and its action, as people read it.
pub(super) fn what(case: &Case, path: &StepPath) -> String {
    let step = case.playbook.as_ref().and_then(|playbook| playbook.step(&path.step));
    step.map_or_else(|| path.to_string(), |(_, step)| format!("{path} ({})", action(step)))
}

pub(super) fn done(case: &Case) -> Vec<StepLine> {
    let begun = in_order(case).into_iter().filter(|(path, record)| {
        let asks_now =
            matches!(&record.state, StepState::Waiting(Waiting::Approval { .. })) && **path == case.approval.path;
        record.state != StepState::Pending && !asks_now
    });
    begun.take(STEPS_MAX).map(|(path, record)| done_line(case, path, record)).collect()
}

fn done_line(case: &Case, path: &StepPath, record: &StepRecord) -> StepLine {
    let (icon, tone, word) = standing(record);
    let detail = match &record.state {
        StepState::Failed { reason } | StepState::Skipped { reason } | StepState::UndoFailed { reason } => Some(reason),
        _ => record.detail.as_ref(),
    };
    StepLine { icon, tone, word, what: what(case, path), detail: detail.map(|detail| line(detail, 120)) }
}

const fn standing(record: &StepRecord) -> (&'static str, &'static str, &'static str) {
    match (&record.state, record.verdict) {
        (_, Some(Verdict::Regressed)) => ("✗", "bad", "found undone"),
        (StepState::Unproven, _) | (StepState::Succeeded, Some(Verdict::Unproven)) => ("?", "bad", "not proven"),
        (StepState::Succeeded, Some(Verdict::Contained)) => ("✓", "good", "contained"),
        (StepState::Succeeded, Some(Verdict::AlreadyDone)) => ("✓", "good", "had been done before"),
        (StepState::Succeeded, Some(Verdict::Failed)) | (StepState::Failed { .. }, _) => ("✗", "bad", "failed"),
        (StepState::Succeeded, None) => ("✓", "good", "done"),
        (StepState::Pending, _) => ("→", "", "not yet"),
        (StepState::Waiting(_), _) => ("…", "", "waiting"),
        (StepState::Doing(_), _) => ("…", "warn", "under way"),
        (StepState::Rejected, _) => ("–", "", "refused by people"),
        (StepState::Skipped { .. }, _) => ("–", "", "skipped"),
        (StepState::Cancelled, _) => ("–", "", "cancelled"),
        (StepState::Undoing(_), _) => ("…", "warn", "being undone"),
        (StepState::Undone, _) => ("←", "", "undone"),
        (StepState::UndoFailed { .. }, _) => ("✗", "bad", "undoing failed"),
    }
}

pub(super) fn next(case: &Case) -> Vec<NextLine> {
    let pending = in_order(case).into_iter().filter(|(_, record)| record.state == StepState::Pending);
    let lines = pending.map(|(path, _)| NextLine { what: what(case, path), condition: condition(case, path) });
    lines.take(STEPS_MAX).collect()
}

/// The conditions of a step and its stage, as the playbook writes them.
fn condition(case: &Case, path: &StepPath) -> Option<String> {
    let playbook = case.playbook.as_ref()?;
    let (stage, step) = playbook.step(&path.step)?;
    let stage = playbook.stages.get(stage)?;
    let sources: Vec<&str> = stage.when.iter().chain(&step.when).map(crate::language::Expression::source).collect();
    (!sources.is_empty()).then(|| line(&sources.join(" and "), 120))
}

fn in_order(case: &Case) -> Vec<(&StepPath, &StepRecord)> {
    let places: BTreeMap<&str, usize> = case
        .playbook
        .iter()
        .flat_map(|playbook| playbook.steps())
        .enumerate()
        .map(|(place, step)| (step.name.as_str(), place))
        .collect();
    let mut steps: Vec<_> = case.run.steps.iter().collect();
    steps.sort_by_key(|(path, _)| (places.get(path.step.as_str()).copied(), (*path).clone()));
    steps
}
