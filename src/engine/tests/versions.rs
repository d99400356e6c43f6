//! Playbook versions: a run finishes on the one it started with, and a broken file takes nothing away.

use super::flow::CONTAIN;
use super::harness::{Life, World, path};
use super::outside::seen;
use crate::clock::Clock;
use crate::domain::approval::Choice;
use crate::domain::{Attempt, Digest, PlaybookName, RunStatus, StepState};
use crate::engine::SubmitError;
use crate::language::{Source, parse};
use crate::playbook::{Approvals, Node, Report, read_approvals};
use crate::store::{Commit, Playbooks, Row, Writer};

fn serving(life: &Life, name: &str) -> String {
    let serving = life.engine.library().serving();
    serving[&PlaybookName::parse(name).unwrap()].title.clone()
}

fn reload(life: &Life) -> crate::engine::Loaded {
    life.clock.advance(std::time::Duration::from_secs(1));
    life.on(life.engine.library().load(life.engine.store(), life.clock.now())).unwrap()
}

const OTHER: &str = r#"
playbook: other
title: Other
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: only
    steps:
      - { step: act, action: try.keyed }
"#;

#[test]
fn a_broken_file_keeps_its_last_good_version_serving_also_after_a_restart() {
    let world = World::new(&[CONTAIN, OTHER]);
    let life = world.start();
    world.write(&CONTAIN.replace("title: Contain", "title: Newer"));
    assert!(reload(&life).kept.is_empty());
    assert_eq!(serving(&life, "contain"), "Newer");
    world.write(&CONTAIN.replace("agent.pause", "agent.paws"));
    world.write(&OTHER.replace("title: Other", "title: Mended"));
    let loaded = reload(&life);
    assert_eq!((loaded.kept.len(), loaded.serving), (1, 2));
    assert!(!loaded.diagnostics.is_empty());
    assert_eq!((serving(&life, "contain"), serving(&life, "other")), ("Newer".into(), "Mended".into()));
    life.crash();
    let life = world.start();
    assert_eq!(life.loaded.kept.len(), 1);
    assert_eq!(serving(&life, "contain"), "Newer");
    let run = life.launch("contain", "billing-bot");
    life.vote(run, "ana", Choice::Approve).unwrap();
    life.until_finished(run);
}

#[test]
fn a_playbook_that_was_withdrawn_does_not_come_back_because_a_broken_file_names_it() {
    let world = World::new(&[CONTAIN, OTHER]);
    let life = world.start();
    for name in ["contain", "other"] {
        world.remove(name);
    }
    assert_eq!(reload(&life).serving, 0);
    world.write(&OTHER.replace("try.keyed", "try.kyed"));
    let loaded = reload(&life);
    assert_eq!((loaded.serving, loaded.kept), (0, Vec::new()), "what served last is nothing");
    life.crash();
    let life = world.start();
    assert_eq!((life.loaded.serving, life.loaded.kept.len()), (0, 0), "and so it is after a restart");
}

#[test]
fn a_file_that_broke_while_nothing_ran_keeps_what_served_last_even_if_it_says_nothing_any_more() {
    let world = World::new(&[CONTAIN, OTHER]);
    world.start().crash();
    std::fs::write(world.folder().join("playbooks/contain.yaml"), "\t").unwrap();
    let life = world.start();
    assert_eq!((life.loaded.serving, life.loaded.kept.len()), (2, 1));
    assert_eq!(serving(&life, "contain"), "Contain");
}

#[test]
fn a_file_that_was_taken_away_no_longer_serves() {
    let world = World::new(&[CONTAIN, OTHER]);
    let life = world.start();
    world.remove("other");
    assert_eq!(reload(&life).serving, 1);
}

#[test]
fn a_run_under_way_finishes_on_the_version_that_it_started_with_even_after_a_restart() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    let digest = life.run(run).digest;
    world.write(&CONTAIN.replace("step: resume", "step: let_go").replace("releases: [resume]", "releases: [let_go]"));
    reload(&life);
    life.crash();
    let life = world.start();
    assert!(life.on(life.engine.store().playbook(&digest)).unwrap().unwrap().text.contains("step: resume"));
    life.vote(run, "ana", Choice::Approve).unwrap();
    let run = life.until_finished(run);
    assert_eq!(run.steps[&path("resume")].state, StepState::Succeeded);
    assert_eq!(run.digest, digest);
    life.checked_history(run.id);
}

