//! Eras: in which of them a key from outside may stand.
//!
//! Alerts, deliveries and open incidents are found by keys that others make, and that are therefore random. An index over
//! all of them would have a page of its own to change for nearly every row: that was most of what a commit wrote. So a row
//! carries an era, which counts up with every few thousand keys, and those indexes begin with it. What comes in together
//! changes the same few pages; and because a key might now stand in any era, a filter of each era says whether it can.
//! For a key that is new, which nearly all are, the answer is "nowhere", and nothing is looked up at all.
//!
//! A filter never forgets a key, so what it rules out is not there. It may name an era too many, where nothing is found
//! then. It is made from the tables at the start, and from what the one writer writes, before that is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use fastbloom::BloomFilter;
use serde_json::json;
use sqlx::{Row as _, SqliteConnection};

use crate::store::read::Key;

/// How many keys of a kind an era takes at least.
const KEYS_MIN: usize = 4096;
/// Into how many eras about all keys are divided, once they are many: so looking through the filters stays short.
const ERAS: usize = 64;
/// How often a filter names its era for a key that it does not have. So seldom that of a batch of new keys, over all eras,
/// none is looked up: it costs three bytes a key.
const FALSE_POSITIVES: f64 = 0.000_01;

/// The kinds of keys, each with the statement that reads them: a row an era.
const KINDS: [&str; 3] = [
    "SELECT era, group_concat(hex(substr(dedup, 1, 8)), ' ') AS keys FROM alerts GROUP BY era",
    "SELECT era, json_group_array(json_array(source, delivery)) AS keys FROM deliveries GROUP BY era",
    "SELECT era, json_group_array(key) AS keys FROM incidents WHERE open = 1 GROUP BY era",
];
/// Which of some eras there are of each kind. The writer waits for this, so it must find one row an era, and read no others:
/// the eras by themselves (`SELECT DISTINCT`) would be every row of a table.
const PRESENT: [&str; 3] = [
    "SELECT value FROM json_each(?) AS j WHERE EXISTS (SELECT 1 FROM alerts WHERE era = j.value)",
    "SELECT value FROM json_each(?) AS j WHERE EXISTS (SELECT 1 FROM deliveries WHERE era = j.value)",
    "SELECT value FROM json_each(?) AS j WHERE EXISTS (SELECT 1 FROM incidents WHERE open = 1 AND era = j.value)",
];

/// The eras of a database.
#[derive(Debug)]
pub struct Eras {
    hasher: RandomState,
    inner: RwLock<Inner>,
    /// Whether rows were deleted since eras without any were dropped.
    forgot: AtomicBool,
}

#[derive(Debug, Default)]
struct Inner {
    /// Every era that has a row, and the one of now, which is the last.
    eras: BTreeMap<i64, Era>,
    now: i64,
    /// How many keys of each kind stand in filters.
    keys: [usize; KINDS.len()],
}

#[derive(Debug)]
struct Era {
    /// How many keys of a kind it takes.
    keys_max: usize,
    kinds: [Option<Filter>; KINDS.len()],
}

