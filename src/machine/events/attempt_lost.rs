//! The process that made an attempt is gone. What only reads is done again; a call under way is in doubt.

use crate::domain::{Attempt, StepPath};
use crate::machine::call::Phase;
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(motion: &mut Motion<'_>, path: &StepPath) -> Result<(), IllegalTransition> {
    let (direction, attempt) = motion.attempt(path)?;
    match attempt {
        Attempt::Running { .. } => motion.in_doubt(path, "the process died while the call was under way", true),
        Attempt::Preparing { number, .. } => motion.ready(path, direction, number),
        Attempt::Checking { .. } => motion.call(path, direction, Phase::Check),
        Attempt::Proving { until, .. } => motion.call(path, direction, Phase::Prove { until }),
        Attempt::Ready { .. } | Attempt::Backoff { .. } | Attempt::InDoubt { .. } | Attempt::NeedsOperator { .. } => {
            Err(motion.wrong_state(path))
        }
    }
}
