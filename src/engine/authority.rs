//! Whether a step may act without (more) people: the agent's protection, the trust in the source, then the budgets.
//!
//! The engine asks with the ledger of its store, a rehearsal with one of its own. Nothing here knows who is asked then.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{ApprovalCause, Impact, Run};
use crate::playbook::Playbook;
use crate::store::ContainmentRecord;

use super::budget::{Ledger, Place};
use super::children::budget_of;

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
        let (counted_for, limit) = budget_of(run, playbook);
        let entry = ContainmentRecord { agent: run.agent.id.clone(), run: run.id, playbook: counted_for, at };
        if approved {
            return Ok(Some(self.ledger.record(&entry)));
        }
        if self.protected || run.agent.protected {
            return Err(ApprovalCause::Protected);
        }
        if run.started_by.person().is_none() && !run.alert.trust.covers(impact) {
            return Err(ApprovalCause::Trust);
        }
        // A name that the inventory does not have takes no place: a source that invents names can't use the budget up.
        if !run.agent.known {
            return Ok(None);
        }
        self.ledger.take(&entry, self.contained_per_hour, limit).map(Some).ok_or(ApprovalCause::Budget)
    }
}
