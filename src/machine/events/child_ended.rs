//! The run that a step started is over. Its step stands as that run does: what it could not contain is not contained.

use jiff::Timestamp;

use crate::domain::{ApprovalCause, Outcome, RunId, StepPath, StepState, Verdict, Waiting};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(
    motion: &mut Motion<'_>,
    path: &StepPath,
    run: RunId,
    outcome: Outcome,
    containment: Option<(Verdict, Option<Timestamp>)>,
    unanswered: Option<ApprovalCause>,
) -> Result<(), IllegalTransition> {
    match motion.record(path)?.state {
        StepState::Waiting(Waiting::Run { run: waited, .. }) if waited == run => {}
        _ => return Err(motion.wrong_state(path)),
    }
    let verdict = containment.map(|(verdict, _)| verdict);
    let record = motion.record_mut(path)?;
    record.verdict = verdict;
    record.unanswered = unanswered;
    record.contained_at = containment.and_then(|(_, at)| at);
    let word = crate::domain::RunStatus::Finished(outcome).as_str();
    let proven = verdict.map(|verdict| format!(", containment: {verdict}")).unwrap_or_default();
    motion.say(path, format!("{run} {word}{proven}"))?;
    let state = match (outcome, verdict) {
        (Outcome::Failed | Outcome::Cancelled | Outcome::Superseded, _)
        | (Outcome::Completed, Some(Verdict::Failed | Verdict::Regressed)) => {
            StepState::Failed { reason: format!("{run} {word}{proven}") }
        }
        (Outcome::Completed, Some(Verdict::Unproven)) => StepState::Unproven,
        (Outcome::Completed, Some(Verdict::Contained | Verdict::AlreadyDone) | None) => StepState::Succeeded,
    };
    motion.set(path, state)
}
