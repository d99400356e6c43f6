//! A worker makes one call after the other for one attempt, and submits what each brought.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::action::Registry;
use crate::clock::Clock;
use crate::domain::{Event, EventKind};
use crate::machine::{Call, CallResult, Phase};

use super::Engine;
use super::live::{Claim, Job};
use super::submit::{Hands, Permits};

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

impl Engine {
    /// Makes a claimed call and those that follow from it for the same step.
    pub(super) async fn work(&self, job: Job) {
        let mut next = Some(job);
        while let Some(Job { call, claim, permit }) = next.take() {
            let permit = match permit {
                // Looking for an effect may take long, and costs little: it must not keep a change waiting.
                _ if is_patient(call.phase) => None,
                Some(permit) => Some(permit),
                None => self.inner.workers.clone().acquire_owned().await.ok(),
            };
            tokio::select! {
                () = self.inner.supervisor.stopping(), if self.is_frozen() => return,
                () = self.inner.freeze.wait_until_thawed() => {}
            }
            if !self.may_still_perform(&claim).await {
                return;
            }
            let result = self.inner.performer.perform(&call, self.clock()).await;
            let kind = event_of(&call, result);
            let permits = permit.map(|permit| Permits::from([(call.path.clone(), permit)])).unwrap_or_default();
            let hands = Hands { permits, claim: Some(claim) };
            let Some(mut jobs) = self.submit_result(&call, kind, hands).await else { return };
            let same = jobs.iter().position(|job| job.call.path == call.path);
            next = same.map(|index| jobs.remove(index));
            self.dispatch(jobs);
        }
    }

    /// Waits until this replica may act. Whoever was declared dead meanwhile leaves the call to whoever has the run.
    async fn may_still_perform(&self, claim: &Claim) -> bool {
        tokio::select! {
            () = self.inner.supervisor.stopping(), if !self.is_acting() => return false,
            () = self.inner.tenure.wait_until_acting() => {}
        }
        claim.replica() == self.inner.store.replica()
    }

    /// Submits a result until it is taken: an answer that was heard is not thrown away because the disk is busy. What
    /// comes after the claim to the run was lost is written down apart.
    async fn submit_result(&self, call: &Call, kind: EventKind, mut hands: Hands) -> Option<Vec<Job>> {
        let run = call.run;
        let mut pause = Duration::from_millis(50);
        loop {
            let event = Event::by_system(self.clock().now(), kind.clone());
            match self.submit_with(run, event, &mut hands).await {
                Ok((_, jobs)) => return Some(jobs),
                Err(error) if error.is_transient() => {
                    tracing::error!(run.id = %run, %error, "a result could not be recorded; trying again");
                    if !self.inner.supervisor.sleep(pause).await {
                        return None;
                    }
                    pause = (pause * 2).min(RESUBMIT_PAUSE_MAX);
                }
                Err(error) => {
                    tracing::warn!(run.id = %run, event.kind = kind.as_str(), %error, "a result came too late");
                    self.keep_late(call, &kind, hands).await;
                    return None;
                }
            }
        }
    }

    /// Writes a late reply down, as often as it takes.
    async fn keep_late(&self, call: &Call, kind: &EventKind, hands: Hands) {
        let Some(claim) = hands.claim else { return };
        let mut pause = Duration::from_millis(50);
        while let Err(error) = self.record_late(call, &claim, kind).await {
            tracing::error!(run.id = %call.run, %error, "a late reply could not be written down; trying again");
            if !self.inner.supervisor.sleep(pause).await {
                return;
            }
            pause = (pause * 2).min(RESUBMIT_PAUSE_MAX);
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
