//! Requests to people as answers show them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::{List, Together};
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
/// about all of which the caller may decide names the first of these, and sends `listing` back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleView {
    /// The limit that all of them are over; none if the request is decided alone.
    pub limit: Option<Limit>,
    /// What a decision about all `decidable` ones sends back; none if the request is decided alone, or not by the caller.
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
    /// Whether the caller may decide about it: `listing` is about these alone.
    #[serde(default)]
    pub decidable: bool,
}

impl BundleView {
    /// The list that a request stands in.
    #[must_use]
    pub fn new(together: Option<&Together>, list: Option<&List>) -> Self {
        let Some(together) = together else { return Self { limit: None, listing: None, requests: Vec::new() } };
        let list = list.filter(|list| !list.entries.is_empty());
        let decidable = |id| list.is_some_and(|list| list.entries.iter().any(|entry| entry.request.approval.id == id));
        let requests = together
            .waiting()
            .map(|request| BundledView { decidable: decidable(request.approval.id), ..BundledView::from(request) });
        let (requests, listing) = (requests.collect(), list.map(List::listing));
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
            decidable: false,
        }
    }
}
