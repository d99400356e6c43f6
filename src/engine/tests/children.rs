//! Runs that runs start, over a real store: born and ended with their parents, through crashes, under one budget.

use super::harness::{Life, World, agent};
use crate::domain::approval::Choice;
use crate::domain::{ApprovalCause, EventKind, Outcome, Run, RunId, RunStatus, StepState, Waiting};

pub fn calls(name: &str, other: &str, more: &str) -> String {
    format!(
        r#"
playbook: {name}
title: Calls {other}
owner: user:ana
mode: enforce
match: {{ when: "alert.rule == 'parents'" }}
{more}
stages:
  - stage: contain
    steps:
      - {{ step: other, action: run_playbook, with: {{ playbook: {other}, agent: mail-bot }} }}
"#
    )
}

pub const CHILD: &str = r#"
playbook: child
title: Child
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'children'" }
stages:
  - stage: contain
    mode: sequential
    steps:
      - { step: act, action: try.contain }
      - { step: rest, wait: 1h }
"#;

pub fn child_of(life: &Life, parent: RunId) -> Run {
    let run = life.until_run(parent, "it waits for another run", |run| waits_for(run).is_some());
    life.run(waits_for(&run).unwrap())
}

fn waits_for(run: &Run) -> Option<RunId> {
    run.steps.values().find_map(|record| match record.state {
        StepState::Waiting(Waiting::Run { run, .. }) => Some(run),
        _ => None,
    })
}

#[test]
fn a_run_starts_another_about_another_agent_and_ends_as_it_does() {
    let world = World::new(&[&calls("parent", "child", ""), CHILD]);
    let life = world.start();
    let parent = life.launch("parent", "billing-bot");
    let child = child_of(&life, parent);
    let lineage = child.lineage.clone().unwrap();
    assert_eq!((lineage.parent, lineage.path.to_string().as_str(), lineage.depth), (parent, "other", 2));
    assert_eq!((child.agent.id.as_str(), child.incident), ("mail-bot", life.run(parent).incident));
    life.until_run(child.id, "it rests", |run| {
        matches!(run.steps[&super::harness::path("rest")].state, StepState::Waiting(_))
    });
    life.wait(std::time::Duration::from_hours(1));
    let ended = life.until_finished(parent);
    assert_eq!(ended.status, RunStatus::Finished(Outcome::Completed));
    let verdict = ended.containment().map(|(verdict, _)| verdict);
    assert_eq!(verdict, life.run(child.id).containment().map(|(verdict, _)| verdict));
    for id in [parent, child.id] {
        life.checked_history(id);
    }
    let lines = life.checked_history(child.id).entries;
    assert!(lines[0].text.ends_with(&format!("started by step other of {parent}")), "{lines:#?}");
}

#[test]
fn a_crash_between_the_end_of_a_child_and_its_parent_hearing_of_it_loses_nothing() {
    let world = World::new(&[&calls("parent", "child", ""), CHILD]);
    world.outside.hang("try.contain", "send");
    let life = world.start();
    let parent = life.launch("parent", "billing-bot");
    let child = child_of(&life, parent).id;
    life.crash();
    world.outside.release();
    let life = world.start();
    // The word of the child's end goes after the commit, in a task of its own: the process dies before that task runs.
    life.submit(child, EventKind::RunCancelled { reason: "a test".into() }).unwrap();
    life.crash();
    let life = world.start();
    let ended = life.until_finished(parent);
    assert!(format!("{:?}", ended.steps).contains("cancelled"), "{:#?}", ended.steps);
    assert_eq!(life.runs().len(), 2, "no second child was started");
}

#[test]
fn a_person_who_stops_a_run_stops_its_children_in_the_same_commit() {
    let world = World::new(&[&calls("parent", "middle", ""), &calls("middle", "child", ""), CHILD]);
    let life = world.start();
    let parent = life.launch("parent", "billing-bot");
    let middle = child_of(&life, parent).id;
    let child = child_of(&life, middle).id;
    life.submit(parent, EventKind::RunCancelled { reason: "a mistake".into() }).unwrap();
    for id in [parent, middle, child] {
        assert_eq!(life.run(id).status, RunStatus::Finished(Outcome::Cancelled));
        life.checked_history(id);
    }
}

#[test]
fn four_runs_may_stand_one_below_the_other() {
    let world =
        World::new(&[&calls("one", "two", ""), &calls("two", "three", ""), &calls("three", "child", ""), CHILD]);
    let life = world.start();
    let first = life.launch("one", "billing-bot");
    let mut run = life.run(first);
    for depth in 2..=4 {
        run = child_of(&life, run.id);
        assert_eq!(run.lineage.as_ref().map(|lineage| lineage.depth), Some(depth));
    }
    assert_eq!((run.playbook.as_str(), life.runs().len()), ("child", 4));
    life.checked_history(run.id);
}

#[test]
fn a_child_counts_for_the_budget_of_the_first_run_of_its_family() {
    let mut world = World::new(&[&calls("parent", "child", "budget: { contain: 1, per: 1h }"), CHILD]);
    world.agents = ["billing-bot", "mail-bot", "third-bot"].map(agent).into();
    let life = world.start();
    let first = life.launch("parent", "billing-bot");
    let child = child_of(&life, first).id;
    assert!(super::harness::pending(&life.run(child)).is_none(), "the first agent has a place");
    world.write(&calls("parent", "child", "budget: { contain: 1, per: 1h }").replace("mail-bot", "third-bot"));
    life.on(async { life.engine.library().load(life.engine.store(), world.clock_now()).await }).unwrap();
    let second = life.launch("parent", "billing-bot");
    let asked = life.pending(child_of(&life, second).id);
    assert_eq!(asked.cause, ApprovalCause::Budget);
    life.vote(child_of(&life, second).id, "ana", Choice::Reject).unwrap();
}

#[test]
fn an_agent_that_is_not_known_fails_the_step() {
    let world = World::new(&[&calls("other", "child", "").replace("mail-bot", "stranger"), CHILD]);
    let life = world.start();
    let run = life.until_finished(life.launch("other", "billing-bot"));
    assert!(format!("{:?}", run.steps).contains("the inventory has no agent `stranger`"), "{:#?}", run.steps);
}

#[test]
fn a_child_keeps_to_its_own_budget_whatever_its_parent_may() {
    let limited = CHILD.replace("match:", "budget: { contain: 1, per: 1h }\nmatch:");
    let mut world = World::new(&[&calls("parent", "child", ""), &limited]);
    world.agents = ["billing-bot", "mail-bot", "third-bot"].map(agent).into();
    let life = world.start();
    let first = life.launch("parent", "billing-bot");
    assert!(super::harness::pending(&life.run(child_of(&life, first).id)).is_none());
    let second = life.launch("child", "third-bot");
    assert_eq!(life.pending(second).cause, ApprovalCause::Budget);
}
