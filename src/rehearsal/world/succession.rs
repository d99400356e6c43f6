//! Who leaves which holds to whom in a rehearsal, by the rules of `domain/inheritance`. The world remembers what they ask
//! about, because runs that are over are not kept for ever.

use std::collections::BTreeSet;

use crate::domain::inheritance::{Child, Former, at_most, made_way};
use crate::domain::{AgentId, HoldId, Run};

use super::World;

impl World {
    /// The holds on its agent that a run leaves to another one about it that takes its place.
    pub(in crate::rehearsal) fn left_by(&self, old: &Run) -> Vec<HoldId> {
        let former = Former::new(old.id, &old.inherits);
        let candidates: BTreeSet<HoldId> = self.holds.of_run(old.id).chain(old.inherits.iter().copied()).collect();
        let leaves = |hold: &HoldId| {
            self.holds.placer(*hold).is_some_and(|(agent, by)| {
                *agent == old.agent.id && (former.leaves(*hold, by.run) || former.leaves_those_of_family(by.first))
            })
        };
        candidates.into_iter().filter(leaves).collect()
    }

    /// The holds on an agent that a run takes over which another one starts. `subject` is the agent that the first run of
    /// its family is about.
    pub(in crate::rehearsal) fn left_to_child(
        &self,
        child: Child<'_>,
        subject: &AgentId,
        agent: &AgentId,
    ) -> Vec<HoldId> {
        // In most rehearsals nothing starts again, and an agent may have thousands of holds.
        if self.made_way.is_empty() {
            return Vec::new();
        }
        let leaves = |hold: &HoldId| {
            self.holds.placer(*hold).is_some_and(|(on, by)| {
                on == agent && child.stands_where_stood(by) && self.made_way.get(&by.first) == Some(subject)
            })
        };
        at_most(self.holds.of_place(child.parent.incident, child.playbook).filter(leaves).collect()).0
    }

    /// Remembers a run that made way for another one about its agent.
    pub(in crate::rehearsal) fn remember_succession(&mut self, old: &Run) {
        if made_way(old, &old.agent.id) {
            self.made_way.insert(old.id, old.agent.id.clone());
        }
    }
}
