//! One transition under way: the run as it moves, and the effects that pile up.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::{Run, StepPath, StepRecord, StepState};
use crate::language::Expression;
use crate::playbook::{ActionStep, Body, Playbook, Step};

use super::call::{About, Call, Direction, Phase};
use super::context::variables;
use super::effect::Effect;
use super::error::IllegalTransition;
use super::key::idempotency_key;

/// A run under way from one state to the next.
pub(super) struct Motion<'a> {
    pub playbook: &'a Playbook,
    pub run: Run,
    pub at: Timestamp,
    /// The name of the event, for errors.
    pub event: &'static str,
    pub effects: Vec<Effect>,
}

/// `at` plus a time span of a playbook.
pub(super) fn after(at: Timestamp, span: std::time::Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

impl<'a> Motion<'a> {
    /// The step of the playbook with this path.
    pub fn step(&self, path: &StepPath) -> Result<&'a Step, IllegalTransition> {
        self.playbook.step(&path.step).map(|(_, step)| step).ok_or_else(|| self.no_such_step(path))
    }

    /// The action of the step with this path.
    pub fn action(&self, path: &StepPath) -> Result<&'a ActionStep, IllegalTransition> {
        match &self.step(path)?.body {
            Body::Action(action) => Ok(action),
            Body::Approval(_) | Body::Wait(_) => Err(self.wrong_state(path)),
        }
    }

    /// The record of a step.
    pub fn record(&self, path: &StepPath) -> Result<&StepRecord, IllegalTransition> {
        self.run.steps.get(path).ok_or_else(|| self.no_such_step(path))
    }

    /// The record of a step, to change it.
    pub fn record_mut(&mut self, path: &StepPath) -> Result<&mut StepRecord, IllegalTransition> {
        let error = IllegalTransition::NoSuchStep { event: self.event, path: path.clone() };
        self.run.steps.get_mut(path).ok_or(error)
    }

    /// Moves a step to a state; a settled one gets its end time.
    pub fn set(&mut self, path: &StepPath, state: StepState) -> Result<(), IllegalTransition> {
        let at = self.at;
        let record = self.record_mut(path)?;
        record.ended_at = state.is_settled().then_some(at);
        record.state = state;
        Ok(())
    }

    /// Leaves a line for people at a step.
    pub fn say(&mut self, path: &StepPath, detail: impl Into<String>) -> Result<(), IllegalTransition> {
        self.record_mut(path)?.detail = Some(detail.into());
        Ok(())
    }

    /// The error for a path that the run does not have.
    pub fn no_such_step(&self, path: &StepPath) -> IllegalTransition {
        IllegalTransition::NoSuchStep { event: self.event, path: path.clone() }
    }

    /// The error for a step that is in another state than the event needs.
    pub fn wrong_state(&self, path: &StepPath) -> IllegalTransition {
        let state = self.run.steps.get(path).map_or("not there", |record| record.state.as_str());
        IllegalTransition::WrongState { event: self.event, path: path.clone(), state: state.to_owned() }
    }

    /// Whether a condition holds now; the reason, if it does not or can't be told.
    pub fn holds(&self, condition: Option<&Expression>) -> Result<Result<(), String>, String> {
        let Some(condition) = condition else { return Ok(Ok(())) };
        match condition.evaluate_bool(&variables(&self.run), self.at) {
            Ok(true) => Ok(Ok(())),
            Ok(false) => Ok(Err(format!("`{}` did not hold", condition.source()))),
            Err(error) => Err(format!("`{}` could not be evaluated: {error}", condition.source())),
        }
    }

    /// Asks for a call of a step's action.
    pub fn call(&mut self, path: &StepPath, direction: Direction, phase: Phase) -> Result<(), IllegalTransition> {
        let action = self.action(path)?;
        let record = self.record(path)?;
        let attempt = match &record.state {
            StepState::Doing(attempt) | StepState::Undoing(attempt) => attempt.number(),
            _ => 1,
        };
        let call = Call {
            run: self.run.id,
            path: path.clone(),
            direction,
            phase,
            action: action.spec.name.clone(),
            parameters: record.params.clone().unwrap_or(Value::Null),
            key: idempotency_key(self.run.id, path, direction, record.generation),
            attempt,
            timeout: action.timeout,
            protection: action.protection,
            snapshot: record.snapshot.clone(),
            about: About {
                agent: self.run.agent.id.to_string(),
                incident: self.run.incident.to_string(),
                alert: std::sync::Arc::clone(&self.run.alert),
            },
        };
        self.effects.push(Effect::Call(Box::new(call)));
        Ok(())
    }
}
