//! Agents, holds by hand and the freeze through the API.

use super::*;

#[tokio::test]
async fn a_hold_is_shown_with_who_why_and_until_when() {
    let world = World::new().await;
    let until = "2026-11-23T12:00:00Z";
    let order = json!({ "reason": "odd", "until": until });
    let view = world.post("/api/v1/agents/billing-bot/pause", order).await.json();
    assert_eq!(view["standing"], "paused");
    assert_eq!(view["holds"][0]["until"], until);
    assert_eq!(view["holds"][0]["reason"], "odd");
    assert_eq!(view["gate"]["seen_at"], Value::Null, "the gate has never seen it");
    let retired = world.post("/api/v1/agents/billing-bot/retire", json!({ "reason": "replaced" })).await.json();
    assert_eq!(retired["standing"], "retired", "the strictest hold counts");
    let list = world.get("/api/v1/agents").await.json();
    assert_eq!(list["agents"][0]["id"], "billing-bot");
    assert_eq!(list["agents"][0]["standing"], "retired");
    let resumed = world.post("/api/v1/agents/billing-bot/resume", json!({ "reason": "checked" })).await.json();
    assert_eq!((&resumed["standing"], &resumed["holds"]), (&json!("active"), &json!([])));
}

#[tokio::test]
async fn an_agent_with_slashes_in_its_id_can_be_named() {
    let world = World::new().await;
    let path = "/api/v1/agents/spiffe%3A%2F%2Fprod%2Fmail-bot";
    assert_eq!(world.get(path).await.json()["agent"]["id"], "spiffe://prod/mail-bot");
    assert_eq!(world.post(&format!("{path}/pause"), json!({ "reason": "r" })).await.status, 200);
}

#[tokio::test]
async fn a_hold_that_can_not_be_is_refused() {
    let world = World::new().await;
    let past = json!({ "reason": "r", "until": "2020-01-01T00:00:00Z" });
    assert_eq!(world.post("/api/v1/agents/billing-bot/pause", past).await.problem(), (400, "SD5009".to_owned()));
    let reason = json!({ "reason": "r" });
    assert_eq!(world.post("/api/v1/agents/nobody/pause", reason.clone()).await.problem(), (404, "SD3006".to_owned()));
    assert_eq!(world.post("/api/v1/agents/billing-bot/resume", reason).await.problem(), (409, "SD3007".to_owned()));
}

#[tokio::test]
async fn a_freeze_is_recorded_with_who_and_why_and_shown() {
    let world = World::new().await;
    let frozen = world.post("/api/v1/freeze", json!({ "reason": "wrong playbook" })).await.json();
    assert_eq!(frozen["frozen"], true);
    assert_eq!(frozen["by"]["person"]["id"], "ana");
    assert_eq!(world.get("/api/v1/status").await.json()["frozen"], true);
    let thawed = world.ben("/api/v1/thaw", json!({ "reason": "mended" })).await.json();
    assert_eq!((&thawed["frozen"], &thawed["by"]["person"]["id"]), (&json!(false), &json!("ben")));
    assert!(!world.state.engine.is_frozen());
}

#[tokio::test]
async fn who_may_not_decide_about_the_release_can_not_resume_the_agent_around_it() {
    let world = World::new().await;
    let run = world.alert().await;
    let path = "/api/v1/agents/billing-bot/resume";
    let resume = |token| request(Method::POST, path, Some(token), Some(json!({ "reason": "I need it" })));
    let refused = world.send(resume("token-of-eve")).await;
    assert_eq!(refused.problem(), (403, "SD4003".to_owned()));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(&run) && detail.contains("request apv_"), "{detail}");
    assert!(detail.contains("vote there (asked: ana, ben)"), "{detail}");
    assert_eq!(world.get("/api/v1/agents/billing-bot").await.json()["standing"], "paused");
    let resumed = world.send(resume(BEN)).await;
    assert_eq!(resumed.json()["standing"], "active", "{}", resumed.text);
    let shown = world.get(&format!("/api/v1/runs/{run}")).await.json();
    assert_eq!(shown["approvals"][0]["withdrawn"], "lifted by hand by ben: I need it");
    assert_eq!((&shown["status"], &shown["consistent"]), (&json!("completed"), &json!(true)));
    let timeline = shown["timeline"].to_string();
    assert!(timeline.contains("ben lifted the hold by hand"), "{timeline}");
}
