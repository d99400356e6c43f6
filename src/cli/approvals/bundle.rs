//! A request in the list that it is decided with, for a terminal: every agent of it, however many there are.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::render::{add, time};
use crate::domain::approval::ApprovalStatus;
use crate::domain::{Approval, ApprovalId, Limit, RunId};
use crate::web::api::view::{ApprovalList, ApprovalView, BundleView};

/// A request with those that are decided with it.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    /// The run that asks.
    pub run: RunId,
    /// The request that was asked for.
    pub approval: Approval,
    /// The list that it stands in.
    pub bundle: BundleView,
}

/// The request in whose list one stands that waits, if it is in this answer too.
pub(super) fn stands_in(approval: &Approval, list: &ApprovalList) -> Option<ApprovalId> {
    let bundle = approval.bundle.as_ref().filter(|bundle| !bundle.asks)?;
    let waits = |approval: &Approval| approval.status == ApprovalStatus::Pending;
    let asks = |other: &&ApprovalView| {
        other.approval.bundle.as_ref().is_some_and(|of| of.asks && of.first == bundle.first) && waits(&other.approval)
    };
    let asking = list.approvals.iter().find(asks)?;
    waits(approval).then_some(asking.approval.id)
}

/// The words of the request, the list behind them, and how to decide about all of it.
pub(super) fn words(request: &str, shown: &Shown, now: Timestamp) -> String {
    let mut text = request.to_owned();
    let BundleView { limit, listing, requests } = &shown.bundle;
    if requests.is_empty() {
        return text;
    }
    let limit = limit.as_ref().map(Limit::words).unwrap_or_default();
    add(&mut text, format_args!("\n  {} requests wait together, over {limit}:\n", requests.len()));
    for other in requests {
        let deadline = time::relative(other.deadline, now);
        add(&mut text, format_args!("    {}  {}  {deadline}  {}\n", other.approval, other.run, other.agent));
    }
    let decidable: Vec<_> = requests.iter().filter(|request| request.decidable).collect();
    if let (Some(listing), [first, _, ..]) = (listing, decidable.as_slice()) {
        let order = format!("standdown approvals decide {} --approve|--reject --reason \"...\"", first.approval);
        add(&mut text, format_args!("\n  about the {} that you may decide about: {order} \\\n", decidable.len()));
        add(&mut text, format_args!("    --plan-hash {} --together {listing}\n", first.plan_hash));
    }
    text
}
