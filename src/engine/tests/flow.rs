//! The way of a run through the engine: calls, votes, holds, the gate, the limits on workers.

use std::time::Duration;

use super::harness::{World, agent_id, ana, path};
use super::outside::{applied, not_sent};
use crate::domain::approval::Choice;
use crate::domain::{Attempt, EventKind, HoldLevel, Outcome, RunStatus, Standing, StepState, Verdict};
use crate::engine::{HoldError, HoldRequest, SubmitError};
use crate::store::{Outbox, RunLog, Subject};

pub const CONTAIN: &str = r#"
playbook: contain
title: Contain
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'token_anomalous_use'" }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, hold: 8h }
      - { step: revoke, action: try.contain, verify: { within: 30s, recheck: [10m] } }
  - stage: inform
    steps:
      - { step: tell_owner, action: notify, with: { to: owner, template: contained } }
  - stage: decide
    steps:
      - step: override
        approval: { ask: "Let {{agent.name}} resume?", releases: [resume], approvers: [owner], timeout: 4h, identity: link }
  - stage: restore
    when: steps.override.decision == 'approved'
    steps:
      - { step: resume, action: undo, with: { steps: [pause] } }
"#;

#[test]
fn an_agent_is_contained_and_resumed_and_the_gate_follows_every_commit() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    assert!(life.gate_allows("billing-bot"));
    let run = life.launch("contain", "billing-bot");
    assert!(!life.gate_allows("billing-bot"), "the gate refuses as soon as the commit is acknowledged");
    assert!(life.gate_allows("mail-bot"), "nobody else is refused");
    let asked = life.pending(run);
    assert_eq!(asked.people.len(), 1);
    let told = life.on(life.engine.store().messages_of(run)).unwrap();
    let kinds: std::collections::BTreeSet<&str> = told.iter().map(|message| message.kind.as_str()).collect();
    assert_eq!((told.len(), kinds), (2, ["approval_request", "notice"].into()));
    life.vote(run, "ana", Choice::Approve).unwrap();
    assert!(life.gate_allows("billing-bot"), "the gate allows as soon as the vote is acknowledged");
    let run = life.until_finished(run);
    assert_eq!(run.status, RunStatus::Finished(Outcome::Completed));
    assert_eq!(run.containment().map(|(verdict, _)| verdict), Some(Verdict::Contained));
    let phases: Vec<_> = world.outside.calls().iter().map(|call| super::outside::word(call.phase)).collect();
    assert_eq!(phases, ["prepare", "send", "prove"]);
    let history = life.checked_history(run.id);
    let lines: Vec<&str> = history.entries.iter().map(|entry| entry.text.as_str()).collect();
    assert!(lines[0].starts_with("run started: contain (enforce) for billing-bot"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("ana approved: \"looked at the logs\"")), "{lines:#?}");
    assert_eq!(lines.last(), Some(&"run completed, containment: contained"));
    life.stop();
}

#[test]
fn a_rejection_keeps_the_agent_refused() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.vote(run, "ana", Choice::Reject).unwrap();
    life.until_finished(run);
    assert!(!life.gate_allows("billing-bot"));
    assert_eq!(life.engine.standing(&agent_id("billing-bot")), Standing::Paused);
}

#[test]
fn a_vote_of_somebody_who_was_not_asked_changes_nothing() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    let before = life.run(run);
    assert!(matches!(life.vote(run, "sam", Choice::Approve), Err(SubmitError::Illegal(_))));
    assert_eq!(life.run(run), before);
    assert!(!life.gate_allows("billing-bot"));
}

#[test]
fn a_run_lifts_only_its_own_hold_and_a_person_lifts_all_with_a_reason() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let agent = agent_id("billing-bot");
    let run = life.launch("contain", "billing-bot");
    let request = HoldRequest {
        agent: agent.clone(),
        level: HoldLevel::Retired,
        reason: "I do not trust it".into(),
        until: None,
        by: ana(),
    };
    life.on(life.engine.place_hold(request)).unwrap();
    assert_eq!(life.engine.standing(&agent), Standing::Retired);
    life.vote(run, "ana", Choice::Approve).unwrap();
    life.until_finished(run);
    assert!(!life.gate_allows("billing-bot"), "the person's hold still stands");
    assert_eq!(life.engine.holds_on(&agent).len(), 1);
    assert!(matches!(life.on(life.engine.lift_holds(&agent, &ana(), "  ")), Err(HoldError::ReasonMissing)));
    let second = life.launch("contain", "billing-bot");
    life.pending(second);
    assert_eq!(life.engine.holds_on(&agent).len(), 2);
    let lifted = life.on(life.engine.lift_holds(&agent, &ana(), "it was us")).unwrap();
    assert_eq!(lifted.len(), 2);
    assert!(life.gate_allows("billing-bot"));
    assert!(matches!(life.on(life.engine.lift_holds(&agent, &ana(), "again")), Err(HoldError::NotHeld(_))));
    assert_eq!(life.until_finished(second).status, RunStatus::Finished(Outcome::Completed));
    let facts = life.on(life.engine.store().events(&Subject::Agent(agent))).unwrap();
    let kinds: Vec<&str> = facts.iter().map(|fact| fact.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["hold_placed", "hold_placed", "hold_lifted", "hold_placed", "hold_lifted", "hold_lifted"],
        "a hold that a person lifted is not lifted a second time by its run"
    );
}

