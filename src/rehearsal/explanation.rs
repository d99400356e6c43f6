//! Why a playbook matches an alert or not.

use jiff::Timestamp;

use crate::domain::{Agent, Alert, AlertStatus};
use crate::language::Explained;
use crate::playbook::Playbook;
use crate::playbook::context::{matching_environment, matching_values};

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
}

/// How a playbook takes an alert about an agent at a time.
#[must_use]
pub fn explain(playbook: &Playbook, alert: &Alert, agent: &Agent, now: Timestamp) -> Explanation {
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
    }
}
