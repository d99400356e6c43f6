//! One execution of one playbook version for one incident: the state that the machine moves, a row in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::Verdict;
use super::actor::Actor;
use super::agent::Agent;
use super::alert::Alert;
use super::approval::{Approval, ApprovalCause, ApprovalStatus};
use super::digest::Digest;
use super::ids::{ApprovalId, HoldId, IncidentId, RunId};
use super::lineage::Lineage;
use super::names::{PlaybookName, SourceId, StageName, StepName};
use super::path::StepPath;
use super::step::{Attempt, StepRecord, StepState, Waiting};
use super::variables::Variables;

/// Whether a playbook acts, or only says what it would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Match, plan and record; perform nothing.
    #[default]
    Observe,
    /// Act.
    Enforce,
}

impl Mode {
    /// The word as playbooks and answers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every stage was gone through.
    Completed,
    /// A failed step stopped it.
    Failed,
    /// A person stopped it.
    Cancelled,
    /// A newer run stands in its place.
    Superseded,
}

impl Outcome {
    /// The word as the API and timelines show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// In the stage with this index.
    Running {
        /// Index into the playbook's stages.
        stage: usize,
    },
    /// Undoing what it did, in reverse.
    Undoing {
        /// Why.
        cause: String,
    },
    /// Over.
    Finished(Outcome),
}

impl RunStatus {
    /// The word as the API and timelines show it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Running { .. } => "running",
            Self::Undoing { .. } => "undoing",
            Self::Finished(outcome) => outcome.as_str(),
        }
    }

    /// Whether the run is over.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        matches!(self, Self::Finished(_))
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A stage of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRecord {
    /// Its name in the playbook.
    pub name: StageName,
    /// When it began; `None` while its turn has not come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When its time is over, if the playbook limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Why it was passed over, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// A later look at something that was contained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recheck {
    /// The step that contained it.
    pub path: StepPath,
    /// When to look.
    pub at: Timestamp,
}

/// What somebody has in hand for a run now; the store keeps it beside the state, so that a start finds what it must pick
/// up without reading every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InHand {
    /// Nothing: it waits for people or for a time, or is over.
    #[default]
    Nothing,
    /// An attempt that waits for a worker, a question that was not answered, or another run that may be over.
    Ready,
    /// A call is under way.
    UnderWay,
}

impl InHand {
    /// The number as the store keeps it: 0, 1 or 2.
    #[must_use]
    pub const fn as_number(self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Ready => 1,
            Self::UnderWay => 2,
        }
    }
}

