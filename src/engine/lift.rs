//! Holds that people lift by hand.
//!
//! A hold that a run placed is part of that run's story, and often of a question that it asks people. So lifting one is an
//! event of the run, in the same commit as the row: the timeline says who did it and why, and a request about it is
//! withdrawn. And it is no way around that request: whoever could not decide it alone by voting can't do by hand what it
//! asks about.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{
    Actor, AgentId, Approval, Assurance, Decision, Event, EventKind, Hold, HoldCause, HoldId, Run, RunId,
};
use crate::store::{Approvals, ClaimedRun, Claims, Commit, CommitError, Guard, ReadError, ReadModel, Row, RunLog};

use super::Engine;
use super::draft::{Draft, hold_event};
use super::electorate;
use super::holds::HoldError;
use super::submit::{Hands, SubmitError, broken_off};

/// How often a lost race is decided again.
const CONFLICTS_MAX: u32 = 3;

/// Runs of one incident that are looked through for one that took a hold over.
const RUNS_MAX: u32 = 1000;

impl Engine {
    /// Lifts every hold on an agent for a person, with a reason. Holds that people placed anybody may lift; of a hold that a
    /// run placed and that an open request is about, only whoever could decide that request alone.
    pub async fn lift_holds(&self, agent: &AgentId, by: &Actor, reason: &str) -> Result<Vec<Hold>, HoldError> {
        if reason.trim().is_empty() {
            return Err(HoldError::ReasonMissing);
        }
        let (engine, agent, by, reason) = (self.clone(), agent.clone(), by.clone(), reason.trim().to_owned());
        let work = async move {
            let mut conflicts = 0;
            loop {
                match engine.lift_now(&agent, &by, &reason).await {
                    Err(HoldError::Commit(CommitError::Conflict(_))) if conflicts < CONFLICTS_MAX => {
                        conflicts += 1;
                        // Somebody else may have lifted one of them, on another replica: memory is behind what is stored.
                        engine.reread().await;
                        tokio::time::sleep(Duration::from_millis(u64::from(conflicts))).await;
                    }
                    result => return result,
                }
            }
        };
        self.inner.supervisor.finish("holds", work).await.unwrap_or_else(|| Err(broken_off().into()))
    }

    async fn lift_now(&self, agent: &AgentId, by: &Actor, reason: &str) -> Result<Vec<Hold>, HoldError> {
        let holds = self.holds_on(agent);
        if holds.is_empty() {
            return Err(HoldError::NotHeld(agent.clone()));
        }
        let runs = self.runs_of_holds(&holds).await?;
        let _locks = self.inner.locks.lock_all(runs.iter()).await;
        let mut drafts = Vec::new();
        for run in &runs {
            drafts.extend(self.draft_of_lift(*run, &holds, by, reason).await?);
        }
        let at = self.clock().now();
        let mut commit = Commit::default();
        for hold in &holds {
            commit.guards.push(Guard::HoldStands { hold: hold.id });
            commit.rows.push(Row::HoldLifted { hold: hold.id, at, by: by.clone(), reason: reason.to_owned() });
            commit.rows.push(hold_event(hold, "hold_lifted", at, by.clone()));
        }
        self.write_drafts(commit, drafts).await?;
        let lifted: Vec<HoldId> = holds.iter().map(|hold| hold.id).collect();
        self.inner.holds.change(Vec::new(), &lifted);
        self.refresh_gate();
        Ok(holds)
    }

    /// The runs that placed these holds, and those of their incidents that took one over.
    async fn runs_of_holds(&self, holds: &[Hold]) -> Result<BTreeSet<RunId>, HoldError> {
        let mut runs = BTreeSet::new();
        let mut incidents = BTreeSet::new();
        for hold in holds {
            let HoldCause::Run { run, .. } = &hold.cause else {
                if hold.cause == HoldCause::Unreadable {
                    runs.extend(self.runs_that_ask(hold).await?);
                }
                continue;
            };
            runs.insert(*run);
            if let Some(run) = self.readable(*run).await? {
                incidents.insert(run.incident);
            }
        }
        let ids: BTreeSet<HoldId> = holds.iter().map(|hold| hold.id).collect();
        for incident in incidents {
            let summaries = self.inner.store.runs(Some(incident), RUNS_MAX).await?;
            // One that is over asks nobody, and nothing of a hold that it took over changes in it.
            for summary in summaries.into_iter().filter(|summary| summary.ended_at.is_none()) {
                let Some(run) = self.readable(summary.id).await? else { continue };
                if run.inherits.iter().any(|hold| ids.contains(hold)) {
                    runs.insert(run.id);
                }
            }
        }
        Ok(runs)
    }

