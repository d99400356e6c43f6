//! The run that a step wanted to start could not begin: nothing was done.

use crate::domain::{StepPath, StepState};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(motion: &mut Motion<'_>, path: &StepPath, reason: &str) -> Result<(), IllegalTransition> {
    motion.expects_child(path)?;
    motion.set(path, StepState::Failed { reason: format!("no run began: {reason}") })
}
