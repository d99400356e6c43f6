//! How many agents were contained lately: the limits on ourselves.
//!
//! The ledger is memory over the `containments` table. A place is taken when a step is authorised, before the commit: so
//! two runs at once can't both take the last one. What is not committed in the end, for whatever reason, gives its place
//! back.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::{AgentId, PlaybookName, RunId};
use crate::playbook::Budget;
use crate::store::ContainmentRecord;

/// The longest window that a budget may have.
pub(super) const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(24 * 30);

const GLOBAL_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// Who was contained, when, by which run.
pub struct Ledger {
    entries: Mutex<Vec<ContainmentRecord>>,
}

impl Ledger {
    /// A ledger that begins with these.
    #[must_use]
    pub fn new(entries: Vec<ContainmentRecord>) -> Self {
        Self { entries: Mutex::new(entries) }
    }

    /// Takes a place for an agent, if the limits leave one. An agent counts once a window, however often it is contained.
    #[must_use]
    pub fn take(self: &Arc<Self>, wanted: &ContainmentRecord, global: u32, own: Option<Budget>) -> Option<Place> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = wanted.at.saturating_sub(WINDOW_MAX).unwrap_or(wanted.at);
        entries.retain(|entry| entry.at >= oldest);
        let all = others(&entries, wanted, GLOBAL_WINDOW, None);
        let window = own.and_then(|budget| SignedDuration::try_from(budget.per).ok()).unwrap_or(GLOBAL_WINDOW);
        let same = others(&entries, wanted, window, Some(&wanted.playbook));
        let fits = all < global && own.is_none_or(|budget| same < budget.contain);
        fits.then(|| self.enter(&mut entries, wanted))
    }

    /// Records a containment that a person decided about.
    #[must_use]
    pub fn record(self: &Arc<Self>, entry: &ContainmentRecord) -> Place {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        self.enter(&mut entries, entry)
    }

    /// When the last containment was.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|entry| entry.at).max()
    }

    /// Adds what other replicas recorded.
    pub fn merge(&self, stored: Vec<ContainmentRecord>) {
        let Some(oldest) = stored.iter().map(|entry| entry.at).min() else { return };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = entries.iter().filter(|entry| entry.at >= oldest);
        let known: BTreeSet<(Timestamp, RunId, AgentId)> = recent.map(key).collect();
        entries.extend(stored.into_iter().filter(|entry| !known.contains(&key(entry))));
    }

    fn enter(self: &Arc<Self>, entries: &mut Vec<ContainmentRecord>, entry: &ContainmentRecord) -> Place {
        entries.push(entry.clone());
        Place { ledger: Arc::clone(self), entry: Some(entry.clone()) }
    }

    fn give_back(&self, given: &ContainmentRecord) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = entries.iter().rposition(|entry| entry == given) {
            entries.remove(index);
        }
    }
}

/// A place in the ledger. It is given back when this goes, unless it was kept because its commit is on disk.
pub struct Place {
    ledger: Arc<Ledger>,
    entry: Option<ContainmentRecord>,
}

impl Place {
    /// What it records; nothing once it is kept.
    #[must_use]
    pub const fn entry(&self) -> Option<&ContainmentRecord> {
        self.entry.as_ref()
    }

    /// The commit is on disk: the place stays taken.
    pub fn keep(&mut self) {
        self.entry = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.ledger.give_back(&entry);
        }
    }
}

fn key(entry: &ContainmentRecord) -> (Timestamp, RunId, AgentId) {
    (entry.at, entry.run, entry.agent.clone())
}

/// How many other agents are on record within the window.
fn others(
    entries: &[ContainmentRecord],
    wanted: &ContainmentRecord,
    window: SignedDuration,
    playbook: Option<&PlaybookName>,
) -> u32 {
    let since = wanted.at.saturating_sub(window).unwrap_or(wanted.at);
    let recent = entries.iter().filter(|entry| entry.at > since && playbook.is_none_or(|name| entry.playbook == *name));
    let agents: BTreeSet<&AgentId> = recent.map(|entry| &entry.agent).filter(|agent| **agent != wanted.agent).collect();
    u32::try_from(agents.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(agent: &str, minute: i64) -> ContainmentRecord {
        let at = Timestamp::from_second(1_800_000_000 + minute * 60).unwrap();
        let (agent, playbook) = (AgentId::parse(agent).unwrap(), PlaybookName::parse("p").unwrap());
        ContainmentRecord { agent, run: RunId::generate(at), playbook, at }
    }

    fn takes(ledger: &Arc<Ledger>, wanted: &ContainmentRecord, global: u32, own: Option<Budget>) -> bool {
        let mut place = ledger.take(wanted, global, own);
        place.iter_mut().for_each(Place::keep);
        place.is_some()
    }

    #[test]
    fn what_another_replica_contained_counts_here_once() {
        let ledger = Arc::new(Ledger::new(Vec::new()));
        assert_eq!(ledger.newest(), None);
        let (ours, theirs) = (entry("a", 0), entry("b", 1));
        assert!(takes(&ledger, &ours, 3, None));
        for _ in 0..2 {
            ledger.merge(vec![ours.clone(), theirs.clone()]);
        }
        assert_eq!(ledger.newest(), Some(theirs.at));
        assert_eq!(ledger.entries.lock().unwrap().len(), 2);
        assert!(takes(&ledger, &entry("c", 2), 3, None));
        assert!(!takes(&ledger, &entry("d", 3), 3, None));
    }

    #[test]
    fn the_limit_counts_other_agents_within_the_hour() {
        let ledger = Arc::new(Ledger::new(Vec::new()));
        assert!(takes(&ledger, &entry("a", 0), 2, None));
        assert!(takes(&ledger, &entry("a", 1), 2, None), "the same agent takes no second place");
        assert!(takes(&ledger, &entry("b", 2), 2, None));
        assert!(!takes(&ledger, &entry("c", 3), 2, None));
        assert!(takes(&ledger, &entry("c", 62), 2, None), "an hour later the first place is free again");
    }

    #[test]
    fn a_playbook_may_have_a_stricter_limit_of_its_own() {
        let ledger = Arc::new(Ledger::new(Vec::new()));
        let own = Some(Budget { contain: 1, per: std::time::Duration::from_mins(10) });
        assert!(takes(&ledger, &entry("a", 0), 10, own));
        assert!(!takes(&ledger, &entry("b", 9), 10, own));
        assert!(takes(&ledger, &entry("b", 11), 10, own));
    }

    #[test]
    fn a_place_that_was_never_committed_is_free_again() {
        let ledger = Arc::new(Ledger::new(Vec::new()));
        let place = ledger.take(&entry("a", 0), 1, None);
        assert!(!takes(&ledger, &entry("b", 1), 1, None));
        drop(place);
        assert!(takes(&ledger, &entry("b", 1), 1, None));
    }
}
