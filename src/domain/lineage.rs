//! Where a run comes from that another run started.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::RunId;
use super::names::PlaybookName;
use super::path::StepPath;

/// How deeply runs start each other: a run that nobody started has depth 1.
pub const DEPTH_MAX: u8 = 4;

/// The step of another run that started a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The run.
    pub parent: RunId,
    /// Its step.
    pub path: StepPath,
    /// Which time that step was done.
    pub generation: u32,
    /// How deep the run is: 2 for one that a first run started.
    pub depth: u8,
    /// The budget that all runs of one family share: that of the first.
    pub budget: SharedBudget,
}

/// The budget of the playbook whose run is the first of a family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedBudget {
    /// That playbook.
    pub playbook: PlaybookName,
    /// How many agents it may contain in its window, if it limits that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contain: Option<u32>,
    /// The window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Duration>,
}
