//! Runs that nobody owns: taking them over, and keeping away from those that kill whoever has them.
//!
//! A run that was taken over more than [`TAKEOVERS_MAX`] times without getting anywhere, or whose stored state can't be
//! used, is quarantined: it is shown with the reason, nobody touches it, and the others go on. Only a person releases it.

use serde_json::json;

use crate::domain::{Actor, EventKind, MessageKind, RunId};
use crate::machine::IllegalTransition;
use crate::store::{Claim, Claims, Commit, CommitError, Guard, Quarantined, ReadError, Row, Subject, Taken, Writer};

use super::Engine;
use super::playbooks::LibraryError;
use super::submit::{SubmitError, broken_off};

/// How often a run may be taken over from owners that died before it is quarantined.
pub const TAKEOVERS_MAX: u32 = 5;

/// Runs that are taken over in one go.
const BATCH: u32 = 20_000;

/// Why a run was not released.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// There is no such run.
    #[error("failed to release {0}: there is no such run")]
    NoSuchRun(RunId),
    /// It is not quarantined.
    #[error("failed to release {0}: it is not quarantined")]
    NotQuarantined(RunId),
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Whether an event shows that a run gets somewhere. What a takeover itself brings about, and what comes again and again
/// before a call that kills its caller, shows nothing.
pub(super) const fn advances(kind: &EventKind) -> bool {
    match kind {
        EventKind::AttemptEnded { .. }
        | EventKind::AttemptProved { .. }
        | EventKind::Rechecked { .. }
        | EventKind::Voted { .. }
        | EventKind::Escalated { .. }
        | EventKind::Resolved { .. }
        | EventKind::ChildEnded { .. }
        | EventKind::HoldsLifted { .. }
        | EventKind::RunCancelled { .. }
        | EventKind::RunSuperseded { .. } => true,
        EventKind::RunStarted { .. }
        | EventKind::StepAuthorized { .. }
        | EventKind::ApprovalAsked { .. }
        | EventKind::ApprovalPromoted { .. }
        | EventKind::Notified { .. }
        | EventKind::AttemptBegan { .. }
        | EventKind::AttemptPrepared { .. }
        | EventKind::AttemptChecked { .. }
        | EventKind::AttemptLost { .. }
        | EventKind::AlertJoined { .. }
        | EventKind::ChildStarted { .. }
        | EventKind::ChildRefused { .. }
        | EventKind::Ticked => false,
    }
}

/// Why a run can't be used by anybody, if an error says so.
pub(super) fn unusable(kind: Option<&EventKind>, error: &SubmitError) -> Option<String> {
    match error {
        SubmitError::Read(error @ ReadError::Damaged { .. }) => Some(error.to_string()),
        SubmitError::Playbook(error) => match error {
            LibraryError::Missing(_) | LibraryError::Broken { .. } => Some(error.to_string()),
            LibraryError::Read(error @ ReadError::Damaged { .. }) => Some(error.to_string()),
            LibraryError::Read(_) => None,
        },
        // These fit every state that the machine leads to.
        SubmitError::Illegal(error) => match kind {
            Some(EventKind::Ticked | EventKind::AttemptLost { .. }) | None => Some(illegal(error)),
            Some(_) => None,
        },
        SubmitError::NoSuchRun(_)
        | SubmitError::Read(_)
        | SubmitError::Commit(_)
        | SubmitError::NotOurs(_)
        | SubmitError::Quarantined { .. } => None,
    }
}

fn illegal(error: &IllegalTransition) -> String {
    format!("its stored state is illegal: {error}")
}

/// The reason for a quarantine after too many takeovers.
pub(super) fn taken_too_often(takeovers: u32) -> String {
    format!("its owner died {takeovers} times with a call of it under way, and it got nowhere in between")
}

/// The most quarantined runs that a start names one by one.
const TOLD_MAX: u32 = 20;

/// What lets a run go on, once what its reason names is mended.
fn go_on(run: RunId) -> String {
    format!("; mend what the reason names, then: standdown runs release {run} --reason \"...\"")
}

impl Engine {
    /// Whether a claim is this replica's, and of a run that may be touched.
    pub(super) fn owns(&self, claim: &Claim) -> bool {
        claim.quarantined.is_none() && claim.owner == Some(self.inner.store.replica())
    }

