//! What an inspection found: a count of each kind of thing that was looked at, and every fault with its place.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The most faults that are told one by one; the rest is only counted.
const FAULTS_MAX: usize = 1_000;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// `file`, `unreadable`, `row`, `belonging`, `history`, `replay` or `playbook`.
    pub kind: String,
    /// What it is about: an id, a history, a file.
    pub subject: String,
    /// Where in it: a table, or the number of an event.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// What an inspection found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// How much was looked at, by kind: tables, `histories`, `events`, `runs_replayed`, `runs_chain_only`.
    pub counts: BTreeMap<String, u64>,
    /// Every fault, at most 1000.
    pub faults: Vec<Fault>,
    /// How many faults there are.
    pub fault_count: u64,
}

impl Inspection {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.fault_count == 0
    }

    /// How many faults are written down, and how many there are.
    pub(super) fn mark(&self) -> (usize, u64) {
        (self.faults.len(), self.fault_count)
    }

    /// Takes back the faults that were found since.
    pub(super) fn forget_since(&mut self, (kept, count): (usize, u64)) {
        self.faults.truncate(kept);
        self.fault_count = count;
    }

    pub(super) fn count(&mut self, what: &str, more: u64) {
        match self.counts.get_mut(what) {
            Some(count) => *count += more,
            None => drop(self.counts.insert(what.to_owned(), more)),
        }
    }

    pub(super) fn fault(&mut self, kind: &str, subject: &str, place: &str, what: String, hint: &str) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_MAX {
            let (kind, subject, place, hint) = (kind.into(), subject.into(), place.into(), hint.into());
            self.faults.push(Fault { kind, subject, place, what, hint });
        }
    }
}
