//! What a stored run still needs: the same answer at a start, after a crash and at every reconciliation.

use crate::domain::{Attempt, Run, RunStatus, StepPath, StepState};
use crate::playbook::{Body, Playbook};

use super::call::{Direction, Phase};
use super::driver::Wanted;
use super::effect::Effect;
use super::error::IllegalTransition;
use super::motion::Motion;

/// The effects that a run waits for, made from its state alone. A try that was under way when its process died must be
/// told to the machine first (`AttemptLost`); here are only those that may simply be asked for again.
pub fn due(playbook: &Playbook, run: &Run, at: jiff::Timestamp) -> Result<Vec<Effect>, IllegalTransition> {
    if run.digest != playbook.digest {
        return Err(IllegalTransition::OtherPlaybook { run: run.digest, given: playbook.digest });
    }
    let mut motion = Motion { playbook, run: run.clone(), at, event: "due", effects: Vec::new() };
    if matches!(run.status, RunStatus::Finished(_)) {
        return Ok(Vec::new());
    }
    for (path, record) in &run.steps {
        match &record.state {
            StepState::Doing(attempt) => motion.due_attempt(path, Direction::Do, attempt)?,
            StepState::Undoing(attempt) => motion.due_attempt(path, Direction::Undo, attempt)?,
            StepState::Pending if record.started_at.is_some() => motion.due_question(path)?,
            StepState::Pending
            | StepState::Waiting(_)
            | StepState::Succeeded
            | StepState::Unproven
            | StepState::Failed { .. }
            | StepState::Rejected
            | StepState::Skipped { .. }
            | StepState::Cancelled
            | StepState::Undone
            | StepState::UndoFailed { .. } => {}
        }
    }
    Ok(motion.effects)
}

/// The runs that steps of a run wait to start, in the order in which the steps are written.
pub fn wanted(playbook: &Playbook, run: &Run, at: jiff::Timestamp) -> Result<Vec<Wanted>, IllegalTransition> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for effect in due(playbook, run, at)? {
        if let Effect::StartChild { path, generation, playbook, agent } = effect {
            wanted.push(Wanted { path, generation, playbook, agent });
        }
    }
    let place = |wanted: &Wanted| playbook.steps().position(|step| step.name == wanted.path.step);
    wanted.sort_by_cached_key(|wanted| (place(wanted), wanted.path.index));
    Ok(wanted)
}

impl Motion<'_> {
    fn due_attempt(
        &mut self,
        path: &StepPath,
        direction: Direction,
        attempt: &Attempt,
    ) -> Result<(), IllegalTransition> {
        match attempt {
            Attempt::Ready { .. } => {
                self.effects.push(Effect::Begin { path: path.clone() });
                Ok(())
            }
            Attempt::Preparing { .. } => self.call(path, direction, Phase::Prepare),
            Attempt::Checking { .. } => self.call(path, direction, Phase::Check),
            Attempt::Proving { until, .. } => self.call(path, direction, Phase::Prove { until: *until }),
            Attempt::Running { .. }
            | Attempt::Backoff { .. }
            | Attempt::InDoubt { .. }
            | Attempt::NeedsOperator { .. } => Ok(()),
        }
    }

    /// A question that was not answered yet. Whether another run begins is answered in a commit of its own; everything
    /// else is answered in the commit that asks, so for that this is a safety net.
    fn due_question(&mut self, path: &StepPath) -> Result<(), IllegalTransition> {
        match &self.step(path)?.body {
            Body::Approval(_) => self.ask(path, crate::domain::ApprovalCause::Playbook),
            Body::Action(action) if action.runs.is_some() && self.record(path)?.authorized => {
                self.start_child(path, action)
            }
            Body::Action(action) => {
                let approved = self.record(path)?.authorized;
                self.effects.push(Effect::Authorize { path: path.clone(), impact: action.impact, approved });
                Ok(())
            }
            Body::Wait(_) => Ok(()),
        }
    }
}
