//! Playbooks that run each other, while they change on disk: what was approved is what is done, and what does not fit
//! together is not loaded.

use super::children::{CHILD, calls, child_of};
use super::harness::{Life, World, path};
use crate::clock::Clock;
use crate::domain::approval::Choice;
use crate::domain::{Outcome, PlaybookName, RunStatus, StepState};
use crate::engine::Loaded;
use crate::language::Level;

const ASKS: &str = r#"
playbook: asks
title: Asks first
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'parents'" }
stages:
  - stage: decide
    steps:
      - step: may
        approval: { ask: "Run the other?", releases: [other], approvers: [owner], timeout: 4h, identity: api }
  - stage: contain
    steps:
      - { step: other, action: run_playbook, with: { playbook: middle, agent: mail-bot } }
"#;

fn reload(life: &Life) -> Loaded {
    life.clock.advance(std::time::Duration::from_secs(1));
    life.on(life.engine.library().load(life.engine.store(), life.clock.now())).unwrap()
}

fn serving(life: &Life) -> Vec<String> {
    life.engine.library().serving().keys().map(PlaybookName::to_string).collect()
}

fn title(life: &Life, name: &str) -> String {
    life.engine.library().serving()[&PlaybookName::parse(name).unwrap()].title.clone()
}

fn errors(loaded: &Loaded) -> Vec<&str> {
    let errors = loaded.diagnostics.iter().filter(|fault| fault.level == Level::Error);
    errors.map(|fault| fault.message.as_str()).collect()
}

#[test]
fn what_people_approved_is_what_is_run_although_every_file_changed_and_the_daemon_restarted() {
    let world = World::new(&[ASKS, &calls("middle", "child", ""), CHILD]);
    let life = world.start();
    let parent = life.launch("asks", "billing-bot");
    let asked = life.pending(parent);
    let versions = life.run(parent).versions;
    let name = |text: &str| PlaybookName::parse(text).unwrap();
    let shown = &asked.plan.body["steps"][0]["runs"];
    assert_eq!(shown["version"], versions[&name("middle")].to_string(), "{:#}", asked.plan.body);
    assert_eq!(asked.plan.body["playbook_versions"]["child"], versions[&name("child")].to_string());

    world.write(&calls("middle", "child", "").replace("title: Calls child", "title: Changed"));
    world.write(&CHILD.replace("action: try.contain", "action: try.keyed"));
    reload(&life);
    assert_eq!(title(&life, "middle"), "Changed");
    life.crash();
    let life = world.start();
    life.vote(parent, "ana", Choice::Approve).unwrap();
    let middle = child_of(&life, parent);
    assert_eq!(middle.digest, versions[&name("middle")], "the child is the version that was shown");
    let child = child_of(&life, middle.id);
    assert_eq!(child.digest, versions[&name("child")], "and so is the child of the child");
    life.until("the old text acts", async || world.outside.count("try.contain", "send") == 1);
    life.until_run(child.id, "it acted", |run| run.steps[&path("act")].state == StepState::Succeeded);
    assert_eq!(world.outside.count("try.keyed", "send"), 0, "nothing of the new text is done");
    life.wait(std::time::Duration::from_hours(1));
    assert_eq!(life.until_finished(parent).status, RunStatus::Finished(Outcome::Completed));
    for run in [parent, middle.id, child.id] {
        life.checked_history(run);
    }
    let next = life.launch("asks", "billing-bot");
    assert_ne!(life.run(next).versions, versions, "a new run takes what serves now");
}

#[test]
fn a_plan_names_the_version_so_that_another_one_is_another_plan() {
    let world = World::new(&[ASKS, &calls("middle", "child", ""), CHILD]);
    let life = world.start();
    let first = life.launch("asks", "billing-bot");
    let before = life.pending(first).plan.body["steps"].clone();
    world.write(&CHILD.replace("title: Child", "title: Another child"));
    reload(&life);
    let second = life.launch("asks", "billing-bot");
    let after = life.pending(second).plan.body;
    assert_eq!(after["steps"], before, "the playbook that is run itself did not change");
    assert_ne!(after["playbook_versions"]["child"], life.run(first).versions["child"].to_string());
}

#[test]
fn a_playbook_that_stopped_serving_is_still_run_by_what_began_before() {
    let world = World::new(&[ASKS, &calls("middle", "child", ""), CHILD]);
    let life = world.start();
    let parent = life.launch("asks", "billing-bot");
    life.pending(parent);
    for name in ["asks", "middle", "child"] {
        world.remove(name);
    }
    assert_eq!(reload(&life).serving, 0);
    life.vote(parent, "ana", Choice::Approve).unwrap();
    assert_eq!(child_of(&life, parent).playbook.as_str(), "middle");
}

#[test]
fn a_folder_whose_playbooks_do_not_fit_together_changes_nothing_also_after_a_restart() {
    let other = CHILD.replace("playbook: child", "playbook: other");
    let world = World::new(&[&calls("parent", "child", ""), CHILD, &other]);
    let life = world.start();
    world.remove("child");
    world.write(&other.replace("title: Child", "title: Mended"));
    let loaded = reload(&life);
    assert!(loaded.refused_whole);
    assert_eq!(errors(&loaded), ["there is no playbook `child`"]);
    assert_eq!(serving(&life), ["child", "other", "parent"]);
    assert_eq!(title(&life, "other"), "Child", "also what is right by itself waits until the folder is whole");
    life.crash();
    let life = world.start();
    assert!(life.loaded.refused_whole);
    assert_eq!(life.loaded.change, None, "what serves is what served");
    assert_eq!(serving(&life), ["child", "other", "parent"]);
    world.write(CHILD);
    let mended = reload(&life);
    assert!(!mended.refused_whole && errors(&mended).is_empty());
    assert_eq!(title(&life, "other"), "Mended");
}

#[test]
fn a_first_start_serves_what_does_not_lean_on_what_is_wrong() {
    let circle = [calls("one", "two", ""), calls("two", "one", "")];
    let leans = calls("leans", "one", "");
    let world = World::new(&[&circle[0], &circle[1], &leans, CHILD]);
    let life = world.start();
    assert_eq!(serving(&life), ["child"]);
    let shown = errors(&life.loaded).join("\n");
    assert!(shown.contains("one → two → one") && shown.contains("two → one → two"), "{shown}");
}

#[test]
fn a_child_whose_file_broke_is_run_in_its_last_good_version() {
    let world = World::new(&[&calls("parent", "child", ""), CHILD]);
    let life = world.start();
    world.write(&CHILD.replace("try.contain", "try.contian"));
    let loaded = reload(&life);
    assert!(!loaded.refused_whole, "{:?}", loaded.diagnostics);
    assert_eq!(loaded.kept, ["child".parse().unwrap()]);
    let parent = life.launch("parent", "billing-bot");
    assert_eq!(child_of(&life, parent).playbook.as_str(), "child");
}

#[test]
fn a_folder_that_can_not_be_read_takes_nothing_away() {
    let world = World::new(&[CHILD]);
    let life = world.start();
    std::fs::rename(world.folder().join("playbooks"), world.folder().join("elsewhere")).unwrap();
    let loaded = reload(&life);
    assert!(loaded.refused_whole);
    assert_eq!((serving(&life).len(), loaded.change), (1, None));
}
