//! What a delivery that is taken leads to, on disk and in its answer.

use serde_json::json;

use super::desk::{ASK, Desk, OBSERVE, alert, alert_with, run_of, signed, step};
use crate::clock::Clock;
use crate::domain::{IncidentStatus, Mode, Outcome, RunStatus};
use crate::engine::tests::harness::World;
use crate::store::{Inbox, ReadModel};

#[test]
fn an_alert_its_incident_and_its_run_are_on_disk_with_one_commit() {
    let world = World::new(&[OBSERVE]);
    let desk = Desk::open(&world);
    let mut answer = json!(null);
    let commits = desk.commits(|| answer = desk.taken(&alert("a", "billing-bot")));
    assert_eq!(commits, 1);
    assert_eq!((&answer["outcome"], &answer["mode"]), (&json!("accepted"), &json!("observe")));
    assert_eq!(answer["agent"], json!({ "id": "billing-bot", "known": true }));
    assert_eq!(answer["playbooks"][0]["matched"], json!(true));
    desk.crash();
    let desk = Desk::open(&world);
    let [incident] = &desk.incidents()[..] else { panic!("one incident is expected") };
    assert_eq!((incident.status, incident.alerts, incident.unowned), (IncidentStatus::InProgress, 1, false));
    assert_eq!(answer["incident"], json!(incident.id));
    assert_eq!(desk.facts(incident), ["incident_opened"]);
    let alerts = desk.life.on(desk.intake.engine().store().alerts_of(incident.id)).unwrap();
    assert_eq!(
        alerts.iter().map(|it| (json!(it.alert.id), it.count)).collect::<Vec<_>>(),
        [(answer["alert"].clone(), 1)]
    );
    let body = desk.life.on(desk.intake.engine().store().alert_body(alerts[0].alert.id)).unwrap();
    assert_eq!(body, Some(alert("a", "billing-bot")));
    desk.life.checked_history(run_of(&answer));
}

#[test]
fn an_observed_playbook_is_recorded_and_nothing_is_done() {
    let world = World::new(&[OBSERVE]);
    let desk = Desk::open(&world);
    let run = desk.life.run(run_of(&desk.taken(&alert("a", "billing-bot"))));
    assert_eq!((run.mode, run.status.clone()), (Mode::Observe, RunStatus::Finished(Outcome::Completed)));
    assert!(run.steps[&step("revoke")].detail.as_ref().unwrap().contains("would do try.contain"));
    assert!(world.outside.calls().is_empty() && desk.told().is_empty());
    assert!(desk.life.gate_allows("billing-bot"));
    assert_eq!(run.containment(), None);
}

#[test]
fn an_alert_that_no_playbook_matches_is_an_incident_and_says_why_not() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let answer = desk.taken(&alert_with("a", "billing-bot", &json!({ "rule": "other" })));
    assert_eq!(answer["run"], json!(null));
    let line = &answer["playbooks"][0];
    assert_eq!(
        (&line["matched"], &line["why_not"]),
        (&json!(false), &json!("`alert.rule == 'token_anomalous_use'` did not hold"))
    );
    assert_eq!(desk.incidents()[0].status, IncidentStatus::New);
}

#[test]
fn the_same_delivery_is_answered_the_same_byte_for_byte_and_starts_nothing() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let first = desk.send_signed("d-1", &alert("a", "billing-bot")).unwrap();
    let again = desk.send_signed("d-1", &alert("a", "billing-bot")).unwrap();
    assert_eq!(serde_json::to_vec(&first).unwrap(), serde_json::to_vec(&again).unwrap());
    let other_body = desk.send_signed("d-1", &alert("b", "mail-bot")).unwrap();
    assert_eq!(first, other_body, "the id is what counts");
    assert_eq!((desk.life.runs().len(), desk.incidents()[0].alerts), (1, 1));
    desk.crash();
    let desk = Desk::open(&world);
    assert_eq!(desk.send_signed("d-1", &alert("a", "billing-bot")).unwrap(), first, "also after a crash");
}

