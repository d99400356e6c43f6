//! Playbooks that start again: by repeats and by further alerts, once their last run is over, and with the reason.

use std::time::Duration;

use serde_json::{Value, json};

use super::desk::{ASK, Desk, alert, alert_with, run_of};
use crate::clock::Clock;
use crate::domain::{Actor, Event, EventKind, Severity};
use crate::engine::tests::harness::World;

/// A playbook whose runs are over as soon as they begin.
const AGAIN: &str = r#"
playbook: again
title: Again
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'token_anomalous_use'" }
rerun_when: alert.severity > last.severity || now - last.ended_at > duration('1h')
stages:
  - stage: tell
    steps:
      - { step: tell, action: notify, with: { to: owner, template: alert } }
"#;

fn weighing(id: &str, severity: &str) -> Value {
    alert_with(id, "billing-bot", &json!({ "severity": severity }))
}

/// Why the first playbook of an answer did not start.
fn why_not(answer: &Value) -> &str {
    answer["playbooks"][0]["why_not"].as_str().unwrap_or_else(|| panic!("it started: {answer}"))
}

fn facts(desk: &Desk) -> Vec<String> {
    desk.facts(&desk.incidents()[0])
}

#[test]
fn a_repeat_starts_a_playbook_again_when_it_is_worse_than_before_or_late_enough() {
    let world = World::new(&[AGAIN]);
    let desk = Desk::open(&world);
    let first = desk.taken(&weighing("a", "low"));
    world.clock.advance(Duration::from_secs(1));
    let same = desk.taken(&weighing("a", "low"));
    assert_eq!(same["outcome"], json!("folded"));
    assert!(why_not(&same).contains("did not hold"), "{same}");
    assert!(why_not(&same).contains(&run_of(&first).to_string()), "{same}");
    let worse = desk.taken(&weighing("a", "high"));
    assert_eq!((&worse["outcome"], &worse["alert"]), (&json!("folded"), &first["alert"]));
    assert!(worse["playbooks"][0]["again"].as_str().unwrap().contains("held"), "{worse}");
    let run = desk.life.run(run_of(&worse));
    assert_ne!(run.id, run_of(&first));
    assert_eq!((run.alert.severity, json!(run.alert.id)), (Severity::High, first["alert"].clone()));
    assert!(why_not(&desk.taken(&weighing("a", "high"))).contains("did not hold"));
    world.clock.advance(Duration::from_mins(61));
    let late = desk.taken(&weighing("a", "low"));
    assert_ne!(run_of(&late), run.id);
    assert_eq!(desk.life.runs().len(), 3);
    for run in desk.life.runs() {
        desk.life.checked_history(run);
    }
}

#[test]
fn the_history_says_each_time_why_it_ran_again_and_once_after_a_run_why_it_did_not() {
    let world = World::new(&[AGAIN]);
    let desk = Desk::open(&world);
    desk.taken(&weighing("a", "low"));
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(1));
        desk.taken(&weighing("a", "low"));
    }
    assert_eq!(facts(&desk), ["incident_opened", "playbook_not_run_again"]);
    desk.taken(&weighing("a", "high"));
    assert_eq!(facts(&desk).last().unwrap(), "playbook_ran_again");
    world.clock.advance(Duration::from_secs(1));
    desk.taken(&weighing("a", "high"));
    assert_eq!(facts(&desk).len(), 4);
}

#[test]
fn while_a_run_is_under_way_a_repeat_starts_nothing_and_afterwards_it_may() {
    let world = World::new(&[&ASK.replace("incident:", "rerun_when: last.outcome == 'cancelled'\nincident:")]);
    let desk = Desk::open(&world);
    let first = run_of(&desk.taken(&alert("a", "billing-bot")));
    let repeat = desk.taken(&alert("a", "billing-bot"));
    assert!(why_not(&repeat).contains("is under way"), "{repeat}");
    assert_eq!((desk.life.runs().len(), desk.life.run(first).joined), (1, 0));
    let joining = desk.taken(&alert("b", "billing-bot"));
    assert_eq!(run_of(&joining), first, "what a further alert does to a run under way is as ever");
    let cancelled = EventKind::RunCancelled { reason: "a false alarm".to_owned() };
    let event = Event { at: desk.life.clock.now(), actor: Actor::System, kind: cancelled };
    desk.life.on(desk.intake.engine().submit(first, event)).unwrap();
    assert_ne!(run_of(&desk.taken(&alert("a", "billing-bot"))), first);
}

#[test]
fn a_process_that_remembers_nothing_decides_as_one_that_remembers() {
    let told = |crashes: bool| {
        let world = World::new(&[AGAIN]);
        let mut desk = Desk::open(&world);
        let mut told = Vec::new();
        for (id, severity, minutes) in [
            ("a", "low", 0),
            ("a", "low", 1),
            ("a", "high", 1),
            ("b", "high", 1),
            ("b", "critical", 1),
            ("a", "low", 61),
        ] {
            world.clock.advance(Duration::from_mins(minutes));
            if crashes {
                desk.crash();
                desk = Desk::open(&world);
            }
            let answer = desk.taken(&weighing(id, severity));
            told.push((
                answer["outcome"].clone(),
                answer["run"].is_string(),
                answer["playbooks"][0]["matched"].clone(),
            ));
        }
        (told, facts(&desk), desk.life.runs().len())
    };
    let (remembered, stored) = (told(false), told(true));
    assert_eq!(remembered, stored);
    assert_eq!(remembered.2, 4, "{remembered:?}");
}

