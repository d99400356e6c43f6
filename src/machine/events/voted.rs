//! A person voted. Everything that could make the vote wrong is checked here, at the last moment, in the same commit.

use crate::domain::approval::ApprovalStatus;
use crate::domain::{Approval, ApprovalId, Digest, Vote};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(motion: &mut Motion<'_>, id: ApprovalId, vote: Vote, seen: &Digest) -> Result<(), IllegalTransition> {
    let Some(approval) = motion.run.approvals.get(&id) else { return Err(IllegalTransition::NoSuchApproval(id)) };
    check(approval, motion, &vote)?;
    let now = motion.plan_now(approval)?.hash;
    if *seen != now {
        return Err(IllegalTransition::PlanChanged { seen: *seen, now });
    }
    let Some(approval) = motion.run.approvals.get_mut(&id) else { return Err(IllegalTransition::NoSuchApproval(id)) };
    approval.votes.push(vote);
    match approval.tally() {
        Some(decision) => motion.decide(id, decision),
        None => Ok(()),
    }
}

fn check(approval: &Approval, motion: &Motion<'_>, vote: &Vote) -> Result<(), IllegalTransition> {
    if approval.status != ApprovalStatus::Pending {
        return Err(IllegalTransition::AlreadyDecided { status: approval.status });
    }
    if motion.at >= approval.deadline {
        return Err(IllegalTransition::DeadlinePassed);
    }
    if !approval.people.contains(&vote.person) {
        return Err(IllegalTransition::NotEligible(vote.person.clone()));
    }
    if approval.votes.iter().any(|earlier| earlier.person == vote.person) {
        return Err(IllegalTransition::AlreadyVoted(vote.person.clone()));
    }
    if vote.assurance < approval.identity {
        return Err(IllegalTransition::NotSure { wanted: approval.identity, given: vote.assurance });
    }
    if approval.reason_required && vote.reason.trim().is_empty() {
        return Err(IllegalTransition::ReasonMissing);
    }
    Ok(())
}
