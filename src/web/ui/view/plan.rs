//! The pinned plan: what exactly an approval does, and the digest that a vote is bound to.

use serde::Serialize;
use serde_json::Value;

use crate::domain::Approval;

use super::super::text::{block, line};

/// The most bytes that the parameters take on a page, once they are escaped.
const PLAN_BYTES_MAX: usize = 6 * 1024;

/// Steps that a page lists.
const STEPS_MAX: usize = 10;

#[derive(Serialize)]
pub(super) struct PlanView {
    prefix: String,
    steps: Vec<PlannedStep>,
    text: String,
    cut: bool,
}

#[derive(Serialize)]
struct PlannedStep {
    what: String,
    impact: String,
}

impl PlanView {
    pub fn new(approval: &Approval) -> Self {
        let body = &approval.plan.body;
        let pretty = serde_json::to_string_pretty(body).unwrap_or_default();
        let (text, cut) = block(&pretty, PLAN_BYTES_MAX);
        let steps = body.get("steps").and_then(Value::as_array).into_iter().flatten().take(STEPS_MAX);
        Self { prefix: approval.plan.hash.prefix(), steps: steps.map(planned).collect(), text, cut }
    }
}

fn planned(step: &Value) -> PlannedStep {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let undone = step.get("undoes").and_then(Value::as_array).map(|undone| {
        let names: Vec<String> =
            undone.iter().map(|other| format!("{} ({})", text(other, "step"), text(other, "action"))).collect();
        format!(": undoes {}", names.join(", "))
    });
    let runs = step.get("runs").map(|runs| {
        let version: String = text(runs, "version").chars().take(12).collect();
        format!(": {}, version {version}", text(runs, "playbook"))
    });
    let more = undone.or(runs).unwrap_or_default();
    PlannedStep {
        what: line(&format!("{} - {}{more}", text(step, "step"), text(step, "action")), 200),
        impact: line(&text(step, "impact"), 20),
    }
}