#[test]
fn an_agent_that_the_inventory_does_not_have_is_refused_and_can_not_be_held() {
    let world = World::new(&[]);
    let life = world.start();
    assert!(!life.gate_allows("stranger"));
    let request = HoldRequest {
        agent: agent_id("stranger"),
        level: HoldLevel::Paused,
        reason: "who is this".into(),
        until: None,
        by: ana(),
    };
    assert!(matches!(life.on(life.engine.place_hold(request)), Err(HoldError::NoSuchAgent(_))));
    assert_eq!(life.engine.gate().seen_at(&agent_id("stranger")), None, "nobody can fill memory with made-up names");
}

pub const MANY: &str = r#"
playbook: many
title: Many
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: all
    steps:
      - { step: one, action: try.idempotent }
      - { step: two, action: try.idempotent }
      - { step: three, action: try.idempotent }
      - { step: four, action: try.idempotent }
      - { step: five, action: try.idempotent }
"#;

#[test]
fn a_run_that_began_is_finished_before_the_next_one_gets_its_worker() {
    let text = "playbook: two\ntitle: Two\nowner: user:ana\nmode: enforce\nmatch: { when: \"true\" }\nstages:\n  \
                - { stage: one, steps: [{ step: first, action: try.idempotent }] }\n  \
                - { stage: two, steps: [{ step: second, action: try.idempotent }] }\n";
    let mut world = World::new(&[text]);
    world.options.workers = 1;
    let life = world.start();
    world.outside.hang("try.idempotent", "send");
    let runs: Vec<_> = ["billing-bot", "mail-bot", "billing-bot"].map(|agent| life.launch("two", agent)).into();
    life.until("the first call is under way", async || world.outside.count("try.idempotent", "send") == 1);
    world.outside.release();
    for run in &runs {
        life.until_finished(*run);
    }
    let made =
        world.outside.calls_of("try.idempotent", "send").into_iter().map(|call| (call.run, call.path.to_string()));
    let ordered: Vec<_> = runs.iter().flat_map(|run| ["first", "second"].map(|step| (*run, step.to_owned()))).collect();
    assert_eq!(made.collect::<Vec<_>>(), ordered);
    assert_eq!(world.outside.most_under_way(), 1);
}

#[test]
fn more_steps_than_workers_wait_as_ready_and_all_of_them_finish() {
    let mut world = World::new(&[MANY]);
    world.options.workers = 2;
    world.outside.hang("try.idempotent", "send");
    let life = world.start();
    let runs = [life.launch("many", "billing-bot"), life.launch("many", "mail-bot")];
    life.until("two calls are under way", async || world.outside.count("try.idempotent", "send") == 2);
    let states: Vec<StepState> =
        runs.iter().flat_map(|run| life.run(*run).steps.into_values()).map(|record| record.state).collect();
    let ready = states.iter().filter(|state| matches!(state, StepState::Doing(Attempt::Ready { .. }))).count();
    assert_eq!(ready, 8, "a crash now would leave only two calls in doubt");
    world.outside.release();
    for run in runs {
        assert_eq!(life.until_finished(run).status, RunStatus::Finished(Outcome::Completed));
        life.checked_history(run);
    }
    assert_eq!(world.outside.count("try.idempotent", "send"), 10);
    assert_eq!(world.outside.most_under_way(), 2);
    life.stop();
}

#[test]
fn a_call_that_was_not_sent_is_made_again_with_the_same_key_when_its_time_has_come() {
    let world = World::new(&[MANY]);
    world.outside.answer("try.idempotent", "send", not_sent());
    world.outside.answer("try.idempotent", "send", applied());
    let life = world.start();
    let run = life.launch("many", "billing-bot");
    life.until_run(run, "one step waits", |run| {
        run.wake_at().is_some() && run.steps.values().filter(|record| record.state == StepState::Succeeded).count() == 4
    });
    life.wait(Duration::from_secs(1));
    life.until_finished(run);
    let calls = world.outside.calls_of("try.idempotent", "send");
    assert_eq!(calls.len(), 6);
    let again = calls.last().unwrap();
    let first = calls.iter().find(|call| call.path == again.path).unwrap();
    assert_eq!((first.attempt, again.attempt), (1, 2));
    assert_eq!(first.key, again.key);
}

#[test]
fn an_undo_begins_even_while_the_same_step_is_being_looked_at_again() {
    let text =
        CONTAIN.replace("steps: [pause]", "steps: [pause, revoke]").replace("playbook: contain", "playbook: both");
    let world = World::new(&[&text]);
    world.outside.hang("try.contain", "recheck");
    let life = world.start();
    let run = life.launch("both", "billing-bot");
    life.pending(run);
    life.wait(Duration::from_mins(10));
    life.until("the later look hangs", async || world.outside.count("try.contain", "recheck") == 1);
    life.vote(run, "ana", Choice::Approve).unwrap();
    let run = life.until_finished(run);
    assert_eq!(run.steps[&path("revoke")].state, StepState::Undone);
    assert_eq!(world.outside.count("try.contain", "send"), 2, "done once and undone once");
    world.outside.release();
}

#[test]
fn an_event_for_a_run_that_is_not_there_is_refused() {
    let world = World::new(&[]);
    let life = world.start();
    let nobody = crate::domain::RunId::generate("2026-11-23T03:00:00Z".parse().unwrap());
    assert_eq!(life.submit(nobody, EventKind::Ticked), Err(SubmitError::NoSuchRun(nobody)));
    assert!(!SubmitError::NoSuchRun(nobody).is_transient());
}
