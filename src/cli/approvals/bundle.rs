//! A request in the list that it is decided with, for a terminal: every agent of it, however many there are.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::render::{add, time};
use crate::domain::{Approval, Limit, RunId};
use crate::web::api::view::BundleView;

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

/// The words of the request, the list behind them, and how to decide about all of it.
pub(super) fn words(request: &str, shown: &Shown, now: Timestamp) -> String {
    let mut text = request.to_owned();
    let BundleView { limit, listing, requests } = &shown.bundle;
    let Some(first) = requests.first() else { return text };
    let limit = limit.as_ref().map(Limit::words).unwrap_or_default();
    add(&mut text, format_args!("\n  {} agents wait together, over {limit}:\n", requests.len()));
    for other in requests {
        let deadline = time::relative(other.deadline, now);
        add(&mut text, format_args!("    {}  {}  {deadline}  {}\n", other.approval, other.run, other.agent));
    }
    if requests.len() > 1 {
        let order = format!("standdown approvals decide {} --approve|--reject --reason \"...\"", first.approval);
        add(&mut text, format_args!("\n  about all of them: {order} \\\n"));
        add(&mut text, format_args!("    --plan-hash {} --together {listing}\n", first.plan_hash));
    }
    text
}
