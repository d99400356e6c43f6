//! Which steps an `undo` step restores.
//!
//! The names are written out, so that what a playbook gives back can be read from it and is checked before anything
//! happens.

use crate::domain::{HoldLevel, StepName};
use crate::playbook::{ActionKind, codes};

use super::node::Node;
use super::outline::StepOutline;
use super::report::Report;
use super::scope::Scope;

/// The steps that are undone, in the order written.
pub(super) fn compile(report: &mut Report, scope: &Scope<'_>, with: &Node<'_>, step: &StepOutline) -> Vec<StepName> {
    let Some(value) = with.value.get("steps") else { return Vec::new() };
    let node = Node::of(value, &with.pointer, "steps");
    if value.as_array().is_some_and(Vec::is_empty) {
        report.error(&node.pointer, codes::UNDO, "no step is undone").hint("name a step that contains: [pause]");
    }
    let mut names = Vec::new();
    for item in node.one_or_more() {
        if item.value.is_string()
            && let Some(name) = one(report, scope, &item, step)
        {
            if names.contains(&name) {
                report
                    .error(&item.pointer, codes::UNDO, format!("step `{name}` stands twice"))
                    .hint("remove one of the two");
            }
            names.push(name);
        }
    }
    names
}

fn one(report: &mut Report, scope: &Scope<'_>, item: &Node<'_>, step: &StepOutline) -> Option<StepName> {
    let name = item.name(report, StepName::parse)?;
    let Some(undone) = scope.outline.named(name.as_str()) else {
        let known = scope.outline.steps.iter().map(|step| step.name.as_str());
        report
            .error(&item.pointer, codes::UNKNOWN_STEP, format!("there is no step `{name}`"))
            .did_you_mean(name.as_str(), known);
        return None;
    };
    if !scope.outline.is_before(undone.place, step.place) {
        report
            .error(&item.pointer, codes::STEP_ORDER, format!("step `{name}` has not happened yet at this place"))
            .hint("undo steps of earlier stages; in a `mode: sequential` stage also those above");
        return None;
    }
    match &undone.spec {
        Some(spec) if spec.kind == ActionKind::Hold(HoldLevel::Retired) => {
            report
                .error(&item.pointer, codes::UNDO, format!("step `{name}` retires the agent, which no run takes back"))
                .hint("a person lifts it by hand, with a reason");
        }
        Some(spec) if !spec.undoable => {
            report
                .error(
                    &item.pointer,
                    codes::UNDO,
                    format!("step `{name}` can't be undone: `{}` records nothing to restore", spec.name),
                )
                .hint("write a step that sets the state again, behind an approval");
        }
        None if !undone.is_action => {
            report
                .error(&item.pointer, codes::UNDO, format!("step `{name}` changes nothing that could be undone"))
                .hint("name a step with an `action`");
        }
        Some(_) | None => return Some(name),
    }
    None
}
