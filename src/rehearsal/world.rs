//! What stands around the runs of a rehearsal: agents and people, holds, budgets, and what the gate has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::event::GateSight;
use crate::domain::{AgentId, Hold, HoldId, Run, Standing};
use crate::engine::{Authority, Bundles, Inventory, Ledger};

use super::family::Library;

/// The surroundings of a rehearsal. Several runs share them.
pub struct World {
    /// Agents and people.
    pub inventory: Arc<Inventory>,
    /// The playbooks that steps may start runs of.
    pub playbooks: Arc<Library>,
    /// Who was contained lately.
    pub ledger: Arc<Ledger>,
    /// Requests above a limit that further ones join.
    pub bundles: Arc<Bundles>,
    /// How many agents may be contained in an hour without a person.
    pub contained_per_hour: u32,
    /// Gated agents that the gate has never seen; it has seen the others a moment ago.
    pub unseen: BTreeSet<AgentId>,
    holds: BTreeMap<AgentId, Vec<Hold>>,
}

impl World {
    /// A world in which nothing is held, nobody was contained, and no step starts another playbook.
    #[must_use]
    pub fn new(inventory: Arc<Inventory>, contained_per_hour: u32) -> Self {
        Self {
            inventory,
            playbooks: Arc::default(),
            ledger: Arc::new(Ledger::new(Vec::new())),
            bundles: Arc::default(),
            contained_per_hour,
            unseen: BTreeSet::new(),
            holds: BTreeMap::new(),
        }
    }

    /// The holds on an agent, oldest first.
    #[must_use]
    pub fn holds_on(&self, agent: &AgentId) -> &[Hold] {
        self.holds.get(agent).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every hold that stands, by agent.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values().flatten()
    }

    /// What an agent may do now.
    #[must_use]
    pub fn standing(&self, agent: &AgentId) -> Standing {
        Standing::of(self.holds_on(agent))
    }

    /// Places a hold.
    pub fn place(&mut self, hold: Hold) {
        self.holds.entry(hold.agent.clone()).or_default().push(hold);
    }

    /// Lifts a hold of an agent.
    pub fn lift(&mut self, agent: &AgentId, hold: HoldId) {
        if let Some(holds) = self.holds.get_mut(agent) {
            holds.retain(|standing| standing.id != hold);
        }
    }

    /// What the gate knows of a run's agent.
    #[must_use]
    pub fn gate_sight(&self, run: &Run, at: Timestamp) -> GateSight {
        let agent = &run.agent;
        let seen = agent.gated && !self.unseen.contains(&agent.id);
        GateSight { seen_at: seen.then_some(at), standing: self.standing(&agent.id) }
    }

    /// What decides whether a step of a run may act.
    #[must_use]
    pub fn authority(&self, run: &Run) -> Authority<'_> {
        let protected = self.inventory.agent(&run.agent.id).is_some_and(|agent| agent.protected);
        Authority { ledger: &self.ledger, contained_per_hour: self.contained_per_hour, protected }
    }
}
