//! Alerts that join runs of a rehearsal: one that joins a run joins the runs under way that it started, too, as in the engine.

use std::collections::BTreeSet;

use crate::domain::{Actor, Alert, Event, EventKind, RunId, StepState, Waiting};
use crate::machine::{IllegalTransition, transition};
use crate::rehearsal::script::Script;
use crate::rehearsal::world::World;

use super::Performance;

impl Performance {
    /// Lets an alert join a run of the family now, and those under way that it waits for; then what follows at once.
    pub fn join(
        &mut self,
        run: RunId,
        world: &mut World,
        script: &mut Script,
        alert: &Alert,
    ) -> Result<(), IllegalTransition> {
        let at = self.at;
        let kind = EventKind::AlertJoined { alert: alert.id, source: Some(alert.source.clone()) };
        let joined = Event { at, actor: Actor::Source { id: alert.source.clone() }, kind };
        if let Some(meant) = self.member(run) {
            meant.hear(world, script, &joined)?;
        }
        self.pass_until(world, script, at)
    }

    /// A run that the alert also joins by itself hears of it once.
    fn hear(&mut self, world: &mut World, script: &mut Script, joined: &Event) -> Result<(), IllegalTransition> {
        let mut latest = self.events.iter().rev().take_while(|event| event.at == joined.at);
        if !latest.any(|event| event.kind == joined.kind) {
            let (run, effects) = transition(&self.playbook, self.run.clone(), joined)?;
            self.run = run;
            self.events.push(joined.clone());
            self.drive(world, script, effects)?;
        }
        let states = self.run.steps.values().map(|record| &record.state);
        let waits_for: BTreeSet<RunId> = states
            .filter_map(|state| match state {
                StepState::Waiting(Waiting::Run { run, .. }) => Some(*run),
                _ => None,
            })
            .collect();
        for child in &mut self.children {
            if waits_for.contains(&child.run.id) && !child.run.status.is_finished() {
                child.hear(world, script, joined)?;
            }
        }
        Ok(())
    }
}
