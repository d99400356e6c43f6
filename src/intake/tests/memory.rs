//! What is planned from memory is refused where it is wrong, and planned again from what is stored.

use serde_json::json;

use super::desk::{ASK, Desk, alert, run_of};
use crate::clock::Clock;
use crate::domain::{Actor, Event, EventKind, IncidentStatus};
use crate::engine::tests::harness::World;

#[test]
fn a_process_that_remembers_nothing_folds_a_repeat_into_what_is_stored() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let first = desk.taken(&alert("a", "billing-bot"));
    desk.crash();
    let desk = Desk::open(&world);
    let repeat = desk.taken(&alert("a", "billing-bot"));
    assert_eq!((&repeat["outcome"], &repeat["alert"]), (&json!("folded"), &first["alert"]));
    // From then on it is remembered: one commit, and none that is refused.
    assert_eq!(desk.commits(|| drop(desk.taken(&alert("a", "billing-bot")))), 1);
    assert_eq!(desk.incidents()[0].alerts, 3);
    let joining = desk.taken(&alert("b", "billing-bot"));
    assert_eq!((&joining["incident"], run_of(&joining)), (&first["incident"], run_of(&first)));
    assert_eq!(desk.incidents().len(), 1);
}

#[test]
fn a_delivery_that_comes_again_after_a_restart_is_answered_as_before() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let first = desk.send_signed("msg-1", &alert("a", "billing-bot")).unwrap();
    desk.crash();
    let desk = Desk::open(&world);
    assert_eq!(desk.send_signed("msg-1", &alert("a", "billing-bot")).unwrap(), first);
}

#[test]
fn an_incident_that_a_person_closed_is_not_joined_from_memory() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let first = desk.taken(&alert("a", "billing-bot"));
    let [incident] = &desk.incidents()[..] else { panic!("one incident is expected") };
    let run = run_of(&first);
    let cancelled = EventKind::RunCancelled { reason: "a false alarm".to_owned() };
    let event = Event { at: desk.life.clock.now(), actor: Actor::System, kind: cancelled };
    desk.life.on(desk.intake.engine().submit(run, event)).unwrap();
    desk.life.on(desk.intake.engine().close_incident(incident.id, &Actor::System, "a false alarm")).unwrap();
    let next = desk.taken(&alert("b", "billing-bot"));
    assert_ne!(next["incident"], first["incident"]);
    assert_ne!(run_of(&next), run);
    let statuses: Vec<IncidentStatus> = desk.incidents().iter().map(|it| it.status).collect();
    assert!(statuses.contains(&IncidentStatus::Closed) && statuses.len() == 2, "{statuses:?}");
}

#[test]
fn a_repeat_counts_at_its_incident_although_only_its_alert_is_remembered() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    desk.taken(&alert("a", "billing-bot"));
    // As after a commit about the agent that the store could not take.
    desk.intake.memory.forget("agent:billing-bot");
    let repeat = desk.taken(&alert("a", "billing-bot"));
    assert_eq!(repeat["outcome"], json!("folded"));
    assert_eq!(desk.incidents()[0].alerts, 2);
}

#[test]
fn an_alert_that_is_not_remembered_folds_although_its_incident_is_remembered() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let first = desk.taken(&alert("a", "billing-bot"));
    desk.crash();
    let desk = Desk::open(&world);
    // From this one on the incident is remembered, and of its alerts only this.
    desk.taken(&alert("b", "billing-bot"));
    let repeat = desk.taken(&alert("a", "billing-bot"));
    assert_eq!((&repeat["outcome"], &repeat["alert"]), (&json!("folded"), &first["alert"]));
    assert_eq!(desk.incidents()[0].alerts, 3);
}
