//! Two replays of the same alerts, with the playbooks of before and of now: what would be different.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::{AgentId, PlaybookName};

use super::report::{Contained, OfPlaybook, Report};

/// What would be different.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Agents that would be contained now, and were not before.
    pub newly_contained: Vec<Contained>,
    /// Agents that would not be contained any more.
    pub no_longer_contained: Vec<AgentId>,
    /// Numbers that changed, by playbook.
    pub changes: Vec<Change>,
}

/// A number of a playbook that changed. A playbook that is not there counts as nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The playbook.
    pub playbook: PlaybookName,
    /// What is counted.
    pub what: &'static str,
    /// How often before.
    pub before: u64,
    /// How often now.
    pub now: u64,
}

type Count = fn(&OfPlaybook) -> u64;

const COUNTS: [(&str, Count); 12] = [
    ("ticks", |of| of.ticks),
    ("matched", |of| of.matched),
    ("silenced", |of| of.silenced),
    ("runs", |of| of.runs),
    ("joined", |of| of.joined),
    ("agents contained", |of| of.agents_contained),
    ("approvals", |of| of.approvals),
    ("budget hits", |of| of.budget_hits),
    ("trust hits", |of| of.trust_hits),
    ("messages", |of| of.messages),
    ("own alerts", |of| of.own_alerts),
    ("faults", |of| of.faults),
];

impl Difference {
    /// What changed from one replay to the other.
    #[must_use]
    pub fn between(before: &Report, now: &Report) -> Self {
        let ids = |report: &Report| report.contained.iter().map(|entry| entry.agent.clone()).collect::<BTreeSet<_>>();
        let (old, new) = (ids(before), ids(now));
        let mut pairs: BTreeMap<&PlaybookName, (Option<&OfPlaybook>, Option<&OfPlaybook>)> = BTreeMap::new();
        for of in &before.playbooks {
            pairs.entry(&of.name).or_default().0 = Some(of);
        }
        for of in &now.playbooks {
            pairs.entry(&of.name).or_default().1 = Some(of);
        }
        let mut changes = Vec::new();
        for (name, (old, new)) in pairs {
            for (what, count) in COUNTS {
                let (before, now) = (old.map_or(0, count), new.map_or(0, count));
                if before != now {
                    changes.push(Change { playbook: name.clone(), what, before, now });
                }
            }
        }
        Self {
            newly_contained: now.contained.iter().filter(|entry| !old.contains(&entry.agent)).cloned().collect(),
            no_longer_contained: old.difference(&new).cloned().collect(),
            changes,
        }
    }

    /// How much more often than before something happens, over all playbooks.
    #[must_use]
    pub fn more(&self, what: &str) -> bool {
        let of = || self.changes.iter().filter(|change| change.what == what);
        of().map(|change| change.now).sum::<u64>() > of().map(|change| change.before).sum::<u64>()
    }
}
