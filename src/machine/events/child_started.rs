//! The run that a step starts has begun, in the same commit; the step waits for it.

use crate::domain::{RunId, StepPath, StepState, Waiting};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::{Motion, after};

pub fn apply(motion: &mut Motion<'_>, path: &StepPath, run: RunId) -> Result<(), IllegalTransition> {
    motion.expects_child(path)?;
    motion.say(path, format!("{run} began"))?;
    let until = Some(after(motion.at, motion.action(path)?.timeout));
    motion.set(path, StepState::Waiting(Waiting::Run { run, until }))
}
