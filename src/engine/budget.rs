//! How many agents were contained lately: the limits on ourselves.
//!
//! The ledger is memory over the `containments` table. A place is taken when a step is authorised, before the commit: so
//! two runs at once can't both take the last one. What is not committed in the end, for whatever reason, gives its place
//! back.
//!
//! Agents that the inventory does not have are counted apart, under the same limits: a source that invents names can't
//! use up the places of the others, and can't have more of them contained than anybody else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::{AgentId, Limit, PlaybookName, RunId};
use crate::playbook::Budget;
use crate::store::ContainmentRecord;

/// The longest window that a budget may have.
pub(super) const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(24 * 30);

const GLOBAL_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// Who was contained, when, by which run.
pub struct Ledger {
    pages: Mutex<Pages>,
}

/// The entries in the order of their times, so that a window is found without a look at all of them.
#[derive(Default)]
struct Pages {
    entries: BTreeMap<(Timestamp, u64), Entry>,
    /// How many were entered: it tells entries of one moment apart.
    count: u64,
}

impl Pages {
    fn enter(&mut self, entry: Entry) {
        self.count += 1;
        self.entries.insert((entry.record.at, self.count), entry);
    }

    /// The entries of a time and later ones.
    fn since(&self, oldest: Timestamp) -> impl DoubleEndedIterator<Item = (&(Timestamp, u64), &Entry)> {
        self.entries.range((oldest, 0)..)
    }

    fn forget_before(&mut self, oldest: Timestamp) {
        if self.entries.first_key_value().is_some_and(|((at, _), _)| *at < oldest) {
            self.entries = self.entries.split_off(&(oldest, 0));
        }
    }
}

struct Entry {
    record: ContainmentRecord,
    /// Whether the inventory has the agent.
    is_known: bool,
}

/// A containment that is wanted, with every limit that it falls under.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The agent.
    pub agent: AgentId,
    /// Whether the inventory has it.
    pub is_known: bool,
    /// The run.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
    /// The playbooks that it counts for, each with its limit: that of the run, and those of the runs that led to it.
    pub counts_for: Vec<(PlaybookName, Option<Budget>)>,
}

impl Wanted {
    /// What is put on record: once for each playbook that it counts for.
    fn records(&self) -> impl Iterator<Item = ContainmentRecord> {
        self.counts_for.iter().map(|(playbook, _)| ContainmentRecord {
            agent: self.agent.clone(),
            run: self.run,
            playbook: playbook.clone(),
            at: self.at,
        })
    }
}

impl Ledger {
    /// A ledger that begins with these, all about agents of the inventory.
    #[must_use]
    pub fn new(records: Vec<ContainmentRecord>) -> Self {
        Self::read(records, |_| true)
    }

    /// A ledger that begins with what was stored.
    #[must_use]
    pub fn read(records: Vec<ContainmentRecord>, is_known: impl Fn(&AgentId) -> bool) -> Self {
        let entry = |record: ContainmentRecord| Entry { is_known: is_known(&record.agent), record };
        let mut pages = Pages::default();
        for record in records {
            pages.enter(entry(record));
        }
        Self { pages: Mutex::new(pages) }
    }

    /// Takes a place for an agent, if every limit leaves one. An agent counts once a window, however often it is contained.
    #[must_use]
    pub fn take(self: &Arc<Self>, wanted: &Wanted, global: u32) -> Option<Place> {
        let mut pages = self.pages();
        pages.forget_before(wanted.at.saturating_sub(WINDOW_MAX).unwrap_or(wanted.at));
        let fits = full(&pages, wanted, global).is_none();
        fits.then(|| self.enter(&mut pages, wanted.records(), wanted.is_known))
    }

    /// The limit that leaves no place for an agent, the widest first; `None` if each of them does.
    #[must_use]
    pub fn full(&self, wanted: &Wanted, global: u32) -> Option<Limit> {
        full(&self.pages(), wanted, global)
    }

    /// Records a containment that a person decided about.
    #[must_use]
    pub fn record_all(self: &Arc<Self>, wanted: &Wanted) -> Place {
        self.enter(&mut self.pages(), wanted.records(), wanted.is_known)
    }

