//! A step that starts a run of another playbook. The machine says which and about whom; it never sees that playbook.

use serde_json::Value;

use crate::domain::{RunId, StepPath, StepState, Verdict, Waiting};
use crate::playbook::ActionStep;

use super::effect::Effect;
use super::error::IllegalTransition;
use super::motion::Motion;

impl Motion<'_> {
    /// Asks for the run that a step starts.
    pub fn start_child(&mut self, path: &StepPath, action: &ActionStep) -> Result<(), IllegalTransition> {
        let Some(playbook) = action.runs.clone() else { return Err(self.wrong_state(path)) };
        let record = self.record(path)?;
        let generation = record.generation;
        let agent = record.params.as_ref().and_then(|with| with.get("agent")).and_then(Value::as_str);
        let agent = agent.map_or_else(|| self.run.agent.id.to_string(), str::to_owned);
        self.effects.push(Effect::StartChild { path: path.clone(), generation, playbook, agent });
        Ok(())
    }

    /// Whether a step waits for the answer to whether its run begins.
    pub fn expects_child(&self, path: &StepPath) -> Result<(), IllegalTransition> {
        let record = self.record(path)?;
        let open = record.state == StepState::Pending && record.started_at.is_some();
        if open && self.action(path)?.runs.is_some() { Ok(()) } else { Err(self.wrong_state(path)) }
    }

    /// Stops the runs that steps of this one wait for: the run ends, and nobody would hear of them.
    pub fn stop_children(&mut self) {
        let waiting: Vec<RunId> = self.run.steps.values().filter_map(|record| waits_for(&record.state)).collect();
        let reason = format!("{}, which started it, ended", self.run.id);
        self.effects.extend(waiting.into_iter().map(|run| Effect::StopChild { run, reason: reason.clone() }));
    }

    /// No longer waits for the run that a step started: the step fails, and that run is stopped with everything that it
    /// waits for. Whether that contained anything is not known.
    pub fn give_up_child(&mut self, path: &StepPath, why: &str) -> Result<(), IllegalTransition> {
        let Some(run) = waits_for(&self.record(path)?.state) else { return Ok(()) };
        let reason = format!("{}, which started it, no longer waits: {why}", self.run.id);
        self.effects.push(Effect::StopChild { run, reason });
        self.record_mut(path)?.verdict = Some(Verdict::Unproven);
        self.set(path, StepState::Failed { reason: format!("{why}; {run} was stopped") })
    }
}

/// The run that a step in this state waits for.
const fn waits_for(state: &StepState) -> Option<RunId> {
    match state {
        StepState::Waiting(Waiting::Run { run, .. }) => Some(*run),
        _ => None,
    }
}
