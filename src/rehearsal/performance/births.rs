//! The runs that steps of a run start: each begins after everything that follows at once in its parent, and a family of runs is as
//! large as the engine lets it become.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::inheritance::Child;
use crate::domain::{EventKind, RunId, StepPath, Verdict};
use crate::engine::children::{first_event_of_child, not_serving};
use crate::engine::words;
use crate::machine::{IllegalTransition, Wanted, wanted};
use crate::rehearsal::script::{Script, WholeRun};
use crate::rehearsal::world::World;

use super::answers::Answering;
use super::{Due, Pending, Performance};

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
                self.begin_child(next, world, script)
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

    /// Begins a run, or says of it what the script says of the whole.
    fn begin_child(&mut self, wanted: Wanted, world: &mut World, script: &mut Script) -> Result<RunId, String> {
        match script.whole_run(&self.above, &wanted.path) {
            None => self.open_child(wanted, world, script),
            Some(WholeRun::Refused) => Err("the test says so".to_owned()),
            Some(WholeRun::Ends { outcome, containment, after }) => {
                let path = wanted.path.clone();
                if let Some(theirs) = world.playbooks.get(&wanted.playbook) {
                    let inventory = &world.inventory;
                    // What keeps it from beginning keeps it here, too.
                    first_event_of_child(&self.run, &self.playbook, wanted, theirs, inventory, self.run.mode, self.at)?;
                }
                let run = RunId::generate(self.at);
                let at = self.at.saturating_add(after).unwrap_or(Timestamp::MAX);
                let contained_at = containment.filter(|verdict| *verdict == Verdict::Contained).map(|_| at);
                let (verdict, unanswered) = (containment, None);
                let kind = EventKind::ChildEnded { path, run, outcome, verdict, contained_at, unanswered };
                self.pending.push(Pending { at, due: Due::WholeRun(kind) });
                Ok(run)
            }
        }
    }

    /// Every playbook acts in a rehearsal, and so do those that it starts.
    fn open_child(&mut self, wanted: Wanted, world: &mut World, script: &mut Script) -> Result<RunId, String> {
        let theirs = world.playbooks.get(&wanted.playbook).map(Arc::clone);
        let theirs = theirs.ok_or_else(|| not_serving(&wanted.playbook))?;
        let above: Vec<StepPath> = self.above.iter().chain([&wanted.path]).cloned().collect();
        let mut first =
            first_event_of_child(&self.run, &self.playbook, wanted, &theirs, &world.inventory, self.run.mode, self.at)?;
        if let EventKind::RunStarted { agent, inherits, .. } = &mut first.kind {
            let child = Child { parent: &self.run, playbook: &theirs.name };
            *inherits = world.left_to_child(child, &self.subject, &agent.id);
        }
        let family = (self.first, self.subject.clone());
        let child = Self::open(&theirs, first, above, family, world, script).map_err(|it| it.to_string())?;
        let run = child.run.id;
        self.children.push(child);
        Ok(run)
    }
}
