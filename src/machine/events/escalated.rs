//! A person could not decide and asked for more people. The request stays as it is; more people may now vote.

use crate::domain::approval::ApprovalStatus;
use crate::domain::{ApprovalId, PersonId};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(motion: &mut Motion<'_>, id: ApprovalId, person: &PersonId) -> Result<(), IllegalTransition> {
    let at = motion.at;
    let Some(approval) = motion.run.approvals.get_mut(&id) else { return Err(IllegalTransition::NoSuchApproval(id)) };
    if approval.status != ApprovalStatus::Pending {
        return Err(IllegalTransition::AlreadyDecided { status: approval.status });
    }
    if at >= approval.deadline {
        return Err(IllegalTransition::DeadlinePassed);
    }
    if !approval.people.contains(person) {
        return Err(IllegalTransition::NotEligible(person.clone()));
    }
    if approval.escalated {
        return Ok(());
    }
    approval.escalated = true;
    let approval = approval.clone();
    motion.escalate(&approval, &format!("{person} could not decide: more people are asked"))
}
