//! The pinned plan: what exactly an approval does, and the digest that a vote is bound to.

use serde::Serialize;

use crate::domain::Approval;
use crate::domain::planned::PlannedStep;

use super::super::text::{block, line};

/// The most bytes that the parameters take on a page, once they are escaped.
const PLAN_BYTES_MAX: usize = 6 * 1024;

/// Steps that a page lists.
const STEPS_MAX: usize = 10;

#[derive(Serialize)]
pub(super) struct PlanView {
    prefix: String,
    steps: Vec<PlannedLine>,
    text: String,
    cut: bool,
}

#[derive(Serialize)]
struct PlannedLine {
    what: String,
    impact: String,
}

impl PlanView {
    pub fn new(approval: &Approval) -> Self {
        let body = &approval.plan.body;
        let pretty = serde_json::to_string_pretty(body).unwrap_or_default();
        let (text, cut) = block(&pretty, PLAN_BYTES_MAX);
        let steps = approval.plan.steps().take(STEPS_MAX).map(|step| PlannedLine::of(&step)).collect();
        Self { prefix: approval.plan.hash.prefix(), steps, text, cut }
    }
}

impl PlannedLine {
    fn of(step: &PlannedStep<'_>) -> Self {
        let undone = step.undoes.as_ref().map(|undone| {
            let names: Vec<String> = undone.iter().map(|other| format!("{} ({})", other.path, other.action)).collect();
            format!(": undoes {}", names.join(", "))
        });
        let runs = step.runs.map(|(playbook, version)| {
            let version: String = version.chars().take(12).collect();
            format!(": {playbook}, version {version}")
        });
        let more = undone.or(runs).unwrap_or_default();
        Self { what: line(&format!("{} - {}{more}", step.path, step.action), 200), impact: line(step.impact, 20) }
    }
}
