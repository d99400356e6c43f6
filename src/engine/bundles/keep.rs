//! Looks after the requests that are decided together: a decision reaches each of them, and none waits without a person
//! who knows of it.
//!
//! What is stored decides, not the book: a process may have died between a decision and those it was about, a run may
//! have ended for which people were asked, and another replica may have done either.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{ApprovalId, Event, EventKind, Run};
use crate::store::{Approvals as _, BundledApproval, RunLog as _};

use super::super::Engine;
use super::super::draft::Draft;
use super::super::submit::{Hands, SubmitError};
use super::{Alike, window};

/// How long what happens to lists is gathered before they are looked at.
const GATHER: Duration = Duration::from_millis(250);

impl BundledApproval {
    /// Whether the request waits for a decision, and none that was made is still on its way to it.
    #[must_use]
    pub fn is_undecided(&self, bundle: &[Self]) -> bool {
        self.approval.status == ApprovalStatus::Pending && self.decided_with(bundle).is_none()
    }

    /// The request whose decision is about this one too.
    pub(super) fn decided_with<'a>(&self, bundle: &'a [Self]) -> Option<&'a Self> {
        bundle.iter().find(|other| other.approval.decided_with(&self.approval))
    }
}

impl Engine {
    /// Lets the book follow what a commit changed.
    pub(in crate::engine) fn follow_bundles(&self, draft: &Draft) {
        let book = &self.inner.bundles;
        for (bundle, approval) in draft.bundled() {
            let first = bundle.first;
            if approval.status != ApprovalStatus::Pending {
                book.leave(first, approval.id);
                self.inner.unbundled.notify_one();
            } else if !bundle.asks && !book.takes(first) {
                self.inner.unbundled.notify_one();
            }
            let asks_more =
                |event: &Event| matches!(&event.kind, EventKind::Escalated { approval: of, .. } if *of == approval.id);
            if draft.events.iter().any(asks_more) {
                book.close(first);
            }
        }
    }

    /// Looks after bundles until a stop is asked for.
    pub(in crate::engine) async fn keep_bundles_forever(self) {
        loop {
            tokio::select! {
                () = self.inner.supervisor.stopping() => return,
                () = self.inner.unbundled.notified() => {}
                () = tokio::time::sleep(self.options().reconcile_every) => {}
            }
            // In a storm many requests come and go at once, and a look reads all that wait in lists.
            if !self.inner.supervisor.sleep(GATHER).await {
                return;
            }
            self.keep_bundles().await;
        }
    }

    /// Looks after every bundle in which something waits, once; how many requests were changed.
    pub async fn keep_bundles(&self) -> u64 {
        let stored = match self.inner.store.open_bundles().await {
            Ok(stored) => stored,
            Err(error) => {
                tracing::error!(%error, "requests that are decided together could not be read; trying again later");
                return 0;
            }
        };
        let mut bundles: BTreeMap<ApprovalId, Vec<BundledApproval>> = BTreeMap::new();
        for request in stored {
            let Some(first) = request.approval.bundle.as_ref().map(|bundle| bundle.first) else { continue };
            bundles.entry(first).or_default().push(request);
        }
        let mut changed = 0;
        for (first, bundle) in bundles {
            changed += self.carry(&bundle).await.told;
            changed += u64::from(self.promote(first, &bundle).await);
            self.remember(first, &bundle).await;
        }
        changed
    }

    /// Tells people of the request that waits longest, if those that they were told of ended before anybody decided about
    /// it.
    async fn promote(&self, first: ApprovalId, bundle: &[BundledApproval]) -> bool {
        // Whoever is about to commit the first request commits the messages about it, too.
        let is_coming = self.inner.bundles.takes(first) && bundle.iter().all(|request| request.approval.id != first);
        // One that nobody may touch can't be decided, and what is decided about a list is its vote.
        let speaks = |request: &BundledApproval| request.approval.speaks_for_others() && !request.is_quarantined;
        if is_coming || bundle.iter().any(speaks) {
            return false;
        }
        for next in bundle.iter().filter(|request| request.is_undecided(bundle)) {
            match self.promote_one(next).await {
                // One that nobody may touch tells nobody anything: the next one does.
                Err(SubmitError::Illegal(_) | SubmitError::Quarantined { .. }) => {}
                Ok(is_promoted) => return is_promoted,
                Err(error) => {
                    let (run, approval) = (next.run, next.approval.id);
                    tracing::error!(run.id = %run, approval.id = %approval, %error, "nobody could be told of a request yet; trying again later");
                    return false;
                }
            }
        }
        false
    }

    /// Lets a request ask people itself, unless it is decided, or does so, since it was read.
    async fn promote_one(&self, next: &BundledApproval) -> Result<bool, SubmitError> {
        let id = next.approval.id;
        let event = Event::by_system(self.clock().now(), EventKind::ApprovalPromoted { approval: id });
        let waits = |run: &Run, _| {
            let approval = run.approvals.get(&id).filter(|approval| approval.status == ApprovalStatus::Pending);
            approval.and_then(|approval| approval.bundle.as_ref()).is_some_and(|bundle| !bundle.asks)
        };
        let promoted = self.submit_if(next.run, event, &mut Hands::default(), waits).await?;
        Ok(promoted.map(|(_, jobs)| self.dispatch(jobs)).is_some())
    }

    /// Takes a bundle into the book that began in another life or on another replica, so that others join it; of one that
    /// stands there, what joined or left it elsewhere.
    async fn remember(&self, first: ApprovalId, bundle: &[BundledApproval]) {
        let waiting = || bundle.iter().filter(|request| request.is_undecided(bundle));
        if self.inner.bundles.takes(first) {
            let over = bundle.iter().filter(|request| request.approval.status != ApprovalStatus::Pending);
            let ids = |request: &BundledApproval| request.approval.id;
            return self.inner.bundles.refresh(first, waiting().map(ids), over.map(ids));
        }
        let Some(any) = waiting().next() else { return };
        let Some(oldest) = bundle.first() else { return };
        let Ok(Some(run)) = self.inner.store.run(any.run).await else { return };
        let Ok(playbook) = self.inner.library.of_run(&self.inner.store, &run).await else { return };
        let Some(limit) = any.approval.bundle.as_ref().map(|bundle| bundle.limit.clone()) else { return };
        let until = oldest.approval.asked_at.saturating_add(window(&run, &playbook, &limit));
        let until = until.unwrap_or(oldest.approval.asked_at);
        if self.clock().now() < until {
            let alike = Alike::stored(&run, &any.approval, limit);
            waiting().for_each(|request| self.inner.bundles.restore(&alike, first, request.approval.id, until));
        }
    }
}
