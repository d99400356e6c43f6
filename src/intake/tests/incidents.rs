//! Playbooks that say what the alerts of one incident have in common.

use serde_json::{Value, json};

use super::desk::{ASK, Desk, OBSERVE, alert_with, bearer, run_of, sources};
use crate::domain::approval::Choice;
use crate::domain::{Run, StepState, Waiting};
use crate::engine::tests::harness::{World, agent, agent_id};

fn by_session() -> String {
    ASK.replace("incident: { on_new_alert: join }", "incident: { key: alert.fields.session, on_new_alert: join }")
}

fn of(id: &str, agent: &str, session: &str) -> Value {
    alert_with(id, agent, &json!({ "fields": { "session": session } }))
}

#[test]
fn alerts_of_one_session_are_one_incident_and_those_of_another_are_another_even_after_a_crash() {
    let world = World::new(&[&by_session()]);
    let mut desk = Desk::open(&world);
    let first = desk.taken(&of("a", "billing-bot", "one"));
    let other = desk.taken(&of("b", "billing-bot", "two"));
    assert_ne!(first["incident"], other["incident"]);
    assert_ne!(run_of(&first), run_of(&other));
    for id in ["c", "d"] {
        // Once from memory, once from what is stored.
        let further = desk.taken(&of(id, "billing-bot", "one"));
        assert_eq!((&further["incident"], run_of(&further)), (&first["incident"], run_of(&first)));
        desk.crash();
        desk = Desk::open(&world);
    }
    assert_eq!(desk.life.run(run_of(&first)).joined, 2);
    let keys: Vec<String> = desk.incidents().into_iter().map(|incident| incident.key).collect();
    assert_eq!(keys.len(), 2, "no third incident of the agent itself: {keys:?}");
    assert!(keys.iter().all(|key| key.starts_with("by:alert.fields.session=")), "{keys:?}");
}

#[test]
fn a_repeat_is_counted_in_the_incident_of_its_alert() {
    let world = World::new(&[&by_session()]);
    for crash in [false, true] {
        let mut desk = Desk::open(&world);
        let first = desk.taken(&of("a", "billing-bot", "one"));
        if crash {
            desk.crash();
            desk = Desk::open(&world);
        }
        let before = desk.incidents()[0].alerts;
        let again = desk.taken(&of("a", "billing-bot", "one"));
        assert_eq!((&again["outcome"], &again["incident"]), (&json!("folded"), &first["incident"]));
        let incidents = desk.incidents();
        assert_eq!((incidents.len(), incidents[0].alerts), (1, before + 1));
        desk.crash();
    }
}

#[test]
fn an_alert_without_what_the_key_reads_belongs_to_its_agent_and_the_answer_says_why() {
    let world = World::new(&[&by_session()]);
    let desk = Desk::open(&world);
    let answer = desk.taken(&alert_with("a", "billing-bot", &json!({})));
    run_of(&answer);
    let why = answer["playbooks"][0]["why_not"].as_str().unwrap().to_owned();
    assert!(why.contains("incident.key can't be told"), "{why}");
    assert_eq!(desk.incidents()[0].key, "agent:billing-bot");
    assert!(!desk.life.gate_allows("billing-bot"), "nothing is left undone");
}

#[test]
fn an_alert_that_starts_one_playbook_of_each_kind_is_recorded_with_its_agent() {
    let world = World::new(&[&by_session(), &ASK.replace("playbook: ask", "playbook: plain")]);
    let desk = Desk::open(&world);
    let both = desk.taken(&of("a", "billing-bot", "one"));
    assert_eq!(both["runs"].as_array().unwrap().len(), 2);
    let incidents = desk.incidents();
    assert_eq!(incidents.len(), 2);
    let home = incidents.iter().find(|incident| json!(incident.id) == both["incident"]).unwrap();
    assert_eq!((home.key.as_str(), home.alerts), ("agent:billing-bot", 1));
    // Another session joins the run that goes by the agent, and starts one of its own.
    let next = desk.taken(&of("b", "billing-bot", "two"));
    assert_eq!((desk.life.runs().len(), next["runs"].as_array().unwrap().len()), (3, 2));
}

#[test]
fn an_alert_about_another_agent_of_the_same_session_joins_no_run_about_this_one() {
    let world = World::new(&[&by_session()]);
    let desk = Desk::open(&world);
    let first = run_of(&desk.taken(&of("a", "billing-bot", "one")));
    let second = run_of(&desk.taken(&of("b", "mail-bot", "one")));
    assert_ne!(first, second);
    assert!(!desk.life.gate_allows("mail-bot"));
    assert_eq!(desk.incidents().len(), 1);
}

#[test]
fn a_storm_of_alerts_about_many_agents_of_one_session_is_taken_whole() {
    let mut world = World::new(&[&by_session()]);
    world.threads = true;
    world.agents = (0..30).map(|number| agent(&format!("bot-{number}"))).collect();
    let desk = Desk::open(&world);
    let intake = std::sync::Arc::new(crate::intake::Intake::new(desk.life.engine.clone(), sources()));
    let receipts = desk.life.on(async {
        let mut deliveries = tokio::task::JoinSet::new();
        for number in 0..30 {
            let intake = intake.clone();
            let body = of(&format!("a-{number}"), &format!("bot-{number}"), "one").to_string();
            deliveries.spawn(async move { intake.receive("detector", &bearer(), body.as_bytes()).await });
        }
        deliveries.join_all().await
    });
    drop(intake);
    let refused: Vec<_> = receipts.iter().filter_map(|receipt| receipt.as_ref().err()).collect();
    assert!(refused.is_empty(), "{} were refused: {}", refused.len(), refused[0]);
    let [incident] = &desk.incidents()[..] else { panic!("one incident is expected") };
    assert_eq!((incident.alerts, desk.life.runs().len()), (30, 30));
}

