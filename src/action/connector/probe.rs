//! Looking at a target: the probe of an action, and the state that its undo restores. Changes nothing.

use serde_json::Value;

use super::declaration::{Snapshot, Verify};
use super::raw::Witness;
use crate::action::answer::Answer;
use crate::action::connection::Connection;
use crate::action::exchange::{exchange, reason};
use crate::action::port::{Sight, Task};
use crate::action::rules::holds;
use crate::language::Expression;

/// Sends the probe once and says whether the condition holds. Being unable to tell is no "no".
pub async fn look(
    verify: &Verify,
    condition: &Expression,
    opposite: Option<&Expression>,
    connection: &Connection,
    variables: &Value,
    task: &Task<'_>,
) -> Sight {
    let witness = verify.witness.as_str();
    // The victim's credential must stand alone: next to the connection's it would prove nothing.
    let authenticate = verify.witness != Witness::Victim;
    let message = match verify.request.render(connection, variables, authenticate) {
        Ok(message) => message,
        Err(fault) => return Sight::blind(format!("{witness} was not asked: {fault}")),
    };
    match exchange(connection, message, task.remaining()).await {
        Ok(answer) => seen(condition, opposite, &answer, witness, task),
        Err(error) => Sight::blind(format!("{witness} gave no answer: {}", reason(error))),
    }
}

/// What an answer shows. "No" is said only where the opposite holds, if there is one: a target that is out of order (a
/// 503) shows neither.
fn seen(
    condition: &Expression,
    opposite: Option<&Expression>,
    answer: &Answer,
    witness: &str,
    task: &Task<'_>,
) -> Sight {
    let detail = format!("{witness} answered {}", answer.excerpt());
    let shows_opposite = || opposite.is_none_or(|opposite| holds(opposite, answer, task.now()) == Ok(true));
    match holds(condition, answer, task.now()) {
        Ok(false) if !shows_opposite() => Sight::blind(format!("{detail} (which shows neither one nor the other)")),
        Ok(effect) => Sight { effect: Some(effect), detail },
        Err(why) => Sight::blind(format!("{detail} ({why})")),
    }
}

/// Reads the state that an undo restores. The error says why it can't be known.
pub async fn state(
    snapshot: &Snapshot,
    connection: &Connection,
    variables: &Value,
    task: &Task<'_>,
) -> Result<Value, String> {
    let message = snapshot.request.render(connection, variables, true)?;
    let answer = exchange(connection, message, task.remaining()).await;
    let answer = answer.map_err(|error| format!("the state before could not be read: {}", reason(error)))?;
    if !(200..300).contains(&answer.status) {
        return Err(format!("the state before could not be read: {}", answer.excerpt()));
    }
    let kept = snapshot.keep.evaluate(&answer.variables(), task.now());
    let kept =
        kept.map_err(|error| format!("the state before is not in the answer: `{}`: {error}", snapshot.keep.source()))?;
    if kept.is_null() { Err("the state before is not in the answer".to_owned()) } else { Ok(answer.redacted(&kept)) }
}