/// Which keys of a kind an era has.
#[derive(Debug)]
enum Filter {
    /// Those that the filter does not rule out, and how many were put.
    Some { bloom: BloomFilter, keys: usize },
    /// Nobody knows.
    Any,
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
        let mut inner = Inner::default();
        for (era, kinds) in found {
            let most = kinds.iter().flatten().flatten().map(Vec::len).max();
            inner.begin(era, most.unwrap_or(0));
            for (kind, keys) in kinds.into_iter().enumerate() {
                match keys {
                    Some(Some(keys)) => keys.into_iter().for_each(|hash| inner.put(kind, hash)),
                    Some(None) => inner.put_anything(kind),
                    None => {}
                }
            }
        }
        if !inner.eras.is_empty() {
            *this.inner.write().unwrap_or_else(PoisonError::into_inner) = inner;
        }
        Ok(this)
    }

    /// Puts a key into the era of now, and says which that is.
    pub fn put(&self, key: &Key<'_>) -> i64 {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.begin_next_if_full();
        inner.put(kind_of(key), self.hasher.hash_one(key));
        inner.now
    }

    /// The era of now.
    pub fn now(&self) -> i64 {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).now
    }

    /// In which eras a key may stand.
    pub fn of(&self, key: &Key<'_>) -> Vec<i64> {
        let (kind, hash) = (kind_of(key), self.hasher.hash_one(key));
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.eras.iter().filter(|(_, era)| era.may_have(kind, hash)).map(|(number, _)| *number).collect()
    }

    /// Whether a key may stand in any era.
    pub fn may_have(&self, key: &Key<'_>) -> bool {
        let (kind, hash) = (kind_of(key), self.hasher.hash_one(key));
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.eras.values().any(|era| era.may_have(kind, hash))
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
        let known = json!(self.inner.read().unwrap_or_else(PoisonError::into_inner).numbers()).to_string();
        let mut present: [BTreeSet<i64>; KINDS.len()] = std::array::from_fn(|_| BTreeSet::new());
        for (eras, text) in present.iter_mut().zip(PRESENT) {
            eras.extend(sqlx::query_scalar::<_, i64>(text).bind(&known).fetch_all(&mut *connection).await?);
        }
        self.forgot.store(false, Ordering::Relaxed);
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let now = inner.now;
        inner.eras.retain(|number, era| {
            for (filter, eras) in era.kinds.iter_mut().zip(&present) {
                filter.take_if(|_| *number != now && !eras.contains(number));
            }
            *number == now || era.kinds.iter().any(Option::is_some)
        });
        inner.count();
        Ok(())
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
        let mut inner = Inner::default();
        inner.begin(0, 0);
        Self { hasher: RandomState::new(), inner: RwLock::new(inner), forgot: AtomicBool::new(false) }
    }
}

impl Inner {
    /// Begins an era that is to take at least so many keys.
    fn begin(&mut self, number: i64, keys_min: usize) {
        let keys = self.keys.into_iter().max().unwrap_or(0);
        let keys_max = KEYS_MIN.max(keys / ERAS).max(keys_min);
        self.eras.insert(number, Era { keys_max, kinds: [const { None }; KINDS.len()] });
        self.now = number;
    }

    fn begin_next_if_full(&mut self) {
        if self.eras.get(&self.now).is_some_and(Era::is_full) {
            self.begin(self.now.saturating_add(1), 0);
        }
    }

    /// Puts the hash of a key into the era of now.
    fn put(&mut self, kind: usize, hash: u64) {
        if let Some(era) = self.eras.get_mut(&self.now)
            && era.put(kind, hash)
            && let Some(keys) = self.keys.get_mut(kind)
        {
            *keys = keys.saturating_add(1);
        }
    }

    /// Counts the keys anew, because filters went: the next eras are to be as large as what is stored asks for.
    fn count(&mut self) {
        let of = |filter: &Filter| match filter {
            Filter::Some { keys, .. } => *keys,
            Filter::Any => 0,
        };
        self.keys = std::array::from_fn(|kind| {
            let filters = self.eras.values().filter_map(|era| era.kinds.get(kind)?.as_ref());
            filters.map(of).sum()
        });
    }

    fn numbers(&self) -> Vec<i64> {
        self.eras.keys().copied().collect()
    }

    /// The era of now may have any key.
    fn put_anything(&mut self, kind: usize) {
        let era = self.eras.get_mut(&self.now);
        if let Some(filter) = era.and_then(|era| era.kinds.get_mut(kind)) {
            *filter = Some(Filter::Any);
        }
    }
}

impl Era {
    fn may_have(&self, kind: usize, hash: u64) -> bool {
        match self.kinds.get(kind).and_then(Option::as_ref) {
            Some(Filter::Some { bloom, .. }) => bloom.contains_hash(hash),
            Some(Filter::Any) => true,
            None => false,
        }
    }

    fn is_full(&self) -> bool {
        self.kinds.iter().flatten().any(|filter| match filter {
            Filter::Some { keys, .. } => *keys >= self.keys_max,
            Filter::Any => true,
        })
    }

    /// Whether the key was none of this era's.
    fn put(&mut self, kind: usize, hash: u64) -> bool {
        let Some(filter) = self.kinds.get_mut(kind) else { return false };
        let fresh = || BloomFilter::with_false_pos(FALSE_POSITIVES).expected_items(self.keys_max);
        match filter.get_or_insert_with(|| Filter::Some { bloom: fresh(), keys: 0 }) {
            Filter::Some { bloom, keys } => {
                let is_new = !bloom.insert_hash(hash);
                *keys = keys.saturating_add(usize::from(is_new));
                is_new
            }
            Filter::Any => false,
        }
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
