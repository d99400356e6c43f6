//! Requests to people as answers show them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::Together;
use crate::domain::{AgentId, Approval, ApprovalId, Digest, Limit, Listing, RunId};
use crate::store::BundledApproval;

/// A request with its run. `approval.plan.hash` is what a decision sends back in `If-Match`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// The run that asks.
    pub run: RunId,
    /// The request.
    pub approval: Approval,
}

/// `GET /approvals`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalList {
    /// Newest first.
    pub approvals: Vec<ApprovalView>,
}

/// `GET /approvals/{id}/bundle`: the requests that wait and are decided together, the one that waits longest first. A decision
/// about all of them names that one, and sends `listing` back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleView {
    /// The limit that all of them are over; none if the request is decided alone.
    pub limit: Option<Limit>,
    /// What a decision about the whole list sends back; none if the request is decided alone.
    #[serde(default)]
    pub listing: Option<Listing>,
    /// The requests.
    pub requests: Vec<BundledView>,
}

/// One request of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledView {
    /// The request.
    pub approval: ApprovalId,
    /// The run that asks.
    pub run: RunId,
    /// The agent that it is about.
    pub agent: AgentId,
    /// The digest of its plan.
    pub plan_hash: Digest,
    /// When it expires.
    pub deadline: Timestamp,
}

impl BundleView {
    /// The list that a request stands in.
    #[must_use]
    pub fn new(together: Option<&Together>) -> Self {
        let Some(together) = together else { return Self { limit: None, listing: None, requests: Vec::new() } };
        let requests: Vec<BundledView> = together.waiting().map(BundledView::from).collect();
        let listing = (!requests.is_empty()).then(|| together.listing());
        Self { limit: Some(together.limit.clone()), listing, requests }
    }
}

impl From<&BundledApproval> for BundledView {
    fn from(request: &BundledApproval) -> Self {
        Self {
            approval: request.approval.id,
            run: request.run,
            agent: request.agent.clone(),
            plan_hash: request.approval.plan.hash,
            deadline: request.approval.deadline,
        }
    }
}