/// The state of one run. At most 256 KiB as JSON; what is empty is left out of it. What never changes is shared, because a
/// state is copied for every event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// How many events made it; a commit that changes it expects the number that it read.
    pub version: u64,
    /// The rules that made it ([`crate::machine::SEMANTICS`]); a history replays only under the same.
    pub semantics: u32,
    /// The incident that it is for.
    pub incident: IncidentId,
    /// The playbook's name.
    pub playbook: PlaybookName,
    /// The digest of the playbook's text: the version that this run finishes on.
    pub digest: Digest,
    /// Whether it acts.
    pub mode: Mode,
    /// The agent as it was when the run started.
    pub agent: Arc<Agent>,
    /// The alert that started it.
    pub alert: Arc<Alert>,
    /// What the playbook's variables came to.
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    pub vars: Variables,
    /// Who or what started it.
    pub started_by: Actor,
    /// When.
    pub started_at: Timestamp,
    /// When it must be over, if the playbook limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Where it stands.
    pub status: RunStatus,
    /// Its stages, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageRecord>,
    /// Its steps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<StepPath, StepRecord>,
    /// What it asked people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approvals: BTreeMap<ApprovalId, Approval>,
    /// Later looks that are due.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rechecks: Vec<Recheck>,
    /// Holds that it took over from a run whose place it took; undoing its own hold lifts them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inherits: Vec<HoldId>,
    /// The step of another run that started it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<Lineage>,
    /// The versions of the playbooks that its steps may run, and those in turn: what served when it began. Nothing else is
    /// run by its steps, so that what people approve does not change under them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<PlaybookName, Digest>,
    /// The sources of alerts that joined it, besides that of the first.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sources: BTreeSet<SourceId>,
    /// How many more alerts joined it.
    pub joined: u32,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl Run {
    /// The pending request of a step, if it waits for one.
    #[must_use]
    pub fn pending_approval(&self, path: &StepPath) -> Option<&Approval> {
        match &self.steps.get(path)?.state {
            StepState::Waiting(Waiting::Approval { id }) => self.approvals.get(id),
            _ => None,
        }
    }

    /// The items of a step that goes through some, in order; none before its turn has come.
    #[must_use]
    pub fn items(&self, step: &StepName) -> impl DoubleEndedIterator<Item = (&StepPath, &StepRecord)> {
        let at = |index| StepPath { step: step.clone(), index: Some(index) };
        self.steps.range(at(0)..=at(u16::MAX))
    }

    /// What is undone to undo a step: the step itself, or its items from the last to the first.
    #[must_use]
    pub fn undone_with(&self, step: &StepName) -> Vec<StepPath> {
        let items: Vec<StepPath> = self.items(step).rev().map(|(path, _)| path.clone()).collect();
        if items.is_empty() { vec![step.clone().into()] } else { items }
    }

    /// The earliest time at which the run has something to do by itself.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        let rechecks = self.rechecks.iter().map(|recheck| recheck.at);
        if self.status.is_finished() {
            return rechecks.min();
        }
        let steps = self.steps.values().filter_map(|record| match &record.state {
            StepState::Waiting(Waiting::Timer { until } | Waiting::Corroboration { until }) => Some(*until),
            StepState::Waiting(Waiting::Run { until, .. }) => *until,
            StepState::Doing(Attempt::Backoff { until, .. }) | StepState::Undoing(Attempt::Backoff { until, .. }) => {
                Some(*until)
            }
            _ => None,
        });
        let approvals = self.approvals.values().filter(|approval| approval.status == ApprovalStatus::Pending);
        let stage = match self.status {
            RunStatus::Running { stage } => self.stages.get(stage).and_then(|stage| stage.deadline),
            RunStatus::Undoing { .. } | RunStatus::Finished(_) => None,
        };
        steps.chain(approvals.map(|approval| approval.deadline)).chain(rechecks).chain(stage).chain(self.deadline).min()
    }

    /// What somebody has in hand for the run.
    #[must_use]
    pub fn in_hand(&self) -> InHand {
        if self.status.is_finished() {
            return InHand::Nothing;
        }
        let of_step = |record: &StepRecord| match &record.state {
            StepState::Doing(attempt) | StepState::Undoing(attempt) => match attempt {
                Attempt::Preparing { .. }
                | Attempt::Running { .. }
                | Attempt::Checking { .. }
                | Attempt::Proving { .. } => InHand::UnderWay,
                Attempt::Ready { .. } => InHand::Ready,
                Attempt::Backoff { .. } | Attempt::InDoubt { .. } | Attempt::NeedsOperator { .. } => InHand::Nothing,
            },
            StepState::Pending if record.started_at.is_some() => InHand::Ready,
            // Whoever looks after the run finds out whether the other one is over.
            StepState::Waiting(Waiting::Run { .. }) => InHand::Ready,
            _ => InHand::Nothing,
        };
        self.steps.values().map(of_step).max().unwrap_or_default()
    }

    /// A limit that stopped one of its steps, or a run that one started, and about which nobody answered.
    #[must_use]
    pub fn unanswered(&self) -> Option<ApprovalCause> {
        self.steps.values().find_map(|record| record.unanswered)
    }

    /// What is known of the containment as a whole: the worst of the containing steps that were tried, and when the
    /// last flip was seen. `None` while nothing was tried.
    #[must_use]
    pub fn containment(&self) -> Option<(Verdict, Option<Timestamp>)> {
        let worst = Verdict::worst(self.steps.values().filter_map(|record| record.verdict))?;
        let at = self.steps.values().filter_map(|record| record.contained_at).max();
        Some((worst, if worst == Verdict::Contained { at } else { None }))
    }
}
