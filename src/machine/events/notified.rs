//! People were told: the messages wait in the outbox.

use std::collections::BTreeSet;

use serde_json::json;

use crate::domain::{MessageId, PersonId, StepPath, StepState};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(
    motion: &mut Motion<'_>,
    path: &StepPath,
    people: &BTreeSet<PersonId>,
    messages: &[MessageId],
) -> Result<(), IllegalTransition> {
    let record = motion.record(path)?;
    if record.state != StepState::Pending || record.started_at.is_none() {
        return Err(motion.wrong_state(path));
    }
    if messages.is_empty() {
        return motion.set(path, StepState::Failed { reason: "nobody could be told: no address".to_owned() });
    }
    motion.record_mut(path)?.output = json!({ "people": people, "messages": messages });
    let names: Vec<String> = people.iter().map(ToString::to_string).collect();
    motion.say(path, format!("told {}", names.join(", ")))?;
    motion.set(path, StepState::Succeeded)
}
