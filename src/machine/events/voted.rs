//! A person voted. Everything that could make the vote wrong is checked here, at the last moment, in the same commit.

use std::collections::BTreeSet;

use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::{Approval, ApprovalId, Digest, Listed, PersonId, Vote};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(
    motion: &mut Motion<'_>,
    id: ApprovalId,
    vote: Vote,
    seen: &Digest,
    eligible: &BTreeSet<PersonId>,
    with: &[Listed],
) -> Result<(), IllegalTransition> {
    let Some(approval) = motion.run.approvals.get(&id) else { return Err(IllegalTransition::NoSuchApproval(id)) };
    check(approval, &vote, eligible)?;
    // No is no, whatever the plan has become. Yes counts for the plan that was seen, which must be the plan now.
    if vote.choice == Choice::Approve {
        let asked = approval.plan.hash;
        if *seen != asked {
            return Err(IllegalTransition::PlanChanged { seen: *seen, now: asked });
        }
        if motion.plan_now(approval).is_err() {
            return motion.ask_anew(id, "what would be done has changed: people are asked again");
        }
    }
    let Some(approval) = motion.run.approvals.get_mut(&id) else { return Err(IllegalTransition::NoSuchApproval(id)) };
    approval.votes.push(vote);
    let Some(decision) = approval.tally(eligible) else { return Ok(()) };
    approval.with = with.to_vec();
    motion.decide(id, decision)
}

fn check(approval: &Approval, vote: &Vote, eligible: &BTreeSet<PersonId>) -> Result<(), IllegalTransition> {
    if approval.status != ApprovalStatus::Pending {
        return Err(IllegalTransition::AlreadyDecided { status: approval.status });
    }
    // A vote on another request that listed this one counts as of when it was cast.
    if vote.at >= approval.deadline {
        return Err(IllegalTransition::DeadlinePassed);
    }
    if !approval.people.contains(&vote.person) || !eligible.contains(&vote.person) {
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
