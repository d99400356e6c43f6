//! Steps that start runs of other playbooks.

use super::simulator::{Sim, agent};
use crate::domain::{EventKind, Mode, Outcome, RunId, RunStatus, StepState, Verdict, Waiting};
use crate::machine::IllegalTransition;

const FAMILY: &str = r#"
playbook: family
title: Family
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps:
      - { step: other, action: run_playbook, with: { playbook: contain, agent: mail-bot } }
  - stage: inform
    steps:
      - { step: tell, action: notify, with: { to: owner, template: contained } }
"#;

fn child(sim: &Sim, name: &str) -> RunId {
    match sim.step(name).state {
        StepState::Waiting(Waiting::Run { run, .. }) => run,
        ref other => panic!("{name} waits for no run: {other:?}"),
    }
}

fn ended(sim: &Sim, outcome: Outcome, verdict: Option<Verdict>) -> EventKind {
    let path = "other".parse().unwrap();
    EventKind::ChildEnded {
        path,
        run: child(sim, "other"),
        outcome,
        verdict,
        contained_at: Some(sim.at),
        unanswered: None,
    }
}

#[test]
fn a_step_waits_for_the_run_that_it_starts_and_stands_as_that_run_does() {
    let cases = [
        (Outcome::Completed, Some(Verdict::Contained), "succeeded"),
        (Outcome::Completed, None, "succeeded"),
        (Outcome::Completed, Some(Verdict::Unproven), "unproven"),
        (Outcome::Completed, Some(Verdict::Failed), "failed"),
        (Outcome::Failed, Some(Verdict::Contained), "failed"),
        (Outcome::Cancelled, None, "failed"),
        (Outcome::Superseded, None, "failed"),
    ];
    for (outcome, verdict, state) in cases {
        let mut sim = Sim::start(FAMILY);
        assert_eq!(sim.children, ["contain for mail-bot"]);
        assert_eq!((sim.state("other"), sim.state("tell")), ("waiting", "pending"));
        let kind = ended(&sim, outcome, verdict);
        sim.submit(kind.clone()).unwrap();
        assert_eq!((sim.state("other"), sim.state("tell")), (state, "succeeded"), "{outcome:?} {verdict:?}");
        assert_eq!(sim.run.containment().map(|(verdict, _)| verdict), verdict, "what the child did is what was done");
        assert!(sim.submit(kind).is_err(), "it ends once");
    }
}

#[test]
fn a_run_that_can_not_begin_fails_its_step() {
    let text = FAMILY
        .replace("agent: mail-bot", "agent: \"{{agent.id}}\"")
        .replace("stages:", "stages:\n  - { stage: wait, steps: [{ step: rest, wait: 1m }] }");
    let mut sim = Sim::start(&text);
    sim.refuse_children = true;
    sim.wait(jiff::SignedDuration::from_mins(1));
    assert_eq!((sim.state("other"), sim.state("tell")), ("failed", "succeeded"));
    assert_eq!(sim.children, ["contain for billing-bot"]);
}

#[test]
fn the_end_of_another_run_is_nothing_that_a_step_waits_for() {
    let mut sim = Sim::start(FAMILY);
    let mut kind = ended(&sim, Outcome::Completed, None);
    if let EventKind::ChildEnded { run, .. } = &mut kind {
        *run = RunId::generate(sim.at);
    }
    assert!(matches!(sim.submit(kind), Err(IllegalTransition::WrongState { .. })));
}

#[test]
fn a_run_that_ends_stops_the_runs_that_it_waits_for() {
    let mut sim = Sim::start(FAMILY);
    let run = child(&sim, "other");
    sim.submit(EventKind::RunCancelled { reason: "wrong agent".into() }).unwrap();
    assert_eq!(sim.stopped, [run]);
    assert_eq!(sim.state("other"), "cancelled");
}

#[test]
fn an_observed_run_starts_no_other() {
    let sim = Sim::start_with(FAMILY, agent(), Mode::Observe, None);
    assert!(sim.children.is_empty());
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Completed));
}

#[test]
fn a_step_starts_a_run_for_each_of_its_items() {
    let text = FAMILY
        .replace("step: other,", "step: other, for_each: { in: \"['a-bot', 'b-bot']\", as: one },")
        .replace("agent: mail-bot", "agent: \"{{one}}\"");
    let mut sim = Sim::start(&text);
    assert_eq!(sim.children, ["contain for a-bot", "contain for b-bot"]);
    for name in ["other[0]", "other[1]"] {
        let (path, run) = (name.parse().unwrap(), child(&sim, name));
        let (outcome, verdict) = (Outcome::Completed, None);
        let kind = EventKind::ChildEnded { path, run, outcome, verdict, contained_at: None, unanswered: None };
        sim.submit(kind).unwrap();
    }
    assert_eq!(sim.state("other"), "succeeded");
}

#[test]
fn a_run_that_is_not_over_in_time_is_stopped_and_no_longer_waited_for() {
    use jiff::SignedDuration;
    let gives_up = |text: &str, after: SignedDuration| {
        let mut sim = Sim::start(text);
        let run = child(&sim, "other");
        assert_eq!(sim.run.wake_at(), Some(sim.at + after), "it has a deadline");
        let late = ended(&sim, Outcome::Completed, None);
        sim.wait(after - SignedDuration::from_secs(1));
        assert_eq!(sim.state("other"), "waiting");
        sim.wait(SignedDuration::from_secs(1));
        assert_eq!((sim.state("other"), sim.state("tell")), ("failed", "succeeded"), "the owner is told");
        assert_eq!((sim.stopped.as_slice(), sim.step("other").verdict), ([run].as_slice(), Some(Verdict::Unproven)));
        assert!(sim.submit(late).is_err(), "what it comes to later changes nothing");
    };
    gives_up(FAMILY, SignedDuration::from_hours(7 * 24));
    let stated = FAMILY.replace("agent: mail-bot }", "agent: mail-bot }, timeout: 20m");
    gives_up(&stated, SignedDuration::from_mins(20));
    let of_stage = FAMILY.replace("- stage: contain", "- stage: contain\n    timeout: 2m");
    gives_up(&of_stage, SignedDuration::from_mins(2));
}
