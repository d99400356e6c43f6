//! Whom an alert is about: the agent of the inventory, or an unknown one that is still an agent.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{Agent, AgentId, Alert, Digest};
use crate::engine::Inventory;
use crate::playbook::Playbook;

/// The agent that stands for "the alert names nobody".
const NOBODY: &str = "unidentified";

/// Whom an alert is about.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The agent.
    pub agent: Arc<Agent>,
    /// What alerts of one incident have in common.
    pub key: String,
}

impl Subject {
    /// The subject with the key that a playbook goes by, and why it is not the one that the playbook names, if it is not:
    /// a key that can't be told is the agent's, and nothing is left undone. `values` are those that it matches with.
    #[must_use]
    pub fn for_playbook(&self, playbook: &Playbook, values: &Value, now: Timestamp) -> (Self, Option<String>) {
        match playbook.incident_key(values, now) {
            None => (self.clone(), None),
            Some(Ok(key)) => (Self { key, ..self.clone() }, None),
            Some(Err(why)) => {
                tracing::warn!(playbook.name = %playbook.name, why, "the incident's key can't be told; the agent's is taken");
                (self.clone(), Some(format!("incident.key can't be told, so the agent's incident is taken: {why}")))
            }
        }
    }
}

/// Resolves what an alert claims; a claim that nobody fits is an unknown agent, never a wrong one.
#[must_use]
pub fn of(inventory: &Inventory, alert: &Alert) -> Subject {
    if let Some(agent) = inventory.resolve(&alert.agent) {
        return Subject { key: format!("agent:{}", agent.id), agent };
    }
    let claimed = alert.agent.id.as_deref().or(alert.agent.name.as_deref());
    match claimed {
        Some(claimed) => {
            let agent = Arc::new(unknown(claimed));
            Subject { key: format!("unknown:{}", agent.id), agent }
        }
        None => Subject { agent: Arc::new(unknown(NOBODY)), key: format!("alert:{}", alert.dedup_key) },
    }
}

/// An agent by a name that may be anything: what can't be an id is known by its digest.
fn unknown(claimed: &str) -> Agent {
    let hashed = || AgentId::parse(&format!("unknown-{}", Digest::of(claimed.as_bytes()).prefix()));
    match AgentId::parse(claimed).or_else(|_| hashed()) {
        Ok(id) => Agent { name: crate::machine::notice::one_line(claimed), ..Agent::unknown(id) },
        // A digest always is a name; without this arm the compiler would want a panic.
        Err(_) => unknown(NOBODY),
    }
}
