//! Closing incidents through the API.

use super::*;

#[tokio::test]
async fn a_person_closes_an_incident_once_its_runs_are_over_and_the_next_alert_opens_another() {
    let world = World::new().await;
    let run = world.alert().await;
    let shown = world.get(&format!("/api/v1/runs/{run}")).await.json();
    let incident = shown["incident"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/incidents/{incident}/close");
    let reason = json!({ "reason": "a false alarm" });
    let early = world.post(&path, reason.clone()).await;
    assert_eq!(early.problem(), (409, "SD3010".to_owned()), "{}", early.text);
    assert!(early.text.contains("1 of its runs"), "{}", early.text);
    world.post(&format!("/api/v1/runs/{run}/cancel"), json!({ "reason": "a false alarm" })).await;
    assert_eq!(world.post(&path, json!({ "reason": " " })).await.problem(), (422, "SD3008".to_owned()));
    let closed = world.post(&path, reason.clone()).await;
    assert_eq!(closed.json()["incident"]["status"], "closed", "{}", closed.text);
    assert_eq!(world.get("/api/v1/incidents?open=true").await.json()["incidents"], json!([]));
    let subject = crate::store::Subject::Incident(incident.parse().unwrap());
    let history = crate::store::RunLog::events(world.state.engine.store(), &subject).await.unwrap();
    let last = history.last().unwrap();
    assert_eq!((last.kind.as_str(), &last.body["reason"]), ("incident_closed", &json!("a false alarm")));
    assert_eq!(json!(last.actor)["person"]["id"], "ana");
    assert_eq!(world.post(&path, reason.clone()).await.problem(), (409, "SD3010".to_owned()));
    world.clock.advance(MINUTE);
    let repeat = json!({ "id": "b", "title": "odd", "rule": "misuse", "agent": "billing-bot" });
    let next = world.send(delivery(&repeat)).await.json();
    assert_ne!(next["alerts"][0]["incident"], json!(incident), "{next}");
    assert_eq!(world.get("/api/v1/incidents?open=true").await.json()["incidents"].as_array().unwrap().len(), 1);
    let nothing = "/api/v1/incidents/inc_00000000000000000000000000/close";
    assert_eq!(world.post(nothing, reason).await.problem(), (404, "SD3004".to_owned()));
}