    /// Records the containment of an agent of the inventory.
    #[must_use]
    pub fn record(self: &Arc<Self>, record: &ContainmentRecord) -> Place {
        self.enter(&mut self.pages(), std::iter::once(record.clone()), true)
    }

    /// When the last containment was.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.pages().entries.last_key_value().map(|((at, _), _)| *at)
    }

    /// Adds what other replicas recorded.
    pub fn merge(&self, stored: Vec<ContainmentRecord>, is_known: impl Fn(&AgentId) -> bool) {
        let Some(oldest) = stored.iter().map(|record| record.at).min() else { return };
        let mut pages = self.pages();
        let known: BTreeSet<Key> = pages.since(oldest).map(|(_, entry)| key(&entry.record)).collect();
        let new = stored.into_iter().filter(|record| !known.contains(&key(record)));
        new.for_each(|record| pages.enter(Entry { is_known: is_known(&record.agent), record }));
    }

    fn enter(
        self: &Arc<Self>,
        pages: &mut Pages,
        records: impl Iterator<Item = ContainmentRecord>,
        is_known: bool,
    ) -> Place {
        let records: Vec<ContainmentRecord> = records.collect();
        for record in &records {
            pages.enter(Entry { record: record.clone(), is_known });
        }
        Place { ledger: Arc::clone(self), records }
    }

    fn give_back(&self, given: &ContainmentRecord) {
        let mut pages = self.pages();
        let of_then = pages.since(given.at).take_while(|((at, _), _)| *at == given.at);
        if let Some(key) = of_then.filter(|(_, entry)| entry.record == *given).last().map(|(key, _)| *key) {
            pages.entries.remove(&key);
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the ledger. It is given back when this goes, unless it was kept because its commit is on disk.
pub struct Place {
    ledger: Arc<Ledger>,
    records: Vec<ContainmentRecord>,
}

impl Place {
    /// What it records; nothing once it is kept.
    #[must_use]
    pub fn records(&self) -> &[ContainmentRecord] {
        &self.records
    }

    /// The commit is on disk: the place stays taken.
    pub fn keep(&mut self) {
        self.records.clear();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for record in self.records.drain(..) {
            self.ledger.give_back(&record);
        }
    }
}

type Key = (Timestamp, RunId, AgentId, PlaybookName);

fn key(record: &ContainmentRecord) -> Key {
    (record.at, record.run, record.agent.clone(), record.playbook.clone())
}

fn full(pages: &Pages, wanted: &Wanted, global: u32) -> Option<Limit> {
    if others(pages, wanted, GLOBAL_WINDOW, None) >= global {
        return Some(Limit::EveryHour);
    }
    let is_full = |(playbook, limit): &&(PlaybookName, Option<Budget>)| {
        limit.is_some_and(|budget| {
            let window = SignedDuration::try_from(budget.per).unwrap_or(GLOBAL_WINDOW);
            others(pages, wanted, window, Some(playbook)) >= budget.contain
        })
    };
    wanted.counts_for.iter().find(is_full).map(|(playbook, _)| Limit::Budget(playbook.clone()))
}

/// How many other agents are on record within the window, of those that are known or of those that are not.
fn others(pages: &Pages, wanted: &Wanted, window: SignedDuration, playbook: Option<&PlaybookName>) -> u32 {
    let since = wanted.at.saturating_sub(window).unwrap_or(wanted.at);
    let within = pages.since(since).map(|(_, entry)| entry);
    let alike = within.filter(|entry| entry.is_known == wanted.is_known).map(|entry| &entry.record);
    let recent = alike.filter(|record| record.at > since && playbook.is_none_or(|name| record.playbook == *name));
    let agents: BTreeSet<&AgentId> =
        recent.map(|record| &record.agent).filter(|agent| **agent != wanted.agent).collect();
    u32::try_from(agents.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(agent: &str, minute: i64) -> Wanted {
        let at = Timestamp::from_second(1_800_000_000 + minute * 60).unwrap();
        let (agent, playbook) = (AgentId::parse(agent).unwrap(), PlaybookName::parse("p").unwrap());
        Wanted { agent, is_known: true, run: RunId::generate(at), at, counts_for: vec![(playbook, None)] }
    }

    fn under(wanted: Wanted, limits: &[(&str, Option<Budget>)]) -> Wanted {
        let named = |(name, limit): &(&str, Option<Budget>)| (PlaybookName::parse(name).unwrap(), *limit);
        Wanted { counts_for: limits.iter().map(named).collect(), ..wanted }
    }

    fn takes(ledger: &Arc<Ledger>, wanted: &Wanted, global: u32) -> bool {
        let mut place = ledger.take(wanted, global);
        place.iter_mut().for_each(Place::keep);
        place.is_some()
    }

    #[test]
    fn what_another_replica_contained_counts_here_once() {
        let ledger = Arc::new(Ledger::new(Vec::new()));
        assert_eq!(ledger.newest(), None);
        let (ours, theirs) = (wanted("a", 0), wanted("b", 1));
        assert!(takes(&ledger, &ours, 3));
        for _ in 0..2 {
            ledger.merge(ours.records().chain(theirs.records()).collect(), |_| true);
        }
        assert_eq!(ledger.newest(), Some(theirs.at));
        assert_eq!(ledger.pages().entries.len(), 2);
        assert!(takes(&ledger, &wanted("c", 2), 3));
        assert!(!takes(&ledger, &wanted("d", 3), 3));
    }

    #[test]
    fn the_limit_counts_other_agents_within_the_hour() {
        let ledger = Arc::new(Ledger::new(Vec::new()));
        assert!(takes(&ledger, &wanted("a", 0), 2));
        assert!(takes(&ledger, &wanted("a", 1), 2), "the same agent takes no second place");
        assert!(takes(&ledger, &wanted("b", 2), 2));
        assert!(!takes(&ledger, &wanted("c", 3), 2));
        assert!(takes(&ledger, &wanted("c", 62), 2), "an hour later the first place is free again");
    }

    #[test]
    fn a_playbook_may_have_a_stricter_limit_of_its_own() {
        let ledger = Arc::new(Ledger::new(Vec::new()));
        let own = [("p", Some(Budget { contain: 1, per: std::time::Duration::from_mins(10) }))];
        assert!(takes(&ledger, &under(wanted("a", 0), &own), 10));
        assert!(!takes(&ledger, &under(wanted("b", 9), &own), 10));
        assert!(takes(&ledger, &under(wanted("b", 11), &own), 10));
    }

    #[test]
    fn a_place_that_was_never_committed_is_free_again() {
        let ledger = Arc::new(Ledger::new(Vec::new()));
        let place = ledger.take(&wanted("a", 0), 1);
        assert!(!takes(&ledger, &wanted("b", 1), 1));
        drop(place);
        assert!(takes(&ledger, &wanted("b", 1), 1));
    }

    #[test]
    fn the_strictest_of_the_limits_of_a_run_and_of_those_that_led_to_it_decides() {
        let ledger = Arc::new(Ledger::new(Vec::new()));
        let one = Some(Budget { contain: 1, per: std::time::Duration::from_mins(10) });
        let (of_child, of_parent) = ([("parent", None), ("child", one)], [("parent", one), ("child", None)]);
        assert!(takes(&ledger, &under(wanted("a", 0), &of_child), 10));
        assert!(!takes(&ledger, &under(wanted("b", 1), &of_child), 10), "its own limit counts");
        assert!(!takes(&ledger, &under(wanted("b", 1), &of_parent), 10), "and that of the run that led to it");
        assert!(takes(&ledger, &under(wanted("b", 1), &[("other", one)]), 10));
    }

    #[test]
    fn agents_that_nobody_knows_have_places_of_their_own_and_no_more_than_the_others() {
        let ledger = Arc::new(Ledger::new(Vec::new()));
        let invented = |name: &str| Wanted { is_known: false, ..wanted(name, 0) };
        assert!(takes(&ledger, &invented("x"), 2) && takes(&ledger, &invented("y"), 2));
        assert!(!takes(&ledger, &invented("z"), 2));
        assert!(takes(&ledger, &wanted("a", 0), 2) && takes(&ledger, &wanted("b", 0), 2));
        assert!(!takes(&ledger, &wanted("c", 0), 2));
    }
}
