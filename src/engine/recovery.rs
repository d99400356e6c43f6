//! Recovery as a periodic reconciliation, per run: what the store says is under way and nobody here does is picked up.
//!
//! The same function serves a start, a crash and an ordinary minute. One run that can't be read or moved is logged and
//! passed over; it never stops the others.

use std::time::Duration;

use crate::domain::{Attempt, Event, EventKind, Run, RunId, StepPath, StepState};
use crate::machine::{Effect, due};
use crate::store::RunLog;

use super::Engine;
use super::submit::{Hands, SubmitError};

const BATCH: u32 = 256;

impl Engine {
    pub(super) async fn reconcile_forever(self) {
        loop {
            self.reconcile().await;
            if !self.inner.supervisor.sleep(self.options().reconcile_every).await {
                return;
            }
        }
    }

    /// Looks at every open run once; how many were picked up.
    pub async fn reconcile(&self) -> u64 {
        let mut picked_up = 0;
        let mut after: Option<RunId> = None;
        loop {
            let open = match self.inner.store.open_runs(after, BATCH).await {
                Ok(open) => open,
                Err(error) => {
                    tracing::error!(%error, "open runs could not be read; trying again later");
                    return picked_up;
                }
            };
            let Some(last) = open.last() else { return picked_up };
            after = Some(last.id);
            for run in &open {
                match self.reconcile_run(run.id).await {
                    Ok(true) => picked_up += 1,
                    Ok(false) => {}
                    Err(error) => tracing::error!(run.id = %run.id, %error, "a run could not be picked up"),
                }
            }
            tokio::time::sleep(Duration::ZERO).await;
        }
    }

    async fn reconcile_run(&self, id: RunId) -> Result<bool, SubmitError> {
        let Some(run) = self.inner.store.run(id).await? else { return Ok(false) };
        let lost = self.lost(&run);
        for path in &lost {
            self.pick_up(id, path).await?;
        }
        let Some(run) = self.inner.store.run(id).await? else { return Ok(false) };
        let playbook = self.inner.library.pinned(&self.inner.store, &run.digest).await?;
        let waiting: Vec<StepPath> = due(&playbook, &run, self.clock().now())?
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Begin { path } if !self.inner.live.has_attempt(id, &path) => Some(path),
                _ => None,
            })
            .collect();
        for path in &waiting {
            self.begin_ready(id, path).await?;
        }
        Ok(!lost.is_empty() || !waiting.is_empty())
    }

    /// Tells the run that an attempt was lost, if that still holds under the run's lock.
    async fn pick_up(&self, id: RunId, path: &StepPath) -> Result<(), SubmitError> {
        let event = Event::by_system(self.clock().now(), EventKind::AttemptLost { path: path.clone() });
        let still_lost = |run: &Run| self.lost(run).contains(path);
        match self.submit_if(id, event, &mut Hands::default(), still_lost).await {
            Ok(Some((_, jobs))) => self.dispatch(jobs),
            Ok(None) | Err(SubmitError::Illegal(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Begins a ready attempt that waits for nothing but a worker, if one is free.
    async fn begin_ready(&self, run: RunId, path: &StepPath) -> Result<(), SubmitError> {
        if self.is_frozen() {
            return Ok(());
        }
        let Ok(permit) = self.inner.workers.clone().try_acquire_owned() else { return Ok(()) };
        match self.begin(run, path, permit).await {
            Ok(()) | Err(SubmitError::Illegal(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The attempts that the store says are under way, and that nobody here makes.
    fn lost(&self, run: &Run) -> Vec<StepPath> {
        let under_way = run.steps.iter().filter(|(_, record)| match &record.state {
            StepState::Doing(attempt) | StepState::Undoing(attempt) => matches!(
                attempt,
                Attempt::Preparing { .. }
                    | Attempt::Running { .. }
                    | Attempt::Checking { .. }
                    | Attempt::Proving { .. }
            ),
            _ => false,
        });
        under_way.map(|(path, _)| path).filter(|path| !self.inner.live.has_attempt(run.id, path)).cloned().collect()
    }
}
