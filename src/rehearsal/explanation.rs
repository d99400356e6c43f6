//! Why a playbook matches an alert or not.

use jiff::Timestamp;

use crate::domain::{Agent, Alert, AlertStatus, IncidentId, PastRun};
use crate::language::{Explained, Expression};
use crate::playbook::context::{matching_environment, matching_values, rerun_environment, rerun_values};
use crate::playbook::{Playbook, Rerun};

use super::matching::{Taken, taken};

/// How a playbook takes an alert, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Whether its condition holds, or why that can't be told.
    pub matched: Result<bool, String>,
    /// The condition and its parts, each with its value.
    pub parts: Vec<Explained>,
    /// Why no run begins although the condition holds, if so.
    pub besides: Option<String>,
    /// What is asked after a run for the same incident, if the playbook asks anything.
    pub again: Option<Again>,
}

/// How a playbook takes an alert after its last run for the incident is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Again {
    /// The condition, as it is written.
    pub condition: String,
    /// Whether it starts again, and why or why not; nothing if no last run was told of.
    pub rerun: Option<Rerun>,
    /// The condition and its parts, each with its value.
    pub parts: Vec<Explained>,
}

/// How a playbook takes an alert about an agent at a time; `last` is its last run for the incident, if there was one.
#[must_use]
pub fn explain(
    playbook: &Playbook,
    alert: &Alert,
    agent: &Agent,
    last: Option<&PastRun>,
    now: Timestamp,
) -> Explanation {
    let values = matching_values(alert, agent);
    let said = match alert.status {
        _ if alert.is_test => Some("the sender says that it is a test, and tests start nothing"),
        AlertStatus::Resolved => Some("it says that something is over, and that starts nothing"),
        AlertStatus::Acknowledged => Some("somebody has acknowledged it already"),
        AlertStatus::Firing | AlertStatus::Event | AlertStatus::Unknown => None,
    };
    let (matched, silent) = match taken(playbook, alert, &values, now) {
        Taken::Yes => (Ok(true), None),
        Taken::No => (Ok(false), None),
        Taken::Silent(because) => (Ok(true), Some(format!("it is silent now: {because}"))),
        Taken::Fault(error) => (Err(error), None),
    };
    Explanation {
        matched,
        parts: playbook.when.explain(&matching_environment(), &values, now),
        besides: said.map(str::to_owned).or(silent),
        again: playbook.rerun_when.as_ref().map(|condition| again(playbook, condition, alert, agent, last, now)),
    }
}

fn again(
    playbook: &Playbook,
    condition: &Expression,
    alert: &Alert,
    agent: &Agent,
    last: Option<&PastRun>,
    now: Timestamp,
) -> Again {
    let incident = IncidentId::generate(now);
    let values = last.map(|last| rerun_values(alert, agent, incident, last));
    let parts = values.map(|values| condition.explain(&rerun_environment(), &values, now));
    Again {
        condition: condition.source().trim().to_owned(),
        rerun: last.map(|last| playbook.again(alert, agent, incident, last, now)),
        parts: parts.unwrap_or_default(),
    }
}
