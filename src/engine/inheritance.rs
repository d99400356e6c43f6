//! Holds that a run takes over from runs in whose place it stands: what releases it must release them too, or an agent
//! that people let go would still be held by a run that is over.
//!
//! Nothing here lifts a hold. Which ones are taken over is found out when a run begins, and stands in its first event.

use crate::domain::{AgentId, HoldCause, HoldId, Outcome, PlaybookName, Run, RunId, RunStatus};
use crate::store::{ReadError, RunLog};

use super::Engine;
use super::births::first_of;

impl Engine {
    /// The holds on an agent that a run takes over with the place of an older one: those that it placed, those that it
    /// took over itself, and those that runs placed which it started.
    pub async fn inheritance(&self, old: RunId, agent: &AgentId) -> Result<Vec<HoldId>, ReadError> {
        let taken_over = self.run_if_readable(old).await?.map(|run| run.inherits).unwrap_or_default();
        let mut found = Vec::new();
        for (hold, by) in self.placed_by_runs(agent) {
            if by == old || taken_over.contains(&hold) || self.family_of(by).await? == Some(old) {
                found.push(hold);
            }
        }
        Ok(found)
    }

    /// The holds on an agent that a run takes over which another one starts: those that runs of the same playbook left for
    /// the same incident, and that were started by a run in whose place the first of this family stands. That is one about
    /// the same agent: an incident may be about several.
    pub(super) async fn inheritance_of_child(
        &self,
        parent: &Run,
        playbook: &PlaybookName,
        agent: &AgentId,
    ) -> Result<Vec<HoldId>, ReadError> {
        let family = parent.lineage.as_ref().map_or(&parent.playbook, |lineage| &lineage.budget.playbook);
        let (first, mut found) = (first_of(parent), Vec::new());
        let subject = match parent.lineage {
            None => Some(parent.agent.id.clone()),
            Some(_) => self.run_if_readable(first).await?.map(|first| first.agent.id.clone()),
        };
        let Some(subject) = subject else { return Ok(found) };
        for (hold, by) in self.placed_by_runs(agent) {
            let Some(former) = self.run_if_readable(by).await? else { continue };
            let of_a_family = former.lineage.as_ref().is_some_and(|lineage| lineage.budget.playbook == *family);
            let alike = of_a_family && former.playbook == *playbook && former.incident == parent.incident;
            if alike && self.was_superseded(first_of(&former), &subject).await? {
                found.push(hold);
            }
        }
        Ok(found)
    }

    /// Whether another run took the place of this one, which is about an agent.
    async fn was_superseded(&self, run: RunId, agent: &AgentId) -> Result<bool, ReadError> {
        let run = self.run_if_readable(run).await?;
        Ok(run.is_some_and(|run| run.agent.id == *agent && run.status == RunStatus::Finished(Outcome::Superseded)))
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

    /// The holds on an agent that runs placed.
    fn placed_by_runs(&self, agent: &AgentId) -> Vec<(HoldId, RunId)> {
        let holds = self.holds_on(agent).into_iter();
        let of_runs = holds.filter_map(|hold| match hold.cause {
            HoldCause::Run { run, .. } => Some((hold.id, run)),
            HoldCause::Person => None,
        });
        of_runs.collect()
    }
}
