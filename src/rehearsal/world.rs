//! What stands around the runs of a rehearsal: agents and people, holds, budgets, how large families are, and what the gate
//! has seen. What happens in it that would come in as an alert of our own is kept until somebody takes it.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::event::GateSight;
use crate::domain::inheritance::Placer;
use crate::domain::lineage::FAMILY_RUNS_MAX;
use crate::domain::{AgentId, Hold, HoldId, PlaybookName, Run, RunId, Standing};
use crate::engine::{Authority, Bundles, Inventory, Ledger, SystemAlert, words};

mod holds;
mod succession;

use holds::Holds;

use super::family::Library;
use super::performance::{Sent, SentKind};

/// The run that nobody started, from which a family of runs comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct First {
    /// Which.
    pub run: RunId,
    /// When it began.
    pub began_at: Timestamp,
}

/// What led to something: a family of runs, and the playbook of the run in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    /// The first run of the family.
    pub first: First,
    /// The playbook.
    pub playbook: PlaybookName,
}

/// The planned end of a hold, about which people are asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HoldEnd {
    /// When.
    pub at: Timestamp,
    /// The hold.
    pub hold: HoldId,
    /// The agent that it is on.
    pub agent: AgentId,
    /// What placed it.
    pub cause: Cause,
}

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
    holds: Holds,
    /// Runs that made way for others, with the agents that they are about.
    made_way: HashMap<RunId, AgentId>,
    ends: BinaryHeap<Reverse<HoldEnd>>,
    /// Agents on which a hold with a planned end was ever placed.
    planned: HashSet<AgentId>,
    /// How many runs each first run led to, where it led to any.
    families: HashMap<RunId, usize>,
    /// Families that were full for a playbook, and whose people were told so.
    full: HashSet<(RunId, PlaybookName)>,
    own: Vec<(SystemAlert, Cause)>,
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
            holds: Holds::default(),
            made_way: HashMap::new(),
            ends: BinaryHeap::new(),
            planned: HashSet::new(),
            families: HashMap::new(),
            full: HashSet::new(),
            own: Vec::new(),
        }
    }

    /// The holds on an agent, oldest first.
    #[must_use]
    pub fn holds_on(&self, agent: &AgentId) -> &[Hold] {
        self.holds.on(agent)
    }

    /// Every hold that stands, by agent.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.all()
    }

    /// What an agent may do now.
    #[must_use]
    pub fn standing(&self, agent: &AgentId) -> Standing {
        self.holds.standing(agent)
    }

    /// Places a hold.
    pub fn place(&mut self, hold: Hold) {
        self.holds.place(hold);
    }

    /// Places the hold of a run, and remembers its planned end.
    pub(super) fn place_for(&mut self, hold: Hold, placer: Placer, cause: Cause) {
        if let Some(at) = hold.until.filter(|_| hold.ask_at_end) {
            self.planned.insert(hold.agent.clone());
            self.ends.push(Reverse(HoldEnd { at, hold: hold.id, agent: hold.agent.clone(), cause }));
        }
        self.holds.place_for(hold, placer);
    }

    /// Lifts a hold of an agent.
    pub fn lift(&mut self, agent: &AgentId, hold: HoldId) {
        self.holds.lift(agent, hold);
    }

    /// When the next hold that a run placed comes to its planned end.
    pub(super) fn next_end(&self) -> Option<Timestamp> {
        self.ends.peek().map(|Reverse(end)| end.at)
    }

    /// Takes the next planned end.
    pub(super) fn take_end(&mut self) -> Option<HoldEnd> {
        self.ends.pop().map(|Reverse(end)| end)
    }

    /// Whether a hold with a planned end was ever placed on an agent.
    pub(super) fn plans_ends_of(&self, agent: &AgentId) -> bool {
        self.planned.contains(agent)
    }

    /// What people are told of a hold that stays though its planned time is over.
    #[must_use]
    pub fn told_of_end(&self, hold: &Hold, at: Timestamp) -> Vec<Sent> {
        let notice = words::hold_ended(hold);
        let agent = self.inventory.agent(&hold.agent);
        let owner = agent.as_ref().and_then(|agent| agent.owner.as_ref());
        let people = self.inventory.directory().resolve(&notice.to, owner);
        let sent =
            |to| Sent { at, to, kind: SentKind::Notice, subject: notice.subject.clone(), text: notice.text.clone() };
        people.into_iter().map(sent).collect()
    }

    /// Keeps an alert of our own.
    pub(super) fn came(&mut self, alert: SystemAlert, cause: Cause) {
        self.own.push((alert, cause));
    }

    /// Takes the alerts of our own that came since this was last asked.
    pub(super) fn take_own(&mut self) -> Vec<(SystemAlert, Cause)> {
        std::mem::take(&mut self.own)
    }

    /// Whether the family of a first run has room for one more, as in the engine.
    pub(super) fn has_room(&self, first: RunId) -> bool {
        self.families.get(&first).copied().unwrap_or(0) + 1 < FAMILY_RUNS_MAX
    }

    /// Whether it is the first time that a full family starts no more runs for a playbook: then people are told.
    pub(super) fn is_newly_full(&mut self, first: RunId, playbook: &PlaybookName) -> bool {
        self.full.insert((first, playbook.clone()))
    }

    /// Counts a run that another of the family started.
    pub(super) fn born(&mut self, first: RunId) {
        *self.families.entry(first).or_default() += 1;
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
