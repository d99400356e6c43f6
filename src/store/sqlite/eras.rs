//! Eras: in which of them a key from outside may stand.
//!
//! Alerts, deliveries and open incidents are found by keys that others make, and that are therefore random. An index over
//! all of them would have a page of its own to change for nearly every row: that was most of what a commit wrote. So a row
//! carries an era, which counts up with every few hundred keys, and those indexes begin with it. What comes in together
//! changes the same few pages; and because a key might now stand in any era, filters say in which it can ([`ages`]).
//! For a key that is new, which nearly all are, the answer is "nowhere", and nothing is looked up at all.
//!
//! A filter never forgets a key, so what it rules out is not there. It may name an era too many, where nothing is found
//! then. It is made from the tables at the start, and from what the one writer writes, before that is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use serde_json::json;
use sqlx::{Row as _, SqliteConnection};

use crate::store::read::Key;

use ages::Ages;

mod ages;

/// How many kinds of keys there are.
const KIND_COUNT: usize = 3;

/// The kinds of keys, each with the statement that reads them: a row an era.
const KINDS: [&str; KIND_COUNT] = [
    "SELECT era, group_concat(hex(substr(dedup, 1, 8)), ' ') AS keys FROM alerts GROUP BY era",
    "SELECT era, json_group_array(json_array(source, delivery)) AS keys FROM deliveries GROUP BY era",
    "SELECT era, json_group_array(key) AS keys FROM incidents WHERE open = 1 GROUP BY era",
];
/// Which of some eras there are of each kind. The writer waits for this, so it must find one row an era, and read no others:
/// the eras by themselves (`SELECT DISTINCT`) would be every row of a table.
const PRESENT: [&str; KIND_COUNT] = [
    "SELECT value FROM json_each(?) AS j WHERE EXISTS (SELECT 1 FROM alerts WHERE era = j.value)",
    "SELECT value FROM json_each(?) AS j WHERE EXISTS (SELECT 1 FROM deliveries WHERE era = j.value)",
    "SELECT value FROM json_each(?) AS j WHERE EXISTS (SELECT 1 FROM incidents WHERE open = 1 AND era = j.value)",
];

/// The eras of a database.
#[derive(Debug)]
pub struct Eras {
    hasher: RandomState,
    ages: RwLock<Ages>,
    /// Whether rows were deleted since eras without any were dropped.
    forgot: AtomicBool,
}

impl Eras {
    /// Reads them from the database.
    pub async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let this = Self::default();
        let mut found: BTreeMap<i64, [Option<Option<Vec<u64>>>; KINDS.len()]> = BTreeMap::new();
        for (kind, text) in KINDS.into_iter().enumerate() {
            for row in sqlx::query(text).fetch_all(&mut *connection).await? {
                let era = row.try_get("era")?;
                let keys = row.try_get("keys").map_err(|error| error.to_string());
                let hashes = keys.and_then(|keys| this.hashes(kind, keys)).inspect_err(|error| {
                    tracing::error!(store.era = era, store.error = %error, "the keys of an era can't be read; it is always looked into");
                });
                if let Some(place) = found.entry(era).or_default().get_mut(kind) {
                    *place = Some(hashes.ok());
                }
            }
        }
        let mut ages = Ages::default();
        for (era, kinds) in found {
            let most = kinds.iter().flatten().flatten().map(Vec::len).max();
            ages.begin(era, most.unwrap_or(0));
            for (kind, keys) in kinds.into_iter().enumerate() {
                match keys {
                    Some(Some(keys)) => keys.into_iter().for_each(|hash| ages.put(kind, hash)),
                    Some(None) => ages.put_anything(kind),
                    None => {}
                }
            }
        }
        if !ages.numbers().is_empty() {
            *this.ages.write().unwrap_or_else(PoisonError::into_inner) = ages;
        }
        Ok(this)
    }

    /// Puts a key into the era of now, and says which that is.
    pub fn put(&self, key: &Key<'_>) -> i64 {
        let mut ages = self.ages.write().unwrap_or_else(PoisonError::into_inner);
        ages.begin_next_if_full();
        ages.put(kind_of(key), self.hasher.hash_one(key));
        ages.now()
    }

    /// The era of now.
    pub fn now(&self) -> i64 {
        self.read_ages().now()
    }

    /// In which eras a key may stand.
    pub fn of(&self, key: &Key<'_>) -> Vec<i64> {
        let (kind, hash) = (kind_of(key), self.hasher.hash_one(key));
        self.read_ages().of(kind, hash)
    }

    /// Whether a key may stand in any era.
    pub fn may_have(&self, key: &Key<'_>) -> bool {
        let (kind, hash) = (kind_of(key), self.hasher.hash_one(key));
        self.read_ages().may_have(kind, hash)
    }

    /// Rows are being deleted: some eras may be empty afterwards.
    pub fn forget_some(&self) {
        self.forgot.store(true, Ordering::Relaxed);
    }

    /// Drops the filters of eras that have no rows any more, if rows were deleted. To be called by the writer, between two
    /// transactions: so no key is put meanwhile whose row is not there yet.
    pub async fn drop_empty(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if !self.forgot.load(Ordering::Relaxed) {
            return Ok(());
        }
        let known = json!(self.read_ages().numbers()).to_string();
        let mut present: [BTreeSet<i64>; KINDS.len()] = std::array::from_fn(|_| BTreeSet::new());
        for (eras, text) in present.iter_mut().zip(PRESENT) {
            eras.extend(sqlx::query_scalar::<_, i64>(text).bind(&known).fetch_all(&mut *connection).await?);
        }
        self.forgot.store(false, Ordering::Relaxed);
        self.ages.write().unwrap_or_else(PoisonError::into_inner).keep(&present);
        Ok(())
    }

    fn read_ages(&self) -> RwLockReadGuard<'_, Ages> {
        self.ages.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hashes of keys as their statement lists them.
    fn hashes(&self, kind: usize, keys: &str) -> Result<Vec<u64>, String> {
        let hash = |key: &Key<'_>| self.hasher.hash_one(key);
        let unreadable = |error: serde_json::Error| error.to_string();
        match kind {
            0 => {
                let numbers = keys.split(' ').map(|key| u64::from_str_radix(key, 16));
                let hashes = numbers.map(|number| Ok(hash(&Key::Alert(number?.to_be_bytes()))));
                hashes.collect::<Result<_, std::num::ParseIntError>>().map_err(|error| error.to_string())
            }
            1 => {
                let pairs: Vec<(String, String)> = serde_json::from_str(keys).map_err(unreadable)?;
                Ok(pairs.iter().map(|(source, delivery)| hash(&Key::Delivery(source, delivery))).collect())
            }
            _ => {
                let texts: Vec<String> = serde_json::from_str(keys).map_err(unreadable)?;
                Ok(texts.iter().map(|key| hash(&Key::Incident(key))).collect())
            }
        }
    }
}

impl Default for Eras {
    fn default() -> Self {
        Self { hasher: RandomState::new(), ages: RwLock::new(Ages::new()), forgot: AtomicBool::new(false) }
    }
}

/// The place of a key's kind in [`KINDS`].
fn kind_of(key: &Key<'_>) -> usize {
    match key {
        Key::Alert(_) => 0,
        Key::Delivery(..) => 1,
        Key::Incident(_) => 2,
    }
}

#[cfg(test)]
mod tests;
