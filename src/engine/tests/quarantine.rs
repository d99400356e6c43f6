//! Runs that kill whoever has them, or that nobody understands: set apart, shown, and left alone until a person says so.

use super::flow::CONTAIN;
use super::frozen::frozen_before_its_call;
use super::harness::{Life, World, ana, path};
use crate::clock::Clock;
use crate::domain::approval::Choice;
use crate::domain::{Attempt, Event, EventKind, Outcome, RunId, RunStatus, StepPath, StepState};
use crate::engine::{ReleaseError, SubmitError, TAKEOVERS_MAX};
use crate::store::{Claims, Commit, Guard, Outbox, ReadModel, Row, RunLog, Writer};

const DEADLY: &str = r#"
playbook: deadly
title: Deadly
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: only
    steps:
      - { step: act, action: try.idempotent }
"#;

const HARMLESS: &str = r#"
playbook: harmless
title: Harmless
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: only
    steps:
      - { step: act, action: try.keyed }
"#;

fn takeovers(life: &Life, run: RunId) -> u32 {
    life.on(life.engine.store().claim(run)).unwrap().unwrap().takeovers
}

/// A run that was taken over so often that one more time is too much; its call hangs.
fn nearly_dead(world: &World) -> (Life, RunId) {
    world.outside.hang("try.idempotent", "send");
    let mut life = world.start();
    let run = life.launch("deadly", "billing-bot");
    for deaths in 1..=TAKEOVERS_MAX {
        life.until("the call is under way", async || {
            world.outside.count("try.idempotent", "send") == usize::try_from(deaths).unwrap()
        });
        life.crash();
        life = world.start();
        life.until("it was taken over", async || {
            life.engine.store().claim(run).await.unwrap().unwrap().takeovers == deaths
        });
    }
    life.until("the call is under way again", async || world.outside.count("try.idempotent", "send") == 6);
    (life, run)
}

#[test]
fn a_run_that_kills_whoever_has_it_is_set_apart_and_the_others_go_on() {
    let world = World::new(&[DEADLY, HARMLESS]);
    let (life, run) = nearly_dead(&world);
    life.crash();
    let life = world.start();
    let reason = life.until_quarantined(run);
    assert!(reason.contains("died 6 times"), "{reason}");
    let listed = life.on(life.engine.store().runs(None, 10)).unwrap();
    assert_eq!(listed.iter().find(|listed| listed.id == run).unwrap().quarantined, Some(reason.clone()));
    assert_eq!(life.on(life.engine.history(run)).unwrap().claim.quarantined, Some(reason));
    let told = life.on(life.engine.store().messages_due(world.clock_now(), 100)).unwrap();
    assert!(told.iter().any(|queued| format!("{:?}", queued.message.kind).contains("Quarantined: run_")));

    let other = life.launch("harmless", "mail-bot");
    life.until_finished(other);
    let stuck = life.run(run);
    life.on(life.engine.reconcile());
    let cancel = EventKind::RunCancelled { reason: "enough".into() };
    assert!(matches!(life.submit(run, cancel.clone()), Err(SubmitError::Quarantined { .. })));
    assert_eq!(life.run(run), stuck, "nobody touches it");
    assert_eq!(world.outside.count("try.idempotent", "send"), 6);

    life.on(life.engine.release(run, ana(), "the target was mended")).unwrap();
    assert_eq!(life.on(life.engine.release(run, ana(), "twice")), Err(ReleaseError::NotQuarantined(run)));
    life.until("it is called again", async || world.outside.count("try.idempotent", "send") == 7);
    world.outside.release();
    assert_eq!(life.until_finished(run).status, RunStatus::Finished(Outcome::Completed));
    assert_eq!(takeovers(&life, run), 0);
    life.checked_history(run);
}

