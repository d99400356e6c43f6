//! One normalised message of an alert source.
//!
//! Terms follow OCSF (`finding_info.uid`, `severity_id`, `status_id`); the raw body is kept beside the alert by the
//! store, not in it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::action::Impact;
use super::digest::Digest;
use super::ids::AlertId;
use super::names::SourceId;
use super::severity::Severity;

/// What an alert says of the thing that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// It is so now.
    Firing,
    /// Somebody has seen it.
    Acknowledged,
    /// It is over.
    Resolved,
    /// It happened; there is no "over".
    Event,
    /// The source did not say.
    Unknown,
}

impl AlertStatus {
    /// The word as playbooks and answers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
            Self::Event => "event",
            Self::Unknown => "unknown",
        }
    }
}

/// The strongest thing that a source may cause without a person; left out it is `notify`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Telling people.
    #[default]
    Notify,
    /// Stopping an agent reversibly.
    Contain,
    /// What can't be restored.
    Destroy,
}

impl Trust {
    /// Whether this trust covers an action of that impact. A release is never covered: it takes a person.
    #[must_use]
    pub fn covers(self, impact: Impact) -> bool {
        match impact {
            Impact::Notify => true,
            Impact::Contain => self >= Self::Contain,
            Impact::Destroy => self >= Self::Destroy,
            Impact::Release => false,
        }
    }
}

/// What the message says of the agent; evidence, resolved against the inventory before anything acts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// The agent's id or alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The instance, process or session of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The name that the message shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How a delivery was authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// The scheme, e.g. `bearer` or `standard-webhooks`.
    pub scheme: String,
    /// Which of the configured keys matched: its fingerprint, never its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// One normalised alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Our id of it.
    pub id: AlertId,
    /// The source, from the endpoint and never from the body.
    pub source: SourceId,
    /// What the source may cause.
    pub trust: Trust,
    /// The sender's id of this delivery, for idempotency of transport.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<String>,
    /// The sender's id of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Digest over the source and the identity of what it is about: repeats have the same.
    pub dedup_key: Digest,
    /// The sender's group, if it groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_key: Option<String>,
    /// The rule that fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// One line for people; untrusted.
    pub title: String,
    /// Firing, resolved, ...
    pub status: AlertStatus,
    /// How bad.
    pub severity: Severity,
    /// The sender's own word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_raw: Option<String>,
    /// When it began, by the sender; the time of receipt if the sender did not say (`occurred_at_assumed`).
    pub occurred_at: Timestamp,
    /// Whether `occurred_at` is only the time of receipt.
    pub occurred_at_assumed: bool,
    /// When it ended, by the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// When the delivery arrived here.
    pub received_at: Timestamp,
    /// What the message says of the agent.
    pub agent: Claimed,
    /// The identity that was used, e.g. `{kind: service_account, id: ...}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Value>,
    /// The credential that was used: kind and hash, never the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Value>,
    /// Who answers for it, by the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What was touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The sender's labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Fields that the source's mapping declares.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// Whether the sender says that this is a test. Test alerts never cause an action.
    pub is_test: bool,
    /// Whether the sender says that it left something out.
    pub truncated: bool,
    /// How the delivery was authenticated.
    pub auth: Authentication,
    /// What of the message was not taken as it stood, for whoever wrote it and whoever reads the incident.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