    /// The runs that ask people whether a hold may be lifted, of which nobody can say any more who placed it.
    async fn runs_that_ask(&self, hold: &Hold) -> Result<Vec<RunId>, HoldError> {
        let pending = self.inner.store.approvals(true, RUNS_MAX).await?.into_iter();
        Ok(pending.filter(|(_, request)| request.would_lift(hold.id)).map(|(run, _)| run).collect())
    }

    /// A run, unless it was forgotten or can't be understood any more: then it asks nobody, and holds nothing up.
    async fn readable(&self, id: RunId) -> Result<Option<Run>, HoldError> {
        match self.inner.store.run(id).await {
            Ok(run) => Ok(run),
            Err(ReadError::Damaged { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What a run hears of it; nothing, if nobody can tell it anything. Its own lock is held.
    async fn draft_of_lift(
        &self,
        id: RunId,
        holds: &[Hold],
        by: &Actor,
        reason: &str,
    ) -> Result<Option<Draft>, HoldError> {
        drop(self.inner.known.take(id));
        let stored = match self.inner.store.claimed_run(id).await {
            Ok(Some(stored)) => stored,
            Ok(None) | Err(ReadError::Damaged { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let ids: Vec<HoldId> = holds.iter().map(|hold| hold.id).collect();
        if let Some(request) = self.in_the_way(&stored.run, &ids, by) {
            return Err(HoldError::AwaitsDecision {
                agent: stored.run.agent.id.clone(),
                run: id,
                approval: request.id,
                asked: request.people.clone(),
                needed: request.quorums.iter().map(|quorum| quorum.approve).filter(|n| *n > 0).min().unwrap_or(1),
            });
        }
        let theirs = |hold: &&Hold| {
            let placed = match &hold.cause {
                HoldCause::Run { run, .. } => *run == id,
                HoldCause::Unreadable => about(&stored.run, &[hold.id]).next().is_some(),
                HoldCause::Person => false,
            };
            placed || stored.run.inherits.contains(&hold.id)
        };
        let holds: Vec<HoldId> = holds.iter().filter(theirs).map(|hold| hold.id).collect();
        let kind = EventKind::HoldsLifted { holds, reason: reason.to_owned() };
        match self.draft_told(stored, Event { at: self.clock().now(), actor: by.clone(), kind }).await {
            Ok(draft) => Ok(Some(draft)),
            Err(SubmitError::Commit(error)) => Err(error.into()),
            Err(SubmitError::Read(error @ ReadError::Unavailable { .. })) => Err(error.into()),
            Err(error) => {
                tracing::error!(run.id = %id, %error, "a hold is lifted by hand, and its run could not be told");
                Ok(None)
            }
        }
    }

    async fn draft_told(&self, stored: ClaimedRun, event: Event) -> Result<Draft, SubmitError> {
        let epoch = self.standing_to(stored.run.id, &stored.claim, &event.kind, &Hands::default())?;
        let playbook = self.inner.library.of_run(&self.inner.store, &stored.run).await?;
        Ok(self.draft_event(&playbook, stored.run, event, &mut std::collections::BTreeMap::new(), epoch)?)
    }

    /// The open request about these holds that this actor could not decide alone.
    fn in_the_way<'a>(&self, run: &'a Run, holds: &[HoldId], by: &Actor) -> Option<&'a Approval> {
        about(run, holds).find(|approval| !self.decides_alone(run, approval, by))
    }

    fn decides_alone(&self, run: &Run, approval: &Approval, by: &Actor) -> bool {
        let Actor::Person { id, assurance } = by else { return false };
        let eligible = electorate::eligible(self.inventory().directory(), approval, run.agent.owner.as_ref());
        let may = approval.people.contains(id) && eligible.contains(id) && is_sure(*assurance, approval.identity);
        may && approval.decided_by(id, &eligible) == Some(Decision::Approved)
    }
}

/// The open requests of a run which decide about any of these holds.
fn about<'a>(run: &'a Run, holds: &[HoldId]) -> impl Iterator<Item = &'a Approval> {
    let pending = run.approvals.values().filter(|approval| approval.status == ApprovalStatus::Pending);
    pending.filter(move |approval| holds.iter().any(|hold| approval.would_lift(*hold)))
}

fn is_sure(given: Assurance, wanted: Assurance) -> bool {
    given >= wanted
}