#[test]
fn an_unknown_agent_with_many_sessions_is_told_of_once() {
    let world = World::new(&[&by_session()]);
    let desk = Desk::open(&world);
    for (id, session) in [("a", "one"), ("b", "two"), ("c", "three")] {
        run_of(&desk.taken(&of(id, "stranger", session)));
    }
    let told: Vec<String> = desk.told().remove("sam").unwrap();
    assert_eq!(told.iter().filter(|subject| subject.starts_with("Unknown agent")).count(), 1, "{told:?}");
    assert_eq!((desk.life.runs().len(), desk.incidents().len()), (3, 4), "its own, and one a session");
    world.clock.advance(std::time::Duration::from_mins(61));
    desk.taken(&of("d", "stranger", "four"));
    let told = desk.told().remove("sam").unwrap();
    assert_eq!(told.iter().filter(|subject| subject.starts_with("Unknown agent")).count(), 2, "{told:?}");
}

#[test]
fn that_a_playbook_was_silent_stands_in_the_incident_that_it_goes_by() {
    let silent = OBSERVE.replace(
        "stages:",
        "incident: { key: alert.fields.session }\n\
         silence: { from: 2026-11-23T03:01:00Z, to: 2026-11-23T04:00:00Z, because: a drill }\nstages:",
    );
    let world = World::new(&[&silent]);
    let desk = Desk::open(&world);
    desk.taken(&of("a", "billing-bot", "one"));
    world.clock.advance(std::time::Duration::from_mins(2));
    desk.taken(&of("b", "billing-bot", "one"));
    desk.taken(&of("c", "billing-bot", "two"));
    let facts = |key: &str| {
        let incidents = desk.incidents();
        desk.facts(incidents.iter().find(|incident| incident.key == key).unwrap())
    };
    assert_eq!(facts("by:alert.fields.session=one"), ["incident_opened", "playbook_silenced"]);
    assert_eq!(facts("agent:billing-bot"), ["incident_opened", "alert_joined", "playbook_silenced"], "it opens none");
    assert_eq!(desk.incidents().len(), 2);
}

#[test]
fn a_repeat_is_not_counted_in_an_incident_that_is_resolved() {
    use crate::domain::IncidentStatus;
    use crate::store::{Commit, Guard, Row};
    let world = World::new(&[&by_session()]);
    let desk = Desk::open(&world);
    desk.taken(&of("a", "billing-bot", "one"));
    let mut incident = desk.incidents().remove(0);
    let guards = vec![Guard::IncidentVersion { incident: incident.id, expected: incident.version }];
    (incident.version, incident.status) = (incident.version + 1, IncidentStatus::Resolved);
    let rows = vec![Row::Incident(Box::new(incident.clone()))];
    desk.life.on(desk.life.engine.commit(Commit { guards, rows }, Vec::new())).unwrap();
    desk.crash();
    let desk = Desk::open(&world);
    assert_eq!(desk.taken(&of("a", "billing-bot", "one"))["outcome"], json!("folded"));
    assert_eq!(desk.incidents(), [incident]);
}

/// Restarts within one incident, and pauses an agent that all of its runs share.
const SHARED: &str = r#"
playbook: shared
title: Pauses the mail
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'misuse'" }
incident: { key: alert.fields.session, on_new_alert: restart }
stages:
  - stage: contain
    steps:
      - { step: other, action: run_playbook, with: { playbook: ask, agent: mail-bot } }
"#;

#[test]
fn a_run_takes_over_no_holds_of_a_family_that_is_about_another_agent_of_its_incident() {
    let mut world = World::new(&[SHARED, ASK]);
    world.agents.push(agent("third-bot"));
    let desk = Desk::open(&world);
    let child = |id: &str, agent: &str| {
        let body = alert_with(id, agent, &json!({ "rule": "misuse", "fields": { "session": "one" } }));
        let parent = run_of(&desk.taken(&body));
        let waits = |run: &Run| {
            run.steps.values().find_map(|record| match record.state {
                StepState::Waiting(Waiting::Run { run, .. }) => Some(run),
                _ => None,
            })
        };
        let parent = desk.life.until_run(parent, "it waits for another run", |run| waits(run).is_some());
        desk.life.run(waits(&parent).unwrap())
    };
    let first = child("a", "billing-bot");
    let in_its_place = child("b", "billing-bot");
    assert_eq!(in_its_place.inherits.len(), 1, "its own former hold on the mail");
    let other = child("c", "third-bot");
    assert_eq!(other.incident, first.incident, "all of it is one incident");
    assert_eq!(other.inherits, [], "what the family about the billing holds is not its own");
    desk.life.vote(other.id, "ana", Choice::Approve).unwrap();
    desk.life.until_finished(other.id);
    assert_eq!(desk.life.engine.holds_on(&agent_id("mail-bot")).len(), 2, "those of the other family stay");
}
