//! From committed calls to workers: each call gets a worker, and steps that found none free wait in a queue.

use tokio::sync::mpsc;

use crate::domain::{Event, EventKind, RunId, StepPath};
use crate::machine::Call;

use super::Engine;
use super::submit::Permits;

impl Engine {
    /// Gives each call to a worker.
    pub(super) fn dispatch(&self, calls: Vec<Call>, mut permits: Permits) {
        for call in calls {
            let permit = permits.remove(&call.path);
            if !self.inner.live.claim(call.run, &call.path) {
                continue;
            }
            let engine = self.clone();
            self.inner.supervisor.spawn("worker", async move { engine.work(call, permit).await });
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
        let event = Event::by_system(self.clock().now(), EventKind::AttemptBegan { path: path.clone() });
        match self.submit_with(run, event, Permits::from([(path.clone(), permit)])).await {
            Ok((_, calls, permits)) => self.dispatch(calls, permits),
            // The step went on by another way, or the run ended: nothing is lost. Recovery finds what is.
            Err(error) => tracing::debug!(run.id = %run, step.path = %path, %error, "a waiting attempt did not begin"),
        }
    }
}
