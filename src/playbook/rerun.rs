//! Whether a playbook starts again for an incident after its last run for it is over.

use jiff::Timestamp;

use crate::domain::{Agent, Alert, IncidentId, PastRun};

use super::Playbook;
use super::context::rerun_values;

/// What `rerun_when` says of an alert that comes after a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rerun {
    /// The playbook has no such condition.
    Unsaid,
    /// It starts again: why, for people.
    Yes(String),
    /// It does not: why.
    No(String),
    /// That can't be told, which counts as no: why, for its owner.
    Fault(String),
}

impl Playbook {
    /// Whether it starts again for an incident in which its last run is over.
    #[must_use]
    pub fn again(&self, alert: &Alert, agent: &Agent, incident: IncidentId, last: &PastRun, now: Timestamp) -> Rerun {
        let Some(condition) = &self.rerun_when else { return Rerun::Unsaid };
        let source = condition.source().trim();
        match condition.evaluate_bool(&rerun_values(alert, agent, incident, last), now) {
            Ok(true) => Rerun::Yes(format!("`rerun_when` held: `{source}`, after {}", told(last))),
            Ok(false) => Rerun::No(format!("`rerun_when` did not hold: `{source}`, after {}", told(last))),
            Err(error) => Rerun::Fault(format!("`rerun_when` could not be evaluated: {error}")),
        }
    }
}

/// A run that is over, in words.
fn told(last: &PastRun) -> String {
    format!("{} ({}) ended at {}", last.id, last.outcome.as_str(), last.ended_at)
}
