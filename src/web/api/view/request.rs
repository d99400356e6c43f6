//! What callers send. Fields that are not known are refused: a misspelt `mode` must not start a run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::event::Resolution;
use crate::domain::{AgentId, Listing, Mode, PlaybookName, StepPath};

/// `POST /runs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManualRun {
    /// The playbook.
    pub playbook: PlaybookName,
    /// The agent that it is about.
    pub agent: AgentId,
    /// Why.
    pub reason: String,
    /// Whether it acts; never more than the playbook says, which is also the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// `POST /runs/{id}/cancel`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// Why.
    pub reason: String,
}

/// `POST /runs/{id}/release`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Why.
    pub reason: String,
}

/// `POST /incidents/{id}/close`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// Why.
    pub reason: String,
}

/// `POST /runs/{id}/resolve`: what happened to a call that nobody else can judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolveOrder {
    /// The step.
    pub step: StepPath,
    /// What the person says of it.
    pub resolution: Resolution,
    /// Why they say it.
    pub reason: String,
}

/// `POST /approvals/{id}/approve`, `/reject`; the choice stands in the path. `escalate` needs no reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// The list that is decided about, as `GET /approvals/{id}/bundle` gives it; without it, this request alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<Listing>,
}

/// `POST /agents/{id}/pause`, `/retire`, `/resume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldOrder {
    /// Why.
    pub reason: String,
    /// When somebody is asked about it; the hold stays until it is lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// `POST /freeze` and `/thaw`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezeOrder {
    /// Why.
    pub reason: String,
}
