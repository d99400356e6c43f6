//! Which open requests above one limit a further one joins, so that people are asked once a window and not once a run.
//!
//! The book is memory, and nothing is decided by it: what it says becomes part of a request, and is stored with it. A
//! request whose first one never came to be, or ended, is found by `keep`, which looks at what is stored. Requests join
//! only where the same people decide about the same step of the same playbook version, over the same limit: so nobody
//! comes to decide about an agent that they could not have decided about alone (and the machine checks each vote again).
//! A rehearsal asks a book of its own.

mod carry;
mod keep;

pub use carry::Carried;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::bundle::MEMBERS_MAX;
use crate::domain::{Approval, ApprovalId, Bundle, Decision, Digest, Limit, PersonId, Run, StepName, StepPath};
use crate::playbook::Playbook;

use super::children::budgets_of;

/// How long a request above a limit waits; nothing joins one that is over.
const OPEN_MAX: SignedDuration = SignedDuration::from_hours(1);

/// What requests must have in common to be decided together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Alike {
    limit: Limit,
    /// The playbook version.
    digest: Digest,
    step: StepName,
    people: BTreeSet<PersonId>,
    /// Whether it stands in the place of one that nobody decided: more people are asked then.
    escalated: bool,
}

impl Alike {
    /// What a request of a run about a step has in common with others.
    #[must_use]
    pub fn of(run: &Run, path: &StepPath, limit: Limit, people: &BTreeSet<PersonId>) -> Self {
        let old = run.steps.get(path).and_then(|record| record.approval).and_then(|id| run.approvals.get(&id));
        let escalated = old.is_some_and(|old| old.escalated || old.decision() == Some(Decision::Expired));
        Self { limit, digest: run.digest, step: path.step.clone(), people: people.clone(), escalated }
    }

    /// The same of a request that stands.
    fn stored(run: &Run, approval: &Approval, limit: Limit) -> Self {
        let (step, people) = (approval.path.step.clone(), approval.people.clone());
        Self { limit, digest: run.digest, step, people, escalated: approval.escalated }
    }
}

/// How long after its first request a bundle takes others in: the window of the limit.
#[must_use]
pub fn window(run: &Run, playbook: &Playbook, limit: &Limit) -> SignedDuration {
    let Limit::Budget(name) = limit else { return OPEN_MAX };
    let budgets = budgets_of(run, playbook);
    let budget = budgets.iter().find(|(of, _)| of == name).and_then(|(_, budget)| *budget);
    let per = budget.and_then(|budget| SignedDuration::try_from(budget.per).ok());
    per.unwrap_or(OPEN_MAX).min(OPEN_MAX)
}

struct Open {
    first: ApprovalId,
    until: Timestamp,
    /// The requests of it that wait.
    waiting: BTreeSet<ApprovalId>,
}

/// The bundles that take requests in.
#[derive(Default)]
pub struct Bundles {
    open: Mutex<HashMap<Alike, Open>>,
}

impl Bundles {
    /// Lets a request join the open bundle of those like it, or begin one that takes others in until `until`.
    #[must_use]
    pub fn join(
        self: &Arc<Self>,
        alike: Alike,
        id: ApprovalId,
        at: Timestamp,
        window: SignedDuration,
    ) -> (Bundle, Seat) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = alike.limit.clone();
        let joined = open.get_mut(&alike).filter(|open| at < open.until);
        let joined = joined.filter(|open| !open.waiting.is_empty() && open.waiting.len() < MEMBERS_MAX);
        let (first, asks) = if let Some(joined) = joined {
            joined.waiting.insert(id);
            (joined.first, false)
        } else {
            open.retain(|_, other| at < other.until);
            let until = at.saturating_add(window).unwrap_or(at);
            open.insert(alike, Open { first: id, until, waiting: BTreeSet::from([id]) });
            (id, true)
        };
        let seat = Seat { book: Arc::clone(self), first, id, is_kept: false };
        (Bundle { first, limit, asks }, seat)
    }

    /// Takes in a request that is stored, so that others join it.
    fn restore(&self, alike: &Alike, first: ApprovalId, id: ApprovalId, until: Timestamp) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = open.entry(alike.clone()).or_insert_with(|| Open { first, until, waiting: BTreeSet::new() });
        if entry.first == first {
            entry.waiting.insert(id);
        }
    }

    /// Lets a bundle follow what is stored: others joined it on other replicas, or left it there.
    fn refresh(
        &self,
        first: ApprovalId,
        waiting: impl Iterator<Item = ApprovalId>,
        over: impl Iterator<Item = ApprovalId>,
    ) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = open.values_mut().find(|open| open.first == first) {
            open.waiting.extend(waiting);
            let over: BTreeSet<ApprovalId> = over.collect();
            open.waiting.retain(|id| !over.contains(id));
        }
        open.retain(|_, other| !other.waiting.is_empty());
    }

    /// Whether the book has a bundle as one that takes requests in.
    fn takes(&self, first: ApprovalId) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).values().any(|open| open.first == first)
    }

    /// A request does not wait any more. A bundle in which none waits takes nothing in.
    pub fn leave(&self, first: ApprovalId, id: ApprovalId) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, other| {
            if other.first == first {
                other.waiting.remove(&id);
            }
            !other.waiting.is_empty()
        });
    }

    /// A bundle takes nothing in any more: its people are no longer those whom a further request would ask.
    pub fn close(&self, first: ApprovalId) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, open| open.first != first);
    }
}

/// A place in a bundle. It is given back when this goes, unless it was kept because its commit is on disk.
pub struct Seat {
    book: Arc<Bundles>,
    first: ApprovalId,
    id: ApprovalId,
    is_kept: bool,
}

impl Seat {
    /// The commit is on disk: the request stands.
    pub const fn keep(&mut self) {
        self.is_kept = true;
    }

    /// The commit of a run is on disk: the place stays taken if the request came to be. It did not where what it would do
    /// could not be rendered, or where the run had ended before it was asked.
    pub(super) fn keep_if_asked(&mut self, asked: &BTreeMap<ApprovalId, Approval>) {
        self.is_kept = asked.contains_key(&self.id);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if self.first == self.id {
            // Others may have joined what never came to be: `keep` finds them, and nothing joins them any more.
            self.book.close(self.first);
        } else {
            self.book.leave(self.first, self.id);
        }
    }
}

#[cfg(test)]
mod tests;
