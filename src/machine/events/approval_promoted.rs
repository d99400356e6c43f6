//! People are told of a request themselves, because the one in whose list it stood ended before anybody decided about it.

use crate::domain::ApprovalId;
use crate::domain::approval::ApprovalStatus;
use crate::machine::effect::Effect;
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(motion: &mut Motion<'_>, id: ApprovalId) -> Result<(), IllegalTransition> {
    let Some(approval) = motion.run.approvals.get_mut(&id) else { return Err(IllegalTransition::NoSuchApproval(id)) };
    if approval.status != ApprovalStatus::Pending {
        return Err(IllegalTransition::AlreadyDecided { status: approval.status });
    }
    // People who know of it already are not told again.
    let Some(bundle) = approval.bundle.as_mut().filter(|bundle| !bundle.asks) else { return Ok(()) };
    bundle.asks = true;
    let people = approval.people.clone();
    motion.effects.push(Effect::AskPeople { approval: id, people });
    Ok(())
}
