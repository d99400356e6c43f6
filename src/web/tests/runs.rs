//! Runs and incidents through the API.

use super::*;

#[tokio::test]
async fn a_run_is_shown_with_steps_timeline_and_what_it_asked() {
    let world = World::new().await;
    let run = world.alert().await;
    let shown = world.get(&format!("/api/v1/runs/{run}")).await.json();
    assert_eq!(shown["status"], "running");
    assert_eq!(shown["consistent"], true);
    assert_eq!(shown["steps"][0]["path"], "pause");
    assert_eq!(shown["approvals"][0]["status"], "pending");
    let words = shown["timeline"].to_string();
    assert!(words.contains("run started: pause-and-ask"), "{words}");
    let incident = shown["incident"].as_str().unwrap();
    let incident = world.get(&format!("/api/v1/incidents/{incident}")).await.json();
    assert_eq!(incident["runs"][0]["id"], run.as_str());
    assert_eq!(incident["alerts"][0]["alert"]["title"], "odd");
    assert_eq!(world.get("/api/v1/incidents?open=true").await.json()["incidents"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_person_cancels_a_run_once() {
    let world = World::new().await;
    let run = world.alert().await;
    let path = format!("/api/v1/runs/{run}/cancel");
    let cancelled = world.post(&path, json!({ "reason": "a false alarm" })).await;
    assert_eq!(cancelled.json()["status"], "cancelled", "{}", cancelled.text);
    assert!(cancelled.text.contains("a false alarm"));
    assert_eq!(world.post(&path, json!({ "reason": "again" })).await.problem(), (409, "SD3002".to_owned()));
}

#[tokio::test]
async fn a_quarantined_run_is_shown_everywhere_and_only_a_person_lets_it_go_on() {
    use crate::store::{Claims as _, Commit, Guard, LateReply, Row, Writer as _};
    let world = World::new().await;
    let run = world.alert().await;
    let release = format!("/api/v1/runs/{run}/release");
    assert_eq!(world.post(&release, json!({ "reason": "why" })).await.problem(), (409, "SD3002".to_owned()));

    let (id, store) = (run.parse().unwrap(), world.state.engine.store());
    let late = LateReply {
        run: id,
        step: "pause".parse().unwrap(),
        attempt: 1,
        epoch: 1,
        replica: store.replica(),
        at: world.state.engine.clock().now(),
        kind: "attempt_checked".to_owned(),
        outcome: json!({ "attempt_checked": { "path": "pause", "applied": true, "detail": "" } }),
    };
    let quarantined = Row::RunQuarantined { run: id, reason: "it kills its owners".to_owned() };
    let rows = vec![quarantined, Row::LateReply(Box::new(late))];
    store.commit(Commit { guards: vec![Guard::Claim { run: id, epoch: 1 }], rows }).await.unwrap();

    let listed = world.get("/api/v1/runs").await.json();
    assert_eq!(listed["runs"][0]["quarantined"], "it kills its owners");
    let shown = world.get(&format!("/api/v1/runs/{run}")).await.json();
    assert_eq!(shown["quarantined"], "it kills its owners");
    assert_eq!(shown["late_replies"][0]["kind"], "attempt_checked");
    assert!(shown["timeline"].to_string().contains("the target says that it was applied"));
    let metrics = world.get("/metrics").await.text;
    assert!(
        metrics.contains("standdown_runs_quarantined 1") && metrics.contains("standdown_late_replies 1"),
        "{metrics}"
    );
    let cancel = world.post(&format!("/api/v1/runs/{run}/cancel"), json!({ "reason": "stop" })).await;
    assert_eq!(cancel.problem(), (409, "SD3011".to_owned()));

    assert_eq!(world.post(&release, json!({ "reason": " " })).await.problem(), (422, "SD3008".to_owned()));
    let released = world.post(&release, json!({ "reason": "the machine was mended" })).await;
    assert_eq!(released.status, 200, "{}", released.text);
    assert_eq!(released.json()["quarantined"], Value::Null);
    assert_eq!(store.claim(id).await.unwrap().unwrap().owner, Some(store.replica()));
}

#[tokio::test]
async fn a_step_that_needs_nobody_can_not_be_resolved() {
    let world = World::new().await;
    let run = world.alert().await;
    let order = |step: &str| json!({ "step": step, "resolution": "applied", "reason": "looked" });
    let path = format!("/api/v1/runs/{run}/resolve");
    assert_eq!(world.post(&path, order("pause")).await.problem(), (409, "SD3002".to_owned()));
    assert_eq!(world.post(&path, order("nothing")).await.problem(), (404, "SD3002".to_owned()));
}

#[tokio::test]
async fn a_run_by_hand_has_a_person_as_its_starter() {
    let world = World::new().await;
    let order = json!({ "playbook": "pause-and-ask", "agent": "billing-bot", "reason": "saw it myself" });
    let started = world.post("/api/v1/runs", order).await;
    assert_eq!(started.status, 201, "{}", started.text);
    let run = started.json()["run"].as_str().unwrap().to_owned();
    let shown = world.get(&format!("/api/v1/runs/{run}")).await.json();
    assert_eq!(shown["started_by"]["person"]["id"], "ana");
    let people = &shown["approvals"][0]["people"];
    assert_eq!(people, &json!(["ben"]), "whoever started the run has no vote");
}

#[tokio::test]
async fn a_run_by_hand_of_what_is_not_there_is_refused() {
    let world = World::new().await;
    let order = |playbook: &str, agent: &str| json!({ "playbook": playbook, "agent": agent, "reason": "r" });
    assert_eq!(world.post("/api/v1/runs", order("nothing", "billing-bot")).await.problem(), (404, "SD3005".to_owned()));
    assert_eq!(
        world.post("/api/v1/runs", order("pause-and-ask", "nobody")).await.problem(),
        (404, "SD3006".to_owned())
    );
}

#[tokio::test]
async fn a_list_has_bounds() {
    let world = World::new().await;
    assert_eq!(world.get("/api/v1/runs?limit=1").await.status, 200);
    for wrong in ["limit=0", "limit=1001", "limit=many", "incident=run_x", "nonsense=1"] {
        assert_eq!(world.get(&format!("/api/v1/runs?{wrong}")).await.problem(), (400, "SD5009".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::new().await;
    let none = "0".repeat(26);
    assert_eq!(world.get(&format!("/api/v1/runs/run_{none}")).await.problem(), (404, "SD3001".to_owned()));
    assert_eq!(world.get(&format!("/api/v1/incidents/inc_{none}")).await.problem(), (404, "SD3004".to_owned()));
    assert_eq!(world.get(&format!("/api/v1/approvals/apv_{none}")).await.problem(), (404, "SD4001".to_owned()));
    assert_eq!(world.get("/api/v1/agents/nobody").await.problem(), (404, "SD3006".to_owned()));
}

#[tokio::test]
async fn playbooks_are_read_again_and_a_broken_one_keeps_its_last_good_version() {
    let world = World::new().await;
    let file = world.state.engine.library().folder().join("pause-and-ask.yaml");
    std::fs::write(&file, PLAYBOOK.replace("action: undo", "action: undoo")).unwrap();
    let loaded = world.post("/api/v1/playbooks/reload", json!({})).await.json();
    assert_eq!(loaded["serving"], 1);
    assert_eq!(loaded["kept"], json!(["pause-and-ask"]));
    assert!(loaded["diagnostics"].to_string().contains("undoo"), "{loaded}");
    let status = world.get("/api/v1/status").await.json();
    assert_eq!(status["playbooks"]["kept"], json!(["pause-and-ask"]));
    assert_eq!(world.get("/api/v1/playbooks").await.json()["playbooks"][0]["name"], "pause-and-ask");
}

#[tokio::test]
async fn what_a_person_had_loaded_again_stands_in_the_history_under_their_name() {
    let world = World::new().await;
    let file = world.state.engine.library().folder().join("pause-and-ask.yaml");
    std::fs::write(&file, PLAYBOOK.replace("mode: enforce", "mode: observe")).unwrap();
    let loaded = world.post("/api/v1/playbooks/reload", json!({})).await.json();
    assert_eq!(loaded["change"]["no_longer_acting"], json!(["pause-and-ask"]), "{loaded:#}");
    let history = world.get("/api/v1/playbooks/history?limit=1").await.json();
    let facts = history["facts"].as_array().unwrap();
    assert_eq!((facts.len(), &facts[0]["changed"]), (1, &loaded["change"]), "{history:#}");
    assert_eq!(facts[0]["by"]["person"]["id"], "ana", "{history:#}");
    assert_eq!(facts[0]["changed"]["cause"], "request");
    assert!(facts[0]["changed"]["diff"].as_str().unwrap().contains("-mode: enforce\n+mode: observe"), "{history:#}");
    assert_eq!(world.get("/api/v1/playbooks/history?limit=0").await.status, 400);
    let unchanged = world.post("/api/v1/playbooks/reload", json!({})).await.json();
    assert_eq!(unchanged.get("change"), None, "{unchanged}");
}
