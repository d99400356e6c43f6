//! From committed calls to workers: each call gets a worker, and steps that found none free wait in a queue.

use tokio::sync::mpsc;

use crate::domain::{Event, EventKind, RunId, StepPath};

use super::Engine;
use super::live::Job;
use super::submit::{Hands, Permits, SubmitError};

impl Engine {
    /// Gives each call to a worker.
    pub(super) fn dispatch(&self, jobs: Vec<Job>) {
        for job in jobs {
            let engine = self.clone();
            self.inner.supervisor.spawn("worker", async move { engine.work(job).await });
        }
    }

    /// Begins waiting attempts as workers become free.
    pub(super) async fn start_waiting(self, mut queue: mpsc::UnboundedReceiver<(RunId, StepPath)>) {
        loop {
            let next = tokio::select! {
                () = self.inner.supervisor.stopping() => return,
                next = queue.recv() => next,
            };
            let Some((run, path)) = next else { return };
            tokio::select! {
                () = self.inner.supervisor.stopping() => return,
                () = self.begin_waiting(run, path) => {}
            }
        }
    }

    async fn begin_waiting(&self, run: RunId, path: StepPath) {
        self.inner.freeze.wait_until_thawed().await;
        let Ok(permit) = self.inner.workers.clone().acquire_owned().await else { return };
        // It may have been frozen while no worker was free.
        self.inner.freeze.wait_until_thawed().await;
        // Workers are given in order; what begins then begins side by side, so that one commit serves many.
        let engine = self.clone();
        self.inner.supervisor.spawn("begin", async move {
            // The step may have gone on by another way, or the run ended: nothing is lost. Recovery finds what is.
            if let Err(error) = engine.begin(run, &path, permit).await {
                tracing::debug!(run.id = %run, step.path = %path, %error, "a waiting attempt did not begin");
            }
        });
    }

    /// Begins an attempt with a worker that is free.
    pub(super) async fn begin(
        &self,
        run: RunId,
        path: &StepPath,
        permit: tokio::sync::OwnedSemaphorePermit,
    ) -> Result<(), SubmitError> {
        let event = Event::by_system(self.clock().now(), EventKind::AttemptBegan { path: path.clone() });
        let mut hands = Hands { permits: Permits::from([(path.clone(), permit)]), claim: None };
        let (_, jobs) = self.submit_with(run, event, &mut hands).await?;
        self.dispatch(jobs);
        Ok(())
    }
}
