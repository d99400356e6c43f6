//! The target was asked whether a call in doubt had been applied.

use serde_json::Value;

use crate::domain::{Attempt, StepPath};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(
    motion: &mut Motion<'_>,
    path: &StepPath,
    applied: Option<bool>,
    detail: &str,
) -> Result<(), IllegalTransition> {
    let (direction, Attempt::Checking { number, .. }) = motion.attempt(path)? else {
        return Err(motion.wrong_state(path));
    };
    match applied {
        Some(true) => motion.applied(path, Value::Null),
        Some(false) => {
            motion.record_mut(path)?.doubted = false;
            motion.not_applied(path, &format!("the target says it was not applied: {detail}"), true)
        }
        None => motion.needs_operator(path, direction, number, &format!("the target can't say: {detail}")),
    }
}
