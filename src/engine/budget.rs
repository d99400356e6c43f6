//! How many agents were contained lately: the limits on ourselves.
//!
//! The ledger is memory over the `containments` table. A place is taken when a step is authorised, before the commit,
//! and given back if the commit fails: so two runs at once can't both take the last one.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::{AgentId, PlaybookName, RunId};
use crate::playbook::Budget;
use crate::store::ContainmentRecord;

/// The longest window that a budget may have.
pub(super) const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(24 * 30);

const GLOBAL_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// Who was contained, when, by which run.
pub(super) struct Ledger {
    entries: Mutex<Vec<ContainmentRecord>>,
}

impl Ledger {
    pub fn new(entries: Vec<ContainmentRecord>) -> Self {
        Self { entries: Mutex::new(entries) }
    }

    /// Takes a place for an agent, if the limits leave one. An agent counts once a window, however often it is contained.
    pub fn take(&self, wanted: &ContainmentRecord, global: u32, own: Option<Budget>) -> bool {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = wanted.at.saturating_sub(WINDOW_MAX).unwrap_or(wanted.at);
        entries.retain(|entry| entry.at >= oldest);
        let all = others(&entries, wanted, GLOBAL_WINDOW, None);
        let window = own.and_then(|budget| SignedDuration::try_from(budget.per).ok()).unwrap_or(GLOBAL_WINDOW);
        let same = others(&entries, wanted, window, Some(&wanted.playbook));
        let fits = all < global && own.is_none_or(|budget| same < budget.contain);
        if fits {
            entries.push(wanted.clone());
        }
        fits
    }

    /// Records a containment that a person decided about.
    pub fn record(&self, entry: ContainmentRecord) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Gives back what a run took at that time, because its commit failed.
    pub fn give_back(&self, run: RunId, at: Timestamp) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.run != run || entry.at != at);
    }
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

    #[test]
    fn the_limit_counts_other_agents_within_the_hour() {
        let ledger = Ledger::new(Vec::new());
        assert!(ledger.take(&entry("a", 0), 2, None));
        assert!(ledger.take(&entry("a", 1), 2, None), "the same agent takes no second place");
        assert!(ledger.take(&entry("b", 2), 2, None));
        assert!(!ledger.take(&entry("c", 3), 2, None));
        assert!(ledger.take(&entry("c", 62), 2, None), "an hour later the first place is free again");
    }

    #[test]
    fn a_playbook_may_have_a_stricter_limit_of_its_own() {
        let ledger = Ledger::new(Vec::new());
        let own = Some(Budget { contain: 1, per: std::time::Duration::from_secs(600) });
        assert!(ledger.take(&entry("a", 0), 10, own));
        assert!(!ledger.take(&entry("b", 9), 10, own));
        assert!(ledger.take(&entry("b", 11), 10, own));
    }

    #[test]
    fn a_place_whose_commit_failed_is_free_again() {
        let ledger = Ledger::new(Vec::new());
        let first = entry("a", 0);
        assert!(ledger.take(&first, 1, None));
        ledger.give_back(first.run, first.at);
        assert!(ledger.take(&entry("b", 1), 1, None));
    }
}
