//! Which playbooks an alert starts, and why the others do not match.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::{Agent, Alert};
use crate::engine::Library;
use crate::playbook::Playbook;
use crate::playbook::context::matching_values;

use super::schedules::scheduled_by;

/// How one playbook took one alert.
pub(super) enum Match {
    /// It matches.
    Yes,
    /// It does not: why.
    No(String),
    /// It matches, and starts nothing in this window: why not.
    Silent(String),
    /// Its condition could not be evaluated: its owner must know.
    Fault(String),
}

/// All playbooks with how they take this alert, in order of name.
pub(super) fn judge(library: &Library, alert: &Alert, agent: &Agent, now: Timestamp) -> Vec<(Arc<Playbook>, Match)> {
    let serving = library.serving();
    let values = matching_values(alert, agent);
    if let Some(name) = scheduled_by(alert) {
        // A schedule is about its own playbook, and has chosen the agent already.
        let own = serving.values().filter(|playbook| playbook.name.as_str() == name && playbook.timetable.is_some());
        return own.map(|playbook| (playbook.clone(), unless_silent(playbook, &values, now))).collect();
    }
    serving.values().map(|playbook| (playbook.clone(), one(playbook, &values, now))).collect()
}

fn one(playbook: &Playbook, values: &Value, now: Timestamp) -> Match {
    match playbook.when.evaluate_bool(values, now) {
        Ok(true) => unless_silent(playbook, values, now),
        Ok(false) => Match::No(format!("`{}` did not hold", playbook.when.source().trim())),
        Err(error) => Match::Fault(error.to_string()),
    }
}

fn unless_silent(playbook: &Playbook, values: &Value, now: Timestamp) -> Match {
    match playbook.silenced(values, now) {
        Some(because) => Match::Silent(because.to_owned()),
        None => Match::Yes,
    }
}

/// The line of the answer that says how a playbook took the alert.
pub(super) fn line(playbook: &Playbook, matched: bool, why_not: Option<&str>) -> Value {
    json!({ "name": playbook.name, "mode": playbook.mode, "matched": matched, "why_not": why_not })
}
