//! Looking for the effect ended: "contained" is said only of a flip that was seen.

use crate::domain::event::Proof;
use crate::domain::run::Recheck;
use crate::domain::{Attempt, StepPath, StepState, Verdict};
use crate::machine::attempt::is_containing;
use crate::machine::error::IllegalTransition;
use crate::machine::motion::{Motion, after};

pub fn apply(motion: &mut Motion<'_>, path: &StepPath, proof: &Proof) -> Result<(), IllegalTransition> {
    let (_, Attempt::Proving { .. }) = motion.attempt(path)? else { return Err(motion.wrong_state(path)) };
    match proof {
        Proof::Seen { detail } => {
            let at = motion.at;
            let action = motion.action(path)?;
            let looks = action.verify.iter().flat_map(|rule| &rule.rechecks);
            let rechecks = looks.map(|span| Recheck { path: path.clone(), at: after(at, *span) });
            motion.run.rechecks.extend(rechecks);
            let containing = is_containing(action);
            let record = motion.record_mut(path)?;
            record.detail = Some(detail.clone());
            record.verdict = containing.then_some(Verdict::Contained);
            record.contained_at = containing.then_some(at);
            motion.set(path, StepState::Succeeded)
        }
        Proof::NotSeen { detail } | Proof::Blind { detail } => {
            motion.unproven(path, &format!("accepted, but its effect was not seen: {detail}"))
        }
    }
}
