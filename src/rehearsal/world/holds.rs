//! The holds of a rehearsal, found by agent, by the run that placed them, and by the place of that run in its family. A replay
//! of years may leave thousands on one agent, and asks about them at every alert, so that nothing here looks at all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::inheritance::Placer;
use crate::domain::{AgentId, Hold, HoldId, HoldLevel, IncidentId, PlaybookName, RunId, Standing};

/// All holds that stand.
#[derive(Default)]
pub(super) struct Holds {
    of: BTreeMap<AgentId, OfAgent>,
    /// The runs that placed holds which stand, and on whom.
    placers: HashMap<HoldId, (AgentId, Placer)>,
    /// By the run that placed them, and by the run with which its family began.
    by_run: HashMap<RunId, BTreeSet<HoldId>>,
    /// By the place in its family of the run that placed them, where another run started that one.
    by_place: HashMap<(IncidentId, PlaybookName), BTreeSet<HoldId>>,
}

/// The holds on one agent.
#[derive(Default)]
struct OfAgent {
    /// Oldest first.
    all: Vec<Hold>,
    /// How many of each level.
    levels: BTreeMap<HoldLevel, usize>,
}

impl Holds {
    /// The holds on an agent, oldest first.
    pub fn on(&self, agent: &AgentId) -> &[Hold] {
        self.of.get(agent).map(|of| of.all.as_slice()).unwrap_or_default()
    }

    /// Every hold, by agent.
    pub fn all(&self) -> impl Iterator<Item = &Hold> {
        self.of.values().flat_map(|of| &of.all)
    }

    /// What an agent may do now.
    pub fn standing(&self, agent: &AgentId) -> Standing {
        let strictest = self.of.get(agent).and_then(|of| of.levels.keys().next_back().copied());
        strictest.map_or(Standing::Active, Standing::from)
    }

    pub fn place(&mut self, hold: Hold) {
        let of = self.of.entry(hold.agent.clone()).or_default();
        *of.levels.entry(hold.level).or_default() += 1;
        of.all.push(hold);
    }

    /// Places the hold of a run.
    pub fn place_for(&mut self, hold: Hold, placer: Placer) {
        for run in [placer.run, placer.first] {
            self.by_run.entry(run).or_default().insert(hold.id);
        }
        if let Some(place) = place(&placer) {
            self.by_place.entry(place).or_default().insert(hold.id);
        }
        self.placers.insert(hold.id, (hold.agent.clone(), placer));
        self.place(hold);
    }

    pub fn lift(&mut self, agent: &AgentId, hold: HoldId) {
        if let Some(of) = self.of.get_mut(agent)
            && let Some(index) = of.all.iter().position(|standing| standing.id == hold)
        {
            let lifted = of.all.remove(index);
            if let Some(count) = of.levels.get_mut(&lifted.level) {
                *count -= 1;
            }
            of.levels.retain(|_, count| *count > 0);
        }
        let Some((_, placer)) = self.placers.remove(&hold) else { return };
        for run in [placer.run, placer.first] {
            take_from(&mut self.by_run, &run, hold);
        }
        if let Some(place) = place(&placer) {
            take_from(&mut self.by_place, &place, hold);
        }
    }

    /// The run that placed a hold which stands, and on whom.
    pub fn placer(&self, hold: HoldId) -> Option<&(AgentId, Placer)> {
        self.placers.get(&hold)
    }

    /// The holds that a run placed, or runs of the family that began with it.
    pub fn of_run(&self, run: RunId) -> impl Iterator<Item = HoldId> {
        self.by_run.get(&run).into_iter().flatten().copied()
    }

    /// The holds that runs of a playbook placed for an incident which other runs started.
    pub fn of_place(&self, incident: IncidentId, playbook: &PlaybookName) -> impl Iterator<Item = HoldId> {
        self.by_place.get(&(incident, playbook.clone())).into_iter().flatten().copied()
    }
}

fn place(placer: &Placer) -> Option<(IncidentId, PlaybookName)> {
    placer.family.is_some().then(|| (placer.incident, placer.playbook.clone()))
}

fn take_from<K: std::hash::Hash + Eq>(map: &mut HashMap<K, BTreeSet<HoldId>>, key: &K, hold: HoldId) {
    if let Some(holds) = map.get_mut(key) {
        holds.remove(&hold);
        if holds.is_empty() {
            map.remove(key);
        }
    }
}
