//! Every task that lives longer than a request is started here, so that a stop can tell it and wait for it.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts tasks, tells them to stop, waits for them.
#[derive(Clone, Debug, Default)]
pub struct Supervisor {
    tracker: TaskTracker,
    stop: CancellationToken,
    end: CancellationToken,
}

impl Supervisor {
    /// Starts a task. A task that has nothing left to lose should end when [`Supervisor::stopping`] is ready.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        use tracing::Instrument as _;
        self.tracker.spawn(task.instrument(tracing::debug_span!("task", name)));
    }

    /// Starts a task that goes on while the others are stopped, and is torn down at the very end ([`Supervisor::end`]).
    /// Nobody waits for it.
    pub fn spawn_to_the_end(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        use tracing::Instrument as _;
        let end = self.end.clone();
        let task = async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = task => {}
            }
        };
        // A tracker of its own, because nobody waits for this task.
        TaskTracker::new().spawn(task.instrument(tracing::debug_span!("task", name)));
    }

    /// Ends what was to go on to the end.
    pub fn end(&self) {
        self.end.cancel();
    }

    /// Runs work to its end even if whoever asked for it goes away meanwhile (a caller hangs up), and gives back what it
    /// brought. `None` only if the work itself was torn down.
    pub async fn finish<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.spawn(name, async move {
            if sender.send(work.await).is_err() {
                tracing::debug!("whoever asked for this has gone; it is done all the same");
            }
        });
        receiver.await.ok()
    }

    /// Ready as soon as a stop was asked for.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The token behind it, for servers that take one.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Sleeps, unless a stop is asked for first; whether it slept to the end.
    pub async fn sleep(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }

    /// Asks all tasks to stop and waits for them, at most `drain`. Whether all of them ended.
    pub async fn stop(&self, drain: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(drain, self.tracker.wait()).await.is_ok()
    }
}
