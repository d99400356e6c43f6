//! Waits: for a time, or for a condition with a time at which it is given up.

use serde_json::json;

use crate::domain::{Mode, StepPath, StepState, Waiting};
use crate::playbook::{Body, Wait};

use super::error::IllegalTransition;
use super::motion::{Motion, after};

impl Motion<'_> {
    /// A wait's turn has come.
    pub fn start_wait(&mut self, path: &StepPath, wait: &Wait) -> Result<(), IllegalTransition> {
        if self.run.mode == Mode::Observe {
            return self.observed(path, "would wait");
        }
        let until = after(self.at, wait.span);
        self.set(path, StepState::Waiting(Waiting::Timer { until }))
    }

    /// Ends the waits whose condition holds. It is looked at whenever something happens in the run.
    pub fn settle_waits(&mut self) -> Result<(), IllegalTransition> {
        if self.run.status.is_finished() {
            return Ok(());
        }
        let playbook = self.playbook;
        for step in playbook.steps() {
            let Body::Wait(Wait { until: Some(condition), .. }) = &step.body else { continue };
            let path = StepPath::from(step.name.clone());
            let waits = matches!(self.record(&path)?.state, StepState::Waiting(Waiting::Timer { .. }));
            if waits && self.holds(Some(condition)) == Ok(Ok(())) {
                self.say(&path, format!("`{}` holds", condition.source()))?;
                self.record_mut(&path)?.output = json!({ "held": true });
                self.set(&path, StepState::Succeeded)?;
            }
        }
        Ok(())
    }

    /// A wait's time is over. One for a condition has then failed, unless the condition holds just now.
    pub fn end_wait(&mut self, path: &StepPath) -> Result<(), IllegalTransition> {
        let until = match &self.step(path)?.body {
            Body::Wait(wait) => wait.until.as_ref(),
            Body::Action(_) | Body::Approval(_) => None,
        };
        match self.holds(until) {
            Ok(Ok(())) => self.set(path, StepState::Succeeded),
            Ok(Err(reason)) | Err(reason) => {
                self.set(path, StepState::Failed { reason: format!("the time was over, and {reason}") })
            }
        }
    }
}
