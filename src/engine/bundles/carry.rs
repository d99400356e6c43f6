//! Carries a decision about a list of requests to each of them.
//!
//! The decision is on disk with the first of the list, and names the others with their plans. Each gets it as the vote of
//! the same person, in a commit of its own run, where the machine checks it as it checks any vote; one that has it
//! already refuses it. So this can be done again at any time, and goes on after a crash where it was left.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt as _};

use crate::domain::approval::ApprovalStatus;
use crate::domain::{Actor, ApprovalId, Event, EventKind, Joint, RunId};
use crate::store::{Approvals as _, BundledApproval, ReadError};

use super::super::Engine;
use super::super::submit::SubmitError;

/// Runs that are told at once.
const PARALLEL_MAX: usize = 16;

/// Whom the decisions of a bundle reached.
#[derive(Debug, Default)]
pub struct Carried {
    /// How many requests took theirs.
    pub told: u64,
    /// The runs that a decision is still on its way to, because something went wrong.
    pub left: BTreeSet<RunId>,
}

impl Engine {
    /// Carries the decisions of a bundle to all that they are about, now.
    pub async fn carry_bundle(&self, first: ApprovalId) -> Result<Carried, ReadError> {
        let bundle = self.inner.store.bundle(first).await?;
        let (engine, runs) = (self.clone(), bundle.iter().map(|request| request.run).collect());
        // Whoever decided may hang up; those that they decided about are told all the same.
        let work = async move { engine.carry(&bundle).await };
        let carried = self.inner.supervisor.finish("carry", work).await;
        Ok(carried.unwrap_or(Carried { told: 0, left: runs }))
    }

    /// Carries the decisions of a bundle to those that wait for them.
    pub(super) async fn carry(&self, bundle: &[BundledApproval]) -> Carried {
        let waiting = bundle.iter().filter(|request| request.approval.status == ApprovalStatus::Pending);
        let due = waiting.filter_map(|request| {
            let (actor, kind) = vote(request, request.decided_with(bundle)?)?;
            Some((request.run, request.approval.id, actor, kind))
        });
        let due: Vec<(RunId, ApprovalId, Actor, EventKind)> = due.collect();
        let told = stream::iter(due).map(|(run, approval, actor, kind)| self.carry_to(run, approval, actor, kind));
        let told: Vec<Result<u64, RunId>> = told.buffer_unordered(PARALLEL_MAX).collect().await;
        let left = told.iter().filter_map(|told| told.as_ref().err().copied()).collect();
        Carried { told: told.into_iter().flatten().sum(), left }
    }

    /// Gives a decision to one request: how many took it, or the run if it must be tried again.
    async fn carry_to(&self, run: RunId, approval: ApprovalId, actor: Actor, kind: EventKind) -> Result<u64, RunId> {
        let event = Event { at: self.clock().now(), actor, kind };
        match self.submit(run, event).await {
            Ok(_) => Ok(1),
            // It is over since it was read, or was told already; or nobody may touch it until a person releases it.
            Err(error @ (SubmitError::Illegal(_) | SubmitError::Quarantined { .. })) => {
                tracing::debug!(run.id = %run, %error, "a decision is not taken by a run");
                Ok(0)
            }
            Err(error) => {
                tracing::error!(run.id = %run, approval.id = %approval, %error, "a decision could not be carried to a run yet; trying again later");
                Err(run)
            }
        }
    }
}

/// The vote on a request that a decision about another one comes to.
fn vote(request: &BundledApproval, decided: &BundledApproval) -> Option<(Actor, EventKind)> {
    let vote = decided.approval.votes.last()?.clone();
    let actor = Actor::Person { id: vote.person.clone(), assurance: vote.assurance };
    let kind = EventKind::Voted {
        approval: request.approval.id,
        choice: vote.choice,
        reason: vote.reason,
        assurance: vote.assurance,
        plan: request.approval.plan.hash,
        // That they may vote was found when they did.
        eligible: [vote.person.clone()].into(),
        person: vote.person,
        together: Some(Joint::By { approval: decided.approval.id, at: vote.at }),
    };
    Some((actor, kind))
}
