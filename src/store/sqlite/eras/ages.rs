//! Ages, eras and their filters, in memory: which keys were put, and in which eras each may stand.
//!
//! An era is small, so that what comes in together changes few pages of an index. A filter for every era by itself would
//! make the filters many, and every new key is held against all of them; so some eras in a row make an *age*, whose filter
//! has the keys of all of them. Only where an age may have a key are its eras asked, each by a small filter of its own.

use std::collections::{BTreeMap, BTreeSet};

use fastbloom::BloomFilter;

use super::KIND_COUNT;

/// How many keys of a kind an age takes at least.
pub const AGE_KEYS_MIN: usize = 4096;
/// Into how many ages about all keys are divided, once they are many: so looking through their filters stays short.
const AGES: usize = 64;
/// How many keys of a kind an era takes at least. With 4,096 of them a batch of 64 changed nearly every one of the
/// seventy pages that an era had in three indexes; what a transaction wrote was half of that.
pub const ERA_KEYS_MIN: usize = 512;
/// Into how many eras an age is divided at most.
const ERAS_OF_AGE: usize = 32;
/// How often the filter of an age lets a key pass that it does not have. So seldom that of a batch of new keys, over all
/// ages, none is looked up: it costs three bytes a key.
const FALSE_OF_AGE: f64 = 0.000_01;
/// How often that of an era does, where its age has the key: a byte a key.
const FALSE_OF_ERA: f64 = 0.01;

/// Every age, oldest first. There is always one, with one era: that of now.
#[derive(Debug, Default)]
pub struct Ages {
    ages: Vec<Age>,
    /// How many keys of each kind stand in filters.
    keys: [usize; KIND_COUNT],
}

#[derive(Debug)]
struct Age {
    group: Group,
    eras: BTreeMap<i64, Group>,
}

/// The filters of an age or of an era, by kind.
#[derive(Debug)]
struct Group {
    /// How many keys of a kind it takes.
    keys_max: usize,
    wrong: f64,
    kinds: [Option<Filter>; KIND_COUNT],
}

/// Which keys of a kind there are.
#[derive(Debug)]
enum Filter {
    /// Those that the filter does not rule out, and how many were put.
    Some { bloom: BloomFilter, keys: usize },
    /// Nobody knows.
    Any,
}

impl Ages {
    /// No keys; the first era is 0.
    pub fn new() -> Self {
        let mut ages = Self::default();
        ages.begin(0, 0);
        ages
    }

    /// Begins the era of that number, which is to take at least so many keys, in an age of its own if the last one is full.
    pub fn begin(&mut self, number: i64, keys_min: usize) {
        let stored = self.keys.into_iter().max().unwrap_or(0);
        if self.ages.last().is_none_or(|age| age.group.room() < keys_min.max(1)) {
            let keys_max = AGE_KEYS_MIN.max(stored / AGES).max(keys_min);
            self.ages.push(Age { group: Group::new(keys_max, FALSE_OF_AGE), eras: BTreeMap::new() });
        }
        if let Some(age) = self.ages.last_mut() {
            let keys_max = ERA_KEYS_MIN.max(age.group.keys_max / ERAS_OF_AGE).max(keys_min);
            age.eras.insert(number, Group::new(keys_max, FALSE_OF_ERA));
        }
    }

    /// Begins the next era if the one of now is full.
    pub fn begin_next_if_full(&mut self) {
        let now = self.ages.last().and_then(|age| Some((age, age.eras.last_key_value()?)));
        if let Some((age, (number, era))) = now
            && (era.room() == 0 || age.group.room() == 0)
        {
            self.begin(number.saturating_add(1), 0);
        }
    }

    /// The era of now: the last.
    pub fn now(&self) -> i64 {
        self.ages.last().and_then(|age| age.eras.last_key_value()).map_or(0, |(number, _)| *number)
    }

    /// Puts the hash of a key into the era of now.
    pub fn put(&mut self, kind: usize, hash: u64) {
        let Some(age) = self.ages.last_mut() else { return };
        if age.group.put(kind, hash)
            && let Some(keys) = self.keys.get_mut(kind)
        {
            *keys = keys.saturating_add(1);
        }
        if let Some(mut era) = age.eras.last_entry() {
            era.get_mut().put(kind, hash);
        }
    }

