//! What conditions and templates of a run see at one moment.

use serde_json::{Map, Value};

use crate::domain::{Decision, Run, Verdict};
use crate::playbook::context::{agent_values, alert_values, incident_values, named, without_references};

/// The variables `alert`, `agent`, `incident` and `steps` of a run. What a target answered is data: it can't smuggle in a
/// reference to a secret.
pub(super) fn variables(run: &Run) -> Value {
    let steps: Map<String, Value> = run
        .steps
        .iter()
        .map(|(path, record)| {
            let value = named([
                ("state", record.state.as_str().into()),
                ("verdict", record.verdict.map(Verdict::as_str).unwrap_or_default().into()),
                ("decision", record.decision.map(Decision::as_str).unwrap_or_default().into()),
                ("output", without_references(&record.output)),
            ]);
            (path.to_string(), value)
        })
        .collect();
    named([
        ("alert", alert_values(&run.alert)),
        ("agent", agent_values(&run.agent)),
        ("incident", incident_values(run.incident)),
        ("steps", Value::Object(steps)),
    ])
}
