//! How a playbook takes an alert in a rehearsal: as intake does, with what a schedule and a silence mean.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::Alert;
use crate::intake::schedules;
use crate::playbook::Playbook;

/// How a playbook takes an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It matches.
    Yes,
    /// It does not.
    No,
    /// It matches, and starts nothing in this window: why.
    Silent(String),
    /// Its condition could not be evaluated.
    Fault(String),
}

/// How a playbook takes an alert at a time; `values` are those of the alert and its agent. An alert from the source `schedule` is about the playbook that
/// its rule names, and has chosen the agent already.
#[must_use]
pub fn taken(playbook: &Playbook, alert: &Alert, values: &Value, now: Timestamp) -> Taken {
    let matched = if alert.source.as_str() == schedules::SOURCE {
        Ok(playbook.timetable.is_some() && alert.rule.as_deref() == Some(playbook.name.as_str()))
    } else {
        playbook.when.evaluate_bool(values, now)
    };
    match matched {
        Ok(true) => playbook.silenced(values, now).map_or(Taken::Yes, |because| Taken::Silent(because.to_owned())),
        Ok(false) => Taken::No,
        Err(error) => Taken::Fault(error.to_string()),
    }
}
