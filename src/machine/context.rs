//! What conditions and templates of a run see at one moment.

use serde_json::{Map, Value};

use crate::domain::{Decision, Run, StepRecord, Verdict};
use crate::playbook::context::{agent_values, alert_values, incident_values, named, without_references};

/// The variables `alert`, `agent`, `incident`, `vars` and `steps` of a run. What a target answered is data: it can't smuggle in a
/// reference to a secret.
#[must_use]
pub fn variables(run: &Run) -> Value {
    let steps: Map<String, Value> = run
        .steps
        .iter()
        .filter(|(path, _)| path.index.is_none())
        .map(|(path, record)| {
            let mut items = run.items(&path.step).map(|(_, record)| item(record)).peekable();
            let output = match items.peek() {
                Some(_) => Value::Array(items.collect()),
                None => without_references(&record.output),
            };
            let value = named([
                ("state", record.state.as_str().into()),
                ("verdict", record.verdict.map(Verdict::as_str).unwrap_or_default().into()),
                ("decision", record.decision.map(Decision::as_str).unwrap_or_default().into()),
                ("output", output),
            ]);
            (path.to_string(), value)
        })
        .collect();
    named([
        ("alert", alert_values(&run.alert)),
        ("agent", agent_values(&run.agent)),
        ("incident", incident_values(run.incident)),
        ("vars", Value::Object(run.vars.values.clone())),
        ("steps", Value::Object(steps)),
    ])
}

/// What one item of a step shows to the steps after it.
fn item(record: &StepRecord) -> Value {
    named([
        ("item", record.item.as_ref().map(without_references).unwrap_or_default()),
        ("state", record.state.as_str().into()),
        ("verdict", record.verdict.map(Verdict::as_str).unwrap_or_default().into()),
        ("output", without_references(&record.output)),
    ])
}
