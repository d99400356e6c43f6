//! A request in the list that it is decided with, for a terminal: every agent of it, however many there are.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::render::{add, time};
use crate::domain::approval::ApprovalStatus;
use crate::domain::{Approval, ApprovalId, Limit, RunId};
use crate::web::api::view::{ApprovalList, BundleView};

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

/// The request of this answer under which one that waits in a list is told: the one that people were told of, or else the
/// oldest that is there.
pub(super) fn stands_in(approval: &Approval, list: &ApprovalList) -> Option<ApprovalId> {
    let bundle = approval.bundle.as_ref().filter(|_| waits(approval))?;
    let of_it = |other: &&Approval| other.bundle.as_ref().is_some_and(|of| of.first == bundle.first) && waits(other);
    let others = list.approvals.iter().map(|view| &view.approval).filter(of_it);
    let head = others.min_by_key(|other| (!other.bundle.as_ref().is_some_and(|of| of.asks), other.id))?;
    (head.id != approval.id).then_some(head.id)
}

fn waits(approval: &Approval) -> bool {
    approval.status == ApprovalStatus::Pending
}

/// The words of the request, the list behind them, and how to decide about all of it.
pub(super) fn words(request: &str, shown: &Shown, now: Timestamp) -> String {
    let mut text = request.to_owned();
    let BundleView { limit, listing, requests } = &shown.bundle;
    if requests.is_empty() {
        return text;
    }
    let limit = limit.as_ref().map(Limit::words).unwrap_or_default();
    match (waits(&shown.approval), requests.len()) {
        (true, 1) => return text,
        (true, count) => add(&mut text, format_args!("\n  {count} requests wait together, over {limit}:\n")),
        (false, 1) => add(&mut text, format_args!("\n  another one of its list still waits, over {limit}:\n")),
        (false, count) => add(&mut text, format_args!("\n  {count} others of its list still wait, over {limit}:\n")),
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Bundle;
    use crate::web::api::view::{ApprovalView, BundledView};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    /// One of many agents above a budget, the first of which is the one that people were told of.
    fn request(index: i64, first: ApprovalId, status: &str) -> Approval {
        let id = if index == 0 { first } else { ApprovalId::generate(at(index)) };
        let bundle = Bundle { first, limit: Limit::EveryHour, asks: index == 0 };
        let plan = crate::domain::approval::Plan::new(json!({}));
        serde_json::from_value(json!({
            "id": id, "path": "pause", "cause": "budget", "status": status, "ask": "Do it?", "releases": ["pause"],
            "people": ["ana"], "approvers": [], "exclude": [], "quorums": [], "reason_required": true,
            "reason_prompt": null, "identity": "link", "asked_at": at(index), "deadline": at(3600),
            "on_timeout": "escalate", "escalated": false, "valid_for": null, "plan": plan, "votes": [],
            "decided_at": null, "bundle": bundle, "with": [], "withdrawn": null,
        }))
        .unwrap()
    }

    fn list(approvals: impl Iterator<Item = Approval>) -> ApprovalList {
        let view = |approval| ApprovalView { run: RunId::generate(at(0)), approval };
        ApprovalList { approvals: approvals.map(view).collect() }
    }

    #[test]
    fn a_storm_is_one_line_even_if_the_answer_has_not_the_request_that_people_were_told_of() {
        let first = ApprovalId::generate(at(0));
        let storm = |from: i64| list((from..8).rev().map(|index| request(index, first, "pending")));
        for from in [0, 3] {
            let list = storm(from);
            let oldest = list.approvals.last().unwrap().approval.id;
            let heads: Vec<_> = list.approvals.iter().map(|view| stands_in(&view.approval, &list)).collect();
            let single = heads.iter().filter(|head| head.is_none()).count();
            assert!(single == 1 && heads.iter().flatten().all(|head| *head == oldest), "{heads:?}");
        }
        let decided = list((0..2).rev().map(|index| request(index, first, "approved")));
        assert!(decided.approvals.iter().all(|view| stands_in(&view.approval, &decided).is_none()));
    }

    #[test]
    fn a_list_is_told_from_two_on_and_as_the_others_once_a_request_is_decided() {
        let first = ApprovalId::generate(at(0));
        let words_of = |status: &str, count: i64| {
            let approval = request(0, first, status);
            let requests = (0..count).map(|index| BundledView {
                approval: ApprovalId::generate(at(index)),
                run: RunId::generate(at(0)),
                agent: crate::domain::AgentId::parse(&format!("bot-{index}")).unwrap(),
                plan_hash: approval.plan.hash,
                deadline: at(3600),
                decidable: true,
            });
            let bundle = BundleView { limit: Some(Limit::EveryHour), listing: None, requests: requests.collect() };
            words("head", &Shown { run: RunId::generate(at(0)), approval, bundle }, at(0))
        };
        assert_eq!(words_of("pending", 1), "head");
        assert!(words_of("pending", 2).contains("2 requests wait together, over "));
        assert!(words_of("approved", 1).contains("another one of its list still waits, over "));
        assert!(words_of("approved", 3).contains("3 others of its list still wait, over "));
    }
}
