//! Alerts about one subject that belong together.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::IncidentId;
use super::names::AgentId;
use super::severity::Severity;

/// Where the handling of an incident stands (OCSF incident `status_id`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// Nobody and nothing has acted.
    New,
    /// A run or a person is at it.
    InProgress,
    /// Waiting for something outside.
    OnHold,
    /// Handled, may re-open.
    Resolved,
    /// Over.
    Closed,
}

impl IncidentStatus {
    /// The word as answers and pages show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InProgress => "in_progress",
            Self::OnHold => "on_hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// Whether new alerts with the incident's key still join it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::New | Self::InProgress | Self::OnHold => true,
            Self::Resolved | Self::Closed => false,
        }
    }
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// How often it changed; a commit that changes it expects the number that it read.
    pub version: u64,
    /// What its alerts have in common; at most one open incident has a key.
    pub key: String,
    /// The agent that it is about, if an alert named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Where its handling stands.
    pub status: IncidentStatus,
    /// The worst of its alerts.
    pub severity: Severity,
    /// The title of its first alert; untrusted.
    pub title: String,
    /// Whether nobody in the inventory owns its agent.
    pub unowned: bool,
    /// How many alerts it has, folded repeats included.
    pub alerts: u64,
    /// When its first alert arrived.
    pub opened_at: Timestamp,
    /// When its last alert arrived.
    pub last_alert_at: Timestamp,
}
