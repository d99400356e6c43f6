//! What a playbook does, or leaves undone: nobody is told, nobody asks again, nothing is looked for, no bound is set.

use crate::domain::{HoldLevel, Impact, Protection};
use crate::playbook::compile::outline::{Outline, StepOutline};
use crate::playbook::compile::report::Report;
use crate::playbook::{ActionKind, ActionStep, Body, Playbook, Step, codes};

/// Looks at the whole, and then at each step.
pub(super) fn look(report: &mut Report, outline: &Outline, playbook: &Playbook) {
    let steps: Vec<(&StepOutline, &Step)> = outline.steps.iter().zip(playbook.steps()).collect();
    let first = steps.iter().find(|(outlined, _)| is_strong(outlined.impact));
    if let Some((outlined, _)) = first {
        untold(report, outlined, &steps);
        boundless(report, playbook, outlined);
    }
    for (outlined, step) in &steps {
        let Body::Action(action) = &step.body else { continue };
        open_ended(report, outline, outlined, action, &steps);
        unseen(report, outline, outlined, action, &steps);
        irreversible(report, outline, outlined, action);
    }
}

const fn is_strong(impact: Option<Impact>) -> bool {
    matches!(impact, Some(Impact::Contain | Impact::Destroy))
}

fn at(step: &StepOutline) -> String {
    format!("{}/action", step.pointer)
}

/// Somebody's agent is stopped, and nobody hears of it.
fn untold(report: &mut Report, first: &StepOutline, steps: &[(&StepOutline, &Step)]) {
    let tells = |step: &Step| match &step.body {
        // The playbook that a step runs may tell people; that is said of it where it stands.
        Body::Action(action) => {
            matches!(action.spec.kind, ActionKind::Notify | ActionKind::RunPlaybook) || action.guard.is_some()
        }
        Body::Approval(_) => true,
        Body::Wait(_) => false,
    };
    if !steps.iter().any(|(_, step)| tells(step)) {
        report
            .warn_at_key(&at(first), codes::UNTOLD, "this stops an agent, and the playbook tells nobody")
            .hint("add a step with `action: notify`, such as with: { to: owner, template: contained }");
    }
}

/// A wild detector would stop a whole fleet.
fn boundless(report: &mut Report, playbook: &Playbook, first: &StepOutline) {
    if playbook.budget.is_none() {
        report
            .warn_at_key(&at(first), codes::NO_BUDGET, "this stops agents, and the playbook has no budget")
            .hint("add `budget: { contain: 5, per: 1h }` to its head: over it, people decide");
    }
}

/// A pause without an end, which nobody asked for and nobody will ask about.
fn open_ended(
    report: &mut Report,
    outline: &Outline,
    step: &StepOutline,
    action: &ActionStep,
    steps: &[(&StepOutline, &Step)],
) {
    let endless = action.hold.is_some_and(|hold| hold.level != HoldLevel::Retired && hold.after.is_none());
    let decided = action.guard.is_some()
        || steps.iter().any(|(other, inner)| {
            matches!(inner.body, Body::Approval(_)) && outline.is_before(other.place, step.place)
        });
    let undone = steps.iter().any(|(_, other)| {
        matches!(&other.body, Body::Action(other) if other.undoes.iter().any(|name| name.as_str() == step.name))
    });
    if endless && !decided && !undone {
        report
            .warn_at_key(&at(step), codes::OPEN_END, "this hold has no end, and nobody is ever asked about it")
            .hint("add `hold: 8h`: then a person is asked; or an approval that releases an `undo` of this step");
    }
}

/// A call that is to stop an agent, whose effect nobody looks for.
fn unseen(
    report: &mut Report,
    outline: &Outline,
    step: &StepOutline,
    action: &ActionStep,
    steps: &[(&StepOutline, &Step)],
) {
    let blind = action.spec.kind == ActionKind::External && is_strong(Some(action.impact)) && action.verify.is_none();
    let looked_at = steps.iter().any(|(other, inner)| {
        let reads = matches!(&inner.body, Body::Action(inner) if inner.protection == Protection::Read);
        reads && outline.is_before(step.place, other.place)
    });
    if blind && !looked_at {
        report
            .warn_at_key(
                &at(step),
                codes::UNSEEN,
                format!("`{}` brings no probe, so it can only end as unproven", action.spec.name),
            )
            .hint("look for the effect in a later step that reads, such as `http.call` with GET and `success`");
    }
}

/// Legal with a reason; people who review the playbook must still see it.
fn irreversible(report: &mut Report, outline: &Outline, step: &StepOutline, action: &ActionStep) {
    if action.impact == Impact::Destroy && action.guard.is_none() && !outline.is_released(step) {
        report
            .warn_at_key(&at(step), codes::IRREVERSIBLE, "this destroys what can't be restored, and nobody is asked")
            .hint("the reason stands in `irreversible`; put an `approval` before the step if it does not convince");
    }
}
