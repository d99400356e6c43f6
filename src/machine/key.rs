//! Keys that are the same at every attempt, because they come from what is done and never from when.

use uuid::Uuid;

use crate::domain::{Digest, HoldId, Run, RunId, StepPath, StepState};

use super::call::Direction;

/// The idempotency key of a step: hash of run, path, do or undo, and generation. Never of the attempt.
pub(super) fn idempotency_key(run: RunId, path: &StepPath, direction: Direction, generation: u32) -> String {
    let digest = Digest::of(format!("{run}\n{path}\n{}\n{generation}", direction.as_str()).as_bytes());
    format!("sd-{}", digest.to_string().chars().take(40).collect::<String>())
}

/// The attempt that a step is at: its idempotency key (of doing or undoing, in this generation) and which try it is.
/// `None` if it is at none.
#[must_use]
pub fn attempt_of(run: &Run, path: &StepPath) -> Option<(String, u32)> {
    let record = run.steps.get(path)?;
    let (direction, attempt) = match &record.state {
        StepState::Doing(attempt) => (Direction::Do, attempt),
        StepState::Undoing(attempt) => (Direction::Undo, attempt),
        _ => return None,
    };
    Some((idempotency_key(run.id, path, direction, record.generation), attempt.number()))
}

/// The id of the hold that a step places: the same when a history is replayed.
pub(super) fn hold_id(run: RunId, path: &StepPath, generation: u32) -> HoldId {
    let digest = Digest::of(format!("hold\n{run}\n{path}\n{generation}").as_bytes());
    let mut bytes = [0; 16];
    for (slot, byte) in bytes.iter_mut().zip(digest.as_bytes()) {
        *slot = *byte;
    }
    HoldId::from(Uuid::from_bytes(bytes))
}
