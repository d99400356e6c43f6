//! How many votes of whom decide, and whether that many can ever be cast.
//!
//! How many people a group has is not known here; only people named one by one can be counted.

use std::collections::BTreeSet;

use crate::domain::Principal;
use crate::playbook::{Threshold, codes, keys};

use super::fields::Fields;
use super::node::Node;
use super::report::Report;

/// The most thresholds of an approval.
const THRESHOLDS_MAX: usize = 10;

/// Compiles the thresholds of an approval; any one that is reached decides.
pub(super) fn compile(
    report: &mut Report,
    node: &Node<'_>,
    approvers: &[Principal],
    exclude: &[Principal],
) -> Vec<Threshold> {
    let items = node.items(report, "a list of thresholds such as { approve: 2, reject: 1 }").unwrap_or_default();
    if node.value.is_array() && (items.is_empty() || items.len() > THRESHOLDS_MAX) {
        report
            .error(&node.pointer, codes::LIMIT, format!("an approval has 1 to {THRESHOLDS_MAX} thresholds"))
            .hint("remove `thresholds` for one approval or one rejection");
    }
    items.iter().filter_map(|item| threshold(report, item, approvers, exclude)).collect()
}

fn threshold(
    report: &mut Report,
    node: &Node<'_>,
    approvers: &[Principal],
    exclude: &[Principal],
) -> Option<Threshold> {
    let fields = Fields::open(report, node, &keys::THRESHOLD)?;
    let from = fields.get("from").map(|node| node.principals(report)).unwrap_or_default();
    let voters = voters_max(if from.is_empty() { approvers } else { &from }, approvers, exclude);
    if voters == Some(0) && !from.is_empty() {
        report
            .rule(&fields.at("from"), codes::QUORUM, "nobody of these may vote")
            .hint("name people who stand under `approvers` and are not excluded");
    }
    let voters = voters.filter(|voters| *voters > 0);
    let mut number = |key| {
        let Some(node) = fields.get(key) else { return 1 };
        let count = node.count(report, &(1..=keys::VOTES_MAX)).unwrap_or(1);
        if let Some(voters) = voters.filter(|voters| usize::try_from(count).is_ok_and(|count| count > *voters)) {
            let people = if voters == 1 { "person" } else { "people" };
            report
                .rule(
                    &node.pointer,
                    codes::QUORUM,
                    format!("{count} votes are needed, but only {voters} {people} may vote"),
                )
                .hint("lower the number, or name more people under `approvers` and `from`");
        }
        count
    };
    let (approve, reject) = (number("approve"), number("reject"));
    Some(Threshold { approve, reject, from })
}

/// How many people may vote at most; nothing if a group, an owner or the fallback owner is among them.
fn voters_max(from: &[Principal], approvers: &[Principal], exclude: &[Principal]) -> Option<usize> {
    let people = |principals: &[Principal]| -> Option<BTreeSet<Principal>> {
        principals
            .iter()
            .map(|principal| matches!(principal, Principal::User(_)).then(|| principal.clone()))
            .collect::<Option<BTreeSet<_>>>()
    };
    let remaining: Vec<Principal> = from.iter().filter(|principal| !exclude.contains(principal)).cloned().collect();
    let named = people(&remaining)?;
    Some(match people(approvers) {
        Some(allowed) => named.intersection(&allowed).count(),
        None => named.len(),
    })
}
