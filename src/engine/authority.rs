//! Whether a step may act without (more) people: the agent's protection, the trust in the source, then the budgets.
//!
//! The engine asks with the ledger of its store, a rehearsal with one of its own. Nothing here knows who is asked then.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{ApprovalCause, ApprovalId, Bundle, Impact, Limit, PersonId, Run, StepPath};
use crate::playbook::Playbook;

use super::budget::{Ledger, Place, Wanted};
use super::bundles::{Alike, Bundles, Seat, window};
use super::children::budgets_of;

/// What decides besides the run itself.
#[derive(Clone, Copy)]
pub struct Authority<'a> {
    /// Who was contained lately.
    pub ledger: &'a Arc<Ledger>,
    /// How many agents may be contained in an hour without a person.
    pub contained_per_hour: u32,
    /// Whether the agent is protected now; whether it was when the run began stands in the run.
    pub protected: bool,
}

impl Authority<'_> {
    /// Whether a step of that impact may act: with a place in the budgets if it takes one, or why people must decide.
    pub fn ask(
        &self,
        playbook: &Playbook,
        run: &Run,
        impact: Impact,
        approved: bool,
        at: Timestamp,
    ) -> Result<Option<Place>, ApprovalCause> {
        if !matches!(impact, Impact::Contain | Impact::Destroy) {
            return Ok(None);
        }
        let wanted = wanted(playbook, run, at);
        if approved {
            return Ok(Some(self.ledger.record_all(&wanted)));
        }
        if self.protected || run.agent.protected {
            return Err(ApprovalCause::Protected);
        }
        if run.started_by.person().is_none() && !run.alert.trust.covers(impact) {
            return Err(ApprovalCause::Trust);
        }
        self.ledger.take(&wanted, self.contained_per_hour).map(Some).ok_or(ApprovalCause::Budget)
    }

    /// The limit that a step which asks because of one is over; where there is room again, the one that it was over before.
    #[must_use]
    pub fn limit(&self, playbook: &Playbook, run: &Run, path: &StepPath, at: Timestamp) -> Limit {
        let before = || {
            let asked = run.steps.get(path).and_then(|record| record.approval).and_then(|id| run.approvals.get(&id));
            asked.and_then(|approval| approval.bundle.as_ref()).map(|bundle| bundle.limit.clone())
        };
        let full = self.ledger.full(&wanted(playbook, run, at), self.contained_per_hour);
        before().or(full).unwrap_or(Limit::EveryHour)
    }

    /// The bundle of a request that a step makes, with its place in it; none where people decide about each one alone.
    #[must_use]
    pub fn bundle(&self, bundles: &Arc<Bundles>, request: &Request<'_>) -> Option<(Bundle, Seat)> {
        let Request { playbook, run, path, cause, people, approval, at } = *request;
        let stands = run.pending_approval(path).is_some_and(|open| open.status == ApprovalStatus::Pending);
        // More people for a request that stands are no further request; and nobody could decide about one of nobody's.
        if cause != ApprovalCause::Budget || stands || people.is_empty() {
            return None;
        }
        let limit = self.limit(playbook, run, path, at);
        let window = window(run, playbook, &limit);
        Some(bundles.join(Alike::of(run, path, limit, people), approval, at, window))
    }
}

/// A request that a step is about to make.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The run's playbook.
    pub playbook: &'a Playbook,
    /// The run.
    pub run: &'a Run,
    /// The step.
    pub path: &'a StepPath,
    /// Why it asks.
    pub cause: ApprovalCause,
    /// Whom it asks.
    pub people: &'a BTreeSet<PersonId>,
    /// Its id.
    pub approval: ApprovalId,
    /// When.
    pub at: Timestamp,
}

fn wanted(playbook: &Playbook, run: &Run, at: Timestamp) -> Wanted {
    Wanted {
        agent: run.agent.id.clone(),
        is_known: run.agent.known,
        run: run.id,
        at,
        counts_for: budgets_of(run, playbook),
    }
}
