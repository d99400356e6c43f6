//! The one door by which a run changes: load, ask the machine, commit, and only then act.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::domain::{Event, Run, RunId, StepPath};
use crate::machine::{Call, IllegalTransition};
use crate::store::{Commit, CommitError, ReadError, RunLog, Writer};

use super::Engine;
use super::draft::Draft;
use super::playbooks::LibraryError;

/// How often a lost race is decided again.
const CONFLICTS_MAX: u32 = 3;

/// Why an event was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SubmitError {
    /// There is no such run.
    #[error("failed to change {0}: there is no such run")]
    NoSuchRun(RunId),
    /// The event does not fit the run's state.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The run's playbook version can't be used.
    #[error(transparent)]
    Playbook(#[from] LibraryError),
    /// What is stored could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The change could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl SubmitError {
    /// Whether the same event may be taken later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::NoSuchRun(_) | Self::Illegal(_) => false,
            Self::Playbook(_) | Self::Read(_) => true,
            Self::Commit(error) => !matches!(error, CommitError::TooLarge { .. }),
        }
    }
}

pub(super) type Permits = BTreeMap<StepPath, OwnedSemaphorePermit>;

impl Engine {
    /// Submits an event to a run; when this returns, it is on disk, the gate follows it, and its calls are under way.
    pub async fn submit(&self, run: RunId, event: Event) -> Result<Run, SubmitError> {
        let (run, calls, permits) = self.submit_with(run, event, Permits::new()).await?;
        self.dispatch(calls, permits);
        Ok(run)
    }

    /// Submits an event, and gives its calls back instead of making them.
    pub(super) async fn submit_with(
        &self,
        id: RunId,
        event: Event,
        permits: Permits,
    ) -> Result<(Run, Vec<Call>, Permits), SubmitError> {
        let _lock = self.inner.locks.lock(&id).await;
        let mut permits = permits;
        let mut conflicts = 0;
        loop {
            let run = self.inner.store.run(id).await?.ok_or(SubmitError::NoSuchRun(id))?;
            let playbook = self.inner.library.pinned(&self.inner.store, &run.digest).await?;
            let draft = self.draft_event(&playbook, run, event.clone(), std::mem::take(&mut permits))?;
            let (guards, rows) = draft.commit_parts();
            match self.inner.store.commit(Commit { guards, rows }).await {
                Ok(()) => return Ok(self.committed(draft)),
                Err(CommitError::Conflict(_)) if conflicts < CONFLICTS_MAX => {
                    conflicts += 1;
                    self.inner.budget.give_back(id, event.at);
                    permits = draft.permits;
                    tokio::time::sleep(Duration::from_millis(u64::from(conflicts))).await;
                }
                Err(error) => {
                    self.inner.budget.give_back(id, event.at);
                    return Err(error.into());
                }
            }
        }
    }

    /// Lets memory follow a commit: the gate first, then timers, messages and alerts of our own.
    pub(super) fn committed(&self, draft: Draft) -> (Run, Vec<Call>, Permits) {
        if !draft.placed.is_empty() || !draft.lifted.is_empty() {
            self.inner.holds.change(draft.placed, &draft.lifted);
            self.refresh_gate();
        }
        log(&draft.run, &draft.events);
        if let Some(at) = draft.run.wake_at() {
            self.inner.wake.at(at);
        }
        if draft.posts {
            self.inner.posted.notify_one();
        }
        for path in draft.waiting {
            // The queue ends only with the daemon; recovery finds what was not queued.
            self.inner.waiting.send((draft.run.id, path)).unwrap_or_default();
        }
        for alert in draft.alerts {
            self.inner.system_alerts.send(alert).unwrap_or_default();
        }
        (draft.run, draft.calls, draft.permits)
    }
}

fn log(run: &Run, events: &[Event]) {
    for event in events {
        tracing::info!(
            run.id = %run.id,
            run.status = run.status.as_str(),
            agent.id = %run.agent.id,
            playbook.name = %run.playbook,
            event.kind = event.kind.as_str(),
            event.actor = %event.actor,
            "run changed"
        );
    }
}
