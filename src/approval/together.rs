//! Requests that are decided together: which of them wait, in which order, and what a decision about a list of them is.
//!
//! A person decides about the list that they saw, neither more nor less. Requests are listed in the order in which they
//! were asked, so that one which joins stands behind what was shown: the beginning of the list is still the same, and a
//! decision about it can be taken. Where it is not, nothing is decided.

mod difference;
mod list;

use jiff::Timestamp;

use crate::domain::approval::ApprovalStatus;
use crate::domain::bundle::MEMBERS_MAX;
use crate::domain::{Approval, Assurance, Limit, Listing, PersonId, RunId};
use crate::store::{Approvals as _, BundledApproval, ReadError, RunLog as _, Token};

use super::Approvals;

pub use list::{Entry, List};

/// A bundle of requests at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Together {
    /// The limit that all of them are over.
    pub limit: Limit,
    /// Every request of it, however it ended, oldest first.
    pub all: Vec<BundledApproval>,
    now: Timestamp,
}

impl Together {
    /// The requests that people can decide about now, oldest first, and no more than one decision is about.
    pub fn waiting(&self) -> impl Iterator<Item = &BundledApproval> {
        let open = |request: &&BundledApproval| {
            request.is_undecided(&self.all) && self.now < request.approval.deadline && !request.is_quarantined
        };
        self.all.iter().filter(open).take(MEMBERS_MAX)
    }

    /// The requests that one stands for: while it waits, all that do; once it is decided, those that were decided with it.
    #[must_use]
    pub fn about(&self, approval: &Approval) -> Vec<&BundledApproval> {
        if approval.status == ApprovalStatus::Pending {
            return self.waiting().collect();
        }
        let with =
            |request: &&BundledApproval| request.approval.id == approval.id || approval.decided_with(&request.approval);
        self.all.iter().filter(with).collect()
    }

    /// What a decision about all that waits now is bound to.
    #[must_use]
    pub fn listing(&self) -> Listing {
        Listing::of(self.waiting().map(|request| &request.approval))
    }

    /// The request whose vote a person's decision about several of these stands with; the last one of theirs.
    #[must_use]
    pub fn decided_by(&self, person: &PersonId) -> Option<&BundledApproval> {
        let voted = |request: &BundledApproval| {
            request.approval.votes.iter().filter(|vote| vote.person == *person).map(|vote| vote.at).max()
        };
        let by = self.all.iter().filter_map(|request| Some((request, voted(request)?)));
        // A decision about several is a vote of the same moment on each; the one that names the others is told of.
        by.max_by_key(|(request, at)| (*at, !request.approval.with.is_empty())).map(|(request, _)| request)
    }
}

/// What a link leads to.
pub(super) struct Head {
    /// The run that asks.
    pub run: RunId,
    /// The request.
    pub approval: Approval,
    /// Those that it is shown with.
    pub together: Option<Together>,
    /// Those that the link's holder may decide about; `None` if there are none.
    pub list: Option<List>,
}

impl Approvals {
    /// The requests that one is decided with; `None` if people decide about it alone.
    pub async fn together(&self, approval: &Approval) -> Result<Option<Together>, ReadError> {
        let Some(bundle) = &approval.bundle else { return Ok(None) };
        let all = self.engine.store().bundle(bundle.first).await?;
        Ok(Some(Together { limit: bundle.limit.clone(), all, now: self.engine.clock().now() }))
    }

    /// The request that a link leads to now, with those that it is decided with: of several that wait, the one that waits
    /// longest of those about which its holder may decide.
    pub(super) async fn head(&self, link: &Token) -> Result<Option<Head>, ReadError> {
        let (run, id) = (link.run, link.approval);
        let stored = match self.engine.store().run(run).await {
            Ok(stored) => stored.and_then(|mut run| run.approvals.remove(&id)),
            // Its own run can't be understood: its link still leads to the others of its list.
            Err(ReadError::Damaged { .. }) => self.engine.store().approval(id).await?.map(|(_, approval)| approval),
            Err(error) => return Err(error),
        };
        let Some(approval) = stored else { return Ok(None) };
        let Some(together) = self.together(&approval).await? else {
            return Ok(Some(Head { run, approval, together: None, list: None }));
        };
        let list = self.list(&together, &link.person, Assurance::Link).await?;
        let first = list.entries.first().map(|entry| &entry.request).or_else(|| together.waiting().next());
        let (run, approval) = first.map_or((run, approval), |first| (first.run, first.approval.clone()));
        let list = (!list.entries.is_empty()).then_some(list);
        Ok(Some(Head { run, approval, together: Some(together), list }))
    }

    /// Carries a decision that was taken to all that it is about. Where that can't be done now, it is done later.
    pub(super) async fn carry(&self, approval: &Approval) {
        let Some(bundle) = &approval.bundle else { return };
        if let Err(error) = self.engine.carry_bundle(bundle.first).await {
            tracing::error!(approval.id = %approval.id, %error, "a decision could not be carried further yet; trying again later");
        }
    }
}

#[cfg(test)]
mod tests;
