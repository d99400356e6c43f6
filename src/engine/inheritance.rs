//! Holds that a run takes over from runs in whose place it stands, looked up in what is stored; which ones those are is
//! said by `domain/inheritance`, by which rehearsals judge as well.
//!
//! Nothing here lifts a hold. Which ones are taken over is found out when a run begins, and stands in its first event.

use crate::domain::inheritance::{Child, Former, Placer, at_most, first_of, made_way};
use crate::domain::{AgentId, HoldCause, HoldId, PlaybookName, Run, RunId};
use crate::store::{Agents as _, ReadError, RunLog};

use super::Engine;

impl Engine {
    /// The holds on an agent that a run takes over with the place of an older one: those that it placed, those that it
    /// took over itself, and those that runs placed which it started.
    pub async fn inheritance(&self, old: RunId, agent: &AgentId) -> Result<Vec<HoldId>, ReadError> {
        let taken_over = self.run_if_readable(old).await?.map(|run| run.inherits).unwrap_or_default();
        let former = Former::new(old, &taken_over);
        let mut found = Vec::new();
        for (hold, by) in self.placed_by_runs(agent).await? {
            let leaves = former.leaves(hold, by);
            if leaves || self.family_of(by).await?.is_some_and(|first| former.leaves_those_of_family(first)) {
                found.push(hold);
            }
        }
        Ok(found)
    }

    /// The holds on an agent that a run takes over which another one starts: those that runs left which stood at its place
    /// in a family that made way.
    pub(super) async fn inheritance_of_child(
        &self,
        parent: &Run,
        playbook: &PlaybookName,
        agent: &AgentId,
    ) -> Result<Vec<HoldId>, ReadError> {
        let (first, mut found) = (first_of(parent), Vec::new());
        let subject = match parent.lineage {
            None => Some(parent.agent.id.clone()),
            Some(_) => self.run_if_readable(first).await?.map(|first| first.agent.id.clone()),
        };
        let Some(subject) = subject else { return Ok(found) };
        let child = Child { parent, playbook };
        for (hold, by) in self.placed_by_runs(agent).await? {
            let Some(former) = self.run_if_readable(by).await?.map(|run| Placer::of(&run)) else { continue };
            if child.stands_where_stood(&former) {
                let first = self.run_if_readable(former.first).await?;
                found.extend(first.filter(|first| made_way(first, &subject)).map(|_| hold));
            }
        }
        let (found, left_out) = at_most(found);
        if left_out > 0 {
            tracing::warn!(agent.id = %agent, left_out, "a run takes over no more holds; people lift the others by hand");
        }
        Ok(found)
    }

    /// A run that can't be read back leaves nothing to anybody: its holds stay, and people lift them.
    async fn run_if_readable(&self, id: RunId) -> Result<Option<Run>, ReadError> {
        match self.inner.store.run(id).await {
            Err(error @ ReadError::Damaged { .. }) => {
                tracing::error!(run.id = %id, %error, "nobody can take over the holds of this run");
                Ok(None)
            }
            read => read,
        }
    }

    /// Whether a run takes over less than what the run in whose place it stands leaves by now. What that one did since its
    /// successor was decided on would be held by a run that is over, and let go by nobody.
    pub(super) async fn leaves_behind(&self, by: &Run, old: RunId) -> Result<bool, ReadError> {
        let left = self.inheritance(old, &by.agent.id).await?;
        Ok(left.iter().any(|hold| !by.inherits.contains(hold)))
    }

    /// The holds on an agent that runs placed. What is stored says so, because a run shows what it did there before memory
    /// follows.
    async fn placed_by_runs(&self, agent: &AgentId) -> Result<Vec<(HoldId, RunId)>, ReadError> {
        let holds = self.inner.store.holds_on(agent).await?.into_iter();
        let of_runs = holds.filter_map(|hold| match hold.cause {
            HoldCause::Run { run, .. } => Some((hold.id, run)),
            HoldCause::Person | HoldCause::Unreadable => None,
        });
        Ok(of_runs.collect())
    }
}
