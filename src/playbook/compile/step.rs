//! A step: an action, a question to people, or a wait.

use crate::domain::StepName;
use crate::language::Type;
use crate::playbook::keys::words;
use crate::playbook::{Body, Catalogue, OnFailure, Step, Wait, codes, keys};

use super::fields::Fields;
use super::node::Node;
use super::outline::{Outline, StepOutline};
use super::report::Report;
use super::scope::Scope;
use super::{action, approval, each};

/// Compiles one step.
pub(super) fn compile(
    report: &mut Report,
    outline: &Outline,
    catalogue: &Catalogue,
    node: &Node<'_>,
    step: &StepOutline,
) -> Option<Step> {
    let fields = Fields::open(report, node, &keys::STEP)?;
    let name = fields.require(report, "step").and_then(|node| node.name(report, StepName::parse));
    let scope = Scope::at(outline, step.place);
    let when = fields.get("when").map(|node| scope.condition(report, &node));
    let on_failure = fields.get("on_failure").and_then(|node| node.word(report, &words::ON_FAILURE));
    let background = fields.get("background").and_then(|node| node.flag(report)).unwrap_or(false);
    let each = each::compile(report, &scope, &fields, step);
    let item = each.as_ref().map(|each| (each.name.as_str(), &each.ty));
    let body = body(report, &scope, catalogue, &fields, step, item);
    let for_each = match each {
        Some(each) => Some(each.compiled?),
        None => None,
    };
    Some(Step {
        name: name?,
        when: match when {
            Some(when) => Some(when?),
            None => None,
        },
        for_each,
        body: body?,
        on_failure: on_failure.unwrap_or(OnFailure::Continue),
        background,
    })
}

fn body(
    report: &mut Report,
    scope: &Scope<'_>,
    catalogue: &Catalogue,
    fields: &Fields<'_>,
    step: &StepOutline,
    item: Option<(&str, &Type)>,
) -> Option<Body> {
    if !fields.has("wait") {
        fields.refuse(report, &["until"], "on a step that does not wait", "add `wait:` with how long at most");
    }
    if fields.has("wait") && (fields.has("action") || fields.has("approval")) {
        report
            .error_at_key(&fields.at("wait"), codes::STEP_BODY, "a step that waits does nothing else")
            .hint("make the wait a step of its own, in a `mode: sequential` stage");
        return None;
    }
    if fields.has("action") {
        let action = action::compile(report, scope.outline, catalogue, fields, step, item)?;
        return Some(Body::Action(Box::new(action)));
    }
    if let Some(node) = fields.get("approval") {
        let hint = "the deadline of an approval stands inside it: approval: { timeout: 4h }";
        fields.refuse(report, &["timeout"], "on a step that only asks", hint);
        refuse_action_keys(report, fields, "on a step that only asks");
        return Some(Body::Approval(Box::new(approval::compile(report, scope, catalogue.approvals(), &node, step)?)));
    }
    if let Some(node) = fields.get("wait") {
        fields.refuse(report, &["timeout"], "on a step that waits", "`wait` says how long");
        refuse_action_keys(report, fields, "on a step that waits");
        let span = node.duration(report);
        let until = fields.get("until").map(|node| scope.condition(report, &node));
        let until = match until {
            Some(until) => Some(until?),
            None => None,
        };
        return Some(Body::Wait(Wait { span: span?, until }));
    }
    report
        .error(&fields.pointer, codes::STEP_BODY, "the step does nothing")
        .hint("add `action:`, `approval:` or `wait:`");
    None
}

fn refuse_action_keys(report: &mut Report, fields: &Fields<'_>, here: &str) {
    let of_actions = keys::STEP.keys.iter().filter(|key| key.part == keys::Part::Action).map(|key| key.name);
    let keys: Vec<&str> = of_actions.filter(|key| *key != "timeout").chain(["background"]).collect();
    fields.refuse(report, &keys, here, "remove it, or add `action:`");
}
