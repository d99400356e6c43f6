//! A person said what happened to a call that nobody else can judge.

use serde_json::Value;

use crate::domain::event::Resolution;
use crate::domain::{Attempt, StepPath};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(
    motion: &mut Motion<'_>,
    path: &StepPath,
    resolution: Resolution,
    reason: &str,
) -> Result<(), IllegalTransition> {
    let (direction, Attempt::NeedsOperator { .. }) = motion.attempt(path)? else {
        return Err(motion.wrong_state(path));
    };
    motion.say(path, format!("a person looked: {reason}"))?;
    motion.record_mut(path)?.doubted = false;
    match resolution {
        Resolution::Applied => motion.applied(path, Value::Null),
        Resolution::NotApplied => motion.fail(path, direction, &format!("a person says it was not applied: {reason}")),
        Resolution::Retry => {
            motion.record_mut(path)?.generation += 1;
            motion.ready(path, direction, 1)
        }
    }
}