    /// Takes over every run that nobody owns; how many.
    pub async fn take_over(&self) -> u64 {
        let mut count = 0;
        while self.is_acting() {
            let taken: Vec<Taken> = match self.inner.store.take_over(BATCH).await {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::error!(%error, "runs without an owner could not be taken over; trying again later");
                    break;
                }
            };
            if taken.is_empty() {
                break;
            }
            count += taken.len() as u64;
            for run in taken.into_iter().filter(|taken| taken.takeovers > TAKEOVERS_MAX) {
                self.quarantine(run.run, taken_too_often(run.takeovers)).await;
            }
        }
        if count > 0 {
            tracing::info!(runs = count, "runs without an owner were taken over");
            self.inner.wake.ring();
        }
        count
    }

    /// Quarantines a run of this replica. If that can't be written now, whoever finds it next tries again.
    pub(super) async fn quarantine(&self, run: RunId, reason: String) {
        match self.try_quarantine(run, &reason).await {
            Ok(true) => {
                tracing::error!(run.id = %run, reason, "a run is quarantined; a person must look at it{}", go_on(run));
            }
            Ok(false) => {}
            Err(error) => tracing::error!(run.id = %run, reason, %error, "a run could not be quarantined yet"),
        }
    }

    /// Says at a start which runs nobody touches, and what lets them go on: what a former life said is in its log.
    pub(crate) async fn tell_quarantined(&self) {
        match self.inner.store.quarantined_runs(TOLD_MAX).await {
            Ok(runs) => {
                for Quarantined { run, reason, .. } in runs {
                    tracing::error!(run.id = %run, reason, "this run is still quarantined: nothing of it is done{}", go_on(run));
                }
            }
            Err(error) => tracing::error!(%error, "which runs are quarantined could not be read"),
        }
    }

    async fn try_quarantine(&self, run: RunId, reason: &str) -> Result<bool, ReleaseError> {
        let Some(claim) = self.inner.store.claim(run).await? else { return Ok(false) };
        if !self.owns(&claim) {
            return Ok(false);
        }
        let at = self.clock().now();
        let people = self.inventory().directory().fallback_people();
        let text = format!(
            "{run} is quarantined: {reason}.\n\nNothing of it is done until somebody releases it. Look at it:\n\n  \
             standdown runs show {run}\n\nLet it go on:\n\n  standdown runs release {run} --reason \"...\"\n"
        );
        let kind = MessageKind::Notice { subject: format!("Quarantined: {run}"), text };
        let messages = self.messages(&people, &kind, None, at);
        let body = json!({ "run": run, "reason": reason, "takeovers": claim.takeovers, "epoch": claim.epoch });
        let mut rows = vec![
            Row::RunQuarantined { run, reason: reason.to_owned() },
            Row::Event { subject: Subject::Daemon, at, actor: Actor::System, kind: "run_quarantined", body },
        ];
        rows.extend(messages.into_iter().map(|message| Row::Message(Box::new(message))));
        let guards = vec![Guard::Claim { run, epoch: claim.epoch }];
        match self.inner.store.commit(Commit { guards, rows }).await {
            // Somebody else has it now, or it is quarantined already.
            Err(CommitError::Conflict(_)) => return Ok(false),
            done => done?,
        }
        self.inner.posted.notify_one();
        Ok(true)
    }

    /// Lets a quarantined run go on, on a person's word. This replica takes it over at once; what was begun is finished
    /// even if the caller goes away.
    pub async fn release(&self, run: RunId, by: Actor, reason: &str) -> Result<(), ReleaseError> {
        let (engine, reason) = (self.clone(), reason.to_owned());
        let work = async move { engine.try_release(run, by, &reason).await };
        self.inner.supervisor.finish("release", work).await.unwrap_or_else(|| Err(broken_off().into()))
    }

    async fn try_release(&self, run: RunId, by: Actor, reason: &str) -> Result<(), ReleaseError> {
        let claim = self.inner.store.claim(run).await?.ok_or(ReleaseError::NoSuchRun(run))?;
        let Some(quarantined) = claim.quarantined else { return Err(ReleaseError::NotQuarantined(run)) };
        let at = self.clock().now();
        let body = json!({ "run": run, "reason": reason, "quarantined": quarantined });
        let rows = vec![
            Row::RunReleased { run },
            Row::Event { subject: Subject::Daemon, at, actor: by, kind: "run_released", body },
        ];
        let commit = Commit { guards: vec![Guard::Quarantined { run }], rows };
        match self.inner.store.commit(commit).await {
            Err(CommitError::Conflict(_)) => return Err(ReleaseError::NotQuarantined(run)),
            done => done?,
        }
        tracing::warn!(run.id = %run, reason, "a quarantined run was released");
        self.take_over().await;
        self.look_at(run).await;
        Ok(())
    }
}
