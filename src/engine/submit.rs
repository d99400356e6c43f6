//! The one door by which a run changes: load, ask the machine, commit, and only then act.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::domain::{Event, EventKind, Run, RunId, StepPath};
use crate::machine::IllegalTransition;
use crate::store::{ClaimedRun, Claims, Commit, CommitError, ReadError, Row};

use super::Engine;
use super::budget::Place;
use super::draft::Draft;
use super::live::{Claim, Job};
use super::playbooks::LibraryError;
use super::supervisor::caught;
use super::takeover::{TAKEOVERS_MAX, advances, unusable};

/// How often a lost race is decided again.
const CONFLICTS_MAX: u32 = 3;

/// Why an event was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SubmitError {
    /// There is no such run.
    #[error("failed to change {0}: there is no such run")]
    NoSuchRun(RunId),
    /// The event does not fit the run's state.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The run's playbook version can't be used.
    #[error(transparent)]
    Playbook(#[from] LibraryError),
    /// What is stored could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The change could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Another replica performs for the run, or the run is at another attempt by now.
    #[error("failed to perform for {0}: another replica has it now, or it went on without this call")]
    NotOurs(RunId),
    /// Nobody touches the run.
    #[error("failed to change {run}: it is quarantined: {reason}; release it with `standdown runs release {run}`")]
    Quarantined {
        /// The run.
        run: RunId,
        /// Why.
        reason: String,
    },
}

impl SubmitError {
    /// Whether the same event may be taken later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::NoSuchRun(_) | Self::Illegal(_) | Self::NotOurs(_) | Self::Quarantined { .. } => false,
            Self::Playbook(_) | Self::Read(_) => true,
            Self::Commit(error) => !matches!(error, CommitError::TooLarge { .. }),
        }
    }

    /// That the database did not answer, if that is why. It says nothing of the run: ask again later.
    #[must_use]
    pub const fn unread(&self) -> Option<&ReadError> {
        match self {
            Self::Read(error @ ReadError::Unavailable { .. })
            | Self::Playbook(LibraryError::Read(error @ ReadError::Unavailable { .. })) => Some(error),
            _ => None,
        }
    }
}

pub(super) type Permits = BTreeMap<StepPath, OwnedSemaphorePermit>;

/// What a worker brings to its next submission. The claim is let go only by a commit: a result that could not be recorded
/// yet is still that worker's.
#[derive(Default)]
pub(super) struct Hands {
    /// Free workers, by the step that they are for.
    pub permits: Permits,
    /// The call that the result is of.
    pub claim: Option<Claim>,
}

impl Engine {
    /// Submits an event to a run; when this returns, it is on disk, the gate follows it, and its calls are under way.
    /// What was begun is finished even if the caller goes away: memory never stays behind the disk.
    pub async fn submit(&self, run: RunId, event: Event) -> Result<Run, SubmitError> {
        let engine = self.clone();
        let work = async move {
            let (run, jobs) = engine.submit_with(run, event, &mut Hands::default()).await?;
            engine.dispatch(jobs);
            Ok(run)
        };
        self.inner.supervisor.finish("submit", work).await.unwrap_or_else(|| Err(broken_off().into()))
    }

    /// Submits an event, and gives its calls back instead of making them.
    pub(super) async fn submit_with(
        &self,
        id: RunId,
        event: Event,
        hands: &mut Hands,
    ) -> Result<(Run, Vec<Job>), SubmitError> {
        let changed = self.submit_if(id, event, hands, |_, _| true).await?;
        changed.ok_or(SubmitError::NoSuchRun(id))
    }

    /// Submits an event if the run, read under its lock, still is as it should be; the question comes with the epoch under
    /// which this replica performs for it, if it does.
    pub(super) async fn submit_if(
        &self,
        id: RunId,
        event: Event,
        hands: &mut Hands,
        wanted: impl Fn(&Run, Option<u64>) -> bool,
    ) -> Result<Option<(Run, Vec<Job>)>, SubmitError> {
        let kind = event.kind.clone();
        let submitted = caught("submit", self.submit_locked(id, event, hands, wanted)).await;
        let submitted = submitted.unwrap_or_else(|| {
            tracing::error!(run.id = %id, event.kind = kind.as_str(), "a fault of Standdown's own kept an event from a run");
            Err(broken_off().into())
        });
        if let Some(reason) = submitted.as_ref().err().and_then(|error| unusable(Some(&kind), error)) {
            self.quarantine(id, reason).await;
        }
        submitted
    }

