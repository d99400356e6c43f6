//! What a playbook's language promises, over a real store and through a crash: variables and items are frozen, and a wait
//! for a condition ends when it holds.

use std::time::Duration;

use super::harness::World;
use crate::domain::{Outcome, RunStatus};

const ITEMS: &str = r#"
playbook: items
title: Items
owner: user:ana
mode: enforce
match: { when: "true" }
vars:
  began: "{{alert.received_at}}"
stages:
  - stage: contain
    mode: sequential
    steps:
      - { step: rest, wait: 1h, until: now >= timestamp('2026-11-23T03:30:00Z') }
      - { step: act, for_each: { in: "['a', 'b', 'c']", parallel: 2 }, action: try.idempotent }
"#;

#[test]
fn items_and_variables_outlive_a_crash_and_no_item_is_lost_or_done_under_another_key() {
    let world = World::new(&[ITEMS]);
    let life = world.start();
    let run = life.launch("items", "billing-bot");
    let began = life.run(run).vars.values["began"].clone();
    world.outside.hang("try.idempotent", "send");
    life.wait(Duration::from_hours(1));
    life.until("two items are under way", async || world.outside.count("try.idempotent", "send") == 2);
    assert_eq!(life.states(run)["act[2]"], "Pending");
    life.crash();
    world.outside.release();
    let life = world.start();
    let ended = life.until_finished(run);
    assert_eq!(ended.status, RunStatus::Finished(Outcome::Completed));
    assert_eq!(ended.vars.values["began"], began, "a variable is evaluated once");
    let sent = world.outside.calls_of("try.idempotent", "send");
    let keys: std::collections::BTreeMap<String, String> =
        sent.iter().map(|call| (call.path.to_string(), call.key.clone())).collect();
    assert_eq!(keys.keys().collect::<Vec<_>>(), ["act[0]", "act[1]", "act[2]"]);
    assert!(sent.iter().all(|call| keys[&call.path.to_string()] == call.key), "a try again has the same key");
    let history = life.checked_history(run);
    assert!(history.entries.iter().any(|entry| entry.text == "done: 3 of 3 items done"), "{:#?}", history.entries);
}
