//! Every task that lives longer than a request is started here, so that a stop can tell it and wait for it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The pause before a task that a fault ended is begun again, so that one which fails at once does not spin.
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(1);

/// Does work to its end; `None` if a fault of its own (a panic) broke it off, which is said in the log. Whoever asked for
/// it goes on: what is wrong with one run must not stop the others.
pub(super) fn caught<T>(name: &'static str, work: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
    // Not an `async fn`: that would have room for the work twice.
    AssertUnwindSafe(work).catch_unwind().map(move |done| {
        if done.is_err() {
            tracing::error!(
                name,
                "a fault of Standdown's own broke this work off; its place stands on standard error: please report it"
            );
        }
        done.ok()
    })
}

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

    /// Starts a task that serves until a stop is asked for. If a fault of its own ends it sooner, it is begun again.
    pub fn keep<F>(&self, name: &'static str, task: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let supervisor = self.clone();
        self.spawn(name, async move {
            while caught(name, task()).await.is_none() && supervisor.sleep(PAUSE_AFTER_FAULT).await {}
        });
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
    /// brought. `None` only if a fault of its own broke it off.
    pub async fn finish<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let work = Some(Box::pin(caught(name, work)) as Work<T>);
        Begun { work, name, supervisor: self.clone(), _awaited: self.tracker.token() }.await
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

/// What is done, and nothing if a fault broke it off.
type Work<T> = Pin<Box<dyn Future<Output = Option<T>> + Send>>;

/// Work that somebody waits for. It is done in the task of whoever waits, because a task of its own costs more than most
/// of what is done here; if they go, it goes on in one.
struct Begun<T: Send + 'static> {
    /// Nothing once it is done.
    work: Option<Work<T>>,
    name: &'static str,
    supervisor: Supervisor,
    /// A stop waits for it.
    _awaited: TaskTrackerToken,
}

impl<T: Send + 'static> Future for Begun<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        let done = std::task::ready!(work.as_mut().poll(context));
        self.work = None;
        Poll::Ready(done)
    }
}

impl<T: Send + 'static> Drop for Begun<T> {
    fn drop(&mut self) {
        // Where no runtime is left, nothing can go on.
        if let Some(work) = self.work.take().filter(|_| Handle::try_current().is_ok()) {
            tracing::debug!("whoever asked for this has gone; it is done all the same");
            self.supervisor.spawn(self.name, async move { drop(work.await) });
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn work_goes_on_and_a_stop_waits_for_it_when_whoever_asked_for_it_has_gone() {
        let supervisor = Supervisor::default();
        let (go, gate) = tokio::sync::oneshot::channel::<()>();
        let (done, mut is_done) = tokio::sync::oneshot::channel();
        let work = async move {
            gate.await.unwrap();
            done.send(7).unwrap();
        };
        let asked = supervisor.clone();
        let mut callers = JoinSet::new();
        callers.spawn(async move { asked.finish("work", work).await });
        tokio::task::yield_now().await;
        callers.abort_all();
        assert!(callers.join_next().await.unwrap().unwrap_err().is_cancelled());
        supervisor.tracker.close();
        assert!(!supervisor.tracker.is_empty() && is_done.try_recv().is_err());
        go.send(()).unwrap();
        supervisor.tracker.wait().await;
        assert_eq!(is_done.try_recv(), Ok(7));
    }

    #[tokio::test]
    async fn work_that_panicked_is_not_gone_on_with_and_whoever_waited_for_it_goes_on() {
        let supervisor = Supervisor::default();
        assert_eq!(supervisor.finish("work", async { panic!("its own fault") }).await, None::<()>);
        supervisor.tracker.close();
        supervisor.tracker.wait().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_a_fault_ended_is_begun_again_until_a_stop() {
        let supervisor = Supervisor::default();
        let begun = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counted = begun.clone();
        supervisor.keep("loop", move || {
            let times = counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            async move { assert!(times >= 2, "its own fault") }
        });
        supervisor.tracker.close();
        supervisor.tracker.wait().await;
        assert_eq!(begun.load(std::sync::atomic::Ordering::SeqCst), 3);
    }
}