#[test]
fn the_same_delivery_twenty_times_at_once_is_taken_once() {
    let mut world = World::new(&[ASK]);
    world.threads = true;
    let desk = Desk::open(&world);
    let body = alert("a", "billing-bot").to_string();
    let headers = signed("d-1", world.clock.now(), &body);
    let intake = std::sync::Arc::new(crate::intake::Intake::new(desk.life.engine.clone(), super::desk::sources()));
    let receipts = desk.life.on(async {
        let mut deliveries = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (intake, headers, body) = (intake.clone(), headers.clone(), body.clone());
            deliveries.spawn(async move { intake.receive("signed", &headers, body.as_bytes()).await.unwrap() });
        }
        deliveries.join_all().await
    });
    drop(intake);
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:#?}");
    assert_eq!((desk.life.runs().len(), desk.incidents().len(), desk.incidents()[0].alerts), (1, 1, 1));
}

#[test]
fn different_alerts_about_one_agent_at_once_share_one_incident() {
    let mut world = World::new(&[ASK]);
    world.threads = true;
    let desk = Desk::open(&world);
    let intake = std::sync::Arc::new(crate::intake::Intake::new(desk.life.engine.clone(), super::desk::sources()));
    desk.life.on(async {
        let mut deliveries = tokio::task::JoinSet::new();
        for number in 0..20 {
            let intake = intake.clone();
            let body = alert(&format!("a-{number}"), "billing-bot").to_string();
            let work =
                async move { intake.receive("detector", &super::desk::bearer(), body.as_bytes()).await.unwrap() };
            deliveries.spawn(work);
        }
        deliveries.join_all().await
    });
    drop(intake);
    let [incident] = &desk.incidents()[..] else { panic!("one incident is expected") };
    assert_eq!((incident.alerts, desk.life.runs().len()), (20, 1));
    assert_eq!(desk.life.run(desk.life.runs()[0]).joined, 19);
    assert_eq!(desk.facts(incident).len(), 20);
}

#[test]
fn a_batch_is_one_commit_whoever_its_alerts_are_about() {
    let world = World::new(&[OBSERVE]);
    let desk = Desk::open(&world);
    let batch = json!({ "alerts": [alert("a", "billing-bot"), alert("b", "mail-bot"), alert("c", "billing-bot")] });
    let mut answer = json!(null);
    assert_eq!(desk.commits(|| answer = desk.send(&batch).unwrap().answer), 1);
    let alerts = answer["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), 3);
    assert_eq!(alerts[0]["incident"], alerts[2]["incident"]);
    let counts: Vec<_> = desk.incidents().iter().map(|it| it.alerts).collect();
    assert_eq!(counts.iter().sum::<u64>(), 3);
    assert_eq!(counts.len(), 2);
    assert_eq!(desk.life.runs().len(), 3, "what only observes is over at once: the next alert has a run of its own");
}

#[test]
fn a_sender_that_repeats_itself_within_one_body_starts_one_run() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let batch = json!({ "alerts": [alert("a", "billing-bot"), alert("a", "billing-bot")] });
    let answer = desk.send(&batch).unwrap().answer;
    assert_eq!(
        (&answer["alerts"][0]["outcome"], &answer["alerts"][1]["outcome"]),
        (&json!("accepted"), &json!("folded"))
    );
    assert_eq!(desk.life.runs().len(), 1);
    let stored = desk.life.on(desk.intake.engine().store().alerts_of(desk.incidents()[0].id)).unwrap();
    assert_eq!((stored.len(), stored[0].count), (1, 2));
}

