//! Containment that comes later than it could, or is cut off: what people count on to happen at once, or to happen at all.
//!
//! Steps of one parallel stage start together, and their stage waits for each of them, whatever becomes of the others. So only
//! two things stand in the way of a containing step: what its stage waits for, and the end of the run while it goes on in the
//! background. People who are asked first were meant to be waited for, so behind an approval nothing is warned of.

use crate::domain::Impact;
use crate::playbook::compile::outline::{Outline, StepOutline};
use crate::playbook::compile::report::Report;
use crate::playbook::{Body, OnFailure, Playbook, Step, codes};

/// The action that keeps what was known.
const CAPTURE: &str = "evidence.capture";

/// Looks at every step that contains.
pub(super) fn look(report: &mut Report, outline: &Outline, playbook: &Playbook) {
    let steps: Vec<(&StepOutline, &Step)> = outline.steps.iter().zip(playbook.steps()).collect();
    for (outlined, step) in steps.iter().filter(|(outlined, _)| is_strong(outlined)) {
        behind_evidence(report, outline, outlined, &steps);
        if step.background {
            cut_off(report, outline, outlined, &steps);
        }
    }
}

const fn is_strong(step: &StepOutline) -> bool {
    matches!(step.impact, Some(Impact::Contain | Impact::Destroy))
}

/// Nothing has been contained yet, and the step waits until evidence was kept.
fn behind_evidence(report: &mut Report, outline: &Outline, step: &StepOutline, steps: &[(&StepOutline, &Step)]) {
    let is_before = |earlier: &StepOutline| outline.is_before(earlier.place, step.place);
    let decided = step.asks() || steps.iter().any(|(other, _)| other.asks() && is_before(other));
    if decided || outline.is_released(step) {
        return;
    }
    let kept = steps.iter().filter(|(other, _)| is_before(other)).find_map(|(other, inner)| match &inner.body {
        Body::Action(action) if action.spec.name.as_str() == CAPTURE && !inner.background => Some((other, action)),
        _ => None,
    });
    let Some((evidence, action)) = kept else { return };
    // What began before the evidence was kept, or with it, contains already.
    if steps.iter().any(|(other, _)| is_strong(other) && !outline.is_before(evidence.place, other.place)) {
        return;
    }
    let (name, seconds) = (&step.name, action.timeout.as_secs());
    let message = format!("`{name}` waits for the evidence of `{}` (up to {seconds} s)", evidence.name);
    report
        .warn_at_key(&format!("{}/action", step.pointer), codes::CONTAINED_LATE, message)
        .hint("put both in one parallel stage: they start together, and nothing waits for the evidence");
}

/// The run may end while the step goes on beside it.
fn cut_off(report: &mut Report, outline: &Outline, step: &StepOutline, steps: &[(&StepOutline, &Step)]) {
    let ends = steps.iter().find(|(other, inner)| {
        let meanwhile = other.place != step.place && !outline.is_before(other.place, step.place);
        meanwhile && inner.on_failure != OnFailure::Continue
    });
    let Some((other, _)) = ends else { return };
    let message =
        format!("`{}` is in the background, and a failure of `{}` ends the run over it", step.name, other.name);
    report.warn_at(&format!("{}/background", step.pointer), codes::CUT_OFF, message).hint(format!(
        "leave `background` out: then its stage waits for it; or let `{}` go on at a failure",
        other.name
    ));
}
