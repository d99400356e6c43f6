//! Playbooks that start by themselves, and windows in which they start nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::desk::{ASK, Desk, alert};
use crate::domain::{Actor, Outcome, RunStatus};
use crate::engine::tests::harness::{World, agent};

/// Every day at 06:30 in Zurich, which is 05:30Z in November; the worlds begin at 03:00Z.
const DAILY: &str = r#"
playbook: daily
title: Daily
owner: user:ana
mode: enforce
schedule: { cron: "30 6 * * *", timezone: Europe/Zurich }
for_each_agent: agent.id != 'quiet-bot'
stages:
  - stage: look
    steps:
      - { step: act, action: try.idempotent }
"#;

fn tick(desk: &Desk) -> usize {
    desk.life.on(desk.intake.tick_schedules()).unwrap()
}

fn open(playbooks: &[&str]) -> (World, Desk) {
    let mut world = World::new(playbooks);
    world.agents = ["billing-bot", "mail-bot", "quiet-bot"].map(agent).into();
    let desk = Desk::open(&world);
    (world, desk)
}

#[test]
fn a_schedule_starts_one_run_for_each_agent_that_it_names_and_each_tick_once() {
    let (world, desk) = open(&[DAILY, ASK]);
    assert_eq!(tick(&desk), 0, "a schedule that is new starts from now");
    world.clock.advance(Duration::from_mins(149));
    assert_eq!(tick(&desk), 0);
    world.clock.advance(Duration::from_mins(1));
    assert_eq!((tick(&desk), tick(&desk)), (2, 0));
    let runs: Vec<_> = desk.life.runs().into_iter().map(|id| desk.life.until_finished(id)).collect();
    let agents: BTreeSet<&str> = runs.iter().map(|run| run.agent.id.as_str()).collect();
    assert_eq!((runs.len(), agents), (2, ["billing-bot", "mail-bot"].into()));
    assert!(runs.iter().all(|run| run.playbook.as_str() == "daily"), "nobody else takes the alert of a schedule");
    assert!(runs.iter().all(|run| run.started_by == Actor::Schedule { playbook: "daily".into() }));
    assert!(runs.iter().all(|run| run.status == RunStatus::Finished(Outcome::Completed)));
    assert_eq!(runs[0].alert.occurred_at, "2026-11-23T05:30:00Z".parse().unwrap());
}

#[test]
fn missed_ticks_are_caught_up_once_and_the_run_says_how_many() {
    let (world, desk) = open(&[DAILY]);
    tick(&desk);
    desk.crash();
    world.clock.advance(Duration::from_hours(80));
    let desk = Desk::open(&world);
    assert_eq!((tick(&desk), tick(&desk)), (2, 0), "four ticks have passed, and one is done");
    let run = desk.life.runs()[0];
    let history = desk.life.checked_history(run);
    assert!(history.entries[0].text.ends_with("catching up 3 missed ticks"), "{:?}", history.entries[0]);
    assert_eq!(history.run.alert.title, "schedule of daily: 2026-11-26T05:30:00Z, catching up 3 missed");
    assert_eq!(history.run.alert.labels["missed_ticks"], "3");
}

#[test]
fn a_tick_that_was_cut_off_by_a_crash_is_finished_and_no_part_of_it_is_done_twice() {
    let (world, desk) = open(&[DAILY]);
    tick(&desk);
    world.clock.advance(Duration::from_mins(150));
    assert_eq!(tick(&desk), 2);
    let runs = desk.life.runs();
    // As if the process had died before it wrote down that the tick is done.
    let at = "2026-11-23T03:00:00Z";
    let old = json!({ "at": at, "schedule": "30 6 * * * Europe/Zurich", "served_at": at });
    let row = crate::store::Row::Setting { key: "schedule/daily".into(), value: old };
    let commit = crate::store::Commit { guards: Vec::new(), rows: vec![row] };
    desk.life.on(desk.intake.engine().commit(commit, Vec::new())).unwrap();
    desk.crash();
    let desk = Desk::open(&world);
    assert_eq!(tick(&desk), 0);
    assert_eq!(desk.life.runs(), runs);
}

#[test]
fn a_schedule_that_has_changed_starts_from_now() {
    let (world, desk) = open(&[DAILY]);
    tick(&desk);
    world.clock.advance(Duration::from_hours(24));
    world.write(&DAILY.replace("30 6 * * *", "0 4 * * *"));
    desk.life.on(async { desk.life.engine.library().load(desk.life.engine.store(), world.clock_now()).await }).unwrap();
    assert_eq!(tick(&desk), 0);
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(tick(&desk), 2);
}

#[test]
fn a_condition_that_can_not_be_told_is_told_to_the_playbooks_owner_and_the_others_start() {
    let (world, desk) =
        open(&[&DAILY.replace("agent.id != 'quiet-bot'", "agent.id != 'mail-bot' || agent.systems[3] == 'x'")]);
    tick(&desk);
    world.clock.advance(Duration::from_mins(150));
    assert_eq!(tick(&desk), 2);
    let told: Vec<String> = desk.told().into_values().flatten().collect();
    assert!(told.contains(&"Playbook fault: daily".to_owned()), "{told:?}");
}

#[test]
fn an_alert_from_outside_is_no_tick_of_a_schedule() {
    let (_world, desk) = open(&[DAILY]);
    let answer = desk.taken(&json!({ "id": "x", "rule": "daily", "title": "I am a schedule", "agent": "billing-bot" }));
    assert_eq!(answer["runs"], json!([]));
}