#[test]
fn takeovers_are_forgotten_as_soon_as_a_run_gets_somewhere() {
    let world = World::new(&[DEADLY]);
    let (life, run) = nearly_dead(&world);
    assert_eq!(takeovers(&life, run), TAKEOVERS_MAX);
    world.outside.release();
    life.until_finished(run);
    assert_eq!(takeovers(&life, run), 0);
}

#[test]
fn restarts_never_count_against_a_run_that_only_waits() {
    let world = World::new(&[CONTAIN]);
    let mut life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    for restart in 0..8 {
        if restart % 2 == 0 {
            life.crash();
        } else {
            life.stop();
        }
        life = world.start();
        life.on(life.engine.reconcile());
        assert_eq!(takeovers(&life, run), 0);
    }
    life.vote(run, "ana", Choice::Approve).unwrap();
    assert_eq!(life.until_finished(run).status, RunStatus::Finished(Outcome::Completed));
}

#[test]
fn a_graceful_stop_gives_runs_up_and_taking_them_over_does_not_count() {
    let world = World::new(&[DEADLY]);
    world.outside.hang("try.idempotent", "send");
    let mut life = world.start();
    let run = life.launch("deadly", "billing-bot");
    for sends in 1..=8 {
        life.until("the call is under way", async || world.outside.count("try.idempotent", "send") == sends);
        assert_eq!(takeovers(&life, run), 0);
        life.on(life.engine.leave());
        assert_eq!(life.on(life.engine.store().claim(run)).unwrap().unwrap().owner, None);
        assert!(!life.engine.is_acting());
        life.crash();
        life = world.start();
    }
}

#[test]
fn a_run_whose_stored_state_is_illegal_is_set_apart_and_the_others_go_on() {
    let world = World::new(&[CONTAIN, HARMLESS]);
    let life = world.start();
    let broken = life.launch("contain", "billing-bot");
    life.pending(broken);
    let mut run = life.run(broken);
    run.version += 1;
    let ghost: StepPath = path("ghost");
    let mut record = run.steps.values().next().unwrap().clone();
    record.state = StepState::Doing(Attempt::Running { number: 1, since: world.clock.now() });
    run.steps.insert(ghost, record);
    let guards = vec![Guard::RunVersion { run: broken, expected: run.version - 1 }];
    life.on(life.engine.store().commit(Commit { guards, rows: vec![Row::Run(Box::new(run))] })).unwrap();
    life.on(life.engine.reconcile());
    let reason = life.until_quarantined(broken);
    assert!(reason.contains("illegal") && reason.contains("ghost"), "{reason}");
    let other = life.launch("harmless", "mail-bot");
    life.until_finished(other);
    assert!(!life.on(life.engine.tick_due()), "it is not tried again every second");
    let event = Event::by_system(world.clock.now(), EventKind::Ticked);
    assert!(matches!(life.on(life.engine.submit(broken, event)), Err(SubmitError::Quarantined { .. })));
    assert!(life.on(life.engine.store().run(broken)).unwrap().is_some());
}

#[test]
fn a_run_that_is_not_quarantined_can_not_be_released() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    assert_eq!(life.on(life.engine.release(run, ana(), "no")), Err(ReleaseError::NotQuarantined(run)));
    let nobody = RunId::generate(world.clock.now());
    assert_eq!(life.on(life.engine.release(nobody, ana(), "no")), Err(ReleaseError::NoSuchRun(nobody)));
}

#[test]
fn a_call_that_waited_while_its_run_was_set_apart_and_released_is_not_made_under_the_old_claim() {
    let world = World::new(&[CONTAIN]);
    let (life, run) = frozen_before_its_call(&world);
    life.on(life.engine.quarantine(run, "somebody must look".to_owned()));
    life.on(life.engine.release(run, ana(), "looked")).unwrap();
    life.on(life.engine.set_frozen(false, ana(), "go")).unwrap();
    life.on(life.engine.reconcile());
    life.pending(run);
    assert_eq!(
        world.outside.count("try.contain", "send"),
        1,
        "whoever has the run now makes the call, and nobody else"
    );
    life.checked_history(run);
}
