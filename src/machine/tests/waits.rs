//! Waits: for a time, and for a condition.

use jiff::SignedDuration;

use super::simulator::Sim;
use crate::domain::event::CallOutcome;
use crate::domain::{Outcome, RunStatus};

const UNTIL: &str = r#"
playbook: until
title: Until
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: first
    mode: sequential
    steps:
      - { step: evidence, action: try.idempotent, background: true, retry: { max_attempts: 1 } }
      - { step: rest, wait: 10m, until: steps.evidence.state == 'succeeded' }
      - { step: pause, action: agent.pause }
"#;

#[test]
fn a_wait_ends_as_soon_as_its_condition_holds() {
    let mut sim = Sim::start(UNTIL);
    assert_eq!((sim.state("rest"), sim.state("pause")), ("waiting", "pending"));
    assert_eq!(sim.run.wake_at(), Some(sim.at + SignedDuration::from_mins(10)), "it has a deadline");
    sim.applied();
    assert_eq!((sim.state("rest"), sim.state("pause")), ("succeeded", "succeeded"));
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Completed));
}

#[test]
fn a_wait_whose_condition_does_not_hold_in_time_fails_and_says_so() {
    let mut sim = Sim::start(UNTIL);
    sim.ended(CallOutcome::Refused { reason: "403".into(), retry: false });
    assert_eq!(sim.state("rest"), "waiting");
    sim.wait(SignedDuration::from_mins(10));
    let failed = format!("{:?}", sim.step("rest").state);
    assert!(failed.contains("the time was over") && failed.contains("did not hold"), "{failed}");
    assert_eq!(sim.state("pause"), "succeeded", "what comes after it is done all the same");
}

#[test]
fn a_wait_for_a_time_ends_with_it() {
    let mut sim = Sim::start(&UNTIL.replace(", until: steps.evidence.state == 'succeeded'", ""));
    sim.applied();
    sim.wait(SignedDuration::from_mins(9));
    assert_eq!(sim.state("rest"), "waiting");
    sim.wait(SignedDuration::from_mins(1));
    assert_eq!(sim.state("rest"), "succeeded");
}
