//! What conditions and templates of a run see at one moment.

use serde_json::{Map, Value, json};

use crate::domain::Run;
use crate::playbook::context::{agent_values, alert_values, incident_values};

/// The variables `alert`, `agent`, `incident` and `steps` of a run.
pub(super) fn variables(run: &Run) -> Value {
    let steps: Map<String, Value> = run
        .steps
        .iter()
        .map(|(path, record)| {
            let value = json!({
                "state": record.state.as_str(),
                "verdict": record.verdict.map(|verdict| verdict.as_str()).unwrap_or_default(),
                "decision": record.decision.map(|decision| decision.as_str()).unwrap_or_default(),
                "output": record.output,
            });
            (path.to_string(), value)
        })
        .collect();
    json!({
        "alert": alert_values(&run.alert),
        "agent": agent_values(&run.agent),
        "incident": incident_values(run.incident),
        "steps": steps,
    })
}
