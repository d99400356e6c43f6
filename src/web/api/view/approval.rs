//! Requests to people as answers show them.

use serde::{Deserialize, Serialize};

use crate::domain::{Approval, RunId};

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
