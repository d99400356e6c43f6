//! What the daemon's history says of playbooks that change: who, when, what acts now, what was written differently.

use super::harness::{Life, World, ana};
use crate::clock::Clock;
use crate::domain::Actor;
use crate::engine::playbooks::record::{CHANGED, KINDS, REFUSED};
use crate::engine::{Cause, Loaded, Occasion, PlaybookChange, PlaybookRefusal};
use crate::store::{Playbooks, RunLog, StoredEvent, Subject, verify_chain};

const WATCH: &str = r#"
playbook: watch
title: Watches
owner: user:ana
mode: observe
match: { when: "alert.rule == 'watched'" }
stages:
  - stage: only
    steps:
      - { step: act, action: try.contain }
"#;

fn facts(life: &Life) -> Vec<StoredEvent> {
    let facts = life.on(life.engine.store().daemon_facts(KINDS, 100)).unwrap();
    let all = life.on(life.engine.store().events(&Subject::Daemon)).unwrap();
    verify_chain(&all, &Subject::Daemon).unwrap();
    assert!(facts.is_sorted_by_key(|fact| std::cmp::Reverse(fact.seq)), "newest first");
    facts
}

fn changes(life: &Life) -> Vec<(Actor, PlaybookChange)> {
    let changed = facts(life).into_iter().filter(|fact| fact.kind == CHANGED);
    changed.map(|fact| (fact.actor, serde_json::from_value(fact.body).unwrap())).collect()
}

fn refusals(life: &Life) -> Vec<PlaybookRefusal> {
    let refused = facts(life).into_iter().filter(|fact| fact.kind == REFUSED);
    refused.map(|fact| serde_json::from_value(fact.body).unwrap()).collect()
}

fn reload(life: &Life, occasion: &Occasion) -> Loaded {
    life.clock.advance(std::time::Duration::from_secs(1));
    life.on(life.engine.library().reload(life.engine.store(), occasion, life.clock.now())).unwrap()
}

#[test]
fn a_playbook_that_begins_to_act_stands_first_with_who_did_it_and_its_text() {
    let other = WATCH.replace("playbook: watch", "playbook: another");
    let world = World::new(&[WATCH, &other]);
    let life = world.start();
    world.write(&WATCH.replace("mode: observe", "mode: enforce"));
    world.write(&other.replace("title: Watches", "title: Looks"));
    let loaded = reload(&life, &Occasion::request(ana()));
    let (by, change) = changes(&life).remove(0);
    assert_eq!(loaded.change.as_ref(), Some(&change), "the answer says what the history says");
    assert_eq!((by, change.cause), (ana(), Cause::Request));
    assert_eq!(change.now_acting, ["watch".parse().unwrap()]);
    assert_eq!(change.summary(), "2 changed");
    let (first, second) = (change.diff.find("+mode: enforce").unwrap(), change.diff.find("+title: Looks").unwrap());
    assert!(first < second, "what acts now is compared first: {}", change.diff);
    assert!(change.diff.contains("-mode: observe"), "{}", change.diff);
}

#[test]
fn a_start_says_what_changed_while_nothing_ran() {
    let world = World::new(&[WATCH]);
    let life = world.start();
    let (by, first) = changes(&life).remove(0);
    assert_eq!((by, first.cause, first.added.len()), (Actor::System, Cause::Start, 1));
    life.crash();
    let life = world.start();
    assert_eq!((changes(&life).len(), &life.loaded.change), (1, &None), "nothing changed meanwhile");
    life.crash();
    world.write(&WATCH.replace("mode: observe", "mode: enforce"));
    world.write(&WATCH.replace("playbook: watch", "playbook: new"));
    let life = world.start();
    let change = changes(&life).remove(0).1;
    assert_eq!((change.cause, change.added.len(), change.changed.len()), (Cause::Start, 1, 1));
    assert_eq!(change.now_acting, ["watch".parse().unwrap()]);
    assert!(change.diff.contains("+mode: enforce"), "the text before is taken from the store: {}", change.diff);
    life.crash();
    world.remove("new");
    let life = world.start();
    assert_eq!(changes(&life).remove(0).1.removed.len(), 1);
}

#[test]
fn a_refusal_is_written_once_however_often_the_folder_is_looked_at() {
    let world = World::new(&[WATCH]);
    let life = world.start();
    let system = Occasion::system(Cause::FileChange);
    world.write(&WATCH.replace("try.contain", "try.contian"));
    for _ in 0..3 {
        assert!(reload(&life, &system).change.is_none());
    }
    let refused = refusals(&life);
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].cause, refused[0].whole), (Cause::FileChange, false));
    assert_eq!(refused[0].kept, ["watch".parse().unwrap()]);
    let fault = &refused[0].faults[0];
    assert_eq!((fault.code.as_str(), fault.line), ("SD0320", Some(10)));
    assert!(fault.file.ends_with("watch.yaml"));
    life.crash();
    let life = world.start();
    assert_eq!(refusals(&life).len(), 1, "it is known after a restart as well");
    world.write(&WATCH.replace("try.contain", "try.kontain"));
    reload(&life, &system);
    assert_eq!(refusals(&life).len(), 2, "another fault is another refusal");
    world.write(WATCH);
    reload(&life, &system);
    world.write(&WATCH.replace("try.contain", "try.kontain"));
    reload(&life, &system);
    assert_eq!(refusals(&life).len(), 3, "what was mended in between is told again");
}

#[test]
fn a_secret_written_out_by_mistake_is_in_no_fact() {
    let world = World::new(&[WATCH]);
    let life = world.start();
    let leaked = WATCH.replace("action: try.contain }", "action: try.contain, with: { token: hunter2-hunter2 } }");
    world.write(&leaked);
    assert!(!reload(&life, &Occasion::system(Cause::Signal)).diagnostics.is_empty());
    let all = life.on(life.engine.store().events(&Subject::Daemon)).unwrap();
    assert_eq!(refusals(&life)[0].cause, Cause::Signal);
    assert!(!format!("{all:?}").contains("hunter2"));
}
