//! The runs that steps of a run start: each begins after everything that follows at once in its parent, and a family of runs is as
//! large as the engine lets it become.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::{EventKind, RunId, StepPath};
use crate::engine::children::{first_event_of_child, not_serving};
use crate::engine::words;
use crate::machine::{IllegalTransition, Wanted, wanted};
use crate::rehearsal::script::Script;
use crate::rehearsal::world::World;

use super::Performance;
use super::answers::Answering;

impl Performance {
    /// Starts what steps wait for, or says why it can't begin.
    pub(super) fn bear(&mut self, world: &mut World, script: &mut Script) -> Result<(), IllegalTransition> {
        let mut answered: BTreeSet<StepPath> = BTreeSet::new();
        let mut refused_for_room = 0;
        // Each answer may end what a later step waits for.
        while let Some(next) =
            wanted(&self.playbook, &self.run, self.at)?.into_iter().find(|wanted| !answered.contains(&wanted.path))
        {
            let path = next.path.clone();
            answered.insert(path.clone());
            let begun = if world.has_room(self.first.run) {
                self.open_child(next, world, script)
            } else {
                refused_for_room += 1;
                Err(words::no_room())
            };
            let kind = match begun {
                Ok(run) => {
                    world.born(self.first.run);
                    EventKind::ChildStarted { path, run }
                }
                Err(reason) => EventKind::ChildRefused { path, reason },
            };
            self.happen(world, script, kind)?;
        }
        if refused_for_room > 0 && world.is_newly_full(self.first.run, &self.run.playbook) {
            let notice = words::full_family(&self.run, &self.playbook, refused_for_room);
            Answering { performance: self, world, script }.tell(&notice);
        }
        Ok(())
    }

    /// Every playbook acts in a rehearsal, and so do those that it starts.
    fn open_child(&mut self, wanted: Wanted, world: &mut World, script: &mut Script) -> Result<RunId, String> {
        let theirs = world.playbooks.get(&wanted.playbook).map(Arc::clone);
        let theirs = theirs.ok_or_else(|| not_serving(&wanted.playbook))?;
        let above: Vec<StepPath> = self.above.iter().chain([&wanted.path]).cloned().collect();
        let first =
            first_event_of_child(&self.run, &self.playbook, wanted, &theirs, &world.inventory, self.run.mode, self.at)?;
        let child = Self::open(&theirs, first, above, self.first, world, script).map_err(|it| it.to_string())?;
        let run = child.run.id;
        self.children.push(child);
        Ok(run)
    }
}
