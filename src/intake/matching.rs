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

/// How many of the playbooks that do not match an answer lists with the reason. A library of a thousand would make every
/// answer a hundred kilobytes, and making that took longer than everything else that an alert costs.
const LISTED_MAX: usize = 20;

/// How the playbooks take an alert.
pub(super) struct Judged {
    /// Those that match or could not be evaluated, and the first of the others, in order of name.
    pub listed: Vec<(Arc<Playbook>, Match)>,
    /// How many more do not match.
    pub unlisted: usize,
    /// What the playbooks saw of the alert and its agent.
    pub values: Value,
}

/// How every playbook takes this alert. A schedule is about its own playbook alone, and has chosen the agent already.
pub(super) fn judge(library: &Library, alert: &Alert, agent: &Agent, now: Timestamp) -> Judged {
    let serving = library.serving();
    let values = matching_values(alert, agent);
    let (mut listed, mut unlisted) = (Vec::new(), 0);
    if let Some(name) = scheduled_by(alert) {
        let own = serving.values().filter(|playbook| playbook.name.as_str() == name && playbook.timetable.is_some());
        listed.extend(own.map(|playbook| (playbook.clone(), unless_silent(playbook, &values, now))));
        return Judged { listed, unlisted, values };
    }
    let mut others = 0;
    for playbook in serving.values() {
        let verdict = match playbook.when.evaluate_bool(&values, now) {
            Ok(true) => unless_silent(playbook, &values, now),
            Err(error) => Match::Fault(error.to_string()),
            Ok(false) => {
                others += 1;
                if others > LISTED_MAX {
                    unlisted += 1;
                    continue;
                }
                Match::No(why_not(playbook))
            }
        };
        listed.push((playbook.clone(), verdict));
    }
    Judged { listed, unlisted, values }
}

/// Why a playbook does not match, though nothing went wrong.
fn why_not(playbook: &Playbook) -> String {
    if playbook.is_scheduled_only() {
        return "it runs by its schedule alone, and no alert starts it".to_owned();
    }
    format!("`{}` did not hold", playbook.when.source().trim())
}

fn unless_silent(playbook: &Playbook, values: &Value, now: Timestamp) -> Match {
    match playbook.silenced(values, now) {
        Some(because) => Match::Silent(because.to_owned()),
        None => Match::Yes,
    }
}

/// The line about a playbook that starts again, with the reason.
pub(super) fn line_again(playbook: &Playbook, why: &str) -> Value {
    json!({ "name": playbook.name, "mode": playbook.mode, "matched": true, "why_not": null, "again": why })
}

/// The line of the answer that says how a playbook took the alert.
pub(super) fn line(playbook: &Playbook, matched: bool, why_not: Option<&str>) -> Value {
    json!({ "name": playbook.name, "mode": playbook.mode, "matched": matched, "why_not": why_not })
}
