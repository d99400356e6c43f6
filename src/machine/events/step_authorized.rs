//! Budget, trust and protection were asked for a step: it acts, or people decide.

use crate::domain::event::Grant;
use crate::domain::{StepPath, StepState};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(motion: &mut Motion<'_>, path: &StepPath, grant: &Grant) -> Result<(), IllegalTransition> {
    let record = motion.record(path)?;
    if record.state != StepState::Pending || record.started_at.is_none() {
        return Err(motion.wrong_state(path));
    }
    let approved = record.authorized || motion.is_released_by_an_approval(path);
    match grant {
        Grant::Granted { gate } => match motion.silence_before(path)? {
            Some(cause) if !approved => motion.stop_at_limit(path, cause),
            _ => motion.act(path, gate),
        },
        Grant::Withheld { cause } => motion.stop_at_limit(path, *cause),
    }
}
