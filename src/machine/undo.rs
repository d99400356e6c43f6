//! Undoing: what a step's snapshot or hold recorded is restored, one step after the other, in reverse.

use crate::domain::{Impact, Outcome, StepPath, StepState, Waiting};
use crate::playbook::{ActionKind, ActionStep, Body};

use super::call::Direction;
use super::effect::Effect;
use super::error::IllegalTransition;
use super::motion::Motion;

impl Motion<'_> {
    /// Moves every `undo` step: starts the next of its targets, or settles it when all of them have settled.
    pub fn settle_undo_steps(&mut self) -> Result<(), IllegalTransition> {
        let waiting: Vec<(StepPath, Vec<StepPath>)> = self
            .run
            .steps
            .iter()
            .filter_map(|(path, record)| match &record.state {
                StepState::Waiting(Waiting::Child { paths }) => Some((path.clone(), paths.clone())),
                _ => None,
            })
            .collect();
        for (path, targets) in waiting {
            if self.undo_next(&targets)? {
                continue;
            }
            let failed: Vec<String> = targets
                .iter()
                .filter(|target| {
                    matches!(
                        self.run.steps.get(*target).map(|record| &record.state),
                        Some(StepState::UndoFailed { .. })
                    )
                })
                .map(ToString::to_string)
                .collect();
            let state = if failed.is_empty() {
                StepState::Succeeded
            } else {
                StepState::Failed { reason: format!("could not undo {}", failed.join(", ")) }
            };
            self.set(&path, state)?;
        }
        Ok(())
    }

    /// Undoes the next of these steps that is not undone yet; whether one is still under way.
    fn undo_next(&mut self, targets: &[StepPath]) -> Result<bool, IllegalTransition> {
        for target in targets {
            match &self.record(target)?.state {
                StepState::Undoing(_) | StepState::Doing(_) | StepState::Waiting(_) => return Ok(true),
                StepState::Succeeded | StepState::Unproven => {
                    self.begin_undo(target)?;
                    if matches!(self.record(target)?.state, StepState::Undoing(_)) {
                        return Ok(true);
                    }
                }
                StepState::Pending
                | StepState::Failed { .. }
                | StepState::Rejected
                | StepState::Skipped { .. }
                | StepState::Cancelled
                | StepState::Undone
                | StepState::UndoFailed { .. } => {}
            }
        }
        Ok(false)
    }

    fn begin_undo(&mut self, path: &StepPath) -> Result<(), IllegalTransition> {
        let action = self.action(path)?;
        if let ActionKind::Hold(_) = action.spec.kind {
            if let Some(hold) = self.record(path)?.hold {
                let reason = format!("undone by {}", self.run.id);
                for hold in std::iter::once(hold).chain(self.run.inherits.clone()) {
                    self.effects.push(Effect::LiftHold { hold, reason: reason.clone() });
                }
            }
            self.say(path, "the hold was lifted")?;
            return self.set(path, StepState::Undone);
        }
        if !action.spec.undoable {
            let reason = format!("{} can't be undone", action.spec.name);
            return self.set(path, StepState::UndoFailed { reason });
        }
        self.ready(path, Direction::Undo, 1)
    }

    /// Goes on with a run that undoes what it did. It never lifts a hold that contains: that takes an approval.
    pub fn advance_undoing(&mut self) -> Result<bool, IllegalTransition> {
        let targets: Vec<StepPath> = self
            .playbook
            .stages
            .iter()
            .rev()
            .flat_map(|stage| stage.steps.iter().rev())
            .filter(|step| matches!(&step.body, Body::Action(action) if is_undone_by_failure(action)))
            .flat_map(|step| self.run.undone_with(&step.name))
            .collect();
        if self.undo_next(&targets)? {
            return Ok(false);
        }
        self.finish(Outcome::Failed);
        Ok(true)
    }
}

fn is_undone_by_failure(action: &ActionStep) -> bool {
    let outside = action.spec.kind == ActionKind::External;
    outside && action.spec.undoable && action.impact != Impact::Notify
}
