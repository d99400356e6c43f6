//! The gate: whether an agent may act now, answered from memory, without a database, in microseconds.
//!
//! The map holds only agents that are not active; it is swapped before a commit that changes it is acknowledged. An agent
//! that the inventory does not have is refused unless the configuration says otherwise. An agent is held by each of its
//! names: whoever asks by an alias, or with a slash at the end, gets the answer that its id gets.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Agent, AgentId, Hold, Standing};
use crate::store::GateSighting;

/// How much older a stored sighting may be than the one in memory.
const SIGHTING_GRANULARITY: SignedDuration = SignedDuration::from_secs(10);

/// How old the holds may be, where other processes write them too, before the store counts as unavailable.
const STALE_AFTER: Duration = Duration::from_secs(2);

/// Why and how much an agent is held.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    standing: Standing,
    reason: String,
}

#[derive(Clone, Debug, Default)]
struct Sight {
    seen_at: Option<Timestamp>,
    refused_at: Option<Timestamp>,
    stored: Option<Timestamp>,
    refusal_stored: bool,
}

/// Whom a name of the inventory means.
#[derive(Default)]
pub(super) struct Known {
    ids: BTreeSet<AgentId>,
    /// Agents by alias and by the name that people read; several where they share one.
    names: HashMap<String, Vec<AgentId>>,
}

impl Known {
    /// The names of these agents.
    pub fn of<'a>(agents: impl Iterator<Item = &'a Arc<Agent>>) -> Self {
        let mut known = Self::default();
        for agent in agents {
            known.ids.insert(agent.id.clone());
            for name in agent.aliases.iter().chain([&agent.name]) {
                let meant = known.names.entry(name.clone()).or_default();
                if !meant.contains(&agent.id) {
                    meant.push(agent.id.clone());
                }
            }
        }
        known
    }
}

#[derive(Default)]
struct Map {
    known: Known,
    held: HashMap<AgentId, Held>,
}

impl Map {
    /// Every agent that a name may mean: of the inventory, or held without being in it.
    fn meant(&self, name: &AgentId) -> Vec<AgentId> {
        let has = |id: &AgentId| self.known.ids.contains(id) || self.held.contains_key(id);
        let trimmed = name.as_str().trim_matches('/');
        if has(name) {
            return vec![name.clone()];
        }
        match AgentId::parse(trimmed) {
            Ok(id) if has(&id) => vec![id],
            _ => {
                let exact = self.known.names.get(name.as_str());
                exact.or_else(|| self.known.names.get(trimmed)).cloned().unwrap_or_default()
            }
        }
    }

    /// The strictest answer for whom a name may mean; a name that several share is as strict as the most held of them.
    fn answer(&self, meant: &[AgentId], allow_unknown: bool) -> GateAnswer {
        let held = meant.iter().filter_map(|id| self.held.get(id)).max_by_key(|held| held.standing);
        match held {
            Some(held) => GateAnswer { allowed: false, standing: held.standing, reason: held.reason.clone() },
            None if allow_unknown || meant.len() == 1 => {
                GateAnswer { allowed: true, standing: Standing::Active, reason: String::new() }
            }
            None => {
                let reason = if meant.is_empty() {
                    "the inventory has no such agent"
                } else {
                    "several agents of the inventory have this name; ask by id"
                };
                GateAnswer { allowed: false, standing: Standing::Active, reason: reason.to_owned() }
            }
        }
    }
}

/// What the gate answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateAnswer {
    /// Whether the agent may act.
    pub allowed: bool,
    /// What it may do now.
    pub standing: Standing,
    /// Why it may not; empty if it may.
    pub reason: String,
}

/// The gate.
#[derive(Default)]
pub struct Gate {
    allow_unknown: bool,
    allow_stale: bool,
    map: ArcSwap<Map>,
    /// When the holds were last read, where other processes write them too; `None` where they do not.
    read: Mutex<Option<Instant>>,
    sights: Mutex<HashMap<AgentId, Sight>>,
}

impl Gate {
    /// A gate that has seen nobody.
    #[must_use]
    pub fn new(allow_unknown: bool) -> Self {
        Self { allow_unknown, ..Self::default() }
    }

    /// What is answered for an agent that is not known to be held while the store can't be asked who is: by default no.
    #[must_use]
    pub const fn allow_stale(mut self, allow: bool) -> Self {
        self.allow_stale = allow;
        self
    }

