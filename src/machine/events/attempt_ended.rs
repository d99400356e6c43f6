//! A call ended. Only a call that was not sent, or was refused, may become "failed".

use crate::domain::event::CallOutcome;
use crate::domain::{Attempt, StepPath, StepState, Verdict};
use crate::machine::attempt::is_containing;
use crate::machine::call::Direction;
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(motion: &mut Motion<'_>, path: &StepPath, outcome: &CallOutcome) -> Result<(), IllegalTransition> {
    let (direction, attempt) = motion.attempt(path)?;
    match (&attempt, outcome) {
        (Attempt::Running { .. }, _)
        | (Attempt::Preparing { .. }, CallOutcome::NotSent { .. } | CallOutcome::Refused { .. }) => {}
        _ => return Err(motion.wrong_state(path)),
    }
    match outcome {
        CallOutcome::NotSent { reason } => motion.not_applied(path, reason, true),
        CallOutcome::Refused { reason, retry } => motion.not_applied(path, reason, *retry),
        CallOutcome::Ambiguous { reason } => motion.in_doubt(path, reason, false),
        CallOutcome::Applied { output } => motion.applied(path, output.clone()),
        CallOutcome::AlreadyDone { output } => {
            if direction == Direction::Undo {
                return motion.set(path, StepState::Undone);
            }
            // An earlier try of ours may be the one that did it: then the effect is still to be looked for.
            if attempt.number() > 1 {
                return motion.applied(path, output.clone());
            }
            let containing = is_containing(motion.action(path)?);
            motion.keep_output(path, output.clone())?;
            let record = motion.record_mut(path)?;
            record.verdict = containing.then_some(Verdict::AlreadyDone);
            record.detail = Some("the target says that it had been done before".to_owned());
            motion.set(path, StepState::Succeeded)
        }
    }
}
