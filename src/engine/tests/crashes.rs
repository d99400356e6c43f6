//! A process that dies at any moment of an attempt, and what the next life does about it.

use std::time::Duration;

use super::flow::CONTAIN;
use super::harness::{Life, World, path};
use super::outside::not_sent;
use crate::domain::approval::Choice;
use crate::domain::event::Resolution;
use crate::domain::{Attempt, EventKind, Outcome, Run, RunId, RunStatus, StepState, Verdict};
use crate::store::Outbox;

fn single(action: &str) -> String {
    format!(
        r#"
playbook: single
title: Single
owner: user:ana
mode: enforce
match: {{ when: "true" }}
stages:
  - stage: only
    steps:
      - {{ step: act, action: {action} }}
"#
    )
}

fn attempt(run: &Run) -> Option<&Attempt> {
    match &run.steps[&path("act")].state {
        StepState::Doing(attempt) => Some(attempt),
        _ => None,
    }
}

/// A run whose only step hangs in a phase when the process dies; then the next life.
fn crashed_in(world: &World, action: &str, phase: &'static str) -> (Life, RunId) {
    world.outside.hang(action, phase);
    let life = world.start();
    let run = life.launch("single", "billing-bot");
    life.until("the call is under way", async || world.outside.count(action, phase) == 1);
    life.crash();
    world.outside.release();
    (world.start(), run)
}

fn ends_well(world: &World, life: &Life, run: RunId, sends: usize, action: &str) -> Run {
    let run = life.until_finished(run);
    assert_eq!(run.status, RunStatus::Finished(Outcome::Completed));
    let sent = world.outside.calls_of(action, "send");
    assert_eq!(sent.len(), sends);
    assert!(sent.iter().all(|call| call.key == sent[0].key), "every try has the same key");
    life.checked_history(run.id);
    run
}

#[test]
fn a_crash_while_the_state_before_is_read_leaves_no_doubt() {
    for action in ["try.contain", "try.verifiable", "try.contain_once"] {
        let world = World::new(&[&single(action)]);
        let (life, run) = crashed_in(&world, action, "prepare");
        let run = ends_well(&world, &life, run, 1, action);
        assert_eq!(run.containment().map(|(verdict, _)| verdict), Some(Verdict::Contained), "{action}");
        assert_eq!(world.outside.count(action, "prepare"), 2);
    }
}

#[test]
fn a_call_under_way_at_a_crash_is_sent_again_where_that_is_safe_and_the_history_says_so() {
    for action in ["try.read", "try.idempotent", "try.keyed", "try.contain"] {
        let world = World::new(&[&single(action)]);
        let (life, run) = crashed_in(&world, action, "send");
        ends_well(&world, &life, run, 2, action);
        let history = life.checked_history(run);
        assert!(history.entries.iter().any(|entry| entry.text.contains("the process died")), "{action}");
    }
}

#[test]
fn a_call_under_way_at_a_crash_is_checked_where_the_target_can_say() {
    let world = World::new(&[&single("try.verifiable")]);
    let (life, run) = crashed_in(&world, "try.verifiable", "send");
    let run = ends_well(&world, &life, run, 1, "try.verifiable");
    assert_eq!(world.outside.count("try.verifiable", "check"), 1);
    assert_eq!(run.containment().map(|(verdict, _)| verdict), Some(Verdict::Contained));
}

#[test]
fn a_call_under_way_at_a_crash_is_never_sent_again_without_a_person_where_nothing_protects_it() {
    for action in ["try.none", "try.contain_once"] {
        let world = World::new(&[&single(action)]);
        let (life, run) = crashed_in(&world, action, "send");
        life.until_run(run, "a person must look", |run| matches!(attempt(run), Some(Attempt::NeedsOperator { .. })));
        let alarms = life.on(life.engine.store().messages_of(run)).unwrap();
        assert_eq!(alarms.len(), 2, "the owner and the fallback owner are told");
        life.crash();
        let life = world.start();
        life.on(life.engine.reconcile());
        assert_eq!(world.outside.count(action, "send"), 1, "{action}");
        let (first, resolution) = (world.outside.calls_of(action, "send").remove(0), Resolution::Retry);
        let reason = "the target never saw it".to_owned();
        life.submit(run, EventKind::Resolved { path: path("act"), resolution, reason }).unwrap();
        life.until_finished(run);
        let second = world.outside.calls_of(action, "send").remove(1);
        assert_ne!(first.key, second.key, "a person's order is a new generation with a new key");
        life.checked_history(run);
    }
}

#[test]
fn looking_for_the_effect_goes_on_after_a_crash() {
    for action in ["try.contain", "try.verifiable", "try.contain_once"] {
        let world = World::new(&[&single(action)]);
        let (life, run) = crashed_in(&world, action, "prove");
        let run = ends_well(&world, &life, run, 1, action);
        assert_eq!(world.outside.count(action, "prove"), 2, "{action}");
        assert_eq!(run.containment().map(|(verdict, _)| verdict), Some(Verdict::Contained), "{action}");
    }
}

