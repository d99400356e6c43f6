//! Whether a step may act without (more) people: the agent's protection, the trust in the source, then the budgets.
//!
//! The engine asks with the ledger of its store, a rehearsal with one of its own. Nothing here knows who is asked then.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{ApprovalCause, Impact, Run};
use crate::playbook::Playbook;

use super::budget::{Ledger, Place, Wanted};
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
        let wanted = Wanted {
            agent: run.agent.id.clone(),
            is_known: run.agent.known,
            run: run.id,
            at,
            counts_for: budgets_of(run, playbook),
        };
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
}