#[test]
fn a_further_alert_is_asked_only_if_the_playbook_says_so() {
    let world = World::new(&[AGAIN, &AGAIN.replace("playbook: again", "playbook: ever").replace("rerun_when", "# ")]);
    let desk = Desk::open(&world);
    desk.taken(&weighing("a", "low"));
    let further = desk.taken(&weighing("b", "low"));
    assert_eq!(further["outcome"], json!("accepted"));
    assert!(why_not(&further).contains("did not hold"), "{further}");
    assert_eq!(further["runs"].as_array().unwrap().len(), 1, "the other starts as ever: {further}");
    let worse = desk.taken(&weighing("c", "critical"));
    assert_eq!(worse["runs"].as_array().unwrap().len(), 2, "{worse}");
    assert!(worse["playbooks"][0]["again"].is_string(), "{worse}");
    // Of another agent nothing is known: a first run is never asked about.
    assert!(desk.taken(&alert("d", "mail-bot"))["playbooks"][0]["why_not"].is_null());
}

#[test]
fn a_delivery_with_the_same_repeat_twice_starts_one_run() {
    let world = World::new(&[AGAIN]);
    let desk = Desk::open(&world);
    desk.taken(&weighing("a", "low"));
    let twice = json!({ "alerts": [weighing("a", "high"), weighing("a", "high")] });
    let answer = desk.send(&twice).unwrap().answer;
    assert!(answer["alerts"][0]["run"].is_string(), "{answer}");
    assert!(why_not(&answer["alerts"][1]).contains("did not hold"), "{answer}");
    assert_eq!(desk.life.runs().len(), 2);
}

#[test]
fn silence_and_an_acknowledged_alert_hold_for_repeats_too() {
    let silent = "silence: { from: 2026-11-23T05:00:00Z, to: 2026-11-23T06:00:00Z, because: a drill }\nstages:";
    let world = World::new(&[&AGAIN.replace("stages:", silent)]);
    let desk = Desk::open(&world);
    desk.taken(&weighing("a", "low"));
    let acknowledged = alert_with("a", "billing-bot", &json!({ "severity": "high", "status": "acknowledged" }));
    assert_eq!(desk.taken(&acknowledged)["playbooks"], json!([]));
    world.clock.advance(Duration::from_hours(2));
    assert_eq!(why_not(&desk.taken(&weighing("a", "high"))), "silenced: a drill");
    assert_eq!(desk.life.runs().len(), 1);
    world.clock.advance(Duration::from_hours(1));
    assert!(desk.taken(&weighing("a", "high"))["run"].is_string());
}

#[test]
fn a_condition_that_can_not_be_evaluated_tells_the_owner_once_and_counts_as_no() {
    let world = World::new(&[&AGAIN.replace("rerun_when: ", "rerun_when: alert.fields.count > 3 || ")]);
    let desk = Desk::open(&world);
    desk.taken(&weighing("a", "low"));
    for _ in 0..2 {
        world.clock.advance(Duration::from_secs(1));
        let answer = desk.taken(&weighing("a", "low"));
        assert!(why_not(&answer).contains("could not be evaluated"), "{answer}");
    }
    assert_eq!(desk.life.runs().len(), 1);
    let faults = |told: &[String]| told.iter().filter(|subject| subject.contains("Playbook fault")).count();
    assert_eq!(desk.told().values().map(|told| faults(told)).max(), Some(1));
}

#[test]
fn a_repeat_that_no_playbook_asks_for_is_answered_as_ever() {
    let world = World::new(&[&AGAIN.replace("rerun_when", "# ")]);
    let desk = Desk::open(&world);
    let first = desk.taken(&weighing("a", "low"));
    let mut answer = json!(null);
    assert_eq!(desk.commits(|| answer = desk.taken(&weighing("a", "critical"))), 1);
    let expected =
        json!({ "alert": first["alert"], "outcome": "folded", "incident": first["incident"], "playbooks": [] });
    assert_eq!(answer, expected);
    assert_eq!(facts(&desk), ["incident_opened"]);
}

#[test]
fn a_repeat_starts_no_first_run() {
    let world = World::new(&[&AGAIN.replace("when: \"alert.rule", "when: \"alert.severity >= HIGH && alert.rule")]);
    let desk = Desk::open(&world);
    desk.taken(&weighing("a", "low"));
    assert!(why_not(&desk.taken(&weighing("a", "high"))).contains("no first run"));
    assert!(desk.life.runs().is_empty());
}

#[test]
fn a_worse_repeat_within_one_body_is_asked_like_one_that_comes_later() {
    let world = World::new(&[AGAIN]);
    let desk = Desk::open(&world);
    let answer = desk.send(&json!({ "alerts": [weighing("a", "low"), weighing("a", "high")] })).unwrap().answer;
    let [first, worse] = [0, 1].map(|index| &answer["alerts"][index]);
    assert_eq!((&worse["outcome"], &worse["alert"]), (&json!("folded"), &first["alert"]));
    assert!(worse["playbooks"][0]["again"].is_string(), "{worse}");
    assert_ne!(run_of(worse), run_of(first));
    let incident = desk.incidents().remove(0);
    assert_eq!((desk.life.runs().len(), incident.alerts, incident.severity), (2, 2, Severity::High));
}
