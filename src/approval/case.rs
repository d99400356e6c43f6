//! Everything that a person should know of a request: read once, for one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{AgentId, Approval, ApprovalId, Hold, PersonId, Run, RunId, Standing};
use crate::engine::Engine;
use crate::engine::delivery::{Containment, Wording};
use crate::playbook::Playbook;
use crate::store::{ReadError, RunLog};

use super::{List, Together};

/// A request with its run and what stands around it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The run that asks.
    pub run: Run,
    /// The request.
    pub approval: Approval,
    /// The run's playbook version; `None` if it can't be used any more.
    pub playbook: Option<Arc<Playbook>>,
    /// What each answer does.
    pub wording: Wording,
    /// What is known of the containment.
    pub containment: Containment,
    /// The names of the people that it mentions.
    pub names: BTreeMap<PersonId, String>,
    /// What the agent may do now.
    pub standing: Standing,
    /// All holds on the agent.
    pub holds: Vec<Hold>,
    /// Agents of the inventory that need this one.
    pub dependents: Vec<AgentId>,
    /// When the gate last saw the agent.
    pub gate_seen_at: Option<Timestamp>,
    /// The requests of other runs that it is decided with, if it is above a budget.
    pub together: Option<Together>,
    /// Those of them that the person who looks decides about, or decided about.
    pub list: Option<List>,
    /// Whether an escalation would reach anybody who was not asked before.
    pub can_ask_more: bool,
    /// The moment of all this.
    pub now: Timestamp,
}

impl Case {
    pub(super) async fn read(
        engine: &Engine,
        run: RunId,
        approval: ApprovalId,
        together: Option<Together>,
        list: Option<List>,
    ) -> Result<Option<Self>, ReadError> {
        let Some(run) = engine.store().run(run).await? else { return Ok(None) };
        let Some(approval) = run.approvals.get(&approval).cloned() else { return Ok(None) };
        let agents = list.as_ref().map_or(1, List::agents);
        let playbook = engine.library().pinned(engine.store(), &run.digest).await.ok();
        let (now, inventory) = (engine.clock().now(), engine.inventory());
        let voters = approval.votes.iter().map(|vote| &vote.person);
        let needs =
            |needed: &[String]| needed.iter().any(|name| name == run.agent.id.as_str() || *name == run.agent.name);
        let dependents = inventory.agents().filter(|agent| needs(&agent.depends_on)).map(|agent| agent.id.clone());
        let mentioned = approval.people.iter().chain(voters);
        let known = mentioned.filter_map(|id| inventory.directory().people.get(id));
        let gate_seen_at = engine.gate().seen_at(&run.agent.id);
        let wording = Wording::about(&run, &approval, agents, playbook.as_deref(), now);
        Ok(Some(Self {
            containment: match &list {
                Some(list) if agents > 1 => Containment::of_several(list.entries.iter().map(|entry| &entry.known)),
                _ => Containment::of(&run, &approval, playbook.as_deref(), &wording, gate_seen_at, now),
            },
            wording,
            names: known.map(|person| (person.id.clone(), person.name.clone())).collect(),
            standing: engine.standing(&run.agent.id),
            can_ask_more: playbook.as_ref().is_some_and(|playbook| engine.can_ask_more(playbook, &run, &approval)),
            holds: engine.holds_on(&run.agent.id),
            dependents: dependents.collect(),
            gate_seen_at,
            run,
            approval,
            playbook,
            together,
            list,
            now,
        }))
    }

    /// The name that people know a person by; the id where the configuration has no more.
    #[must_use]
    pub fn name<'a>(&'a self, person: &'a PersonId) -> &'a str {
        self.names.get(person).map_or(person.as_str(), String::as_str)
    }
}