    /// The era of now may have any key.
    pub fn put_anything(&mut self, kind: usize) {
        let Some(age) = self.ages.last_mut() else { return };
        age.group.put_anything(kind);
        if let Some(mut era) = age.eras.last_entry() {
            era.get_mut().put_anything(kind);
        }
    }

    /// Whether a key may stand in any era. It is asked for every new key, so only ages are looked at.
    pub fn may_have(&self, kind: usize, hash: u64) -> bool {
        self.ages.iter().any(|age| age.group.may_have(kind, hash))
    }

    /// In which eras a key may stand, oldest first.
    pub fn of(&self, kind: usize, hash: u64) -> Vec<i64> {
        let ages = self.ages.iter().filter(|age| age.group.may_have(kind, hash));
        let eras = ages.flat_map(|age| &age.eras).filter(|(_, era)| era.may_have(kind, hash));
        eras.map(|(number, _)| *number).collect()
    }

    /// The numbers of all eras, oldest first.
    pub fn numbers(&self) -> Vec<i64> {
        self.ages.iter().flat_map(|age| age.eras.keys().copied()).collect()
    }

    /// Keeps of each kind only the eras that are given for it, and that of now.
    pub fn keep(&mut self, present: &[BTreeSet<i64>; KIND_COUNT]) {
        let now = self.now();
        for age in &mut self.ages {
            age.keep(present, now);
        }
        self.ages.retain(|age| !age.eras.is_empty());
        let count = |kind: usize| self.ages.iter().map(|age| age.group.keys(kind)).sum();
        // The next ages are to be as large as what is left asks for.
        self.keys = std::array::from_fn(count);
    }

    /// How many keys the last age takes.
    #[cfg(test)]
    pub fn age_keys_max(&self) -> usize {
        self.ages.last().map_or(0, |age| age.group.keys_max)
    }

    /// How many ages there are.
    #[cfg(test)]
    pub fn age_count(&self) -> usize {
        self.ages.len()
    }
}

impl Age {
    fn keep(&mut self, present: &[BTreeSet<i64>; KIND_COUNT], now: i64) {
        self.eras.retain(|number, era| {
            for (filter, eras) in era.kinds.iter_mut().zip(present) {
                filter.take_if(|_| *number != now && !eras.contains(number));
            }
            *number == now || era.kinds.iter().any(Option::is_some)
        });
        for (kind, filter) in self.group.kinds.iter_mut().enumerate() {
            let has = |era: &Group| era.kinds.get(kind).is_some_and(Option::is_some);
            filter.take_if(|_| !self.eras.values().any(has));
        }
    }
}

impl Group {
    fn new(keys_max: usize, wrong: f64) -> Self {
        Self { keys_max, wrong, kinds: [const { None }; KIND_COUNT] }
    }

    /// How many more keys of each kind it takes.
    fn room(&self) -> usize {
        let fullest = self.kinds.iter().flatten().map(|filter| match filter {
            Filter::Some { keys, .. } => *keys,
            Filter::Any => self.keys_max,
        });
        self.keys_max.saturating_sub(fullest.max().unwrap_or(0))
    }

    fn keys(&self, kind: usize) -> usize {
        match self.kinds.get(kind).and_then(Option::as_ref) {
            Some(Filter::Some { keys, .. }) => *keys,
            _ => 0,
        }
    }

    fn may_have(&self, kind: usize, hash: u64) -> bool {
        match self.kinds.get(kind).and_then(Option::as_ref) {
            Some(Filter::Some { bloom, .. }) => bloom.contains_hash(hash),
            Some(Filter::Any) => true,
            None => false,
        }
    }

    /// Whether the key was none of its own.
    fn put(&mut self, kind: usize, hash: u64) -> bool {
        let (wrong, keys_max) = (self.wrong, self.keys_max);
        let fresh = || BloomFilter::with_false_pos(wrong).expected_items(keys_max);
        let Some(filter) = self.kinds.get_mut(kind) else { return false };
        match filter.get_or_insert_with(|| Filter::Some { bloom: fresh(), keys: 0 }) {
            Filter::Some { bloom, keys } => {
                let is_new = !bloom.insert_hash(hash);
                *keys = keys.saturating_add(usize::from(is_new));
                is_new
            }
            Filter::Any => false,
        }
    }

    fn put_anything(&mut self, kind: usize) {
        if let Some(filter) = self.kinds.get_mut(kind) {
            *filter = Some(Filter::Any);
        }
    }
}
