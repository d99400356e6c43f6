//! The shipped playbooks, run to each of their ends against a stand-in for the identity provider.

mod sensitive_action;
mod token_misuse;

use standdown::domain::{Outcome, Run, RunStatus, Verdict};

use crate::harness::lab::states;

/// How a run as a whole came out.
fn outcome(run: &Run) -> Outcome {
    match run.status {
        RunStatus::Finished(outcome) => outcome,
        RunStatus::Running { .. } | RunStatus::Undoing { .. } => panic!("the run is not over: {:#?}", states(run)),
    }
}

fn containment(run: &Run) -> Option<Verdict> {
    run.containment().map(|(verdict, _)| verdict)
}

/// A run's steps stand as expected; the others are not looked at.
fn assert_steps(run: &Run, expected: &[(&str, &str)]) {
    let found = states(run);
    for (step, state) in expected {
        assert_eq!(found[*step], *state, "step {step} of {found:#?}");
    }
}
