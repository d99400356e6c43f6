//! Steps that wait until more than one source has spoken of the agent.
//!
//! What people decide about needs no second source, and neither does what a person or a schedule started: only what one
//! sender of alerts would cause alone is held back. Nothing waits for ever: what nobody corroborates in time is not done.

use std::collections::BTreeSet;

use crate::domain::{Actor, Mode, SourceId, StepPath, StepState, Waiting};
use crate::playbook::{Body, Corroborate, Step, UntilThen};

use super::error::IllegalTransition;
use super::motion::{Motion, after};

impl Motion<'_> {
    /// Holds a step back whose turn has come, if it is stronger than one source may cause; whether it was.
    pub fn hold_back(&mut self, path: &StepPath, step: &Step) -> Result<bool, IllegalTransition> {
        let Some(rule) = self.playbook.corroborate else { return Ok(false) };
        if self.run.mode == Mode::Observe || !self.is_too_strong(path, step, rule) || self.is_corroborated(rule) {
            return Ok(false);
        }
        let until = after(self.run.started_at, rule.within);
        if until <= self.at {
            self.set(path, self.not_corroborated(rule))?;
        } else {
            self.set(path, StepState::Waiting(Waiting::Corroboration { until }))?;
        }
        Ok(true)
    }

    /// Goes on with what was held back, once enough sources have spoken, and ends what nobody corroborated in time.
    pub fn settle_corroboration(&mut self) -> Result<(), IllegalTransition> {
        let Some(rule) = self.playbook.corroborate else { return Ok(()) };
        let playbook = self.playbook;
        let corroborated = self.is_corroborated(rule);
        for step in playbook.steps() {
            let path = StepPath::from(step.name.clone());
            let StepState::Waiting(Waiting::Corroboration { until }) = self.record(&path)?.state else { continue };
            if corroborated {
                self.say(&path, "corroborated by another source")?;
                self.set(&path, StepState::Pending)?;
                self.start_body(&path, step)?;
            } else if until <= self.at {
                self.set(&path, self.not_corroborated(rule))?;
            }
        }
        Ok(())
    }

    fn is_too_strong(&self, path: &StepPath, step: &Step, rule: Corroborate) -> bool {
        match &step.body {
            Body::Wait(_) => false,
            Body::Approval(_) => rule.until_then == UntilThen::Observe,
            Body::Action(action) => {
                let people = action.guard.is_some() || self.is_released_by_an_approval(path);
                let covered = people && rule.until_then != UntilThen::Observe;
                !covered && !rule.until_then.covers(action.impact)
            }
        }
    }

    fn is_corroborated(&self, rule: Corroborate) -> bool {
        let of_itself = match &self.run.started_by {
            Actor::Person { .. } | Actor::Schedule { .. } => true,
            Actor::Source { .. } | Actor::System => self.run.lineage.is_some(),
        };
        of_itself || self.sources().len() >= usize::try_from(rule.sources).unwrap_or(usize::MAX)
    }

    /// The sources that have spoken.
    fn sources(&self) -> BTreeSet<&SourceId> {
        self.run.sources.iter().chain([&self.run.alert.source]).collect()
    }

    fn not_corroborated(&self, rule: Corroborate) -> StepState {
        let (seen, wanted) = (self.sources().len(), rule.sources);
        let seconds = rule.within.as_secs();
        StepState::Skipped { reason: format!("not corroborated: {seen} of {wanted} sources within {seconds} s") }
    }
}
