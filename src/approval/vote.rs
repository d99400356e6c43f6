//! The last steps of every decision, whoever proved who they are: limits, the person, and the event for the engine.

use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::{
    Actor, Approval, ApprovalId, Assurance, Digest, Event, EventKind, Joint, Listed, PersonId, Run, RunId,
};

use crate::engine::SubmitError;
use crate::machine::room_for_listed;
use crate::store::RunLog;

use super::{Approvals, DecideError};

/// The longest reason, in characters.
pub(super) const REASON_CHARACTERS_MAX: usize = 2_000;

/// A vote whose voter is proven.
pub(super) struct Ballot<'a> {
    pub run: RunId,
    pub approval: ApprovalId,
    pub person: &'a PersonId,
    pub choice: Choice,
    pub reason: &'a str,
    pub plan: Digest,
    pub assurance: Assurance,
    /// The other requests that it decides about.
    pub others: Vec<Listed>,
}

impl Approvals {
    /// Refuses early what the machine would refuse, before anybody has to look for a code.
    pub(super) fn check_open(&self, approval: &Approval) -> Result<(), DecideError> {
        match approval.status {
            ApprovalStatus::Pending if self.engine.clock().now() < approval.deadline => Ok(()),
            ApprovalStatus::Pending | ApprovalStatus::Expired => Err(DecideError::Expired),
            status @ (ApprovalStatus::Approved
            | ApprovalStatus::Rejected
            | ApprovalStatus::Cancelled
            | ApprovalStatus::Superseded) => Err(DecideError::AlreadyDecided { status }),
        }
    }

    /// Whether a reason is there where one must be, and not too long.
    pub(super) fn check_reason(approval: &Approval, reason: &str) -> Result<(), DecideError> {
        if approval.reason_required && reason.trim().is_empty() {
            return Err(DecideError::ReasonMissing);
        }
        if reason.chars().count() > REASON_CHARACTERS_MAX {
            return Err(DecideError::ReasonTooLong { characters_max: REASON_CHARACTERS_MAX });
        }
        Ok(())
    }

    /// Casts a vote. The machine checks it again in the commit that records it.
    pub(super) async fn cast(&self, ballot: Ballot<'_>) -> Result<ApprovalStatus, DecideError> {
        let Ballot { run, approval, person, choice, reason, plan, assurance, mut others } = ballot;
        let reason = reason.trim().to_owned();
        // Who may vote is found again now: somebody may have left the group since they were asked.
        let asked = self.engine.store().run(run).await.map_err(SubmitError::Read)?;
        // What does not fit into the run goes on waiting: the receipt says who is left.
        others.truncate(asked.as_ref().map_or(0, room_for_listed));
        let eligible = asked.map(|run| self.engine.eligible(&run, approval)).unwrap_or_default();
        let together = (!others.is_empty()).then_some(Joint::With(others));
        let person_id = person.clone();
        let kind =
            EventKind::Voted { approval, person: person_id, choice, reason, assurance, plan, eligible, together };
        let run = self.submit(run, person, assurance, kind).await?;
        if run.approvals.get(&approval).is_some_and(|approval| approval.status == ApprovalStatus::Superseded) {
            // The vote found that what would be done had changed; people are asked anew.
            return Err(DecideError::PlanChanged);
        }
        let Some(approval) = run.approvals.get(&approval) else { return Ok(ApprovalStatus::Pending) };
        if !approval.with.is_empty() {
            self.carry(approval).await;
        }
        Ok(approval.status)
    }

    /// Submits what a person did, if they are still one of the configuration's people. It counts against them only now
    /// that they have proven who they are.
    pub(super) async fn submit(
        &self,
        run: RunId,
        person: &PersonId,
        assurance: Assurance,
        kind: EventKind,
    ) -> Result<Run, DecideError> {
        if !self.engine.inventory().directory().people.contains_key(person) {
            return Err(DecideError::NotEligible(person.clone()));
        }
        if self.decides_too_often(person) {
            return Err(DecideError::TooMany);
        }
        let actor = Actor::Person { id: person.clone(), assurance };
        let event = Event { at: self.engine.clock().now(), actor, kind };
        Ok(self.engine.submit(run, event).await?)
    }
}
