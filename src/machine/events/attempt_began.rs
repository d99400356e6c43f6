//! A worker took a ready attempt: what was there before is read first, if the action does that.

use crate::domain::{Attempt, StepPath};
use crate::machine::call::{Direction, Phase};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(motion: &mut Motion<'_>, path: &StepPath) -> Result<(), IllegalTransition> {
    let (direction, Attempt::Ready { number }) = motion.attempt(path)? else { return Err(motion.wrong_state(path)) };
    if direction == Direction::Do && number == 1 && !motion.is_still_approved(path)? {
        return Ok(());
    }
    let record = motion.record(path)?;
    let known = record.baseline.is_some() || record.snapshot.is_some();
    if direction == Direction::Do && motion.action(path)?.spec.prepares && !known {
        motion.put(path, direction, Attempt::Preparing { number, since: motion.at })?;
        return motion.call(path, direction, Phase::Prepare);
    }
    motion.send(path, direction, number)
}
