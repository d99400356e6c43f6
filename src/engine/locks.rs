//! One writer a subject within this process, so that its own tasks do not lose commits to each other.
//!
//! The store's guards are what keeps runs and incidents right; these locks only spare the retries.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// So many that callers who wait for the disk at the same time seldom meet.
const SHARDS: usize = 2048;

/// A fixed number of locks, chosen by hash.
pub(super) struct KeyedLocks {
    hasher: RandomState,
    shards: Vec<Mutex<()>>,
}

impl Default for KeyedLocks {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| Mutex::new(())).collect() }
    }
}

impl KeyedLocks {
    /// Waits for the lock of a key.
    pub async fn lock(&self, key: &impl Hash) -> Option<MutexGuard<'_, ()>> {
        match self.shards.get(self.index(key)) {
            Some(shard) => Some(shard.lock().await),
            None => None,
        }
    }

    /// Waits for the locks of several keys, in one order for everybody.
    pub async fn lock_all<'a, K: Hash + 'a>(&self, keys: impl Iterator<Item = &'a K>) -> Vec<MutexGuard<'_, ()>> {
        let mut indices: Vec<usize> = keys.map(|key| self.index(key)).collect();
        indices.sort_unstable();
        indices.dedup();
        let mut guards = Vec::with_capacity(indices.len());
        for index in indices {
            if let Some(shard) = self.shards.get(index) {
                guards.push(shard.lock().await);
            }
        }
        guards
    }

    /// The locks of several keys, if nobody has or awaits any of them.
    pub fn try_lock_all<'a, K: Hash + 'a>(&self, keys: impl Iterator<Item = &'a K>) -> Option<Vec<MutexGuard<'_, ()>>> {
        let indices: BTreeSet<usize> = keys.map(|key| self.index(key)).collect();
        indices.into_iter().filter_map(|index| self.shards.get(index)).map(|shard| shard.try_lock().ok()).collect()
    }

    fn index(&self, key: &impl Hash) -> usize {
        usize::try_from(self.hasher.hash_one(key) % (SHARDS as u64)).unwrap_or(0)
    }
}
