//! Something is waited for longer than what is around it lasts: people would count on time that there is not.

use std::time::Duration;

use crate::playbook::compile::outline::Outline;
use crate::playbook::compile::report::Report;
use crate::playbook::{ActionKind, Body, Playbook, Step, codes};

/// Looks at what each step waits for: a time, people, or another run.
pub(super) fn look(report: &mut Report, outline: &Outline, playbook: &Playbook) {
    for (outlined, step) in outline.steps.iter().zip(playbook.steps()) {
        let stage = playbook.stages.get(outlined.place.stage).and_then(|stage| stage.timeout);
        let bounds = [("playbook", playbook.timeout), ("stage", stage)];
        let shortest = bounds.into_iter().filter_map(|(what, limit)| Some((limit?, what))).min();
        let Some((limit, what)) = shortest else { continue };
        let Some((key, span)) = waits(step).filter(|(_, span)| *span > limit) else { continue };
        let message = format!("this has {} s, and its {what} is over after {} s", span.as_secs(), limit.as_secs());
        report
            .warn_at(&format!("{}/{key}", outlined.pointer), codes::CUT_SHORT, message)
            .hint(format!("give the {what} a longer `timeout`, or less time here"));
    }
}

fn waits(step: &Step) -> Option<(&'static str, Duration)> {
    match &step.body {
        Body::Wait(wait) => Some(("wait", wait.span)),
        Body::Approval(asks) => Some(("approval/timeout", asks.timeout)),
        Body::Action(action) => match (&action.guard, &action.spec.kind) {
            (Some(asks), _) => Some(("approval/timeout", asks.timeout)),
            // Its default is longer than most: only what the playbook writes was meant.
            (None, ActionKind::RunPlaybook) if action.timeout != action.spec.timeout => {
                Some(("timeout", action.timeout))
            }
            (None, _) => None,
        },
    }
}
