//! Performs one phase of a call within its deadline.
//!
//! It owns patience: the deadline of a phase, the pauses between looks and how many looks in a row count. What a failure
//! of the action's own code means is decided here too, always to the cautious side: doubt, never success.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::time::Instant;

use super::port::{Action, Sight, Task, not_sent};
use crate::clock::Clock;
use crate::domain::Protection;
use crate::domain::event::{CallOutcome, Proof};
use crate::machine::{Call, CallResult, Direction, Phase};

/// What an exchange may overrun its deadline by before it is abandoned from outside.
const GRACE: Duration = Duration::from_millis(250);

/// Performs the phase that `call` asks for.
pub async fn perform(action: &dyn Action, call: &Call, clock: &dyn Clock) -> CallResult {
    let deadline = Instant::now() + call.timeout;
    let task = Task { call, clock, deadline };
    match call.phase {
        Phase::Prepare => prepare(action, task).await,
        Phase::Send => CallResult::Ended(send(action, task).await),
        Phase::Check => check(action, task).await,
        Phase::Prove { until } => CallResult::Proved(prove(action, task, until).await),
        Phase::Recheck => CallResult::Proved(again(look(action, task).await)),
    }
}

/// What a call of an action that does not exist brings.
pub fn unknown(call: &Call) -> CallResult {
    let reason = format!("there is no action `{}` in this version; correct the playbook", call.action);
    match call.phase {
        Phase::Prepare | Phase::Send => CallResult::Ended(not_sent(reason)),
        Phase::Check => CallResult::Checked { applied: None, detail: reason },
        Phase::Prove { .. } | Phase::Recheck => CallResult::Proved(Proof::NotSeen { detail: reason }),
    }
}

/// Why a future gave no result of its own.
enum Cut {
    Late,
    Broken,
}

/// Waits for the future until a moment after the deadline. A panic inside ends here.
async fn guard<T>(future: impl Future<Output = T>, deadline: Instant) -> Result<T, Cut> {
    match tokio::time::timeout_at(deadline + GRACE, AssertUnwindSafe(future).catch_unwind()).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(_)) => Err(Cut::Broken),
        Err(_) => Err(Cut::Late),
    }
}

impl Cut {
    fn reason(&self) -> String {
        match self {
            Self::Late => "no answer within the step's timeout".to_owned(),
            Self::Broken => "the action failed inside the program; the log says where".to_owned(),
        }
    }
}

async fn prepare(action: &dyn Action, task: Task<'_>) -> CallResult {
    if task.call.direction == Direction::Undo {
        // What an undo restores was read before the step was done.
        return CallResult::Prepared { baseline: None, snapshot: task.call.snapshot.clone() };
    }
    match guard(action.prepare(task), task.deadline).await {
        Ok(Ok(prepared)) => CallResult::Prepared { baseline: prepared.baseline, snapshot: prepared.snapshot },
        Ok(Err(reason)) => CallResult::Ended(not_sent(reason)),
        Err(cut) => CallResult::Ended(not_sent(cut.reason())),
    }
}

async fn send(action: &dyn Action, task: Task<'_>) -> CallOutcome {
    match guard(action.send(task), task.deadline).await {
        Ok(outcome) => outcome,
        Err(cut) => CallOutcome::Ambiguous { reason: cut.reason() },
    }
}

async fn look(action: &dyn Action, task: Task<'_>) -> Sight {
    match guard(action.look(task), task.deadline).await {
        Ok(sight) => sight,
        Err(cut) => Sight::blind(cut.reason()),
    }
}

/// Asks the target whether a call in doubt was applied.
///
/// Only an action that is declared `verifiable` may conclude from one look that it was not: elsewhere the effect may still
/// be on its way. Seeing the effect is conclusive for every action that has a probe.
async fn check(action: &dyn Action, task: Task<'_>) -> CallResult {
    let spec = action.spec();
    let verifiable = spec.protection == Protection::Verifiable;
    if !verifiable && !spec.proves {
        let detail = format!("`{}` has no way of asking whether it was applied", task.call.action);
        return CallResult::Checked { applied: None, detail };
    }
    let sight = look(action, task).await;
    let applied = sight.effect.filter(|effect| verifiable || *effect);
    CallResult::Checked { applied, detail: sight.detail }
}

/// One look at what was contained before. Only the thing itself, seen working again, shows that it was undone.
fn again(sight: Sight) -> Proof {
    match sight.effect {
        None => Proof::Blind { detail: sight.detail },
        Some(_) => proof(sight),
    }
}

fn proof(sight: Sight) -> Proof {
    match sight.effect {
        Some(true) => Proof::Seen { detail: sight.detail },
        Some(false) | None => Proof::NotSeen { detail: sight.detail },
    }
}

/// Looks until the effect was there as often in a row as the action demands, or until the time is over.
///
/// If the time is over before it begins (the process was down), there is still the time of one exchange to look in.
async fn prove(action: &dyn Action, task: Task<'_>, until: Timestamp) -> Proof {
    let rhythm = action.rhythm();
    let wanted = rhythm.consecutive.max(1);
    let left = Duration::try_from(until.duration_since(task.now())).unwrap_or(Duration::ZERO);
    let end = Instant::now() + left.max(task.call.timeout);
    // Whoever steps the clock ends the looking too; what is left of real time ends it otherwise.
    let over = |now: Timestamp| !left.is_zero() && now >= until;
    let mut seen = 0;
    loop {
        let deadline = end.min(Instant::now() + task.call.timeout);
        let sight = look(action, Task { deadline, ..task }).await;
        seen = if sight.effect == Some(true) { seen + 1 } else { 0 };
        if seen >= wanted {
            return proof(sight);
        }
        if Instant::now() + rhythm.every >= end || over(task.now()) {
            let detail = match seen {
                0 => sight.detail,
                _ => format!("{}; seen {seen} of {wanted} times in a row before the time was over", sight.detail),
            };
            return Proof::NotSeen { detail };
        }
        tokio::time::sleep(rhythm.every).await;
    }
}

#[cfg(test)]
mod tests;
