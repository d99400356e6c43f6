//! How a run goes on: which steps' turn has come, when a stage is over, and how the run ends.

use crate::domain::approval::ApprovalStatus;
use crate::domain::{Mode, Outcome, RunStatus, StepPath, StepState, Waiting};
use crate::playbook::{Body, OnFailure, Order, Stage, Step};

use super::error::IllegalTransition;
use super::motion::{Motion, after};

impl Motion<'_> {
    /// Goes on until nothing more happens by itself.
    pub fn advance(&mut self) -> Result<(), IllegalTransition> {
        loop {
            self.settle_undo_steps()?;
            let moved = match self.run.status {
                RunStatus::Running { stage } => self.advance_stage(stage)?,
                RunStatus::Undoing { .. } => self.advance_undoing()?,
                RunStatus::Finished(_) => false,
            };
            if !moved {
                return Ok(());
            }
        }
    }

    /// Ends the run: what had no turn is cancelled, what asks people no longer asks.
    pub fn finish(&mut self, outcome: Outcome) {
        let at = self.at;
        for record in self.run.steps.values_mut() {
            let idle = matches!(record.state, StepState::Pending | StepState::Waiting(_));
            let under_way = matches!(record.state, StepState::Doing(_) | StepState::Undoing(_));
            if idle || under_way {
                if under_way {
                    record.detail = Some("the run ended while it was under way; its answer is not waited for".into());
                }
                record.state = StepState::Cancelled;
                record.ended_at = Some(at);
            }
        }
        for approval in self.run.approvals.values_mut() {
            if approval.status == ApprovalStatus::Pending {
                approval.status = ApprovalStatus::Cancelled;
                approval.decided_at = Some(at);
            }
        }
        self.run.status = RunStatus::Finished(outcome);
        self.run.ended_at = Some(at);
    }

    fn advance_stage(&mut self, index: usize) -> Result<bool, IllegalTransition> {
        let Some(stage) = self.playbook.stages.get(index) else { return Ok(self.end_of_last_stage()) };
        let begun = self.run.stages.get(index).is_some_and(|record| record.started_at.is_some());
        if !begun && !self.begin_stage(index, stage)? {
            self.run.status = RunStatus::Running { stage: index + 1 };
            return Ok(true);
        }
        let mut moved = self.start_ready_steps(stage)?;
        self.settle_undo_steps()?;
        if self.stage_is_settled(stage) {
            self.end_stage(index, stage);
            moved = true;
        }
        Ok(moved)
    }

    /// Whether the stage is gone through; if not, its steps are skipped.
    fn begin_stage(&mut self, index: usize, stage: &Stage) -> Result<bool, IllegalTransition> {
        let at = self.at;
        let skipped = match self.holds(stage.when.as_ref()) {
            Ok(Ok(())) => None,
            Ok(Err(reason)) | Err(reason) => Some(reason),
        };
        if let Some(record) = self.run.stages.get_mut(index) {
            record.started_at = Some(at);
            record.deadline = stage.timeout.map(|limit| after(at, limit));
            record.skipped.clone_from(&skipped);
        }
        let Some(reason) = skipped else { return Ok(true) };
        for step in &stage.steps {
            self.set(&step.name.clone().into(), StepState::Skipped { reason: reason.clone() })?;
        }
        Ok(false)
    }

    fn start_ready_steps(&mut self, stage: &Stage) -> Result<bool, IllegalTransition> {
        let mut moved = false;
        for step in &stage.steps {
            let path = StepPath::from(step.name.clone());
            let record = self.record(&path)?;
            let untouched = record.state == StepState::Pending && record.started_at.is_none();
            if untouched {
                self.start_step(&path, step)?;
                moved = true;
            }
            let settled = self.record(&path)?.state.is_settled();
            if stage.order == Order::Sequential && !settled && !step.background {
                break;
            }
        }
        Ok(moved)
    }

    fn start_step(&mut self, path: &StepPath, step: &Step) -> Result<(), IllegalTransition> {
        self.record_mut(path)?.started_at = Some(self.at);
        match self.holds(step.when.as_ref()) {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => return self.set(path, StepState::Skipped { reason }),
            Err(reason) => return self.set(path, StepState::Failed { reason }),
        }
        match &step.body {
            Body::Wait(span) => {
                if self.run.mode == Mode::Observe {
                    return self.observed(path, "would wait");
                }
                let until = after(self.at, *span);
                self.set(path, StepState::Waiting(Waiting::Timer { until }))
            }
            Body::Approval(spec) => self.start_approval(path, spec),
            Body::Action(action) => self.start_action(path, action),
        }
    }

    /// Records what a step of an observed run would have done.
    pub fn observed(&mut self, path: &StepPath, what: &str) -> Result<(), IllegalTransition> {
        self.say(path, format!("observed only: {what}"))?;
        self.set(path, StepState::Succeeded)
    }

    fn stage_is_settled(&self, stage: &Stage) -> bool {
        stage.steps.iter().filter(|step| !step.background).all(|step| self.is_settled(step))
    }

    fn is_settled(&self, step: &Step) -> bool {
        let path = StepPath::from(step.name.clone());
        self.run.steps.get(&path).is_none_or(|record| record.state.is_settled())
    }

    fn end_stage(&mut self, index: usize, stage: &Stage) {
        let failed = stage.steps.iter().filter(|step| {
            let path = StepPath::from(step.name.clone());
            self.run.steps.get(&path).is_some_and(|record| record.state.is_failure())
        });
        // The strictest of what the failed steps ask for decides: undo, then stop.
        let worst = failed.max_by_key(|step| match step.on_failure {
            OnFailure::Continue => 0,
            OnFailure::Stop => 1,
            OnFailure::Undo => 2,
        });
        match worst.map(|step| (step.on_failure, &step.name)) {
            Some((OnFailure::Stop, _)) => self.finish(Outcome::Failed),
            Some((OnFailure::Undo, name)) => {
                self.run.status = RunStatus::Undoing { cause: format!("step `{name}` failed") };
            }
            Some((OnFailure::Continue, _)) | None => self.run.status = RunStatus::Running { stage: index + 1 },
        }
    }

    /// After the last stage the run waits for its background steps.
    fn end_of_last_stage(&mut self) -> bool {
        let settled = self.run.steps.values().all(|record| record.state.is_settled());
        if settled {
            self.finish(Outcome::Completed);
        }
        settled
    }
}
