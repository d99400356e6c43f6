//! Recovery as a periodic reconciliation, per run: what the store says is under way and nobody here does is picked up.
//!
//! The same function serves a start, a crash, the death of another replica and an ordinary minute. First what nobody owns
//! is taken over; then the store names the runs of this replica that have something in hand, and only those are read. One
//! run that can't be read or moved is quarantined and passed over; it never stops the others.

use std::time::{Duration, Instant};

use crate::domain::{Attempt, Event, EventKind, Run, RunId, StepPath, StepState};
use crate::machine::{Effect, due};
use crate::store::{ClaimedRun, Claims};

use super::Engine;
use super::submit::{Hands, SubmitError, broken_off};
use super::supervisor::caught;
use super::takeover::{TAKEOVERS_MAX, taken_too_often, unusable};

const BATCH: u32 = 2_048;

impl Engine {
    pub(super) async fn reconcile_forever(self) {
        let pause = self.options().take_over_every.min(self.options().reconcile_every);
        loop {
            self.reconcile().await;
            let looked = Instant::now();
            loop {
                if !self.inner.supervisor.sleep(pause).await {
                    return;
                }
                if looked.elapsed() >= self.options().reconcile_every || self.take_over().await > 0 {
                    break;
                }
            }
        }
    }

    /// Takes over what nobody owns, and looks at every run of this replica that has something in hand; how many were
    /// picked up.
    pub async fn reconcile(&self) -> u64 {
        self.take_over().await;
        self.look().await
    }

    /// Looks at every run of this replica that has something in hand; how many were picked up.
    pub(super) async fn look(&self) -> u64 {
        let mut picked_up = 0;
        let mut after: Option<RunId> = None;
        while self.is_acting() {
            let runs = match self.inner.store.runs_in_hand(after, BATCH).await {
                Ok(runs) => runs,
                Err(error) => {
                    tracing::error!(%error, "runs could not be read; trying again later");
                    return picked_up;
                }
            };
            let Some(last) = runs.last() else { break };
            after = Some(*last);
            for run in &runs {
                picked_up += u64::from(self.look_at(*run).await);
            }
            tokio::time::sleep(Duration::ZERO).await;
        }
        picked_up
    }

    /// Looks at one run; whether something of it was picked up.
    pub(super) async fn look_at(&self, run: RunId) -> bool {
        let looked = caught("look", self.reconcile_run(run)).await;
        match looked.unwrap_or_else(|| Err(broken_off().into())) {
            Ok(picked_up) => picked_up,
            Err(SubmitError::NotOurs(_) | SubmitError::Quarantined { .. }) => false,
            Err(error) => {
                if let Some(reason) = unusable(None, &error) {
                    self.quarantine(run, reason).await;
                } else {
                    tracing::error!(run.id = %run, %error, "a run could not be picked up");
                }
                false
            }
        }
    }

    /// A run of this replica with its epoch.
    async fn ours(&self, id: RunId) -> Result<Option<(Run, u64)>, SubmitError> {
        let Some(ClaimedRun { run, claim }) = self.inner.store.claimed_run(id).await? else { return Ok(None) };
        if !self.owns(&claim) {
            return Ok(None);
        }
        if claim.takeovers > TAKEOVERS_MAX {
            self.quarantine(id, taken_too_often(claim.takeovers)).await;
            return Ok(None);
        }
        Ok(Some((run, claim.epoch)))
    }

    async fn reconcile_run(&self, id: RunId) -> Result<bool, SubmitError> {
        let Some((run, epoch)) = self.ours(id).await? else { return Ok(false) };
        let lost = self.lost(&run, epoch);
        for path in &lost {
            self.pick_up(id, path).await?;
        }
        let Some((run, epoch)) = self.ours(id).await? else { return Ok(false) };
        let playbook = self.inner.library.pinned(&self.inner.store, &run.digest).await?;
        let waiting: Vec<StepPath> = due(&playbook, &run, self.clock().now())?
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Begin { path } if !self.inner.live.has_attempt(&run, &path, epoch) => Some(path),
                _ => None,
            })
            .collect();
        for path in &waiting {
            self.begin_ready(id, path).await?;
        }
        // What is over is told first: what can't begin must not hold it up.
        let told = Box::pin(self.look_at_children(&run)).await?;
        let born = Box::pin(self.start_children(id)).await?;
        Ok(!lost.is_empty() || !waiting.is_empty() || born || told)
    }

    /// Tells the run that an attempt was lost, if that still holds under the run's lock.
    async fn pick_up(&self, id: RunId, path: &StepPath) -> Result<(), SubmitError> {
        let event = Event::by_system(self.clock().now(), EventKind::AttemptLost { path: path.clone() });
        let still_lost =
            |run: &Run, epoch: Option<u64>| epoch.is_some_and(|epoch| self.lost(run, epoch).contains(path));
        match self.submit_if(id, event, &mut Hands::default(), still_lost).await {
            Ok(Some((_, jobs))) => self.dispatch(jobs),
            Ok(None) => {}
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
    fn lost(&self, run: &Run, epoch: u64) -> Vec<StepPath> {
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
        under_way.map(|(path, _)| path).filter(|path| !self.inner.live.has_attempt(run, path, epoch)).cloned().collect()
    }
}
