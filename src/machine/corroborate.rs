//! Steps that wait until more than one source has spoken of the agent.
//!
//! What people decide about needs no second source, and neither does what a person or a schedule started: only what one
//! sender of alerts would cause alone is held back. Where people were asked and said nothing, nobody has decided. Nothing
//! waits for ever: what nobody corroborates in time is not done.

use std::collections::BTreeSet;

use crate::domain::{Actor, Decision, Impact, Mode, SourceId, StepPath, StepRecord, StepState, Waiting};
use crate::playbook::{ActionStep, Body, Corroborate, Step, UntilThen};

use super::effect::Effect;
use super::error::IllegalTransition;
use super::motion::{Motion, after};

impl Motion<'_> {
    /// Holds a step back whose turn has come, if it is stronger than one source may cause; whether it was.
    pub fn hold_back(&mut self, path: &StepPath, step: &Step) -> Result<bool, IllegalTransition> {
        let Some(rule) = self.playbook.corroborate else { return Ok(false) };
        if self.run.mode == Mode::Observe || !self.is_too_strong(path, step, rule) || self.is_corroborated(rule) {
            return Ok(false);
        }
        self.wait_for_sources(path, rule)?;
        Ok(true)
    }

    /// Holds a step back that silence would let go: people were asked in place of a second source, and nobody answered.
    pub fn hold_back_silent(&mut self, path: &StepPath) -> Result<bool, IllegalTransition> {
        let Some(rule) = self.playbook.corroborate else { return Ok(false) };
        if rule.until_then.covers(strength(self.action(path)?)) || self.is_corroborated(rule) {
            return Ok(false);
        }
        self.wait_for_sources(path, rule)?;
        Ok(true)
    }

    fn wait_for_sources(&mut self, path: &StepPath, rule: Corroborate) -> Result<(), IllegalTransition> {
        let until = after(self.run.started_at, rule.within);
        let waits = StepState::Waiting(Waiting::Corroboration { until });
        self.set(path, if until <= self.at { self.not_corroborated(rule) } else { waits })
    }

    /// Goes on with what was held back, once enough sources have spoken, and ends what nobody corroborated in time.
    pub fn settle_corroboration(&mut self) -> Result<(), IllegalTransition> {
        let Some(rule) = self.playbook.corroborate else { return Ok(()) };
        let corroborated = self.is_corroborated(rule);
        let waits = |record: &StepRecord| match record.state {
            StepState::Waiting(Waiting::Corroboration { until }) => Some(until),
            _ => None,
        };
        let with_items = |step: &Step| {
            let items = self.run.items(&step.name).map(|(path, _)| path.clone());
            [StepPath::from(step.name.clone())].into_iter().chain(items).collect::<Vec<_>>()
        };
        let paths = self.playbook.steps().flat_map(with_items);
        let waiting = paths.filter_map(|path| Some((waits(self.run.steps.get(&path)?)?, path)));
        for (until, path) in waiting.collect::<Vec<_>>() {
            if corroborated {
                self.say(&path, "corroborated by another source")?;
                self.set(&path, StepState::Pending)?;
                self.start_corroborated(&path)?;
            } else if until <= self.at {
                self.set(&path, self.not_corroborated(rule))?;
            }
        }
        Ok(())
    }

    /// People who were asked before it was held back are not asked again.
    fn start_corroborated(&mut self, path: &StepPath) -> Result<(), IllegalTransition> {
        let step = self.step(path)?;
        match &step.body {
            Body::Action(action) if self.record(path)?.decision == Some(Decision::Expired) => {
                self.effects.push(Effect::Authorize { path: path.clone(), impact: action.impact, approved: false });
                Ok(())
            }
            _ => self.start_body(path, step),
        }
    }

    fn is_too_strong(&self, path: &StepPath, step: &Step, rule: Corroborate) -> bool {
        match &step.body {
            Body::Wait(_) => false,
            Body::Approval(_) => rule.until_then == UntilThen::Observe,
            Body::Action(action) => {
                let people = action.guard.is_some() || self.is_released_by_an_approval(path);
                let covered = people && rule.until_then != UntilThen::Observe;
                !covered && !rule.until_then.covers(strength(action))
            }
        }
    }

    fn is_corroborated(&self, rule: Corroborate) -> bool {
        // A run that another one started was told which sources had spoken by then: it needs as many as any other.
        let of_itself = matches!(&self.run.started_by, Actor::Person { .. } | Actor::Schedule { .. });
        of_itself || self.sources().len() >= usize::try_from(rule.sources).unwrap_or(usize::MAX)
    }

    /// The sources that have spoken. What Standdown says to itself is nobody's second opinion.
    fn sources(&self) -> BTreeSet<&SourceId> {
        self.run.sources.iter().chain([&self.run.alert.source]).filter(|source| !source.is_own()).collect()
    }

    fn not_corroborated(&self, rule: Corroborate) -> StepState {
        let (seen, wanted) = (self.sources().len(), rule.sources);
        let seconds = rule.within.as_secs();
        StepState::Skipped { reason: format!("not corroborated: {seen} of {wanted} sources within {seconds} s") }
    }
}

/// How strong a step is. What another playbook does is not known here: at least it may contain.
const fn strength(action: &ActionStep) -> Impact {
    match (action.impact, &action.runs) {
        (Impact::Notify, Some(_)) => Impact::Contain,
        (impact, _) => impact,
    }
}