#[test]
fn a_check_goes_on_after_a_second_crash() {
    let world = World::new(&[&single("try.verifiable")]);
    let (life, run) = crashed_in(&world, "try.verifiable", "send");
    world.outside.hang("try.verifiable", "check");
    life.until("the target is asked", async || world.outside.count("try.verifiable", "check") == 1);
    life.crash();
    world.outside.release();
    let life = world.start();
    ends_well(&world, &life, run, 1, "try.verifiable");
    assert_eq!(world.outside.count("try.verifiable", "check"), 2);
}

#[test]
fn a_process_that_dies_again_and_again_does_not_send_for_ever() {
    let world = World::new(&[&single("try.idempotent")]);
    world.outside.hang("try.idempotent", "send");
    let mut life = world.start();
    let run = life.launch("single", "billing-bot");
    for sends in 1..=10 {
        life.until("the call is under way", async || world.outside.count("try.idempotent", "send") == sends);
        life.crash();
        life = world.start();
        if sends == 6 {
            life.until_quarantined(run);
            life.on(life.engine.release(run, super::harness::ana(), "the machine had no memory left")).unwrap();
        }
    }
    life.until_run(run, "a person must look", |run| matches!(attempt(run), Some(Attempt::NeedsOperator { .. })));
    assert_eq!(world.outside.count("try.idempotent", "send"), 10);
}

#[test]
fn a_request_to_people_survives_a_crash_and_nobody_is_asked_twice() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    let asked = life.pending(run);
    let messages = life.on(life.engine.store().messages_of(run)).unwrap().len();
    life.crash();
    let life = world.start();
    assert!(!life.gate_allows("billing-bot"), "the gate refuses from the first moment of the next life");
    life.on(life.engine.reconcile());
    assert_eq!(life.pending(run), asked);
    assert_eq!(life.on(life.engine.store().messages_of(run)).unwrap().len(), messages);
    life.vote(run, "ana", Choice::Approve).unwrap();
    assert_eq!(life.until_finished(run).status, RunStatus::Finished(Outcome::Completed));
    assert!(life.gate_allows("billing-bot"));
    assert_eq!(world.outside.count("try.contain", "send"), 1);
    life.checked_history(run);
}

#[test]
fn a_deadline_that_passed_while_nobody_was_there_counts_at_the_next_start() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    life.crash();
    world.clock.advance(Duration::from_hours(5));
    let life = world.start();
    let run = life.until_finished(run);
    assert_eq!(run.steps[&path("resume")].state.as_str(), "skipped", "silence never releases");
    assert!(!life.gate_allows("billing-bot"));
}

#[test]
fn a_step_that_waits_to_be_tried_again_is_tried_after_a_restart() {
    let world = World::new(&[&single("try.idempotent")]);
    world.outside.answer("try.idempotent", "send", not_sent());
    let life = world.start();
    let run = life.launch("single", "billing-bot");
    life.until_run(run, "it waits", |run| matches!(attempt(run), Some(Attempt::Backoff { .. })));
    life.crash();
    let life = world.start();
    life.on(life.engine.reconcile());
    assert_eq!(world.outside.count("try.idempotent", "send"), 1, "its time has not come");
    life.wait(Duration::from_secs(1));
    ends_well(&world, &life, run, 2, "try.idempotent");
}

#[test]
fn ready_steps_that_found_no_worker_begin_after_a_restart() {
    let mut world = World::new(&[super::flow::MANY]);
    world.options.workers = 1;
    world.outside.hang("try.idempotent", "send");
    let life = world.start();
    let run = life.launch("many", "billing-bot");
    life.until("one call is under way", async || world.outside.count("try.idempotent", "send") == 1);
    life.crash();
    world.outside.release();
    let life = world.start();
    life.until("the run is over", async || {
        life.engine.reconcile().await;
        crate::store::RunLog::run(life.engine.store(), run).await.unwrap().unwrap().status.is_finished()
    });
    assert_eq!(world.outside.count("try.idempotent", "send"), 6, "only the one that was under way is made again");
    life.checked_history(run);
}

#[test]
fn recovery_leaves_alone_what_is_under_way_here() {
    let world = World::new(&[&single("try.none")]);
    world.outside.hang("try.none", "send");
    let life = world.start();
    let run = life.launch("single", "billing-bot");
    for _ in 0..20 {
        assert_eq!(life.on(life.engine.reconcile()), 0);
    }
    world.outside.release();
    let run = ends_well(&world, &life, run, 1, "try.none");
    assert!(!life.checked_history(run.id).entries.iter().any(|entry| entry.text.contains("died")));
}
