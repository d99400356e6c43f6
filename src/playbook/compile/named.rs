//! Approvals that stand in the configuration: read and checked there, and filled into a playbook's own here.
//!
//! On its own a named approval is judged only as far as it can be without the steps that it will stand before. Filled into
//! a playbook it is judged like one that was written out; faults of what was lent say where it came from.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::ApprovalName;
use crate::playbook::approvals::{Filled, Keys};
use crate::playbook::{Approvals, Lender, codes, context, keys};

use super::approval::{self, Subject};
use super::fields::Fields;
use super::node::{Node, child};
use super::outline::Outline;
use super::report::Report;
use super::scope::Scope;

/// The key that names an approval of the configuration.
const USE: &str = "use";
/// What every approval must have.
const NEEDED: [&str; 2] = ["ask", "timeout"];

/// Reads `approvals` and `default_approval` of a configuration, or of a file of tests.
pub(crate) fn approvals(report: &mut Report, named: Option<&Node<'_>>, default: Option<&Node<'_>>) -> Approvals {
    let mut found = BTreeMap::new();
    for (name, value) in named.map(|node| entries(report, node)).unwrap_or_default() {
        let keys = alone(report, &value);
        if let Some((name, keys)) = name.zip(keys) {
            found.insert(name, keys);
        }
    }
    let default = default.filter(|node| !node.value.is_null()).and_then(|node| match node.value {
        Value::String(name) => {
            let known = found.get(name.as_str()).cloned();
            if known.is_none() && named.is_none_or(|named| named.value.get(name).is_none()) {
                let names = found.keys().map(ApprovalName::as_str);
                let message = format!("there is no approval `{name}` under `approvals`");
                report.error(&node.pointer, codes::UNKNOWN_APPROVAL, message).did_you_mean(name, names);
            }
            known
        }
        _ => alone(report, node),
    });
    Approvals::configured(found, default)
}

/// The approvals by their names; a name that can't be one is said.
fn entries<'v>(report: &mut Report, node: &Node<'v>) -> Vec<(Option<ApprovalName>, Node<'v>)> {
    let Value::Object(map) = node.value else {
        if !node.value.is_null() {
            node.expected(report, "a mapping of names to approvals");
        }
        return Vec::new();
    };
    let mut entry = |name: &str, value: &'v Value| {
        let node = Node::of(value, &node.pointer, name);
        let parsed = ApprovalName::parse(name);
        if let Err(error) = &parsed {
            let message = format!("`{name}` can't be the name of an approval");
            report.error_at_key(&node.pointer, codes::NAME, message).hint(error.to_string());
        }
        (parsed.ok(), node)
    };
    map.iter().map(|(name, value)| entry(name, value)).collect()
}

/// Judges an approval as far as that can be done without a playbook.
fn alone(report: &mut Report, node: &Node<'_>) -> Option<Keys> {
    let fields = Fields::open(report, node, &keys::APPROVAL)?;
    let hint = "name steps in the playbook: approval: { use: NAME, releases: [...] }";
    fields.refuse(report, &["releases"], "on an approval of the configuration", hint);
    let hint = "write the keys out; a playbook names one approval, and `default_approval` fills the rest";
    fields.refuse(report, &[USE], "on an approval of the configuration", hint);
    if let Some(ask) = fields.get("ask") {
        let outline = Outline::default();
        let scope = Scope { outline: &outline, environment: context::starting_environment(&BTreeMap::new()) };
        approval::question(report, &scope, &ask);
    }
    fields.get("timeout").and_then(|node| node.duration(report));
    approval::terms(report, &fields, &Subject::Unknown);
    node.value.as_object().cloned()
}

/// An approval of a playbook with everything that it leaves out; nothing if it names one that there is not.
pub(super) fn fill(report: &mut Report, approvals: &Approvals, node: &Node<'_>) -> Option<Filled> {
    let (own, named) = match node.value {
        Value::String(_) => (Keys::new(), Some(node.clone())),
        Value::Object(map) => {
            let mut own = map.clone();
            own.remove(USE);
            (own, map.get(USE).map(|value| Node::of(value, &node.pointer, USE)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            node.expected(
                report,
                "a mapping with `ask` and `timeout`, or the name of an approval of the configuration",
            );
            return None;
        }
    };
    let name = match named {
        Some(named) => {
            let found = find(report, approvals, &named);
            // What says everything itself can be judged without it.
            if found.is_none() && !NEEDED.iter().all(|key| own.contains_key(*key)) {
                report.leaves_out();
                return None;
            }
            found
        }
        None => None,
    };
    let mut filled = approvals.fill(own, name);
    for (key, lender) in &filled.lent {
        report.lend(child(&node.pointer, key), lender.of(key));
    }
    // One that fills nothing, because the playbook says every key itself, is used all the same: without it, the text would
    // name what there is not.
    filled.lent.extend(name.map(|name| (USE.to_owned(), Lender::Named(name.clone()))));
    Some(filled)
}

fn find<'a>(report: &mut Report, approvals: &'a Approvals, node: &Node<'_>) -> Option<&'a ApprovalName> {
    let name = node.text(report)?;
    let found = approvals.find(name);
    if found.is_some() {
        return found;
    }
    if !approvals.is_configured() {
        let message = format!("the approval `{name}` stands in a configuration, and none was given");
        report
            .rule(&node.pointer, codes::UNKNOWN_APPROVAL, message)
            .hint("give it with `--config FILE`, or write the approval out: approval: { ask: \"...\", timeout: 1h }");
    } else if approvals.names().next().is_none() {
        let message = format!("there is no approval `{name}`: the configuration has none");
        report.rule(&node.pointer, codes::UNKNOWN_APPROVAL, message).hint(
            "add it to the configuration under `approvals:`, or write it out: approval: { ask: \"...\", timeout: 1h }",
        );
    } else {
        let message = format!("the configuration has no approval `{name}`");
        report.rule(&node.pointer, codes::UNKNOWN_APPROVAL, message).did_you_mean(name, approvals.names());
    }
    None
}