    /// Other processes write holds too, and they were read by a read that began then: from now on they must be read again
    /// and again.
    pub(super) fn grows_old_from(&self, began: Instant) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(began);
    }

    /// The holds were read, by a read that began then. Where nobody else writes them they do not grow old by that.
    pub(super) fn was_read(&self, began: Instant) {
        if let Some(read) = &mut *self.read.lock().unwrap_or_else(PoisonError::into_inner) {
            *read = began;
        }
    }

    /// Whether nobody passes at that moment: other processes write holds, what they wrote could not be read for a while, and
    /// that is not allowed.
    #[must_use]
    pub fn is_shut(&self, now: Instant) -> bool {
        let read = *self.read.lock().unwrap_or_else(PoisonError::into_inner);
        !self.allow_stale && read.is_some_and(|read| now.saturating_duration_since(read) > STALE_AFTER)
    }

    /// Answers for an agent by its id or another name of it, and remembers that it was seen. What is neither in the
    /// inventory nor held is not remembered: invented names must not fill the memory.
    #[must_use]
    pub fn check(&self, name: &AgentId, now: Timestamp) -> GateAnswer {
        let map = self.map.load();
        let meant = map.meant(name);
        let mut answer = map.answer(&meant, self.allow_unknown);
        if answer.allowed && self.is_shut(Instant::now()) {
            let reason = "the store is unavailable: nobody can say who is held".to_owned();
            answer = GateAnswer { allowed: false, standing: Standing::Active, reason };
        }
        let [agent] = meant.as_slice() else { return answer };
        let mut sights = self.sights.lock().unwrap_or_else(PoisonError::into_inner);
        let sight = sights.entry(agent.clone()).or_default();
        sight.seen_at = Some(now);
        if !answer.allowed {
            sight.refusal_stored = false;
            sight.refused_at = Some(now);
        }
        answer
    }

    /// When an agent was last seen here.
    #[must_use]
    pub fn seen_at(&self, agent: &AgentId) -> Option<Timestamp> {
        self.sights.lock().unwrap_or_else(PoisonError::into_inner).get(agent)?.seen_at
    }

    /// When an agent was last refused here.
    #[must_use]
    pub fn refused_at(&self, agent: &AgentId) -> Option<Timestamp> {
        self.sights.lock().unwrap_or_else(PoisonError::into_inner).get(agent)?.refused_at
    }

    /// Swaps the map for the given holds and the agents of the inventory.
    pub(super) fn swap<'a>(&self, known: Known, holds: impl Iterator<Item = &'a Hold>) {
        let mut held: HashMap<AgentId, Held> = HashMap::new();
        for hold in holds {
            let standing = Standing::from(hold.level);
            let entry = Held { standing, reason: format!("{standing}: {}", hold.reason) };
            match held.get(&hold.agent) {
                Some(stricter) if stricter.standing >= standing => {}
                _ => {
                    held.insert(hold.agent.clone(), entry);
                }
            }
        }
        self.map.store(Arc::new(Map { known, held }));
    }

    /// Takes over what was seen before a restart.
    pub(super) fn restore(&self, sightings: Vec<GateSighting>) {
        let mut sights = self.sights.lock().unwrap_or_else(PoisonError::into_inner);
        for sighting in sightings {
            let stored = Some(sighting.seen_at);
            let sight = Sight { seen_at: stored, refused_at: sighting.refused_at, stored, refusal_stored: true };
            sights.insert(sighting.agent, sight);
        }
    }

    /// Takes in what other replicas saw. What was seen here later stays.
    pub(super) fn learn(&self, sightings: Vec<GateSighting>) {
        let mut sights = self.sights.lock().unwrap_or_else(PoisonError::into_inner);
        for sighting in sightings {
            let sight = sights.entry(sighting.agent).or_default();
            sight.seen_at = sight.seen_at.max(Some(sighting.seen_at));
            sight.stored = sight.stored.max(Some(sighting.seen_at));
            if sighting.refused_at > sight.refused_at {
                sight.refused_at = sighting.refused_at;
                sight.refusal_stored = true;
            }
        }
    }

    /// What was seen since it was last asked for, coarsely.
    pub(super) fn unstored_sightings(&self) -> Vec<GateSighting> {
        let mut sights = self.sights.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh = Vec::new();
        for (agent, sight) in sights.iter_mut() {
            let Some(seen_at) = sight.seen_at else { continue };
            let old = sight.stored.and_then(|at| at.saturating_add(SIGHTING_GRANULARITY).ok());
            let refusal = sight.refused_at.is_some() && !sight.refusal_stored;
            if old.is_none_or(|old| seen_at > old) || refusal {
                sight.stored = Some(seen_at);
                sight.refusal_stored = true;
                fresh.push(GateSighting { agent: agent.clone(), seen_at, refused_at: sight.refused_at });
            }
        }
        fresh
    }
}

#[cfg(test)]
mod tests;