#[test]
fn a_silent_playbook_starts_nothing_and_the_answer_and_the_incident_say_why() {
    let silent = ASK.replace(
        "stages:",
        "silence:\n  - { cron: \"0 4 * * MON\", timezone: Europe/Zurich, for: 2h, because: the weekly failover, when: agent.id == 'billing-bot' }\nstages:",
    );
    let (world, desk) = open(&[&silent]);
    let answer = desk.taken(&alert("a", "billing-bot"));
    assert_eq!(answer["runs"], json!([]));
    assert_eq!(answer["playbooks"][0]["why_not"], json!("silenced: the weekly failover"));
    let incident = desk.incidents().remove(0);
    assert_eq!(desk.facts(&incident), ["incident_opened", "playbook_silenced"]);
    assert_eq!(desk.taken(&alert("b", "mail-bot"))["runs"].as_array().unwrap().len(), 1, "nobody else is meant");
    world.clock.advance(Duration::from_hours(2));
    assert_eq!(desk.taken(&alert("c", "billing-bot"))["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_window_that_comes_once_silences_a_schedule_too() {
    let silent = DAILY.replace(
        "stages:",
        "silence: { from: \"2026-11-23T06:00:00+01:00\", to: \"2026-11-23T07:00:00+01:00\", because: moving house }\nstages:",
    );
    let (world, desk) = open(&[&silent]);
    tick(&desk);
    world.clock.advance(Duration::from_mins(150));
    tick(&desk);
    assert!(desk.life.runs().is_empty());
    world.clock.advance(Duration::from_hours(24));
    tick(&desk);
    assert_eq!(desk.life.runs().len(), 2);
}

/// Every minute.
fn minutely() -> String {
    DAILY.replace("30 6 * * *", "* * * * *")
}

#[test]
fn of_thousands_of_missed_ticks_one_is_done() {
    let (world, desk) = open(&[&minutely()]);
    tick(&desk);
    desk.crash();
    world.clock.advance(Duration::from_mins(2_500));
    let desk = Desk::open(&world);
    assert_eq!((tick(&desk), tick(&desk)), (2, 0), "the last of them, and no other after it");
    let run = desk.life.run(desk.life.runs()[0]);
    assert_eq!(run.alert.occurred_at, world.clock_now());
    assert!(run.alert.title.ends_with("catching up 1000 or more missed"), "{}", run.alert.title);
}

#[test]
fn a_schedule_that_was_away_for_a_while_catches_up_and_one_that_was_away_for_long_starts_from_now() {
    for (away, caught_up) in [(Duration::from_hours(48), 2), (Duration::from_hours(24 * 32), 0)] {
        let (world, desk) = open(&[DAILY]);
        tick(&desk);
        let load = |desk: &Desk| {
            let engine = &desk.life.engine;
            desk.life.on(async { engine.library().load(engine.store(), world.clock_now()).await }).unwrap();
        };
        world.remove("daily");
        load(&desk);
        tick(&desk);
        world.clock.advance(away);
        assert_eq!(tick(&desk), 0);
        world.write(DAILY);
        load(&desk);
        assert_eq!(tick(&desk), caught_up, "after {away:?}");
    }
}

#[test]
fn a_replica_that_does_not_have_a_playbook_takes_no_tick_from_one_that_has() {
    let (world, desk) = open(&[DAILY]);
    tick(&desk);
    world.remove("daily");
    let other = world.neighbour(&desk.life, std::sync::Arc::default());
    let other = crate::intake::Intake::new(other, crate::intake::Sources::new());
    for _ in 0..3 {
        desk.life.on(other.tick_schedules()).unwrap();
        world.clock.advance(Duration::from_mins(50));
    }
    // The replica that has it was away at the time of the tick.
    drop(other);
    desk.crash();
    world.write(DAILY);
    let desk = Desk::open(&world);
    assert_eq!(tick(&desk), 2);
}

#[test]
fn what_is_damaged_of_one_schedule_is_an_error_about_that_one_alone() {
    let (world, desk) = open(&[DAILY, &DAILY.replace("playbook: daily", "playbook: other")]);
    tick(&desk);
    let row = crate::store::Row::Setting { key: "schedule/daily".into(), value: json!("what?") };
    let commit = crate::store::Commit { guards: Vec::new(), rows: vec![row] };
    desk.life.on(desk.intake.engine().commit(commit, Vec::new())).unwrap();
    desk.crash();
    world.clock.advance(Duration::from_mins(150));
    let desk = Desk::open(&world);
    assert_eq!(tick(&desk), 2, "the other one ticks");
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(tick(&desk), 4, "and the damaged one went on from then");
}

#[test]
fn a_schedule_that_can_not_be_taken_tells_its_owner_once_and_not_every_second() {
    let fault = DAILY.replace("agent.id != 'quiet-bot'", "agent.id == 'nobody' || agent.systems[3] == 'x'");
    let (world, desk) = open(&[&fault]);
    tick(&desk);
    world.clock.advance(Duration::from_mins(150));
    for _ in 0..3 {
        tick(&desk);
        world.clock.advance(Duration::from_secs(1));
    }
    let faults = |desk: &Desk| desk.told().into_values().flatten().filter(|it| it == "Playbook fault: daily").count();
    let told = faults(&desk);
    assert!(told > 0);
    // As if what says that the tick is done had been lost: the delivery is known, and nobody is told again.
    let at = "2026-11-23T03:00:00Z";
    let old = json!({ "at": at, "schedule": "30 6 * * * Europe/Zurich", "served_at": at });
    let row = crate::store::Row::Setting { key: "schedule/daily".into(), value: old };
    let commit = crate::store::Commit { guards: Vec::new(), rows: vec![row] };
    desk.life.on(desk.intake.engine().commit(commit, Vec::new())).unwrap();
    desk.crash();
    let desk = Desk::open(&world);
    tick(&desk);
    assert_eq!(faults(&desk), told);
}
