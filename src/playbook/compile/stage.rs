//! Stages: their order, and the names that must be unique across all of them.

use std::collections::BTreeSet;

use crate::domain::StageName;
use crate::language::Expression;
use crate::playbook::keys::words;
use crate::playbook::{Catalogue, Order, Stage, codes, keys};

use super::fields::Fields;
use super::node::Node;
use super::outline::{Outline, Place};
use super::report::Report;
use super::scope::Scope;
use super::step;

/// The most stages of a playbook.
const STAGES_MAX: usize = 64;
/// The most steps of a playbook.
const STEPS_MAX: usize = 200;

/// Compiles all stages of a playbook.
pub(super) fn compile_all(
    report: &mut Report,
    outline: &Outline,
    catalogue: &Catalogue,
    node: &Node<'_>,
) -> Vec<Stage> {
    let stages = node.items(report, "a list of stages").unwrap_or_default();
    let mut excess = |pointer: &str, message: &str, hint: &str| report.error(pointer, codes::LIMIT, message).hint(hint);
    if node.value.is_array() && stages.is_empty() {
        excess(&node.pointer, "a playbook has at least one stage", "add `- stage: contain` with its `steps`");
    }
    if stages.len() > STAGES_MAX || outline.steps.len() > STEPS_MAX {
        let message = format!("a playbook has at most {STAGES_MAX} stages and {STEPS_MAX} steps");
        excess(&node.pointer, &message, "split it into several playbooks");
        return Vec::new();
    }
    unique(report, "stage", stages.iter().filter_map(|stage| named(stage, "stage")));
    let steps = outline.steps.iter().filter(|step| !step.name.is_empty());
    unique(report, "step", steps.map(|step| (step.name.clone(), format!("{}/step", step.pointer))));
    let stages = stages.iter().enumerate();
    let compiled: Vec<Stage> =
        stages.filter_map(|(index, stage)| compile(report, outline, catalogue, stage, index)).collect();
    bound_items(report, outline, &compiled);
    compiled
}

/// What never fits into one run is refused here, and not when an alert has come.
fn bound_items(report: &mut Report, outline: &Outline, stages: &[Stage]) {
    let mut sum = 0_u32;
    for step in stages.iter().flat_map(|stage| &stage.steps) {
        let Some(each) = &step.for_each else { continue };
        sum = sum.saturating_add(each.at_most);
        let excess = outline.named(step.name.as_str()).filter(|_| sum > keys::ITEMS_OF_RUN_MAX);
        if let Some(outlined) = excess {
            let most = keys::ITEMS_OF_RUN_MAX;
            let message = format!("all steps together would go through up to {sum} items; a run keeps at most {most}");
            report
                .rule_at_key(&format!("{}/for_each", outlined.pointer), codes::LIMIT, message)
                .hint("write `at_most` on each step that goes through items, or split the playbook");
            return;
        }
    }
}

fn named(node: &Node<'_>, key: &str) -> Option<(String, String)> {
    Some((node.value.get(key)?.as_str()?.to_owned(), format!("{}/{key}", node.pointer)))
}

fn unique(report: &mut Report, what: &str, names: impl Iterator<Item = (String, String)>) {
    let mut seen = BTreeSet::new();
    for (name, pointer) in names {
        if !seen.insert(name.clone()) {
            report
                .error(&pointer, codes::DUPLICATE_NAME, format!("there is another {what} `{name}` above"))
                .hint("names are unique in a playbook: rename one of the two");
        }
    }
}

fn compile(
    report: &mut Report,
    outline: &Outline,
    catalogue: &Catalogue,
    node: &Node<'_>,
    index: usize,
) -> Option<Stage> {
    // A stage goes through nothing, but whoever writes it there is told where it belongs.
    let elsewhere = [("for_each", "put it on the steps that go through the items")];
    let fields = Fields::open_but(report, node, &keys::STAGE, &elsewhere)?;
    let name = fields.require(report, "stage").and_then(|node| node.name(report, StageName::parse));
    let scope = Scope::at(outline, Place { stage: index, index: 0 });
    let when: Option<Option<Expression>> = fields.get("when").map(|node| scope.condition(report, &node));
    let order = fields.get("mode").and_then(|node| node.word(report, &words::ORDERS));
    let timeout = fields.get("timeout").and_then(|node| node.duration(report));
    let list = fields.require(report, "steps");
    let items = list.as_ref().and_then(|list| list.items(report, "a list of steps")).unwrap_or_default();
    if let Some(list) = list.filter(|list| list.value.as_array().is_some_and(Vec::is_empty)) {
        report
            .error(&list.pointer, codes::LIMIT, "a stage has at least one step")
            .hint("add a step, or remove the stage");
    }
    let outlines = outline.steps.iter().filter(|step| step.place.stage == index);
    let compiled = items
        .iter()
        .zip(outlines)
        .filter_map(|(node, outlined)| step::compile(report, outline, catalogue, node, outlined));
    let steps = compiled.collect();
    Some(Stage {
        name: name?,
        when: match when {
            Some(when) => Some(when?),
            None => None,
        },
        order: order.unwrap_or(Order::Parallel),
        timeout,
        steps,
    })
}