    async fn submit_locked(
        &self,
        id: RunId,
        event: Event,
        hands: &mut Hands,
        wanted: impl Fn(&Run, Option<u64>) -> bool,
    ) -> Result<Option<(Run, Vec<Job>)>, SubmitError> {
        let _lock = self.inner.locks.lock(&id).await;
        let mut conflicts = 0;
        let mut known = self.inner.known.take(id).filter(|known| self.may_go_on(known, &event.kind, hands));
        loop {
            let mut draft = if let Some(known) = known.take() {
                match self.draft_from(known, &event, hands, &wanted).await {
                    Ok(Some(draft)) => draft,
                    // What was remembered decides nothing: the run may have gone on elsewhere.
                    Ok(None) | Err(_) => continue,
                }
            } else {
                let stored = self.inner.store.claimed_run(id).await?.ok_or(SubmitError::NoSuchRun(id))?;
                let Some(draft) = self.draft_from(stored, &event, hands, &wanted).await? else { return Ok(None) };
                draft
            };
            if !draft.stops.is_empty() {
                Box::pin(self.add_stopped(&mut draft)).await?;
            }
            let mut children = draft.take_children();
            let claims = self.claims(&draft, hands.claim.as_ref());
            let theirs: Vec<Vec<Claim>> = children.iter().map(|child| self.claims(child, None)).collect();
            let mut commit = Commit::default();
            for part in std::iter::once(&mut draft).chain(&mut children) {
                let (guards, rows) = part.commit_parts();
                commit.guards.extend(guards);
                commit.rows.extend(rows);
            }
            match self.write(commit).await {
                Ok(()) => {
                    let (run, mut jobs) = self.committed(draft, claims, hands.claim.take());
                    for (child, claims) in children.into_iter().zip(theirs) {
                        jobs.extend(self.committed(child, claims, None).1);
                    }
                    return Ok(Some((run, jobs)));
                }
                Err(CommitError::Conflict(_)) if conflicts < CONFLICTS_MAX => {
                    conflicts += 1;
                    hands.permits = std::mem::take(&mut draft.permits);
                    drop(draft);
                    tokio::time::sleep(Duration::from_millis(u64::from(conflicts))).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The draft of an event of a run as it was read or remembered; `None` if the run is not as it should be.
    async fn draft_from(
        &self,
        ClaimedRun { run, mut claim }: ClaimedRun,
        event: &Event,
        hands: &mut Hands,
        wanted: &impl Fn(&Run, Option<u64>) -> bool,
    ) -> Result<Option<Draft>, SubmitError> {
        let id = run.id;
        let epoch = self.standing_to(id, &claim, &event.kind, hands)?;
        if !wanted(&run, epoch) {
            return Ok(None);
        }
        if hands.claim.as_ref().is_some_and(|held| held.is_outdated(&run)) {
            return Err(SubmitError::NotOurs(id));
        }
        let playbook = self.inner.library.of_run(&self.inner.store, &run).await?;
        let mut draft = self.draft_event(&playbook, run, event.clone(), &mut hands.permits, epoch)?;
        if epoch.is_some() && claim.takeovers > 0 && advances(&event.kind) {
            draft.rows.push(Row::RunAdvanced { run: id });
            claim.takeovers = 0;
        }
        draft.claim = Some(claim);
        Ok(Some(draft))
    }

    /// Whether an event may be submitted to a run as this process remembers it: only where the commit asks for the claim
    /// under which it was remembered.
    fn may_go_on(&self, known: &ClaimedRun, kind: &EventKind, hands: &Hands) -> bool {
        let fenced = match says(kind) {
            Says::Answer | Says::Order => true,
            Says::Fact => false,
        };
        fenced && self.standing_to(known.run.id, &known.claim, kind, hands).is_ok()
    }

    /// The epoch under which this replica performs for the run from here on, if it does. What only its owner may say is
    /// refused to everybody else; what a person says is taken anywhere, and left to the owner to act on.
    pub(super) fn standing_to(
        &self,
        id: RunId,
        claim: &crate::store::Claim,
        kind: &EventKind,
        hands: &Hands,
    ) -> Result<Option<u64>, SubmitError> {
        if let Some(reason) = &claim.quarantined {
            return Err(SubmitError::Quarantined { run: id, reason: reason.clone() });
        }
        let ours = self.owns(claim) && claim.takeovers <= TAKEOVERS_MAX;
        let under_way = hands.claim.as_ref().is_none_or(|held| held.epoch() == claim.epoch);
        // An answer that was heard is recorded even by a replica that must not begin anything: the guard decides.
        let may = match says(kind) {
            Says::Answer => ours && under_way,
            Says::Order => ours && self.is_acting(),
            Says::Fact => return Ok((ours && self.is_acting()).then_some(claim.epoch)),
        };
        if may { Ok(Some(claim.epoch)) } else { Err(SubmitError::NotOurs(id)) }
    }

    /// Claims the calls of a draft before they are committed, except those that `held` covers already.
    pub(super) fn claims(&self, draft: &Draft, held: Option<&Claim>) -> Vec<Claim> {
        let Some(epoch) = draft.epoch else { return Vec::new() };
        let replica = self.inner.store.replica();
        let others = draft.calls.iter().filter(|call| held.is_none_or(|held| !held.covers(call)));
        others.filter_map(|call| self.inner.live.claim(call, epoch, replica)).collect()
    }

    /// Lets memory follow a commit: the gate first, then timers, messages and alerts of our own.
    pub(super) fn committed(&self, mut draft: Draft, claims: Vec<Claim>, held: Option<Claim>) -> (Run, Vec<Job>) {
        draft.places.iter_mut().for_each(Place::keep);
        for mut seat in std::mem::take(&mut draft.seats) {
            seat.keep_if_asked(&draft.run.approvals);
        }
        self.follow_bundles(&draft);
        if draft.epoch.is_none() {
            // Its owner finds what is to be done; a call of an attempt that nobody makes was lost, and is made again.
            draft.calls.clear();
            draft.waiting.clear();
            // The owner hears of it. This replica may have taken the run over since the claim was read.
            let (engine, id) = (self.clone(), draft.run.id);
            self.inner.supervisor.spawn("look", async move {
                engine.look_at(id).await;
            });
        }
        if let Some(claim) = draft.claim.take().filter(|_| draft.goes_on()) {
            self.inner.known.keep(ClaimedRun { run: draft.run.clone(), claim });
        }
        let jobs = jobs(&mut draft, claims.into_iter().chain(held).collect());
        if !draft.placed.is_empty() || !draft.lifted.is_empty() {
            self.inner.holds.change(draft.placed, &draft.lifted);
            self.refresh_gate();
        }
        log(&draft.run, &draft.events);
        if draft.was_open && draft.run.status.is_finished() {
            self.tell_parent(&draft.run);
        }
        if draft.bears && draft.epoch.is_some() {
            self.bear(draft.run.id);
        }
        if let Some(at) = draft.run.wake_at() {
            self.inner.wake.at(at);
        }
        if draft.posts {
            self.inner.posted.notify_one();
        }
        for path in draft.waiting {
            // The queue ends only with the daemon; recovery finds what was not queued.
            self.inner.waiting.send((draft.run.id, path)).unwrap_or_default();
        }
        for alert in draft.alerts {
            self.inner.system_alerts.send(alert).unwrap_or_default();
        }
        (draft.run, jobs)
    }
}

/// By what right an event is said of a run.
enum Says {
    /// Whoever performs for the run heard it of a call.
    Answer,
    /// Whoever performs for the run makes it go on.
    Order,
    /// People and alerts say it; anybody may pass it on.
    Fact,
}

const fn says(kind: &EventKind) -> Says {
    match kind {
        EventKind::AttemptPrepared { .. }
        | EventKind::AttemptEnded { .. }
        | EventKind::AttemptChecked { .. }
        | EventKind::AttemptProved { .. }
        | EventKind::Rechecked { .. } => Says::Answer,
        EventKind::StepAuthorized { .. }
        | EventKind::ApprovalAsked { .. }
        | EventKind::Notified { .. }
        | EventKind::AttemptBegan { .. }
        | EventKind::AttemptLost { .. }
        | EventKind::ChildStarted { .. }
        | EventKind::ChildRefused { .. }
        | EventKind::Ticked => Says::Order,
        EventKind::RunStarted { .. }
        | EventKind::Voted { .. }
        | EventKind::ApprovalPromoted { .. }
        | EventKind::Escalated { .. }
        | EventKind::AlertJoined { .. }
        | EventKind::Resolved { .. }
        | EventKind::ChildEnded { .. }
        | EventKind::HoldsLifted { .. }
        | EventKind::RunCancelled { .. }
        | EventKind::RunSuperseded { .. } => Says::Fact,
    }
}

fn log(run: &Run, events: &[Event]) {
    // One line a commit: what an event led to by itself stands behind it, in order.
    let Some(first) = events.first() else { return };
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    tracing::info!(
        run.id = %run.id,
        run.status = run.status.as_str(),
        agent.id = %run.agent.id,
        playbook.name = %run.playbook,
        event.kinds = kinds.join(","),
        event.actor = %first.actor,
        "run changed"
    );
}

/// The answer to whoever asks for a change that a fault of ours broke off. What was committed by then stands.
pub(super) fn broken_off() -> CommitError {
    CommitError::Unavailable("a fault of Standdown's own broke it off, and the log says where".to_owned())
}

/// Each call with its claim and its worker. A claim that no call is left for is let go.
fn jobs(draft: &mut Draft, mut claims: Vec<Claim>) -> Vec<Job> {
    let mut jobs = Vec::with_capacity(draft.calls.len());
    for call in std::mem::take(&mut draft.calls) {
        let Some(index) = claims.iter().position(|claim| claim.covers(&call)) else {
            tracing::debug!(run.id = %call.run, step.path = %call.path, "this call is being made already");
            continue;
        };
        let claim = claims.swap_remove(index);
        let permit = draft.permits.remove(&call.path);
        jobs.push(Job { call, claim, permit });
    }
    jobs
}
