//! A worker makes one call after the other for one attempt, and submits what each brought.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::action::Registry;
use crate::clock::Clock;
use crate::domain::{Event, EventKind};
use crate::machine::{Call, CallResult, Phase};
use crate::store::{Claims as _, CommitError};

use super::live::{Claim, Job};
use super::submit::{Hands, Permits, SubmitError};
use super::{Engine, brief};

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
            let mut waited = false;
            let permit = match permit {
                // Looking for an effect may take long, and costs little: it must not keep a change waiting.
                _ if is_patient(call.phase) => None,
                Some(permit) => Some(permit),
                None => {
                    waited = true;
                    self.inner.workers.clone().acquire_owned().await.ok()
                }
            };
            if !self.may_still_perform(&call, &claim, waited).await {
                return;
            }
            let result = self.inner.performer.perform(&call, self.clock()).await;
            let kind = event_of(&call, result);
            let permits = permit.map(|permit| Permits::from([(call.path.clone(), permit)])).unwrap_or_default();
            let hands = Hands { permits, claim: Some(claim) };
            let Some(mut jobs) = self.submit_result(&call, kind, hands).await else { return };
            let same = jobs.iter().position(|job| job.call.run == call.run && job.call.path == call.path);
            next = same.map(|index| jobs.remove(index));
            self.dispatch(jobs);
        }
    }

    /// Waits until nothing is frozen and this replica may act, and whether the call is still its to make: whoever `waited`
    /// asks, because meanwhile the run may have been taken over, or quarantined and released under another epoch.
    async fn may_still_perform(&self, call: &Call, claim: &Claim, mut waited: bool) -> bool {
        loop {
            waited |= self.is_frozen() || !self.is_acting();
            tokio::select! {
                () = self.inner.supervisor.stopping(), if self.is_frozen() => return false,
                () = self.inner.freeze.wait_until_thawed() => {}
            }
            tokio::select! {
                () = self.inner.supervisor.stopping(), if !self.is_acting() => return false,
                () = self.inner.tenure.wait_until_acting() => {}
            }
            // While one was waited for, the other may have changed.
            if self.is_frozen() || !self.is_acting() {
                continue;
            }
            if claim.replica() != self.inner.store.replica() {
                return false;
            }
            if !waited {
                return true;
            }
            match self.inner.store.claim(call.run).await {
                Ok(now) => {
                    let ours = now.is_some_and(|now| self.owns(&now) && now.epoch == claim.epoch());
                    if !ours || (!self.is_frozen() && self.is_acting()) {
                        return ours;
                    }
                }
                Err(error) => {
                    tracing::error!(run.id = %call.run, %error, "whether a call is still ours could not be read; trying again");
                    if !self.inner.supervisor.sleep(RESUBMIT_PAUSE_MAX / 5).await {
                        return false;
                    }
                }
            }
        }
    }

    /// Submits a result until it is taken: an answer that was heard is not thrown away because the disk is busy. What
    /// comes after the claim to the run was lost is written down apart.
    async fn submit_result(&self, call: &Call, mut kind: EventKind, mut hands: Hands) -> Option<Vec<Job>> {
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
                Err(SubmitError::Commit(CommitError::TooLarge { .. })) if let Some(less) = brief::smaller(&kind) => {
                    tracing::error!(run.id = %run, event.kind = kind.as_str(), "a result is larger than can be kept; it is cut");
                    kind = less;
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

/// The fact that the result of a call is.
#[must_use]
pub fn event_of(call: &Call, result: CallResult) -> EventKind {
    let path = call.path.clone();
    match result {
        CallResult::Prepared { baseline, snapshot } => EventKind::AttemptPrepared { path, baseline, snapshot },
        CallResult::Ended(outcome) => EventKind::AttemptEnded { path, outcome },
        CallResult::Checked { applied, detail } => EventKind::AttemptChecked { path, applied, detail },
        CallResult::Proved(proof) if call.phase == Phase::Recheck => EventKind::Rechecked { path, proof },
        CallResult::Proved(proof) => EventKind::AttemptProved { path, proof },
    }
}
