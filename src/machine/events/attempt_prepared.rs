//! What was there before the change has been read, and is kept before the change is made.

use serde_json::Value;

use crate::domain::step::Baseline;
use crate::domain::{Attempt, StepPath};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(
    motion: &mut Motion<'_>,
    path: &StepPath,
    baseline: Option<&Baseline>,
    snapshot: Option<&Value>,
) -> Result<(), IllegalTransition> {
    let (direction, Attempt::Preparing { number, .. }) = motion.attempt(path)? else {
        return Err(motion.wrong_state(path));
    };
    let record = motion.record_mut(path)?;
    record.baseline = baseline.cloned();
    record.snapshot = snapshot.cloned();
    motion.send(path, direction, number)
}