#[test]
fn a_run_that_can_not_be_understood_any_more_does_not_stop_the_recovery_of_others() {
    let mut world = World::new(&[CONTAIN, OTHER]);
    world.outside.hang("try.keyed", "send");
    world.outside.hang("try.contain", "prove");
    let life = world.start();
    let (lost, good) = (life.launch("other", "mail-bot"), life.launch("contain", "billing-bot"));
    life.until("both are under way", async || {
        world.outside.count("try.keyed", "send") == 1 && world.outside.count("try.contain", "prove") == 1
    });
    life.crash();
    world.missing_actions = vec!["try.keyed"];
    world.outside.answer("try.contain", "prove", seen());
    world.outside.release();
    let life = world.start();
    life.vote(good, "ana", Choice::Approve).unwrap();
    life.until_finished(good);
    life.on(life.engine.reconcile());
    let reason = life.until_quarantined(lost);
    assert!(reason.contains("no longer compiles: SD0320, line 10: unknown action `try.keyed`"), "{reason}");
    let stuck = life.run(lost);
    assert!(matches!(stuck.steps[&path("act")].state, StepState::Doing(Attempt::Running { .. })));
    assert!(matches!(life.on(life.engine.history(lost)), Err(SubmitError::Playbook(_))));
    assert_eq!(stuck.status, RunStatus::Running { stage: 0 });
    life.crash();
    world.missing_actions.clear();
    let life = world.start();
    life.on(life.engine.reconcile());
    assert_eq!(world.outside.count("try.keyed", "send"), 1, "nobody touches it until a person says so");
    life.on(life.engine.release(lost, super::harness::ana(), "the action is back")).unwrap();
    life.until_finished(lost);
    assert_eq!(world.outside.count("try.keyed", "send"), 2, "the run goes on");
    life.checked_history(lost);
}

#[test]
fn a_version_that_is_only_forbidden_by_now_is_understood_and_one_that_was_changed_is_not() {
    let asks = CONTAIN.lines().find(|line| line.contains("releases:")).unwrap();
    let by_nobody = "        approval: { ask: \"Resume?\", releases: [resume], approvers: [], timeout: 4h }";
    let text = CONTAIN.replace(asks, by_nobody);
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let (digest, other) = (Digest::of(text.as_bytes()), Digest::of(b"another text"));
    let name = PlaybookName::parse("contain").unwrap();
    let at = life.clock.now();
    let row = |digest| Row::Playbook { digest, name: name.clone(), text: text.clone(), approvals: None, at };
    life.on(life.engine.store().commit(Commit { guards: Vec::new(), rows: vec![row(digest), row(other)] })).unwrap();
    let pinned = |digest| life.on(life.engine.library().pinned(life.engine.store(), digest));
    let understood = pinned(&digest).expect("nobody may vote by a rule; the text says what is to be done");
    assert_eq!((understood.digest, &*understood.text), (digest, text.as_str()));
    let damaged = pinned(&other).unwrap_err().to_string();
    assert!(damaged.contains("is not the one of version"), "{damaged}");
}

/// A configuration in which this many people must approve.
fn approvals(approve: u32) -> Approvals {
    let named = format!("{{ timeout: 4h, approvers: [user:ana, user:sam], thresholds: [{{ approve: {approve} }}] }}");
    let text = format!("approvals: {{ release: {named} }}");
    let source = Source { name: "standdown.yaml".to_owned(), text };
    let (document, places) = parse::<serde_json::Value>(&source).unwrap();
    let mut report = Report::new(places);
    let named = Node::of(&document["approvals"], "", "approvals");
    let found = read_approvals(&mut report, Some(&named), None);
    assert_eq!(report.finish().0, []);
    found
}

#[test]
fn a_run_finishes_on_the_approvals_that_it_started_with_and_the_next_one_has_those_of_now() {
    let by_name = "approval: { use: release, ask: \"Resume?\", releases: [resume] }";
    let asks = CONTAIN.lines().find(|line| line.contains("releases:")).unwrap();
    let mut world = World::new(&[&CONTAIN.replace(asks, &format!("        {by_name}"))]);
    world.approvals = approvals(1);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    let before = life.pending(run);
    let digest = life.run(run).digest;
    life.crash();
    world.approvals = approvals(2);
    let life = world.start();
    let serving = life.engine.library().serving();
    let now = &serving[&PlaybookName::parse("contain").unwrap()];
    assert_ne!(now.digest, digest, "the configuration changed, so it is another version");
    let pinned = life.on(life.engine.library().pinned(life.engine.store(), &digest)).unwrap();
    assert_eq!(pinned.digest, digest, "what was stored compiles to itself");
    assert_eq!(life.pending(run).quorums, before.quorums);
    life.vote(run, "ana", Choice::Approve).unwrap();
    let over = life.until_finished(run);
    assert_eq!(over.steps[&path("resume")].state, StepState::Succeeded);
    life.checked_history(run);
    let next = life.launch("contain", "mail-bot");
    let asked = life.pending(next);
    assert_ne!(asked.quorums, before.quorums);
    assert_eq!(life.run(next).digest, now.digest);
}
