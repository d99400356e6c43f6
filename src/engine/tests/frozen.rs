//! The switch that stops calls to the outside, while deadlines and votes go on.

use std::time::Duration;

use super::flow::{CONTAIN, MANY};
use super::harness::{Life, World, ana, path};
use crate::domain::approval::Choice;
use crate::domain::{Attempt, Outcome, RunId, RunStatus, StepState};
use crate::store::{RunLog, Subject};

#[test]
fn nothing_is_called_while_frozen_and_everything_after_the_thaw() {
    let world = World::new(&[MANY]);
    let life = world.start();
    life.on(life.engine.set_frozen(true, ana(), "something is wrong with us")).unwrap();
    let run = life.launch("many", "billing-bot");
    life.on(life.engine.reconcile());
    life.on(tokio::task::yield_now());
    assert!(life.run(run).steps.values().all(|it| matches!(it.state, StepState::Doing(Attempt::Ready { .. }))));
    assert!(world.outside.calls().is_empty());
    life.on(life.engine.set_frozen(false, ana(), "mended")).unwrap();
    assert_eq!(life.until_finished(run).status, RunStatus::Finished(Outcome::Completed));
    assert_eq!(world.outside.count("try.idempotent", "send"), 5);
    let facts = life.on(life.engine.store().events(&Subject::Daemon)).unwrap();
    let switched = facts.iter().filter(|fact| !fact.kind.starts_with("playbooks_"));
    let facts: Vec<_> = switched.map(|fact| (fact.kind.as_str(), fact.actor.clone())).collect();
    assert_eq!(facts, [("frozen", ana()), ("thawed", ana())]);
}

/// A run whose call is ready to be made, while everything is frozen.
pub fn frozen_before_its_call(world: &World) -> (Life, RunId) {
    world.outside.hang("try.contain", "prepare");
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.until("the state before is being read", async || world.outside.count("try.contain", "prepare") == 1);
    life.on(life.engine.set_frozen(true, ana(), "stop")).unwrap();
    world.outside.release();
    life.until_run(run, "the read ended", |run| {
        matches!(run.steps[&path("revoke")].state, StepState::Doing(Attempt::Running { .. }))
    });
    (life, run)
}

#[test]
fn what_was_read_before_the_freeze_is_not_acted_on_until_the_thaw() {
    let world = World::new(&[CONTAIN]);
    let (life, run) = frozen_before_its_call(&world);
    for _ in 0..20 {
        life.on(tokio::task::yield_now());
    }
    assert_eq!(world.outside.count("try.contain", "send"), 0);
    life.on(life.engine.set_frozen(false, ana(), "go")).unwrap();
    life.pending(run);
    assert_eq!(world.outside.count("try.contain", "send"), 1);
}

#[test]
fn votes_and_deadlines_go_on_while_frozen() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let (voted, silent) = (life.launch("contain", "billing-bot"), life.launch("contain", "mail-bot"));
    life.pending(voted);
    life.pending(silent);
    life.on(life.engine.set_frozen(true, ana(), "stop")).unwrap();
    life.vote(voted, "ana", Choice::Approve).unwrap();
    assert!(life.gate_allows("billing-bot"), "a hold is ours to lift: nothing outside is called for it");
    life.wait(Duration::from_hours(4));
    assert!(life.run(silent).status.is_finished());
    assert!(!life.gate_allows("mail-bot"));
}

#[test]
fn a_freeze_survives_a_crash() {
    let world = World::new(&[MANY]);
    let life = world.start();
    life.on(life.engine.set_frozen(true, ana(), "stop")).unwrap();
    let run = life.launch("many", "billing-bot");
    life.crash();
    let life = world.start();
    assert!(life.engine.is_frozen());
    life.on(life.engine.reconcile());
    assert!(world.outside.calls().is_empty());
    life.on(life.engine.set_frozen(false, ana(), "go")).unwrap();
    life.on(life.engine.reconcile());
    life.until_finished(run);
    assert_eq!(world.outside.count("try.idempotent", "send"), 5);
}
