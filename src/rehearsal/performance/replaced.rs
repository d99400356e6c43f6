//! Runs of a rehearsal whose place another one takes: what they leave to it is what they would leave in the engine.

use crate::domain::inheritance::INHERITED_MAX;
use crate::domain::{Actor, Alert, EventKind, HoldId, RunId};
use crate::machine::IllegalTransition;
use crate::rehearsal::script::Script;
use crate::rehearsal::world::World;

use super::Performance;

impl Performance {
    /// Ends a run of the family because an alert starts its playbook again: the holds that the new run takes over. Where they
    /// are too many the alert joins it instead, and there is no new one.
    pub fn make_way(
        &mut self,
        run: RunId,
        world: &mut World,
        script: &mut Script,
        alert: &Alert,
    ) -> Result<Option<Vec<HoldId>>, IllegalTransition> {
        let left = self.member(run).map(|old| world.left_by(&old.run)).unwrap_or_default();
        if left.len() >= INHERITED_MAX {
            self.join(run, world, script, alert)?;
            return Ok(None);
        }
        let kind = EventKind::RunSuperseded { by: RunId::generate(self.at) };
        self.submit(run, world, script, Actor::System, kind)?;
        if let Some(old) = self.member(run) {
            world.remember_succession(&old.run);
        }
        Ok(Some(left))
    }
}
