//! A worker makes one call after the other for one attempt, and submits what each brought.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::action::Registry;
use crate::clock::Clock;
use crate::domain::{Event, EventKind, RunId, StepPath};
use crate::machine::{Call, CallResult, Phase};

use super::Engine;
use super::submit::Permits;

/// The longest pause before a result is submitted again.
const RESUBMIT_PAUSE_MAX: Duration = Duration::from_secs(5);

/// Whoever makes calls to the world outside. One implementation is real; the tests have others.
pub trait Performer: Send + Sync {
    /// Makes a call. Never panics; ends within the call's own time.
    fn perform<'a>(
        &'a self,
        call: &'a Call,
        clock: &'a dyn Clock,
    ) -> Pin<Box<dyn Future<Output = CallResult> + Send + 'a>>;
}

impl Performer for Registry {
    fn perform<'a>(
        &'a self,
        call: &'a Call,
        clock: &'a dyn Clock,
    ) -> Pin<Box<dyn Future<Output = CallResult> + Send + 'a>> {
        Box::pin(Registry::perform(self, call, clock))
    }
}

/// The attempts that this process makes now. What is under way in the store and not here was lost.
#[derive(Default)]
pub(super) struct Live(Mutex<HashSet<(RunId, StepPath)>>);

impl Live {
    /// Claims an attempt; `false` if somebody here makes it already.
    pub fn claim(&self, run: RunId, path: &StepPath) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((run, path.clone()))
    }

    pub fn release(&self, run: RunId, path: &StepPath) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(run, path.clone()));
    }

    pub fn contains(&self, run: RunId, path: &StepPath) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&(run, path.clone()))
    }
}

impl Engine {
    /// Makes a claimed call and those that follow from it for the same step.
    pub(super) async fn work(&self, call: Call, permit: Option<OwnedSemaphorePermit>) {
        let (run, path) = (call.run, call.path.clone());
        let mut held = permit;
        let mut next = Some(call);
        while let Some(call) = next.take() {
            if is_patient(call.phase) {
                // Looking for an effect may take long, and costs little: it must not keep a change waiting.
                held = None;
            } else if held.is_none() {
                held = self.inner.workers.clone().acquire_owned().await.ok();
            }
            if call.phase == Phase::Send {
                self.inner.freeze.wait_until_thawed().await;
            }
            let result = self.inner.performer.perform(&call, self.clock()).await;
            let kind = event_of(&call, result);
            let permits = held.take().map(|permit| Permits::from([(path.clone(), permit)])).unwrap_or_default();
            let Some((calls, mut permits)) = self.submit_result(run, kind, permits).await else { break };
            held = permits.remove(&path);
            let mut others = Vec::new();
            for call in calls {
                if call.path == path && next.is_none() { next = Some(call) } else { others.push(call) }
            }
            self.dispatch(others, permits);
        }
        self.inner.live.release(run, &path);
    }

    /// Submits a result until it is taken: an answer that was heard is not thrown away because the disk is busy.
    async fn submit_result(&self, run: RunId, kind: EventKind, permits: Permits) -> Option<(Vec<Call>, Permits)> {
        let mut permits = Some(permits);
        let mut pause = Duration::from_millis(50);
        loop {
            let event = Event::by_system(self.clock().now(), kind.clone());
            match self.submit_with(run, event, permits.take().unwrap_or_default()).await {
                Ok((_, calls, permits)) => return Some((calls, permits)),
                Err(error) if error.is_transient() => {
                    tracing::error!(run.id = %run, %error, "a result could not be recorded; trying again");
                    if !self.inner.supervisor.sleep(pause).await {
                        return None;
                    }
                    pause = (pause * 2).min(RESUBMIT_PAUSE_MAX);
                }
                Err(error) => {
                    tracing::warn!(run.id = %run, event.kind = kind.as_str(), %error, "a result came too late");
                    return None;
                }
            }
        }
    }
}

/// Whether a phase only waits and looks.
const fn is_patient(phase: Phase) -> bool {
    match phase {
        Phase::Prove { .. } | Phase::Recheck => true,
        Phase::Prepare | Phase::Send | Phase::Check => false,
    }
}

fn event_of(call: &Call, result: CallResult) -> EventKind {
    let path = call.path.clone();
    match result {
        CallResult::Prepared { baseline, snapshot } => EventKind::AttemptPrepared { path, baseline, snapshot },
        CallResult::Ended(outcome) => EventKind::AttemptEnded { path, outcome },
        CallResult::Checked { applied, detail } => EventKind::AttemptChecked { path, applied, detail },
        CallResult::Proved(proof) if call.phase == Phase::Recheck => EventKind::Rechecked { path, proof },
        CallResult::Proved(proof) => EventKind::AttemptProved { path, proof },
    }
}
