//! What this process wrote last of alerts and incidents, so that intake need not ask the store about what it knows itself.
//!
//! Nothing here is trusted. A plan that was made from memory carries a guard for everything that it took for granted (no
//! such alert fires, no such incident is open, the incident has this version), and the commit refuses it where another
//! replica, a person or a restart made that wrong; then intake reads and plans again. So a new alert costs no read, and what
//! is forgotten here costs one refused commit. (By a profile, three reads took a fifth of what accepting an alert cost,
//! and most of that was waking threads.)

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashlink::LruCache;

use crate::domain::{Alert, Digest, Incident, SourceId};

/// How many identities of alerts are remembered.
const ALERTS_MAX: usize = 65_536;
/// How many incidents are remembered, by their keys.
const INCIDENTS_MAX: usize = 32_768;

/// An open incident as it was committed last.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub incident: Incident,
    /// Whether runs for it may be under way. Whether they are must be read: runs end without a word to intake.
    pub has_runs: bool,
}

/// What is remembered. Locks are held for a look only; a concurrent cache, with its bookkeeping, took a twentieth of the
/// time of an accepted alert.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    firing: Arc<Mutex<LruCache<(SourceId, Digest), ()>>>,
    incidents: Arc<Mutex<LruCache<String, Remembered>>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            firing: Arc::new(Mutex::new(LruCache::new(ALERTS_MAX))),
            incidents: Arc::new(Mutex::new(LruCache::new(INCIDENTS_MAX))),
        }
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
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
