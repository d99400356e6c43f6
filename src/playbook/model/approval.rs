//! A request to people as a playbook words it, with everything filled in.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::approval::OnTimeout;
use crate::domain::{Assurance, Principal, StepName};
use crate::language::Template;
use crate::playbook::Lender;

/// How sure we must be of a voter; an alias, because playbooks say `identity: link`.
pub type Identity = Assurance;

/// How many of whom decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// How many approvals decide.
    pub approve: u32,
    /// How many rejections decide.
    pub reject: u32,
    /// Whose votes count; empty for every approver.
    pub from: Vec<Principal>,
}

impl ApprovalSpec {
    /// Who is asked besides, when a request escalates.
    #[must_use]
    pub fn more(&self) -> &[Principal] {
        if self.escalate_to.is_empty() { &[Principal::Fallback] } else { &self.escalate_to }
    }
}

/// A request to people, as a playbook words it.
#[derive(Clone, Debug)]
pub struct ApprovalSpec {
    /// The question.
    pub ask: Template,
    /// Steps that an approval lets go; their parameters render when it is asked. For a guard: its own step.
    pub releases: Vec<StepName>,
    /// Who may vote.
    pub approvers: Vec<Principal>,
    /// Who may not.
    pub exclude: Vec<Principal>,
    /// Any one that is reached decides.
    pub thresholds: Vec<Threshold>,
    /// Whether whoever triggered the run never votes.
    pub prevent_self_review: bool,
    /// Whether a reason must be given.
    pub reason_required: bool,
    /// What the reason should answer.
    pub reason_prompt: Option<String>,
    /// How sure we must be of a voter.
    pub identity: Identity,
    /// How long people have.
    pub timeout: Duration,
    /// What silence does.
    pub on_timeout: OnTimeout,
    /// How long a decision holds until it is carried out.
    pub valid_for: Option<Duration>,
    /// Who is asked besides, when silence escalates; empty for the fallback owner.
    pub escalate_to: Vec<Principal>,
    /// What of the configuration filled which key that the playbook leaves out.
    pub lent: BTreeMap<String, Lender>,
}
