//! What conditions and templates of a run see at one moment.

use serde_json::{Map, Value, json};

use crate::domain::{Decision, Run, StepRecord, Verdict};
use crate::playbook::context::{agent_values, alert_values, incident_values, without_references};

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
            let value = json!({
                "state": record.state.as_str(),
                "verdict": record.verdict.map(Verdict::as_str).unwrap_or_default(),
                "decision": record.decision.map(Decision::as_str).unwrap_or_default(),
                "output": output,
            });
            (path.to_string(), value)
        })
        .collect();
    json!({
        "alert": alert_values(&run.alert),
        "agent": agent_values(&run.agent),
        "incident": incident_values(run.incident),
        "vars": run.vars.values,
        "steps": steps,
    })
}

/// What one item of a step shows to the steps after it.
fn item(record: &StepRecord) -> Value {
    json!({
        "item": record.item.as_ref().map(without_references),
        "state": record.state.as_str(),
        "verdict": record.verdict.map(Verdict::as_str).unwrap_or_default(),
        "output": without_references(&record.output),
    })
}
