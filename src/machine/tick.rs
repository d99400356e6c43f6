//! Deadlines: what the passing of time does to a run.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{ApprovalId, Attempt, Decision, Outcome, RunStatus, StepPath, StepState, Waiting};

use super::call::{Direction, Phase};
use super::error::IllegalTransition;
use super::motion::Motion;

/// When a later look is tried again if nothing came of it (its worker died).
const RECHECK_LEASE: SignedDuration = SignedDuration::from_mins(5);

impl Motion<'_> {
    /// Does everything that is due at the event's time.
    pub fn tick(&mut self) -> Result<(), IllegalTransition> {
        self.recheck_due()?;
        if self.run.status.is_finished() {
            return Ok(());
        }
        if self.run.deadline.is_some_and(|deadline| deadline <= self.at) {
            self.finish(Outcome::Failed);
            return Ok(());
        }
        self.expire_approvals()?;
        self.wake_steps()?;
        self.expire_stage()
    }

    fn expire_approvals(&mut self) -> Result<(), IllegalTransition> {
        let expired: Vec<ApprovalId> = self
            .run
            .approvals
            .values()
            .filter(|approval| approval.status == ApprovalStatus::Pending && approval.deadline <= self.at)
            .map(|approval| approval.id)
            .collect();
        expired.into_iter().try_for_each(|id| self.decide(id, Decision::Expired))
    }

    fn wake_steps(&mut self) -> Result<(), IllegalTransition> {
        let paths: Vec<StepPath> = self.run.steps.keys().cloned().collect();
        for path in paths {
            match self.record(&path)?.state.clone() {
                StepState::Waiting(Waiting::Timer { until }) if until <= self.at => self.end_wait(&path)?,
                StepState::Waiting(Waiting::Run { until: Some(until), .. }) if until <= self.at => {
                    self.give_up_child(&path, "it was not over in time")?;
                }
                StepState::Doing(Attempt::Backoff { number, until, .. }) if until <= self.at => {
                    self.ready(&path, Direction::Do, number + 1)?;
                }
                StepState::Undoing(Attempt::Backoff { number, until, .. }) if until <= self.at => {
                    self.ready(&path, Direction::Undo, number + 1)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A stage whose time is over: what only waits fails, and a run that it waits for is stopped;
    /// a call under way is left to settle, for it may be applied.
    fn expire_stage(&mut self) -> Result<(), IllegalTransition> {
        let RunStatus::Running { stage: index } = self.run.status else { return Ok(()) };
        let due = self.run.stages.get(index).and_then(|stage| stage.deadline).is_some_and(|at| at <= self.at);
        let Some(stage) = self.playbook.stages.get(index).filter(|_| due) else { return Ok(()) };
        if let Some(record) = self.run.stages.get_mut(index) {
            record.deadline = None;
        }
        let paths: Vec<StepPath> = self
            .run
            .steps
            .keys()
            .filter(|path| stage.steps.iter().any(|step| step.name == path.step))
            .cloned()
            .collect();
        let asked: BTreeSet<ApprovalId> =
            paths.iter().filter_map(|path| self.run.pending_approval(path).map(|approval| approval.id)).collect();
        for path in &paths {
            match self.record(path)?.state.clone() {
                StepState::Pending
                | StepState::Waiting(Waiting::Timer { .. } | Waiting::Corroboration { .. })
                | StepState::Doing(Attempt::Ready { .. } | Attempt::Preparing { .. } | Attempt::Backoff { .. }) => {
                    self.set(path, StepState::Failed { reason: "the stage's time was over".to_owned() })?;
                }
                StepState::Doing(Attempt::NeedsOperator { reason, .. }) => {
                    self.unproven(path, &format!("not known, and the stage's time was over: {reason}"))?;
                }
                StepState::Waiting(Waiting::Run { .. }) => self.give_up_child(path, "the stage's time was over")?,
                _ => {}
            }
        }
        asked.into_iter().try_for_each(|id| self.conclude(id, Decision::Expired))
    }

    fn recheck_due(&mut self) -> Result<(), IllegalTransition> {
        let at = self.at;
        let mut due = Vec::new();
        for recheck in self.run.rechecks.iter_mut().filter(|recheck| recheck.at <= at) {
            recheck.at = at.saturating_add(RECHECK_LEASE).unwrap_or(at);
            due.push(recheck.path.clone());
        }
        due.dedup();
        due.iter().try_for_each(|path| self.call(path, Direction::Do, Phase::Recheck))
    }
}
