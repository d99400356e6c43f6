//! The rows that keep what each schedule did last: who writes them, and when they go.

use std::time::Duration;

use serde_json::{Value, json};

use super::desk::Desk;
use crate::engine::tests::harness::World;
use crate::store::{Agents, Commit, Row, Writer};

/// Once a month, so that nothing is due in these tests.
const MONTHLY: &str = r#"
playbook: monthly
title: Monthly
owner: user:ana
mode: enforce
schedule: { cron: "30 6 1 * *", timezone: Europe/Zurich }
for_each_agent: "true"
stages:
  - stage: look
    steps:
      - { step: act, action: try.idempotent }
"#;
const KEY: &str = "schedule/monthly";

fn tick(desk: &Desk) -> usize {
    desk.life.on(desk.intake.tick_schedules()).unwrap()
}

fn stored(desk: &Desk) -> Option<Value> {
    desk.life.on(desk.life.engine.store().setting(KEY)).unwrap()
}

#[test]
fn that_a_schedule_still_serves_is_written_without_taking_a_tick_back_that_another_replica_did() {
    let world = World::new(&[MONTHLY]);
    let desk = Desk::open(&world);
    tick(&desk);
    // Another replica, whose clock is ahead, has done a tick.
    let mut row = stored(&desk).unwrap();
    row["at"] = json!("2026-11-23T12:00:00Z");
    let rows = vec![Row::Setting { key: KEY.into(), value: row.clone() }];
    desk.life.on(desk.life.engine.store().commit(Commit { guards: Vec::new(), rows })).unwrap();
    world.clock.advance(Duration::from_hours(13));
    tick(&desk);
    row["served_at"] = json!(world.clock_now());
    assert_eq!(stored(&desk), Some(row));
}

#[test]
fn what_is_kept_of_a_schedule_goes_a_month_after_it_served_for_the_last_time() {
    let world = World::new(&[MONTHLY]);
    let desk = Desk::open(&world);
    tick(&desk);
    world.remove("monthly");
    desk.life.on(async { desk.life.engine.library().load(desk.life.engine.store(), world.clock_now()).await }).unwrap();
    for days in [0, 30] {
        world.clock.advance(Duration::from_hours(24 * days));
        tick(&desk);
        assert!(stored(&desk).is_some(), "after {days} days");
    }
    world.clock.advance(Duration::from_hours(25));
    tick(&desk);
    assert_eq!(stored(&desk), None);
}
