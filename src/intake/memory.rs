//! What this process wrote last of alerts and incidents, so that intake need not ask the store about what it knows itself.
//!
//! Nothing here is trusted. A plan that was made from memory carries a guard for everything that it took for granted (no
//! such alert fires, no such incident is open, the incident has this version), and the commit refuses it where another
//! replica, a person or a restart made that wrong; then intake reads and plans again. So a new alert costs no read, and what
//! is forgotten here costs one refused commit. (By a profile, three reads took a fifth of what accepting an alert cost,
//! and most of that was waking threads.)
//!
//! What was said of playbooks stands in no guard: it only spares people and histories the same word again and again, and
//! what is forgotten of it is said once more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashlink::LruCache;
use jiff::Timestamp;

use crate::domain::{Alert, Digest, Incident, IncidentId, PlaybookName, SourceId};

/// How many identities of alerts are remembered.
const ALERTS_MAX: usize = 65_536;
/// How many incidents are remembered, by their keys.
const INCIDENTS_MAX: usize = 32_768;

/// How many words about playbooks are remembered.
const SAID_MAX: usize = 16_384;

/// An open incident as it was committed last.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub incident: Incident,
    /// Whether runs for it may be under way. Whether they are must be read: runs end without a word to intake.
    pub has_runs: bool,
}

/// Something that was said of a playbook in an incident.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Said {
    pub incident: IncidentId,
    pub playbook: PlaybookName,
    pub word: Word,
}

/// What can be said of a playbook that an alert, or its repeat, does not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Word {
    /// It is silent in this window.
    Silent,
    /// Whether it matches could not be told.
    NotMatched,
    /// Whether it runs again could not be told.
    NotAsked,
    /// Its run could not start.
    NotStarted,
    /// It does not run again.
    NotAgain,
}

/// What is remembered. Locks are held for a look only; a concurrent cache, with its bookkeeping, took a twentieth of the
/// time of an accepted alert.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    began_at: Timestamp,
    firing: Arc<Mutex<LruCache<(SourceId, Digest), ()>>>,
    incidents: Arc<Mutex<LruCache<String, Remembered>>>,
    said: Arc<Mutex<LruCache<Said, Timestamp>>>,
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    /// Remembers from now on.
    pub fn new(now: Timestamp) -> Self {
        Self {
            began_at: now,
            firing: Arc::new(Mutex::new(LruCache::new(ALERTS_MAX))),
            incidents: Arc::new(Mutex::new(LruCache::new(INCIDENTS_MAX))),
            said: Arc::new(Mutex::new(LruCache::new(SAID_MAX))),
        }
    }

    /// Whether what happened then could be remembered.
    pub fn reaches(&self, at: Timestamp) -> bool {
        self.began_at < at
    }

    /// When this was said last, if it is remembered.
    pub fn said_at(&self, said: &Said) -> Option<Timestamp> {
        locked(&self.said).get(said).copied()
    }

    /// Remembers that this was said.
    pub fn says(&self, said: Said, at: Timestamp) {
        locked(&self.said).insert(said, at);
    }

    /// Whether an alert of this identity may be firing.
    pub fn may_fire(&self, alert: &Alert) -> bool {
        locked(&self.firing).get(&(alert.source.clone(), alert.dedup_key)).is_some()
    }

    /// Remembers that an alert of this identity was written.
    pub fn fires(&self, alert: &Alert) {
        locked(&self.firing).insert((alert.source.clone(), alert.dedup_key), ());
    }

    /// The open incident of a key, if one is remembered.
    pub fn incident(&self, key: &str) -> Option<Remembered> {
        locked(&self.incidents).get(key).cloned()
    }

    /// Remembers an incident as it was committed.
    pub fn keep(&self, remembered: Remembered) {
        locked(&self.incidents).insert(remembered.incident.key.clone(), remembered);
    }

    /// Forgets the incident of a key: it is not as it was remembered.
    pub fn forget(&self, key: &str) {
        locked(&self.incidents).remove(key);
    }
}
