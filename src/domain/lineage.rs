//! Where a run comes from that another run started.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::RunId;
use super::names::{PlaybookName, SourceId};
use super::path::StepPath;

/// How deeply runs start each other: a run that nobody started has depth 1.
pub const DEPTH_MAX: u8 = 4;

/// How many runs one run may lead to, itself included, however they start each other.
pub const FAMILY_RUNS_MAX: usize = 100;

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
    /// The run that nobody started, from which the whole family comes; left out where that is the parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<RunId>,
    /// The sources that had spoken to the parent by then, besides that of the alert that both have.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sources: BTreeSet<SourceId>,
    /// The budget that all runs of one family share: that of the first.
    pub budget: SharedBudget,
    /// The budgets of the runs between the first and this one, which are kept as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nearer: Vec<SharedBudget>,
}

impl Lineage {
    /// The first run of the family.
    #[must_use]
    pub fn first(&self) -> RunId {
        self.first.unwrap_or(self.parent)
    }
}

/// The budget of the playbook of a run that led to others.
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

impl SharedBudget {
    /// A playbook that limits nothing.
    #[must_use]
    pub const fn unlimited(playbook: PlaybookName) -> Self {
        Self { playbook, contain: None, per: None }
    }
}
