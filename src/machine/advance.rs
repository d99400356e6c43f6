//! How a run goes on: which steps' turn has come, when a stage is over, and how the run ends.

use std::fmt::Write as _;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{Attempt, Outcome, Principal, RunStatus, StepPath, StepState, Waiting};
use crate::playbook::{Body, OnFailure, Order, Stage, Step};

use super::effect::{Effect, Notice};
use super::error::IllegalTransition;
use super::motion::{Motion, after};

impl<'a> Motion<'a> {
    /// Goes on until nothing more happens by itself.
    pub fn advance(&mut self) -> Result<(), IllegalTransition> {
        loop {
            self.settle_undo_steps()?;
            self.settle_waits()?;
            self.settle_corroboration()?;
            self.advance_items()?;
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

    /// Ends the run: what had no turn is cancelled, what asks people no longer asks. Whoever owns the agent is told of
    /// calls whose outcome is then unknown, and of a run that failed: a hold may still stand.
    pub fn finish(&mut self, outcome: Outcome) {
        let at = self.at;
        self.stop_children();
        let mut unknown = Vec::new();
        for (path, record) in &mut self.run.steps {
            let idle = matches!(record.state, StepState::Pending | StepState::Waiting(_));
            if let StepState::Doing(attempt) | StepState::Undoing(attempt) = &record.state {
                if attempt.may_be_applied() {
                    unknown.push(path.to_string());
                }
                record.detail = Some("the run ended while it was under way; what came of it is told below".into());
                record.state = StepState::Cancelled;
                record.ended_at = Some(at);
            } else if idle {
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
        if outcome == Outcome::Failed || !unknown.is_empty() {
            self.alarm_of_the_end(&unknown);
        }
    }

    fn alarm_of_the_end(&mut self, unknown: &[String]) {
        let (run, agent) = (&self.run, &self.run.agent.id);
        let mut text = format!("{} of playbook {} about {agent} ended: {}.\n\n", run.id, run.playbook, run.status);
        if !unknown.is_empty() {
            let steps = unknown.join(", ");
            writeln!(text, "It is not known whether these were applied: {steps}. Look at the target.")
                .unwrap_or_default();
        }
        writeln!(text, "Holds on {agent} stay until somebody lifts them: standdown agents show {agent}")
            .unwrap_or_default();
        let subject = format!("Run {}: {agent}", run.status);
        let to = vec![Principal::Owner, Principal::Fallback];
        self.effects.push(Effect::Alarm(Notice { to, subject, text }));
    }

    fn advance_stage(&mut self, index: usize) -> Result<bool, IllegalTransition> {
        let Some(stage) = self.playbook.stages.get(index) else { return Ok(self.end_of_last_stage()) };
        let begun = self.run.stages.get(index).is_some_and(|record| record.started_at.is_some());
        if !begun && !self.begin_stage(index, stage)? {
            self.run.status = RunStatus::Running { stage: index + 1 };
            return Ok(true);
        }
        let mut moved = self.start_ready_steps(index, stage)?;
        self.settle_undo_steps()?;
        self.advance_items()?;
        if self.stage_is_settled(stage) {
            self.end_stage(index, stage);
            moved = true;
        }
        Ok(moved)
    }

    /// Whether the stage is gone through; if not, its steps are skipped.
    fn begin_stage(&mut self, index: usize, stage: &Stage) -> Result<bool, IllegalTransition> {
        let at = self.at;
        let (skipped, broken) = match self.holds(stage.when.as_ref()) {
            Ok(Ok(())) => (None, false),
            Ok(Err(reason)) => (Some(reason), false),
            Err(reason) => (Some(reason), true),
        };
        if let Some(record) = self.run.stages.get_mut(index) {
            record.started_at = Some(at);
            record.deadline = stage.timeout.map(|limit| after(at, limit));
            record.skipped.clone_from(&skipped);
        }
        let Some(reason) = skipped else { return Ok(true) };
        for step in &stage.steps {
            let reason = reason.clone();
            // A condition that can't be told is a fault of the playbook, and shows as one.
            let state = if broken { StepState::Failed { reason } } else { StepState::Skipped { reason } };
            self.set(&step.name.clone().into(), state)?;
        }
        Ok(broken)
    }

    /// Starts the steps whose turn has come. Where they follow each other, none starts after one whose failure ends the run.
    fn start_ready_steps(&mut self, index: usize, stage: &Stage) -> Result<bool, IllegalTransition> {
        let follow = stage.order == Order::Sequential;
        let mut ends = follow && self.background_failure(index).is_some();
        let mut moved = false;
        for step in &stage.steps {
            let path = StepPath::from(step.name.clone());
            let record = self.record(&path)?;
            let untouched = record.state == StepState::Pending && record.started_at.is_none();
            if untouched && ends {
                self.say(&path, "a step before it failed")?;
                self.set(&path, StepState::Cancelled)?;
            } else if untouched {
                self.start_step(&path, step)?;
            }
            moved |= untouched;
            let state = &self.record(&path)?.state;
            ends |= follow && state.is_failure() && step.on_failure != OnFailure::Continue;
            if follow && !state.is_settled() && !step.background {
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
        if self.hold_back(path, step)? { Ok(()) } else { self.start_body(path, step) }
    }

    /// Does what a step is for, now that nothing holds it back.
    pub fn start_body(&mut self, path: &StepPath, step: &Step) -> Result<(), IllegalTransition> {
        if let Some(each) = &step.for_each {
            return self.start_items(path, step, each);
        }
        match &step.body {
            Body::Wait(wait) => self.start_wait(path, wait),
            Body::Approval(_) => self.start_approval(path),
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

    /// Whether the stage need not wait for a step. What only a person can judge holds nothing up, where its failure would
    /// not either: the owner must still be told. The run itself stays open until somebody has looked.
    fn is_settled(&self, step: &Step) -> bool {
        let path = StepPath::from(step.name.clone());
        self.run.steps.get(&path).is_none_or(|record| match &record.state {
            StepState::Waiting(Waiting::Items { .. }) => {
                self.run.items(&step.name).all(|(_, item)| is_settled_enough(&item.state, step.on_failure))
            }
            state => is_settled_enough(state, step.on_failure),
        })
    }

    fn end_stage(&mut self, index: usize, stage: &Stage) {
        let failed = stage.steps.iter().filter(|step| {
            let path = StepPath::from(step.name.clone());
            self.run.steps.get(&path).is_some_and(|record| record.state.is_failure())
        });
        let worst = failed.chain(self.background_failure(index)).max_by_key(|step| step.on_failure);
        if !self.obey(worst) {
            self.run.status = RunStatus::Running { stage: index + 1 };
        }
    }

    /// After the last stage the run waits for its background steps.
    fn end_of_last_stage(&mut self) -> bool {
        let settled = self.run.steps.values().all(|record| record.state.is_settled());
        if settled && !self.obey(self.background_failure(self.playbook.stages.len())) {
            self.finish(Outcome::Completed);
        }
        settled
    }

    /// The background step of an earlier stage that has failed since, and asks for most.
    fn background_failure(&self, index: usize) -> Option<&'a Step> {
        let earlier = self.playbook.stages.iter().take(index).flat_map(|stage| &stage.steps);
        let failed = earlier.filter(|step| step.background && step.on_failure != OnFailure::Continue).filter(|step| {
            let record = self.run.steps.get(&StepPath::from(step.name.clone()));
            record.is_some_and(|record| matches!(record.state, StepState::Failed { .. } | StepState::Unproven))
        });
        failed.max_by_key(|step| step.on_failure)
    }

    /// Does what a failed step asks for; whether that ends the way of the run.
    fn obey(&mut self, failed: Option<&Step>) -> bool {
        match failed.map(|step| (step.on_failure, &step.name)) {
            Some((OnFailure::Stop, _)) => self.finish(Outcome::Failed),
            Some((OnFailure::Undo, name)) => {
                self.run.status = RunStatus::Undoing { cause: format!("step `{name}` failed") };
            }
            Some((OnFailure::Continue, _)) | None => return false,
        }
        true
    }
}

/// Whether a stage need not wait for a step, or one of its items, in this state.
pub(super) fn is_settled_enough(state: &StepState, on_failure: OnFailure) -> bool {
    match state {
        StepState::Doing(Attempt::NeedsOperator { .. }) => on_failure == OnFailure::Continue,
        state => state.is_settled(),
    }
}
