//! The gate: whether an agent may act now, answered from memory, without a database, in microseconds.
//!
//! The map holds only agents that are not active; it is swapped before a commit that changes it is acknowledged. An agent
//! that the inventory does not have is refused unless the configuration says otherwise.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{AgentId, Hold, Standing};
use crate::store::GateSighting;

/// How much older a stored sighting may be than the one in memory.
const SIGHTING_GRANULARITY: SignedDuration = SignedDuration::from_secs(10);

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

#[derive(Default)]
struct Map {
    known: BTreeSet<AgentId>,
    held: HashMap<AgentId, Held>,
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
    map: ArcSwap<Map>,
    sights: Mutex<HashMap<AgentId, Sight>>,
}

impl Gate {
    /// A gate that has seen nobody.
    #[must_use]
    pub fn new(allow_unknown: bool) -> Self {
        Self { allow_unknown, ..Self::default() }
    }

    /// Answers for an agent, and remembers that it was seen.
    #[must_use]
    pub fn check(&self, agent: &AgentId, now: Timestamp) -> GateAnswer {
        let map = self.map.load();
        let answer = match map.held.get(agent) {
            Some(held) => GateAnswer { allowed: false, standing: held.standing, reason: held.reason.clone() },
            None if self.allow_unknown || map.known.contains(agent) => {
                GateAnswer { allowed: true, standing: Standing::Active, reason: String::new() }
            }
            None => {
                let reason = "the inventory has no such agent".to_owned();
                return GateAnswer { allowed: false, standing: Standing::Active, reason };
            }
        };
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
    pub(super) fn swap<'a>(&self, known: BTreeSet<AgentId>, holds: impl Iterator<Item = &'a Hold>) {
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
        self.map.store(std::sync::Arc::new(Map { known, held }));
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
