//! Families of runs: they are bounded, they begin a few at a time, and a crash in between loses none of them.

use std::collections::BTreeSet;

use super::harness::{Life, World, agent};
use crate::domain::lineage::FAMILY_RUNS_MAX;
use crate::domain::{Run, RunId, StepPath, StepState, Waiting};
use crate::store::Outbox;

/// Starts a run about each of so many agents.
fn fan(name: &str, other: &str, count: usize, parallel: usize) -> String {
    let systems: Vec<String> = (0..count).map(|number| format!("'bot-{number}'")).collect();
    format!(
        r#"
playbook: {name}
title: Starts many
owner: user:ana
mode: enforce
match: {{ when: "alert.rule == '{name}'" }}
stages:
  - stage: contain
    steps:
      - step: others
        for_each: {{ in: "[{}]", as: id, at_most: 100, parallel: {parallel} }}
        action: run_playbook
        with: {{ playbook: {other}, agent: "{{{{id}}}}" }}
"#,
        systems.join(", ")
    )
}

const REST: &str = r#"
playbook: rest
title: Rest
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'rest'" }
stages:
  - stage: wait
    steps:
      - { step: rest, wait: 1h }
"#;

fn world(playbooks: &[&str], agents: usize) -> World {
    let mut world = World::new(playbooks);
    world.agents.extend((0..agents).map(|number| agent(&format!("bot-{number}"))));
    world
}

fn all(life: &Life) -> Vec<Run> {
    life.runs().into_iter().map(|id| life.run(id)).collect()
}

fn children(run: &Run) -> BTreeSet<RunId> {
    let waits = run.steps.values().filter_map(|record| match record.state {
        StepState::Waiting(Waiting::Run { run, .. }) => Some(run),
        _ => None,
    });
    waits.collect()
}

#[test]
fn a_run_that_starts_many_starts_them_a_few_at_a_time_and_each_once() {
    let world = world(&[&fan("many", "rest", 70, 70), REST], 70);
    let life = world.start();
    let before = life.engine.store().writer_stats().commits;
    let parent = life.launch("many", "billing-bot");
    life.until_run(parent, "all have begun", |run| children(run).len() == 70);
    let commits = life.engine.store().writer_stats().commits - before;
    assert!(commits >= 4, "70 runs at most 32 at a time, after the commit of the first: {commits} commits");
    assert_eq!(life.runs().len(), 71);
    life.checked_history(parent);
}

#[test]
fn a_crash_before_between_and_after_the_births_loses_none_and_doubles_none() {
    let world = world(&[&fan("many", "rest", 70, 70), REST], 70);
    let mut life = world.start();
    let parent = life.launch("many", "billing-bot");
    // The first life ends before the task that starts them has run; the others after a look or two each.
    let mut seen = 0;
    for _ in 0..40 {
        life.crash();
        life = world.start();
        let begun = children(&life.run(parent)).len();
        assert!(begun >= seen, "what has begun goes on");
        seen = begun;
        if seen == 70 {
            break;
        }
    }
    let run = life.until_run(parent, "all have begun", |run| children(run).len() == 70);
    let runs = all(&life);
    assert_eq!(runs.len(), 71, "each was started once");
    let paths: BTreeSet<StepPath> = runs.iter().filter_map(|run| Some(run.lineage.as_ref()?.path.clone())).collect();
    assert_eq!(paths.len(), 70);
    assert!(children(&run).iter().all(|child| runs.iter().any(|run| run.id == *child)));
}

#[test]
fn a_family_is_bounded_and_what_did_not_begin_is_a_failure_that_people_are_told_of() {
    let world = world(&[&fan("first", "second", 12, 12), &fan("second", "rest", 12, 12), REST], 12);
    let life = world.start();
    let first = life.launch("first", "billing-bot");
    life.until("the family is full", async || {
        let runs = life.engine.store();
        crate::store::ReadModel::runs(runs, None, 1000).await.unwrap().len() == FAMILY_RUNS_MAX
    });
    let refused = |run: &Run| {
        let failed = run.steps.values().filter(|record| {
            matches!(&record.state, StepState::Failed { reason } if reason.contains("at most 100 runs, itself included"))
        });
        failed.count()
    };
    life.until("every step was answered", async || {
        let mut answered = 0;
        for run in crate::store::ReadModel::runs(life.engine.store(), None, 1000).await.unwrap() {
            let run = crate::store::RunLog::run(life.engine.store(), run.id).await.unwrap().unwrap();
            answered += refused(&run) + children(&run).len();
        }
        answered == 12 + 12 * 12
    });
    assert_eq!(life.runs().len(), FAMILY_RUNS_MAX);
    let due = life.on(life.engine.store().messages_due(world.clock_now(), 1000)).unwrap();
    let subject = |kind: &crate::domain::MessageKind| match kind {
        crate::domain::MessageKind::Notice { subject, .. } => subject.clone(),
        crate::domain::MessageKind::ApprovalRequest { .. } => String::new(),
    };
    let told = due.iter().filter(|queued| subject(&queued.message.kind) == "Too many runs: second");
    let mut told: Vec<String> = told.map(|queued| queued.message.to.to_string()).collect();
    told.sort();
    assert_eq!(told, ["ana", "sam"], "each hears of it once, although several runs could start no more");
    life.checked_history(first);
    // Another alert's run has a family of its own.
    let other = life.launch("second", "mail-bot");
    life.until_run(other, "its runs have begun", |run| children(run).len() == 12);
}

#[test]
fn a_run_that_ends_before_its_children_begin_starts_no_more() {
    let world = world(&[&fan("many", "rest", 5, 1), REST], 5);
    let life = world.start();
    let parent = life.launch("many", "billing-bot");
    life.submit(parent, crate::domain::EventKind::RunCancelled { reason: "a mistake".into() }).unwrap();
    let begun = all(&life).len();
    life.on(life.engine.reconcile());
    assert_eq!(all(&life).len(), begun);
    assert!(all(&life).iter().all(|run| run.status.is_finished()));
}

/// A playbook whose runs are larger than the store takes.
fn heavy() -> String {
    let long = "x".repeat(3_900);
    let step = |index: usize| {
        format!(
            "      - {{ step: s{index}, action: notify, with: {{ to: owner, subject: hi, text: \"{{{{vars.long}}}}{{{{vars.long}}}}\" }} }}\n"
        )
    };
    let steps: String = (0..60).map(step).collect();
    format!(
        "playbook: heavy\ntitle: Heavy\nowner: user:ana\nmode: enforce\nmatch: {{ when: \"alert.rule == 'heavy'\" }}\n\
         vars: {{ long: \"'{long}'\" }}\nstages:\n  - stage: one\n    steps:\n{steps}"
    )
}

#[test]
fn a_child_that_is_too_large_to_be_kept_is_refused_and_the_one_beside_it_begins() {
    let both = fan("both", "rest", 1, 1)
        + "      - { step: large, action: run_playbook, with: { playbook: heavy, agent: mail-bot } }\n";
    let world = world(&[&both, REST, &heavy()], 1);
    let life = world.start();
    let parent = life.launch("both", "billing-bot");
    let large = super::harness::path("large");
    let run = life.until_run(parent, "the small one has begun, the large one is refused", |run| {
        children(run).len() == 1 && matches!(run.steps[&large].state, StepState::Failed { .. })
    });
    let state = format!("{:?}", run.steps[&large].state);
    assert!(state.contains("with which one may begin"), "{state}");
    assert_eq!(life.runs().len(), 2);
    life.checked_history(parent);
}
