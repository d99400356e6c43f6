//! Who leaves which holds to whom in a rehearsal, by the rules of `domain/inheritance`. The world remembers what they ask
//! about, because runs that are over are not kept for ever.

use crate::domain::inheritance::{Child, Former, made_way};
use crate::domain::{AgentId, HoldId, Run};

use super::World;

impl World {
    /// The holds on its agent that a run leaves to another one about it that takes its place.
    pub(in crate::rehearsal) fn left_by(&self, old: &Run) -> Vec<HoldId> {
        let former = Former { run: old.id, inherits: &old.inherits };
        let placed =
            self.holds_on(&old.agent.id).iter().filter_map(|hold| Some((hold.id, self.placers.get(&hold.id)?)));
        let left = placed.filter(|(hold, by)| former.leaves(*hold, by.run) || former.leaves_those_of_family(by.first));
        left.map(|(hold, _)| hold).collect()
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
        let placed = self.holds_on(agent).iter().filter_map(|hold| Some((hold.id, self.placers.get(&hold.id)?)));
        let left =
            placed.filter(|(_, by)| child.stands_where_stood(by) && self.made_way.get(&by.first) == Some(subject));
        left.map(|(hold, _)| hold).collect()
    }

    /// Remembers a run that made way for another one about its agent.
    pub(in crate::rehearsal) fn remember_succession(&mut self, old: &Run) {
        if made_way(old, &old.agent.id) {
            self.made_way.insert(old.id, old.agent.id.clone());
        }
    }
}
