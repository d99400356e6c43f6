//! Which playbooks an alert starts, and why the others do not match.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::{Agent, Alert};
use crate::engine::Library;
use crate::playbook::Playbook;
use crate::playbook::context::matching_values;

/// How one playbook took one alert.
pub(super) enum Match {
    /// It matches.
    Yes,
    /// It does not: why.
    No(String),
    /// Its condition could not be evaluated: its owner must know.
    Fault(String),
}

/// All playbooks with how they take this alert, in order of name.
pub(super) fn judge(library: &Library, alert: &Alert, agent: &Agent, now: Timestamp) -> Vec<(Arc<Playbook>, Match)> {
    let serving = library.serving();
    let values = matching_values(alert, agent);
    serving.values().map(|playbook| (playbook.clone(), one(playbook, &values, now))).collect()
}

fn one(playbook: &Playbook, values: &Value, now: Timestamp) -> Match {
    match playbook.when.evaluate_bool(values, now) {
        Ok(true) => Match::Yes,
        Ok(false) => Match::No(format!("`{}` did not hold", playbook.when.source().trim())),
        Err(error) => Match::Fault(error.to_string()),
    }
}

/// The line of the answer that says how a playbook took the alert.
pub(super) fn line(playbook: &Playbook, matched: bool, why_not: Option<&str>) -> Value {
    json!({ "name": playbook.name, "mode": playbook.mode, "matched": matched, "why_not": why_not })
}
