//! Which holds a run takes over from runs in whose place it stands: what releases it must release them too, or an agent
//! that people let go would still be held by a run that is over.
//!
//! Nothing here knows where holds and runs are kept: the engine asks its store, a rehearsal its own world, and both judge
//! by these rules. Nothing here lifts a hold, either: what is taken over stands in the first event of the run that takes it.

use std::collections::HashSet;

use super::ids::{HoldId, IncidentId, RunId};
use super::lineage::Lineage;
use super::names::{AgentId, PlaybookName};
use super::run::{Outcome, Run, RunStatus};

/// How many holds a run takes over at most, because they stand in its state. Where there are as many, an alert joins the run
/// under way, whatever its playbook says.
pub const INHERITED_MAX: usize = 1_000;

/// A run whose place another one takes.
#[derive(Clone, Debug)]
pub struct Former {
    run: RunId,
    /// What it took over itself.
    inherits: HashSet<HoldId>,
}

impl Former {
    /// A run, and the holds that it took over itself.
    #[must_use]
    pub fn new(run: RunId, inherits: &[HoldId]) -> Self {
        Self { run, inherits: inherits.iter().copied().collect() }
    }

    /// Whether it leaves a hold that stands on its successor's agent, as far as that can be told without knowing where the run
    /// comes from that placed the hold: whether it placed it itself, or took it over.
    #[must_use]
    pub fn leaves(&self, hold: HoldId, placed_by: RunId) -> bool {
        placed_by == self.run || self.inherits.contains(&hold)
    }

    /// Whether it leaves the holds of a run whose family began with this one: everything that it led to.
    #[must_use]
    pub fn leaves_those_of_family(&self, first: RunId) -> bool {
        first == self.run
    }
}

/// A run that placed a hold, as far as it matters who takes that over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placer {
    /// The run.
    pub run: RunId,
    /// Its playbook.
    pub playbook: PlaybookName,
    /// Its incident.
    pub incident: IncidentId,
    /// The run that nobody started, from which it comes; itself, if no run started it.
    pub first: RunId,
    /// The playbook of that run, if another run started this one.
    pub family: Option<PlaybookName>,
}

impl Placer {
    /// What of a run matters.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        Self {
            run: run.id,
            playbook: run.playbook.clone(),
            incident: run.incident,
            first: first_of(run),
            family: run.lineage.as_ref().map(|lineage| lineage.budget.playbook.clone()),
        }
    }
}

/// A run that another one is about to start.
#[derive(Clone, Copy, Debug)]
pub struct Child<'a> {
    /// The run that starts it.
    pub parent: &'a Run,
    /// Its playbook.
    pub playbook: &'a PlaybookName,
}

impl Child<'_> {
    /// Whether a run stood at its place in an older family: one of the same playbook, for the same incident, that a run of
    /// the playbook led to with which this family began. It leaves its holds if its family made way ([`made_way`]).
    #[must_use]
    pub fn stands_where_stood(&self, former: &Placer) -> bool {
        let family = self.parent.lineage.as_ref().map_or(&self.parent.playbook, |lineage| &lineage.budget.playbook);
        former.family.as_ref() == Some(family)
            && former.playbook == *self.playbook
            && former.incident == self.parent.incident
    }
}

/// As many of these holds as a run may take over, the newest first to stay, and how many are left out. Those stay until people
/// lift them by hand.
#[must_use]
pub fn at_most(mut holds: Vec<HoldId>) -> (Vec<HoldId>, usize) {
    let left_out = holds.len().saturating_sub(INHERITED_MAX);
    // Ids begin with the time.
    holds.sort_unstable();
    (holds.split_off(left_out), left_out)
}

/// Whether another run took the place of this one, which is about an agent. An incident may be about several, so that what
/// was begun about another agent leaves nothing.
#[must_use]
pub fn made_way(first: &Run, agent: &AgentId) -> bool {
    first.agent.id == *agent && first.status == RunStatus::Finished(Outcome::Superseded)
}

/// The run that nobody started, from which a run comes.
#[must_use]
pub fn first_of(run: &Run) -> RunId {
    run.lineage.as_ref().map_or(run.id, Lineage::first)
}
