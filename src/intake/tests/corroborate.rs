//! A second source, by the door of all alerts, and through a crash.

use serde_json::json;

use super::desk::{ASK, Desk, alert, alert_with, run_of, step};
use crate::clock::Clock as _;
use crate::domain::{StepState, Waiting};
use crate::engine::tests::harness::World;

fn two() -> String {
    ASK.replace("match: { when:", "match: { corroborate: { sources: 2, within: 10m }, when:")
}

#[test]
fn an_agent_is_paused_when_a_second_source_says_the_same_even_after_a_crash() {
    let world = World::new(&[&two()]);
    let desk = Desk::open(&world);
    let run = run_of(&desk.taken(&alert("a", "billing-bot")));
    assert!(matches!(
        desk.life.run(run).steps[&step("pause")].state,
        StepState::Waiting(Waiting::Corroboration { .. })
    ));
    desk.taken(&alert("b", "billing-bot"));
    assert!(desk.life.gate_allows("billing-bot"), "one source is one source, however often it speaks");
    desk.crash();
    let desk = Desk::open(&world);
    assert!(desk.life.gate_allows("billing-bot"));
    let unlike = alert_with("c", "billing-bot", &json!({ "rule": "something_else" }));
    desk.send_signed("one", &unlike).unwrap();
    assert!(desk.life.gate_allows("billing-bot"), "an alert that the playbook does not match corroborates nothing");
    desk.send_signed("two", &alert("d", "billing-bot")).unwrap();
    assert!(!desk.life.gate_allows("billing-bot"));
    desk.life.checked_history(run);
}

#[test]
fn an_agent_of_whom_nobody_else_speaks_is_left_alone() {
    let world = World::new(&[&two()]);
    let desk = Desk::open(&world);
    let run = run_of(&desk.taken(&alert("a", "billing-bot")));
    desk.life.wait(std::time::Duration::from_mins(10));
    assert_eq!(desk.life.run(run).steps[&step("pause")].state.as_str(), "skipped");
    assert!(desk.life.gate_allows("billing-bot"));
}

/// Starts the playbook that pauses.
const CALLS: &str = r#"
playbook: calls
title: Calls
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'misuse'" }
stages:
  - stage: contain
    steps:
      - { step: other, action: run_playbook, with: { playbook: ask } }
"#;

fn misuse(id: &str) -> serde_json::Value {
    alert_with(id, "billing-bot", &json!({ "rule": "misuse" }))
}

fn state(desk: &Desk, run: crate::domain::RunId, name: &str) -> String {
    desk.life.run(run).steps[&step(name)].state.as_str().to_owned()
}

#[test]
fn a_playbook_that_waits_for_a_second_source_starts_no_other_before() {
    let calls = CALLS.replace("match: { when:", "match: { corroborate: { sources: 2, within: 10m }, when:");
    let world = World::new(&[&calls, ASK]);
    let desk = Desk::open(&world);
    let run = run_of(&desk.taken(&misuse("a")));
    assert_eq!((desk.life.runs().len(), state(&desk, run, "other").as_str()), (1, "waiting"));
    assert!(desk.life.gate_allows("billing-bot"));
    desk.send_signed("one", &misuse("b")).unwrap();
    desk.life.until("the agent is paused", async || {
        !desk
            .life
            .engine
            .gate()
            .check(&crate::engine::tests::harness::agent_id("billing-bot"), desk.life.clock.now())
            .allowed
    });
}

#[test]
fn a_run_that_another_one_started_needs_as_many_sources_as_any_other() {
    for corroborated_before in [false, true] {
        let world = World::new(&[CALLS, &two()]);
        let desk = Desk::open(&world);
        let parent = run_of(&desk.taken(&misuse("a")));
        desk.life.until("the other run has begun", async || {
            crate::store::ReadModel::runs(desk.life.engine.store(), None, 10).await.unwrap().len() == 2
        });
        let child = *desk.life.runs().iter().find(|run| **run != parent).unwrap();
        assert_eq!(state(&desk, child, "pause"), "waiting", "one alert of one source paused the agent");
        if corroborated_before {
            // It matches the playbook of the parent alone; the run that it started hears of it all the same.
            desk.send_signed("one", &misuse("b")).unwrap();
            assert_ne!(state(&desk, child, "pause"), "waiting");
            assert!(!desk.life.gate_allows("billing-bot"));
            assert_eq!((desk.life.run(parent).joined, desk.life.run(child).joined), (1, 1));
        } else {
            desk.life.wait(std::time::Duration::from_mins(10));
            assert_eq!(state(&desk, child, "pause"), "skipped");
            assert!(desk.life.gate_allows("billing-bot"));
        }
        desk.life.checked_history(child);
    }
}

#[test]
fn a_run_starts_with_the_sources_that_its_parent_has_heard() {
    let calls = CALLS.replace("match: { when:", "match: { corroborate: { sources: 2, within: 10m }, when:");
    let world = World::new(&[&calls, &two()]);
    let desk = Desk::open(&world);
    desk.taken(&misuse("a"));
    desk.send_signed("one", &misuse("b")).unwrap();
    desk.life.until("the agent is paused", async || {
        !desk
            .life
            .engine
            .gate()
            .check(&crate::engine::tests::harness::agent_id("billing-bot"), desk.life.clock.now())
            .allowed
    });
}