#[test]
fn an_alert_that_ends_and_fires_within_one_body_is_taken_in_that_order() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let over = |id: &str| alert_with(id, "billing-bot", &json!({ "status": "resolved" }));
    let outcomes = |alerts: serde_json::Value| -> Vec<String> {
        world.clock.advance(std::time::Duration::from_secs(1));
        let answer = desk.send(&json!({ "alerts": alerts })).unwrap().answer;
        let alerts = answer["alerts"].as_array().unwrap().iter();
        alerts.map(|alert| alert["outcome"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(outcomes(json!([alert("a", "billing-bot"), over("a")])), ["accepted", "resolved"]);
    assert_eq!(outcomes(json!([alert("a", "billing-bot")])), ["accepted"]);
    assert_eq!(outcomes(json!([over("a"), alert("a", "billing-bot"), over("b")])), ["resolved", "accepted", "ignored"]);
    let stored = desk.life.on(desk.intake.engine().store().alerts_of(desk.incidents()[0].id)).unwrap();
    assert_eq!(stored.iter().map(|it| it.resolved_at.is_some()).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn an_agent_that_nobody_knows_is_an_unowned_incident_and_the_fallback_owner_is_told_once() {
    let world = World::new(&[]);
    let desk = Desk::open(&world);
    desk.taken(&alert("a", "stranger"));
    let incident = desk.incidents().remove(0);
    assert!(incident.unowned);
    desk.taken(&alert("b", "stranger"));
    let told: Vec<_> = desk.told().into_iter().map(|(person, what)| (person.to_string(), what)).collect();
    assert_eq!(told, [("sam".to_owned(), vec!["Unknown agent: stranger".to_owned()])]);
    let hostile = desk.taken(&alert("c", "x\r\nBcc: everybody@example.com\u{202e}"));
    assert_eq!(hostile["agent"]["known"], json!(false));
    assert!(hostile["agent"]["id"].as_str().unwrap().starts_with("unknown-"));
    assert!(desk.told().values().flatten().all(|subject| !subject.contains(['\r', '\n', '\u{202e}'])));
    let nobody = desk.taken(&json!({ "id": "d" }));
    assert_eq!(nobody["agent"]["id"], json!("unidentified"));
    assert_eq!(nobody["notes"], json!(["no field agent: the alert names no agent"]));
    assert_eq!(hostile["notes"], serde_json::Value::Null);
    assert_eq!(desk.incidents().len(), 3);
}

#[test]
fn a_test_alert_is_kept_and_never_starts_anything() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let answer = desk.taken(&alert_with("a", "billing-bot", &json!({ "test": true })));
    assert_eq!(answer["outcome"], json!("test"));
    assert!(desk.life.runs().is_empty() && desk.incidents().is_empty());
    let id = answer["alert"].as_str().unwrap().parse().unwrap();
    assert!(desk.life.on(desk.intake.engine().store().alert_body(id)).unwrap().is_some());
    assert_eq!(
        desk.taken(&alert("a", "billing-bot"))["outcome"],
        json!("accepted"),
        "a test does not mask the real one"
    );
}

#[test]
fn a_condition_that_can_not_be_evaluated_does_not_match_and_the_playbook_s_owner_is_told() {
    let picky = OBSERVE.replace("alert.rule == 'token_anomalous_use'", "alert.labels.region == 'eu'");
    let world = World::new(&[&picky, &ASK.replace("playbook: ask", "playbook: sound")]);
    let desk = Desk::open(&world);
    let answer = desk.taken(&alert("a", "billing-bot"));
    let why = answer["playbooks"][0]["why_not"].as_str().unwrap();
    assert!(why.starts_with("could not be evaluated"), "{why}");
    assert_eq!(answer["playbooks"][1]["matched"], json!(true), "the others are not held up");
    let told = desk.told();
    let fault = "Playbook fault: observe".to_owned();
    assert!(["ana", "sam"].iter().all(|id| told[*id].contains(&fault)), "{told:#?}");
}

#[test]
fn an_unusable_item_is_kept_for_operators_while_the_others_are_taken() {
    let world = World::new(&[OBSERVE]);
    let desk = Desk::open(&world);
    let batch = json!({ "alerts": [{ "title": "no id" }, alert("b", "mail-bot")] });
    let mut answer = json!(null);
    assert_eq!(desk.commits(|| answer = desk.send(&batch).unwrap().answer), 1);
    assert_eq!(answer["alerts"].as_array().unwrap().len(), 1);
    let letters = desk.life.on(desk.intake.engine().store().dead_letters(10)).unwrap();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.starts_with("item 0"), "{}", letters[0].reason);
    assert_eq!(desk.life.runs().len(), 1);
}

#[test]
fn what_was_recorded_of_a_delivery_is_what_was_answered() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let receipt = desk.send_signed("d-9", &alert("a", "billing-bot")).unwrap();
    let source = crate::domain::SourceId::parse("signed").unwrap();
    let stored = desk.life.on(desk.intake.engine().store().delivery(&source, "d-9")).unwrap();
    assert_eq!((receipt.status, stored), (202, Some(receipt.answer)));
}
