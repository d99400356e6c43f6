//! How runs begin: intake decides which, and hands one write to the store with everything in it.

use std::sync::Arc;

use crate::domain::{Actor, Agent, AgentId, Alert, Event, EventKind, HoldId, IncidentId, Mode, Run, RunId};
use crate::machine::IllegalTransition;
use crate::playbook::Playbook;
use crate::store::{Commit, CommitError, NEW_RUN_STATE_BYTES_MAX, state_bytes};

use super::Engine;
use super::draft::Draft;

/// What a run is started with.
#[derive(Clone, Debug)]
pub struct StartRequest<'a> {
    /// The playbook.
    pub playbook: &'a Playbook,
    /// Whether it acts; never more than the playbook says.
    pub mode: Mode,
    /// The incident that it is for.
    pub incident: IncidentId,
    /// The agent, frozen for the run.
    pub agent: &'a Arc<Agent>,
    /// The alert, frozen for the run.
    pub alert: &'a Arc<Alert>,
    /// Who or what starts it.
    pub actor: Actor,
    /// Holds of a run whose place it takes: undoing its own hold lifts them too.
    pub inherits: Vec<HoldId>,
}

/// Why a run can't begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The machine refuses it.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// More would have to be kept of it than the store takes.
    #[error(
        "failed to begin: the run would have {bytes} bytes, more than the {bytes_max} with which one may begin; \
         let its steps go through fewer items (`at_most`), or with shorter parameters"
    )]
    TooLarge {
        /// The size of its state.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
}

/// A run that begins as soon as its commit is on disk.
pub struct Started {
    draft: Draft,
}

impl Started {
    pub(super) const fn new(draft: Draft) -> Self {
        Self { draft }
    }

    /// The run as it will be.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.draft.run
    }

    /// The same, unless it is too large to be kept. The store says so as well, but of the whole commit; so this is asked
    /// (`measure`) only once it has.
    pub fn fitting(self, measure: bool) -> Result<Self, StartError> {
        let runs = std::iter::once(&self.draft).chain(&self.draft.children).map(|draft| &draft.run);
        let largest = if measure { runs.map(state_bytes).max().unwrap_or_default() } else { 0 };
        if largest > NEW_RUN_STATE_BYTES_MAX {
            return Err(StartError::TooLarge { bytes: largest, bytes_max: NEW_RUN_STATE_BYTES_MAX });
        }
        Ok(self)
    }

    /// The holds on an agent that it leaves to whoever takes its place: those that it places, and those that it takes over.
    #[must_use]
    pub fn leaves(&self, agent: &AgentId) -> Vec<HoldId> {
        let placed = self.draft.placed.iter().filter(|hold| hold.agent == *agent).map(|hold| hold.id);
        placed.chain(self.draft.run.inherits.iter().copied()).collect()
    }

    pub(super) fn into_draft(self) -> Draft {
        self.draft
    }
}

impl Engine {
    /// Prepares a run; nothing is written or done yet.
    pub fn prepare(&self, request: StartRequest<'_>) -> Result<Started, IllegalTransition> {
        let at = self.clock().now();
        let kind = EventKind::RunStarted {
            run: RunId::generate(at),
            incident: request.incident,
            digest: request.playbook.digest,
            mode: request.mode,
            agent: Arc::clone(request.agent),
            alert: Arc::clone(request.alert),
            inherits: request.inherits,
            lineage: None,
            versions: self.library().versions_of(request.playbook),
        };
        let event = Event { at, actor: request.actor, kind };
        Ok(Started::new(self.draft_start(request.playbook, event)?))
    }

    /// Commits what intake writes together with the runs that it starts, all or nothing; then the runs go on. What was
    /// begun is finished even if the caller goes away.
    pub async fn commit(&self, commit: Commit, started: Vec<Started>) -> Result<Vec<Run>, CommitError> {
        self.commit_telling(commit, started, Vec::new(), false).await
    }

    /// Waits for the turn of these incident keys, so that the alerts of one agent are taken one after the other.
    pub async fn turn<'a>(&self, keys: impl Iterator<Item = &'a String>) -> Vec<tokio::sync::MutexGuard<'_, ()>> {
        self.inner.turns.lock_all(keys).await
    }

    /// The turn of these incident keys, if nobody has it or waits for it.
    #[must_use]
    pub fn try_turn<'a>(&self, keys: impl Iterator<Item = &'a String>) -> Option<Vec<tokio::sync::MutexGuard<'_, ()>>> {
        self.inner.turns.try_lock_all(keys)
    }
}
