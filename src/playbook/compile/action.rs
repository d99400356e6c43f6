//! A step that performs an action: what it is given, how strong it is, and who must say yes before.
//!
//! How strong a step is decides what has to stand before it, so an action that leaves its strength open makes the
//! playbook say it.

use std::time::Duration;

use crate::domain::{Impact, Protection, StepName};
use crate::language::{Escape, Type};
use crate::playbook::keys::words;
use crate::playbook::{ActionKind, ActionSpec, ActionStep, Catalogue, NoticeSpec, codes, keys};

use super::fields::Fields;
use super::node::Node;
use super::outline::{Outline, StepOutline, reads};
use super::report::Report;
use super::scope::Scope;
use super::{approval, notice, parameter, run_playbook, timing, undo};

/// How long a call may take before the first step that contains: what only informs must not hold up containment.
const BEFORE_CONTAINMENT: Duration = Duration::from_secs(10);

/// Compiles a step with an action.
pub(super) fn compile(
    report: &mut Report,
    outline: &Outline,
    catalogue: &Catalogue,
    fields: &Fields<'_>,
    step: &StepOutline,
    item: Option<(&str, &Type)>,
) -> Option<ActionStep> {
    let action = fields.get("action")?;
    let guard = fields
        .get("approval")
        .map(|node| approval::compile(report, &Scope::at(outline, step.place), catalogue.approvals(), &node, step));
    let retry = timing::retry(report, fields);
    let timeout = fields.get("timeout").and_then(|node| node.duration(report));
    let with = fields.get("with");
    let scope = Scope::at(outline, outline.rendered_at(step));
    let scope = match item {
        Some((name, ty)) => scope.with(name, ty.clone()),
        None => scope,
    };
    let Some(spec) = &step.spec else {
        unknown(report, catalogue, &action);
        if let Some(with) = with {
            scope.tree(report, with.value, &with.pointer, Escape::None)?;
        }
        return None;
    };
    let impact = impact(report, fields, spec, step);
    let protection = protection(report, fields, spec);
    let irreversible = because(report, fields, step.impact);
    behind_people(report, outline, fields, step, irreversible.is_some());
    let tree = parameter::compile(report, &scope, spec, with.as_ref(), &fields.pointer);
    let (undoes, notice) = internal(report, &scope, step, with.as_ref(), tree.is_some());
    let runs = match spec.kind {
        ActionKind::RunPlaybook => run_playbook::compile(report, outline, fields),
        _ => None,
    };
    let hurried = spec.kind == ActionKind::External && outline.is_before_containment(step.place);
    let default = if hurried { spec.timeout.min(BEFORE_CONTAINMENT) } else { spec.timeout };
    let (hold, verify) = (timing::hold(report, fields, spec), timing::verify(report, fields, spec));
    Some(ActionStep {
        spec: spec.clone(),
        with: tree?,
        impact: impact?,
        protection,
        timeout: timeout.unwrap_or(default),
        retry,
        hold,
        verify,
        guard: match guard {
            Some(guard) => Some(Box::new(guard?)),
            None => None,
        },
        undoes,
        runs,
        notice,
        irreversible: irreversible.filter(|because| !because.is_empty()),
    })
}

fn unknown(report: &mut Report, catalogue: &Catalogue, action: &Node<'_>) {
    let Some(name) = action.text(report) else { return };
    let names: Vec<&str> = catalogue.names().collect();
    report
        .error(&action.pointer, codes::UNKNOWN_ACTION, format!("unknown action `{name}`"))
        .did_you_mean(name, names.into_iter());
}

fn internal(
    report: &mut Report,
    scope: &Scope<'_>,
    step: &StepOutline,
    with: Option<&Node<'_>>,
    sound: bool,
) -> (Vec<StepName>, Option<NoticeSpec>) {
    match (step.spec.as_ref().map(|spec| &spec.kind), with) {
        (Some(ActionKind::Undo), Some(with)) => (undo::compile(report, scope, with, step), None),
        (Some(ActionKind::Notify), Some(with)) => (Vec::new(), notice::compile(report, scope, with, sound)),
        _ => (Vec::new(), None),
    }
}

fn impact(report: &mut Report, fields: &Fields<'_>, spec: &ActionSpec, step: &StepOutline) -> Option<Impact> {
    let hint = "remove it: the action says itself how strong it is";
    if spec.impact.is_some() {
        fields.refuse(report, &["impact"], &format!("on `{}`", spec.name), hint);
    } else if let Some(node) = fields.get("impact") {
        node.word(report, &words::IMPACTS)?;
    } else if step.impact.is_none() {
        report
            .error_at_key(
                &fields.at("action"),
                codes::IMPACT,
                format!("`{}` does not say how strong it is here", spec.name),
            )
            .hint("add `impact: notify`, `contain`, `destroy` or `release`");
    }
    step.impact
}

fn protection(report: &mut Report, fields: &Fields<'_>, spec: &ActionSpec) -> Protection {
    let with = fields.get("with");
    let Some(node) = fields.get("protection") else {
        let reads = spec.impact.is_none() && !fields.has("impact") && reads(with.map(|with| with.value));
        return if reads { Protection::Read } else { spec.protection };
    };
    if spec.impact.is_some() {
        let hint = "remove it: the action says itself what is safe after a crash";
        fields.refuse(report, &["protection"], &format!("on `{}`", spec.name), hint);
        return spec.protection;
    }
    node.word(report, &words::PROTECTIONS).unwrap_or(spec.protection)
}

/// What destroys or releases stands behind people.
fn behind_people(report: &mut Report, outline: &Outline, fields: &Fields<'_>, step: &StepOutline, because: bool) {
    let asked = step.guarded || outline.is_released(step);
    match step.impact {
        Some(Impact::Destroy) if !asked && !because => {
            report
                .rule_at_key(&fields.at("action"), codes::DESTROY_UNGUARDED, "this destroys, and nobody is asked")
                .hint("add `approval:` to the step, or `irreversible: { because: \"...\" }`");
        }
        Some(Impact::Release) if !asked => {
            report
                .rule_at_key(
                    &fields.at("action"),
                    codes::RELEASE_UNGUARDED,
                    "this gives the agent something back, and nobody is asked",
                )
                .hint(format!(
                    "name `{}` under `releases` of an earlier approval, or add `approval:` to the step",
                    step.name
                ));
        }
        _ => {}
    }
}

/// Why nobody is asked; empty where that is written in a way that can't be read.
fn because(report: &mut Report, fields: &Fields<'_>, impact: Option<Impact>) -> Option<String> {
    let node = fields.get("irreversible")?;
    if impact.is_some_and(|impact| impact != Impact::Destroy) {
        fields.refuse(report, &["irreversible"], "on a step that does not destroy", "remove it");
    }
    let Some(inner) = Fields::open(report, &node, &keys::IRREVERSIBLE) else { return Some(String::new()) };
    let because = inner.require(report, "because").and_then(|node| node.text(report).map(str::trim));
    if because == Some("") {
        report
            .rule(&inner.at("because"), codes::DESTROY_UNGUARDED, "the reason is empty")
            .hint("say why nobody needs to be asked");
    }
    Some(because.unwrap_or_default().to_owned())
}
