//! What is said of playbooks that repeats of an alert do not start: to their owners and to the history, never in silence,
//! and never with every repeat.

use std::time::Duration;

use serde_json::{Value, json};

use super::desk::{Desk, alert_with, run_of};
use crate::engine::tests::harness::World;
use crate::store::upkeep::Retired;
use crate::store::{Commit, Row};

/// A playbook whose runs are over as soon as they begin.
const AGAIN: &str = r#"
playbook: again
title: Again
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'token_anomalous_use'" }
rerun_when: alert.severity > last.severity
stages:
  - stage: tell
    steps:
      - { step: tell, action: notify, with: { to: owner, template: alert } }
"#;

/// An alert with a severity and fields.
fn of(id: &str, severity: &str, fields: &Value) -> Value {
    alert_with(id, "billing-bot", &json!({ "severity": severity, "fields": fields }))
}

/// Takes it a second later; why the first playbook did not start.
fn why_not(world: &World, desk: &Desk, body: &Value) -> String {
    world.clock.advance(Duration::from_secs(1));
    let answer = desk.taken(body);
    answer["playbooks"][0]["why_not"].as_str().unwrap_or_else(|| panic!("it started: {answer}")).to_owned()
}

/// How often the playbook's owner was told of a fault.
fn faults(desk: &Desk) -> usize {
    desk.told().get("ana").map_or(0, |told| told.iter().filter(|it| it.contains("Playbook fault")).count())
}

fn facts(desk: &Desk) -> Vec<String> {
    desk.facts(&desk.incidents()[0])
}

#[test]
fn a_fault_that_comes_with_the_second_repeat_is_told_once_an_hour() {
    let world = World::new(&[&AGAIN.replace("rerun_when: ", "rerun_when: alert.fields.count > 3 || ")]);
    let desk = Desk::open(&world);
    let (sound, faulty) = (of("a", "low", &json!({ "count": 1 })), of("a", "low", &json!({})));
    desk.taken(&sound);
    assert!(why_not(&world, &desk, &sound).contains("did not hold"));
    for _ in 0..3 {
        assert!(why_not(&world, &desk, &faulty).contains("could not be evaluated"));
    }
    assert_eq!((faults(&desk), facts(&desk).len()), (1, 3), "{:?}", facts(&desk));
    world.clock.advance(Duration::from_hours(1));
    for _ in 0..3 {
        why_not(&world, &desk, &faulty);
    }
    assert_eq!(faults(&desk), 2);
}

#[test]
fn a_window_that_silences_the_second_repeat_is_in_the_history_once() {
    let silent = "silence: { from: 2026-11-23T03:01:00Z, to: 2026-11-23T04:00:00Z, because: a drill }\nstages:";
    let world = World::new(&[&AGAIN.replace("stages:", silent)]);
    let desk = Desk::open(&world);
    desk.taken(&of("a", "low", &json!({})));
    assert!(why_not(&world, &desk, &of("a", "low", &json!({}))).contains("did not hold"));
    world.clock.advance(Duration::from_mins(2));
    for _ in 0..3 {
        assert_eq!(why_not(&world, &desk, &of("a", "high", &json!({}))), "silenced: a drill");
    }
    assert_eq!(facts(&desk), ["incident_opened", "playbook_not_run_again", "playbook_silenced"]);
}

#[test]
fn a_last_run_that_can_not_be_read_is_told_once_and_not_with_every_repeat() {
    let world = World::new(&[AGAIN]);
    let desk = Desk::open(&world);
    let first = desk.taken(&of("a", "high", &json!({})));
    assert!(why_not(&world, &desk, &of("b", "low", &json!({}))).contains("did not hold"));
    // What the run was started by is gone, so nobody can say how severe it was.
    let gone = Retired::Alert(first["alert"].as_str().unwrap().parse().unwrap());
    let commit = Commit { guards: Vec::new(), rows: vec![Row::Retired(Box::new(gone))] };
    desk.life.on(desk.life.engine.commit(commit, Vec::new())).unwrap();
    for _ in 0..4 {
        why_not(&world, &desk, &of("b", "low", &json!({})));
    }
    assert_eq!((faults(&desk), desk.life.runs().len()), (1, 1));
}

#[test]
fn a_run_that_can_not_start_again_is_told_once_and_not_with_every_repeat() {
    let steps: String = (0..60)
        .map(|index| format!("      - {{ step: s{index}, action: notify, with: {{ to: owner, subject: hi, text: \"{{{{json alert.resources}}}}\" }} }}\n"))
        .collect();
    let world = World::new(&[
        &AGAIN.replace("      - { step: tell, action: notify, with: { to: owner, template: alert } }\n", &steps)
    ]);
    let desk = Desk::open(&world);
    run_of(&desk.taken(&of("a", "low", &json!({}))));
    let heavy = alert_with("a", "billing-bot", &json!({ "severity": "high", "resources": vec!["x".repeat(1_000); 8] }));
    for _ in 0..4 {
        assert!(why_not(&world, &desk, &heavy).contains("failed to begin"));
    }
    assert_eq!((faults(&desk), desk.life.runs().len()), (1, 1));
}

#[test]
fn a_condition_that_only_a_repeat_can_not_answer_is_told_once_an_hour_even_across_a_crash() {
    let world = World::new(&[&AGAIN.replace("alert.rule == 'token_anomalous_use'", "alert.fields.region == 'eu'")]);
    let mut desk = Desk::open(&world);
    desk.taken(&of("a", "low", &json!({ "region": "us" })));
    let faulty = of("a", "low", &json!({}));
    for _ in 0..3 {
        assert!(why_not(&world, &desk, &faulty).contains("could not be evaluated"));
    }
    assert_eq!(faults(&desk), 1);
    desk.crash();
    desk = Desk::open(&world);
    why_not(&world, &desk, &faulty);
    assert_eq!(faults(&desk), 1, "nobody remembers, and the hour is the same");
    world.clock.advance(Duration::from_hours(1));
    why_not(&world, &desk, &faulty);
    why_not(&world, &desk, &faulty);
    assert_eq!(faults(&desk), 2);
}

#[test]
fn what_was_told_of_a_new_alert_is_not_told_again_of_its_repeats() {
    let world = World::new(&[&AGAIN.replace("alert.rule == 'token_anomalous_use'", "alert.fields.region == 'eu'")]);
    let desk = Desk::open(&world);
    let faulty = of("a", "low", &json!({}));
    for _ in 0..3 {
        assert!(why_not(&world, &desk, &faulty).contains("could not be evaluated"));
    }
    assert_eq!(faults(&desk), 1);
}

#[test]
fn a_repeat_whose_playbook_has_no_open_incident_is_answered_with_that() {
    let keyed = "incident: { key: alert.fields.session }\nstages:";
    let world = World::new(&[&AGAIN.replace("stages:", keyed)]);
    let desk = Desk::open(&world);
    desk.taken(&of("a", "low", &json!({ "session": "one" })));
    let other = why_not(&world, &desk, &of("a", "high", &json!({ "session": "two" })));
    assert!(other.contains("no open incident"), "{other}");
    assert_eq!(desk.life.runs().len(), 1);
}

#[test]
fn repeats_within_one_body_are_one_word_in_the_history() {
    let world = World::new(&[AGAIN]);
    let desk = Desk::open(&world);
    let batch = json!({ "alerts": vec![of("a", "low", &json!({})); 4] });
    let answer = desk.send(&batch).unwrap().answer;
    assert_eq!(answer["alerts"][3]["outcome"], "folded", "{answer}");
    assert_eq!(facts(&desk), ["incident_opened", "playbook_not_run_again"]);
}
