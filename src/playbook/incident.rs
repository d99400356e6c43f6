//! What makes alerts one incident for a playbook, and what a further alert of it does.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::Digest;

use super::Playbook;

/// How long a value may be before its digest stands for it, in bytes.
const VALUE_BYTES_MAX: usize = 200;

/// What a further alert of the same incident does to a run under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAlert {
    /// It joins the run as evidence.
    Join,
    /// The run is superseded by a new one.
    Restart,
    /// Nothing.
    Ignore,
}

impl Playbook {
    /// The key of the incident that an alert belongs to for this playbook, or why it has none; nothing where the playbook
    /// leaves that to the agent. `variables` are those that it matches with.
    ///
    /// Two playbooks with the same expression share their incidents.
    #[must_use]
    pub fn incident_key(&self, variables: &Value, now: Timestamp) -> Option<Result<String, String>> {
        let expression = self.incident_key.as_ref()?;
        let value = match expression.evaluate(variables, now) {
            Ok(Value::String(text)) if !text.trim().is_empty() => text,
            Ok(Value::Number(number)) => number.to_string(),
            Ok(_) => return Some(Err("it is empty, or no text".to_owned())),
            Err(error) => return Some(Err(error.to_string())),
        };
        let short = value.len() <= VALUE_BYTES_MAX;
        let value = if short { value } else { Digest::of(value.as_bytes()).to_string() };
        Some(Ok(format!("by:{}={value}", expression.source().trim())))
    }
}
