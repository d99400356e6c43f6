//! Carries a decision about a list of requests to each of them.
//!
//! The decision is on disk with the first of the list, and names the others with their plans. Each gets it as the vote of
//! the same person, in a commit of its own run, where the machine checks it as it checks any vote; one that has it
//! already refuses it. So this can be done again at any time, and goes on after a crash where it was left.

use futures_util::stream::{self, StreamExt as _};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::approval::ApprovalStatus;
use crate::domain::{Actor, ApprovalId, Event, EventKind, Joint};
use crate::store::{Approvals as _, BundledApproval, ReadError};

use super::super::Engine;
use super::super::submit::SubmitError;

/// Runs that are told at once.
const PARALLEL_MAX: usize = 16;

impl Engine {
    /// Carries the decisions of a bundle to all that they are about, now.
    pub async fn carry_bundle(&self, first: ApprovalId) -> Result<u64, ReadError> {
        let bundle = self.inner.store.bundle(first).await?;
        let engine = self.clone();
        // Whoever decided may hang up; those that they decided about are told all the same.
        let work = async move { engine.carry(&bundle).await };
        Ok(self.inner.supervisor.finish("carry", work).await.unwrap_or_default())
    }

    /// Carries the decisions of a bundle to those that wait for them; how many took theirs.
    pub(super) async fn carry(&self, bundle: &[BundledApproval]) -> u64 {
        let told = AtomicU64::new(0);
        let waiting = bundle.iter().filter(|request| request.approval.status == ApprovalStatus::Pending);
        let due = waiting.filter_map(|request| Some((request, vote(request, request.decided_with(bundle)?)?)));
        stream::iter(due)
            .for_each_concurrent(PARALLEL_MAX, |(request, (actor, kind))| {
                let told = &told;
                async move {
                    let event = Event { at: self.clock().now(), actor, kind };
                    match self.submit(request.run, event).await {
                        Ok(_) => {
                            told.fetch_add(1, Ordering::Relaxed);
                        }
                        // It is over since it was read, or was told already.
                        Err(SubmitError::Illegal(error)) => {
                            tracing::debug!(run.id = %request.run, %error, "a decision came too late for a run");
                        }
                        Err(error) => {
                            tracing::error!(run.id = %request.run, approval.id = %request.approval.id, %error, "a decision could not be carried to a run yet; trying again later");
                        }
                    }
                }
            })
            .await;
        told.into_inner()
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
